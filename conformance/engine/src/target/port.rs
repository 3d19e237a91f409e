//! Checks that the process that listens on a target's port is the one that was started.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

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
