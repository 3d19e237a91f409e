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
    // The first profile comes first: if it fails like another one, no other is started.
    let first = first(plan);
    let at = groups.iter().position(|group| Some(plan.groups[*group].profile.as_str()) == first);
    if let Some(at) = at {
        groups[..=at].rotate_right(1);
    }
    groups
}

/// Returns the profile of the plan that the suite declares first.
pub(super) fn first(plan: &Plan) -> Option<&str> {
    let profiles = plan.suite.profiles.iter().map(|profile| profile.name.as_str());
    profiles.into_iter().find(|name| plan.groups.iter().any(|group| group.profile == *name))
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
