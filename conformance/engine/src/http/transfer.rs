//! Writes a request and reads its response at the same time, with the waits of curl.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;

use super::connection::Connection;
use super::error::TransportError;
use super::message::Message;
use super::reading::Reading;
use super::response_reader::{self, Received, Watch};

/// How long sending the rest of a request may take after its response is complete.
const REST_WAIT: Duration = Duration::from_secs(1);
/// How long to wait for `100 Continue` before sending the body, as in curl (`--expect100-timeout`).
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

/// How a transfer ended.
pub(super) struct Transferred {
    pub(super) written: Written,
    /// When the last byte of the response arrived.
    pub(super) last_byte: Instant,
    /// Whether the target responded while the body waited for `100 Continue`.
    pub(super) held_back: bool,
}

/// Writes a request and reads its response concurrently.
///
/// # Errors
/// Why no complete response was received.
pub(super) async fn transfer(
    connection: &mut Connection,
    message: &Message<'_>,
    reading: &Reading,
    limit: Duration,
    received: &mut Received,
) -> Result<Transferred, TransportError> {
    let Connection { reader, writer, .. } = connection;
    let heads = Heads::default();
    let write = write(writer, message, &heads);
    let read = response_reader::read(reader, message.is_head, reading, &heads, received);
    tokio::pin!(write, read);
    let mut written = None;
    let both = async {
        loop {
            tokio::select! {
                biased;
                outcome = &mut read => break outcome,
                result = &mut write, if written.is_none() => written = Some(result),
            }
        }
    };
    tokio::select! {
        biased;
        outcome = both => outcome,
        () = reading.overdue(limit) => Err(TransportError::Timeout(limit)),
    }?;
    let last_byte = Instant::now();
    if written.is_none() && !heads.refuse() && !heads.holds_back(message) {
        // Like curl: after a complete response below 300, send the rest of the body, if the target reads it.
        written = tokio::time::timeout(REST_WAIT, write).await.ok();
    }
    let held_back = heads.holds_back(message);
    Ok(Transferred { written: written.unwrap_or(Written::Stopped), last_byte, held_back })
}

/// Response heads received while the request is being written.
#[derive(Default)]
struct Heads {
    /// Status of the last head; 0 before the first.
    status: AtomicUsize,
    /// Whether the body may be sent, because `100 Continue` was received or the wait for it is over.
    continued: AtomicBool,
    changed: Notify,
}

impl Watch for Heads {
    fn head(&self, status: u16) {
        self.status.store(usize::from(status), Ordering::Relaxed);
        if status == 100 {
            self.continued.store(true, Ordering::Relaxed);
        }
        self.changed.notify_one();
    }
}

impl Heads {
    /// Whether a final response refuses the rest of the request, so that sending stops, as in curl.
    fn refuse(&self) -> bool {
        self.status.load(Ordering::Relaxed) >= 300
    }

    /// Whether a final response arrived while the body waited for `100 Continue`.
    fn holds_back(&self, message: &Message<'_>) -> bool {
        message.expects_continue
            && !self.continued.load(Ordering::Relaxed)
            && self.status.load(Ordering::Relaxed) >= 200
    }

    /// Waits until the body may be sent or a final response has arrived.
    async fn wait_for_continue(&self) {
        let wait = async {
            while !self.continued.load(Ordering::Relaxed) && self.status.load(Ordering::Relaxed) < 200 {
                self.changed.notified().await;
            }
        };
        if tokio::time::timeout(CONTINUE_WAIT, wait).await.is_err() {
            self.continued.store(true, Ordering::Relaxed);
        }
    }
}

/// How much of a request was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Whole,
    /// The target refused the rest, or does not read it.
    Stopped,
}

/// Writes a request. A write error does not end the exchange, because the target may have responded before it closed
/// the connection.
async fn write<W: AsyncWrite + Unpin>(writer: &mut W, message: &Message<'_>, heads: &Heads) -> Written {
    if write_all(writer, &message.first, heads).await == Written::Stopped {
        return Written::Stopped;
    }
    if message.expects_continue {
        heads.wait_for_continue().await;
        if heads.holds_back(message) {
            return Written::Stopped;
        }
    }
    if write_all(writer, message.rest, heads).await == Written::Stopped {
        return Written::Stopped;
    }
    write_all(writer, message.end, heads).await
}

async fn write_all<W: AsyncWrite + Unpin>(writer: &mut W, mut bytes: &[u8], heads: &Heads) -> Written {
    while !bytes.is_empty() {
        if heads.refuse() {
            return Written::Stopped;
        }
        match writer.write(bytes).await {
            Ok(0) | Err(_) => return Written::Stopped,
            Ok(length) => bytes = bytes.get(length..).unwrap_or_default(),
        }
    }
    match writer.flush().await {
        Ok(()) => Written::Whole,
        Err(_) => Written::Stopped,
    }
}
