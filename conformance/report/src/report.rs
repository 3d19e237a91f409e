//! The reports. Each one consumes [`Event`]s only.
//!
//! To add a format: write its file, add it to [`FORMATS`], and name it in the help of `--report` and in the documents.

#[cfg(feature = "writers")]
mod badge;
#[cfg(feature = "writers")]
pub mod cause;
#[cfg(feature = "writers")]
mod collector;
#[cfg(feature = "writers")]
mod deviations;
#[cfg(feature = "writers")]
pub mod evidence;
mod failure;
#[cfg(feature = "writers")]
mod github;
#[cfg(feature = "writers")]
pub mod html;
#[cfg(feature = "writers")]
mod human;
#[cfg(feature = "writers")]
mod jsonl;
#[cfg(feature = "writers")]
mod junit;
#[cfg(feature = "writers")]
pub mod matrix;
#[cfg(feature = "writers")]
mod output_file;
#[cfg(feature = "writers")]
mod progress;
mod style;
#[cfg(feature = "writers")]
mod tap;
#[cfg(feature = "writers")]
pub mod task;
#[cfg(feature = "writers")]
mod template;

#[cfg(feature = "writers")]
pub use collector::{Collector, Observed};
#[cfg(feature = "writers")]
pub use deviations::write as write_deviations;
pub use failure::failure;
#[cfg(feature = "writers")]
pub use github::Github;
#[cfg(feature = "writers")]
pub use human::{Detail, Human};
#[cfg(feature = "writers")]
pub use jsonl::JsonLines;
#[cfg(feature = "writers")]
pub use output_file::{is_stdout, write_file};
#[cfg(feature = "writers")]
pub use progress::{Above, Progress};

use std::io;
#[cfg(feature = "writers")]
use std::io::Write;
#[cfg(feature = "writers")]
use std::sync::Arc;

use conformance_engine::event::Event;
#[cfg(feature = "writers")]
use conformance_engine::event::FinishedRun;

/// A consumer of events.
pub trait Report {
    /// Reports one event.
    ///
    /// # Errors
    /// Writing the report fails.
    fn on_event(&mut self, event: &Event) -> io::Result<()>;
}

#[cfg(feature = "writers")]
/// Function that writes the report of a finished run.
pub type Document = fn(&Arc<FinishedRun>, &mut dyn Write) -> io::Result<()>;

#[cfg(feature = "writers")]
/// The format of a report file.
#[derive(Debug)]
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// Whether it shows the exchanges of passing steps.
    pub shows_passes: bool,
    /// Writes the report at the end of the run; none for JSON Lines, which are written during the run.
    pub document: Option<Document>,
}

#[cfg(feature = "writers")]
/// Every format.
pub static FORMATS: [Format; 5] = [
    Format { name: "html", shows_passes: true, document: Some(html::write) },
    Format { name: "jsonl", shows_passes: true, document: None },
    Format { name: "junit", shows_passes: false, document: Some(junit::write) },
    Format { name: "tap", shows_passes: false, document: Some(tap::write) },
    Format { name: "badge", shows_passes: false, document: Some(badge::write) },
];
