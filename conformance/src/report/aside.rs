//! What is written before its place in a document is known: in memory while it is little, then in a file that has no name.

use std::io::{self, BufRead, BufReader, Seek as _, Write as _};
use std::path::Path;

use tempfile::{SpooledData, SpooledTempFile, spooled_tempfile_in};

/// A text that is kept until it is wanted.
pub(super) struct Aside(SpooledTempFile);

/// A text that was kept, from its beginning on.
pub(super) struct Kept(Box<dyn BufRead>);

/// So many bytes stay in memory.
const LITTLE: usize = 8 * 1024 * 1024;
/// So many bytes are read at once from a file.
const PIECE: usize = 64 * 1024;

impl Aside {
    /// Returns one whose file, where it needs one, is in this folder: what is large belongs where the document will be.
    pub(super) fn within(folder: &Path) -> Self {
        Self(spooled_tempfile_in(LITTLE, folder))
    }

    /// Keeps more.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn keep(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes())
    }

    /// Returns what was kept.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn take(mut self) -> io::Result<Kept> {
        self.0.rewind()?;
        Ok(Kept(match self.0.into_inner() {
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
    use super::*;

    #[test]
    fn what_is_kept_comes_back_in_its_order_in_memory_and_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        for little in [100, 3] {
            let mut aside = Aside(spooled_tempfile_in(little, folder.path()));
            for text in ["one", "two, ", "three"] {
                aside.keep(text).unwrap();
            }
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
            let mut kept = aside.take().unwrap();
            let mut out = Vec::new();
            kept.write(5, &mut out).unwrap();
            out.push(b'|');
            kept.write(usize::MAX, &mut out).unwrap();
            assert_eq!(out, b"onetw|o, three");
        }
    }
}
