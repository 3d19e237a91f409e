//! One request with its response, without redirects.

use super::connection::Connection;
use super::error::TransportError;
use super::exchange::{Resent, Surplus};
use conformance_suite::response::Response;

/// One request with its response, without redirects.
pub(super) struct Single {
    pub(super) outcome: Result<Response, TransportError>,
    pub(super) partial: Option<Response>,
    pub(super) resent: Option<Resent>,
    pub(super) surplus: Surplus,
    /// The connection, if another request of the same step may use it.
    pub(super) connection: Option<Connection>,
    /// Whether later steps may use the connection too.
    pub(super) keeps: bool,
    /// Value of the response's `Location` field.
    pub(super) location: Option<Vec<u8>>,
    /// Whether the target responded while the body waited for `100 Continue`.
    pub(super) held_back: bool,
}

impl Single {
    pub(super) fn none(transport_error: TransportError) -> Self {
        Self::of(Err(transport_error))
    }

    /// An outcome without a connection that may be used again.
    pub(super) fn of(outcome: Result<Response, TransportError>) -> Self {
        Self {
            outcome,
            partial: None,
            resent: None,
            surplus: Surplus::default(),
            connection: None,
            keeps: false,
            location: None,
            held_back: false,
        }
    }
}
