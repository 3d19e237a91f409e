//! How much of a body is read, and the limits of bodies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::error::TransportError;
use super::feed::Feed;
use conformance_suite::request::Prepared;
use conformance_suite::response::Response;

/// How much of a body to read.
#[derive(Debug, Clone)]
pub enum Reading {
    /// All of it. A body over the limit is the error [`TransportError::TooLarge`].
    Whole,
    /// All of it, as long as the bodies of all responses of a race stay within the budget.
    Shared(Budget),
    /// As much as a report can show. Used if no expectation needs the body; the rest is not awaited.
    Beginning,
    /// All of it, handed over while it arrives and not kept. The timeout applies to the head only.
    Streamed(Feed),
}

/// Number of bytes that the bodies of several responses may still have together.
#[derive(Debug, Clone)]
pub struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// Creates the budget of one race.
    #[must_use]
    pub fn of_race() -> Self {
        Self(Arc::new(AtomicUsize::new(MAX_RACE)))
    }

    /// Takes `bytes` from the budget. Returns whether there were enough left.
    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// Maximum size of the bodies of all responses of a race, in bytes.
const MAX_RACE: usize = 64 * 1024 * 1024;
/// Maximum size of a body, in bytes.
pub(crate) const MAX_BODY: usize = if cfg!(fuzzing) { 64 * 1024 } else { 16 * 1024 * 1024 };
/// Number of bytes that are read of a body that no expectation needs.
const MAX_BEGINNING: usize = if cfg!(fuzzing) { 16 * 1024 } else { 1024 * 1024 };

impl Reading {
    pub(super) fn limit(&self) -> usize {
        match self {
            Self::Whole | Self::Shared(_) => MAX_BODY,
            Self::Beginning => MAX_BEGINNING,
            Self::Streamed(_) => usize::MAX,
        }
    }

    /// Takes note of a request that is about to be sent.
    pub(super) fn sending(&self, request: &Prepared) {
        if let Self::Streamed(feed) = self {
            feed.sending(request);
        }
    }

    /// Takes note of the head of the response.
    ///
    /// # Errors
    /// Nobody waits for the response.
    pub(super) async fn head(&self, response: &Response) -> Result<(), TransportError> {
        match self {
            Self::Streamed(feed) => feed.head(response).await,
            Self::Whole | Self::Shared(_) | Self::Beginning => Ok(()),
        }
    }

    /// Adds bytes to the body.
    ///
    /// # Errors
    /// [`TransportError::RaceTooLarge`] if they exceed the budget of a race.
    pub(super) async fn keep(&self, bytes: &[u8], response: &mut Response) -> Result<(), TransportError> {
        match self {
            Self::Streamed(feed) => return feed.data(bytes).await,
            Self::Shared(budget) if !budget.take(bytes.len()) => {
                return Err(TransportError::RaceTooLarge(MAX_RACE));
            }
            Self::Whole | Self::Shared(_) | Self::Beginning => response.body.extend_from_slice(bytes),
        }
        Ok(())
    }

    /// Waits until the response is overdue.
    pub(super) async fn overdue(&self, limit: Duration) {
        match self {
            Self::Streamed(feed) => feed.overdue(limit).await,
            Self::Whole | Self::Shared(_) | Self::Beginning => tokio::time::sleep(limit).await,
        }
    }

    /// Whether the whole body is needed.
    pub(super) fn is_whole(&self) -> bool {
        !matches!(self, Self::Beginning)
    }

    /// Ends a response whose body exceeds the limit.
    ///
    /// # Errors
    /// [`TransportError::TooLarge`] if the whole body is needed.
    pub(super) fn end(&self, response: &mut Response) -> Result<(), TransportError> {
        match self {
            Self::Whole | Self::Shared(_) | Self::Streamed(_) => Err(TransportError::TooLarge(MAX_BODY)),
            Self::Beginning => {
                response.body.truncate(MAX_BEGINNING);
                response.cut = true;
                Ok(())
            }
        }
    }
}
