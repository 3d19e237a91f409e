//! Steps with `timely`: a response that comes too late says nothing about the target.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use crate::verdict::{Judgement, Verdict};
use conformance_suite::suite::{Scenario, Step};

/// A point in time. The monotonic clock stops while the machine sleeps, and the sessions of a target do not.
#[derive(Clone, Copy)]
pub(super) struct Timestamp {
    monotonic: Instant,
    pub(super) wall: SystemTime,
}

impl Timestamp {
    pub(super) fn now() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// The time since another point in time, by the clock that shows more.
    fn since(self, earlier: Self) -> Duration {
        let wall = self.wall.duration_since(earlier.wall).unwrap_or_default();
        self.monotonic.saturating_duration_since(earlier.monotonic).max(wall)
    }
}

/// When the steps of a scenario were sent.
#[derive(Default)]
pub(super) struct Timeline {
    /// When the last try of each step began, by the index of the step.
    sent: BTreeMap<usize, Timestamp>,
    /// When the last response was complete.
    received: Option<Timestamp>,
}

impl Timeline {
    /// Records when a try of a step began.
    pub(super) fn sent(&mut self, index: usize, at: Timestamp) {
        self.sent.insert(index, at);
    }

    /// Records when a response was complete.
    pub(super) fn received(&mut self, at: Timestamp) {
        self.received = Some(at);
    }

    /// Returns why the last response came too late for its step to count, if it did.
    pub(super) fn late(&self, scenario: &Scenario, step: &Step, is_complete: bool) -> Option<String> {
        let timely = step.timely.as_deref()?;
        let after = scenario.steps.get(timely.after)?;
        let passed = self.received?.since(*self.sent.get(&timely.after)?);
        (passed > timely.within).then(|| {
            // Rounded up, so that it is not the limit itself.
            let passed = Duration::from_millis(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX));
            let passed = passed.saturating_add(Duration::from_millis(1));
            let came = if is_complete { "the response came" } else { "there was no complete response" };
            format!(
                "{came} {passed:?} after the step `{}`, and the step counts only within {:?}; the machine or the target is too slow",
                after.id, timely.within
            )
        })
    }

    /// Returns the result of a step whose earlier step was not sent, so that no response can be timely.
    pub(super) fn never_timely(&self, scenario: &Scenario, step: &Step) -> Option<Judgement> {
        let timely = step.timely.as_deref().filter(|timely| !self.sent.contains_key(&timely.after))?;
        let after = scenario.steps.get(timely.after)?;
        let reason = format!(
            "the step `{}` was not sent, and this step counts only within {:?} after it",
            after.id, timely.within
        );
        Some(Judgement::because(Verdict::Inconclusive, reason).waiting_for(&after.id))
    }
}
