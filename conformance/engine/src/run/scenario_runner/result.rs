//! The result of a scenario and of its steps.

use std::time::Duration;

use super::bodies::{Bodies, cut};
use crate::http::Exchange;
use crate::limit;
use crate::redact::Redactor;
use crate::run::context::Options;
use crate::run::response_collector::CollectedResponse;
use crate::run::target_pool::CannotRun;
use crate::target::Executed;
use crate::verdict::{Finding, Judgement, Verdict};
use conformance_openapi::Checked;
use conformance_suite::plan::PlannedScenario;
use conformance_suite::suite::{Role, StepDefinition};

/// The result of a scenario. [`ScenarioRunner::records`](super::ScenarioRunner::records) turns it into what reports show.
#[derive(Default)]
pub(in crate::run) struct ScenarioResult {
    /// Results of the requested steps, with the index of each step in the scenario.
    pub(super) steps: Vec<(usize, StepResult)>,
    pub(super) redactor: Redactor,
    /// Base URL of the target.
    pub(super) base: String,
    /// Whether the target did not start.
    pub(in crate::run) unstarted: bool,
    /// Note that the target was restarted earlier in the run, with the reason.
    pub(super) restarted: Option<String>,
    /// The first response that came too late for its step to count.
    pub(super) late: Option<Late>,
    /// Whether there are cleanup steps and all passed or were not needed.
    pub(super) is_cleaned_up: bool,
    /// The responses that `--bless` writes.
    pub(super) responses: Vec<CollectedResponse>,
}

/// A response that came too late for its step to count.
#[derive(Debug, Clone)]
pub(super) struct Late {
    /// Index of the step in the scenario.
    pub(super) index: usize,
    /// How late it came, in one sentence.
    pub(super) reason: String,
}

/// The result of a step, with its exchange.
pub(super) struct StepResult {
    pub(super) judgement: Judgement,
    /// What the description of the API says about each exchange.
    pub(super) checked: Vec<Checked>,
    /// Number of findings that were dropped.
    pub(super) more_findings: usize,
    pub(super) exchange: Option<Exchange>,
    /// The program that the step has run.
    pub(super) executed: Option<Executed>,
    /// Base URL, if the request was not sent to the target itself.
    pub(super) base: Option<String>,
    /// The bodies, moved out of `exchange`.
    pub(super) bodies: Bodies,
    /// Output of the target during the step.
    pub(super) printed: String,
    /// Number of times the step was sent.
    pub(super) tries: u32,
    pub(super) took: Duration,
    /// Whether the run was interrupted before the response was judged. Such a step is not reported.
    pub(super) abandoned: bool,
}

impl ScenarioResult {
    /// Returns the results of a scenario that cannot run.
    pub(super) fn not_played(planned: &PlannedScenario, cannot_run: &CannotRun, redactor: Redactor) -> Self {
        let mut steps = Vec::new();
        let mut waits_for = None;
        for (index, asked) in &planned.steps {
            let step = &planned.scenario.steps[*index];
            if cannot_run.unstarted && step.role == Role::Precondition {
                waits_for = waits_for.or(Some(&step.id));
            }
            if *asked {
                let judgement = Judgement::because(cannot_run.verdict, cannot_run.reason.clone());
                let judgement = Judgement { waits_for: waits_for.map(ToString::to_string), ..judgement };
                steps.push((*index, StepResult { printed: cannot_run.printed.clone(), ..judgement.into() }));
            }
            // A setup step that covers a requirement fails for it. The steps that depend on it were not tried.
            if cannot_run.unstarted && step.role == Role::Setup && !step.covers.is_empty() {
                waits_for = waits_for.or(Some(&step.id));
            }
        }
        Self { steps, redactor, unstarted: cannot_run.unstarted, ..Self::default() }
    }

    /// Whether reports show something that the target has printed.
    pub(super) fn has_output(&self) -> bool {
        self.steps.iter().any(|(_, result)| !result.printed.is_empty())
    }

    /// Adds remarks that the scenario was played before, to the steps whose responses came too late.
    pub(super) fn note_replays(&mut self, late: &[Late]) {
        for Late { index, reason } in late {
            let at = self.steps.iter().position(|(other, _)| other >= index);
            let at = at.or(self.steps.len().checked_sub(1));
            if let Some((_, result)) = at.and_then(|at| self.steps.get_mut(at)) {
                let remark = format!("the scenario was played again, because {reason}");
                result.judgement.remarks.push(remark);
            }
        }
    }
}

impl From<Judgement> for StepResult {
    fn from(judgement: Judgement) -> Self {
        Self {
            judgement,
            checked: Vec::new(),
            more_findings: 0,
            exchange: None,
            executed: None,
            base: None,
            bodies: Bodies::default(),
            printed: String::new(),
            tries: 0,
            took: Duration::ZERO,
            abandoned: false,
        }
    }
}

impl StepResult {
    /// Whether a request was sent, or a program was run.
    pub(super) fn was_sent(&self) -> bool {
        self.exchange.is_some() || self.executed.is_some()
    }

    /// Whether reports show the exchange: all do that show passing steps.
    pub(super) fn is_shown(&self, options: &Options) -> bool {
        options.shows_passes
            || self.judgement.verdict > Verdict::Pass
            || self.checked.iter().any(|one| !one.violations.is_empty())
    }

    /// Drops what no report shows. `is_shown` says whether reports show the exchange.
    ///
    /// Records are built when a scenario is over, so that a secret that a late step captures is redacted in all of them.
    /// Without shortening, the bodies of all steps of all running scenarios would be in memory until then.
    pub(super) fn shorten(&mut self, definition: &StepDefinition, is_shown: bool) {
        let findings = &mut self.judgement.findings;
        self.more_findings = findings.len().saturating_sub(limit::FINDINGS);
        findings.truncate(limit::FINDINGS);
        // A truncated list would keep its capacity.
        findings.shrink_to_fit();
        findings.iter_mut().for_each(shorten);
        if let Some(reason) = &mut self.judgement.reason {
            cut(reason, limit::REASON);
        }
        let begin = self.printed.len().saturating_sub(Redactor::needed(limit::PRINTED));
        self.printed = self.printed.split_off(self.printed.ceil_char_boundary(begin));
        if let Some(exchange) = &mut self.exchange {
            self.bodies = Bodies::of(exchange, is_shown);
            let file = definition.first().filter(|_| definition.race().is_none());
            let file = file.and_then(|branch| branch.request.body.file());
            self.bodies.file = file.map(str::to_owned);
        }
        if let Some(executed) = &mut self.executed {
            self.bodies = Bodies::of_execution(executed, is_shown);
        }
    }
}

fn shorten(finding: &mut Finding) {
    cut(&mut finding.label, limit::LABEL);
    cut(&mut finding.expected, limit::VALUE);
    cut(&mut finding.received, limit::VALUE);
    if let Some(pointer) = &mut finding.pointer {
        cut(pointer, limit::LABEL);
    }
}
