//! The reports. Each one consumes [`Event`]s only.
//!
//! To add a format: write its file, add it to [`FORMATS`], and name it in the help of `--report` and in the documents.

mod badge;
pub mod cause;
mod classroom50;
mod codegrade;
mod collector;
mod csv;
mod ctrf;
mod deviations;
pub mod evidence;
mod github;
pub mod grades;
mod gradescope;
mod har;
pub mod html;
mod human;
mod jsonl;
mod junit;
pub mod matrix;
mod output_file;
mod progress;
pub mod score;
mod tap;
pub mod task;
mod template;

pub use collector::{Collector, Observed};
pub use deviations::write as write_deviations;
pub use github::Github;
pub use human::{Detail, Human};
pub use jsonl::JsonLines;
pub use output_file::{is_stdout, replaced, write_file};
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
    /// Environment variables that it needs.
    pub variables: &'static [&'static str],
    /// Whether the run exits with 0 if it ended: the platform reads the result from the report.
    pub exits_with_0: bool,
    /// Writes the report at the end of the run; none for JSON Lines, which are written during the run.
    pub document: Option<Document>,
}

impl Format {
    /// Returns the format of JSON Lines.
    #[must_use]
    pub fn json_lines() -> &'static Self {
        static JSON_LINES: Format =
            Format { name: "jsonl", shows_passes: true, variables: &[], exits_with_0: false, document: None };
        &JSON_LINES
    }

    const fn new(name: &'static str, document: Document) -> Self {
        Self { name, shows_passes: false, variables: &[], exits_with_0: false, document: Some(document) }
    }
}

/// Every format.
pub static FORMATS: [Format; 11] = [
    Format { shows_passes: true, ..Format::new("html", html::write) },
    Format { name: "jsonl", shows_passes: true, variables: &[], exits_with_0: false, document: None },
    Format::new("junit", junit::write),
    Format::new("tap", tap::write),
    Format::new("ctrf", ctrf::write),
    Format::new("csv", csv::write),
    Format::new("gradescope", gradescope::write),
    Format {
        variables: &classroom50::VARIABLES,
        exits_with_0: true,
        ..Format::new("classroom50", classroom50::write)
    },
    Format::new("codegrade", codegrade::write),
    Format::new("badge", badge::write),
    Format { shows_passes: true, ..Format::new("har", har::write) },
];
