//! The chain of starts and scenarios that made a run as long as it was.
//!
//! In go the [`Lap`]s of a run, out comes the chain that ended last: each link began when the one before it ended, since it waited for
//! its target or for the turn. No clock is read here.

use std::time::Duration;

/// Something that took time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lap {
    pub(super) what: What,
    /// From when to when, since the run began.
    pub(super) from: Duration,
    pub(super) to: Duration,
}

/// What took the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The target of a group came up.
    Start { group: usize },
    /// A scenario of a group was played.
    Scenario { group: usize, index: usize },
}

/// Returns the chain that ended last, first link first.
pub(super) fn critical(mut laps: Vec<Lap>) -> Vec<Lap> {
    laps.sort_by_key(|lap| (lap.to, lap.from));
    let mut chain = Vec::new();
    let mut at = laps.len().checked_sub(1);
    while let Some(index) = at {
        let lap = laps[index];
        chain.push(lap);
        // What was over when this one began, the latest first.
        let over = laps[..index].partition_point(|other| other.to <= lap.from);
        at = laps[..over].iter().rposition(|other| leads_to(other.what, lap.what));
    }
    chain.reverse();
    chain
}

/// Whether the end of one thing may be what another has waited for: a scenario for its target or for a turn, a target for the room that
/// one before it took.
fn leads_to(before: What, what: What) -> bool {
    match (before, what) {
        (What::Start { group: own }, What::Scenario { group, .. }) => own == group,
        (What::Start { .. }, What::Start { .. }) => false,
        (What::Scenario { .. }, _) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lap(what: What, from: u64, to: u64) -> Lap {
        Lap { what, from: Duration::from_millis(from), to: Duration::from_millis(to) }
    }

    #[test]
    fn the_chain_leads_from_the_last_end_back_to_the_beginning() {
        let start = |group, from, to| lap(What::Start { group }, from, to);
        let scenario = |group, index, from, to| lap(What::Scenario { group, index }, from, to);
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
    fn a_run_in_which_nothing_took_time_has_no_chain() {
        assert_eq!(critical(Vec::new()), []);
    }
}
