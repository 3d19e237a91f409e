//! Order in which targets and scenarios start, chosen to shorten the run.
//!
//! Scenarios with the longest waits start first, because others can send requests during the waits. Scenarios with
//! equal waits start in plan order. Results are always emitted in plan order.

use std::cmp::Reverse;
use std::time::Duration;

use conformance_suite::plan::{Group, Plan, PlannedScenario};

/// Estimated duration of a target restart.
const START: Duration = Duration::from_secs(1);

/// Returns the groups in start order: the group whose longest scenario waits longest is first.
pub(super) fn groups(plan: &Plan) -> Vec<usize> {
    let waits = |group: &usize| plan.groups[*group].scenarios.iter().map(waits).max();
    let mut groups: Vec<usize> = (0..plan.groups.len()).collect();
    groups.sort_by_key(|group| Reverse(waits(group)));
    groups
}

/// Returns the indices of a group's scenarios in start order.
pub(super) fn scenarios(group: &Group) -> Vec<usize> {
    let mut scenarios: Vec<usize> = (0..group.scenarios.len()).collect();
    scenarios.sort_by_key(|index| Reverse(waits(&group.scenarios[*index])));
    scenarios
}

/// Total time in which a scenario waits and others can send.
fn waits(planned: &PlannedScenario) -> Duration {
    let steps = planned.steps.iter().map(|(index, _)| &planned.scenario.steps[*index]);
    steps.map(|step| step.wait + step.restart.as_ref().map_or(Duration::ZERO, |_| START)).sum()
}
