//! Identifies a version of a file by its SHA-256.

use std::fmt::Write as _;
use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The version of a file: its SHA-256 in hexadecimal digits, or `None` if there is no file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version(Option<Box<str>>);

impl Version {
    /// The version of a file that does not exist.
    pub(super) const NO_FILE: Self = Self(None);

    /// The version of a content.
    pub(super) fn of(content: &[u8]) -> Self {
        Self(Some(hexadecimal(&Sha256::digest(content)).into()))
    }
}

/// The first half of the SHA-256 in hexadecimal digits: enough to detect a torn line.
pub(super) fn checksum(content: &[u8]) -> String {
    hexadecimal(&Sha256::digest(content)[..16])
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A writer that computes the version and the length of what it passes on.
pub(super) struct Versioned<W> {
    inner: W,
    digest: Sha256,
    length: u64,
}

impl<W: io::Write> Versioned<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, digest: Sha256::new(), length: 0 }
    }

    /// Returns the inner writer, the version and the length in bytes.
    pub(super) fn finish(self) -> (W, Version, u64) {
        (self.inner, Version(Some(hexadecimal(&self.digest.finalize()).into())), self.length)
    }
}

impl<W: io::Write> io::Write for Versioned<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
