//! Where a group of scenarios plays: its target, reached or started when it is needed, and started again when it has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// Set when the target fell silent: it is started anew for the next scenario.
    stale: AtomicBool,
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
        let (fixtures, state) = (group.fixtures.clone(), Mutex::new(State::NotStarted));
        Ok(Self { group: index, profile, source, fixtures, state, stale: AtomicBool::new(false) })
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

    /// Returns the target, started again when it has ended or has fallen silent.
    pub(super) async fn running(&self, session: &Session) -> Result<Arc<Running>, Unset> {
        let mut state = self.state.lock().await;
        let silent = self.stale.swap(false, Ordering::Relaxed);
        if let State::Running(running) = &*state
            && let Some(process) = &running.process
            && (silent || process.exited().is_some() || running.check_listener().is_err())
        {
            *state = State::NotStarted;
        }
        if matches!(*state, State::NotStarted) {
            let from = session.elapsed();
            *state = match self.bring_up(session).await {
                Ok(running) => State::Running(Arc::new(running)),
                Err(unusable) => State::Unusable(unusable),
            };
            session.lap(What::Start { group: self.group }, from);
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

    /// Says that the target has fallen silent, and may hang for ever.
    pub(super) fn fell_silent(&self) {
        self.stale.store(true, Ordering::Relaxed);
    }

    /// Ends the target, if this run has started it.
    pub(super) async fn strike(&self) {
        let mut state = self.state.lock().await;
        // One that cannot be used is not tried again for the next scenario.
        if let State::Running(_) = &*state
            && let State::Running(running) = std::mem::replace(&mut *state, State::NotStarted)
            // A scenario that still held it would have been waited for; were there one, dropping it ends the process all the same.
            && let Some(running) = Arc::into_inner(running)
        {
            running.stop().await;
        }
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
