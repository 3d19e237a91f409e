//! Stops sending to a target that does not respond any more: each request costs as long as a response may take.

use std::sync::atomic::{AtomicUsize, Ordering};

/// After so many timeouts in a row nothing more is sent.
const LIMIT: usize = 8;

/// Counts timeouts in a row.
#[derive(Debug, Default)]
pub(super) struct Breaker(AtomicUsize);

impl Breaker {
    /// Counts a request that timed out.
    pub(super) fn timed_out(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a response. Once the limit was reached it changes nothing.
    pub(super) fn responded(&self) {
        let reset = |count| (count < LIMIT).then_some(0);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reset).ok();
    }

    /// Returns why nothing more is sent, if so.
    pub(super) fn reason(&self) -> Option<String> {
        (self.0.load(Ordering::Relaxed) >= LIMIT)
            .then(|| format!("nothing more was sent after {LIMIT} timeouts in a row"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_timeouts_in_a_row_are_counted() {
        let breaker = Breaker::default();
        for _ in 0..100 {
            (0..LIMIT - 1).for_each(|_| breaker.timed_out());
            breaker.responded();
        }
        assert_eq!(breaker.reason(), None);
        (0..LIMIT).for_each(|_| breaker.timed_out());
        breaker.responded();
        assert_eq!(breaker.reason().as_deref(), Some("nothing more was sent after 8 timeouts in a row"));
    }
}
