//! One scenario while it runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::exchange::{Exchanges, PlannedStep};
use super::result::{Late, ScenarioResult, StepResult};
use super::timely::Timestamp;
use crate::http::{Exchange, TransportError};
use crate::outcome::Outcome;
use crate::run::caught::caught_in;
use crate::run::context::Context;
use crate::run::response_collector::CollectedResponse;
use crate::run::target_pool::{CannotRun, Lease};
use crate::target::Running;
use crate::verdict::{Finding, Judgement, Verdict};
use conformance_suite::json::Json;
use conformance_suite::matcher::Left;
use conformance_suite::plan::PlannedScenario;
use conformance_suite::source::Place;
use conformance_suite::suite::{Role, Step};

/// A scenario while it runs.
pub(super) struct ScenarioRun<'a> {
    context: &'a Context,
    planned: &'a PlannedScenario,
    lease: &'a mut Lease,
    exchanges: Exchanges<'a>,
    /// Results of the requested steps, with the index of each step in the scenario.
    results: Vec<(usize, StepResult)>,
    /// Whether a request was sent, so that cleanup is needed.
    started: bool,
    /// The responses that `--bless` writes.
    responses: Vec<CollectedResponse>,
    /// The first response that came too late for its step to count.
    late: Option<Late>,
    /// Whether to stop at a late response, because the scenario will be played again.
    stops_if_late: bool,
}

impl<'a> ScenarioRun<'a> {
    /// Prepares a scenario that was played a number of times before.
    pub(super) fn new(
        context: &'a Context,
        planned: &'a PlannedScenario,
        lease: &'a mut Lease,
        played: usize,
        stops_if_late: bool,
    ) -> Self {
        let random_key = context.random_key(&planned.id(), played);
        Self {
            context,
            planned,
            lease,
            exchanges: Exchanges::new(context, &planned.scenario.definitions, random_key),
            results: Vec::new(),
            started: false,
            responses: Vec::new(),
            late: None,
            stops_if_late,
        }
    }

    /// Runs the steps in order. A failed step does not end the scenario, and cleanup always runs.
    pub(super) async fn play(mut self) -> ScenarioResult {
        if self.context.options.interrupt.is_requested() {
            return ScenarioResult::default();
        }
        let came_up = tokio::select! {
            came_up = self.lease.target() => came_up,
            () = self.context.options.interrupt.requested() => return ScenarioResult::default(),
        };
        let running = match came_up {
            Ok(running) => running,
            Err(cannot_run) => return self.not_played(&cannot_run),
        };
        if let Some(cannot_run) = self.missing_fixture(&running) {
            return self.not_played(&cannot_run);
        }
        let output = running.output.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        self.exchanges.memory.meet(running.http.base(), &Json::Object(output.collect()), &running.learned);
        let base = running.http.base().to_owned();
        let mut running = Some(running);
        let cleans_up = self.planned_steps().any(|(_, one, _)| one.step.cleanup);
        let interrupt = self.context.options.interrupt.clone();
        let restarted = self.lease.restarted();
        let mut panicked = None;
        let mut is_cleaned_up = false;
        tokio::select! {
            performed = caught_in(Box::pin(self.play_steps(&mut running, false))) => panicked = performed.err(),
            // A scenario with cleanup finishes the step in flight, so that cleanup covers what the step created.
            () = interrupt.requested(), if !cleans_up => {}
        }
        if self.started && cleans_up {
            let cleaned = caught_in(Box::pin(self.play_steps(&mut running, true))).await;
            is_cleaned_up = matches!(cleaned, Ok(true));
            panicked = panicked.or(cleaned.err());
        }
        self.exchanges.streams.close().await;
        if let Some(message) = panicked {
            // After a panic the verdicts so far are unreliable.
            return self.not_played(&CannotRun::new(Verdict::Error, message));
        }
        let Self { results: steps, exchanges, late, responses, .. } = self;
        let redactor = exchanges.redactor;
        ScenarioResult { steps, redactor, base, unstarted: false, restarted, late, is_cleaned_up, responses }
    }

    fn not_played(&self, cannot_run: &CannotRun) -> ScenarioResult {
        ScenarioResult::not_played(self.planned, cannot_run, self.context.scenario_redactor())
    }

    /// Runs either the regular steps or the cleanup steps. Returns whether all of them passed or were skipped.
    async fn play_steps(&mut self, running: &mut Option<Arc<Running>>, cleanup: bool) -> bool {
        let interrupt = &self.context.options.interrupt;
        let mut passed = true;
        for (index, one, asked) in self.planned_steps().filter(|(_, one, _)| one.step.cleanup == cleanup) {
            let step = one.step;
            let began = Instant::now();
            if !step.wait.is_zero() {
                // Release the permit while waiting, so that another scenario can send.
                self.lease.pause();
                self.pause(step, step.wait).await;
                self.lease.resume().await;
            }
            if interrupt.is_requested() && !cleanup {
                return false;
            }
            if let Some(asks) = step.restart.as_ref().filter(|_| self.skip_reason(one).is_none()) {
                self.exchanges.streams.close().await;
                drop(running.take());
                // Release the permit during the restart, so that another scenario can send.
                self.lease.pause();
                let restarted = self.lease.restart().await;
                self.lease.resume().await;
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
            let mut result = self.play_step(one, running).await;
            result.took = began.elapsed();
            if result.abandoned {
                return false;
            }
            if self.context.options.fail_fast && asked && self.fails(step, &result) {
                self.context.end_after(&self.planned.step_id(step));
            }
            passed &= result.judgement.verdict <= Verdict::Pass;
            self.count(&result, one.step);
            if asked {
                self.collect_response(one, &result);
                let is_shown = result.is_shown(&self.context.options);
                result.shorten(one.definition, is_shown);
                self.results.push((index, result));
            }
            if self.late.is_some() && self.stops_if_late && !cleanup {
                break;
            }
        }
        passed
    }

    /// Whether a step fails the run. With a file of deviations, that is only known when its record exists.
    fn fails(&self, step: &Step, result: &StepResult) -> bool {
        let register = &self.context.plan.suite.requirements;
        let levels = step.covers.iter().filter_map(|id| register.iter().find(|one| one.id == *id));
        let levels = levels.map(|requirement| requirement.level);
        let known = !self.context.options.deviations.is_empty();
        Outcome::of_step(result.judgement.verdict, levels, known) >= Outcome::Failed
    }

    /// Counts a timeout or a response for the circuit breaker.
    fn count(&self, result: &StepResult, step: &Step) {
        match &result.exchange {
            Some(Exchange { outcome: Err(TransportError::Timeout(_)), .. }) if self.lease.timed_out() => {
                self.lease.must_restart(format!("the step {} timed out", self.planned.step_id(step)));
            }
            // A failed connection is not a response, and a timeout may only be counted.
            Some(Exchange { outcome: Err(transport_error), .. })
                if !transport_error.is_judged() || matches!(transport_error, TransportError::Timeout(_)) => {}
            Some(_) => self.lease.responded(),
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
            () = self.context.options.interrupt.requested(), if !step.cleanup => {}
        }
    }

    /// Returns why the scenario cannot run, if the target lacks one of its fixtures.
    fn missing_fixture(&self, running: &Running) -> Option<CannotRun> {
        let missing = self.planned.scenario.fixtures.iter().find(|name| running.missing.contains(name))?;
        let reason = format!(
            "the target does not hold the fixture `{missing}` (`conformance seed` prints what it must hold)"
        );
        Some(CannotRun::new(Verdict::Inconclusive, reason))
    }

    fn planned_steps(&self) -> impl Iterator<Item = (usize, PlannedStep<'a>, bool)> + use<'a> {
        let planned = self.planned;
        let of = |index: usize| PlannedStep {
            index,
            step: &planned.scenario.steps[index],
            definition: &planned.scenario.definitions[index],
        };
        planned.steps.iter().map(move |(index, asked)| (*index, of(*index), *asked))
    }

    /// Sends a step as many times as it asks for, until one time does not pass.
    async fn play_step(&mut self, one: PlannedStep<'_>, running: &Arc<Running>) -> StepResult {
        let times = one.step.repeat;
        let mut result = self.play_once(one, running).await;
        for time in 2..=times {
            let interrupted = self.context.options.interrupt.is_requested() && !one.step.cleanup;
            if result.judgement.verdict != Verdict::Pass || result.abandoned || interrupted {
                break;
            }
            result = self.play_once(one, running).await;
            if result.judgement.verdict > Verdict::Pass {
                let reason = result.judgement.reason.take();
                let reason = reason.map_or(String::new(), |reason| format!(": {reason}"));
                result.judgement.reason = Some(format!("request {time} of {times}{reason}"));
            }
        }
        result
    }

    /// Sends a step, again if it is retried, unless something speaks against sending it.
    async fn play_once(&mut self, one: PlannedStep<'_>, running: &Arc<Running>) -> StepResult {
        let step = one.step;
        #[cfg(test)]
        assert!(&*step.title != super::PANICS, "step `{}` panics", step.id);
        let cannot_execute = || {
            let reason = running.cannot_execute(one.definition.execution()?)?;
            Some(Judgement::because(Verdict::Skipped, reason))
        };
        if let Some(judgement) = self.skip_reason(one).or_else(cannot_execute) {
            self.exchanges.mark_missing(one.definition, &judgement);
            if step.role != Role::Plain {
                self.exchanges.memory.break_off(step, &judgement);
            }
            return judgement.into();
        }
        self.started = true;
        let began = Instant::now();
        let mut tries = 0;
        loop {
            let sent = Timestamp::now();
            let mut result = self.exchanges.try_once(one, tries, running).await;
            tries += 1;
            if result.was_sent() {
                self.exchanges.timeline.sent(one.index, sent);
            }
            let late = self.late(step, &result);
            // If no request could be built, another try would fail in the same way.
            let again = late.is_none()
                && result.was_sent()
                && step.retry.as_ref().is_some_and(|retry| began.elapsed() < retry.0)
                && (step.cleanup || !self.context.options.interrupt.is_requested());
            if result.judgement.verdict <= Verdict::Pass || !again {
                if let Some(reason) = late {
                    self.discard(one, &mut result, reason);
                }
                let has_response = matches!(result.exchange, Some(Exchange { outcome: Ok(_), .. }));
                if step.role == Role::Precondition && (has_response || result.executed.is_some()) {
                    result.judgement = precondition(step, result.judgement);
                }
                if step.role != Role::Plain && result.judgement.verdict != Verdict::Pass {
                    self.exchanges.memory.break_off(step, &result.judgement);
                }
                return StepResult { tries, ..result };
            }
            self.pause(step, step.retry.as_ref().map_or(Duration::ZERO, |retry| retry.1)).await;
        }
    }

    /// Returns the verdict of a step that must not be sent, with the reason.
    fn skip_reason(&self, PlannedStep { step, definition, .. }: PlannedStep<'_>) -> Option<Judgement> {
        if let Some(feature) = step.requires.iter().find(|feature| !self.lease.offers(feature)) {
            let reason = format!("the target does not offer `{feature}`");
            return Some(Judgement::because(Verdict::Skipped, reason));
        }
        let halted = self.lease.halted().map(|halted| Judgement::because(Verdict::Inconclusive, halted));
        let Exchanges { memory, timeline, .. } = &self.exchanges;
        let never_timely = || timeline.never_timely(&self.planned.scenario, step);
        memory.skip_reason(step, definition).or(halted).or_else(never_timely)
    }

    /// Returns why the last response of a step came too late for the step to count, if it did.
    fn late(&self, step: &Step, result: &StepResult) -> Option<String> {
        let is_complete = match &result.exchange {
            Some(exchange) => exchange.outcome.is_ok(),
            None => result.executed.as_ref()?.end.code().is_some(),
        };
        self.exchanges.timeline.late(&self.planned.scenario, step, is_complete)
    }

    /// Replaces the verdict of a step whose response came too late, and drops what was captured from the response.
    fn discard(&mut self, one: PlannedStep<'_>, result: &mut StepResult, reason: String) {
        if matches!(result.judgement.verdict, Verdict::Pass | Verdict::Fail) {
            result.judgement = Judgement::because(Verdict::Inconclusive, reason.clone());
        }
        self.exchanges.mark_missing(one.definition, &result.judgement);
        self.exchanges.scope = None;
        self.late.get_or_insert(Late { index: one.index, reason });
    }

    /// Saves the response of a step that `--bless` selects.
    fn collect_response(
        &mut self,
        PlannedStep { step, definition, .. }: PlannedStep<'_>,
        result: &StepResult,
    ) {
        let (id, scope) = (self.planned.step_id(step), self.exchanges.scope.take());
        if !self.context.options.responses.as_ref().is_some_and(|collector| collector.selects(&id)) {
            return;
        }
        let response = match &result.exchange {
            Some(Exchange { outcome: Ok(response), .. })
                if definition.race().is_none() && response.stream.is_none() =>
            {
                Some(response.clone()).zip(scope)
            }
            _ => None,
        };
        let finding = result.judgement.findings.first();
        let mismatch =
            finding.map(|finding| Left { place: finding.place.clone(), why: finding.label.clone() });
        let (place, expectation) =
            (step.place.clone(), definition.judged().map(|(expectation, _)| expectation.clone()));
        let expectation = expectation.unwrap_or_default();
        if response.is_some() || mismatch.is_some() {
            self.responses.push(CollectedResponse { id, place, expectation, response, mismatch });
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
fn failed_restart(asks: &Place, cannot_run: CannotRun) -> StepResult {
    if !cannot_run.unstarted {
        let reason = format!("the target was not started again: {}", cannot_run.reason);
        return StepResult {
            printed: cannot_run.printed,
            ..Judgement::because(Verdict::Inconclusive, reason).into()
        };
    }
    let judgement = Judgement::of(vec![Finding {
        place: asks.clone(),
        label: format!("the target did not start again: {}", cannot_run.reason),
        pointer: None,
        part: Some("restart".to_owned()),
        expected: "a target that starts again with its data".to_owned(),
        received: cannot_run.reason,
    }]);
    StepResult { printed: cannot_run.printed, ..judgement.into() }
}
