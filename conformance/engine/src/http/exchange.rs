//! A request that was sent, with its redirects and its outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::TransportError;
use conformance_suite::request::Prepared;
use conformance_suite::response::Response;

/// A request that was sent, with its outcome.
#[derive(Debug)]
pub struct Exchange {
    /// The request as it was sent, including added header fields and cookies.
    pub request: Prepared,
    /// The last response, or why there is no complete one.
    pub outcome: Result<Response, TransportError>,
    /// The received part of an incomplete response: its head and the beginning of its body.
    pub partial: Option<Response>,
    /// The redirects that were followed, in order.
    pub hops: Vec<Hop>,
    /// Why a redirect was not followed although the request asks for it.
    pub redirect_end: Option<String>,
    /// Why the request was sent again, if it was.
    pub resent: Option<Resent>,
    /// Number of bytes after the response that belong to no response.
    pub surplus: Surplus,
}

/// A redirect that was followed.
#[derive(Debug, Clone)]
pub struct Hop {
    /// The redirect response.
    pub response: Response,
    /// The next request, as it was sent.
    pub next: Prepared,
}

/// Counts bytes that the target sends after a response. The count can grow until the connection is closed.
#[derive(Debug, Clone, Default)]
pub struct Surplus(Arc<AtomicUsize>);

impl Exchange {
    /// Creates an exchange without redirects and other details.
    #[must_use]
    pub fn new(request: Prepared, outcome: Result<Response, TransportError>) -> Self {
        let (hops, surplus) = (Vec::new(), Surplus::default());
        Self { request, outcome, partial: None, hops, redirect_end: None, resent: None, surplus }
    }

    /// All requests with their responses, redirects first.
    pub fn pairs(&self) -> impl Iterator<Item = (&Prepared, Option<&Response>)> {
        let last = self.outcome.as_ref().ok().or(self.partial.as_ref());
        let requests = std::iter::once(&self.request).chain(self.hops.iter().map(|hop| &hop.next));
        let responses = self.hops.iter().map(|hop| Some(&hop.response)).chain(std::iter::once(last));
        requests.zip(responses)
    }
}

impl Surplus {
    pub(super) fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Number of bytes so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a request was sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resent {
    /// The target had closed the reused connection before any byte of a response (RFC 9112, 9.3.1).
    Closed,
    /// The target had refused `Expect: 100-continue` with 417 (RFC 9110, 10.1.1).
    Refused,
}
