//! Buffers the parts of a document that are written before its head: in memory, or in an unnamed temporary file if they are large.
//!
//! One buffer is reused for all scenarios because allocating a string for each took as long as writing it.

use std::fmt;
use std::io::{self, BufRead, BufReader, Seek as _, Write as _};
use std::path::Path;

use tempfile::{SpooledData, SpooledTempFile, spooled_tempfile_in};

/// A buffer for text.
pub(super) struct Spool {
    /// Text that is not yet in `kept`.
    piece: String,
    kept: SpooledTempFile,
}

/// Reads a spool from its beginning.
pub(super) struct Kept(Box<dyn BufRead>);

/// Maximum number of bytes in memory.
const LITTLE: usize = 8 * 1024 * 1024;
/// Size in bytes of reads and writes.
const PIECE: usize = 64 * 1024;

impl Spool {
    /// Creates a spool that puts a large text into a temporary file in `folder`.
    pub(super) fn within(folder: &Path) -> Self {
        Self { piece: String::new(), kept: spooled_tempfile_in(LITTLE, folder) }
    }

    /// Appends text and returns its size in bytes.
    ///
    /// # Errors
    /// Writing fails.
    pub(super) fn keep(&mut self, write: impl FnOnce(&mut String) -> fmt::Result) -> io::Result<usize> {
        let before = self.piece.len();
        write(&mut self.piece).map_err(io::Error::other)?;
        let bytes = self.piece.len() - before;
        if self.piece.len() >= PIECE {
            self.put()?;
        }
        Ok(bytes)
    }

    fn put(&mut self) -> io::Result<()> {
        self.kept.write_all(self.piece.as_bytes())?;
        self.piece.clear();
        Ok(())
    }

    /// Returns a reader of the text.
    ///
    /// # Errors
    /// Writing the temporary file fails.
    pub(super) fn take(mut self) -> io::Result<Kept> {
        self.put()?;
        self.kept.rewind()?;
        Ok(Kept(match self.kept.into_inner() {
            SpooledData::InMemory(text) => Box::new(text),
            SpooledData::OnDisk(file) => Box::new(BufReader::with_capacity(PIECE, file)),
        }))
    }
}

impl Kept {
    /// Copies up to `bytes` bytes to `out`.
    ///
    /// # Errors
    /// Reading the file or writing to `out` fails.
    pub(super) fn write(&mut self, bytes: usize, out: &mut dyn io::Write) -> io::Result<()> {
        let mut rest = bytes;
        while rest > 0 {
            let piece = self.0.fill_buf()?;
            let piece = &piece[..piece.len().min(rest)];
            if piece.is_empty() {
                break;
            }
            out.write_all(piece)?;
            let written = piece.len();
            rest -= written;
            self.0.consume(written);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn returns_text_in_order_from_memory_and_file() {
        let folder = tempfile::tempdir().unwrap();
        for little in [100, 3] {
            let mut spool = Spool { piece: String::new(), kept: spooled_tempfile_in(little, folder.path()) };
            for text in ["one", "two, ", "three"] {
                assert_eq!(spool.keep(|out| out.write_str(text)).unwrap(), text.len());
                spool.put().unwrap();
            }
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
            let mut kept = spool.take().unwrap();
            let mut out = Vec::new();
            kept.write(5, &mut out).unwrap();
            out.push(b'|');
            kept.write(usize::MAX, &mut out).unwrap();
            assert_eq!(out, b"onetw|o, three");
        }
    }
}
