//! The event stream as JSON Lines: a header, a line for each step, a footer. Without its footer a report is not whole.

use std::io::{self, Write};
use std::path::Path;

use super::Report;
use super::whole::WholeFile;
use crate::event::Event;

/// Writes events to a file.
pub struct JsonLines {
    /// None once it stands, or cannot be written any more.
    file: Option<WholeFile>,
    /// Those that are not written yet.
    lines: Vec<u8>,
}

/// So many bytes are written at once.
const PIECE: usize = 64 * 1024;

impl JsonLines {
    /// Returns a report that will stand at `path`.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written to.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: Some(WholeFile::create(path)?), lines: Vec::new() })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// Those of the file: nothing is written to it any more, and it never stands.
    pub(super) fn line(&mut self, event: &Event) -> io::Result<()> {
        if self.file.is_none() {
            return Ok(());
        }
        serde_json::to_writer(&mut self.lines, event)?;
        self.lines.push(b'\n');
        if self.file.as_ref().is_some_and(WholeFile::is_stream) {
            // Whoever reads along gets each event when it happens.
            self.write()?;
            return self.file.as_mut().map_or(Ok(()), WholeFile::flush);
        }
        if self.lines.len() >= PIECE { self.write() } else { Ok(()) }
    }

    /// Puts the file into its place.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.write()?;
        self.file.take().map_or(Ok(()), WholeFile::finish)
    }

    fn write(&mut self) -> io::Result<()> {
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(&self.lines));
        self.lines.clear();
        if written.is_err() {
            self.file = None;
        }
        written
    }
}

impl Report for JsonLines {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        self.line(event)?;
        if matches!(event, Event::Footer(_)) { self.finish() } else { Ok(()) }
    }
}
