//! A client's socket with a write timeout and an orderly close.
//!
//! It gives up a write that makes no progress, waits before it closes the socket so that the client receives the last
//! response (lingering close), and replaces hyper's 431 by 414 if the request line is what was too long. Other bytes
//! pass through unchanged.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// The maximum time without progress while a response is being written.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long, and how many bytes, to read after the last response.
///
/// If a socket is closed while it holds unread bytes, the system resets the connection and the client may lose the
/// response (RFC 9112 §9.6).
pub(crate) const LINGER: (Duration, usize) = (Duration::from_secs(1), 8 * 1024 * 1024);

/// The start of hyper's response to a head that is too long.
const FIELDS_TOO_LARGE: &[u8] = b"HTTP/1.1 431 ";
/// The response if the request line is too long (RFC 9112 §3).
const URL_TOO_LONG: &[u8] = b"HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// A client's socket.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: TcpStream,
    /// Whether a line has ended since the last response.
    line_ended: bool,
    /// Whether the client has closed its side.
    ended: bool,
    /// Whether everything the client sent has been read and nothing has been written since: true between two requests
    /// and before the first.
    idle: bool,
    /// Runs while a write makes no progress.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs after FIN was sent; with the number of bytes that may still be read.
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Stream {
    pub(crate) fn new(socket: TcpStream) -> Self {
        Self { socket, line_ended: false, ended: false, idle: true, stalled: None, lingering: None }
    }

    /// Writes as much as the socket accepts at once, sends FIN and waits until the client closes its side.
    pub(crate) async fn send_and_close(mut self, answer: &[u8]) {
        // The send buffer of a new socket is empty, so the write is complete unless the client has gone.
        let _ = self.socket.try_write(answer);
        self.idle = false;
        let _ = poll_fn(|cx| Pin::new(&mut self).poll_shutdown(cx)).await;
    }

    /// The result of a write, or an error after the write timeout.
    fn in_time(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.idle = false;
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(WRITE_TIMEOUT)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// The response to send instead of `answer`, if any.
    fn corrected(&mut self, answer: &[u8]) -> Option<&'static [u8]> {
        let line_ended = std::mem::take(&mut self.line_ended);
        (!line_ended && answer.starts_with(FIELDS_TOO_LARGE)).then_some(URL_TOO_LONG)
    }

    /// Writes `answer` and reports that `length` bytes were written.
    fn write_instead(
        &mut self,
        cx: &mut Context<'_>,
        answer: &[u8],
        length: usize,
    ) -> Poll<io::Result<usize>> {
        // The first response after a read finds an empty send buffer, unless the client has not read earlier responses;
        // then a partial one does no harm.
        let written = Pin::new(&mut self.socket).poll_write(cx, answer);
        self.in_time(cx, written.map_ok(|_| length))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.socket).poll_read(cx, buf);
        self.idle = result.is_pending();
        ready!(result)?;
        let read = &buf.filled()[before..];
        self.ended = read.is_empty();
        self.line_ended = self.line_ended || read.contains(&b'\n');
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(answer) = self.corrected(buf) {
            return self.write_instead(cx, answer, buf.len());
        }
        let written = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.in_time(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(answer) = bufs.first().and_then(|first| self.corrected(first)) {
            return self.write_instead(cx, answer, bufs.iter().map(|buf| buf.len()).sum());
        }
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    /// Sends FIN and reads until the client does the same, within [`LINGER`].
    ///
    /// An idle connection is closed at once: unless the client pipelines, it has received every response.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { socket, lingering, ended, idle, .. } = &mut *self;
        if lingering.is_none() {
            ready!(Pin::new(&mut *socket).poll_shutdown(cx))?;
        }
        let (time, bytes) = lingering.get_or_insert_with(|| (Box::pin(sleep(LINGER.0)), LINGER.1));
        let mut unread = [0; 4096];
        while !*ended && *bytes > 0 && time.as_mut().poll(cx).is_pending() {
            let mut unread = ReadBuf::new(&mut unread);
            match Pin::new(&mut *socket).poll_read(cx, &mut unread) {
                Poll::Pending if *idle => break,
                Poll::Pending => return Poll::Pending,
                // The client has reset the connection.
                Poll::Ready(Err(_)) => break,
                Poll::Ready(Ok(())) => {}
            }
            // A request arrived too late. Keep reading, so that the client sees the end of the connection and not a
            // reset.
            *idle = false;
            *ended = unread.filled().is_empty();
            *bytes = bytes.saturating_sub(unread.filled().len());
        }
        Poll::Ready(Ok(()))
    }
}
