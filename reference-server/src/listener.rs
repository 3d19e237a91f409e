//! Takes connections in, and lets them go.
//!
//! [`serve`] is given a bound listener, an application and the moment to stop. It accepts connections until that moment;
//! then it closes the idle ones and finishes the requests in flight. It knows nothing of HTTP: each stream goes to
//! [`connection`].

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

/// How many connections are served at once, where the system allows as many; one more is told to come back later.
pub const MAX_CONNECTIONS: usize = 16_384;

/// How many of those that are told so are waited for, until they have heard it.
const MAX_REFUSALS: usize = 64;

/// How many connections may wait to be accepted, if the system lets them; further ones wait a second before they
/// try again.
const BACKLOG: u32 = 4096;

/// How long the requests in flight may take once the server was told to stop.
pub const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(10);

/// How long to wait after a failed accept: what fails now (no file descriptor left) fails again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";

/// Listens where the settings say, prints the address in one line and serves until SIGINT or SIGTERM.
///
/// It is what `app.run(host=…, port=…)` is in Flask.
///
/// # Errors
/// When `API_HOST` and `API_PORT` cannot be listened on; the sentence names both.
pub async fn run(settings: &Settings, app: impl Application) -> io::Result<()> {
    let Settings { api_host: host, api_port: port, .. } = settings;
    let listener = bind(host, *port).await.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("API_HOST {host} and API_PORT {port} cannot be listened on: {error}"),
        )
    })?;
    let shutdown = shutdown::signals()?;
    let mut stdout = io::stdout();
    // A reader who has gone away (`| head -0`) is no reason not to serve.
    let _ = writeln!(stdout, " * Running on http://{}/ (Press CTRL+C to quit)", listener.local_addr()?);
    let _ = stdout.flush();
    tracing::info!(address = %listener.local_addr()?, "listening");
    serve_at_most(MAX_CONNECTIONS.min(descriptors::connections()), listener, app, shutdown).await;
    Ok(())
}

/// A listener on the first address of a host that can be listened on, with [`BACKLOG`].
async fn bind(host: &str, port: u16) -> io::Result<TcpListener> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in lookup_host((host, port)).await? {
        let listen = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // Or a server that was stopped could not be started again for a minute.
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

/// Serves `app` on `listener` until `shutdown` ends and the requests in flight are answered.
///
/// After [`SHUTDOWN_DEADLINE`] it returns although some are not; their connections end with the runtime.
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
            // How a connection ends is its client's business: an error here says that the client went away
            // or did not speak HTTP, and hyper has answered what can be answered.
            if let Err(error) = connection.await {
                tell(&error);
            }
            drop(place);
        });
    }
    tracing::info!("stopping");
    // From here on the system refuses new connections.
    drop(listener);
    drop(stopping);
    // Without a connection nobody hears it.
    let _ = stop.send(());
    let _ = tokio::time::timeout(SHUTDOWN_DEADLINE, stop.closed()).await;
}

/// Drives a connection to its end. When the server stops, an idle connection is closed, and one in use ends after its
/// response.
///
/// The connection is polled before the signal: a request that arrived before the signal has been read by then, and is
/// answered. (`GracefulShutdown` of hyper-util polls the signal first.) A request that arrives while its connection is
/// being closed is not read, and gets no response. Every server that closes idle connections has this race; a client
/// may send such a request again (RFC 9112 §9.3.1).
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
    // `stopping` is kept until here: `serve` waits until every connection has dropped its own.
    connection.await
}

/// The next connection, however many accepts fail before it.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client was gone before it was accepted; the next one is not concerned.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) => {}
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Says 503, and waits until the client has heard it; a crowd must not make the listener wait, nor fill the
/// memory, so whoever comes when many are being refused is let go without a word.
fn refuse(stream: TcpStream, refusals: &Arc<Semaphore>) {
    tracing::warn!("a connection too many is refused");
    let Ok(place) = Arc::clone(refusals).try_acquire_owned() else { return };
    tokio::spawn(async move {
        Stream::new(stream).say_and_close(BUSY).await;
        drop(place);
    });
}

/// Tells the log how a connection ended, if not well.
fn tell(error: &hyper::Error) {
    if error.is_parse() {
        tracing::warn!(%error, "a request that cannot be read");
    } else {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests;
