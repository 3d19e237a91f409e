//! What is said of a step.

use std::fmt::{self, Display, Formatter};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::source::Place;

/// The verdict on a step. Ordered: a scenario, a requirement and a run take the worst of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was left out, for a reason that is given.
    Skipped,
    /// Everything that it demands holds.
    Pass,
    /// Nothing can be said: what it needs was not there.
    Inconclusive,
    /// The target answered, and not as demanded. A connection that was taken and dropped is an answer too.
    Fail,
    /// This program failed.
    Error,
}

/// A verdict with its reasons.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What did not hold, for a failure.
    pub findings: Vec<Finding>,
    /// How many findings there are besides.
    pub more: usize,
    /// What is odd about the response and fails nothing, each in one sentence.
    pub remarks: Vec<String>,
    /// Why there is no other verdict, in one sentence; for one that neither passes nor fails.
    pub reason: Option<String>,
    /// The step of the scenario that had to hold first, where this one was not tried because it did not.
    pub waits_for: Option<String>,
}

/// One demand that did not hold.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Finding {
    /// Where it is demanded.
    pub place: Place,
    /// What came instead, in words that fit behind a caret.
    pub label: String,
    /// Where in the body, as a JSON Pointer, when it speaks of a part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub received: String,
}

impl Judgement {
    /// Returns a pass when there are no findings, else a failure.
    #[must_use]
    pub fn of(findings: Vec<Finding>) -> Self {
        let verdict = if findings.is_empty() { Verdict::Pass } else { Verdict::Fail };
        Self { verdict, findings, more: 0, remarks: Vec::new(), reason: None, waits_for: None }
    }

    /// Returns a verdict that is neither a pass nor a failure.
    pub fn because(verdict: Verdict, reason: impl Into<String>) -> Self {
        let reason = Some(reason.into());
        Self { verdict, findings: Vec::new(), more: 0, remarks: Vec::new(), reason, waits_for: None }
    }

    /// Returns the same of a step that waits for another.
    #[must_use]
    pub fn waiting_for(self, step: &str) -> Self {
        Self { waits_for: Some(step.to_owned()), ..self }
    }
}

impl Finding {
    /// Whether another says of another part of the answer that it is not what the same demand expects.
    #[must_use]
    pub fn expects_the_same(&self, other: &Self) -> bool {
        let at = |one: &Self| (one.place.source().path().to_owned(), one.place.line(), one.place.column());
        self.expected == other.expected && at(self) == at(other)
    }
}

impl Verdict {
    /// Returns its word.
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
