//! Shared state of a run: the plan, the targets and the limits. Any thread can run any scenario with it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::breaker::Breaker;
use super::caught::{caught, caught_in};
use super::pool::{Pool, SlotGuard};
use super::scenario_runner::{Played, not_played, play};
use super::target_slot::{CannotRun, TargetSlot};
use super::{Deadline, Options};
use crate::event::Record;
use crate::redact::Redactor;
use crate::target::{Running, Target, Unusable};
use crate::verdict::Verdict;
use conformance_suite::plan::{Plan, Trial};
use conformance_suite::suite::Concurrency;
use conformance_suite::suite::Connections;

/// State that all scenarios of a run share.
pub struct Session {
    plan: Plan,
    pub(super) options: Options,
    /// Limits how many scenarios send at the same time.
    sending: Arc<Semaphore>,
    /// The target slots of each group, or why it has none.
    pools: Vec<Result<Arc<Pool>, CannotRun>>,
    /// Limits the processes beyond the first of each group.
    extra: Arc<Semaphore>,
    /// Locks for fixed ports: two targets cannot listen on the same port.
    ports: HashMap<u16, Arc<Mutex<()>>>,
    /// Whether a target has started successfully.
    came_up: AtomicBool,
    /// Number of starts that timed out without any output.
    silent_starts: AtomicUsize,
    /// Circuit breaker over all targets.
    breaker: Breaker,
    /// Whether timeouts are only counted: they neither stop the run nor restart a target.
    patient: AtomicBool,
    /// Number of requests that timed out.
    timeouts: AtomicU64,
    /// Notes about the whole run for the report.
    notes: StdMutex<Vec<String>>,
    /// Whether the secrets of a scenario are forgotten when it is over.
    forgets: bool,
}

/// Permit to send requests: a scenario holds it while it sends, not while it waits.
#[derive(Debug, Default)]
pub(super) struct Permit(
    #[expect(dead_code, reason = "held, and given back when it is dropped")] Option<OwnedSemaphorePermit>,
);

/// Permit to run a scenario: a target slot and a permit to send.
pub(super) struct Lease {
    slot: Option<SlotGuard>,
    permit: Permit,
    port: Option<OwnedMutexGuard<()>>,
}

/// Number of processes that may be started in addition to `jobs` and to the first of each group. While one scenario
/// waits, another of its group can run.
const EXTRA_PROCESSES: usize = 4;
/// Number of silent start timeouts after which no other start is tried, if no target has ever started.
const MAX_SILENT_STARTS: usize = 2;

impl Session {
    /// Creates a session. Starts nothing.
    #[must_use]
    pub fn new(plan: Plan, target: &Target, mut options: Options) -> Self {
        options.transport.connections = plan.suite.connections;
        let exclusive = plan.suite.concurrency == Concurrency::Exclusive;
        let groups = plan.groups.iter().enumerate();
        let pools: Vec<_> = groups
            .map(|(index, group)| {
                let first = TargetSlot::set(&plan.suite, target, group, index)?;
                let grows = exclusive && !group.isolated && first.can_be_started_twice();
                Ok(Pool::new(first, grows))
            })
            .collect();
        let fixed =
            pools.iter().filter_map(|pool: &Result<Arc<Pool>, CannotRun>| pool.as_ref().ok()?.first().port());
        let ports = fixed.map(|port| (port, Arc::default())).collect();
        Self {
            sending: Arc::new(Semaphore::new(options.jobs)),
            extra: Arc::new(Semaphore::new(options.jobs + EXTRA_PROCESSES)),
            plan,
            options,
            pools,
            ports,
            came_up: AtomicBool::new(false),
            silent_starts: AtomicUsize::new(0),
            breaker: Breaker::default(),
            patient: AtomicBool::new(false),
            timeouts: AtomicU64::new(0),
            notes: StdMutex::default(),
            forgets: false,
        }
    }

    /// Lets each scenario keep its own secrets, so that the memory use of a load test does not grow.
    pub(super) fn forgetful(mut self) -> Self {
        // A load test measures throughput, so it reuses connections whatever the suite says.
        self.options.transport.connections = Connections::Reuse;
        Self { forgets: true, ..self }
    }

    /// Returns the redactor of one scenario.
    pub(super) fn redactor(&self) -> Redactor {
        if self.forgets { self.options.redactor.fork() } else { self.options.redactor.clone() }
    }

    /// Returns why the scenarios of a group cannot be repeated, if so.
    pub(super) fn unrepeatable(&self, group: usize) -> Option<String> {
        match self.pools.get(group)? {
            Err(cannot_run) => Some(cannot_run.reason.clone()),
            Ok(pool) if pool.first().port().is_some() => {
                Some("its target listens on one port and is started for each scenario".to_owned())
            }
            Ok(_) => None,
        }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns why a group is skipped, if so.
    #[must_use]
    pub fn skipped(&self, group: usize) -> Option<&str> {
        self.pools.get(group)?.as_ref().err().map(|cannot_run| cannot_run.reason.as_str())
    }

    /// Starts the first target of a group in advance.
    pub(super) async fn warm_up(&self, group: usize) {
        if let Some(Ok(pool)) = self.pools.get(group)
            && pool.first().port().is_none()
        {
            // The scenario that needs the target reports the error.
            caught_in(pool.first().running(self)).await.ok();
        }
    }

    /// Waits for a permit to run a scenario of a group. First come, first served.
    pub(super) async fn lease(&self, group: usize) -> Lease {
        let (mut slot, mut port) = (None, None);
        if let Some(Ok(pool)) = self.pools.get(group) {
            let shared = self.forgets || self.plan.suite.concurrency == Concurrency::Shared;
            let held = pool.slot(shared, self).await;
            // A target with a fixed port runs for one scenario only, so that another target can have the port.
            if let Some(fixed) = held.slot.port().and_then(|port| self.ports.get(&port)) {
                port = Some(Arc::clone(fixed).lock_owned().await);
                tokio::select! {
                    // The scenario reports the error.
                    _ = caught_in(held.slot.running(self)) => {}
                    () = self.options.interrupt.requested() => {}
                }
            }
            slot = Some(held);
        }
        Lease { slot, permit: self.permit().await, port }
    }

    /// Waits for a permit to send. First come, first served.
    pub(super) async fn permit(&self) -> Permit {
        // This semaphore is never closed.
        Permit(Arc::clone(&self.sending).acquire_owned().await.ok())
    }

    /// Returns a permit for another process of a group, if fewer scenarios are sending than allowed.
    pub(super) fn permit_for_one_more(&self) -> Option<OwnedSemaphorePermit> {
        if self.sending.available_permits() == 0 || self.options.interrupt.is_requested() {
            return None;
        }
        Arc::clone(&self.extra).try_acquire_owned().ok()
    }

    /// Runs one scenario of a group and returns the records of its steps.
    pub async fn play(&self, group: usize, index: usize) -> Vec<Record> {
        let played = self.perform(group, index, self.lease(group).await).await;
        self.records(group, index, played)
    }

    /// Builds the records of a finished scenario.
    pub(super) fn records(&self, group: usize, index: usize, played: Played) -> Vec<Record> {
        let Some(trial) = self.trial(group, index) else { return Vec::new() };
        let in_error = |message| not_played(self, trial, &CannotRun::new(Verdict::Error, message));
        caught(|| played.records(self, trial))
            .unwrap_or_else(|message| in_error(message).records(self, trial))
    }

    fn trial(&self, group: usize, index: usize) -> Option<&Trial> {
        self.plan.groups.get(group)?.trials.get(index)
    }

    /// Runs one scenario of a group.
    pub(super) async fn perform(&self, group: usize, index: usize, lease: Lease) -> Played {
        let Some((pool, trial)) = self.pools.get(group).zip(self.trial(group, index)) else {
            return Played::default();
        };
        let pool = match pool {
            Ok(pool) => pool,
            Err(cannot_run) => return not_played(self, trial, cannot_run),
        };
        let Lease { slot: guard, permit, port } = lease;
        let slot = guard.as_ref().map_or(pool.first(), |guard| &guard.slot);
        let playing = async {
            let definitions = &trial.scenario.definitions;
            Box::pin(play(self, trial, definitions, permit, slot, group)).await
        };
        let played = caught_in(playing)
            .await
            .unwrap_or_else(|message| not_played(self, trial, &CannotRun::new(Verdict::Error, message)));
        if port.is_some() || trial.scenario.isolated {
            slot.stop(self).await;
        }
        played
    }

    /// Adds the secrets in a target's first response to the redactor.
    pub(super) fn greeted(&self, running: &Running) {
        if let Some((request, response)) = &running.greeting {
            self.options.redactor.learn(request, Some(response));
        }
    }

    /// Counts the result of a target start.
    pub(super) fn started(&self, started: &Result<Running, Unusable>) {
        match started {
            Ok(_) => self.came_up.store(true, Ordering::Relaxed),
            Err(unusable) => {
                self.silent_starts.fetch_add(usize::from(unusable.silent), Ordering::Relaxed);
            }
        }
    }

    /// Returns the error for all further starts, if too many timed out without output.
    pub(super) fn gave_up(&self) -> Option<Unusable> {
        let silent = self.silent_starts.load(Ordering::Relaxed) >= MAX_SILENT_STARTS;
        (silent && !self.came_up.load(Ordering::Relaxed)).then(|| {
            let reason = format!(
                "not started, because {MAX_SILENT_STARTS} earlier starts timed out without a response"
            );
            Unusable { own: true, ..Unusable::new(reason) }
        })
    }

    /// Whether any target has started successfully.
    pub(super) fn came_up(&self) -> bool {
        self.came_up.load(Ordering::Relaxed)
    }

    /// Counts a request that timed out. Returns whether the target must be restarted for the next scenario.
    pub(super) fn timed_out(&self, group: usize) -> bool {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
        self.breakers(group).for_each(Breaker::timed_out);
        !self.patient.load(Ordering::Relaxed)
    }

    /// Counts a response.
    pub(super) fn responded(&self, group: usize) {
        self.breakers(group).for_each(Breaker::responded);
    }

    /// Returns why nothing more is sent to the target of a group, if so.
    pub(super) fn halted(&self, group: usize) -> Option<String> {
        if let Some(reason) = self.options.deadline.as_ref().and_then(Deadline::passed) {
            return Some(reason);
        }
        let patient = self.patient.load(Ordering::Relaxed);
        self.breakers(group).filter(|_| !patient).find_map(Breaker::reason)
    }

    /// The breaker of all targets and that of the group.
    fn breakers(&self, group: usize) -> impl Iterator<Item = &Breaker> {
        let own = self.pools.get(group).and_then(|pool| pool.as_ref().ok()).map(|pool| &pool.breaker);
        std::iter::once(&self.breaker).chain(own)
    }

    /// From now on only counts timeouts, starting at 0.
    pub(super) fn be_patient(&self) {
        self.patient.store(true, Ordering::Relaxed);
        self.timeouts.store(0, Ordering::Relaxed);
    }

    /// Number of requests that timed out.
    pub(super) fn timeouts(&self) -> u64 {
        self.timeouts.load(Ordering::Relaxed)
    }

    /// Adds a note about the whole run to the report.
    pub(super) fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Returns the notes about the whole run.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops the targets of a group.
    pub(super) async fn stop(&self, group: usize) {
        if let Some(Ok(pool)) = self.pools.get(group) {
            let mut stopping = JoinSet::new();
            for slot in pool.all() {
                if let Some(running) = slot.take(self).await {
                    stopping.spawn(running.stop());
                }
            }
            while stopping.join_next().await.is_some() {}
            pool.forget_permits();
        }
    }

    /// Stops all targets.
    pub async fn close(&self) {
        for group in 0..self.pools.len() {
            self.stop(group).await;
        }
    }
}
