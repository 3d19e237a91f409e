//! Waits for SIGINT (Ctrl-C) or SIGTERM, and ignores SIGHUP.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Installs the signal handlers and returns a future that completes on the first SIGINT or SIGTERM.
///
/// From this call on, not only from the first poll, neither signal kills the process, and SIGHUP has no effect. (Rust
/// ignores SIGPIPE in every program.)
///
/// # Errors
/// If the system refuses a signal handler.
pub fn signals() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // The handler stays installed after the stream is dropped, so SIGHUP no longer kills the process.
    drop(signal(SignalKind::hangup())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
