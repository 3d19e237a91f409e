//! Response time statistics of a step in constant memory.

use hdrhistogram::Histogram;

use crate::event::Pace;
use crate::verdict::Verdict;

/// Response times of a step in microseconds, as a histogram with two significant digits.
pub(super) struct StepStats {
    id: String,
    verdict: Verdict,
    exchanges: u64,
    kept: u64,
    times: Histogram<u64>,
}

/// Longest time that is recorded, in microseconds: ten minutes. Longer times count as this one.
const LONGEST: u64 = 600_000_000;

impl StepStats {
    /// Creates the statistics of a step with the verdict of its first run.
    pub(super) fn new(id: &str, verdict: Verdict) -> Self {
        // Two significant digits are always valid. The histogram grows with the longest time; a fast step takes a few
        // KiB.
        let times = Histogram::new(2).expect("digits that are right");
        Self { id: id.to_owned(), verdict, exchanges: 0, kept: 0, times }
    }

    /// Verdict of the first run.
    pub(super) fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Counts an exchange. `kept` says whether its verdict was that of the first run.
    pub(super) fn count(&mut self, kept: bool, milliseconds: f64) {
        self.exchanges += 1;
        self.kept += u64::from(kept);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of a float ends at the ends"
        )]
        let time = ((milliseconds * 1000.0) as u64).min(LONGEST);
        // Cannot fail: the histogram resizes automatically.
        self.times.record(time).ok();
    }

    /// Summarizes the statistics.
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
    fn percentiles_have_two_significant_digits() {
        let mut clock = StepStats::new("desk::slow", Verdict::Pass);
        for milliseconds in [0.05, 0.05, 0.05, 1e9] {
            clock.count(true, milliseconds);
        }
        let pace = clock.pace();
        assert!((pace.p50 - 0.05).abs() < 0.001, "{}", pace.p50);
        assert!((pace.max - 600_000.0).abs() < 6_000.0, "{}", pace.max);
    }
}
