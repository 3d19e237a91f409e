//! Steps with `timely`: a response that comes too late says nothing about the target, and the scenario is played again.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::super::session::{Permit, Session};
use super::super::target_slot::TargetSlot;
use super::{Attempt, Late, PlannedStep, Played, ScenarioRunner};
use crate::verdict::{Judgement, Verdict};
use conformance_suite::plan::Trial;
use conformance_suite::request::Request;
use conformance_suite::suite::{Step, StepDefinition};

/// A point in time. The monotonic clock stops while the machine sleeps, and the sessions of a target do not.
#[derive(Clone, Copy)]
pub(super) struct Timestamp {
    monotonic: Instant,
    pub(super) wall: SystemTime,
}

impl Timestamp {
    pub(super) fn now() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// The time since another point in time, by the clock that shows more.
    fn since(self, earlier: Self) -> Duration {
        let wall = self.wall.duration_since(earlier.wall).unwrap_or_default();
        self.monotonic.saturating_duration_since(earlier.monotonic).max(wall)
    }
}

/// Maximum number of times that a scenario is played.
const MAX_PLAYS: usize = 3;

/// Plays a scenario. If a response comes too late for its step to count, drops all results and plays the scenario again, on a
/// target that was started again.
pub(in crate::run) async fn play(
    session: &Session,
    trial: &Trial,
    definitions: &Arc<[StepDefinition]>,
    mut permit: Permit,
    slot: &TargetSlot,
    group: usize,
) -> Played {
    let mut late_before: Vec<Late> = Vec::new();
    loop {
        let is_last = late_before.len() + 1 == MAX_PLAYS;
        let stops_if_late = !is_last && slot.is_started_here();
        let runner = ScenarioRunner::new(session, trial, definitions, permit);
        let mut played = Box::pin(ScenarioRunner { stops_if_late, ..runner }.play(slot, group)).await;
        let replays = !is_last
            && !session.options.interrupt.is_requested()
            && (stops_if_late || played.is_cleaned_up || is_read_only(trial, definitions));
        let Some(late) = played.late.take_if(|_| replays) else {
            // The target started before, so a failed start is not blamed on it.
            played.unstarted &= late_before.is_empty();
            played.note_replays(&late_before);
            if let Some(answers) = &session.options.answers {
                played.answers.drain(..).for_each(|answer| answers.add(answer));
            }
            return played;
        };
        if let Some(step) = trial.scenario.steps.get(late.index) {
            let step = trial.step_id(step);
            slot.must_restart(format!("the response of the step {step} came too late to be judged"));
        }
        late_before.push(late);
        permit = session.permit().await;
    }
}

/// Whether the steps of a scenario change nothing on the target, as far as their methods show (RFC 9110, section 9.2.1).
fn is_read_only(trial: &Trial, definitions: &[StepDefinition]) -> bool {
    let planned = trial.steps.iter().filter_map(|(index, _)| definitions.get(*index));
    planned.flat_map(StepDefinition::requests).all(Request::is_safe)
}

impl Played {
    /// Adds remarks that the scenario was played before, to the steps whose responses came too late.
    fn note_replays(&mut self, late: &[Late]) {
        for Late { index, reason } in late {
            let at = self.results.iter().position(|(other, _)| other >= index);
            let at = at.or(self.results.len().checked_sub(1));
            if let Some((_, attempt)) = at.and_then(|at| self.results.get_mut(at)) {
                let remark = format!("the scenario was played again, because {reason}");
                attempt.judgement.remarks.push(remark);
            }
        }
    }
}

impl ScenarioRunner<'_> {
    /// Returns why the last response of a step came too late for the step to count, if it did.
    pub(super) fn late(&self, step: &Step, attempt: &Attempt) -> Option<String> {
        let timely = step.timely.as_deref()?;
        let after = self.trial.scenario.steps.get(timely.after)?;
        attempt.exchange.as_ref()?;
        let passed = self.received?.since(*self.sent.get(&timely.after)?);
        (passed > timely.within).then(|| {
            // Rounded up, so that it is not the limit itself.
            let passed = Duration::from_millis(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX));
            let passed = passed.saturating_add(Duration::from_millis(1));
            let is_complete = attempt.exchange.as_ref().is_some_and(|exchange| exchange.outcome.is_ok());
            let came = if is_complete { "the response came" } else { "there was no complete response" };
            format!(
                "{came} {passed:?} after the step `{}`, and the step counts only within {:?}; the machine or the target is too slow",
                after.id, timely.within
            )
        })
    }

    /// Returns the result of a step whose earlier step was not sent, so that no response can be timely.
    pub(super) fn never_timely(&self, step: &Step) -> Option<Judgement> {
        let timely = step.timely.as_deref().filter(|timely| !self.sent.contains_key(&timely.after))?;
        let after = self.trial.scenario.steps.get(timely.after)?;
        let reason = format!(
            "the step `{}` was not sent, and this step counts only within {:?} after it",
            after.id, timely.within
        );
        Some(Judgement::because(Verdict::Inconclusive, reason).waiting_for(&after.id))
    }

    /// Replaces the verdict of a step whose response came too late, and drops what was captured from the response.
    pub(super) fn discard(&mut self, one: PlannedStep<'_>, attempt: &mut Attempt, reason: String) {
        if matches!(attempt.judgement.verdict, Verdict::Pass | Verdict::Fail) {
            attempt.judgement = Judgement::because(Verdict::Inconclusive, reason.clone());
        }
        self.mark_missing(one.definition, &attempt.judgement);
        self.scope = None;
        self.late.get_or_insert(Late { index: one.index, reason });
    }
}
