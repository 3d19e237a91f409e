//! Plays one scenario on a target: for each step prepare, send, judge and record. Prints nothing.
//!
//! A panic in a scenario gives its steps the verdict `error`.

mod bodies;
mod described;
mod exchange;
mod execution;
mod plays;
mod race;
mod recorder;
mod result;
mod scenario_run;
mod send;
mod stream;
mod timely;

use std::sync::Arc;

use super::caught::{caught, caught_in};
use super::context::Context;
use super::target_pool::{CannotRun, Lease, TargetPool};
use crate::event::Record;
use crate::verdict::Verdict;
use conformance_suite::plan::PlannedScenario;
use conformance_suite::request::Request;
use conformance_suite::suite::StepDefinition;
use plays::Plays;
use result::Late;
pub(super) use result::ScenarioResult;
use scenario_run::ScenarioRun;

/// Plays scenarios, each with a lease of its own.
#[derive(Debug, Clone)]
pub struct ScenarioRunner {
    context: Arc<Context>,
    plays: Plays,
}

/// Maximum number of times that a scenario is played.
const MAX_PLAYS: usize = 6;

/// A step with this title panics in tests.
#[cfg(test)]
pub(super) const PANICS: &str = "the runner panics here";

impl ScenarioRunner {
    /// Creates a runner for the scenarios of a plan.
    #[must_use]
    pub fn new(context: &Arc<Context>) -> Self {
        Self { context: Arc::clone(context), plays: Plays::default() }
    }

    /// Plays a scenario. `lease` is the right to use its target, or why there is no lease.
    ///
    /// If a response comes too late for its step to count, drops all results and plays the scenario again, on a target that was
    /// started again.
    pub(super) async fn play(
        &self,
        planned: &PlannedScenario,
        lease: Result<Lease, CannotRun>,
    ) -> ScenarioResult {
        let play = self.plays.begin();
        let result = self.played(planned, lease).await;
        if self.context.shares_targets() && result.has_output() {
            // The output may contain secrets that the other scenarios are about to learn.
            play.end_with_others().await;
        }
        result
    }

    async fn played(&self, planned: &PlannedScenario, lease: Result<Lease, CannotRun>) -> ScenarioResult {
        let options = &self.context.options;
        let mut lease = match lease {
            Ok(lease) => lease,
            Err(cannot_run) => return self.not_played(planned, &cannot_run),
        };
        let playing = async {
            let mut late_before: Vec<Late> = Vec::new();
            loop {
                let is_last = late_before.len() + 1 == MAX_PLAYS;
                let stops_if_late = !is_last && lease.is_started_here();
                let run =
                    ScenarioRun::new(&self.context, planned, &mut lease, late_before.len(), stops_if_late);
                let mut result = Box::pin(run.play()).await;
                let replays = !is_last
                    && !options.interrupt.is_requested()
                    && (stops_if_late || result.is_cleaned_up || is_read_only(planned));
                let Some(late) = result.late.take_if(|_| replays) else {
                    // The target started before, so a failed start is not blamed on it.
                    result.unstarted &= late_before.is_empty();
                    result.note_replays(&late_before);
                    if let Some(collector) = &options.responses {
                        result.responses.drain(..).for_each(|response| collector.add(response));
                    }
                    return result;
                };
                if let Some(step) = planned.scenario.steps.get(late.index) {
                    let step = planned.step_id(step);
                    lease.must_restart(format!("the response of the step {step} came too late to be judged"));
                }
                late_before.push(late);
                lease.pause();
                lease.resume().await;
            }
        };
        let result = caught_in(playing).await;
        lease.end().await;
        result.unwrap_or_else(|message| self.failed(planned, message))
    }

    /// Returns what reports show of the steps that ran.
    pub(super) fn records(&self, planned: &PlannedScenario, result: ScenarioResult) -> Vec<Record> {
        let build = |result| recorder::records(&self.context, planned, result);
        caught(|| build(result)).unwrap_or_else(|message| build(self.failed(planned, message)))
    }

    /// Leases a target for a scenario of the plan, plays it, and returns the records of its steps.
    pub async fn play_once(&self, targets: &Arc<TargetPool>, group: usize, index: usize) -> Vec<Record> {
        let planned = &self.context.plan.groups[group].scenarios[index];
        let result = self.play(planned, targets.lease(group).await).await;
        self.records(planned, result)
    }

    /// Returns the results of a scenario in which the runner panicked. Verdicts before a panic are unreliable, so they are dropped.
    fn failed(&self, planned: &PlannedScenario, message: String) -> ScenarioResult {
        self.not_played(planned, &CannotRun::new(Verdict::Error, message))
    }

    fn not_played(&self, planned: &PlannedScenario, cannot_run: &CannotRun) -> ScenarioResult {
        ScenarioResult::not_played(planned, cannot_run, self.context.scenario_redactor())
    }
}

/// Whether the steps of a scenario change nothing on the target, as far as their methods show (RFC 9110, section 9.2.1).
fn is_read_only(planned: &PlannedScenario) -> bool {
    let definitions = planned.steps.iter().filter_map(|(index, _)| planned.scenario.definitions.get(*index));
    definitions.flat_map(StepDefinition::requests).all(Request::is_safe)
}
