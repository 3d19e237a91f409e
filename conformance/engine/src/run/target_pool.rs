//! Starts, warms up, restarts and stops the targets of a run. Knows nothing of scenarios and steps.
//!
//! Each group of the plan has target slots of its own. A [`Lease`] is the right to use one of them and to send requests.

mod breaker;
mod group;
mod permits;
mod slot;
mod starts;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinSet;

use super::caught::caught_in;
use super::context::Context;
use crate::target::{Running, Target};
use crate::verdict::Verdict;
use breaker::Breaker;
use conformance_suite::suite::Concurrency;
use group::{SlotGuard, TargetGroup};
use permits::{Permit, Permits};
pub(super) use slot::CannotRun;
use slot::TargetSlot;
use starts::Starts;

/// The targets of a run.
pub struct TargetPool {
    context: Arc<Context>,
    /// The target slots of each group, or why it has none.
    groups: Vec<Result<Arc<TargetGroup>, CannotRun>>,
    starts: Arc<Starts>,
    permits: Permits,
    /// Locks for fixed ports: two targets cannot listen on the same port.
    ports: HashMap<u16, Arc<Mutex<()>>>,
    /// Circuit breaker over all targets.
    breaker: Breaker,
    /// Whether timeouts are only counted: they neither stop the run nor restart a target.
    ignores_timeouts: AtomicBool,
    /// Number of requests that timed out.
    timeouts: AtomicU64,
}

/// The right to use a target slot and to send requests to its target.
pub(super) struct Lease {
    pool: Arc<TargetPool>,
    group: Arc<TargetGroup>,
    slot: SlotGuard,
    /// None while the holder waits and another one may send.
    permit: Option<Permit>,
    /// Lock of the fixed port of the target.
    port: Option<OwnedMutexGuard<()>>,
}

impl TargetPool {
    /// Creates the slots of all groups of the plan. Starts nothing.
    #[must_use]
    pub fn new(context: &Arc<Context>, target: &Target) -> Arc<Self> {
        let starts = Arc::new(Starts::new(Arc::clone(context)));
        let exclusive = context.plan.suite.concurrency == Concurrency::Exclusive;
        let groups: Vec<_> = (context.plan.groups.iter())
            .map(|group| {
                let first = TargetSlot::new(&starts, target, group)?;
                let grows = exclusive && !group.isolated && first.can_be_started_twice();
                Ok(TargetGroup::new(first, grows, group.isolated))
            })
            .collect();
        let fixed = groups.iter().flatten().filter_map(|group: &Arc<TargetGroup>| group.first().port());
        let ports = fixed.map(|port| (port, Arc::default())).collect();
        Arc::new(Self {
            groups,
            starts,
            permits: Permits::new(context),
            ports,
            breaker: Breaker::default(),
            ignores_timeouts: AtomicBool::new(false),
            timeouts: AtomicU64::new(0),
            context: Arc::clone(context),
        })
    }

    /// Returns why a group has no target, if so.
    #[must_use]
    pub fn skipped(&self, group: usize) -> Option<&str> {
        self.groups.get(group)?.as_ref().err().map(|cannot_run| cannot_run.reason.as_str())
    }

    /// Whether the target of a group listens on one port, so that it is started for each lease.
    pub(super) fn has_fixed_port(&self, group: usize) -> bool {
        matches!(self.groups.get(group), Some(Ok(group)) if group.first().port().is_some())
    }

    /// Starts the first target of a group in advance.
    pub(super) async fn warm_up(&self, group: usize) {
        if let Some(Ok(group)) = self.groups.get(group)
            && group.first().port().is_none()
        {
            // The holder of the lease gets the error.
            caught_in(group.first().running()).await.ok();
        }
    }

    /// Waits for a target slot of a group and a permit to send. First come, first served.
    ///
    /// # Errors
    /// The group has no target.
    pub(super) async fn lease(self: &Arc<Self>, group: usize) -> Result<Lease, CannotRun> {
        let unknown = || Err(CannotRun::new(Verdict::Error, "the plan has no such group".to_owned()));
        let group = self.groups.get(group).cloned().unwrap_or_else(unknown)?;
        let slot = group.slot(self.context.shares_targets(), &self.permits).await;
        // A target with a fixed port runs for one lease only, so that another target can have the port.
        let mut port = None;
        if let Some(fixed) = slot.port().and_then(|port| self.ports.get(&port)) {
            port = Some(Arc::clone(fixed).lock_owned().await);
            tokio::select! {
                // The holder of the lease gets the error.
                _ = caught_in(slot.running()) => {}
                () = self.context.options.interrupt.requested() => {}
            }
        }
        let permit = Some(self.permits.permit().await);
        Ok(Lease { pool: Arc::clone(self), group, slot, permit, port })
    }

    /// Whether any target has started successfully.
    pub(super) fn came_up(&self) -> bool {
        self.starts.came_up()
    }

    /// Returns the notes about the whole run.
    pub(super) fn notes(&self) -> Vec<String> {
        self.starts.notes()
    }

    /// From now on only counts timeouts, starting at 0.
    pub(super) fn ignore_timeouts(&self) {
        self.ignores_timeouts.store(true, Ordering::Relaxed);
        self.timeouts.store(0, Ordering::Relaxed);
    }

    /// Number of requests that timed out.
    pub(super) fn timeouts(&self) -> u64 {
        self.timeouts.load(Ordering::Relaxed)
    }

    /// Stops the targets of a group.
    pub(super) async fn stop(&self, group: usize) {
        if let Some(Ok(group)) = self.groups.get(group) {
            let mut stopping = JoinSet::new();
            for slot in group.all() {
                if let Some(running) = slot.take().await {
                    stopping.spawn(running.stop());
                }
            }
            while stopping.join_next().await.is_some() {}
            group.release_permits();
        }
    }

    /// Stops all targets.
    pub async fn close(&self) {
        for group in 0..self.groups.len() {
            self.stop(group).await;
        }
    }
}

impl Lease {
    /// Returns the running target. Starts it if necessary, and restarts it if it has exited, timed out, or lost its
    /// port.
    pub(super) async fn target(&self) -> Result<Arc<Running>, CannotRun> {
        self.slot.running().await
    }

    /// Stops the target and starts it again in the same folder, with the data that it wrote. Fails if another lease
    /// uses it.
    pub(super) async fn restart(&self) -> Result<Arc<Running>, CannotRun> {
        self.slot.restart().await
    }

    /// Marks the target to be restarted for the next use, for example since it may hang.
    pub(super) fn must_restart(&self, because: String) {
        self.slot.must_restart(because);
    }

    /// Returns the note that the target was restarted, if it was.
    pub(super) fn restarted(&self) -> Option<String> {
        self.slot.restarted()
    }

    /// Whether this program starts the target.
    pub(super) fn is_started_here(&self) -> bool {
        self.slot.is_started_here()
    }

    /// Whether the profile or the target file lists a feature.
    pub(super) fn offers(&self, feature: &str) -> bool {
        self.slot.offers(feature)
    }

    /// Releases the permit to send, so that another lease can send meanwhile.
    pub(super) fn pause(&mut self) {
        self.permit = None;
    }

    /// Waits for a permit to send. First come, first served.
    pub(super) async fn resume(&mut self) {
        self.permit = Some(self.pool.permits.permit().await);
    }

    /// Counts a request that timed out. Returns whether the target must be restarted for the next use.
    pub(super) fn timed_out(&self) -> bool {
        self.pool.timeouts.fetch_add(1, Ordering::Relaxed);
        self.breakers().into_iter().for_each(Breaker::timed_out);
        !self.pool.ignores_timeouts.load(Ordering::Relaxed)
    }

    /// Counts a response.
    pub(super) fn responded(&self) {
        self.breakers().into_iter().for_each(Breaker::responded);
    }

    /// Returns why nothing more is sent to the target, if so.
    pub(super) fn halted(&self) -> Option<String> {
        if let Some(reason) = self.pool.context.ended() {
            return Some(reason);
        }
        let ignores_timeouts = self.pool.ignores_timeouts.load(Ordering::Relaxed);
        self.breakers().into_iter().filter(|_| !ignores_timeouts).find_map(Breaker::reason)
    }

    /// The breaker of all targets and that of the group.
    fn breakers(&self) -> [&Breaker; 2] {
        [&self.pool.breaker, &self.group.breaker]
    }

    /// Returns the slot and the permit. Stops the target if it must not run on for the next lease.
    pub(super) async fn end(mut self) {
        self.pause();
        if self.port.is_some() || self.group.is_isolated {
            self.slot.stop().await;
        }
    }
}
