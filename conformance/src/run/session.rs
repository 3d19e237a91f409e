//! A plan and a target, ready to play any scenario of it at any time, from any thread.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::breaker::Breaker;
use super::caught::{caught, caught_in};
use super::path::{self, Lap, What};
use super::pool::{Pool, Slot};
use super::scene::{Played, ScenarioRunner, not_played};
use super::stage::{Stage, Unset};
use super::{Options, milliseconds};
use crate::event::{CriticalPath, Link, Record};
use crate::http::Connections;
use crate::plan::{Group, Plan, Trial};
use crate::redact::Redactor;
use crate::suite::Concurrency;
use crate::target::{Running, Target, Unusable};
use crate::verdict::Verdict;

/// What all scenarios of a run share.
pub struct Session {
    plan: Plan,
    pub(super) options: Options,
    /// The turns that can be had at once.
    sending: Arc<Semaphore>,
    /// The targets of each group, or why it has none.
    pools: Vec<Result<Arc<Pool>, Unset>>,
    /// The processes that can be started beyond the first of each group.
    more: Arc<Semaphore>,
    /// Two targets cannot listen on the same port at once.
    ports: HashMap<u16, Arc<Mutex<()>>>,
    /// Whether a target has ever come up.
    came_up: AtomicBool,
    /// How many starts have ended in silence, each as long as a start may take.
    silent_starts: AtomicUsize,
    /// The timeouts of all targets.
    breaker: Breaker,
    /// Whether timeouts are only counted, and neither stop the sending nor restart a target.
    patient: AtomicBool,
    /// How many requests timed out.
    timeouts: AtomicU64,
    /// What the report says about the run as a whole.
    notes: StdMutex<Vec<String>>,
    /// Whether what one scenario makes secret is forgotten when it is over.
    forgets: bool,
    began: Instant,
    laps: StdMutex<Vec<Lap>>,
}

/// Permit to send requests: a scenario holds it while it sends, not while it waits.
#[derive(Debug, Default)]
pub(super) struct Permit(
    #[expect(dead_code, reason = "held, and given back when it is dropped")] Option<OwnedSemaphorePermit>,
);

/// What a scenario needs to be played: a target slot, and a permit to send.
pub(super) struct Lease {
    slot: Option<Slot>,
    turn: Permit,
    port: Option<OwnedMutexGuard<()>>,
}

/// So many processes beyond the first of their group, and beyond the number of jobs, may be started: while one scenario waits, another
/// of its group can be played.
const MORE: usize = 4;
/// So many links of the critical path are named.
const LINKS: usize = 12;
/// After so many starts in silence, and none that came up, no other is tried.
const SILENT_STARTS: usize = 2;

impl Session {
    /// Returns a session in which nothing has been started yet.
    #[must_use]
    pub fn new(plan: Plan, target: &Target, mut options: Options) -> Self {
        options.transport.connections = plan.suite.connections;
        let exclusive = plan.suite.concurrency == Concurrency::Exclusive;
        let groups = plan.groups.iter().enumerate();
        let pools: Vec<_> = groups
            .map(|(index, group)| {
                let first = Stage::set(&plan.suite, target, group, index)?;
                let grows = exclusive && !group.isolated && first.can_be_started_twice();
                Ok(Pool::new(first, grows))
            })
            .collect();
        let fixed =
            pools.iter().filter_map(|pool: &Result<Arc<Pool>, Unset>| pool.as_ref().ok()?.first().port());
        let ports = fixed.map(|port| (port, Arc::default())).collect();
        Self {
            sending: Arc::new(Semaphore::new(options.jobs)),
            more: Arc::new(Semaphore::new(options.jobs + MORE)),
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
            began: Instant::now(),
            laps: StdMutex::default(),
        }
    }

    /// Makes each scenario keep its secrets for itself: the memory of a run that goes on and on stays the same.
    pub(super) fn forgetful(mut self) -> Self {
        // Throughput counts: connections are kept whatever the suite says.
        self.options.transport.connections = Connections::Reuse;
        Self { forgets: true, ..self }
    }

    /// What keeps the secrets of one scenario.
    pub(super) fn redactor(&self) -> Redactor {
        if self.forgets { self.options.redactor.fork() } else { self.options.redactor.clone() }
    }

    /// Returns why the scenarios of a group cannot be played again and again, where they cannot.
    pub(super) fn unrepeatable(&self, group: usize) -> Option<String> {
        match self.pools.get(group)? {
            Err(unset) => Some(unset.reason.clone()),
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

    /// Returns why the target does not offer a group, where it does not.
    #[must_use]
    pub fn skipped(&self, group: usize) -> Option<&str> {
        self.pools.get(group)?.as_ref().err().map(|unset| unset.reason.as_str())
    }

    /// Starts the first target of a group, so that it is there when it is needed.
    pub(super) async fn warm_up(&self, group: usize) {
        if let Some(Ok(pool)) = self.pools.get(group)
            && pool.first().port().is_none()
        {
            // What is wrong with it is reported by the scenario that needs it.
            caught_in(pool.first().running(self)).await.ok();
        }
    }

    /// Waits until one more scenario of a group may be played; those that wait are served in their order.
    pub(super) async fn lease(&self, group: usize) -> Lease {
        let (mut slot, mut port) = (None, None);
        if let Some(Ok(pool)) = self.pools.get(group) {
            let shared = self.forgets || self.plan.suite.concurrency == Concurrency::Shared;
            let held = pool.slot(shared, self).await;
            // A target that listens on one port whatever it is told lives for one scenario, so that another can have the port.
            if let Some(fixed) = held.stage.port().and_then(|port| self.ports.get(&port)) {
                port = Some(Arc::clone(fixed).lock_owned().await);
                tokio::select! {
                    // What is wrong with it is reported by the scenario.
                    _ = caught_in(held.stage.running(self)) => {}
                    () = self.options.interrupt.requested() => {}
                }
            }
            slot = Some(held);
        }
        Lease { slot, turn: self.turn().await, port }
    }

    /// Waits until one more scenario may send; those that wait are served in their order.
    pub(super) async fn turn(&self) -> Permit {
        // The semaphore is never closed.
        Permit(Arc::clone(&self.sending).acquire_owned().await.ok())
    }

    /// Returns a permit for one more process of a group, if fewer scenarios send than may.
    pub(super) fn permit_for_one_more(&self) -> Option<OwnedSemaphorePermit> {
        if self.sending.available_permits() == 0 || self.options.interrupt.is_requested() {
            return None;
        }
        Arc::clone(&self.more).try_acquire_owned().ok()
    }

    /// Plays one scenario of a group, and returns the records of its steps.
    pub async fn play(&self, group: usize, index: usize) -> Vec<Record> {
        let played = self.perform(group, index, self.lease(group).await).await;
        self.records(group, index, played)
    }

    /// Returns the records of the steps of a scenario that was played.
    pub(super) fn records(&self, group: usize, index: usize, played: Played) -> Vec<Record> {
        let Some(trial) = self.trial(group, index) else { return Vec::new() };
        let in_error = |message| not_played(self, trial, &Unset::new(Verdict::Error, message));
        caught(|| played.records(self, trial))
            .unwrap_or_else(|message| in_error(message).records(self, trial))
    }

    fn trial(&self, group: usize, index: usize) -> Option<&Trial> {
        self.plan.groups.get(group)?.trials.get(index)
    }

    /// Plays one scenario of a group.
    pub(super) async fn perform(&self, group: usize, index: usize, lease: Lease) -> Played {
        let Some((pool, trial)) = self.pools.get(group).zip(self.trial(group, index)) else {
            return Played::default();
        };
        let pool = match pool {
            Ok(pool) => pool,
            Err(unset) => return not_played(self, trial, unset),
        };
        let Lease { slot, turn, port } = lease;
        let stage = slot.as_ref().map_or(pool.first(), |slot| &slot.stage);
        let what = What::Scenario { group, index };
        let playing = async {
            let definitions = self.plan.suite.definitions(&trial.scenario);
            Box::pin(ScenarioRunner::new(self, trial, &definitions, turn).play(stage, what)).await
        };
        let played = caught_in(playing)
            .await
            .unwrap_or_else(|message| not_played(self, trial, &Unset::new(Verdict::Error, message)));
        if port.is_some() || trial.scenario.isolated {
            stage.stop(self).await;
        }
        played
    }

    /// Remembers what a target's first answer makes secret.
    pub(super) fn greeted(&self, running: &Running) {
        if let Some((request, response)) = &running.greeting {
            self.options.redactor.learn(request, Some(response));
        }
    }

    /// Remembers how a start has ended.
    pub(super) fn started(&self, started: &Result<Running, Unusable>) {
        match started {
            Ok(_) => self.came_up.store(true, Ordering::Relaxed),
            Err(unusable) => {
                self.silent_starts.fetch_add(usize::from(unusable.silent), Ordering::Relaxed);
            }
        }
    }

    /// Returns why no other target is started, once that is settled.
    pub(super) fn gave_up(&self) -> Option<Unusable> {
        let silent = self.silent_starts.load(Ordering::Relaxed) >= SILENT_STARTS;
        (silent && !self.came_up.load(Ordering::Relaxed)).then(|| {
            let reason =
                format!("it was not started, since {SILENT_STARTS} starts before it ended in silence");
            Unusable { own: true, ..Unusable::new(reason) }
        })
    }

    /// Whether the target has ever come up.
    pub(super) fn came_up(&self) -> bool {
        self.came_up.load(Ordering::Relaxed)
    }

    /// Counts a request that timed out, and returns whether the target is to be started again for the next scenario.
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
        let patient = self.patient.load(Ordering::Relaxed);
        self.breakers(group).filter(|_| !patient).find_map(Breaker::reason)
    }

    /// The breaker of all targets, and that of one group.
    fn breakers(&self, group: usize) -> impl Iterator<Item = &Breaker> {
        let own = self.pools.get(group).and_then(|pool| pool.as_ref().ok()).map(|pool| &pool.breaker);
        std::iter::once(&self.breaker).chain(own)
    }

    /// From now on timeouts are only counted, from 0.
    pub(super) fn be_patient(&self) {
        self.patient.store(true, Ordering::Relaxed);
        self.timeouts.store(0, Ordering::Relaxed);
    }

    /// How many requests timed out.
    pub(super) fn timeouts(&self) -> u64 {
        self.timeouts.load(Ordering::Relaxed)
    }

    /// Adds a sentence about the run as a whole to the report.
    pub(super) fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Returns what the report says about the run as a whole.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long the session has lasted.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Remembers what took time until now. A run that goes on and on remembers nothing.
    pub(super) fn lap(&self, what: What, from: Duration) {
        if !self.forgets {
            let lap = Lap { what, from, to: self.elapsed() };
            self.laps.lock().unwrap_or_else(PoisonError::into_inner).push(lap);
        }
    }

    /// Returns what made the session as long as it was.
    pub(super) fn critical_path(&self) -> Option<CriticalPath> {
        let laps = std::mem::take(&mut *self.laps.lock().unwrap_or_else(PoisonError::into_inner));
        let chain = path::critical(laps);
        let took = |lap: &Lap| lap.to.saturating_sub(lap.from);
        let whole = chain.last()?.to.saturating_sub(chain.first()?.from);
        let mut longest: Vec<usize> = (0..chain.len()).collect();
        longest.sort_by_key(|index| std::cmp::Reverse(took(&chain[*index])));
        longest.truncate(LINKS);
        longest.sort_unstable();
        let links: Vec<Link> =
            longest.iter().map(|index| &chain[*index]).map(|lap| self.link(lap.what, took(lap))).collect();
        Some(CriticalPath { milliseconds: milliseconds(whole), others: chain.len() - links.len(), links })
    }

    fn link(&self, what: What, took: Duration) -> Link {
        let (start, name) = match what {
            What::Scenario { group, index } => {
                (false, self.trial(group, index).map(Trial::id).unwrap_or_default())
            }
            What::Start { group } => {
                let Group { profile, isolated, trials, .. } = &self.plan.groups[group];
                let own = trials.first().filter(|_| *isolated).map(|trial| format!(" for {}", trial.id()));
                (true, format!("{profile}{}", own.unwrap_or_default()))
            }
        };
        Link { start, name, milliseconds: milliseconds(took) }
    }

    /// Ends the targets of a group.
    pub(super) async fn stop(&self, group: usize) {
        if let Some(Ok(pool)) = self.pools.get(group) {
            let mut stopping = JoinSet::new();
            for stage in pool.all() {
                if let Some(running) = stage.take(self).await {
                    stopping.spawn(running.stop());
                }
            }
            while stopping.join_next().await.is_some() {}
            pool.forget_permits();
        }
    }

    /// Ends every target.
    pub async fn close(&self) {
        for group in 0..self.pools.len() {
            self.stop(group).await;
        }
    }
}
