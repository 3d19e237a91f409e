//! Where a group of scenarios plays: its target, reached or started when it is needed, and started again when it has ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::path::What;
use super::session::Session;
use crate::plan::Group;
use crate::suite::{Profile, Suite};
use crate::target::{Program, Running, Target, Unusable, launch, reach, relaunch};
use crate::verdict::Verdict;

/// The target of a group.
pub(super) struct Stage {
    group: usize,
    profile: Profile,
    source: Source,
    fixtures: Vec<String>,
    state: Mutex<State>,
    /// Why the target is to be started again for the next scenario, if so.
    stale: StdMutex<Option<String>>,
    /// That the target was started again, for the reports of the scenarios that come after.
    restarted: StdMutex<Option<String>>,
    /// How long the last start took, in microseconds; 0 before the first.
    start_took: AtomicU64,
}

/// Why a scenario does not play, and the verdict that its steps get.
#[derive(Debug, Clone)]
pub(super) struct Unset {
    pub(super) verdict: Verdict,
    pub(super) reason: String,
    pub(super) printed: String,
    /// Whether the target itself did not start.
    pub(super) unstarted: bool,
}

impl Unset {
    pub(super) fn new(verdict: Verdict, reason: String) -> Self {
        Self { verdict, reason, printed: String::new(), unstarted: false }
    }
}

#[derive(Clone)]
enum Source {
    Program(Box<Program>),
    Url(String),
}

enum State {
    NotStarted,
    Running(Arc<Running>),
    Unusable(Unusable),
}

impl Stage {
    /// Finds the target of a group; starts nothing.
    pub(super) fn set(suite: &Suite, target: &Target, group: &Group, index: usize) -> Result<Self, Unset> {
        let skipped = |reason: String| Unset::new(Verdict::Skipped, reason);
        let profile = suite.profile(&group.profile).cloned();
        let profile = profile.ok_or_else(|| skipped("the suite has no such profile".to_owned()))?;
        let source = match target {
            Target::Url { profile: own, .. } if *own == profile.name && group.isolated => {
                let reason =
                    "it changes what others see and needs a target of its own, which a command starts";
                return Err(skipped(reason.to_owned()));
            }
            Target::Url { base, profile: own } if *own == profile.name => Source::Url(base.clone()),
            target => Source::Program(Box::new(target.program(&profile).map_err(skipped)?.clone())),
        };
        Ok(Self::new(index, profile, source, group.fixtures.clone()))
    }

    fn new(group: usize, profile: Profile, source: Source, fixtures: Vec<String>) -> Self {
        Self {
            group,
            profile,
            source,
            fixtures,
            state: Mutex::new(State::NotStarted),
            stale: StdMutex::default(),
            restarted: StdMutex::default(),
            start_took: AtomicU64::new(0),
        }
    }

    /// Returns a target of the same kind that has not been started.
    pub(super) fn another(&self) -> Self {
        Self::new(self.group, self.profile.clone(), self.source.clone(), self.fixtures.clone())
    }

    /// Whether a command starts the target, on a port that is chosen for it.
    pub(super) fn can_be_started_twice(&self) -> bool {
        matches!(&self.source, Source::Program(program) if program.port.is_none())
    }

    /// How long the last start took, if there was one.
    pub(super) fn start_took(&self) -> Option<Duration> {
        let microseconds = self.start_took.load(Ordering::Relaxed);
        (microseconds > 0).then(|| Duration::from_micros(microseconds))
    }

    /// Returns that the target was started again during the run, if so.
    pub(super) fn restarted(&self) -> Option<String> {
        self.restarted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The port on which the target listens whatever it is told.
    pub(super) fn port(&self) -> Option<u16> {
        match &self.source {
            Source::Program(program) => program.port,
            Source::Url(_) => None,
        }
    }

    /// Whether the target offers a feature: by its profile, or by its own file.
    pub(super) fn offers(&self, feature: &str) -> bool {
        let own: &[String] = match &self.source {
            Source::Program(program) => &program.features,
            Source::Url(_) => &[],
        };
        self.profile.features.iter().chain(own).any(|offered| offered == feature)
    }

    /// Returns the target. It is started again if it has ended, timed out, or lost its port.
    pub(super) async fn running(&self, session: &Session) -> Result<Arc<Running>, Unset> {
        let mut state = self.state.lock().await;
        let timed_out = self.stale.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut again = None;
        if let State::Running(running) = &*state
            && let Some(process) = &running.process
        {
            let exited = || process.exited().map(|exit| format!("it {exit}"));
            again = timed_out.or_else(exited).or_else(|| running.check_listener().err());
            if again.is_some() {
                *state = State::NotStarted;
            }
        }
        if matches!(*state, State::NotStarted) {
            let (from, began) = (session.elapsed(), Instant::now());
            *state = match self.bring_up(session).await {
                Ok(running) => State::Running(Arc::new(running)),
                Err(unusable) => State::Unusable(unusable),
            };
            let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.start_took.store(took.max(1), Ordering::Relaxed);
            session.lap(What::Start { group: self.group }, from);
            if let Some(reason) = again.filter(|_| matches!(*state, State::Running(_))) {
                self.note_restart(&reason, session);
            }
        }
        match &*state {
            State::Running(running) => Ok(Arc::clone(running)),
            State::Unusable(unusable) => Err(unset(unusable.clone())),
            State::NotStarted => {
                unreachable!("a target that was not started has just been started or found unusable")
            }
        }
    }

    /// Ends the target and starts it again where it stood, with what it wrote. Whoever still holds it keeps it from ending.
    pub(super) async fn restart(&self, session: &Session) -> Result<Arc<Running>, Unset> {
        let mut state = self.state.lock().await;
        let before = std::mem::replace(&mut *state, State::NotStarted);
        let (State::Running(running), Source::Program(program)) = (before, &self.source) else {
            return Err(unset(Unusable::new("only a target that this program has started is started again")));
        };
        let Some(running) = Arc::into_inner(running) else {
            return Err(unset(Unusable::new("another scenario uses the target")));
        };
        self.note_unverified(&running, session);
        let (suite, transport) = (&session.plan().suite, &session.options.transport);
        match relaunch(running, program, suite, &self.profile, transport).await {
            Ok(running) => {
                session.greeted(&running);
                let running = Arc::new(running);
                *state = State::Running(Arc::clone(&running));
                Ok(running)
            }
            Err(unusable) => Err(unset(unusable)),
        }
    }

    /// Remembers that a step timed out: the target may hang for ever, and is started again for the next scenario.
    pub(super) fn timed_out(&self, step: &str) {
        let mut reason = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        reason.get_or_insert_with(|| format!("the step {step} timed out"));
    }

    fn note_restart(&self, reason: &str, session: &Session) {
        let started =
            format!("the target of profile `{}` was started again, because {reason}", self.profile.name);
        let note = format!("{started}; what was stored before is gone");
        session.note(note.clone());
        *self.restarted.lock().unwrap_or_else(PoisonError::into_inner) = Some(note);
    }

    /// Notes in the report that the owner of the port could not be looked up, if so.
    fn note_unverified(&self, running: &Running, session: &Session) {
        if let Some(reason) = running.unverified() {
            session.note(format!(
                "it was not verified that the responses in profile `{}` come from the process that was started: {reason}",
                self.profile.name
            ));
        }
    }

    /// Ends the target, if this run has started it.
    pub(super) async fn stop(&self, session: &Session) {
        if let Some(running) = self.take(session).await {
            running.stop().await;
        }
    }

    /// Returns the target to be ended, if there is one: it is started anew when it is needed again.
    pub(super) async fn take(&self, session: &Session) -> Option<Running> {
        let mut state = self.state.lock().await;
        // One that cannot be used is not tried again for the next scenario.
        if !matches!(&*state, State::Running(_)) {
            return None;
        }
        let State::Running(running) = std::mem::replace(&mut *state, State::NotStarted) else { return None };
        // A scenario that still held it would have been waited for; were there one, dropping it ends the process all the same.
        let running = Arc::into_inner(running)?;
        self.note_unverified(&running, session);
        Some(running)
    }

    async fn bring_up(&self, session: &Session) -> Result<Running, Unusable> {
        let (suite, transport) = (&session.plan().suite, &session.options.transport);
        match &self.source {
            Source::Url(base) => reach(base, suite, &self.profile, &self.fixtures, transport).await,
            Source::Program(program) => {
                if let Some(gave_up) = session.gave_up() {
                    return Err(gave_up);
                }
                let started = launch(program, suite, &self.profile, &self.fixtures, transport).await;
                session.started(&started);
                started.inspect(|running| session.greeted(running))
            }
        }
    }
}

fn unset(unusable: Unusable) -> Unset {
    let Unusable { reason, last_words, own, .. } = unusable;
    Unset { printed: last_words, unstarted: own, ..Unset::new(Verdict::Inconclusive, reason) }
}
