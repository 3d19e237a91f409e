//! Answers as targets send them: whole, in pieces, without end, and such as are none.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::ReadBuf;

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
    for head in ["Content-Length: 3145728\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n300000\r\n", "\r\n"] {
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
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n\r\n", "no number"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\n\r\n", "no number"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "longer than it says"),
        ("220 mail.example.org ESMTP\r\n", "it is not HTTP"),
    ] {
        let breakage = answer(bytes).await.unwrap_err();
        assert!(breakage.to_string().contains(cause), "{bytes}: {breakage}");
    }
}

/// Bytes that are followed by others again and again, for ever.
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
            let behind = self.sent.saturating_sub(self.begin.len()) % self.again.len();
            let next = left.unwrap_or(&self.again[behind..]).as_bytes();
            let length = next.len().min(into.remaining());
            into.put_slice(&next[..length]);
            self.sent += length;
        }
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_not_read_for_ever() {
    const OK: &str = "HTTP/1.1 200 OK\r\n";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (head, begin, again, cause) in [
        (OK, "X: ", "x", "its header fields do not end"),
        ("", "", "\r\n", "its header fields do not end"),
        ("", "", "HTTP/1.1 100 Continue\r\n\r\n", "its header fields do not end"),
        (OK, "\r\n", "a", "the body is larger than 16 MiB"),
        (CHUNKED, "", "10\r\n0123456789abcdef\r\n", "the body is larger than 16 MiB"),
        (CHUNKED, "1;x=", "x", "the line before a chunk does not end"),
        (CHUNKED, "0\r\n", "X: 1\r\n", "its trailer does not end"),
        (CHUNKED, "0\r\nX: ", "x", "its trailer does not end"),
    ] {
        let mut stream = Endless { begin: [head, begin].concat(), again, sent: 0 };
        let breakage = read(&mut stream, &mut Vec::new(), false, Reading::Whole).await.unwrap_err();
        assert!(breakage.to_string().ends_with(cause), "{begin}{again}: {breakage}");
        assert!(stream.sent < 128 * 1024 * 1024, "{begin}{again}: {}", stream.sent);
    }
}

#[tokio::test]
async fn small_chunks_behind_a_large_one_are_read_as_fast() {
    let (large, small) = ("x".repeat(8 * 1024 * 1024), "1\r\na\r\n".repeat(1024 * 1024));
    let bytes =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n800000\r\n{large}\r\n{small}0\r\n\r\n");
    let begun = Instant::now();
    let (response, _) = answer(&bytes).await.unwrap();
    assert_eq!(response.body.len(), 9 * 1024 * 1024);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_status_that_there_is_not_is_answered_with_all_the_same() {
    let (response, _) = answer("HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    assert_eq!(response.status, 99);
}
