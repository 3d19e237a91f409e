//! Waits until a started target responds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::access::Reached;
use super::port::{HERE, PortGuard, is_taken};
use super::process::{MAX_STRETCH, Process};
use super::unusable::{LINES, Port, Unusable, printed_address};
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
/// Time after which to look whether a target without a response listens on another port, and the time for which it must do so.
const LOOK_AFTER: Duration = Duration::from_millis(500);
const UNCHANGED: Duration = Duration::from_secs(1);
/// How long to wait for an earlier target to release a fixed port.
const PORT_LIMIT: Duration = Duration::from_secs(3);

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
        // No other program can use the socket in the target's own folder.
        let is_alone = process.has_own_network() || http.transport().unix_socket.is_some();
        let guard = (!is_alone).then(|| PortGuard::new(address));
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
    port: &Port,
    ready: Option<&Request>,
    limit: Duration,
    reached: &Reached,
) -> Result<Ready, Unusable> {
    let dialer = process.dialer().map_err(|error| Unusable::new(error.to_string()))?;
    let dialer = dialer.map(|dialer| Arc::new(dialer) as Arc<dyn Dialer>);
    let transport = Transport { dialer, ..reached.transport.clone() };
    let scheme = reached.scheme;
    let http = |here| {
        let address = SocketAddr::new(here, port.number);
        let http = HttpClient::new(&format!("{scheme}://{address}"), &transport).map_err(Unusable::new);
        http.map(|http| (http, address))
    };
    let [first, second] = HERE;
    let (first, second) = (http(first)?, http(second)?);
    let Some(ready) = ready else { return Ok(Ready::new(process, first, None)) };
    let request = ready.prepare(&Scope::default()).map_err(|error| Unusable::new(error.to_string()))?;
    let began = Instant::now();
    let mut silent = false;
    let mut elsewhere = Elsewhere::default();
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
        if !silent
            && began.elapsed() >= LOOK_AFTER
            && let Some(ports) = elsewhere.ports(process.listening_ports(), port.number)
            && Box::pin(answers(&ports, &request, &transport)).await
        {
            let unusable = Unusable::elsewhere(&process, &ports, port);
            process.stop(GRACE).await;
            return Err(unusable);
        }
        if process.has_used(limit, began.elapsed()) {
            let what = if silent { "sent no HTTP response" } else { "did not listen" };
            let ports = process.listening_ports();
            let unusable = if silent || ports.is_empty() || ports.contains(&port.number) {
                let nothing = match (process.output_tail(1).trim().is_empty(), silent) {
                    (false, _) => "",
                    (true, true) => " and printed nothing",
                    (true, false) => {
                        " and printed nothing; does it get as far as the line that starts the server?"
                    }
                };
                // Not every system shows on which ports a program listens.
                let output = process.output_tail(LINES);
                let printed = printed_address(&output, port.number).filter(|_| !silent);
                let elsewhere = printed.map(|address| format!("; it printed {address}: is its port fixed?"));
                let elsewhere = elsewhere.unwrap_or_default();
                let reason = format!("the target {what} on {port} within {limit:?}{nothing}{elsewhere}");
                // The machine may be too slow, so the target is not blamed.
                let silent = began.elapsed() < limit * MAX_STRETCH;
                Unusable { silent, own: false, ..Unusable::after(&process, reason) }
            } else {
                Unusable::elsewhere(&process, &ports, port)
            };
            process.stop(GRACE).await;
            return Err(unusable);
        }
        tokio::time::sleep(POLL.max(began.elapsed() / POLL_SHARE)).await;
    }
}

/// The ports other than the assigned one on which a target listens, and since when.
#[derive(Default)]
struct Elsewhere {
    ports: Vec<u16>,
    since: Option<Instant>,
}

impl Elsewhere {
    /// Returns the ports after the target has listened on these alone for some time, so that it will open no others.
    fn ports(&mut self, ports: Vec<u16>, given: u16) -> Option<Vec<u16>> {
        if ports.contains(&given) {
            // The target has begun to listen since the last readiness check.
            *self = Self::default();
            return None;
        }
        if ports.is_empty() || ports != self.ports {
            *self = Self { ports, since: Some(Instant::now()) };
            return None;
        }
        self.since.filter(|since| since.elapsed() >= UNCHANGED).map(|_| self.ports.clone())
    }
}

/// Whether one of these ports answers the readiness request like the target would. A debugger's port answers with 400 or 404.
async fn answers(ports: &[u16], request: &Prepared, transport: &Transport) -> bool {
    for port in ports {
        let Ok(http) = HttpClient::new(&format!("http://{}:{port}", HERE[0]), transport) else { continue };
        let answer = http.send(request.clone(), None, Reading::Beginning).await.outcome;
        if answer.is_ok_and(|response| !matches!(response.status, 400 | 404 | 426)) {
            return true;
        }
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_begins_to_listen_on_its_port_is_not_elsewhere() {
        let long_ago = Instant::now().checked_sub(UNCHANGED * 2);
        let listens = |now: Vec<u16>| Elsewhere { ports: vec![5000], since: long_ago }.ports(now, 8080);
        assert_eq!(listens(vec![5000]), Some(vec![5000]));
        assert_eq!(listens(vec![5000, 8080]), None);
        assert_eq!(Elsewhere { ports: vec![8080], since: long_ago }.ports(vec![8080], 8080), None);
        assert_eq!(listens(vec![]), None);
    }
}
