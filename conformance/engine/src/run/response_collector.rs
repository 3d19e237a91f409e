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
pub struct ResponseCollector {
    selected: Arc<BTreeSet<String>>,
    collected: Arc<Mutex<Vec<CollectedResponse>>>,
}

/// The response to one step.
#[derive(Debug, Clone)]
pub struct CollectedResponse {
    /// The id of the step.
    pub id: String,
    /// The position of the step in its file.
    pub place: Place,
    /// What the step expected.
    pub expectation: Expectation,
    /// The response, and the values of all names when it came; `None` if there was not exactly one judged response.
    pub response: Option<(Response, Scope)>,
    /// The first mismatch, if the step failed.
    pub mismatch: Option<Left>,
}

impl ResponseCollector {
    /// Creates a collector for the steps with these ids.
    #[must_use]
    pub fn new(selected: BTreeSet<String>) -> Self {
        Self { selected: Arc::new(selected), collected: Arc::default() }
    }

    /// Whether the response to a step is collected.
    #[must_use]
    pub fn selects(&self, id: &str) -> bool {
        self.selected.contains(id)
    }

    /// Adds the response to a step.
    pub fn add(&self, response: CollectedResponse) {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner).push(response);
    }

    /// Takes the collected responses.
    #[must_use]
    pub fn take(&self) -> Vec<CollectedResponse> {
        std::mem::take(&mut self.collected.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
