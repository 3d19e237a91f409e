//! Takes connections in, and lets them go.
//!
//! [`serve`] is given a bound listener, an application and the moment to stop; it accepts until that moment,
//! then lets the requests in flight finish. It knows nothing of HTTP: each stream goes to [`connection`].

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::app::Application;
use crate::settings::Settings;
use crate::{connection, shutdown};

/// How many connections are served at once; one more is told to come back later.
pub const MAX_CONNECTIONS: usize = 16_384;

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
    let listener = TcpListener::bind((host.as_str(), *port)).await.map_err(|error| {
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
    serve(listener, app, shutdown).await;
    Ok(())
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
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(max_connections));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let stream = tokio::select! {
            stream = accept(&listener) => stream,
            () = &mut shutdown => break,
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            refuse(&stream);
            continue;
        };
        let connection = connections.watch(connection::connection(stream, Arc::clone(&app)));
        tokio::spawn(async move {
            // How a connection ends is its client's business: an error here says that the client went away
            // or did not speak HTTP, and hyper has answered what can be answered.
            let _ = connection.await;
            drop(place);
        });
    }
    // From here on, whoever connects is refused by the system.
    drop(listener);
    let _ = tokio::time::timeout(SHUTDOWN_DEADLINE, connections.shutdown()).await;
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

/// Says 503 as far as the socket takes it at once: a crowd must not make the listener wait.
fn refuse(stream: &TcpStream) {
    // A new socket's send buffer is empty; if the client is gone already, nobody misses the answer.
    let _ = stream.try_write(BUSY);
}

#[cfg(test)]
mod tests;
