//! Verdicts of steps, with their reasons.

use std::fmt::{self, Display, Formatter};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use conformance_suite::source::Place;

/// Verdict of a step, ordered by severity. A scenario, a requirement and a run have the worst verdict of their steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The step was skipped, for a stated reason.
    Skipped,
    /// The response meets all expectations.
    Pass,
    /// The step could not be judged, for example because something that it needs is missing.
    Inconclusive,
    /// The response does not meet the expectations. A connection that the target accepted and then dropped counts as a
    /// response.
    Fail,
    /// This program failed.
    Error,
}

/// A verdict with its reasons.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The mismatches of a failed step.
    pub findings: Vec<Finding>,
    /// Number of further mismatches that are not in `findings`.
    pub more: usize,
    /// Notes about unusual but valid properties of the response, one sentence each.
    pub remarks: Vec<String>,
    /// Why the step neither passes nor fails, in one sentence.
    pub reason: Option<String>,
    /// Id of the failed step that blocked this one.
    pub waits_for: Option<String>,
}

/// An expectation that is not met.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Finding {
    /// Location of the expectation.
    pub place: Place,
    /// What was received, short enough for the line under the caret.
    pub label: String,
    /// JSON Pointer to the part of the body, if it concerns a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What differs, if it is not a part of the body: `status`, ``header `NAME` ``, ``cookie `NAME` ``, `body`, `events` or `time`; for a
    /// program, `exit`, `stdout` or `stderr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Expected value.
    pub expected: String,
    /// Received value.
    pub received: String,
}

impl Judgement {
    /// Returns a pass if there are no findings, or else a failure.
    #[must_use]
    pub fn of(findings: Vec<Finding>) -> Self {
        let verdict = if findings.is_empty() { Verdict::Pass } else { Verdict::Fail };
        Self { verdict, findings, more: 0, remarks: Vec::new(), reason: None, waits_for: None }
    }

    /// Creates a judgement that neither passes nor fails.
    pub fn because(verdict: Verdict, reason: impl Into<String>) -> Self {
        let reason = Some(reason.into());
        Self { verdict, findings: Vec::new(), more: 0, remarks: Vec::new(), reason, waits_for: None }
    }

    /// Marks a step as blocked by another step.
    #[must_use]
    pub fn waiting_for(self, step: &str) -> Self {
        Self { waits_for: Some(step.to_owned()), ..self }
    }
}

impl Finding {
    /// Creates a finding about a value that cannot be captured.
    pub(crate) fn of_capture(place: &Place, cause: &str) -> Self {
        Self {
            place: place.clone(),
            label: cause.to_owned(),
            pointer: None,
            part: Some("captured value".to_owned()),
            expected: "a value to capture".to_owned(),
            received: cause.to_owned(),
        }
    }

    /// Names the part of the response that differs.
    #[must_use]
    pub(crate) fn of(self, part: impl Into<String>) -> Self {
        Self { part: Some(part.into()), ..self }
    }

    /// Whether both findings come from the same expectation, for different parts of the response.
    #[must_use]
    pub fn expects_the_same(&self, other: &Self) -> bool {
        let at = |one: &Self| (one.place.source().path().to_owned(), one.place.line(), one.place.column());
        self.expected == other.expected && at(self) == at(other)
    }
}

impl Verdict {
    /// Name of the verdict, as in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
