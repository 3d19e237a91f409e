//! Reads one response off a connection (RFC 9112, sections 4, 6 and 7).
//!
//! In go bytes that a target sent, out comes a [`Response`] and whether the connection can be used again. An answer that is not HTTP is a
//! [`Breakage`], and so is one that ends too early or never.

#[cfg(test)]
mod tests;

use std::mem::MaybeUninit;

use httparse::Status;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{Breakage, Reading, latin1};
use crate::response::Response;

/// The largest head that is read, in bytes: with all that comes before the answer proper, and so much again behind its body. Whoever
/// looks for answers that come to more does not want to wait for a mebibyte.
pub(crate) const LARGEST_HEAD: usize = if cfg!(fuzzing) { 8 * 1024 } else { 1024 * 1024 };
/// The fields that nearly every head has room for.
const FEW_FIELDS: usize = 64;
/// The fields that a head may have: a thousand cookies are odd, and an answer all the same.
pub(super) const MOST_FIELDS: usize = 1200;

/// Returns the response, and whether the connection stays open behind it. `bytes` is what they are read into, and `bodiless` is the
/// answer to a request whose answers have no body: HEAD.
///
/// # Errors
/// The way in which there was no response.
pub(crate) async fn read<S: AsyncRead + Unpin>(
    stream: &mut S,
    bytes: &mut Vec<u8>,
    bodiless: bool,
    reading: Reading,
) -> Result<(Response, bool), Breakage> {
    bytes.clear();
    let mut input = Input { stream, bytes, at: 0 };
    let (mut response, version) = loop {
        let head = input.head().await?;
        // What comes before the answer proper (RFC 9110, section 15.2); a switch of protocols is the last that is HTTP.
        if !(100..200).contains(&head.0.status) || head.0.status == 101 {
            break head;
        }
    };
    let says = |word: &str| items(&response, "connection").any(|own| own.eq_ignore_ascii_case(word));
    let mut reusable = if version == 1 { !says("close") } else { says("keep-alive") };
    let coding = items(&response, "transfer-encoding").last();
    let (coded, chunked) =
        (coding.is_some(), coding.is_some_and(|last| last.eq_ignore_ascii_case("chunked")));
    let length = length(&response);
    if bodiless || matches!(response.status, 101 | 204 | 304) {
        reusable &= response.status != 101;
    } else if chunked {
        input.chunks(&mut response, reading).await?;
    } else if let (Some(length), false) = (length, coded) {
        input.take(length?, &mut response, reading).await?;
    } else {
        reusable = false;
        input.rest(&mut response, reading).await?;
    }
    reusable &= !response.cut;
    // What comes behind an answer that nobody has asked for belongs to no request.
    let reusable = reusable && input.at == input.bytes.len();
    Ok((response, reusable))
}

/// The items of a field that is a list (RFC 9110, section 5.6.1).
fn items<'a>(response: &'a Response, name: &str) -> impl Iterator<Item = &'a str> {
    response.header_values(name).flat_map(|value| value.split(',')).map(str::trim)
}

/// How long the body is, where the head says it: once, or the same each time (RFC 9112, section 6.3).
fn length(response: &Response) -> Option<Result<usize, Breakage>> {
    let all = || items(response, "content-length");
    let first = all().next()?;
    let number = first.parse().ok().filter(|_| first.bytes().all(|digit| digit.is_ascii_digit()));
    let number = number.filter(|_| all().all(|other| other == first));
    Some(
        number.ok_or_else(|| {
            broken(format!("its Content-Length is `{}`", all().collect::<Vec<_>>().join(", ")))
        }),
    )
}

fn broken(cause: impl Into<String>) -> Breakage {
    Breakage::Broken(cause.into())
}

/// The bytes that came, and how many of them were understood.
struct Input<'a, S> {
    stream: &'a mut S,
    bytes: &'a mut Vec<u8>,
    at: usize,
}

impl<S: AsyncRead + Unpin> Input<'_, S> {
    /// Reads more; says whether there was more.
    async fn more(&mut self) -> Result<bool, Breakage> {
        self.bytes.reserve(8 * 1024);
        match self.stream.read_buf(self.bytes).await {
            Ok(length) => Ok(length > 0),
            Err(error) => Err(broken(error.to_string())),
        }
    }

    /// Reads more of what cannot end here.
    async fn need(&mut self) -> Result<(), Breakage> {
        match self.more().await? {
            true => Ok(()),
            false if self.bytes.is_empty() => Err(broken("the connection was closed without an answer")),
            false => Err(broken("the connection was closed within the answer")),
        }
    }

    /// Returns a response without its body, and the minor version of HTTP.
    async fn head(&mut self) -> Result<(Response, u8), Breakage> {
        loop {
            if self.at == self.bytes.len() {
                self.need().await?;
            }
            let head = self.parse()?;
            // What has come before this head counts, or a target could say `100 Continue` for ever.
            let length = if head.is_some() { self.at } else { self.bytes.len() };
            if length > LARGEST_HEAD {
                return Err(broken("its header fields do not end"));
            }
            match head {
                Some(head) => return Ok(head),
                None => self.need().await?,
            }
        }
    }

    /// Takes the head off what came, where it has come whole.
    fn parse(&mut self) -> Result<Option<(Response, u8)>, Breakage> {
        let bytes = &self.bytes[self.at..];
        let mut few = [const { MaybeUninit::uninit() }; FEW_FIELDS];
        let mut many = Vec::new();
        let mut head = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        let mut status = parser.parse_response_with_uninit_headers(&mut head, bytes, &mut few);
        if matches!(status, Err(httparse::Error::TooManyHeaders)) {
            many.resize_with(MOST_FIELDS, MaybeUninit::uninit);
            head = httparse::Response::new(&mut []);
            status = parser.parse_response_with_uninit_headers(&mut head, bytes, &mut many);
        }
        let Status::Complete(length) = status.map_err(|error| broken(format!("it is not HTTP: {error}")))?
        else {
            return Ok(None);
        };
        let headers = (head.headers.iter())
            .map(|field| (field.name.to_ascii_lowercase(), latin1(field.value)))
            .collect();
        let status = head.code.unwrap_or_default();
        let version = head.version.unwrap_or_default();
        self.at += length;
        Ok(Some((Response { status, headers, ..Response::default() }, version)))
    }

    /// Moves so many bytes to the body.
    async fn take(
        &mut self,
        length: usize,
        response: &mut Response,
        reading: Reading,
    ) -> Result<(), Breakage> {
        let most = reading.most().saturating_sub(response.body.len());
        if length > most && reading == Reading::Whole {
            return reading.end(response);
        }
        let taken = length.min(most);
        while self.bytes.len() - self.at < taken {
            self.need().await?;
        }
        response.body.extend_from_slice(&self.bytes[self.at..self.at + taken]);
        self.at += taken;
        if taken < length { reading.end(response) } else { Ok(()) }
    }

    /// Moves all bytes until the connection is closed to the body.
    async fn rest(&mut self, response: &mut Response, reading: Reading) -> Result<(), Breakage> {
        let mut longer = false;
        while !longer && self.more().await? {
            longer = self.bytes.len() - self.at > reading.most();
        }
        response.body = self.bytes.split_off(self.at);
        if longer { reading.end(response) } else { Ok(()) }
    }

    /// Moves the bytes of a body that comes in chunks to it, and drops what trails it (section 7.1).
    async fn chunks(&mut self, response: &mut Response, reading: Reading) -> Result<(), Breakage> {
        while let Some(size) = self.chunk_size().await? {
            self.take(size, response, reading).await?;
            if response.cut {
                return Ok(());
            }
            while self.bytes.len() - self.at < 2 {
                self.need().await?;
            }
            if !self.bytes[self.at..].starts_with(b"\r\n") {
                return Err(broken("a chunk is longer than it says"));
            }
            self.at += 2;
            // What has become body is not held twice; so that no byte is moved often, it goes once it is the larger half.
            if self.at >= self.bytes.len() / 2 {
                self.bytes.drain(..self.at);
                self.at = 0;
            }
        }
        self.trailer().await
    }

    /// Takes the line before a chunk, and returns how long the chunk is; none behind the last.
    async fn chunk_size(&mut self) -> Result<Option<usize>, Breakage> {
        const NO_NUMBER: &str = "the size of a chunk is no number";
        loop {
            let line = &self.bytes[self.at..];
            // The parser takes a line without a number for a nought.
            if line.first().is_some_and(|first| !first.is_ascii_hexdigit()) {
                return Err(broken(NO_NUMBER));
            }
            match httparse::parse_chunk_size(line).map_err(|_| broken(NO_NUMBER))? {
                Status::Complete((length, size)) => {
                    self.at += length;
                    return Ok((size > 0).then(|| usize::try_from(size).unwrap_or(usize::MAX)));
                }
                Status::Partial if line.len() > LARGEST_HEAD => {
                    return Err(broken("the line before a chunk does not end"));
                }
                Status::Partial => self.need().await?,
            }
        }
    }

    /// Takes the fields behind the last chunk.
    async fn trailer(&mut self) -> Result<(), Breakage> {
        let begin = self.at;
        loop {
            let line = self.bytes[self.at..].windows(2).position(|two| two == b"\r\n");
            let length = line.map_or(self.bytes.len(), |end| self.at + end) - begin;
            match line {
                _ if length > LARGEST_HEAD => return Err(broken("its trailer does not end")),
                Some(end) => {
                    self.at += end + 2;
                    if end == 0 {
                        return Ok(());
                    }
                }
                None => self.need().await?,
            }
        }
    }
}
