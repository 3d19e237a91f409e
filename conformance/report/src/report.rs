//! The reports. Each one consumes [`Event`]s only.
//!
//! To add a format: write its file, add it to [`FORMATS`], and name it in the help of `--report` and in the documents.

mod badge;
pub mod cause;
mod collector;
mod deviations;
pub mod evidence;
mod github;
pub mod html;
mod human;
mod jsonl;
mod junit;
pub mod matrix;
mod output_file;
mod progress;
mod tap;
pub mod task;
mod template;

pub use collector::{Collector, Observed};
pub use deviations::write as write_deviations;
pub use github::Github;
pub use human::{Detail, Human};
pub use jsonl::JsonLines;
pub use output_file::{is_stdout, write_file};
pub use progress::{Above, Progress};

use std::io::{self, Write};
use std::sync::Arc;

use conformance_engine::event::{Event, FinishedRun};
use conformance_engine::run::Activity;

/// A consumer of events.
pub trait Report {
    /// Reports one event.
    ///
    /// # Errors
    /// Writing the report fails.
    fn on_event(&mut self, event: &Event) -> io::Result<()>;

    /// Shows what the run is doing, several times a second.
    ///
    /// # Errors
    /// Writing the report fails.
    fn on_activity(&mut self, _activity: &Activity) -> io::Result<()> {
        Ok(())
    }
}

/// Function that writes the report of a finished run.
pub type Document = fn(&Arc<FinishedRun>, &mut dyn Write) -> io::Result<()>;

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

/// Every format.
pub static FORMATS: [Format; 5] = [
    Format { name: "html", shows_passes: true, document: Some(html::write) },
    Format { name: "jsonl", shows_passes: true, document: None },
    Format { name: "junit", shows_passes: false, document: Some(junit::write) },
    Format { name: "tap", shows_passes: false, document: Some(tap::write) },
    Format { name: "badge", shows_passes: false, document: Some(badge::write) },
];
