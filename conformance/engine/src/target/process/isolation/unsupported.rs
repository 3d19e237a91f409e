//! Stands in for the control of a keeper on systems without isolation.

use std::fs::File;
use std::io::{self, PipeReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Child;

use super::Confined;
use crate::http::{Connecting, Dialer};

/// There is none.
#[derive(Debug)]
pub(in crate::target) enum Control {}

/// There is none.
#[derive(Debug)]
pub(in crate::target) enum KeeperDialer {}

/// A keeper that was started.
pub(in crate::target) struct Spawned {
    pub(in crate::target) child: Child,
    pub(in crate::target) control: Control,
    pub(in crate::target) output: PipeReader,
    pub(in crate::target) errors: PipeReader,
    pub(in crate::target) status: PipeReader,
    pub(in crate::target) messages: File,
}

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
