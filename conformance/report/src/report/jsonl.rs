//! JSON Lines report: a header, a line for each step, and a footer. A report without a footer is incomplete.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::Report;
use super::output_file::OutputFile;
use crate::printable::plain;
use conformance_engine::event::{Event, Record};
use conformance_suite::safe;

/// A JSON Lines report.
pub struct JsonLines {
    /// None after the report is finished or writing failed.
    file: Option<OutputFile>,
}

impl JsonLines {
    /// Creates a report that will be at `path`.
    ///
    /// # Errors
    /// The folder does not exist or is not writable.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: Some(OutputFile::create(path)?) })
    }
}

impl Report for JsonLines {
    fn on_event(&mut self, event: &Event) -> io::Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let written = match event {
            // Colours of a log help nobody here.
            Event::Step(record) if record.printed.contains('\u{1b}') => {
                let printed = plain(&record.printed).into_owned();
                serde_json::to_string(&Event::Step(Arc::new(Record { printed, ..Record::clone(record) })))?
            }
            event => serde_json::to_string(event)?,
        };
        file.write_all(safe::json(&written).as_bytes())?;
        file.write_all(b"\n")?;
        if matches!(event, Event::Footer(_)) {
            return file.finish();
        }
        if file.is_stream() {
            // Flush each event for readers of the stream.
            file.flush()?;
        }
        self.file = Some(file);
        Ok(())
    }
}
