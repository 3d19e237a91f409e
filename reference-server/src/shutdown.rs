//! Says when to stop: on Ctrl-C (SIGINT) and on SIGTERM, and not when a terminal goes away (SIGHUP).
//!
//! Out comes a future that ends at the first of the two. What stopping means is the listener's business.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Starts to watch for SIGINT and SIGTERM, and returns a future that ends when one of them comes.
///
/// From the call on, and not only from the first poll, neither signal kills the process, and SIGHUP does nothing.
/// (A pipe that breaks kills no Rust program: SIGPIPE is ignored from its start.)
///
/// # Errors
/// When the system refuses a signal handler.
pub fn signals() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Once it is watched it has lost its power, also when nobody listens.
    drop(signal(SignalKind::hangup())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
