//! Where a group of scenarios plays: its target, started when it is needed and again when it has ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::Options;
use crate::exchange::Wire;
use crate::plan::Group;
use crate::suite::{Profile, Suite};
use crate::target::{Program, Running, Target, Unusable, launch};
use crate::verdict::Verdict;

/// The target of a group.
pub(super) struct Stage {
    profile: Profile,
    program: Option<Program>,
    fixtures: Vec<String>,
    state: Mutex<State>,
}

/// Why a group does not play, and the verdict that its steps get.
pub(super) struct Unset {
    pub(super) verdict: Verdict,
    pub(super) reason: String,
    pub(super) printed: String,
}

enum State {
    NotStarted,
    Running(Arc<Running>),
    Unusable(Unusable),
}

impl Stage {
    /// Finds the target of a group; starts nothing.
    pub(super) fn set(suite: &Suite, target: &Target, group: &Group, options: &Options) -> Result<Self, Unset> {
        let skipped = |reason: String| Unset { verdict: Verdict::Skipped, reason, printed: String::new() };
        let profile = suite.profile(&group.profile).cloned();
        let profile = profile.ok_or_else(|| skipped("the suite has no such profile".to_owned()))?;
        let (program, state) = match target {
            Target::Url { profile: own, .. } if *own == profile.name && group.isolated => {
                let reason = "it changes what others see and needs a target of its own, which a command starts";
                return Err(skipped(reason.to_owned()));
            }
            Target::Url { base, profile: own } if *own == profile.name => {
                let state = match Wire::new(base, options.limit) {
                    Ok(wire) => State::Running(Arc::new(Running::already(wire))),
                    Err(reason) => State::Unusable(Unusable::new(reason)),
                };
                (None, state)
            }
            target => (Some(target.program(&profile).map_err(skipped)?.clone()), State::NotStarted),
        };
        Ok(Self { profile, program, fixtures: group.fixtures.clone(), state: Mutex::new(state) })
    }

    /// The port on which the target listens whatever it is told.
    pub(super) fn port(&self) -> Option<u16> {
        self.program.as_ref()?.port
    }

    /// Returns the target, started again when it has ended.
    pub(super) async fn running(&self, suite: &Suite, limit: Duration) -> Result<Arc<Running>, Unset> {
        let mut state = self.state.lock().await;
        if let State::Running(running) = &*state
            && running.process.as_ref().is_some_and(|process| process.exited().is_some())
        {
            *state = State::NotStarted;
        }
        if let (State::NotStarted, Some(program)) = (&*state, &self.program) {
            *state = match launch(program, suite, &self.profile, &self.fixtures, limit).await {
                Ok(running) => State::Running(Arc::new(running)),
                Err(unusable) => State::Unusable(unusable),
            };
        }
        match &*state {
            State::Running(running) => Ok(Arc::clone(running)),
            State::Unusable(unusable) => Err(Unset {
                verdict: Verdict::Inconclusive,
                reason: format!("the target cannot be used in the profile `{}`: {unusable}", self.profile.name),
                printed: unusable.last_words.clone(),
            }),
            // Only a target without a program is never started, and it runs already.
            State::NotStarted => Err(Unset {
                verdict: Verdict::Error,
                reason: "the target was never started".to_owned(),
                printed: String::new(),
            }),
        }
    }

    /// Ends the target, if this run has started it.
    pub(super) async fn strike(&self) {
        if self.program.is_none() {
            return;
        }
        let state = std::mem::replace(&mut *self.state.lock().await, State::NotStarted);
        // A scenario that still held it would have been waited for; were there one, dropping it ends the process all the same.
        if let State::Running(running) = state
            && let Some(running) = Arc::into_inner(running)
        {
            running.stop().await;
        }
    }
}
