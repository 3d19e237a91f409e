//! The reports. Each one consumes [`Event`]s only.

mod badge;
pub mod cause;
mod deviating;
mod document;
pub mod evidence;
mod fold;
mod footer;
mod github;
pub mod html;
mod human;
mod jsonl;
mod junit;
pub mod matrix;
mod progress;
mod spool;
mod tap;
pub mod task;
mod whole;
mod xml;

pub use document::{Document, Documents, ReportKind};
pub use github::Github;
pub use human::{Detail, Human, failure};
pub use jsonl::JsonLines;
pub use progress::{Above, Progress};

use std::io::{self, Write};
use std::path::Path;

use conformance_engine::event::Event;
use whole::WholeFile;
pub use whole::is_stdout;

/// A consumer of events.
pub trait Report {
    /// Reports one event.
    ///
    /// # Errors
    /// Writing the report fails.
    fn tell(&mut self, event: &Event) -> io::Result<()>;
}

/// Writes a stream, or a file that replaces the one at `path` when it is complete.
///
/// # Errors
/// Writing fails, or `write` does.
pub fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = WholeFile::create(path)?;
    write(&mut file)?;
    file.finish()
}
