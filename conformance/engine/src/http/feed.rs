//! A response that is handed over while it is read: first its head, then its body in pieces.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::error::TransportError;
use super::exchange::Exchange;
use conformance_suite::request::Prepared;
use conformance_suite::response::Response;

/// The sending end, which belongs to the reader of the response.
#[derive(Debug, Clone)]
pub struct Feed {
    parts: mpsc::Sender<Part>,
    /// The request, and when it was sent.
    sent: Arc<Mutex<Option<(Prepared, Instant)>>>,
    /// Whether the head has been received.
    has_head: Arc<AtomicBool>,
}

/// A part of a response.
#[derive(Debug)]
enum Part {
    Head(Box<StreamHead>),
    Data(Vec<u8>),
}

/// The beginning of an exchange whose response is not complete.
#[derive(Debug, Clone)]
pub struct StreamHead {
    /// The request as it was sent.
    pub request: Prepared,
    /// The response, without its body.
    pub response: Response,
    /// When the request was sent.
    pub began: Instant,
}

/// A response that is being received. If it is dropped, the connection is closed.
#[derive(Debug)]
pub struct ResponseStream {
    parts: mpsc::Receiver<Part>,
    exchange: JoinSet<Exchange>,
}

/// Number of pieces of a body that are buffered, of at most a few times 16 KiB each. After them, the connection is not read.
const MOST_BUFFERED: usize = 32;

impl Feed {
    /// Records that a request is being sent.
    pub(super) fn sending(&self, request: &Prepared) {
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Some((request.clone(), Instant::now()));
    }

    /// Hands the head of the response over.
    pub(super) async fn head(&self, response: &Response) -> Result<(), TransportError> {
        self.has_head.store(true, Ordering::Relaxed);
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((request, began)) = sent else { return Ok(()) };
        let response = Response { elapsed: began.elapsed(), ..response.clone() }.to(&request);
        self.hand_over(Part::Head(Box::new(StreamHead { request, response, began }))).await
    }

    /// Hands a piece of the body over, as soon as the buffer is not full.
    pub(super) async fn data(&self, bytes: &[u8]) -> Result<(), TransportError> {
        self.hand_over(Part::Data(bytes.to_vec())).await
    }

    async fn hand_over(&self, part: Part) -> Result<(), TransportError> {
        let closed = |_| TransportError::Broken("the runner closed the stream".to_owned());
        self.parts.send(part).await.map_err(closed)
    }

    /// Waits until the head is overdue. The body may take any time.
    pub(super) async fn overdue(&self, limit: Duration) {
        tokio::time::sleep(limit).await;
        if self.has_head.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

impl ResponseStream {
    /// Starts a request in the background. `send` sends it, and hands its response over to the feed.
    ///
    /// # Errors
    /// The exchange, if the target sent no head.
    pub async fn open<S: Future<Output = Exchange> + Send + 'static>(
        send: impl FnOnce(Feed) -> S,
    ) -> Result<(StreamHead, Self), Box<Exchange>> {
        let (sender, parts) = mpsc::channel(MOST_BUFFERED);
        let feed = Feed { parts: sender, sent: Arc::default(), has_head: Arc::default() };
        let mut exchange = JoinSet::new();
        exchange.spawn(send(feed));
        let mut stream = Self { parts, exchange };
        while let Some(part) = stream.parts.recv().await {
            if let Part::Head(head) = part {
                return Ok((*head, stream));
            }
        }
        Err(Box::new(joined(&mut stream.exchange).await))
    }

    /// Returns the next piece of the body; nothing at its end. Cancelling it loses nothing.
    ///
    /// # Errors
    /// Why the body is incomplete.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        loop {
            match self.parts.recv().await {
                Some(Part::Data(data)) => return Ok(Some(data)),
                Some(Part::Head(_)) => {}
                None => return joined(&mut self.exchange).await.outcome.map(|_| None),
            }
        }
    }

    /// Closes the connection.
    pub async fn close(mut self) {
        self.exchange.shutdown().await;
    }
}

/// Returns the exchange when it is over. A panic of its task goes on here.
async fn joined(exchange: &mut JoinSet<Exchange>) -> Exchange {
    match exchange.join_next().await {
        Some(Ok(exchange)) => exchange,
        Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
        // The task was read to its end before, or the runtime shuts down.
        _ => std::future::pending().await,
    }
}
