//! The events of a run: a [`Header`], a [`Record`] for each step, and a [`Footer`].
//!
//! Reports consume nothing else. Events contain no secrets: they are redacted when they are created.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub use crate::identity::Identity;
use crate::outcome::{self, Outcome};
use crate::target::isolation::Mechanism;
use crate::verdict::{Finding, Verdict};
use conformance_suite::amount::{amount, grouped, time};
use conformance_suite::plan::Plan;
pub use conformance_suite::plan::{Demand, Next, Shard};
use conformance_suite::shell::quote;
use conformance_suite::source::{Excerpt, Place};
use conformance_suite::suite::Level;

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

/// The scenario of the records about the operations of a description.
pub const OPERATIONS: &str = "openapi";
/// The requirement that every exchange matches the description.
pub const REQUIREMENT: &str = "OPENAPI";

/// Whether an id is that of a record about an operation.
#[must_use]
pub fn is_operation(id: &str) -> bool {
    id.strip_prefix(OPERATIONS).is_some_and(|rest| rest.starts_with("::"))
}

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

/// A description of an API that exchanges are checked against.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct ApiDescription {
    /// Its title.
    pub title: String,
    /// Its file.
    pub file: String,
    /// The level of the requirement that every exchange matches it.
    pub level: Level,
    /// Number of its operations.
    pub operations: usize,
}

/// Which parts of a description the steps of a run used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct ApiCoverage {
    /// Counts of each kind of part.
    pub counts: Vec<ApiCount>,
    /// Operations that no step used, and unused parts of the others.
    pub missing: Vec<String>,
}

/// How many parts of a kind were used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct ApiCount {
    /// The kind: `operations`, `parameters`, `statuses`, `content-types` or `branches`.
    pub kind: String,
    /// Number of parts.
    pub total: usize,
    /// Number of parts that were used.
    pub covered: usize,
}

/// The exchanges of a step with one operation of the description.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct OperationCheck {
    /// The method and the path of the operation; absent if the description has none for the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Source location of the operation in the description.
    pub place: Place,
    /// The violations. Their places are in the description.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Finding>,
    /// Parts of the description that could not be used, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
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
    #[serde(default, skip_serializing_if = "is_zero")]
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about by reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A request and its response.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
pub struct Exchange {
    /// The request.
    pub sent: Sent,
    /// Followed redirects, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// Why a redirect was not followed although the step requests it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_end: Option<String>,
    /// Whether the request was sent a second time because the target had closed the reused connection before any byte of a response.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resent: bool,
    /// The response, possibly incomplete.
    pub received: Option<Received>,
    /// A curl command that reproduces the request.
    pub again: String,
}

/// A program that a step has run in the folder of the target.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
pub struct Execution {
    /// The command, quoted for a shell.
    pub command: String,
    /// What it was given on standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Printed>,
    /// The exit code; absent if the program did not exit by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// How the program ended, if it did not exit by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// What it printed to standard output.
    pub stdout: Printed,
    /// What it printed to standard error.
    pub stderr: Printed,
    /// Run time in milliseconds.
    pub milliseconds: f64,
}

/// The input or the output of a program.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
pub struct Printed {
    /// The text, at most 16 KiB of it.
    pub text: String,
    /// Size in bytes, if `text` is only the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// SHA-256, if `text` is only the beginning of a text that was read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether the program printed more than was read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Execution {
    /// Returns how the program ended, as a phrase: `exit code 1`.
    #[must_use]
    pub fn ended(&self) -> String {
        match (self.exit, &self.end) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(end)) => end.clone(),
            (None, None) => "no exit code".to_owned(),
        }
    }

    /// Returns the input and the outputs that are not empty, with their names.
    pub fn streams(&self) -> impl Iterator<Item = (&'static str, &Printed)> {
        let stdin = self.stdin.as_ref().map(|stdin| ("stdin", stdin));
        let all = stdin.into_iter().chain([("stdout", &self.stdout), ("stderr", &self.stderr)]);
        all.filter(|(_, printed)| !printed.text.is_empty())
    }
}

impl Printed {
    /// Returns at most `most` bytes of the text, and a note about the rest.
    #[must_use]
    pub fn beginning(&self, most: usize) -> (&str, Option<String>) {
        beginning(&self.text, most, self.bytes, self.sha256.as_deref(), self.cut)
    }
}

/// A followed redirect.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Hop {
    /// The redirect response.
    pub received: Received,
    /// The request to the new location.
    pub sent: Sent,
}

/// A request.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// Number of header fields that are left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_headers: usize,
    /// The body as text, at most 16 KiB of it.
    pub body: Option<String>,
    /// Size of the body in bytes, if `body` is only its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// SHA-256 of the body, if `body` is only its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A response.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// Number of header fields that are left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_headers: usize,
    /// The body as text, at most 16 KiB of it.
    pub body: String,
    /// Number of bytes of the body that were read, if `body` is only their beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// SHA-256 of the body, if `body` is only its beginning and the body was read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether the body is longer: no expectation needs it, so only the first MiB was read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Why the response is incomplete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// Response time in milliseconds.
    pub milliseconds: f64,
}

impl Sent {
    /// Returns at most `most` bytes of the body, and a note about the rest.
    #[must_use]
    pub fn beginning(&self, most: usize) -> (&str, Option<String>) {
        beginning(self.body.as_deref().unwrap_or_default(), most, self.bytes, self.sha256.as_deref(), false)
    }
}

/// Returns at most `most` bytes of a body, and a note about the rest.
fn beginning<'b>(
    body: &'b str,
    most: usize,
    bytes: Option<usize>,
    sha256: Option<&str>,
    cut: bool,
) -> (&'b str, Option<String>) {
    let shown = &body[..body.floor_char_boundary(most)];
    if shown.len() == body.len() && bytes.is_none() && !cut {
        return (shown, None);
    }
    let size = grouped(bytes.unwrap_or(body.len()));
    let rest = match (sha256, cut) {
        (_, true) => format!("… {size} bytes were read; the body is longer"),
        (Some(sha256), false) => format!("… {size} bytes in total, SHA-256 {sha256}"),
        (None, false) => format!("… {size} bytes in total"),
    };
    (shown, Some(rest))
}

impl Received {
    /// Returns at most `most` bytes of the body, and a note about the rest.
    #[must_use]
    pub fn beginning(&self, most: usize) -> (&str, Option<String>) {
        beginning(&self.body, most, self.bytes, self.sha256.as_deref(), self.cut)
    }

    /// Returns the first value of a header field; `name` is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
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

/// Results of a load test. The first run of each step determines the expected verdict.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Load {
    /// Duration in seconds.
    pub seconds: f64,
    /// Number of concurrent scenarios.
    pub jobs: usize,
    /// Number of repeated scenarios.
    pub scenarios: usize,
    /// Number of scenario runs.
    pub repetitions: u64,
    /// Number of exchanges.
    pub exchanges: u64,
    /// Number of exchanges with the expected verdict.
    pub kept: u64,
    /// Exchanges per second.
    pub per_second: f64,
    /// Number of requests that timed out.
    #[serde(default)]
    pub timeouts: u64,
    /// Why the test ended early, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Scenarios that were not repeated, with reasons.
    pub left_out: Vec<LeftOut>,
    /// Results of the repeated steps, in the order of the plan.
    pub steps: Vec<Pace>,
}

/// A scenario that was not repeated.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct LeftOut {
    /// The scenario.
    pub scenario: String,
    /// Why it was not repeated.
    pub reason: String,
}

/// Results of a step in a load test. Times are in milliseconds.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Pace {
    /// The id of the step.
    pub id: String,
    /// Number of exchanges.
    pub exchanges: u64,
    /// Number of exchanges with the expected verdict.
    pub kept: u64,
    /// The expected verdict.
    pub verdict: Verdict,
    /// Median response time.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p999: f64,
    /// Maximum.
    pub max: f64,
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
