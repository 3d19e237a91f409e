//! In which order targets are started and scenarios begin, so that a run takes little more than its longest chain.
//!
//! In goes a [`Plan`], out come places in it. What waits longest begins first: while it waits, others send. Among those that wait equally
//! long the order is that of the plan, and so is the order in which all of them are told.

use std::cmp::Reverse;
use std::time::Duration;

use crate::plan::{Group, Plan, Trial};

/// What one more start of a target is reckoned to take.
const START: Duration = Duration::from_secs(1);

/// Returns the groups in the order in which their targets start: the one whose longest scenario waits longest is the first.
pub(super) fn groups(plan: &Plan) -> Vec<usize> {
    let waits = |group: &usize| plan.groups[*group].trials.iter().map(waits).max();
    let mut groups: Vec<usize> = (0..plan.groups.len()).collect();
    groups.sort_by_key(|group| Reverse(waits(group)));
    groups
}

/// Returns the scenarios of a group in the order in which they begin.
pub(super) fn trials(group: &Group) -> Vec<usize> {
    let mut trials: Vec<usize> = (0..group.trials.len()).collect();
    trials.sort_by_key(|trial| Reverse(waits(&group.trials[*trial])));
    trials
}

/// How long a scenario lets others send.
fn waits(trial: &Trial) -> Duration {
    let steps = trial.steps.iter().map(|(index, _)| &trial.scenario.steps[*index]);
    steps.map(|step| step.wait + step.restart.as_ref().map_or(Duration::ZERO, |_| START)).sum()
}
