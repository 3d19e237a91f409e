//! A plan and a target, ready to play any scenario of it at any time, from any thread.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use super::path::{self, Lap, What};
use super::scene::{Played, Scene, unplayed};
use super::stage::{Stage, Unset};
use super::{Options, milliseconds};
use crate::event::{CriticalPath, Link, Record};
use crate::exchange::Connections;
use crate::plan::{Group, Plan, Trial};
use crate::redact::Redactor;
use crate::target::{Running, Target, Unusable};

/// What all scenarios of a run share.
pub struct Session {
    plan: Plan,
    pub(super) options: Options,
    /// The turns that can be had at once.
    sending: Arc<Semaphore>,
    /// The target of each group, or why it has none.
    stages: Vec<Result<Stage, Unset>>,
    /// Two targets cannot listen on the same port at once.
    ports: HashMap<u16, Mutex<()>>,
    /// Whether a target has ever come up.
    came_up: AtomicBool,
    /// How many starts have ended in silence, each as long as a start may take.
    silent_starts: AtomicUsize,
    /// How many exchanges have ended in silence.
    silences: AtomicUsize,
    /// Whether what one scenario makes secret is forgotten when it is over.
    forgets: bool,
    began: Instant,
    laps: StdMutex<Vec<Lap>>,
}

/// The leave to send: a scenario holds it while it sends, not while it waits.
#[derive(Debug, Default)]
pub struct Turn(
    #[expect(dead_code, reason = "held, and given back when it is dropped")] Option<OwnedSemaphorePermit>,
);

/// So many links of the critical path are named.
const LINKS: usize = 12;
/// After so many starts in silence, and none that came up, no other is tried.
const SILENT_STARTS: usize = 2;
/// After so many exchanges in silence nothing more is sent: each costs as long as an answer may take.
const SILENCES: usize = 8;

impl Session {
    /// Returns a session in which nothing has been started yet.
    #[must_use]
    pub fn new(plan: Plan, target: &Target, mut options: Options) -> Self {
        options.transport.connections = plan.suite.connections;
        let groups = plan.groups.iter().enumerate();
        let stages: Vec<_> =
            groups.map(|(index, group)| Stage::set(&plan.suite, target, group, index)).collect();
        let ports =
            stages.iter().filter_map(|stage| stage.as_ref().ok()?.port()).map(|port| (port, Mutex::new(())));
        let ports = ports.collect();
        Self {
            sending: Arc::new(Semaphore::new(options.jobs)),
            plan,
            options,
            stages,
            ports,
            came_up: AtomicBool::new(false),
            silent_starts: AtomicUsize::new(0),
            silences: AtomicUsize::new(0),
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
        match &self.stages[group] {
            Err(unset) => Some(unset.reason.clone()),
            Ok(stage) if stage.port().is_some() => {
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
        self.stages.get(group)?.as_ref().err().map(|unset| unset.reason.as_str())
    }

    /// Starts the target of a group, so that it is there when it is needed.
    pub(super) async fn warm_up(&self, group: usize) {
        if let Ok(stage) = &self.stages[group]
            && stage.port().is_none()
        {
            // What is wrong with it is told by the scenario that needs it.
            stage.running(self).await.ok();
        }
    }

    /// Waits until one more scenario may send; those that wait are served in their order.
    pub async fn turn(&self) -> Turn {
        // The semaphore is never closed.
        Turn(Arc::clone(&self.sending).acquire_owned().await.ok())
    }

    /// Plays one scenario of a group, whose turn it is, and returns the records of its steps.
    pub async fn play(&self, group: usize, index: usize, turn: Turn) -> Vec<Record> {
        let played = self.perform(group, index, turn).await;
        self.records(group, index, played)
    }

    /// Returns the records of the steps of a scenario that was played.
    pub(super) fn records(&self, group: usize, index: usize, played: Played) -> Vec<Record> {
        match self.trial(group, index) {
            Some(trial) => played.records(self, trial),
            None => Vec::new(),
        }
    }

    fn trial(&self, group: usize, index: usize) -> Option<&Trial> {
        self.plan.groups.get(group)?.trials.get(index)
    }

    /// Plays one scenario of a group, whose turn it is.
    pub(super) async fn perform(&self, group: usize, index: usize, mut turn: Turn) -> Played {
        let Some((stage, trial)) = self.stages.get(group).zip(self.trial(group, index)) else {
            return Played::default();
        };
        let stage = match stage {
            Ok(stage) => stage,
            Err(unset) => return unplayed(self, trial, unset),
        };
        // A target that listens on one port whatever it is told lives for one scenario, so that another can have the port.
        let port = match stage.port().and_then(|port| self.ports.get(&port)) {
            Some(port) => {
                // The scenario that has the port may need the turn to come to its end.
                drop(turn);
                let port = port.lock().await;
                tokio::select! {
                    // What is wrong with it is told by the scenario.
                    _ = stage.running(self) => {}
                    () = self.options.interrupt.wished() => {}
                }
                turn = self.turn().await;
                Some(port)
            }
            None => None,
        };
        let what = What::Scenario { group, index };
        let deeds = self.plan.suite.deeds(&trial.scenario);
        let played = Scene::new(self, trial, &deeds, turn).play(stage, what).await;
        if port.is_some() || self.plan.groups[group].isolated {
            stage.strike().await;
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

    /// Counts an exchange that ended in silence.
    pub(super) fn fell_silent(&self) {
        self.silences.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns why nothing more is sent, once that is settled.
    pub(super) fn hushed(&self) -> Option<String> {
        (self.silences.load(Ordering::Relaxed) >= SILENCES)
            .then(|| format!("nothing more was sent after {SILENCES} requests without an answer"))
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

    /// Ends the target of a group.
    pub(super) async fn strike(&self, group: usize) {
        if let Ok(stage) = &self.stages[group] {
            stage.strike().await;
        }
    }

    /// Ends every target.
    pub async fn close(&self) {
        for group in 0..self.stages.len() {
            self.strike(group).await;
        }
    }
}
