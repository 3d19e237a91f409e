//! What is written before its place in a document is known: in memory while it is little, then in a file that has no name.
//!
//! It is written into one buffer again and again: a text of its own for each scenario would cost the allocator as much as the writing.

use std::fmt;
use std::io::{self, BufRead, BufReader, Seek as _, Write as _};
use std::path::Path;

use tempfile::{SpooledData, SpooledTempFile, spooled_tempfile_in};

/// A text that is kept until it is wanted.
pub(super) struct Spool {
    /// What was written last.
    piece: String,
    kept: SpooledTempFile,
}

/// A text that was kept, from its beginning on.
pub(super) struct Kept(Box<dyn BufRead>);

/// So many bytes stay in memory.
const LITTLE: usize = 8 * 1024 * 1024;
/// So many bytes are written at once, and read from a file.
const PIECE: usize = 64 * 1024;

impl Spool {
    /// Returns one whose file, where it needs one, is in this folder: what is large belongs where the document will be.
    pub(super) fn within(folder: &Path) -> Self {
        Self { piece: String::new(), kept: spooled_tempfile_in(LITTLE, folder) }
    }

    /// Keeps what is written behind the rest, and returns how many bytes it has.
    ///
    /// # Errors
    /// Those of the writing and of the file.
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

    /// Returns what was kept.
    ///
    /// # Errors
    /// Those of the file.
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
    /// Writes so many of the bytes that come next, or all that are left.
    ///
    /// # Errors
    /// Those of the file and of `out`.
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
    fn what_is_kept_comes_back_in_its_order_in_memory_and_from_a_file() {
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
