//! Reads one response from a connection (RFC 9112, sections 4 to 7), as tolerant as curl.
//!
//! Accepts folded fields, lines that end with LF only, and any text after a chunk size. [`Received`] belongs to the
//! caller, so that the part of an incomplete response stays available.

/// Decodes bytes of a head as UTF-8, or else as ISO 8859-1 (RFC 9110, section 5.5).
pub(super) fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests;

use memchr::memchr;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::error::TransportError;
use super::reading::Reading;
use conformance_suite::response::Response;

/// Maximum size of the head in bytes, including interim responses; also that of the trailer section. curl has the same
/// limit (`MAX_HTTP_RESP_HEADER_SIZE`).
pub(crate) const LARGEST_HEAD: usize = if cfg!(fuzzing) { 8 * 1024 } else { 300 * 1024 };
/// Maximum number of hexadecimal digits of a chunk size, as in curl (`CHUNK_MAXNUM_LEN`).
const CHUNK_SIZE_DIGITS: usize = 16;
/// Maximum number of bytes per read.
const BLOCK: usize = 16 * 1024;

/// What has been received so far in response to one request.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// The response, set once its head is complete; its body grows.
    pub(crate) response: Option<Response>,
    /// Whether any byte was received.
    pub(crate) any_byte: bool,
    /// Number of bytes after the response that belong to no request.
    pub(crate) surplus: usize,
    /// Whether the response allows another request on the connection.
    pub(crate) reusable: bool,
    /// Value of the first `Location` field of the response.
    pub(crate) location: Option<Vec<u8>>,
}

/// Receives the status of each response head, for the writer of the request.
pub(crate) trait Watch {
    /// Called when a head is complete. `status` may be that of an interim response.
    fn head(&self, status: u16);
}

/// Ignores heads.
impl Watch for () {
    fn head(&self, _: u16) {}
}

/// Reads one response into `received`. Set `bodiless` for HEAD and CONNECT requests, whose responses have no body.
///
/// # Errors
/// The response is incomplete, is not HTTP, or its body is larger than `reading` allows.
pub(crate) async fn read<S: AsyncRead + Unpin>(
    stream: &mut S,
    bodiless: bool,
    reading: &Reading,
    watch: &impl Watch,
    received: &mut Received,
) -> Result<(), TransportError> {
    let mut input = Input { stream, bytes: Vec::new(), at: 0, head: 0, any_byte: &mut received.any_byte };
    let head = loop {
        let head = input.head().await?;
        watch.head(head.response.status);
        // Skip interim responses (RFC 9110, section 15.2). After 101 the connection no longer carries HTTP.
        if !(100..200).contains(&head.response.status) || head.response.status == 101 {
            break head;
        }
    };
    let framing = head.framing(bodiless);
    let persistent = head.is_persistent();
    received.location = head.location;
    let response = received.response.insert(head.response);
    reading.head(response).await?;
    let delimited = match framing? {
        Framing::None => response.status != 101,
        Framing::Chunked => {
            input.chunked(response, reading).await?;
            true
        }
        Framing::Length(length) => {
            input.exactly(length, response, reading).await?;
            true
        }
        Framing::UntilClosed => {
            input.until_closed(response, reading).await?;
            false
        }
    };
    received.reusable = delimited && persistent && !response.cut;
    if !response.cut {
        received.surplus = input.bytes.len() - input.at;
    }
    Ok(())
}

/// How the end of a body is determined (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    None,
    Chunked,
    Length(usize),
    UntilClosed,
}

/// A complete head.
struct Head {
    response: Response,
    /// 10 for HTTP/1.0, 11 for HTTP/1.1.
    version: u8,
    location: Option<Vec<u8>>,
}

impl Head {
    fn framing(&self, bodiless: bool) -> Result<Framing, TransportError> {
        if matches!(self.response.status, 101 | 204 | 304) {
            return Ok(Framing::None);
        }
        let codings: Vec<&str> = items(&self.response, "transfer-encoding")
            .filter(|coding| !coding.eq_ignore_ascii_case("identity"))
            .collect();
        if let Some(other) = codings.iter().find(|coding| !coding.eq_ignore_ascii_case("chunked")) {
            return Err(broken(format!(
                "the response has the transfer coding `{}`, which the request did not ask for",
                other.escape_debug()
            )));
        }
        if bodiless {
            content_length(&self.response)?;
            return Ok(Framing::None);
        }
        if !codings.is_empty() {
            return Ok(Framing::Chunked);
        }
        if items(&self.response, "transfer-encoding").next().is_some() {
            // If there is a transfer coding, `Content-Length` is ignored (RFC 9112, section 6.3).
            return Ok(Framing::UntilClosed);
        }
        Ok(content_length(&self.response)?.map_or(Framing::UntilClosed, Framing::Length))
    }

    /// Whether the connection stays open after the response (RFC 9112, section 9.3).
    fn is_persistent(&self) -> bool {
        let says = |word: &str| items(&self.response, "connection").any(|own| own.eq_ignore_ascii_case(word));
        if self.version == 10 { says("keep-alive") } else { !says("close") }
    }
}

/// Returns the items of a list-valued field (RFC 9110, section 5.6.1).
fn items<'a>(response: &'a Response, name: &str) -> impl Iterator<Item = &'a str> {
    response
        .header_values(name)
        .flat_map(|value| value.split(','))
        .map(|item| item.trim_matches([' ', '\t']))
        .filter(|item| !item.is_empty())
}

/// Returns the length of the body if the head has one. Several equal values are accepted (RFC 9112, section 6.3).
fn content_length(response: &Response) -> Result<Option<usize>, TransportError> {
    let mut given = response.header_values("content-length").peekable();
    if given.peek().is_none() {
        return Ok(None);
    }
    let all: Vec<&str> = given.flat_map(|value| value.split(',')).map(str::trim).collect();
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok()).flatten()
    };
    let first = all.first().and_then(|first| number(first));
    match first.filter(|first| all.iter().all(|other| number(other) == Some(*first))) {
        // A length that overflows exceeds every limit.
        Some(length) => Ok(Some(usize::try_from(length).unwrap_or(usize::MAX))),
        None => Err(broken(format!(
            "the field `Content-Length: {}` of the response is not one number of bytes",
            all.join(", ").escape_debug()
        ))),
    }
}

fn broken(cause: impl Into<String>) -> TransportError {
    TransportError::Broken(cause.into())
}

/// Received bytes and the read position in them.
struct Input<'a, S> {
    stream: &'a mut S,
    bytes: Vec<u8>,
    at: usize,
    /// Total size of all heads so far, in bytes.
    head: usize,
    any_byte: &'a mut bool,
}

impl<S: AsyncRead + Unpin> Input<'_, S> {
    fn unread(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Reads more bytes. Returns whether there were any.
    async fn more(&mut self) -> Result<bool, TransportError> {
        // Drop consumed bytes: the buffer holds a line or a block, not the whole response.
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        self.bytes.reserve(BLOCK);
        match self.stream.read_buf(&mut self.bytes).await {
            Ok(0) => Ok(false),
            Ok(_) => {
                *self.any_byte = true;
                Ok(true)
            }
            Err(error) => Err(TransportError::reading(&error, *self.any_byte)),
        }
    }

    /// Reads more bytes. The end of the stream is an error.
    async fn need(&mut self) -> Result<(), TransportError> {
        match self.more().await? {
            true => Ok(()),
            false if *self.any_byte => {
                Err(broken("the target closed the connection before the response was complete"))
            }
            false => Err(broken("the target closed the connection without a response")),
        }
    }

    /// Takes one line, without its LF or CRLF.
    async fn line(&mut self, longest: usize, too_long: &str) -> Result<Vec<u8>, TransportError> {
        let mut looked = 0;
        loop {
            let unread = self.unread();
            let new = unread.get(looked..).unwrap_or_default();
            if let Some(end) = memchr(b'\n', new) {
                let mut line = unread.get(..looked + end).unwrap_or_default().to_vec();
                self.at += line.len() + 1;
                if line.len() > longest {
                    return Err(broken(too_long));
                }
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            looked = unread.len();
            if looked > longest {
                return Err(broken(too_long));
            }
            self.need().await?;
        }
    }

    /// Takes a line of the head. The total size of all lines is limited.
    async fn head_line(&mut self) -> Result<Vec<u8>, TransportError> {
        const TOO_LONG: &str = "the header fields of the response do not end";
        let line = self.line(LARGEST_HEAD.saturating_sub(self.head), TOO_LONG).await?;
        // Counts the line end, so that empty lines count too.
        self.head += line.len() + 2;
        if self.head > LARGEST_HEAD {
            return Err(broken(TOO_LONG));
        }
        Ok(line)
    }

    /// Takes a head: status line, fields and the empty line.
    async fn head(&mut self) -> Result<Head, TransportError> {
        const NUL: &str = "a header line of the response has a NUL byte";
        self.expect_http().await?;
        let line = self.head_line().await?;
        if line.contains(&0) {
            return Err(broken(NUL));
        }
        let (version, status) = status_line(&line)?;
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        loop {
            let line = self.head_line().await?;
            if line.is_empty() || line.first() == Some(&b'\r') {
                break;
            }
            if line.contains(&0) {
                return Err(broken(NUL));
            }
            if matches!(line.first(), Some(b' ' | b'\t')) {
                let Some((_, value)) = headers.last_mut() else {
                    // White space before the first field (RFC 9112, section 2.2).
                    return Err(broken(
                        "the response is not HTTP: white space comes before its first header field",
                    ));
                };
                // A folded field is one value; each fold becomes a space (RFC 9112, section 5.2).
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
                continue;
            }
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                let line = latin1(&line);
                return Err(broken(format!(
                    "the response is not HTTP: the header line `{}` has no colon",
                    excerpt(&line)
                )));
            };
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            headers.push((latin1(name).to_ascii_lowercase(), value.to_vec()));
        }
        let location = headers.iter().find(|(name, _)| name == "location").map(|(_, value)| value.clone());
        let headers = headers.into_iter().map(|(name, value)| (name, latin1(value.trim_ascii()))).collect();
        Ok(Head { response: Response { status, headers, ..Response::default() }, version, location })
    }

    /// Checks the beginning of the status line as soon as bytes arrive, because data that is not HTTP may never
    /// contain a line end.
    async fn expect_http(&mut self) -> Result<(), TransportError> {
        const PREFIX: &[u8] = b"HTTP/";
        loop {
            let begin = self.unread().get(..PREFIX.len()).unwrap_or(self.unread());
            if !PREFIX.starts_with(begin) {
                let begin = latin1(self.unread());
                return Err(broken(format!(
                    "the response is not HTTP: it begins with `{}`",
                    excerpt(&begin)
                )));
            }
            if begin.len() == PREFIX.len() {
                return Ok(());
            }
            self.need().await?;
        }
    }

    /// Moves exactly this many bytes to the body.
    async fn exactly(
        &mut self,
        length: usize,
        response: &mut Response,
        reading: &Reading,
    ) -> Result<(), TransportError> {
        let most = reading.limit().saturating_sub(response.body.len());
        if length > most && reading.is_whole() {
            return reading.end(response);
        }
        let mut left = length.min(most);
        loop {
            left -= self.take_some(left, response, reading).await?;
            if left == 0 {
                break;
            }
            self.need().await?;
        }
        if length > most { reading.end(response) } else { Ok(()) }
    }

    /// Moves at most this many buffered bytes to the body, and returns their number.
    async fn take_some(
        &mut self,
        most: usize,
        response: &mut Response,
        reading: &Reading,
    ) -> Result<usize, TransportError> {
        let unread = self.unread();
        let taken = unread.get(..most).unwrap_or(unread);
        let length = taken.len();
        if length > 0 {
            reading.keep(taken, response).await?;
        }
        self.at += length;
        Ok(length)
    }

    /// Moves all bytes to the body until the connection is closed.
    async fn until_closed(
        &mut self,
        response: &mut Response,
        reading: &Reading,
    ) -> Result<(), TransportError> {
        loop {
            self.take_some(usize::MAX, response, reading).await?;
            if response.body.len() > reading.limit() {
                return reading.end(response);
            }
            if !self.more().await? {
                return Ok(());
            }
        }
    }

    /// Moves the data of all chunks to the body, and drops the trailer section (RFC 9112, section 7.1).
    async fn chunked(&mut self, response: &mut Response, reading: &Reading) -> Result<(), TransportError> {
        loop {
            let size = self.chunk_size().await?;
            if size == 0 {
                return self.trailer().await;
            }
            self.exactly(size, response, reading).await?;
            if response.cut {
                return Ok(());
            }
            // curl accepts any number of CR before the LF.
            loop {
                match self.unread().first() {
                    Some(b'\n') => break,
                    Some(b'\r') => self.at += 1,
                    Some(_) => return Err(broken("a chunk of the response is longer than its size")),
                    None => self.need().await?,
                }
            }
            self.at += 1;
        }
    }

    /// Takes the line before a chunk, and returns the size of the chunk.
    async fn chunk_size(&mut self) -> Result<usize, TransportError> {
        // Check early, because data that is not a size may never contain a line end.
        while self.unread().is_empty() {
            self.need().await?;
        }
        let digits = |line: &[u8]| line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits(self.unread()) == 0 {
            let begin = latin1(self.unread());
            return Err(broken(format!(
                "the chunk size of the response is not a number: `{}`",
                excerpt(&begin)
            )));
        }
        let line = self.line(LARGEST_HEAD, "the chunk size line of the response does not end").await?;
        let number = line.get(..digits(&line)).unwrap_or_default();
        let number = std::str::from_utf8(number).ok().filter(|number| number.len() <= CHUNK_SIZE_DIGITS);
        let size = number.and_then(|number| i64::from_str_radix(number, 16).ok());
        let size = size.ok_or_else(|| broken("the chunk size of the response is too large"))?;
        Ok(usize::try_from(size).unwrap_or(usize::MAX))
    }

    /// Takes the trailer section.
    async fn trailer(&mut self) -> Result<(), TransportError> {
        const TOO_LONG: &str = "the trailer section of the response does not end";
        let mut left = LARGEST_HEAD;
        loop {
            let line = self.line(left, TOO_LONG).await?;
            if line.is_empty() {
                return Ok(());
            }
            let folded = left < LARGEST_HEAD && matches!(line.first(), Some(b' ' | b'\t'));
            if !folded && !line.contains(&b':') {
                return Err(broken("a line of the trailer section of the response has no colon"));
            }
            left = left.checked_sub(line.len() + 2).ok_or_else(|| broken(TOO_LONG))?;
        }
    }
}

/// Parses `HTTP/1.1 200 OK`, as tolerant as curl: the reason may be missing. Returns the version, 10 or 11, and the
/// status.
fn status_line(line: &[u8]) -> Result<(u8, u16), TransportError> {
    let malformed = || {
        let line = latin1(line);
        broken(format!("the response is not HTTP: its status line is `{}`", excerpt(&line)))
    };
    let (version, rest) = if let Some(rest) = line.strip_prefix(b"HTTP/1.1") {
        (11, rest)
    } else if let Some(rest) = line.strip_prefix(b"HTTP/1.0") {
        (10, rest)
    } else {
        return Err(malformed());
    };
    let Some((b' ' | b'\t', rest)) = rest.split_first() else { return Err(malformed()) };
    let (digits, after) = rest.split_at_checked(3).ok_or_else(malformed)?;
    let status: u16 = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(malformed)?;
    if after.first().is_some_and(|byte| !byte.is_ascii_whitespace()) {
        return Err(malformed());
    }
    if status < 100 {
        return Err(broken(format!("the response has the status {status:03}, which HTTP does not define")));
    }
    Ok((version, status))
}

/// Returns the beginning of a text for a message.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    let shown: String = line.chars().take(LONGEST).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("{}{more}", shown.escape_debug())
}
