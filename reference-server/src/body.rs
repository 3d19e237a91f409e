//! Reads the body of a request as a form or as JSON, with limits on size and time.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_TYPE, EXPECT};
use hyper::http::request::Parts;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::reply::Rejection;

mod multipart;

/// The maximum size of a body in bytes; a longer one is answered with 413.
const MAX_BODY: usize = 1024 * 1024;

/// The maximum time to receive a body; a slower one is answered with 408.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The bytes that the bodies of all connections together may take; a request above that is answered with 503.
static MEMORY: Semaphore = Semaphore::const_new(256 * 1024 * 1024);

/// How often [`drain`] looks for bytes that have arrived, before it gives up.
const LOOKS: usize = 4;

/// A body, and the memory that it takes.
struct Content {
    bytes: Vec<u8>,
    memory: SemaphorePermit<'static>,
}

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
    let content = read(body).await?;
    Ok(Form::parse(content_type(head), &content.bytes))
}

/// Reads the body as JSON; `None` if it is malformed or if its content type is not JSON.
pub(crate) async fn json(head: &Parts, body: &mut Incoming) -> Result<Option<Value>, Rejection> {
    let content = read(body).await?;
    Ok(parse_json(content_type(head), &content.bytes))
}

/// Parses a body whose content type is JSON.
pub(crate) fn parse_json(content_type: &str, content: &[u8]) -> Option<Value> {
    is_json(content_type).then(|| serde_json::from_slice(content).ok()).flatten()
}

/// Reads the rest of a body that no view has read, as far as it has arrived. Returns whether that was all of it; if not, the
/// connection must be closed after the response, because the start of the next request is unknown.
///
/// A client that waits for "100 Continue" is not asked to send its body.
pub(crate) async fn drain(head: &Parts, body: &mut Incoming) -> bool {
    let (mut left, mut looks) = (MAX_BODY, 0);
    while !body.is_end_stream() {
        if head.headers.contains_key(EXPECT) || looks == LOOKS {
            return false;
        }
        match poll_fn(|context| Poll::Ready(Pin::new(&mut *body).poll_frame(context))).await {
            Poll::Ready(Some(Ok(frame))) => {
                let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, hyper::body::Bytes::len)) else {
                    return false;
                };
                (left, looks) = (rest, 0);
            }
            Poll::Ready(Some(Err(_))) => return false,
            Poll::Ready(None) => break,
            Poll::Pending => {
                looks += 1;
                // hyper reads from the socket meanwhile.
                tokio::task::yield_now().await;
            }
        }
    }
    true
}

async fn read(body: &mut Incoming) -> Result<Content, Rejection> {
    // The declared length is checked first, so that a client that waits for "100 Continue" never sends a body that is
    // too large.
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Rejection::BodyTooLarge);
    }
    tokio::time::timeout(BODY_TIMEOUT, collect(body)).await.unwrap_or(Err(Rejection::BodyTooSlow))
}

/// Collects a body. Memory is taken for the bytes that have arrived, not for those that the client has declared.
async fn collect(body: &mut Incoming) -> Result<Content, Rejection> {
    let memory = MEMORY.try_acquire_many(0).map_err(|_| Rejection::Busy)?;
    let mut content = Content { bytes: Vec::new(), memory };
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Rejection::BadRequest)?.into_data() else { continue };
        if content.bytes.len() + data.len() > MAX_BODY {
            return Err(Rejection::BodyTooLarge);
        }
        let more = u32::try_from(data.len()).ok().and_then(|length| MEMORY.try_acquire_many(length).ok());
        content.memory.merge(more.ok_or(Rejection::Busy)?);
        content.bytes.extend_from_slice(&data);
    }
    Ok(content)
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
