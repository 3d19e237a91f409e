//! Finds out whether the started process or another one listens on a target's port.
//!
//! Another program may take the chosen port before the target binds it. Therefore the owner of the listening socket is
//! looked up in `/proc`, and responses of other programs are never judged.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::group::Group;
use super::table;

/// Which process listens on an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listener {
    /// The started process or one of its descendants.
    Own(Socket),
    /// Another process, as a phrase: "`python3` (process 4711)".
    Other(String),
    /// The system does not show the owner. Contains the reason as a phrase.
    Unknown(String),
}

/// A listening socket of a process of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    descriptor: PathBuf,
    link: String,
}

/// Programs that listen on behalf of a process in a container or another network namespace, which is invisible here.
const FORWARDERS: [&str; 8] =
    ["docker-proxy", "dockerd", "conmon", "rootlessport", "rootlesskit", "slirp4netns", "pasta", "gvproxy"];

/// How often to look for the owner of a socket, and the delay between attempts.
const LOOKS: usize = 3;
const POLL: Duration = Duration::from_millis(10);

impl Socket {
    /// Whether the process still holds the socket. While it does, no other process receives its connections.
    #[must_use]
    pub fn is_held(&self) -> bool {
        fs::read_link(&self.descriptor).is_ok_and(|link| link.as_os_str() == self.link.as_str())
    }
}

impl Listener {
    /// Returns the ports on which a group of processes listens, in ascending order.
    pub(super) fn ports(group: &Group) -> Vec<u16> {
        let all = table::listening_sockets().unwrap_or_default();
        let sockets: Vec<String> = all.iter().map(|(_, socket)| socket.clone()).collect();
        let family = group.family();
        let links: HashSet<String> = family.iter().flat_map(|pid| table::held(*pid, &sockets)).collect();
        let ports = all.into_iter().filter(|(_, socket)| links.contains(socket));
        // In a network of its own, nobody else listens.
        let isolated = family.iter().flat_map(|pid| table::sockets_elsewhere(*pid));
        ports.chain(isolated).map(|(port, _)| port).collect::<BTreeSet<u16>>().into_iter().collect()
    }

    pub(super) fn find(group: &Group, address: SocketAddr) -> Self {
        // A socket that closes during the search has no owner. If it persists, its owner is hidden.
        for _ in 0..LOOKS {
            if let Some(found) = Self::look(group, address) {
                return found;
            }
            thread::sleep(POLL);
        }
        let named =
            table::living().into_iter().filter_map(|entry| Some((entry.pid, table::name(entry.pid)?)));
        let mut forwarders = named.filter(|(_, name)| FORWARDERS.contains(&name.as_str()));
        match forwarders.find(|(pid, _)| table::has_argument(*pid, address.port())) {
            Some((_, name)) => forwarded(&name),
            None => Self::Other("a process of another user".to_owned()),
        }
    }

    /// Looks for the owner once. None if the owner of a socket is hidden.
    fn look(group: &Group, address: SocketAddr) -> Option<Self> {
        let unknown = |reason: &str| Some(Self::Unknown(reason.to_owned()));
        let Ok(sockets) = table::listening(address) else {
            return unknown("this system does not list its sockets in /proc/net/tcp");
        };
        if sockets.is_empty() {
            return unknown("no socket on this port is listed in /proc/net/tcp");
        }
        let family = group.family();
        let (mut held, mut unreadable) = (Vec::new(), false);
        for pid in &family {
            match table::holds(*pid, &sockets) {
                Ok(Some(socket)) => held.push(socket),
                Ok(None) => {}
                Err(error) => unreadable |= error.kind() == io::ErrorKind::PermissionDenied,
            }
        }
        // If several sockets share the port, a connection may reach any of them.
        let foreign: Vec<String> =
            sockets.into_iter().filter(|socket| held.iter().all(|(_, own)| own != socket)).collect();
        if foreign.is_empty()
            && let Some((descriptor, link)) = held.pop()
        {
            return Some(Self::Own(Socket { descriptor, link }));
        }
        if unreadable {
            return unknown("the descriptors of its processes may not be read");
        }
        let others = table::living().into_iter().map(|entry| entry.pid).filter(|pid| !family.contains(pid));
        let owner = others.into_iter().find(|pid| matches!(table::holds(*pid, &foreign), Ok(Some(_))))?;
        let name = table::name(owner).unwrap_or_default();
        Some(if FORWARDERS.contains(&name.as_str()) {
            forwarded(&name)
        } else {
            Self::Other(format!("`{name}` (process {})", owner.as_raw_nonzero()))
        })
    }
}

fn forwarded(name: &str) -> Listener {
    Listener::Unknown(format!("`{name}` listens in its place"))
}
