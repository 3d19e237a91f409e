//! Reads one response off a connection (RFC 9112, sections 4, 6 and 7).
//!
//! In go bytes that a target sent, out comes a [`Response`] and whether the connection can be used again. An answer that is not HTTP is a
//! [`Breakage`], and so is one that ends too early or never.

use std::mem::MaybeUninit;

use httparse::Status;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{Breakage, Reading, latin1};
use crate::response::Response;

/// The largest head that is read, in bytes, and the most fields in it.
const LARGEST_HEAD: usize = 1024 * 1024;
/// The fields that nearly every head has room for.
const FEW_FIELDS: usize = 64;
/// The fields that a head may have: a thousand cookies are odd, and an answer all the same.
pub(super) const MOST_FIELDS: usize = 1200;

/// Returns the response, and whether the connection stays open behind it. `bytes` is what they are read into, and `bodiless` is the answer to a request whose answers have no
/// body: HEAD.
///
/// # Errors
/// The way in which there was no response.
pub(super) async fn read<S: AsyncRead + Unpin>(
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
        if head.0.status >= 200 || head.0.status == 101 {
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
            match self.parse()? {
                Some(head) => return Ok(head),
                None if self.bytes.len() - self.at > LARGEST_HEAD => {
                    return Err(broken("its header fields do not end"));
                }
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
        loop {
            let wrong = |_| broken("the size of a chunk is no number");
            let size = match httparse::parse_chunk_size(&self.bytes[self.at..]).map_err(wrong)? {
                Status::Partial => {
                    self.need().await?;
                    continue;
                }
                Status::Complete((length, size)) => {
                    self.at += length;
                    usize::try_from(size).unwrap_or(usize::MAX)
                }
            };
            if size == 0 {
                break;
            }
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
            // What has become body is not held twice.
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        loop {
            let trail = &self.bytes[self.at..];
            let line = trail.windows(2).position(|two| two == b"\r\n");
            match line {
                Some(end) => {
                    self.at += end + 2;
                    if end == 0 {
                        return Ok(());
                    }
                }
                None if trail.len() > LARGEST_HEAD => return Err(broken("its trailer does not end")),
                None => self.need().await?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer(bytes: &str) -> Result<(Response, bool), Breakage> {
        read(&mut bytes.as_bytes(), &mut Vec::new(), false, Reading::Whole).await
    }

    #[tokio::test]
    async fn a_body_ends_as_its_head_says() {
        for (bytes, body, stays) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab", true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab", "ab", false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab", false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "ab", false),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n1\r\nb\r\n0\r\nX: 1\r\n\r\n",
                "ab",
                true,
            ),
            ("HTTP/1.1 200 OK\r\n\r\nab", "ab", false),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "", true),
        ] {
            let (response, kept) = answer(bytes).await.unwrap();
            assert_eq!((response.text().as_ref(), kept), (body, stays), "{bytes}");
        }
    }

    #[tokio::test]
    async fn an_answer_to_head_has_no_body() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n";
        let (response, stays) = read(&mut &bytes[..], &mut Vec::new(), true, Reading::Whole).await.unwrap();
        assert!(response.body.is_empty() && stays);
    }

    #[tokio::test]
    async fn of_a_body_that_nobody_looks_at_the_beginning_is_read() {
        let long = "x".repeat(3 * 1024 * 1024);
        for head in
            ["Content-Length: 3145728\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n300000\r\n", "\r\n"]
        {
            let bytes = format!("HTTP/1.1 200 OK\r\n{head}{long}\r\n0\r\n\r\n");
            let (response, stays) =
                read(&mut bytes.as_bytes(), &mut Vec::new(), false, Reading::Beginning).await.unwrap();
            assert_eq!((response.body.len(), response.cut, stays), (1024 * 1024, true, false), "{head}");
        }
    }

    #[tokio::test]
    async fn what_is_not_a_whole_answer_says_why() {
        for (bytes, cause) in [
            ("", "closed without an answer"),
            ("HTTP/1.1 200", "closed within the answer"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", "closed within the answer"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nab", "its Content-Length is `2, 3`"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "no number"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "longer than it says"),
            ("220 mail.example.org ESMTP\r\n", "it is not HTTP"),
        ] {
            let breakage = answer(bytes).await.unwrap_err();
            assert!(breakage.to_string().contains(cause), "{bytes}: {breakage}");
        }
    }
}
