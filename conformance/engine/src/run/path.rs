//! Critical path: the chain of target starts and scenarios that determined the duration of the run.
//!
//! Each link began when the one before it ended, because it waited for its target or for a permit. No clock is read
//! here.

use std::time::Duration;

/// A measured time span: a target start or a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lap {
    pub(super) activity: Activity,
    /// Start, relative to the start of the run.
    pub(super) from: Duration,
    pub(super) to: Duration,
}

/// Activity a time span measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// Start of the target of a group.
    Start { group: usize },
    /// A scenario of a group.
    Scenario { group: usize, index: usize },
}

/// Returns the chain that ended last, in chronological order.
pub(super) fn critical(mut laps: Vec<Lap>) -> Vec<Lap> {
    laps.sort_by_key(|lap| (lap.to, lap.from));
    let mut chain = Vec::new();
    let mut at = laps.len().checked_sub(1);
    while let Some(index) = at {
        let lap = laps[index];
        chain.push(lap);
        // The spans that were over when this one began; the one that ended last comes last.
        let over = laps[..index].partition_point(|other| other.to <= lap.from);
        at = laps[..over].iter().rposition(|other| leads_to(other.activity, lap.activity));
    }
    chain.reverse();
    chain
}

/// Whether the end of `before` can have unblocked `what`: a scenario waits for its target or for a permit, a target
/// for the place of an earlier target.
fn leads_to(before: Activity, activity: Activity) -> bool {
    match (before, activity) {
        (Activity::Start { group: own }, Activity::Scenario { group, .. }) => own == group,
        (Activity::Start { .. }, Activity::Start { .. }) => false,
        (Activity::Scenario { .. }, _) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lap(activity: Activity, from: u64, to: u64) -> Lap {
        Lap { activity, from: Duration::from_millis(from), to: Duration::from_millis(to) }
    }

    #[test]
    fn critical_path_ends_with_the_last_span() {
        let start = |group, from, to| lap(Activity::Start { group }, from, to);
        let scenario = |group, index, from, to| lap(Activity::Scenario { group, index }, from, to);
        let laps = vec![
            start(0, 0, 1000),
            start(1, 0, 1100),
            scenario(0, 0, 1000, 1200),
            scenario(1, 0, 1200, 1300),
            scenario(0, 1, 1300, 4300),
            scenario(1, 1, 1301, 1400),
        ];
        let chain = critical(laps);
        assert_eq!(
            chain,
            [
                start(0, 0, 1000),
                scenario(0, 0, 1000, 1200),
                scenario(1, 0, 1200, 1300),
                scenario(0, 1, 1300, 4300)
            ]
        );
    }

    #[test]
    fn empty_run_has_no_critical_path() {
        assert_eq!(critical(Vec::new()), []);
    }
}
