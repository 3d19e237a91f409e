//! Accepts connections, limits their number and shuts down gracefully.
//!
//! [`run`] is the program: it listens on the configured address and stops at a signal. [`serve`] is for a caller that has
//! its own listener. The module [`connection`] handles HTTP.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::app::Application;
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
    let permits = Arc::new(Semaphore::new(max_connections));
    let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (socket, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut shutdown => break,
        };
        if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
            let connection = connection::serve(socket, peer, Arc::clone(&app), stopping.clone());
            spawn_with(permit, connection);
        } else {
            tracing::warn!(%peer, "connection refused: too many connections");
            // Above this limit too, the socket is dropped, so that a burst of clients does not fill the memory.
            if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
                spawn_with(permit, connection::refuse(socket));
            }
        }
    }
    tracing::info!("stopping");
    // From here on the system refuses new connections.
    drop(listener);
    // Fails if there are no connections, which is fine.
    let _ = stop.send(());
    // Every connection keeps its receiver until its end.
    drop(stopping);
    let _ = tokio::time::timeout(SHUTDOWN_DEADLINE, stop.closed()).await;
}

/// Runs a task that holds a permit until its end.
fn spawn_with(permit: OwnedSemaphorePermit, task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        task.await;
        drop(permit);
    });
}

/// Accepts the next connection; retries failed accepts.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
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

#[cfg(test)]
mod tests;
