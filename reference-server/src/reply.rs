//! Builds every response: status, headers and body.
//!
//! Views return a [`Reply`] or a [`Rejection`]; no other module sets a status code or writes JSON. A rejection has a
//! public message and never a 2xx status.

use std::borrow::Cow;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, SET_COOKIE};
use hyper::{Response, StatusCode};
use serde::Serialize;
use thiserror::Error;

use crate::json;
use crate::model::User;
use crate::store::WriteError;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Flask's page for a method that is not allowed, as in the transcripts.
const METHOD_NOT_ALLOWED: &str = "\
<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">
<title>405 Method Not Allowed</title>
<h1>Method Not Allowed</h1>
<p>The method is not allowed for the requested URL.</p>
";

/// A response.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    content_type: HeaderValue,
    body: Bytes,
    allow: Option<&'static str>,
    set_cookie: Option<HeaderValue>,
    retry_after: Option<HeaderValue>,
    close: bool,
}

impl Reply {
    /// 200 with a value as JSON, in the layout of the transcripts.
    pub fn json(value: &impl Serialize) -> Self {
        Self::new(JSON, json::body(value))
    }

    /// 200 with a user.
    pub(crate) fn user(user: &User) -> Self {
        Self::new(JSON, user.body())
    }

    /// 200 with text, as Flask responds if a view returns a string.
    #[must_use]
    pub fn html(body: impl Into<Bytes>) -> Self {
        Self::new(HTML, body.into())
    }

    /// 200 with the allowed methods, as Flask responds to `OPTIONS`.
    pub(crate) fn options(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::new(HTML, Bytes::new()) }
    }

    /// Changes the status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Adds a cookie for the whole site.
    ///
    /// The specification prints the cookie with `Path=/` and no other attribute; `attributes` are appended to it.
    ///
    /// # Panics
    /// If name or value cannot be part of a header. The settings accept only tokens as names, and the values are
    /// Session IDs.
    #[must_use]
    pub(crate) fn with_cookie(self, name: &str, value: &str, attributes: &str) -> Self {
        #[expect(clippy::expect_used, reason = "a token and a UUID are visible ASCII, see # Panics")]
        let cookie = HeaderValue::try_from(format!("{name}={value}; Path=/{attributes}"))
            .expect("a cookie of visible ASCII");
        Self { set_cookie: Some(cookie), ..self }
    }

    /// Closes the connection after this response, because the start of the next request is unknown or not worth waiting
    /// for.
    #[must_use]
    pub(crate) fn and_close(self) -> Self {
        Self { close: true, ..self }
    }

    /// Converts the reply to a response for hyper.
    #[must_use]
    pub fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type);
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(cookie) = self.set_cookie {
            headers.insert(SET_COOKIE, cookie);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds);
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    fn new(content_type: HeaderValue, body: Bytes) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            body,
            allow: None,
            set_cookie: None,
            retry_after: None,
            close: false,
        }
    }
}

/// Why a request is rejected. `Display` gives the public message, the `error` of the JSON response.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages describe the variants")]
pub enum Rejection {
    #[error("Unauthorized")]
    Unauthorized,
    #[error("Forbidden")]
    Forbidden,
    #[error("Not found")]
    NotFound,
    /// The only one with an HTML page as body; it lists the allowed methods.
    #[error("Method Not Allowed")]
    MethodNotAllowed(&'static str),
    #[error("Wrong format")]
    WrongFormat,
    #[error("email missing")]
    EmailMissing,
    #[error("password missing")]
    PasswordMissing,
    #[error("Can't create User: {0}")]
    CannotCreate(Cow<'static, str>),
    #[error("no user found for this email")]
    NoUserFound,
    #[error("wrong password")]
    WrongPassword,
    #[error("Bad request")]
    BadRequest,
    #[error("Request timeout")]
    BodyTooSlow,
    #[error("Content too large")]
    BodyTooLarge,
    #[error("URI too long")]
    UrlTooLong,
    #[error("Request header fields too large")]
    FieldsTooLarge,
    #[error("Expectation failed")]
    ExpectationFailed,
    #[error("Not implemented")]
    NotImplemented,
    #[error("Service unavailable")]
    Busy,
    /// The change could not be stored. The cause is logged, not sent to the client.
    #[error("Internal server error")]
    NotStored(#[from] WriteError),
}

impl Rejection {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized | Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound | Self::NoUserFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongFormat
            | Self::EmailMissing
            | Self::PasswordMissing
            | Self::CannotCreate(_)
            | Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UrlTooLong => StatusCode::URI_TOO_LONG,
            Self::FieldsTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::ExpectationFailed => StatusCode::EXPECTATION_FAILED,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotStored(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Rejection> for Reply {
    fn from(rejection: Rejection) -> Self {
        let status = rejection.status();
        let reply = match rejection {
            Rejection::MethodNotAllowed(allow) => {
                Self { allow: Some(allow), ..Self::html(METHOD_NOT_ALLOWED) }
            }
            // The rest of an unread body must not be parsed as a request.
            Rejection::BadRequest | Rejection::BodyTooSlow | Rejection::BodyTooLarge | Rejection::Busy => {
                let retry_after =
                    matches!(rejection, Rejection::Busy).then_some(HeaderValue::from_static("1"));
                Self { retry_after, ..Self::json(&ErrorBody { error: rejection.to_string() }).and_close() }
            }
            other => Self::json(&ErrorBody { error: other.to_string() }),
        };
        reply.with_status(status)
    }
}

#[derive(Serialize)]
struct ErrorBody {
    error: String,
}

#[cfg(test)]
mod tests;
