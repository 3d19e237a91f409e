//! The connections to one target: opens them, and keeps those that later requests may use.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::connection::{Connection, Offer, Route};
use super::error::TransportError;
use conformance_suite::request::Prepared;

/// The connections to one target.
#[derive(Debug)]
pub(super) struct ConnectionPool {
    pub(super) route: Route,
    /// Timeout for connecting.
    limit: Duration,
    /// Whether connections are kept for later steps.
    reuses: bool,
    /// Connections that were opened in advance for a race.
    ahead: Mutex<Vec<Connection>>,
    /// Idle connections, with the time at which they became idle.
    idle: Mutex<Vec<(Connection, Instant)>>,
}

/// How long an idle connection is kept for reuse. Servers commonly close idle connections after two to five seconds.
const IDLE: Duration = Duration::from_secs(1);

impl ConnectionPool {
    pub(super) fn new(route: Route, limit: Duration, reuses: bool) -> Self {
        Self { route, limit, reuses, ahead: Mutex::default(), idle: Mutex::default() }
    }

    /// Opens connections in advance, so that the requests of a race are sent at the same time. If a connection cannot
    /// be opened, the request that needs it reports the error.
    pub(super) async fn open_ahead(&self, requests: usize) {
        let opening = async {
            for _ in 0..requests {
                let Ok(connection) = self.route.open(Offer::Http1).await else { return };
                lock(&self.ahead).push(connection);
            }
        };
        tokio::time::timeout(self.limit, opening).await.ok();
    }

    /// Closes all idle connections, so that a target that is about to be stopped does not wait for them.
    pub(super) fn close(&self) {
        lock(&self.ahead).clear();
        lock(&self.idle).clear();
    }

    /// Opens a connection for a request, which may have a timeout of its own for that.
    pub(super) async fn connect(
        &self,
        offer: Offer,
        request: &Prepared,
    ) -> Result<Connection, TransportError> {
        let own = request.transfer.as_ref().and_then(|transfer| transfer.connect_timeout);
        let limit = own.unwrap_or(self.limit);
        tokio::time::timeout(limit, self.route.open(offer)).await.unwrap_or_else(|_| {
            let what = if self.route.is_secure() { "none with TLS was open" } else { "none was accepted" };
            Err(TransportError::NoConnection(format!("{what} within {limit:?}")))
        })
    }

    /// Returns a connection that was opened for a race, or one that the target has kept open.
    pub(super) fn prepared(&self, request: &Prepared) -> Option<Connection> {
        if request.raw.is_some() {
            return None;
        }
        let ahead = lock(&self.ahead).pop();
        ahead.or_else(|| self.reuses.then(|| self.idle_connection()).flatten())
    }

    /// Returns an idle connection that the target has kept open.
    fn idle_connection(&self) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        idle.retain_mut(|(connection, since)| since.elapsed() < IDLE && connection.is_idle());
        idle.pop().map(|(connection, _)| connection).and_then(Connection::still_open)
    }

    /// Keeps a clean connection for later steps, or closes it.
    pub(super) fn release(&self, connection: Connection, keeps: bool) {
        if keeps && self.reuses {
            lock(&self.idle).push((connection, Instant::now()));
        } else {
            connection.close();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
