//! Limits how many scenarios send at the same time, and how many processes are started for them.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::run::context::Context;
use crate::run::interrupt::Interrupt;

/// The permits of a run.
pub(super) struct Permits {
    sending: Arc<Semaphore>,
    /// Limits the processes beyond the first of each group.
    extra: Arc<Semaphore>,
    interrupt: Interrupt,
}

/// Permit to send requests, or to run another process. Returned when it is dropped.
pub(super) struct Permit(
    #[expect(dead_code, reason = "held, and returned when it is dropped")] Option<OwnedSemaphorePermit>,
);

/// Number of processes that may be started in addition to `jobs` and to the first of each group. While one scenario
/// waits, another of its group can run.
const EXTRA_PROCESSES: usize = 4;

impl Permits {
    pub(super) fn new(context: &Context) -> Self {
        let jobs = context.options.jobs;
        Self {
            sending: Arc::new(Semaphore::new(jobs)),
            extra: Arc::new(Semaphore::new(jobs + EXTRA_PROCESSES)),
            interrupt: context.options.interrupt.clone(),
        }
    }

    /// Waits for a permit to send. First come, first served.
    pub(super) async fn permit(&self) -> Permit {
        // This semaphore is never closed.
        Permit(Arc::clone(&self.sending).acquire_owned().await.ok())
    }

    /// Returns a permit for another process of a group, if fewer scenarios are sending than allowed.
    pub(super) fn one_more_process(&self) -> Option<Permit> {
        if self.sending.available_permits() == 0 || self.interrupt.is_requested() {
            return None;
        }
        Arc::clone(&self.extra).try_acquire_owned().ok().map(|permit| Permit(Some(permit)))
    }
}
