//! What a run is doing at the moment, for progress displays. Events come in plan order, so they may come late.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use conformance_suite::plan::PlannedScenario;

/// Shared handle to what a run is doing.
#[derive(Debug, Clone, Default)]
pub struct Activity(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    done: usize,
    /// Running scenarios by position in the plan: the id, and when each began.
    running: BTreeMap<usize, (String, Instant)>,
}

impl Activity {
    pub(super) fn begin(&self, scenario: &PlannedScenario) {
        let name = scenario.scenario.id.clone();
        self.state().running.insert(scenario.order, (name, Instant::now()));
    }

    pub(super) fn end(&self, scenario: &PlannedScenario) {
        let mut state = self.state();
        state.running.remove(&scenario.order);
        state.done += scenario.steps.iter().filter(|(_, asked)| *asked).count();
    }

    /// Returns the number of steps of finished scenarios.
    #[must_use]
    pub fn done(&self) -> usize {
        self.state().done
    }

    /// Returns the id of the scenario that has run longest, and its time; none if no scenario runs.
    #[must_use]
    pub fn longest(&self) -> Option<(String, Duration)> {
        let state = self.state();
        let (name, began) = state.running.values().min_by_key(|(_, began)| *began)?;
        Some((name.clone(), began.elapsed()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
