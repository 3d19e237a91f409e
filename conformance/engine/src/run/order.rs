//! Order in which targets and scenarios start, chosen to shorten the run.
//!
//! Scenarios with the longest waits start first, because others can send requests during the waits. Scenarios with
//! equal waits start in plan order. Results are always emitted in plan order.

use std::cmp::Reverse;
use std::time::Duration;

use conformance_suite::plan::{Group, Plan, Trial};

/// Estimated duration of a target restart.
const START: Duration = Duration::from_secs(1);

/// Returns the groups in start order: the group whose longest scenario waits longest is first.
pub(super) fn groups(plan: &Plan) -> Vec<usize> {
    let waits = |group: &usize| plan.groups[*group].trials.iter().map(waits).max();
    let mut groups: Vec<usize> = (0..plan.groups.len()).collect();
    groups.sort_by_key(|group| Reverse(waits(group)));
    groups
}

/// Returns the indices of a group's scenarios in start order.
pub(super) fn trials(group: &Group) -> Vec<usize> {
    let mut trials: Vec<usize> = (0..group.trials.len()).collect();
    trials.sort_by_key(|trial| Reverse(waits(&group.trials[*trial])));
    trials
}

/// Total time in which a scenario waits and others can send.
fn waits(trial: &Trial) -> Duration {
    let steps = trial.steps.iter().map(|(index, _)| &trial.scenario.steps[*index]);
    steps.map(|step| step.wait + step.restart.as_ref().map_or(Duration::ZERO, |_| START)).sum()
}
