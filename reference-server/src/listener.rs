//! Accepts connections, limits their number and shuts down gracefully.
//!
//! [`serve`] accepts connections until `shutdown` completes; then it closes idle connections and finishes the requests
//! in flight. HTTP is handled by [`connection`].

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulConnection;
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::sync::{Semaphore, watch};

use crate::app::Application;
use crate::connection::Stream;
use crate::settings::Settings;
use crate::{connection, descriptors, shutdown};

/// The maximum number of concurrent connections, if the system allows that many; a further one gets a 503.
pub const MAX_CONNECTIONS: usize = 16_384;

/// The maximum number of connections that are being refused at once; a further one is closed without a response.
const MAX_REFUSALS: usize = 64;

/// The size of the listen backlog, if the system allows it; if it is full, clients retry the connection after a second.
const BACKLOG: u32 = 4096;

/// The maximum time for requests in flight after a shutdown signal.
pub const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(10);

/// The pause after a failed accept: the cause (no file descriptor left, say) lasts for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";

/// Listens on the configured address, prints it on one line and serves until SIGINT or SIGTERM.
///
/// Corresponds to Flask's `app.run(host=…, port=…)`.
///
/// # Errors
/// If the server cannot listen on `API_HOST` and `API_PORT`; the message has both.
pub async fn run(settings: &Settings, app: impl Application) -> io::Result<()> {
    let Settings { api_host: host, api_port: port, .. } = settings;
    let listener = bind(host, *port).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on API_HOST {host} and API_PORT {port}: {error}"))
    })?;
    let shutdown = shutdown::signals()?;
    let mut stdout = io::stdout();
    // A closed stdout (`| head -0`) is not an error.
    let _ = writeln!(stdout, " * Running on http://{}/ (Press CTRL+C to quit)", listener.local_addr()?);
    let _ = stdout.flush();
    tracing::info!(address = %listener.local_addr()?, "listening");
    serve_at_most(MAX_CONNECTIONS.min(descriptors::connections()), listener, app, shutdown).await;
    Ok(())
}

/// Listens on the first usable address of a host, with [`BACKLOG`].
async fn bind(host: &str, port: u16) -> io::Result<TcpListener> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in lookup_host((host, port)).await? {
        let listen = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // Without SO_REUSEADDR a restart would fail for a minute (TIME_WAIT).
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            socket.listen(BACKLOG)
        };
        match listen() {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Serves `app` on `listener` until `shutdown` completes and the requests in flight are answered.
///
/// It returns after [`SHUTDOWN_DEADLINE`] even if some are not; their connections end with the runtime.
pub async fn serve(listener: TcpListener, app: impl Application, shutdown: impl Future<Output = ()>) {
    serve_at_most(MAX_CONNECTIONS, listener, app, shutdown).await;
}

async fn serve_at_most(
    max_connections: usize,
    listener: TcpListener,
    app: impl Application,
    shutdown: impl Future<Output = ()>,
) {
    let app = Arc::new(app);
    let (stop, stopping) = watch::channel(());
    let places = Arc::new(Semaphore::new(max_connections));
    let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let stream = tokio::select! {
            stream = accept(&listener) => stream,
            () = &mut shutdown => break,
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            refuse(stream, &refusals);
            continue;
        };
        let connection = until_stopped(connection::connection(stream, Arc::clone(&app)), stopping.clone());
        tokio::spawn(async move {
            // An error here is the client's: it disconnected or did not send HTTP, and hyper has answered if it could.
            if let Err(error) = connection.await {
                log_error(&error);
            }
            drop(place);
        });
    }
    tracing::info!("stopping");
    // From here on the system refuses new connections.
    drop(listener);
    drop(stopping);
    // Fails if there are no connections, which is fine.
    let _ = stop.send(());
    let _ = tokio::time::timeout(SHUTDOWN_DEADLINE, stop.closed()).await;
}

/// Drives a connection to its end. When the server stops, an idle connection is closed at once and a busy one after its
/// response.
///
/// The connection is polled before the signal, so that a request that arrived before the signal is answered.
/// (`GracefulShutdown` of hyper-util polls the signal first.) A request that arrives while its connection is being
/// closed gets no response. Every server that closes idle connections has this race; a client may retry such a request
/// (RFC 9112 §9.3.1).
async fn until_stopped<C: GracefulConnection>(
    connection: C,
    mut stopping: watch::Receiver<()>,
) -> Result<(), C::Error> {
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        _ = stopping.changed() => connection.as_mut().graceful_shutdown(),
    }
    // `stopping` lives until here: `serve` waits until every connection has dropped its copy.
    connection.await
}

/// Accepts the next connection; retries failed accepts.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client disconnected before the accept; the next connection is unaffected.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) => {}
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Sends a 503 and waits until the client has received it. The number of such waits is limited, so that a burst of
/// clients neither blocks the listener nor fills the memory; beyond it a connection is closed without a response.
fn refuse(stream: TcpStream, refusals: &Arc<Semaphore>) {
    tracing::warn!("connection refused: too many connections");
    let Ok(place) = Arc::clone(refusals).try_acquire_owned() else { return };
    tokio::spawn(async move {
        Stream::new(stream).send_and_close(BUSY).await;
        drop(place);
    });
}

/// Logs how a connection failed.
fn log_error(error: &hyper::Error) {
    if error.is_parse() {
        tracing::warn!(%error, "malformed request");
    } else {
        tracing::debug!(%error, "connection aborted");
    }
}

#[cfg(test)]
mod tests;
