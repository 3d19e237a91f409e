//! Reads the body of a request as a form or as JSON, with limits on size and time.

use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, EXPECT};
use hyper::http::request::Parts;
use serde_json::Value;

use crate::reply::Rejection;

mod multipart;

/// The maximum size of a body in bytes; a longer one is answered with 413.
const MAX_BODY: usize = 1024 * 1024;

/// The maximum time to receive a body; a slower one is answered with 408.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The maximum time to receive a body that no view reads, before the response is sent.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The fields of a form, in the order they were sent: Flask's `request.form`.
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

impl Form {
    /// The first value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Parses a URL-encoded or multipart form. A space may be sent as `+`, as `%20` or as a literal space (curl's `-d
    /// "password=fake pwd"`); bytes that are not UTF-8 are replaced.
    pub(crate) fn parse(content_type: &str, content: &[u8]) -> Self {
        match media_type(content_type).to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => {
                Self(form_urlencoded::parse(content).into_owned().collect())
            }
            "multipart/form-data" => Self(multipart::fields(content_type, content)),
            _ => Self(Vec::new()),
        }
    }
}

/// Reads the body as a form. With another content type the form has no fields.
pub(crate) async fn form(head: &Parts, body: &mut Incoming) -> Result<Form, Rejection> {
    let content = read(body, BODY_TIMEOUT).await?;
    Ok(Form::parse(content_type(head), &content))
}

/// Reads the body as JSON; `None` if it is malformed or if its content type is not JSON.
pub(crate) async fn json(head: &Parts, body: &mut Incoming) -> Result<Option<Value>, Rejection> {
    let content = read(body, BODY_TIMEOUT).await?;
    Ok(parse_json(content_type(head), &content))
}

/// Parses a body whose content type is JSON.
pub(crate) fn parse_json(content_type: &str, content: &[u8]) -> Option<Value> {
    is_json(content_type).then(|| serde_json::from_slice(content).ok()).flatten()
}

/// Whether the request has a body that no view has read. A client that waits for "100 Continue" is not asked to send
/// it.
pub(crate) fn is_unread(head: &Parts, body: &Incoming) -> bool {
    !body.is_end_stream() && !head.headers.contains_key(EXPECT)
}

/// Reads the rest of a body that no view has read, within the limits.
///
/// If a connection is closed with unread bytes, the system resets it and the client may lose the response.
pub(crate) async fn drain(body: &mut Incoming) {
    // The response does not depend on the outcome.
    let _ = read(body, DRAIN_TIMEOUT).await;
}

async fn read(body: &mut Incoming, timeout: Duration) -> Result<Bytes, Rejection> {
    // The declared length is checked first, so that a client that waits for "100 Continue" never sends a body that is
    // too large.
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Rejection::BodyTooLarge);
    }
    let content = Limited::new(body, MAX_BODY).collect();
    match tokio::time::timeout(timeout, content).await {
        Ok(Ok(content)) => Ok(content.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Rejection::BodyTooLarge),
        Ok(Err(_)) => Err(Rejection::BadRequest),
        Err(_) => Err(Rejection::BodyTooSlow),
    }
}

fn content_type(head: &Parts) -> &str {
    head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The media type without its parameters.
fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// `application/json`, or any `application/…+json` (RFC 6839 §3.1).
fn is_json(content_type: &str) -> bool {
    let media_type = media_type(content_type).to_ascii_lowercase();
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

#[cfg(test)]
mod tests;
