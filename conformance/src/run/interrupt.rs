//! A wish to end early: steps in play finish, scenarios clean up, nothing else begins.

use std::sync::Arc;

use tokio::sync::watch;

/// Shared by whoever wishes to end a run and the scenes that heed it.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<watch::Sender<bool>>);

impl Default for Interrupt {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Interrupt {
    /// Ends the run early.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Whether the run is to end early.
    #[must_use]
    pub fn is_wished(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the run is to end early.
    pub async fn wished(&self) {
        // The sender lives as long as this does.
        self.0.subscribe().wait_for(|wished| *wished).await.ok();
    }
}
