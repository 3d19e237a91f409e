//! Stores rendered failures until their order is known: in memory, or in a temporary file if they are large.

use std::io::{self, Seek as _, SeekFrom, Write};

use tempfile::{SpooledTempFile, spooled_tempfile};

use super::failure;
use conformance_engine::event::Record;

/// Maximum size in bytes before the failures move to a file.
const IN_MEMORY: usize = 1024 * 1024;

/// Rendered failures.
pub(super) struct Drawn {
    file: SpooledTempFile,
    end: u64,
}

/// Position of a rendered failure.
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
    /// Renders a failure and stores it.
    ///
    /// # Errors
    /// Writing the temporary file fails.
    pub(super) fn draw(&mut self, record: &Record) -> io::Result<Piece> {
        let mut text = Vec::new();
        failure::failure(record, &mut text)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&text)?;
        let piece = Piece { begin: self.end, length: text.len() as u64 };
        self.end += piece.length;
        Ok(piece)
    }

    /// Writes a rendered failure to `out`.
    ///
    /// # Errors
    /// Reading the temporary file or writing to `out` fails.
    pub(super) fn write(&mut self, piece: Piece, out: &mut impl Write) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(piece.begin))?;
        let mut drawing = io::Read::take(&mut self.file, piece.length);
        io::copy(&mut drawing, out).map(drop)
    }
}
