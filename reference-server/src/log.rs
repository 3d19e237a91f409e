//! Writes a JSON log to stderr, if requested.
//!
//! A subscriber for `tracing` events. Of a request only the method, the path without the query, the status, the length
//! and the duration are logged: never a header, a cookie or a body, so that no password gets into the log. Without
//! [`to_stderr`] an event costs one comparison.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Instant;

use http_body_util::Full;
use hyper::body::{Body as _, Bytes};
use hyper::{Request, Response};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::model::Timestamp;

/// Logs events of at least `level` to stderr from now on, for the whole process.
///
/// `ERROR`: requests that failed because of the server. `WARN`: also clients that were refused or sent malformed
/// requests. `INFO`: also every request, the start and the stop. `DEBUG`: also connections.
///
/// Does nothing if another `tracing` subscriber is set already.
pub fn to_stderr(level: Level) {
    let _ = tracing::subscriber::set_global_default(Lines { level: LevelFilter::from_level(level) });
}

/// A request to be logged once it is answered; `None` if logging is off.
pub(crate) struct Entry {
    method: String,
    path: String,
    start: Instant,
}

impl Entry {
    pub(crate) fn of<B>(request: &Request<B>) -> Option<Self> {
        // Whether the event is logged depends on the response. If `ERROR` is off, every level is.
        tracing::enabled!(Level::ERROR).then(|| Self {
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            start: Instant::now(),
        })
    }

    /// Logs the request and its response.
    pub(crate) fn end(self, peer: Option<SocketAddr>, response: &Response<Full<Bytes>>) {
        let status = response.status();
        let peer = peer.map(tracing::field::display);
        let bytes = response.body().size_hint().lower();
        let micros = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let (method, path) = (self.method, self.path);
        if status.is_server_error() {
            tracing::error!(peer, method, path, status = status.as_u16(), bytes, micros, "request");
        } else {
            tracing::info!(peer, method, path, status = status.as_u16(), bytes, micros, "request");
        }
    }
}

/// The subscriber: writes events and ignores spans.
struct Lines {
    level: LevelFilter,
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level && metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let time = Timestamp::now().to_string().replace(' ', "T");
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let mut line = Line(format!("{{\"time\": \"{time}Z\", \"level\": \"{level}\""));
        event.record(&mut line);
        line.0.push_str("}\n");
        // One write, so that lines of two threads do not mix. A closed stderr is not an error.
        let _ = io::stderr().write_all(line.0.as_bytes());
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The line under construction: an open JSON object.
struct Line(String);

impl Line {
    fn member(&mut self, field: &Field, value: impl fmt::Display) {
        // Writing to memory cannot fail.
        let _ = write!(self.0, ", \"{}\": {value}", field.name());
    }
}

impl Visit for Line {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, serde_json::Value::from(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
