//! The ports of started targets: finds free ones, and checks that the process that listens is the one that was started.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::process::{Listener, Process, Socket};

/// Port of a started target, with what is known about the socket that listens on it.
#[derive(Debug)]
pub(super) struct PortGuard {
    address: SocketAddr,
    owner: Mutex<Owner>,
}

#[derive(Debug)]
enum Owner {
    NotLookedUp,
    Target(Socket),
    Unknown(String),
}

impl PortGuard {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, owner: Mutex::new(Owner::NotLookedUp) }
    }

    /// Checks that a response came from this process. Usually costs one `readlink`, as long as the process holds its
    /// socket.
    ///
    /// # Errors
    /// Another process listens; the message names it.
    pub(super) fn check(&self, process: &Process) -> Result<(), String> {
        let mut owner = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        match &*owner {
            Owner::Target(socket) if socket.is_held() => return Ok(()),
            // If the system hides the owner once, it always does.
            Owner::Unknown(_) => return Ok(()),
            Owner::NotLookedUp | Owner::Target(_) => {}
        }
        let first = matches!(*owner, Owner::NotLookedUp);
        match process.listener(self.address) {
            Listener::Own(socket) => *owner = Owner::Target(socket),
            Listener::Unknown(reason) if first => *owner = Owner::Unknown(reason),
            // The target has closed its socket, and no other process listens.
            Listener::Unknown(_) => {}
            Listener::Other(who) => {
                let port = self.address.port();
                return Err(format!(
                    "the started program does not listen on port {port}; another process does: {who}"
                ));
            }
        }
        Ok(())
    }

    /// Returns why the owner of the port is unknown, if so.
    pub(super) fn unverified(&self) -> Option<String> {
        match &*self.owner.lock().unwrap_or_else(PoisonError::into_inner) {
            Owner::Unknown(reason) => Some(reason.clone()),
            Owner::NotLookedUp | Owner::Target(_) => None,
        }
    }
}

/// Loopback addresses on which a target may listen. A target that listens on all addresses is reached through the
/// first.
pub(super) const HERE: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Maximum time for a connection on this machine.
const CONNECT_LIMIT: Duration = Duration::from_millis(100);

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
pub(super) fn is_taken(port: u16) -> bool {
    HERE.iter().any(|here| match TcpStream::connect_timeout(&SocketAddr::new(*here, port), CONNECT_LIMIT) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::TimedOut,
    })
}
