//! A response as received, and decoding of its body.

mod charset;
mod coding;
mod events;

use std::borrow::Cow;
use std::time::Duration;

use crate::cookie::SetCookie;
use crate::json::{self, Document, Json, Unreadable};
use crate::request::Prepared;

pub use events::EventReader;

/// A complete response.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header fields in order, with names in lower case. Non-ASCII bytes are decoded as Latin-1 (RFC 9110, section
    /// 5.5).
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Whether only the beginning of the body was read.
    pub cut: bool,
    /// Accept-Encoding of the request. Only content codings that it lists are decoded.
    pub accept_encoding: Option<String>,
    /// Time from the first byte sent to the last byte received.
    pub elapsed: Duration,
    /// What was read of it, if it is a stream.
    pub stream: Option<Box<StreamPart>>,
}

/// The events of a stream that one step has read.
#[derive(Debug, Clone, Default)]
pub struct StreamPart {
    /// The events, each an object of its fields.
    pub events: Vec<Json>,
    /// Why no further event was read, as a phrase; `None` if the step needs none.
    pub end: Option<String>,
}

impl Response {
    /// Returns the first value of a header field. Names are case-insensitive.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_values(name).next()
    }

    /// Returns all values of a header field.
    pub fn header_values(&self, name: &str) -> impl Iterator<Item = &str> {
        (self.headers.iter())
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the cookies that the response sets. Invalid Set-Cookie fields are ignored.
    pub fn cookies(&self) -> impl Iterator<Item = SetCookie<'_>> {
        self.header_values("set-cookie").filter_map(SetCookie::parse)
    }

    /// Returns the cookie of this name. If it is set several times, the last one counts, as in clients (RFC 6265,
    /// section 5.3).
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<SetCookie<'_>> {
        self.cookies().filter(|cookie| cookie.name == name).last()
    }

    /// Links the response to its request, whose Accept-Encoding determines what is decoded.
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

    /// Returns the body with its content codings decoded, if the request asked for them.
    ///
    /// # Errors
    /// The body cannot be decoded; the message is one sentence.
    pub fn content(&self) -> Result<Cow<'_, [u8]>, String> {
        let codings: Vec<&str> = self.header_values("content-encoding").collect();
        coding::decode(&self.body, &codings, self.accept_encoding.as_deref())
    }

    /// Whether the body has a content coding, with which it cannot be read in pieces.
    #[must_use]
    pub fn is_coded(&self) -> bool {
        let mut codings = self.header_values("content-encoding").flat_map(|value| value.split(','));
        codings.any(|coding| !matches!(coding.trim().to_ascii_lowercase().as_str(), "" | "identity"))
    }

    /// Returns a response whose body is the data of the last event, if it is a stream.
    #[must_use]
    pub fn of_last_event(&self) -> Option<Self> {
        let last = self.stream.as_ref()?.events.last();
        let data = last.and_then(|event| event.get("data")).and_then(Json::as_str).unwrap_or_default();
        // The data is UTF-8, whatever these fields say about the stream.
        let about_body = |name: &str| name.starts_with("content-");
        let headers = self.headers.iter().filter(|(name, _)| !about_body(name)).cloned().collect();
        Some(Self {
            status: self.status,
            headers,
            body: data.into(),
            elapsed: self.elapsed,
            ..Self::default()
        })
    }

    /// Returns the body as text, decoded by the charset of its media type.
    ///
    /// # Errors
    /// The body cannot be decoded; the message is one sentence.
    pub fn decoded_text(&self) -> Result<Cow<'_, str>, String> {
        let media_type = self.header("content-type");
        Ok(match self.content()? {
            Cow::Borrowed(content) => charset::decode(content, media_type)?,
            Cow::Owned(content) => Cow::Owned(charset::decode(&content, media_type)?.into_owned()),
        })
    }

    /// Returns the body for a report: as text if it can be decoded, or else with bytes that are not UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.decoded_text().unwrap_or_else(|_| String::from_utf8_lossy(&self.body))
    }

    /// Parses the body as JSON.
    ///
    /// # Errors
    /// The body is not JSON.
    pub fn json(&self) -> Result<Json, Unreadable> {
        self.document().map(|document| document.value)
    }

    /// Parses each line of the body as JSON (NDJSON). Empty lines are skipped.
    ///
    /// # Errors
    /// The first line that is not JSON, as a sentence.
    pub fn json_lines(&self) -> Result<Vec<Json>, String> {
        let text = self.decoded_text()?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let parsed = lines.map(|(at, line)| {
            let document =
                json::parse(line).map_err(|error| format!("line {} is not JSON: {error}", at + 1))?;
            Ok(document.value)
        });
        parsed.collect()
    }

    /// Parses the body as JSON and keeps details such as duplicate keys.
    ///
    /// # Errors
    /// The body is not JSON.
    pub fn document(&self) -> Result<Document, Unreadable> {
        let content = self.content().map_err(Unreadable::because)?;
        let (text, encoding) =
            charset::decode_json(&content, self.header("content-type")).map_err(Unreadable::because)?;
        json::parse(&text).map(|document| Document { encoding, ..document })
    }
}

/// Returns the value of a field in a raw message.
fn raw_field(message: &[u8], name: &str) -> Option<String> {
    let mut lines = message.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).skip(1);
    lines.by_ref().take_while(|line| !line.is_empty()).find_map(|line| {
        let line = std::str::from_utf8(line).ok()?;
        let (own, value) = line.split_once(':')?;
        own.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
