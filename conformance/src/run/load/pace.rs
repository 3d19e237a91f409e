//! How long a step takes, again and again, in memory that does not grow.

use hdrhistogram::Histogram;

use crate::event::Pace;
use crate::verdict::Verdict;

/// The times of a step in microseconds, to two digits.
pub(super) struct Clock {
    id: String,
    verdict: Verdict,
    exchanges: u64,
    kept: u64,
    times: Histogram<u64>,
}

/// The longest time that is told from a longer one, in microseconds: ten minutes.
const LONGEST: u64 = 600_000_000;

impl Clock {
    /// Returns a clock for a step that should keep this verdict.
    pub(super) fn new(id: &str, verdict: Verdict) -> Self {
        // Two digits are within what a histogram can be. It grows with the longest time: a quick step takes a few KiB.
        let times = Histogram::new(2).expect("digits that are right");
        Self { id: id.to_owned(), verdict, exchanges: 0, kept: 0, times }
    }

    /// The verdict that the step should keep.
    pub(super) fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Counts an exchange.
    pub(super) fn count(&mut self, kept: bool, milliseconds: f64) {
        self.exchanges += 1;
        self.kept += u64::from(kept);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of a float ends at the ends"
        )]
        let time = ((milliseconds * 1000.0) as u64).min(LONGEST);
        // One that may grow takes any time.
        self.times.record(time).ok();
    }

    /// How the step did.
    pub(super) fn pace(&self) -> Pace {
        #[expect(clippy::cast_precision_loss, reason = "ten minutes in microseconds are 30 bits")]
        let milliseconds = |time: u64| time as f64 / 1000.0;
        let quantile = |share| milliseconds(self.times.value_at_quantile(share));
        Pace {
            id: self.id.clone(),
            exchanges: self.exchanges,
            kept: self.kept,
            verdict: self.verdict,
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            p999: quantile(0.999),
            max: milliseconds(self.times.max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_step_and_one_that_takes_for_ever_are_told_apart_to_two_digits() {
        let mut clock = Clock::new("desk::slow", Verdict::Pass);
        for milliseconds in [0.05, 0.05, 0.05, 1e9] {
            clock.count(true, milliseconds);
        }
        let pace = clock.pace();
        assert!((pace.p50 - 0.05).abs() < 0.001, "{}", pace.p50);
        assert!((pace.max - 600_000.0).abs() < 6_000.0, "{}", pace.max);
    }
}
