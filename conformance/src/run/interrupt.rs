//! A wish to end early: steps in play finish, scenarios clean up, nothing else begins.

use std::sync::Arc;

use tokio::sync::watch;

/// Shared by whoever wishes to end a run and the scenes that heed it. What is wished is the exit code with which the program ends.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<watch::Sender<Option<u8>>>);

impl Default for Interrupt {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Interrupt {
    /// Ends the run early; the program ends with this exit code.
    pub fn now(&self, exit: u8) {
        self.0.send_replace(Some(exit));
    }

    /// Whether the run is to end early.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.exit().is_some()
    }

    /// Returns the exit code with which the program ends, if the run is to end early.
    #[must_use]
    pub fn exit(&self) -> Option<u8> {
        *self.0.borrow()
    }

    /// Waits until the run is to end early.
    pub async fn requested(&self) {
        // The sender lives as long as this does.
        self.0.subscribe().wait_for(Option::is_some).await.ok();
    }
}
