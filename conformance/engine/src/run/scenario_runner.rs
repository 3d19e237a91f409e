//! Runs one scenario.

mod attempt;
mod kept;
mod recorder;
mod timely;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kept::Bodies;
use timely::Timestamp;
pub(super) use timely::play;

use super::caught::caught_in;
use super::collector::Answer;
use super::session::{Permit, Session};
use super::target_slot::{CannotRun, TargetSlot};
use crate::http::{Exchange, TransportError};
use crate::memory::Memory;
use crate::redact::Redactor;
use crate::target::Running;
use crate::verdict::{Finding, Judgement, Verdict};
use conformance_suite::json::Json;
use conformance_suite::matcher::Left;
use conformance_suite::plan::Trial;
use conformance_suite::source::Place;
use conformance_suite::suite::{Role, Step, StepDefinition};
use conformance_suite::template::Scope;

/// Runs a scenario in one profile, and holds its state.
struct ScenarioRunner<'a> {
    session: &'a Session,
    trial: &'a Trial,
    definitions: &'a Arc<[StepDefinition]>,
    memory: Memory,
    permit: Permit,
    redactor: Redactor,
    /// Results of the requested steps, with the index of each step in the scenario.
    results: Vec<(usize, Attempt)>,
    /// Whether a request was sent, so that cleanup is needed.
    started: bool,
    /// The scope at the time of the last response. Set only with `--bless`.
    scope: Option<Scope>,
    /// The responses that `--bless` writes.
    answers: Vec<Answer>,
    /// When the last try of each step began, by the index of the step.
    sent: BTreeMap<usize, Timestamp>,
    /// When the last response was complete.
    received: Option<Timestamp>,
    /// The first response that came too late for its step to count.
    late: Option<Late>,
    /// Whether to stop at a late response, because the scenario will be played again.
    stops_if_late: bool,
}

/// A finished scenario. [`Played::records`] turns it into what reports show.
#[derive(Default)]
pub(super) struct Played {
    results: Vec<(usize, Attempt)>,
    redactor: Redactor,
    /// Base URL of the target.
    base: String,
    /// Whether the target did not start.
    pub(super) unstarted: bool,
    /// Note that the target was restarted earlier in the run, with the reason.
    restarted: Option<String>,
    /// The first response that came too late for its step to count.
    late: Option<Late>,
    /// Whether there are cleanup steps and all passed or were not needed.
    is_cleaned_up: bool,
    /// The responses that `--bless` writes.
    answers: Vec<Answer>,
}

/// A response that came too late for its step to count.
#[derive(Debug, Clone)]
struct Late {
    /// Index of the step in the scenario.
    index: usize,
    /// How late it came, in one sentence.
    reason: String,
}

/// A step with its definition and its index in the scenario.
#[derive(Clone, Copy)]
struct PlannedStep<'a> {
    index: usize,
    step: &'a Step,
    definition: &'a StepDefinition,
}

/// Result of a step, with its exchange.
struct Attempt {
    judgement: Judgement,
    /// Number of findings that were dropped.
    more_findings: usize,
    exchange: Option<Exchange>,
    /// The bodies, moved out of `exchange`.
    bodies: Bodies,
    printed: String,
    /// Number of times the step was sent.
    tries: u32,
    took: Duration,
    /// Whether the run was interrupted before the response was judged. Such a step is not reported.
    abandoned: bool,
}

impl From<Judgement> for Attempt {
    fn from(judgement: Judgement) -> Self {
        Self {
            judgement,
            more_findings: 0,
            exchange: None,
            bodies: Bodies::default(),
            printed: String::new(),
            tries: 0,
            took: Duration::ZERO,
            abandoned: false,
        }
    }
}

/// Returns the results of a scenario that cannot run.
pub(super) fn not_played(session: &Session, trial: &Trial, cannot_run: &CannotRun) -> Played {
    let mut results = Vec::new();
    let mut waits_for = None;
    for (index, asked) in &trial.steps {
        let step = &trial.scenario.steps[*index];
        if cannot_run.unstarted && step.role == Role::Precondition {
            waits_for = waits_for.or(Some(&step.id));
        }
        if *asked {
            let judgement = Judgement::because(cannot_run.verdict, cannot_run.reason.clone());
            let judgement = Judgement { waits_for: waits_for.map(ToString::to_string), ..judgement };
            results.push((*index, Attempt { printed: cannot_run.printed.clone(), ..judgement.into() }));
        }
        // A setup step that covers a requirement fails for it. The steps that depend on it were not tried.
        if cannot_run.unstarted && step.role == Role::Setup && !step.covers.is_empty() {
            waits_for = waits_for.or(Some(&step.id));
        }
    }
    let redactor = session.redactor();
    Played { results, redactor, unstarted: cannot_run.unstarted, ..Played::default() }
}

impl<'a> ScenarioRunner<'a> {
    /// Creates a runner for a scenario. `definitions` are those of its steps.
    fn new(
        session: &'a Session,
        trial: &'a Trial,
        definitions: &'a Arc<[StepDefinition]>,
        permit: Permit,
    ) -> Self {
        let memory = Memory::new(&session.plan().suite);
        let redactor = session.redactor();
        Self {
            session,
            trial,
            definitions,
            memory,
            permit,
            redactor,
            results: Vec::new(),
            started: false,
            scope: None,
            answers: Vec::new(),
            sent: BTreeMap::new(),
            received: None,
            late: None,
            stops_if_late: false,
        }
    }

    /// Runs the steps in order. A failed step does not end the scenario, and cleanup always runs.
    async fn play(mut self, slot: &TargetSlot, group: usize) -> Played {
        if self.session.options.interrupt.is_requested() {
            return Played::default();
        }
        let came_up = tokio::select! {
            came_up = slot.running(self.session) => came_up,
            () = self.session.options.interrupt.requested() => return Played::default(),
        };
        let running = match came_up {
            Ok(running) => running,
            Err(cannot_run) => return not_played(self.session, self.trial, &cannot_run),
        };
        if let Some(cannot_run) = self.missing_fixture(&running) {
            return not_played(self.session, self.trial, &cannot_run);
        }
        let output = running.output.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        self.memory.meet(running.http.base(), &Json::Object(output.collect()), &running.learned);
        let base = running.http.base().to_owned();
        let mut running = Some(running);
        let cleans_up = self.planned_steps().any(|(_, one, _)| one.step.cleanup);
        let interrupt = self.session.options.interrupt.clone();
        let restarted = slot.restarted();
        let mut panicked = None;
        let mut is_cleaned_up = false;
        tokio::select! {
            performed = caught_in(Box::pin(self.perform(slot, &mut running, group, false))) => panicked = performed.err(),
            // A scenario with cleanup finishes the step in flight, so that cleanup covers what the step created.
            () = interrupt.requested(), if !cleans_up => {}
        }
        if self.started && cleans_up {
            let cleaned = caught_in(Box::pin(self.perform(slot, &mut running, group, true))).await;
            is_cleaned_up = matches!(cleaned, Ok(true));
            panicked = panicked.or(cleaned.err());
        }
        if let Some(message) = panicked {
            // After a panic the verdicts so far are unreliable.
            return not_played(self.session, self.trial, &CannotRun::new(Verdict::Error, message));
        }
        let Self { results, redactor, late, answers, .. } = self;
        Played { results, redactor, base, unstarted: false, restarted, late, is_cleaned_up, answers }
    }

    /// Runs either the regular steps or the cleanup steps. Returns whether all of them passed or were skipped.
    async fn perform(
        &mut self,
        slot: &TargetSlot,
        running: &mut Option<Arc<Running>>,
        group: usize,
        cleanup: bool,
    ) -> bool {
        let interrupt = &self.session.options.interrupt;
        let mut passed = true;
        for (index, one, asked) in self.planned_steps().filter(|(_, one, _)| one.step.cleanup == cleanup) {
            let step = one.step;
            let began = Instant::now();
            if !step.wait.is_zero() {
                // Release the permit while waiting, so that another scenario can send.
                self.permit = Permit::default();
                self.pause(step, step.wait).await;
                self.permit = self.session.permit().await;
            }
            if interrupt.is_requested() && !cleanup {
                return false;
            }
            if let Some(asks) = step.restart.as_ref().filter(|_| self.skip_reason(one, slot, group).is_none())
            {
                drop(running.take());
                // Release the permit during the restart, so that another scenario can send.
                self.permit = Permit::default();
                let restarted = slot.restart(self.session).await;
                self.permit = self.session.permit().await;
                match restarted {
                    Ok(again) => *running = Some(again),
                    Err(cannot_run) if asked => self.results.push((index, failed_restart(asks, cannot_run))),
                    Err(_) => {}
                }
            }
            let Some(running) = running.as_ref() else {
                passed = false;
                self.leave_out(index, step, asked);
                continue;
            };
            let mut attempt = self.attempt(one, slot, running, group).await;
            attempt.took = began.elapsed();
            if attempt.abandoned {
                return false;
            }
            passed &= attempt.judgement.verdict <= Verdict::Pass;
            self.count(&attempt, one, slot, group);
            if asked {
                self.keep_answer(one, &attempt);
                let is_shown = self.session.options.shows_passes || attempt.judgement.verdict > Verdict::Pass;
                attempt.shorten(one.definition, is_shown);
                self.results.push((index, attempt));
            }
            if self.late.is_some() && self.stops_if_late && !cleanup {
                break;
            }
        }
        passed
    }

    /// Counts a timeout or a response for the circuit breaker.
    fn count(&self, attempt: &Attempt, one: PlannedStep<'_>, slot: &TargetSlot, group: usize) {
        match &attempt.exchange {
            Some(Exchange { outcome: Err(TransportError::Timeout(_)), .. })
                if self.session.timed_out(group) =>
            {
                slot.must_restart(format!("the step {} timed out", self.trial.step_id(one.step)));
            }
            // A failed connection is not a response, and a timeout may only be counted.
            Some(Exchange { outcome: Err(transport_error), .. })
                if !transport_error.is_judged() || matches!(transport_error, TransportError::Timeout(_)) => {}
            Some(_) => self.session.responded(group),
            None => {}
        }
    }

    /// Records the result of a step that cannot run because the target did not restart.
    fn leave_out(&mut self, index: usize, step: &Step, asked: bool) {
        let done = self.results.iter().any(|(other, _)| *other == index);
        if asked && !done {
            let verdict = if step.cleanup { Verdict::Skipped } else { Verdict::Inconclusive };
            let reason = "the target did not start again";
            self.results.push((index, Judgement::because(verdict, reason).into()));
        }
    }

    /// Sleeps. An interrupt ends the sleep, except in cleanup.
    async fn pause(&self, step: &Step, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.session.options.interrupt.requested(), if !step.cleanup => {}
        }
    }

    /// Returns why the scenario cannot run, if the target lacks one of its fixtures.
    fn missing_fixture(&self, running: &Running) -> Option<CannotRun> {
        let missing = self.trial.scenario.fixtures.iter().find(|name| running.missing.contains(name))?;
        let reason = format!(
            "the target does not hold the fixture `{missing}` (`conformance seed` prints what it must hold)"
        );
        Some(CannotRun::new(Verdict::Inconclusive, reason))
    }

    fn planned_steps(&self) -> impl Iterator<Item = (usize, PlannedStep<'a>, bool)> + use<'a> {
        let (trial, definitions) = (self.trial, self.definitions);
        let of = |index: usize| PlannedStep {
            index,
            step: &trial.scenario.steps[index],
            definition: &definitions[index],
        };
        trial.steps.iter().map(move |(index, asked)| (*index, of(*index), *asked))
    }

    async fn attempt(
        &mut self,
        one: PlannedStep<'_>,
        slot: &TargetSlot,
        running: &Arc<Running>,
        group: usize,
    ) -> Attempt {
        let step = one.step;
        #[cfg(test)]
        assert!(&*step.title != super::tests::PANICS, "step `{}` panics", step.id);
        if let Some(judgement) = self.skip_reason(one, slot, group) {
            self.mark_missing(one.definition, &judgement);
            if step.role != Role::Plain {
                self.memory.break_off(step, &judgement);
            }
            return judgement.into();
        }
        self.started = true;
        let began = Instant::now();
        let mut tries = 0;
        loop {
            let sent = Timestamp::now();
            let mut attempt = self.try_once(one, running).await;
            tries += 1;
            if attempt.exchange.is_some() {
                self.sent.insert(one.index, sent);
            }
            let late = self.late(step, &attempt);
            // If no request could be built, another try would fail in the same way.
            let again = late.is_none()
                && attempt.exchange.is_some()
                && step.retry.as_ref().is_some_and(|retry| began.elapsed() < retry.0)
                && (step.cleanup || !self.session.options.interrupt.is_requested());
            if attempt.judgement.verdict <= Verdict::Pass || !again {
                if let Some(reason) = late {
                    self.discard(one, &mut attempt, reason);
                }
                if step.role == Role::Precondition
                    && matches!(attempt.exchange, Some(Exchange { outcome: Ok(_), .. }))
                {
                    attempt.judgement = precondition(step, attempt.judgement);
                }
                if step.role != Role::Plain && attempt.judgement.verdict != Verdict::Pass {
                    self.memory.break_off(step, &attempt.judgement);
                }
                return Attempt { tries, ..attempt };
            }
            self.pause(step, step.retry.as_ref().map_or(Duration::ZERO, |retry| retry.1)).await;
        }
    }

    /// Returns the verdict of a step that must not be sent, with the reason.
    fn skip_reason(
        &self,
        PlannedStep { step, definition, .. }: PlannedStep<'_>,
        slot: &TargetSlot,
        group: usize,
    ) -> Option<Judgement> {
        if let Some(feature) = step.requires.iter().find(|feature| !slot.offers(feature)) {
            let reason = format!("the target does not offer `{feature}`");
            return Some(Judgement::because(Verdict::Skipped, reason));
        }
        let halted =
            self.session.halted(group).map(|halted| Judgement::because(Verdict::Inconclusive, halted));
        self.memory.skip_reason(step, definition).or(halted).or_else(|| self.never_timely(step))
    }

    /// Saves the response of a step that `--bless` selects.
    fn keep_answer(&mut self, PlannedStep { step, definition, .. }: PlannedStep<'_>, attempt: &Attempt) {
        let (id, scope) = (self.trial.step_id(step), self.scope.take());
        if !self.session.options.answers.as_ref().is_some_and(|answers| answers.want(&id)) {
            return;
        }
        let response = match &attempt.exchange {
            Some(Exchange { outcome: Ok(response), .. }) if definition.race().is_none() => {
                Some(response.clone()).zip(scope)
            }
            _ => None,
        };
        let finding = attempt.judgement.findings.first();
        let wrong = finding.map(|finding| Left { place: finding.place.clone(), why: finding.label.clone() });
        let (place, expectation) = (step.place.clone(), definition.first().expectation.clone());
        if response.is_some() || wrong.is_some() {
            self.answers.push(Answer { id, place, expectation, response, wrong });
        }
    }
}

/// Returns the verdict of a precondition. If the response is not the expected one, the scenario does not apply to the
/// target, so the step is skipped.
fn precondition(step: &Step, judgement: Judgement) -> Judgement {
    match judgement.findings.first() {
        Some(finding) if judgement.verdict == Verdict::Fail => {
            let reason = format!("the precondition `{}` failed: {}", step.id, finding.label);
            Judgement { verdict: Verdict::Skipped, reason: Some(reason), ..judgement }
        }
        _ => judgement,
    }
}

/// Returns the result of a step whose restart failed.
///
/// If the target itself does not start, the step fails: the target started before, so its own data broke it. Other
/// causes, such as another process on its port, are no fault of the target, and the step is inconclusive.
fn failed_restart(asks: &Place, cannot_run: CannotRun) -> Attempt {
    if !cannot_run.unstarted {
        let reason = format!("the target was not started again: {}", cannot_run.reason);
        return Attempt {
            printed: cannot_run.printed,
            ..Judgement::because(Verdict::Inconclusive, reason).into()
        };
    }
    let judgement = Judgement::of(vec![Finding {
        place: asks.clone(),
        label: format!("the target did not start again: {}", cannot_run.reason),
        pointer: None,
        expected: "a target that starts again with its data".to_owned(),
        received: cannot_run.reason,
    }]);
    Attempt { printed: cannot_run.printed, ..judgement.into() }
}
