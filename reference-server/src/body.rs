//! Reads the body of a request: whole, within a limit of size and of time, as a form or as JSON.
//!
//! The head of a request and its body go in, a [`Form`] or a JSON value comes out. What the values mean is
//! the view's business.

use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, EXPECT};
use hyper::http::request::Parts;
use serde_json::Value;

use crate::reply::Rejection;

mod multipart;

/// How many bytes a body may have; a longer one is answered 413.
const MAX_BODY: usize = 1024 * 1024;

/// How long a client may take to send a body; a slower one is answered 408.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take to send a body that nobody wants: its answer is ready and waits.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The fields of a form, in the order they were sent: what Flask calls `request.form`.
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

impl Form {
    /// The first value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Reads either form that HTML knows. A space may come as `+`, as `%20` or as it is (curl's
    /// `-d "password=fake pwd"`); bytes that are not UTF-8 are replaced.
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

/// Reads the body as a form. Another content type than a form's is a form without fields.
pub(crate) async fn form(head: &Parts, body: &mut Incoming) -> Result<Form, Rejection> {
    let content = read(body, BODY_TIMEOUT).await?;
    Ok(Form::parse(content_type(head), &content))
}

/// Reads the body as JSON; `None` when it is none, or when its content type does not say so.
pub(crate) async fn json(head: &Parts, body: &mut Incoming) -> Result<Option<Value>, Rejection> {
    let content = read(body, BODY_TIMEOUT).await?;
    Ok(parse_json(content_type(head), &content))
}

/// The value of a body that its content type calls JSON, if it is.
pub(crate) fn parse_json(content_type: &str, content: &[u8]) -> Option<Value> {
    is_json(content_type).then(|| serde_json::from_slice(content).ok()).flatten()
}

/// Whether a body was sent that no view wanted. A client that waits for "100 Continue" is not asked to send.
pub(crate) fn is_unread(head: &Parts, body: &Incoming) -> bool {
    !body.is_end_stream() && !head.headers.contains_key(EXPECT)
}

/// Reads what is left of a body that no view wanted, as far as its limits go.
///
/// A connection that is closed on unread bytes is reset, and the client may lose the answer that was on its
/// way.
pub(crate) async fn drain(body: &mut Incoming) {
    // Whatever becomes of it, the answer stands.
    let _ = read(body, DRAIN_TIMEOUT).await;
}

async fn read(body: &mut Incoming, timeout: Duration) -> Result<Bytes, Rejection> {
    // A length announced in the head is judged before a byte is read, so that a client that waits for
    // "100 Continue" never sends the body at all.
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

/// The media type alone, without its parameters.
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
