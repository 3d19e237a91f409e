//! The scenarios that are being played, for those that share a target.
//!
//! A target prints a new session id before it sends the response with it, so the output during one scenario can contain a secret
//! that another scenario has yet to learn.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

/// The scenarios that are being played.
#[derive(Debug, Clone, Default)]
pub(super) struct Plays(Arc<watch::Sender<Numbers>>);

#[derive(Debug, Default)]
struct Numbers {
    next: u64,
    playing: BTreeSet<u64>,
}

/// A scenario that is being played until this is dropped.
#[derive(Debug)]
pub(super) struct Play {
    plays: Plays,
    number: u64,
}

impl Plays {
    pub(super) fn begin(&self) -> Play {
        let mut number = 0;
        self.0.send_modify(|numbers| {
            number = numbers.next;
            numbers.next += 1;
            numbers.playing.insert(number);
        });
        Play { plays: self.clone(), number }
    }
}

impl Play {
    /// Ends this play, and waits until all plays that have begun before its end have ended too.
    pub(super) async fn end_with_others(self) {
        let plays = self.plays.clone();
        drop(self);
        let end = plays.0.borrow().next;
        let others_ended = |numbers: &Numbers| numbers.playing.first().is_none_or(|first| *first >= end);
        // Cannot fail: the sender is in use here.
        plays.0.subscribe().wait_for(others_ended).await.ok();
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        self.plays.0.send_modify(|numbers| {
            numbers.playing.remove(&self.number);
        });
    }
}
