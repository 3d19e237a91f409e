//! The target slots of a group: each has a process of its own, and plays one scenario at a time.
//!
//! A scenario that meets others in one process could get another verdict than alone, so scenarios share a process at the same time
//! only where the suite allows it. Where all processes of a group are busy and fewer scenarios send than `--jobs` allows, one more is
//! started.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::breaker::Breaker;
use super::session::Session;
use super::stage::Stage;

/// The target slots of a group.
pub(super) struct Pool {
    first: Arc<Stage>,
    pub(super) breaker: Breaker,
    slots: Mutex<Slots>,
    freed: Notify,
}

struct Slots {
    all: Vec<Arc<Stage>>,
    free: Vec<Arc<Stage>>,
    /// Whether another process may be started.
    grows: bool,
    /// Permits for the processes beyond the first.
    permits: Vec<OwnedSemaphorePermit>,
}

/// A target slot that one scenario holds, or that it shares with others.
pub(super) struct Slot {
    pub(super) stage: Arc<Stage>,
    /// Where it is given back to; none if it is shared.
    pool: Option<Arc<Pool>>,
}

/// A scenario waits at least so long for a process before another one is started, and as long as the first took to start.
const PATIENCE: Duration = Duration::from_millis(50);

impl Pool {
    pub(super) fn new(first: Stage, grows: bool) -> Arc<Self> {
        let first = Arc::new(first);
        let (all, free) = (vec![Arc::clone(&first)], vec![Arc::clone(&first)]);
        Arc::new(Self {
            first,
            breaker: Breaker::default(),
            slots: Mutex::new(Slots { all, free, grows, permits: Vec::new() }),
            freed: Notify::new(),
        })
    }

    /// The slot that every group has.
    pub(super) fn first(&self) -> &Arc<Stage> {
        &self.first
    }

    /// All slots.
    pub(super) fn all(&self) -> Vec<Arc<Stage>> {
        self.slots().all.clone()
    }

    /// Gives back the permits of the processes beyond the first, which have ended.
    pub(super) fn forget_permits(&self) {
        self.slots().permits.clear();
    }

    /// Waits for a slot. One that is `shared` has no end of scenarios.
    pub(super) async fn slot(self: &Arc<Self>, shared: bool, session: &Session) -> Slot {
        if shared {
            return Slot { stage: Arc::clone(&self.first), pool: None };
        }
        let since = Instant::now();
        loop {
            if let Some(stage) = self.take() {
                return Slot { stage, pool: Some(Arc::clone(self)) };
            }
            let Some(start) = self.first.start_took().filter(|_| self.slots().grows) else {
                self.freed.notified().await;
                continue;
            };
            let patience = start.max(PATIENCE);
            let left = patience.saturating_sub(since.elapsed());
            if tokio::time::timeout(left, self.freed.notified()).await.is_ok() {
                continue;
            }
            match session.permit_for_one_more() {
                Some(permit) => {
                    if let Some(slot) = self.grow(permit, session).await {
                        return slot;
                    }
                }
                None => drop(tokio::time::timeout(patience, self.freed.notified()).await),
            }
        }
    }

    /// Starts one more process. None if it does not start: the group goes on with those that it has.
    async fn grow(self: &Arc<Self>, permit: OwnedSemaphorePermit, session: &Session) -> Option<Slot> {
        let stage = Arc::new(self.first.another());
        {
            let mut slots = self.slots();
            slots.all.push(Arc::clone(&stage));
            slots.permits.push(permit);
        }
        // From here on the slot is given back whatever happens.
        let mut slot = Slot { stage, pool: Some(Arc::clone(self)) };
        if slot.stage.running(session).await.is_ok() {
            return Some(slot);
        }
        slot.pool = None;
        let mut slots = self.slots();
        slots.grows = false;
        slots.all.retain(|other| !Arc::ptr_eq(other, &slot.stage));
        None
    }

    fn take(&self) -> Option<Arc<Stage>> {
        self.slots().free.pop()
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            pool.slots().free.push(Arc::clone(&self.stage));
            pool.freed.notify_one();
        }
    }
}
