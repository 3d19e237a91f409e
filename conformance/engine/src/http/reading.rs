//! How much of a body is read, and the limits of bodies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::TransportError;
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
const MAX_BODY: usize = if cfg!(fuzzing) { 64 * 1024 } else { 16 * 1024 * 1024 };
/// Number of bytes that are read of a body that no expectation needs.
const MAX_BEGINNING: usize = if cfg!(fuzzing) { 16 * 1024 } else { 1024 * 1024 };

impl Reading {
    pub(super) fn limit(&self) -> usize {
        match self {
            Self::Whole | Self::Shared(_) => MAX_BODY,
            Self::Beginning => MAX_BEGINNING,
        }
    }

    /// Counts bytes of a body.
    ///
    /// # Errors
    /// [`TransportError::RaceTooLarge`] if they exceed the budget of a race.
    pub(super) fn count(&self, bytes: usize) -> Result<(), TransportError> {
        match self {
            Self::Shared(budget) if !budget.take(bytes) => Err(TransportError::RaceTooLarge(MAX_RACE)),
            _ => Ok(()),
        }
    }

    /// Whether the whole body is needed.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole | Self::Shared(_))
    }

    /// Ends a response whose body exceeds the limit.
    ///
    /// # Errors
    /// [`TransportError::TooLarge`] if the whole body is needed.
    pub(super) fn end(&self, response: &mut Response) -> Result<(), TransportError> {
        match self {
            Self::Whole | Self::Shared(_) => Err(TransportError::TooLarge(MAX_BODY)),
            Self::Beginning => {
                response.body.truncate(MAX_BEGINNING);
                response.cut = true;
                Ok(())
            }
        }
    }
}
