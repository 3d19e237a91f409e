//! Interrupts a run: steps in progress finish, scenarios clean up, and no further step starts.

use std::sync::Arc;

use tokio::sync::watch;

/// Signal to interrupt a run, shared by the signal handler and all scenarios. Holds the exit code of the program.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<watch::Sender<Option<u8>>>);

impl Default for Interrupt {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Interrupt {
    /// Interrupts the run. The program will exit with this code.
    pub fn now(&self, exit: u8) {
        self.0.send_replace(Some(exit));
    }

    /// Whether the run has been interrupted.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.exit().is_some()
    }

    /// Returns the exit code if the run has been interrupted.
    #[must_use]
    pub fn exit(&self) -> Option<u8> {
        *self.0.borrow()
    }

    /// Waits until the run is interrupted.
    pub async fn requested(&self) {
        // Cannot fail: `self` owns the sender.
        self.0.subscribe().wait_for(Option::is_some).await.ok();
    }
}
