//! The target slots of a group. Each slot has its own process and runs one scenario at a time.
//!
//! Concurrent scenarios could change each other's verdicts, so they share a process only if the suite allows it. If
//! all processes of a group are busy and fewer scenarios are sending than `--jobs` allows, another process is started.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::breaker::Breaker;
use super::permits::{Permit, Permits};
use super::slot::TargetSlot;

/// The target slots of a group.
pub(super) struct TargetGroup {
    first: Arc<TargetSlot>,
    /// Whether a single scenario has the target for itself.
    pub(super) is_isolated: bool,
    /// Circuit breaker over the targets of the group.
    pub(super) breaker: Breaker,
    slots: Mutex<Slots>,
    freed: Notify,
}

struct Slots {
    all: Vec<Arc<TargetSlot>>,
    free: Vec<Arc<TargetSlot>>,
    /// Whether more processes may be started.
    grows: bool,
    /// Permits of the processes beyond the first.
    permits: Vec<Permit>,
}

/// A target slot in use by one scenario, or shared by several.
pub(super) struct SlotGuard {
    slot: Arc<TargetSlot>,
    /// Group to which the slot is returned; none if the slot is shared.
    group: Option<Arc<TargetGroup>>,
}

/// Minimum wait of a scenario before another process is started for it. It also waits at least as long as the first
/// start took.
const PATIENCE: Duration = Duration::from_millis(50);

impl TargetGroup {
    pub(super) fn new(first: TargetSlot, grows: bool, is_isolated: bool) -> Arc<Self> {
        let first = Arc::new(first);
        let (all, free) = (vec![Arc::clone(&first)], vec![Arc::clone(&first)]);
        Arc::new(Self {
            first,
            is_isolated,
            breaker: Breaker::default(),
            slots: Mutex::new(Slots { all, free, grows, permits: Vec::new() }),
            freed: Notify::new(),
        })
    }

    /// The first slot, which every group has.
    pub(super) fn first(&self) -> &Arc<TargetSlot> {
        &self.first
    }

    /// All slots.
    pub(super) fn all(&self) -> Vec<Arc<TargetSlot>> {
        self.slots().all.clone()
    }

    /// Releases the permits of the processes beyond the first. Call it after they have exited.
    pub(super) fn release_permits(&self) {
        self.slots().permits.clear();
    }

    /// Waits for a free slot. If `shared`, returns the first slot immediately.
    pub(super) async fn slot(self: &Arc<Self>, shared: bool, permits: &Permits) -> SlotGuard {
        if shared {
            return SlotGuard { slot: Arc::clone(&self.first), group: None };
        }
        let since = Instant::now();
        loop {
            if let Some(slot) = self.take() {
                return SlotGuard { slot, group: Some(Arc::clone(self)) };
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
            match permits.one_more_process() {
                Some(permit) => {
                    if let Some(guard) = self.grow(permit).await {
                        return guard;
                    }
                }
                None => drop(tokio::time::timeout(patience, self.freed.notified()).await),
            }
        }
    }

    /// Starts another process. None if the start fails: the group continues with the existing processes.
    async fn grow(self: &Arc<Self>, permit: Permit) -> Option<SlotGuard> {
        let slot = Arc::new(self.first.another());
        {
            let mut slots = self.slots();
            slots.all.push(Arc::clone(&slot));
            slots.permits.push(permit);
        }
        // From here on, dropping the guard returns the slot to the group.
        let mut guard = SlotGuard { slot, group: Some(Arc::clone(self)) };
        if guard.slot.running().await.is_ok() {
            return Some(guard);
        }
        guard.group = None;
        let mut slots = self.slots();
        slots.grows = false;
        slots.all.retain(|other| !Arc::ptr_eq(other, &guard.slot));
        None
    }

    fn take(&self) -> Option<Arc<TargetSlot>> {
        self.slots().free.pop()
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for SlotGuard {
    type Target = TargetSlot;

    fn deref(&self) -> &TargetSlot {
        &self.slot
    }
}

impl Drop for SlotGuard {
    fn drop(&mut self) {
        if let Some(group) = self.group.take() {
            group.slots().free.push(Arc::clone(&self.slot));
            group.freed.notify_one();
        }
    }
}
