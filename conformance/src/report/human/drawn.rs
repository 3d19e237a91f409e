//! Failures as they are drawn, kept until it is known in which order they are shown: in memory while they are few, then in a file.

use std::io::{self, Seek as _, SeekFrom, Write};

use tempfile::{SpooledTempFile, spooled_tempfile};

use super::failure;
use crate::event::Record;

/// So many bytes stay in memory.
const IN_MEMORY: usize = 1024 * 1024;

/// Drawn failures.
pub(super) struct Drawn {
    file: SpooledTempFile,
    end: u64,
}

/// Where a drawn failure is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Piece {
    begin: u64,
    length: u64,
}

impl Default for Drawn {
    fn default() -> Self {
        Self { file: spooled_tempfile(IN_MEMORY), end: 0 }
    }
}

impl Drawn {
    /// Draws a failure.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn draw(&mut self, record: &Record) -> io::Result<Piece> {
        let mut text = Vec::new();
        failure::failure(record, &mut text)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&text)?;
        let piece = Piece { begin: self.end, length: text.len() as u64 };
        self.end += piece.length;
        Ok(piece)
    }

    /// Writes a failure that was drawn.
    ///
    /// # Errors
    /// Those of the file and of `out`.
    pub(super) fn write(&mut self, piece: Piece, out: &mut impl Write) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(piece.begin))?;
        let mut drawing = io::Read::take(&mut self.file, piece.length);
        io::copy(&mut drawing, out).map(drop)
    }
}
