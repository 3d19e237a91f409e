//! Checks that the process that listens on a target's port is the one that was started.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use super::process::{Listener, Process, Socket};

/// The port of a started target, and what is known of the socket that listens on it.
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

    /// Checks that a response came from this process. Cheap as long as the process holds its socket: one `readlink`.
    ///
    /// # Errors
    /// A sentence that names the other process.
    pub(super) fn check(&self, process: &Process) -> Result<(), String> {
        let mut owner = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        match &*owner {
            Owner::Target(socket) if socket.is_held() => return Ok(()),
            // What the system did not show once it does not show later.
            Owner::Unknown(_) => return Ok(()),
            Owner::NotLookedUp | Owner::Target(_) => {}
        }
        let first = matches!(*owner, Owner::NotLookedUp);
        match process.listener(self.address) {
            Listener::Own(socket) => *owner = Owner::Target(socket),
            Listener::Unknown(reason) if first => *owner = Owner::Unknown(reason),
            // The target has closed its socket, and nobody else listens.
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

    /// Returns why it is not known which process listens on the port, if so.
    pub(super) fn unverified(&self) -> Option<String> {
        match &*self.owner.lock().unwrap_or_else(PoisonError::into_inner) {
            Owner::Unknown(reason) => Some(reason.clone()),
            Owner::NotLookedUp | Owner::Target(_) => None,
        }
    }
}
