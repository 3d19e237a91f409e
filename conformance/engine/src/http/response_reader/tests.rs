//! Tests with complete, partial, endless and invalid responses.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::ReadBuf;

use super::*;

async fn receive(
    mut bytes: &[u8],
    bodiless: bool,
    reading: Reading,
) -> (Result<(), TransportError>, Received) {
    let mut received = Received::default();
    let read = read(&mut bytes, bodiless, &reading, &(), &mut received).await;
    (read, received)
}

async fn complete(bytes: &str) -> (Response, bool) {
    let (read, received) = receive(bytes.as_bytes(), false, Reading::Whole).await;
    read.unwrap_or_else(|transport_error| panic!("{bytes:?}: {transport_error}"));
    (received.response.unwrap(), received.reusable && received.surplus == 0)
}

#[tokio::test]
async fn body_ends_where_the_head_says() {
    for (bytes, body, reusable) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 02\r\n\r\nab", "ab", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab", "ab", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab", false),
        ("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nab", "ab", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "ab", false),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            "a",
            true,
        ),
        ("HTTP/1.1 200 OK\r\n\r\nab", "ab", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nab", "ab", false),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            "",
            true,
        ),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 20\r\n\r\n", "", true),
    ] {
        let (response, reusable_too) = complete(bytes).await;
        assert_eq!((response.text().as_ref(), reusable_too), (body, reusable), "{bytes}");
    }
}

#[tokio::test]
async fn accepts_the_chunk_forms_that_curl_accepts() {
    for chunks in [
        "1;x=y\r\na\r\n1\r\nb\r\n0\r\nX: 1\r\n\r\n",
        "2\nab\n0\n\n",
        "02 \r\nab\r\n000;last\r\n\r\n",
        "2\r\nab\r\r\n0\r\nX: 1\nY: 2\r\n\n",
    ] {
        let (response, reusable) =
            complete(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")).await;
        assert_eq!((response.text().as_ref(), reusable), ("ab", true), "{chunks:?}");
    }
}

#[tokio::test]
async fn accepts_folded_fields_lf_lines_and_a_missing_reason() {
    let (response, _) =
        complete("HTTP/1.1 200\nX-Name: a\r\n b\r\n\tc\nY:  d \r\nEmpty:\r\nContent-Length: 2\r\n\nok").await;
    assert_eq!(response.header("x-name"), Some("a b c"));
    assert_eq!((response.header("y"), response.header("empty")), (Some("d"), Some("")));
    assert_eq!(response.text(), "ok");
}

#[tokio::test]
async fn keeps_blanks_before_the_colon_in_the_name() {
    let (response, _) = complete("HTTP/1.1 200 OK\r\nX-Name : a\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!((response.header("x-name"), response.header("x-name ")), (None, Some("a")));
}

#[tokio::test]
async fn accepts_thousands_of_fields() {
    let fields: String = (0..5000).map(|number| format!("X-{number}: {number}\r\n")).collect();
    let (response, _) = complete(&format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nok")).await;
    assert_eq!((response.headers.len(), response.header("x-4999")), (5001, Some("4999")));
}

#[tokio::test]
async fn response_to_head_has_no_body() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n";
    let (read, received) = receive(bytes, true, Reading::Whole).await;
    assert!(read.is_ok() && received.reusable && received.response.unwrap().body.is_empty());
}

#[tokio::test]
async fn reads_only_the_beginning_of_a_body_that_no_expectation_needs() {
    let long = "x".repeat(3 * 1024 * 1024);
    for head in ["Content-Length: 3145728\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n300000\r\n", "\r\n"] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{head}{long}\r\n0\r\n\r\n");
        let (read, received) = receive(bytes.as_bytes(), false, Reading::Beginning).await;
        let response = received.response.unwrap();
        assert!(read.is_ok() && response.cut && !received.reusable, "{head}");
        assert_eq!(response.body.len(), 1024 * 1024, "{head}");
    }
}

#[tokio::test]
async fn counts_bytes_after_the_response() {
    let (read, received) =
        receive(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokgarbage", false, Reading::Whole).await;
    assert!(read.is_ok());
    assert_eq!(received.surplus, 7);
}

#[tokio::test]
async fn incomplete_response_keeps_what_came() {
    for (bytes, status, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", Some(200), "ab"),
        ("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", Some(201), "ab"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n", Some(200), "ab"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nab", Some(200), ""),
        ("HTTP/1.1 200 OK\r\nX: y", None, ""),
        ("", None, ""),
    ] {
        let (read, received) = receive(bytes.as_bytes(), false, Reading::Whole).await;
        assert!(read.is_err(), "{bytes}");
        let response = received.response.unwrap_or_default();
        assert_eq!((response.status, response.text().as_ref()), (status.unwrap_or(0), body), "{bytes}");
        assert_eq!(received.any_byte, !bytes.is_empty());
    }
}

#[tokio::test]
async fn says_why_there_is_no_complete_response() {
    for (bytes, cause) in [
        ("", "closed the connection without a response"),
        ("HTTP/1.1 200", "closed the connection before the response was complete"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", "before the response was complete"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nab", "`Content-Length: 2, 3`"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nab", "`Content-Length: -2`"),
        ("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab", "`Content-Length: +2`"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nab", "Content-Length: 9999"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "not a number: `xyz"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n\r\n", "not a number"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\n\r\n", "not a number: `;x"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", "too large"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "too large"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "longer than its size"),
        ("HTTP/1.1 200 OK\r\nX\0: 1\r\n\r\n", "NUL byte"),
        ("HTTP/1.1 200 O\0K\r\n\r\n", "NUL byte"),
        ("HTTP/1.1 200 OK\r\n x: 1\r\n\r\n", "white space comes before"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "transfer coding `gzip`"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n", "has no colon"),
        ("HTTP/1.1 200 OK\r\nnothing\r\n\r\n", "the header line `nothing` has no colon"),
        ("HTTP/1.1 2000 OK\r\n\r\n", "its status line is"),
        ("HTTP/1.2 200 OK\r\n\r\n", "its status line is"),
        ("HTTP/1.1 099 Odd\r\n\r\n", "the status 099"),
        ("220 mail.example.org ESMTP", "it begins with `220 mail"),
        ("\u{1b}[31mX", "it begins with `\\u{1b}[31mX`"),
    ] {
        let (read, _) = receive(bytes.as_bytes(), false, Reading::Whole).await;
        let transport_error = read.unwrap_err().to_string();
        assert!(transport_error.contains(cause), "{bytes}: {transport_error}");
    }
}

/// Yields `start`, and then `again` forever.
struct Endless {
    begin: String,
    again: &'static str,
    sent: usize,
}

impl AsyncRead for Endless {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while into.remaining() > 0 {
            let left = self.begin.get(self.sent..).filter(|left| !left.is_empty());
            let after = self.sent.saturating_sub(self.begin.len()) % self.again.len();
            let next = left.unwrap_or(&self.again[after..]).as_bytes();
            let length = next.len().min(into.remaining());
            into.put_slice(&next[..length]);
            self.sent += length;
        }
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn stops_reading_a_response_that_never_ends() {
    const OK: &str = "HTTP/1.1 200 OK\r\n";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (head, begin, again, cause) in [
        (OK, "X: ", "x", "the header fields of the response do not end"),
        (OK, "", "X: 1\r\n", "the header fields of the response do not end"),
        ("", "", "HTTP/1.1 100 Continue\r\n\r\n", "the header fields of the response do not end"),
        (OK, "\r\n", "a", "the body is larger than 16 MiB"),
        (CHUNKED, "", "10\r\n0123456789abcdef\r\n", "the body is larger than 16 MiB"),
        (CHUNKED, "1;x=", "x", "the chunk size line of the response does not end"),
        (CHUNKED, "0\r\n", "X: 1\r\n", "the trailer section of the response does not end"),
        (CHUNKED, "0\r\nX: ", "x", "the trailer section of the response does not end"),
    ] {
        let mut stream = Endless { begin: [head, begin].concat(), again, sent: 0 };
        let mut received = Received::default();
        let transport_error =
            read(&mut stream, false, &Reading::Whole, &(), &mut received).await.unwrap_err();
        assert!(transport_error.to_string().ends_with(cause), "{begin}{again}: {transport_error}");
        assert!(stream.sent < 32 * 1024 * 1024, "{begin}{again}: {}", stream.sent);
    }
}

#[tokio::test]
async fn responses_of_a_race_share_a_budget() {
    let bytes =
        format!("HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n{}", "x".repeat(10 * 1024 * 1024));
    let budget = super::super::Budget::of_race();
    let mut complete = 0;
    for _ in 0..10 {
        match receive(bytes.as_bytes(), false, Reading::Shared(budget.clone())).await.0 {
            Ok(()) => complete += 1,
            Err(transport_error) => {
                assert!(matches!(transport_error, TransportError::RaceTooLarge(_)), "{transport_error}");
            }
        }
    }
    assert_eq!(complete, 6);
}
