//! A response as it came over the wire.

use std::borrow::Cow;
use std::time::Duration;

use cookie::Cookie;

use crate::json::{self, Json, Unreadable};

/// A response, read to its end.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header fields in their order, names in lower case. Bytes beyond ASCII are shown as Latin-1 (RFC 9110, section 5.5).
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the body goes on beyond what was read of it.
    pub cut: bool,
    /// How long it took, from the first byte sent to the last one read.
    pub elapsed: Duration,
}

impl Response {
    /// Returns the first value of a header field, named without regard to case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_values(name).next()
    }

    /// Returns every value of a header field.
    pub fn header_values(&self, name: &str) -> impl Iterator<Item = &str> {
        (self.headers.iter())
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the cookies that it sets; a Set-Cookie that cannot be read is none.
    pub fn cookies(&self) -> impl Iterator<Item = Cookie<'_>> {
        self.header_values("set-cookie").filter_map(|value| Cookie::parse(value).ok())
    }

    /// Returns the cookie of this name that it sets; of several the last, which is the one a client keeps (RFC 6265, section 5.3).
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<Cookie<'_>> {
        self.cookies().filter(|cookie| cookie.name() == name).last()
    }

    /// Returns the body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Returns the body as JSON.
    ///
    /// # Errors
    /// A body that is not JSON.
    pub fn json(&self) -> Result<Json, Unreadable> {
        json::read(&self.body)
    }
}
