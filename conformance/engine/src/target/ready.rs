//! Waits until a started target responds.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::port::PortGuard;
use super::process::Process;
use super::unusable::Unusable;
use crate::http::{Dialer, HttpClient, Reading, Transport, TransportError};
use conformance_suite::request::{Prepared, Request};
use conformance_suite::response::Response;
use conformance_suite::template::Scope;

/// Interval between two readiness checks at the beginning of a start.
const POLL: Duration = Duration::from_millis(5);
/// The interval grows to this share of the time since the start, so that many starting targets do not keep the machine busy
/// with checks.
const POLL_SHARE: u32 = 20;
/// Time between SIGTERM and SIGKILL.
pub(super) const GRACE: Duration = Duration::from_secs(2);
/// How long to wait for an earlier target to release a fixed port.
const PORT_LIMIT: Duration = Duration::from_secs(3);

/// How many times its limit a start may take on a machine that has no processor for it.
const MAX_STRETCH: u32 = 6;

/// Loopback addresses on which a target may listen. A target that listens on all addresses is reached through the
/// first.
const HERE: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// The readiness request and the first response.
pub(super) type Greeting = (Prepared, Response);

/// A target that has responded.
pub(super) struct Ready {
    pub(super) process: Process,
    pub(super) http: HttpClient,
    pub(super) greeting: Option<Greeting>,
    /// None if no other program can listen in the network of the target.
    pub(super) guard: Option<PortGuard>,
}

impl Ready {
    fn new(process: Process, (http, address): (HttpClient, SocketAddr), greeting: Option<Greeting>) -> Self {
        let guard = (!process.has_own_network()).then(|| PortGuard::new(address));
        Self { process, http, greeting, guard }
    }
}

/// Waits for the first response of a target on this machine, whatever its status. The response must come from the
/// started process.
///
/// # Errors
/// The process exited, the limit has passed, or another process listens on the port. In each case the process has been
/// stopped.
pub(super) async fn await_ready(
    process: Process,
    (port, fixed): (u16, bool),
    ready: Option<&Request>,
    limit: Duration,
    transport: &Transport,
) -> Result<Ready, Unusable> {
    let dialer = process.dialer().map_err(|error| Unusable::new(error.to_string()))?;
    let dialer = dialer.map(|dialer| Arc::new(dialer) as Arc<dyn Dialer>);
    let transport = Transport { dialer, ..transport.local() };
    let http = |here| {
        let address = SocketAddr::new(here, port);
        let http = HttpClient::new(&format!("http://{address}"), &transport).map_err(Unusable::new);
        http.map(|http| (http, address))
    };
    let [first, second] = HERE;
    let (first, second) = (http(first)?, http(second)?);
    let Some(ready) = ready else { return Ok(Ready::new(process, first, None)) };
    let request = ready.prepare(&Scope::default()).map_err(|error| Unusable::new(error.to_string()))?;
    let began = Instant::now();
    let mut silent = false;
    let (mut now, mut then) = (first, second);
    loop {
        match now.0.send(request.clone(), None, Reading::Beginning).await.outcome {
            Ok(answer) if process.exited().is_none() => {
                let ready = Ready::new(process, now, Some((request, answer)));
                return match ready.guard.as_ref().map_or(Ok(()), |guard| guard.check(&ready.process)) {
                    Ok(()) => Ok(ready),
                    Err(reason) => {
                        ready.process.stop(GRACE).await;
                        Err(Unusable { port_taken: true, ..Unusable::new(reason) })
                    }
                };
            }
            Ok(_) => {}
            Err(transport_error @ TransportError::InvalidRequest(_)) => {
                return Err(Unusable::new(transport_error.to_string()));
            }
            Err(TransportError::NoConnection(_)) => std::mem::swap(&mut now, &mut then),
            Err(_) => silent = true,
        }
        if let Some(exit) = process.exited() {
            return Err(Unusable::after(&process, format!("the target {exit} before it responded")));
        }
        if is_over(began.elapsed(), limit, || process.waited_for_processor()) {
            let what = if silent { "sent no HTTP response" } else { "did not listen" };
            let port = if fixed { format!("port {port}") } else { "the assigned port".to_owned() };
            let reason = format!("the target {what} on {port} within {limit:?}");
            // The machine may be too slow, so the target is not blamed.
            // The machine may be too slow, so the target is not blamed.
            let silent = began.elapsed() < limit * MAX_STRETCH;
            let unusable = Unusable { silent, own: false, ..Unusable::after(&process, reason) };
            process.stop(GRACE).await;
            return Err(unusable);
        }
        tokio::time::sleep(POLL.max(began.elapsed() / POLL_SHARE)).await;
    }
}

/// Whether a start has used up its limit. Time in which the program was ready to run but had no processor does not count,
/// up to [`MAX_STRETCH`] times the limit in all.
fn is_over(elapsed: Duration, limit: Duration, waited_for_processor: impl FnOnce() -> Duration) -> bool {
    elapsed >= limit
        && (elapsed >= limit * MAX_STRETCH || elapsed.saturating_sub(waited_for_processor()) >= limit)
}

/// Waits until a fixed port is free.
///
/// # Errors
/// Another program listens on it.
pub(super) async fn await_port(port: u16) -> Result<(), Unusable> {
    let deadline = Instant::now() + PORT_LIMIT;
    while is_taken(port) {
        if Instant::now() >= deadline {
            return Err(Unusable::new(format!(
                "another program listens on port {port}, which this target needs (`lsof -i :{port}` says which)"
            )));
        }
        tokio::time::sleep(POLL * 20).await;
    }
    Ok(())
}

/// Returns a port that is free on all loopback addresses.
pub(super) fn free_port() -> std::io::Result<u16> {
    let mut tries = 0;
    loop {
        let port = TcpListener::bind((HERE[0], 0))?.local_addr()?.port();
        tries += 1;
        if tries > 20 || !is_taken(port) {
            return Ok(port);
        }
    }
}

/// Whether a process listens on a port, even one that accepts no more connections.
fn is_taken(port: u16) -> bool {
    HERE.iter().any(|here| match TcpStream::connect_timeout(&SocketAddr::new(*here, port), POLL * 20) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::TimedOut,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_without_a_processor_does_not_count_for_the_limit_of_a_start() {
        let is_over = |elapsed, waited| {
            is_over(Duration::from_secs(elapsed), Duration::from_secs(20), || Duration::from_secs(waited))
        };
        assert!(!is_over(19, 0));
        assert!(is_over(20, 0));
        assert!(!is_over(40, 25));
        assert!(is_over(45, 25));
        assert!(is_over(120, 118));
    }
}
