//! Which process listens on a target's port: the one that was started, or another.
//!
//! A port is free when it is chosen, and may be taken by any program before the target binds it. So the owner of the listening socket is
//! looked up in `/proc`, and responses of another program are never judged.

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
    /// The process that was started, or one that it has started.
    Own(Socket),
    /// Another process, as a phrase: "`python3` (process 4711)".
    Other(String),
    /// The system does not show it; why, as a phrase.
    Unknown(String),
}

/// A listening socket that a process of the target holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    descriptor: PathBuf,
    link: String,
}

/// Programs that listen in place of a process in a container or in another network namespace. The process behind them cannot be seen.
const FORWARDERS: [&str; 8] =
    ["docker-proxy", "dockerd", "conmon", "rootlessport", "rootlesskit", "slirp4netns", "pasta", "gvproxy"];

/// How often a socket whose owner cannot be seen is looked at, and how long after each other.
const LOOKS: usize = 3;
const POLL: Duration = Duration::from_millis(10);

impl Socket {
    /// Whether the process still holds the socket. As long as it does, no other process is given its connections.
    #[must_use]
    pub fn is_held(&self) -> bool {
        fs::read_link(&self.descriptor).is_ok_and(|link| link.as_os_str() == self.link.as_str())
    }
}

impl Listener {
    pub(super) fn find(group: &Group, address: SocketAddr) -> Self {
        // A socket that is closed while its owner is looked for has no owner. One that stays has one that may not be seen.
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

    /// Looks once; none if the owner of a socket cannot be seen.
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
        // Where several sockets share the port, a connection may reach any of them.
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
