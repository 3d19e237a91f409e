//! Points of a run. A blocked requirement is not scored as if it failed: all requirements that a fault blocks cost together at most as
//! many points as the requirements that the fault itself fails.

use std::collections::BTreeMap;

use crate::event::{Record, Standing};
use crate::outcome::Outcome;
use crate::verdict::Verdict;

/// What is needed of the steps that did not pass.
#[derive(Default)]
pub(crate) struct Losses {
    steps: BTreeMap<String, Step>,
}

struct Step {
    fails: bool,
    waits_for: Option<String>,
    covers: Vec<String>,
}

/// Maximum number of steps between a blocked step and the one that fails.
const MAX_CHAIN: usize = 1000;

impl Losses {
    /// Adds a step.
    pub(crate) fn add(&mut self, record: &Record) {
        if record.verdict > Verdict::Pass {
            let step = Step {
                fails: record.verdict > Verdict::Inconclusive,
                waits_for: record.waits_for.clone(),
                covers: record.covers.keys().cloned().collect(),
            };
            self.steps.insert(record.id.clone(), step);
        }
    }

    /// Sets the points and the earned points of every requirement that was tested.
    pub(crate) fn score(&self, requirements: &mut [Standing]) {
        let mut blocked: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let blockers = self.blockers();
        for (index, one) in requirements.iter_mut().enumerate() {
            let outcome = one.outcome();
            if outcome.is_none_or(|outcome| outcome == Outcome::Skipped) {
                (one.points, one.earned) = (None, None);
                continue;
            }
            let points = one.points.unwrap_or_else(|| one.level.points());
            let earned = if outcome == Some(Outcome::Passed) { points } else { 0.0 };
            (one.points, one.earned) = (Some(points), Some(earned));
            let is_open = matches!(outcome, Some(Outcome::Inconclusive | Outcome::OptionalInconclusive));
            if let Some(blocker) = blockers.get(one.id.as_str()).filter(|_| is_open) {
                blocked.entry(blocker).or_default().push(index);
            }
        }
        for (blocker, indices) in blocked {
            let points = |index: &usize| requirements.get(*index).map_or(0.0, Standing::points);
            let sum: f64 = indices.iter().map(points).sum();
            let largest = indices.iter().map(points).fold(0.0, f64::max);
            let covers = self.steps.get(blocker).map(|step| step.covers.as_slice()).unwrap_or_default();
            let failed = requirements.iter().filter(|one| {
                covers.contains(&one.id)
                    && matches!(one.outcome(), Some(Outcome::Failed | Outcome::OptionalFailed))
            });
            let cost: f64 = failed.map(Standing::points).sum();
            // A fault that costs nothing itself blocks at the price of one requirement.
            let cost = if cost > 0.0 { cost } else { largest };
            if sum <= cost {
                continue;
            }
            let kept = 1.0 - cost / sum;
            for index in indices {
                if let Some(one) = requirements.get_mut(index) {
                    one.earned = Some(one.points() * kept);
                }
            }
        }
    }

    /// Returns for each requirement the failing step that blocks one of its steps; none if another step fails or is inconclusive.
    fn blockers(&self) -> BTreeMap<&str, &str> {
        let mut blockers: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for step in self.steps.values() {
            let blocker = step.waits_for.as_deref().and_then(|id| self.root(id));
            for requirement in &step.covers {
                let known = blockers.entry(requirement).or_insert(blocker);
                *known = known.and(blocker);
            }
        }
        blockers.into_iter().filter_map(|(requirement, blocker)| Some((requirement, blocker?))).collect()
    }

    /// Follows blocked steps to the one that fails.
    fn root(&self, id: &str) -> Option<&str> {
        let (mut id, mut step) = self.steps.get_key_value(id)?;
        for _ in 0..MAX_CHAIN {
            match &step.waits_for {
                _ if step.fails => return Some(id),
                Some(next) => (id, step) = self.steps.get_key_value(next)?,
                None => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use conformance_suite::suite::Level;

    fn standing(id: &str, verdict: Verdict, points: f64) -> Standing {
        Standing {
            id: id.to_owned(),
            level: Level::Must,
            clause: String::new(),
            text: String::new(),
            verdict: Some(verdict),
            deviates: false,
            outcome: None,
            reason: None,
            points: Some(points),
            earned: None,
            hidden: false,
        }
    }

    fn step(id: &str, verdict: &str, covers: &str, waits_for: Option<&str>) -> Record {
        let record = serde_json::json!({
            "id": id, "scenario": "s", "profile": "", "title": "", "verdict": verdict, "covers": {covers: "must"},
            "place": {"file": "s.yaml", "line": 1, "column": 1, "width": 1}, "source": {"line": 1, "text": ""},
            "tries": 1, "milliseconds": 0.0, "waits_for": waits_for,
        });
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn blocked_requirements_cost_no_more_than_the_fault_that_blocks_them() {
        let mut losses = Losses::default();
        losses.add(&step("login", "fail", "A-1", None));
        losses.add(&step("me", "inconclusive", "A-2", Some("login")));
        losses.add(&step("logout", "inconclusive", "A-3", Some("me")));
        losses.add(&step("late", "inconclusive", "A-4", None));
        let mut all = [
            standing("A-1", Verdict::Fail, 2.0),
            standing("A-2", Verdict::Inconclusive, 1.0),
            standing("A-3", Verdict::Inconclusive, 3.0),
            standing("A-4", Verdict::Inconclusive, 5.0),
            standing("A-5", Verdict::Pass, 7.0),
        ];
        losses.score(&mut all);
        let earned: Vec<f64> = all.iter().map(Standing::earned).collect();
        assert_eq!(earned, [0.0, 0.5, 1.5, 0.0, 7.0]);
    }

    #[test]
    fn a_fault_without_points_blocks_at_the_price_of_one_requirement() {
        let mut losses = Losses::default();
        losses.add(&step("setup", "fail", "B-1", None));
        losses.add(&step("me", "inconclusive", "A-2", Some("setup")));
        losses.add(&step("logout", "inconclusive", "A-3", Some("setup")));
        let mut all =
            [standing("A-2", Verdict::Inconclusive, 2.0), standing("A-3", Verdict::Inconclusive, 2.0)];
        losses.score(&mut all);
        let earned: Vec<f64> = all.iter().map(Standing::earned).collect();
        assert_eq!(earned, [1.0, 1.0]);
    }
}
