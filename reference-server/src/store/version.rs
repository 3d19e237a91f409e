//! Tells one content of a file from another, by its SHA-256.
//!
//! Bytes go in, a [`Version`] comes out: it is what a journal names the file by that its changes belong to.

use std::fmt::Write as _;
use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A content of a file: its SHA-256 in hexadecimal digits, or that there is no file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version(Option<Box<str>>);

impl Version {
    /// That there is no file.
    pub(super) const NO_FILE: Self = Self(None);

    /// The version that a content is.
    pub(super) fn of(content: &[u8]) -> Self {
        Self(Some(hexadecimal(&Sha256::digest(content)).into()))
    }
}

/// The first half of the SHA-256 of a text in hexadecimal digits: enough to know a torn line by.
pub(super) fn checksum(content: &[u8]) -> String {
    hexadecimal(&Sha256::digest(content)[..16])
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Passes on what is written, and knows at the end which version it was and how long.
pub(super) struct Versioned<W> {
    inner: W,
    digest: Sha256,
    length: u64,
}

impl<W: io::Write> Versioned<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, digest: Sha256::new(), length: 0 }
    }

    /// The writer behind, the version of what was written, and its length in bytes.
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
