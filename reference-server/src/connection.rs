//! Serves HTTP/1.1 on one connection, within limits on time and memory.
//!
//! hyper parses requests, keeps the connection alive, and responds to a request that it cannot parse (400, 431). The
//! module `head` rejects requests that hyper accepts but RFC 9112 does not. The application responds to the others.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_io_timeout::TimeoutWriter;

use crate::app::Application;
use crate::log;

mod head;

pub use head::{MAX_COOKIES, MAX_FIELDS, MAX_URL};

/// The maximum time to receive the head of a request, and to stay idle between two requests.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The maximum time without progress while a response is being written.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The maximum time to wait until the client closes its side, after the server has closed its own.
pub const LINGER: Duration = Duration::from_secs(1);

/// The maximum number of bytes to read and ignore meanwhile.
const LINGER_BYTES: u64 = 8 * 1024 * 1024;

/// The maximum size of a head in bytes; hyper responds to a larger one with 431. It is above every limit in `head`, so
/// that those responses can say which part is too long.
const MAX_HEAD: usize = 64 * 1024;

const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";

/// Serves the requests on a socket with `app` until the client or a timeout ends the connection.
///
/// When `stopping` changes, an idle connection is closed at once, and one in use after its response.
pub(crate) async fn serve(
    socket: TcpStream,
    peer: SocketAddr,
    app: Arc<impl Application>,
    mut stopping: watch::Receiver<()>,
) {
    // Responses are written in one piece, so Nagle's algorithm would only delay them. A failure is harmless.
    let _ = socket.set_nodelay(true);
    let mut stream = TimeoutWriter::new(socket);
    stream.set_timeout(Some(WRITE_TIMEOUT));
    let service = service_fn(|request| Box::pin(respond(Arc::clone(&app), peer, request)));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_HEAD)
        // A client may close its side after a request and wait for the response, as `nc -N` does.
        .half_close(true)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);

    // `poll_without_shutdown` leaves the socket open, so that `close` can close it.
    let ended = tokio::select! {
        // A request that arrived before the signal is answered.
        biased;
        result = poll_fn(|cx| connection.poll_without_shutdown(cx)) => Some(result),
        _ = stopping.changed() => None,
    };
    let (result, was_idle) = if let Some(result) = ended {
        (result, false)
    } else {
        Pin::new(&mut connection).graceful_shutdown();
        // An idle connection ends at the first poll, one in use after its response.
        let mut polls = 0;
        let result = poll_fn(|cx| {
            polls += 1;
            connection.poll_without_shutdown(cx)
        })
        .await;
        (result, polls == 1)
    };
    let mut stream = connection.into_parts().io.into_inner();
    match result {
        // The client has received every response, so there is nothing to wait for.
        Ok(()) if was_idle => drop(stream.shutdown().await),
        Ok(()) => close(&mut stream).await,
        Err(error) if error.is_parse() => {
            tracing::warn!(%error, "malformed request");
            close(&mut stream).await;
        }
        // The client has disconnected, or a timeout has expired.
        Err(error) => tracing::debug!(%error, "connection aborted"),
    }
}

/// Refuses a connection with a 503.
pub(crate) async fn refuse(mut socket: TcpStream) {
    // The send buffer of a new socket is empty, so the write is complete unless the client has disconnected.
    let _ = socket.try_write(BUSY);
    close(&mut socket).await;
}

/// Responds to one request and logs it.
async fn respond(
    app: Arc<impl Application>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let start = Instant::now();
    let (head, body) = request.into_parts();
    let response = match head::early_reply(&head) {
        Some(reply) => reply.into_response(),
        None => app.respond(&head, body).await,
    };
    log::request(peer, &head, &response, start.elapsed());
    Ok(response)
}

/// Closes the server's side of a connection and waits until the client has closed its own (a lingering close).
///
/// If a socket is closed while it has unread bytes, the system resets the connection, and the client may lose the
/// response (RFC 9112 §9.6).
async fn close(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    if stream.shutdown().await.is_ok() {
        let mut unread = stream.take(LINGER_BYTES);
        // An error or a timeout ends the wait too.
        let _ = tokio::time::timeout(LINGER, tokio::io::copy(&mut unread, &mut tokio::io::sink())).await;
    }
}
