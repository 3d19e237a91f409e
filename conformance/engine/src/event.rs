//! The events of a run: a [`Header`], a [`Record`] for each step, and a [`Footer`].
//!
//! Reports consume nothing else. Events contain no secrets: they are redacted when they are created.

mod exchange;
mod load;
mod openapi;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::outcome::{self, Outcome};
use crate::target::isolation::Mechanism;
use crate::verdict::{Finding, Verdict};
use conformance_suite::amount::{amount, time};
use conformance_suite::plan::Plan;
use conformance_suite::shell::quote;
use conformance_suite::source::{Excerpt, Place};
use conformance_suite::suite::Level;

pub use crate::identity::Identity;
pub use conformance_suite::plan::{Demand, Next, Shard};
pub use exchange::{Exchange, Execution, Hop, Printed, Received, Sent};
pub use load::{LeftOut, Load, Pace};
pub use openapi::{
    ApiCount, ApiCoverage, ApiDescription, OPERATIONS, OperationCheck, REQUIREMENT, is_operation,
};

/// An event. In JSON Lines, the member `event` names its kind.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "a run has one header")]
pub enum Event {
    /// The run starts.
    Header(Header),
    /// A step ended.
    Step(Arc<Record>),
    /// A load test ended.
    Load(Box<Load>),
    /// The run ended.
    Footer(Footer),
}

/// Version of the event stream format.
pub const EVENTS_VERSION: u32 = 1;

/// All events of a run.
#[derive(Debug, Clone)]
pub struct FinishedRun {
    /// The first event.
    pub header: Header,
    /// Every step, in plan order.
    pub records: Vec<Arc<Record>>,
    /// The last event.
    pub footer: Footer,
}

impl FinishedRun {
    /// Returns the steps, grouped by scenario.
    pub fn scenarios(&self) -> impl Iterator<Item = &[Arc<Record>]> + Send + Sync {
        self.records.chunk_by(|one, next| one.scenario == next.scenario)
    }

    /// Describes after how many steps the run was interrupted; none if it was not.
    #[must_use]
    pub fn interruption(&self) -> Option<String> {
        self.footer.interruption(self.header.steps)
    }
}

/// The first event: what is run.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Header {
    /// The version of the event stream.
    pub version: u32,
    /// Version of the program.
    pub conformance: String,
    /// Start time in UTC (RFC 3339).
    pub started: String,
    /// Title of the suite.
    pub suite: String,
    /// Title of the target.
    pub target: String,
    /// Version of the suite, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite_version: Option<String>,
    /// SHA-256 of the files of the suite; empty in reports of version 0.1.0.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suite_digest: String,
    /// Filters that selected the steps; empty for all steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<String>,
    /// Profiles that were selected; empty for all profiles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// What the implementation is, as its target file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implementation: Option<Identity>,
    /// The stage that is checked, if the suite has stages.
    pub stage: Option<String>,
    /// Number of steps in the plan.
    pub steps: usize,
    /// The shard, if the run is only a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// What isolated the started programs; absent if they were not isolated, or none was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Mechanism>,
    /// The description of the API that every exchange is checked against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openapi: Option<ApiDescription>,
    /// Environment variables of each profile of the plan, as the suite writes them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environments: BTreeMap<String, BTreeMap<String, String>>,
    /// Arguments of `conformance run` that name the suite and the command or file of the target; absent for a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What `uuid()` and `random()` were computed from, for `--seed`; absent if no step uses them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
}

impl Header {
    /// Creates the header of a run that starts now.
    pub(crate) fn new(
        plan: &Plan,
        target: &str,
        implementation: Option<Identity>,
        isolation: Option<Mechanism>,
        seed: Option<u32>,
        openapi: Option<ApiDescription>,
    ) -> Self {
        let scenarios = plan.scenarios();
        let steps = scenarios.iter().flat_map(|scenario| &scenario.steps).filter(|(_, asked)| *asked);
        Self {
            version: EVENTS_VERSION,
            conformance: env!("CARGO_PKG_VERSION").to_owned(),
            started: OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
            suite: plan.suite.title.clone(),
            suite_version: plan.suite.version.clone(),
            suite_digest: plan.suite.digest.clone(),
            filters: plan.filters.clone(),
            profiles: plan.profiles.clone(),
            implementation,
            target: target.to_owned(),
            stage: plan.suite.stages.get(plan.stage).cloned(),
            steps: steps.count(),
            shard: plan.shard.clone(),
            isolation,
            openapi,
            environments: environments(plan),
            command: None,
            seed: seed.filter(|_| plan.is_random()),
        }
    }

    /// Returns the environment of a profile, such as `MODE=strict DEBUG=1`; none if it sets no variable.
    #[must_use]
    pub fn environment(&self, profile: &str) -> Option<String> {
        let variables = self.environments.get(profile)?.iter();
        Some(variables.map(|(name, value)| format!("{name}={}", quote(value))).collect::<Vec<_>>().join(" "))
    }
}

/// Returns the variables of each profile in which the plan starts a target.
fn environments(plan: &Plan) -> BTreeMap<String, BTreeMap<String, String>> {
    let profiles = plan.groups.iter().filter_map(|group| plan.suite.profile(&group.profile));
    let variables = profiles.filter(|profile| !profile.env.is_empty()).map(|profile| {
        let env = profile.env.iter().map(|(name, value)| (name.clone(), value.written().to_owned()));
        (profile.name.clone(), env.collect())
    });
    variables.collect()
}

/// Converts a duration to milliseconds with microsecond precision, as events contain it.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// The result of a step.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Record {
    /// Id of the step; stable across runs and reports.
    pub id: String,
    /// Id of the scenario.
    pub scenario: String,
    /// The profile.
    pub profile: String,
    /// Title of the step.
    pub title: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Requirements that the step covers, with their levels.
    pub covers: BTreeMap<String, Level>,
    /// Source location of the step.
    pub place: Place,
    /// Source lines of the step.
    pub source: Excerpt,
    /// Source locations of the sequences and the row from which the step was expanded, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Place>,
    /// Number of attempts; more than 1 if the step was retried.
    pub tries: u32,
    /// Whether it passed only after a retry.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flaky: bool,
    /// Duration in milliseconds, including waits and retries.
    pub milliseconds: f64,
    /// The mismatches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Number of mismatches that are not in `findings`.
    #[serde(default, skip_serializing_if = "exchange::is_zero")]
    pub more_findings: usize,
    /// Reason of the verdict, if it is not a mismatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Id of the step that blocks this one: it had to pass first and did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// The request and the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// The program that the step has run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Execution>,
    /// Remarks that do not affect the verdict, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// What the description of the API says about the exchanges; empty without a description.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub openapi: Vec<OperationCheck>,
    /// Output of the target during the step.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub printed: String,
    /// Reason of a known failure, which does not fail the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
    /// Whether the target did not start in this profile. The final verdict depends on whether it starts in any profile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unstarted: bool,
    /// Why the target was restarted before this scenario; data of earlier scenarios is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted: Option<String>,
}

/// The last event: the summary of the run.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Footer {
    /// Number of steps with each verdict.
    pub steps: BTreeMap<Verdict, usize>,
    /// Result of each requirement, in the order of the register.
    pub requirements: Vec<Standing>,
    /// Steps that fail the run without covering a requirement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncovered: Vec<Uncovered>,
    /// Deviations that no longer apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<Stale>,
    /// Requirements of the next stage, if the checked stage is not the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// Other notes: restarted targets, and checks that were not possible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Which parts of the description of the API the steps used; absent without a description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openapi: Option<ApiCoverage>,
    /// Whether the suite or the user gives points to requirements.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub graded: bool,
    /// Whether the run was interrupted; the remaining steps have no records.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// The exit code.
    pub exit: u8,
    /// Duration of the run in milliseconds.
    pub milliseconds: f64,
}

/// A step that fails the run without covering a requirement.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Uncovered {
    /// The id of the step.
    pub id: String,
    /// Its outcome.
    pub outcome: Outcome,
}

/// A deviation that no longer applies.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Stale {
    /// Source location, as `file:line:column`.
    pub at: String,
    /// What happened instead.
    pub message: String,
}

/// The result of a requirement.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// Clause of the specification.
    pub clause: String,
    /// Text of the requirement.
    pub text: String,
    /// Worst verdict of the steps that cover it; none if no step ran.
    pub verdict: Option<Verdict>,
    /// Whether all its failures are known, so that it does not fail the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deviates: bool,
    /// Worst outcome of the steps that cover it; none if no step ran, and in reports of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why no step ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Points of the requirement; none if no step ran, and in reports of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<f64>,
    /// Points that the target earned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<f64>,
    /// Whether graders show the result only after the deadline.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

impl Record {
    /// Returns the outcome of the step.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome::of_step(self.verdict, self.covers.values().copied(), self.deviation.is_some())
    }

    /// Describes the number of attempts and their duration; none if the step was not retried.
    #[must_use]
    pub fn repetition(&self) -> Option<String> {
        let flaky = if self.flaky { ", flaky" } else { "" };
        let tries = || format!("{} in {}{flaky}", amount(self.tries, "time"), time(self.milliseconds));
        (self.tries > 1).then(tries)
    }
}

/// Returns how many requirements of a level pass, and how many were tested.
#[must_use]
pub fn held<'a>(requirements: impl IntoIterator<Item = &'a Standing>, level: Level) -> (usize, usize) {
    let of_level = requirements.into_iter().filter(|standing| standing.level == level);
    outcome::count(of_level.filter_map(Standing::outcome))
}

impl Standing {
    /// Returns the outcome; none if no step ran.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        let of = |verdict| Outcome::of_requirement(verdict, self.level, self.deviates);
        self.outcome.or_else(|| self.verdict.map(of))
    }

    /// Returns the points of the requirement; 0 if it was not tested.
    #[must_use]
    pub fn points(&self) -> f64 {
        match self.outcome() {
            None | Some(Outcome::Skipped) => 0.0,
            Some(_) => self.points.unwrap_or_else(|| self.level.points()),
        }
    }

    /// Returns the points that the target earned.
    #[must_use]
    pub fn earned(&self) -> f64 {
        let all = || if self.outcome() == Some(Outcome::Passed) { self.points() } else { 0.0 };
        self.earned.unwrap_or_else(all)
    }
}

impl Footer {
    /// Returns the earned points and the maximum.
    #[must_use]
    pub fn score(&self) -> (f64, f64) {
        let of = |points: fn(&Standing) -> f64| self.requirements.iter().map(points).sum();
        (of(Standing::earned), of(Standing::points))
    }

    /// Describes after how many of the planned steps the run was interrupted; none if it was not.
    #[must_use]
    pub fn interruption(&self, planned: usize) -> Option<String> {
        // A load test reports steps several times.
        let reported = self.steps.values().sum::<usize>().min(planned);
        self.interrupted.then(|| format!("interrupted after {reported} of {}", amount(planned, "step")))
    }

    /// Returns how many requirements of a level pass, and how many were tested.
    #[must_use]
    pub fn held(&self, level: Level) -> (usize, usize) {
        held(&self.requirements, level)
    }
}
