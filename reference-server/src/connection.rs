//! Speaks HTTP/1.1 on one connection, within limits.
//!
//! In go a stream and the application, out comes the connection to be driven. Nothing that a client sends is
//! waited for, or kept, without a limit. What hyper cannot read it answers itself (400, 431); what it can
//! read and RFC 9112 refuses is refused in `head`, before the application sees it; how the socket is left
//! behind is the business of `stream`.

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

/// How long a client may take to send the head of a request, and how long it may stay idle between two.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How many bytes of a head are gathered: more than any that is accepted, so that it can be told what was too long.
const MAX_HEAD: usize = 64 * 1024;

/// A connection over `stream` that answers with `app`. It does nothing until it is polled.
pub(crate) fn connection(
    stream: TcpStream,
    app: Arc<impl Application>,
) -> impl GracefulConnection<Error = hyper::Error> + Send {
    // Answers are written whole: waiting to fill a packet would only delay them. A socket that refuses the
    // option still works.
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
        // Most answers wait for nothing. Made here, they let go of the request before hyper reads on, which can use
        // the buffer again then; what does wait is polled again at once, by who will wake it.
        let mut nobody = Context::from_waker(Waker::noop());
        let answer = match answering.as_mut().poll(&mut nobody) {
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
