//! Circuit breaker: stops sending requests to a target that no longer responds, because each one would wait for the
//! full timeout.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Number of consecutive timeouts after which no more requests are sent.
const LIMIT: usize = 8;

/// Counts consecutive timeouts.
#[derive(Debug, Default)]
pub(super) struct Breaker(AtomicUsize);

impl Breaker {
    /// Counts a request that timed out.
    pub(super) fn timed_out(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a response: resets the counter, unless the limit has been reached.
    pub(super) fn responded(&self) {
        let reset = |count| (count < LIMIT).then_some(0);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reset).ok();
    }

    /// Returns the reason if no more requests are sent.
    pub(super) fn reason(&self) -> Option<String> {
        (self.0.load(Ordering::Relaxed) >= LIMIT)
            .then(|| format!("no more requests were sent after {LIMIT} consecutive timeouts"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_only_consecutive_timeouts() {
        let breaker = Breaker::default();
        for _ in 0..100 {
            (0..LIMIT - 1).for_each(|_| breaker.timed_out());
            breaker.responded();
        }
        assert_eq!(breaker.reason(), None);
        (0..LIMIT).for_each(|_| breaker.timed_out());
        breaker.responded();
        assert_eq!(
            breaker.reason().as_deref(),
            Some("no more requests were sent after 8 consecutive timeouts")
        );
    }
}
