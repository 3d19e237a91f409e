//! JSON Lines report: a header, a line for each step, and a footer. A report without a footer is incomplete.

use std::io::{self, Write};
use std::path::Path;

use super::Report;
use super::whole::WholeFile;
use conformance_engine::event::Event;

/// A JSON Lines report.
pub struct JsonLines {
    /// None after the report is finished or writing failed.
    file: Option<WholeFile>,
    /// Lines that are not written yet.
    lines: Vec<u8>,
}

/// Number of bytes to buffer before a write.
const PIECE: usize = 64 * 1024;

impl JsonLines {
    /// Creates a report that will be at `path`.
    ///
    /// # Errors
    /// The folder does not exist or is not writable.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: Some(WholeFile::create(path)?), lines: Vec::new() })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// Writing fails. The report is then abandoned.
    pub(super) fn line(&mut self, event: &Event) -> io::Result<()> {
        if self.file.is_none() {
            return Ok(());
        }
        serde_json::to_writer(&mut self.lines, event)?;
        self.lines.push(b'\n');
        if self.file.as_ref().is_some_and(WholeFile::is_stream) {
            // Flush each event for readers of the stream.
            self.write()?;
            return self.file.as_mut().map_or(Ok(()), WholeFile::flush);
        }
        if self.lines.len() >= PIECE { self.write() } else { Ok(()) }
    }

    /// Moves the complete file to its path.
    ///
    /// # Errors
    /// Writing fails.
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
