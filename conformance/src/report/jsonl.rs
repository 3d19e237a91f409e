//! The event stream as JSON Lines: a header, a line for each step, a footer. Without its footer a report is not whole.

use std::io::{self, Write};
use std::path::Path;

use super::Report;
use super::whole::WholeFile;
use crate::event::Event;

/// Writes events to a file.
pub struct JsonLines {
    file: Option<WholeFile>,
}

impl JsonLines {
    /// Returns a report that will stand at `path`.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written to.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: Some(WholeFile::create(path)?) })
    }
}

impl Report for JsonLines {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        serde_json::to_writer(&mut *file, event)?;
        file.write_all(b"\n")?;
        if matches!(event, Event::Footer(_))
            && let Some(file) = self.file.take()
        {
            file.finish()?;
        }
        Ok(())
    }
}
