//! Replaces the control of a keeper on systems without isolation. Its types have no values.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use super::{Confined, Spawned};
use crate::http::{Connecting, Dialer};

/// The control of a keeper.
#[derive(Debug)]
pub(in crate::target) enum Control {}

/// Opens connections from the network of a keeper.
#[derive(Debug)]
pub(in crate::target) enum KeeperDialer {}

impl Control {
    pub(in crate::target) fn spawn(
        _: &Confined,
        _: Vec<String>,
        _: &Path,
        _: Vec<(String, String)>,
    ) -> io::Result<Spawned> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in crate::target) fn terminate(&self) {
        match *self {}
    }

    pub(in crate::target) fn close(&self) {
        match *self {}
    }

    pub(in crate::target) fn has_own_network(&self) -> bool {
        match *self {}
    }

    pub(in crate::target) fn dialer(&self) -> io::Result<Option<KeeperDialer>> {
        match *self {}
    }
}

impl Dialer for KeeperDialer {
    fn connect(&self, _: SocketAddr) -> Connecting<'_> {
        match *self {}
    }
}
