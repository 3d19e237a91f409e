//! What happens in a run, as it is told to the reports.
//!
//! A run is a [`Header`], a [`Record`] for each step, and a [`Footer`]; every report is a consumer of these and of nothing
//! else. All of it is redacted already.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::amount::{amount, grouped, time};
use crate::outcome::{self, Outcome};
use crate::source::{Excerpt, Place};
use crate::suite::Level;
use crate::verdict::{Finding, Verdict};

/// Something that happened. As a line of JSON it carries its `event`.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// The run begins.
    Header(Header),
    /// A step was judged.
    Step(Arc<Record>),
    /// The suite was played again and again.
    Load(Box<Load>),
    /// The run is over.
    Footer(Footer),
}

/// What is run.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Header {
    /// The version of the event stream.
    pub version: u32,
    /// The program and its version.
    pub conformance: String,
    /// When it began, as RFC 3339 writes it, in UTC.
    pub started: String,
    /// What the suite is about.
    pub suite: String,
    /// The target.
    pub target: String,
    /// The stage that is judged, if the suite has stages.
    pub stage: Option<String>,
    /// How many steps will be told.
    pub steps: usize,
    /// Which part of the whole it is, if it is no more than a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// A part of a run that is split across machines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct Shard {
    /// Which of the parts it is, counted from 1.
    pub index: usize,
    /// How many parts there are.
    pub of: usize,
    /// How many scenarios the whole has.
    pub scenarios: usize,
    /// Where its own scenarios stand among them, counted from 0, in the order in which they are told.
    pub positions: Vec<usize>,
    /// What the whole is, as the SHA-256 of its scenarios and steps: shards of one whole have the same.
    pub whole: String,
}

/// One step with its verdict.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Record {
    /// The id of the step, the same in every report and every run.
    pub id: String,
    /// The scenario.
    pub scenario: String,
    /// The profile.
    pub profile: String,
    /// What the step says.
    pub title: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The requirements that it covers, with their levels.
    pub covers: BTreeMap<String, Level>,
    /// Where the step stands.
    pub place: Place,
    /// The step in the words of its file.
    pub source: Excerpt,
    /// The uses of sequences and the row that brought it about, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Place>,
    /// How often it was sent; more than once where it is tried again.
    pub tries: u32,
    /// How long the step took with its waits and its repetitions, in milliseconds.
    pub milliseconds: f64,
    /// What did not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many differences there are besides those of `findings`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_findings: usize,
    /// Why there is no other verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The step that had to hold first, where this one was not tried because it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// What went over the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// What is worth knowing and decides nothing: one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// What the target printed meanwhile.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub printed: String,
    /// The reason of a failure that is known: it fails nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
    /// Whether the target itself did not start in this profile. What that means is settled when it is known whether it starts
    /// in any.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unstarted: bool,
    /// That the target was started again before this scenario, and why: what earlier scenarios had stored is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about by reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A request and its response, as a report shows them.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
pub struct Exchange {
    /// The request.
    pub sent: Sent,
    /// The redirects that were followed, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// Why a redirect was not followed although the request asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_end: Option<String>,
    /// Whether the request was sent again: it went out on a reused connection that the target had closed before any byte of a response.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resent: bool,
    /// The response, or as much of it as came.
    pub received: Option<Received>,
    /// A curl command that repeats it.
    pub again: String,
}

/// A redirection that was followed.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Hop {
    /// The response that sent elsewhere.
    pub received: Received,
    /// The request that it led to.
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
    /// How many header fields there are besides.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_headers: usize,
    /// The body as text, at most 16 KiB of it.
    pub body: Option<String>,
    /// The size of the whole body in bytes, where `body` is only its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// The SHA-256 of the whole body, where `body` is only its beginning.
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
    /// How many header fields there are besides.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_headers: usize,
    /// The body as text, at most 16 KiB of it.
    pub body: String,
    /// The size in bytes of what was read of the body, where `body` is only the beginning of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// The SHA-256 of the whole body, where `body` is only its beginning and the body was read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether the body goes on: nothing was expected of it, and what is beyond the first mebibyte was not read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Why the response is not complete: it began and did not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// How long it took, in milliseconds.
    pub milliseconds: f64,
}

impl Sent {
    /// Returns the body, cut to this many bytes, and what is to be said of the rest.
    #[must_use]
    pub fn beginning(&self, most: usize) -> (&str, Option<String>) {
        beginning(self.body.as_deref().unwrap_or_default(), most, self.bytes, self.sha256.as_deref(), false)
    }
}

/// The beginning of a body that a record has, and what is to be said of the rest.
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
        (_, true) => format!("… {size} bytes were read, and the body goes on"),
        (Some(sha256), false) => format!("… {size} bytes in all, SHA-256 {sha256}"),
        (None, false) => format!("… {size} bytes in all"),
    };
    (shown, Some(rest))
}

impl Received {
    /// Returns the body, cut to this many bytes, and what is to be said of the rest.
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

/// What the run came to.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Footer {
    /// How many steps have each verdict.
    pub steps: BTreeMap<Verdict, usize>,
    /// What is said of each requirement, in the order of the register.
    pub requirements: Vec<Standing>,
    /// The steps that cover no requirement and keep the run from exit code 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncovered: Vec<Uncovered>,
    /// The deviations that are no longer true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<Stale>,
    /// What the next stage would demand, where a stage before the last is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// What made the run as long as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical_path: Option<CriticalPath>,
    /// What else is to be known about the run: targets that were started again, and what could not be verified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Whether it was ended early: what was not reached is not told, and nothing is said of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// The exit code.
    pub exit: u8,
    /// How long the run took, in milliseconds.
    pub milliseconds: f64,
}

/// The chain of starts and scenarios that ended last: each began when the one before it ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CriticalPath {
    /// How long it was, in milliseconds.
    pub milliseconds: f64,
    /// Its longest links, in the order in which they came.
    pub links: Vec<Link>,
    /// How many links are not named, each shorter than those that are.
    pub others: usize,
}

/// A link of the critical path.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// Whether it is the start of a target. Otherwise it is a scenario.
    pub start: bool,
    /// The scenario, or the profile of the target, and the scenario that has it for itself.
    pub name: String,
    /// How long it took, in milliseconds.
    pub milliseconds: f64,
}

/// What came of playing a suite again and again. The first play of each step has said what its verdict is.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Load {
    /// How long it was, in seconds.
    pub seconds: f64,
    /// How many scenarios were played at once.
    pub jobs: usize,
    /// How many scenarios were repeated.
    pub scenarios: usize,
    /// How often one was played.
    pub repetitions: u64,
    /// How many exchanges there were.
    pub exchanges: u64,
    /// How many of them kept their verdict.
    pub kept: u64,
    /// How many exchanges there were in a second.
    pub per_second: f64,
    /// How many requests timed out.
    #[serde(default)]
    pub timeouts: u64,
    /// Why it ended before its time, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// The scenarios that were not repeated, and why.
    pub left_out: Vec<LeftOut>,
    /// Every step that was repeated, in the order of the plan.
    pub steps: Vec<Pace>,
}

/// A scenario that was not repeated.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct LeftOut {
    /// The scenario.
    pub scenario: String,
    /// Why it was not.
    pub reason: String,
}

/// How a step did under load.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Pace {
    /// The id of the step.
    pub id: String,
    /// How often it was sent.
    pub exchanges: u64,
    /// How many of these kept their verdict.
    pub kept: u64,
    /// The verdict that they should keep.
    pub verdict: Verdict,
    /// How long it took, in milliseconds: half of them no longer.
    pub p50: f64,
    /// Nine of ten no longer.
    pub p90: f64,
    /// Ninety-nine of a hundred no longer.
    pub p99: f64,
    /// Of a thousand all but one no longer.
    pub p999: f64,
    /// None longer.
    pub max: f64,
}

/// A step that covers no requirement and keeps the run from exit code 0.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Uncovered {
    /// The id of the step.
    pub id: String,
    /// Its outcome.
    pub outcome: Outcome,
}

/// A deviation that is no longer true.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Stale {
    /// Where it stands, as `file:line:column`.
    pub at: String,
    /// What is so instead.
    pub message: String,
}

/// What a stage demands that the one before it does not.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Next {
    /// The stage.
    pub stage: String,
    /// The requirements.
    pub requirements: Vec<Demand>,
}

/// A requirement of a later stage.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Demand {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// The demand.
    pub text: String,
}

/// What is said of a requirement.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// Where it stands in the specification.
    pub clause: String,
    /// The demand.
    pub text: String,
    /// The worst verdict of the steps that cover it; none when no step ran.
    pub verdict: Option<Verdict>,
    /// Whether all that does not hold of it is known, so that it fails nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deviates: bool,
    /// The worst outcome of the steps that cover it; none when no step ran, and in reports of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why no step ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Record {
    /// Returns the outcome of the step.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome::of_step(self.verdict, self.covers.values().copied(), self.deviation.is_some())
    }
}

/// Counts the requirements of a level: how many hold, and how many were tried.
#[must_use]
pub fn held<'a>(requirements: impl IntoIterator<Item = &'a Standing>, level: Level) -> (usize, usize) {
    let of_level = requirements.into_iter().filter(|standing| standing.level == level);
    outcome::count(of_level.filter_map(Standing::outcome))
}

impl Standing {
    /// Returns its outcome, where a step ran.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        let of = |verdict| Outcome::of_requirement(verdict, self.level, self.deviates);
        self.outcome.or_else(|| self.verdict.map(of))
    }
}

impl Record {
    /// Returns what tells a failure from others, without the evidence: it takes a few hundred bytes.
    #[must_use]
    pub fn brief(&self) -> Self {
        /// The findings that are kept, and the bytes of each text.
        const KEPT: usize = 4;
        const TEXT: usize = 300;
        let cut = |text: &str| text[..text.floor_char_boundary(TEXT)].to_owned();
        let findings = self.findings.iter().take(KEPT).map(|finding| Finding {
            place: finding.place.clone(),
            label: cut(&finding.label),
            pointer: finding.pointer.as_deref().map(cut),
            expected: cut(&finding.expected),
            received: cut(&finding.received),
        });
        let exchange = self.exchange.as_ref().map(|exchange| Exchange {
            sent: Sent {
                method: exchange.sent.method.clone(),
                target: cut(&exchange.sent.target),
                ..Sent::default()
            },
            received: exchange.received.as_ref().map(|received| Received {
                status: received.status,
                milliseconds: received.milliseconds,
                ..Received::default()
            }),
            ..Exchange::default()
        });
        Self {
            source: Excerpt { line: self.source.line, text: String::new() },
            findings: findings.collect(),
            exchange,
            printed: String::new(),
            id: self.id.clone(),
            scenario: self.scenario.clone(),
            profile: self.profile.clone(),
            title: self.title.clone(),
            covers: self.covers.clone(),
            place: self.place.clone(),
            via: self.via.clone(),
            reason: self.reason.clone(),
            waits_for: self.waits_for.clone(),
            remarks: Vec::new(),
            deviation: self.deviation.clone(),
            restarted: self.restarted.clone(),
            ..*self
        }
    }

    /// Says how often the step was sent and how long that took with its pauses, where it was tried again.
    #[must_use]
    pub fn repetition(&self) -> Option<String> {
        (self.tries > 1).then(|| format!("{} in {}", amount(self.tries, "time"), time(self.milliseconds)))
    }
}

impl Footer {
    /// Says after how many of the steps that were to be told the run was interrupted, if it was.
    #[must_use]
    pub fn interruption(&self, planned: usize) -> Option<String> {
        // What is played again and again is told several times.
        let told = self.steps.values().sum::<usize>().min(planned);
        self.interrupted.then(|| format!("interrupted after {told} of {}", amount(planned, "step")))
    }

    /// Counts the requirements of a level: how many hold, and how many were tried.
    #[must_use]
    pub fn held(&self, level: Level) -> (usize, usize) {
        held(&self.requirements, level)
    }
}
