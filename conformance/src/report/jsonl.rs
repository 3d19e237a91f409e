//! The event stream as JSON Lines: a header, a line for each step, a footer. Without its footer a report is not whole.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Report;
use crate::event::Event;

/// Writes events to a file, which is put into its place when the run is over: an interrupted run leaves an older report as it was.
pub struct JsonLines {
    file: Option<BufWriter<NamedTempFile>>,
    path: PathBuf,
}

impl JsonLines {
    /// Returns a report that will stand at `path`.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written to.
    pub fn create(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let file = tempfile::Builder::new().prefix(".conformance-").tempfile_in(folder)?;
        Ok(Self { file: Some(BufWriter::new(file)), path: path.to_owned() })
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
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.persist(&self.path).map_err(|error| error.error)?;
        }
        Ok(())
    }
}
