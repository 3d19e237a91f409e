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
        // Two digits from a microsecond to ten minutes are within what a histogram can be.
        let times = Histogram::new_with_bounds(1, LONGEST, 2).expect("bounds that are right");
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
        self.times.saturating_record((milliseconds * 1000.0) as u64);
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
