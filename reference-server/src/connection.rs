//! Speaks HTTP/1.1 on one connection, within limits.
//!
//! In go a stream and the application, out comes the connection to be driven. Nothing that a client sends is
//! waited for, or kept, without a limit; what the limits do not allow is answered by hyper (400, 431) or
//! here.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;

use crate::app::Application;

/// How long a client may take to send the head of a request, and how long it may stay idle between two.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How many bytes the head of a request may have; a longer one is answered 431 (RFC 6585 §5).
pub const MAX_HEAD: usize = 32 * 1024;

/// A connection over `stream` that answers with `app`. It does nothing until it is polled.
pub(crate) fn connection(
    stream: TcpStream,
    app: Arc<impl Application>,
) -> impl GracefulConnection<Error = hyper::Error> + Send {
    // Answers are written whole: waiting to fill a packet would only delay them. A socket that refuses the
    // option still works.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(app.answer(request).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(MAX_HEAD)
        .max_buf_size(2 * MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
}
