//! Collects the responses that `--bless` writes to the suite.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use conformance_suite::expectation::Expectation;
use conformance_suite::matcher::Left;
use conformance_suite::response::Response;
use conformance_suite::source::Place;
use conformance_suite::template::Scope;

/// Collects the responses to the selected steps; shared by all scenarios of a run.
#[derive(Debug, Clone)]
pub struct Answers {
    named: Arc<BTreeSet<String>>,
    kept: Arc<Mutex<Vec<Answer>>>,
}

/// The response to one step.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The id of the step.
    pub id: String,
    /// The position of the step in its file.
    pub place: Place,
    /// What the step expected.
    pub expectation: Expectation,
    /// The response, and the values of all names when it came; `None` if there was not exactly one judged response.
    pub response: Option<(Response, Scope)>,
    /// The first mismatch, if the step failed.
    pub wrong: Option<Left>,
}

impl Answers {
    /// Creates a collector for the steps with these ids.
    #[must_use]
    pub fn to(named: BTreeSet<String>) -> Self {
        Self { named: Arc::new(named), kept: Arc::default() }
    }

    /// Whether the response to a step is collected.
    #[must_use]
    pub fn want(&self, id: &str) -> bool {
        self.named.contains(id)
    }

    /// Adds the response to a step.
    pub fn add(&self, answer: Answer) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
    }

    /// Takes the collected responses.
    #[must_use]
    pub fn take(&self) -> Vec<Answer> {
        std::mem::take(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
