//! Serves HTTP/1.1 on one connection, with limits on every wait and every buffer.
//!
//! hyper answers a request that it cannot parse (400, 431). The module `head` rejects requests that hyper accepts but
//! RFC 9112 does not, before the application sees them. The module `stream` closes the socket.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;
use tracing::Level;

use crate::app::Application;
use crate::log::Entry;
use crate::reply::Reply;

mod head;
mod stream;

pub use head::{MAX_COOKIES, MAX_FIELDS, MAX_URL};
pub(crate) use stream::Stream;
#[cfg(test)]
pub(crate) use stream::{LINGER, WRITE_TIMEOUT};

/// The maximum time to receive the head of a request, and to stay idle between two requests.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The maximum number of bytes of a head that is read. It is above every limit in `head`, so that the response can say
/// which part is too long.
const MAX_HEAD: usize = 64 * 1024;

/// Serves requests from `stream` with `app`. The future does nothing until it is polled.
pub(crate) fn connection(
    stream: TcpStream,
    app: Arc<impl Application>,
) -> impl GracefulConnection<Error = hyper::Error> + Send {
    // Responses are written in one piece, so Nagle's algorithm would only delay them. A failure is harmless.
    let _ = stream.set_nodelay(true);
    let peer = tracing::enabled!(Level::ERROR).then(|| stream.peer_addr().ok()).flatten();
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        let mut answering = Box::pin(async move {
            let entry = Entry::of(&request);
            let response = match head::check(&request) {
                Ok(()) => app.answer(request).await,
                Err(unfit) => Reply::from(unfit).into_response(),
            };
            if let Some(entry) = entry {
                entry.end(peer, &response);
            }
            response
        });
        // Most responses are ready at the first poll. Polled here, they release the request, so that hyper can reuse
        // its read buffer; a pending one is polled again at once with the real waker.
        let mut noop = Context::from_waker(Waker::noop());
        let answer = match answering.as_mut().poll(&mut noop) {
            Poll::Ready(response) => Ok(response),
            Poll::Pending => Err(answering),
        };
        async move {
            Ok::<_, Infallible>(match answer {
                Ok(response) => response,
                Err(answering) => answering.await,
            })
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(Stream::new(stream)), service)
}
