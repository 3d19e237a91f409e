//! Writes a log to stderr, if requested: one JSON object for each event.
//!
//! Of a request only the method, the path without the query, the status, the length and the duration are logged, never
//! a header, a cookie or a body, so that no password gets into the log.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Response;
use hyper::body::Body;
use hyper::http::request::Parts;
use tracing::Level;

/// Logs events of at least `level` to stderr from now on, for the whole process.
///
/// `ERROR`: requests that failed because of the server. `WARN`: also clients that were refused or sent malformed
/// requests. `INFO`: also every request, the start and the stop. `DEBUG`: also connections.
///
/// Does nothing if the process has a `tracing` subscriber already.
pub fn to_stderr(level: Level) {
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(level)
        .with_writer(io::stderr)
        // It would be reported to stderr, and panic if stderr is closed.
        .log_internal_errors(false)
        .try_init();
}

/// Logs a request and its response.
pub(crate) fn request(peer: SocketAddr, head: &Parts, response: &Response<impl Body>, duration: Duration) {
    let (method, path, status) = (head.method.as_str(), head.uri.path(), response.status());
    let bytes = response.body().size_hint().exact();
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    if status.is_server_error() {
        tracing::error!(%peer, method, path, status = status.as_u16(), bytes, micros, "request");
    } else {
        tracing::info!(%peer, method, path, status = status.as_u16(), bytes, micros, "request");
    }
}
