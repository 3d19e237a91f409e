//! A response as it came over the wire, and what its body says.

mod charset;
mod coding;

use std::borrow::Cow;
use std::time::Duration;

use crate::cookie::SetCookie;
use crate::json::{self, Document, Json, Unreadable};
use crate::request::Prepared;

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
    /// The Accept-Encoding of the request: a content coding that it asked for is decoded.
    pub accept_encoding: Option<String>,
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
    pub fn cookies(&self) -> impl Iterator<Item = SetCookie<'_>> {
        self.header_values("set-cookie").filter_map(SetCookie::parse)
    }

    /// Returns the cookie of this name that it sets; of several the last, which is the one a client keeps (RFC 6265, section 5.3).
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<SetCookie<'_>> {
        self.cookies().filter(|cookie| cookie.name == name).last()
    }

    /// Returns the response as the answer to a request: what that asked for is decoded.
    #[must_use]
    pub fn to(mut self, request: &Prepared) -> Self {
        self.accept_encoding = if let Some(raw) = &request.raw {
            raw_field(raw, "accept-encoding")
        } else {
            let fields = request.headers.iter().filter(|header| header.is("accept-encoding"));
            fields.map(|header| header.value.clone()).reduce(|one, other| format!("{one}, {other}"))
        };
        self
    }

    /// Returns the body without the content codings that the request asked for.
    ///
    /// # Errors
    /// A body that cannot be decoded, in one sentence.
    pub fn content(&self) -> Result<Cow<'_, [u8]>, String> {
        let codings: Vec<&str> = self.header_values("content-encoding").collect();
        coding::decode(&self.body, &codings, self.accept_encoding.as_deref())
    }

    /// Returns the body as text: its content by the charset of its media type.
    ///
    /// # Errors
    /// A body that cannot be decoded, in one sentence.
    pub fn decoded_text(&self) -> Result<Cow<'_, str>, String> {
        let media_type = self.header("content-type");
        Ok(match self.content()? {
            Cow::Borrowed(content) => charset::decode(content, media_type)?,
            Cow::Owned(content) => Cow::Owned(charset::decode(&content, media_type)?.into_owned()),
        })
    }

    /// Returns the body as a report shows it: as text where it is one, else its bytes with what is not UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.decoded_text().unwrap_or_else(|_| String::from_utf8_lossy(&self.body))
    }

    /// Returns the body as JSON.
    ///
    /// # Errors
    /// A body that is not JSON.
    pub fn json(&self) -> Result<Json, Unreadable> {
        self.document().map(|document| document.value)
    }

    /// Returns the body as JSON, with what its value does not show.
    ///
    /// # Errors
    /// A body that is not JSON.
    pub fn document(&self) -> Result<Document, Unreadable> {
        let content = self.content().map_err(Unreadable::because)?;
        let (text, encoding) =
            charset::decode_json(&content, self.header("content-type")).map_err(Unreadable::because)?;
        json::parse(&text).map(|document| Document { encoding, ..document })
    }
}

/// The value of a field in a message as it was sent.
fn raw_field(message: &[u8], name: &str) -> Option<String> {
    let mut lines = message.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).skip(1);
    lines.by_ref().take_while(|line| !line.is_empty()).find_map(|line| {
        let line = std::str::from_utf8(line).ok()?;
        let (own, value) = line.split_once(':')?;
        own.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
