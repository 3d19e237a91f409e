//! The event stream as JSON Lines: a header, a line for each step, a footer. Without its footer a report is not whole.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write};
use std::path::Path;

use serde::de::DeserializeOwned;

use super::Report;
use super::whole::WholeFile;
use crate::diagnostic::Diagnostic;
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

/// Returns the events of a report in the form of `L`. Empty lines say nothing, lines may end as on Windows, and a byte order mark may
/// come first.
///
/// # Errors
/// A report that cannot be read, or whose lines are no events; one whose last line is not complete is cut off.
pub(crate) fn read<L: DeserializeOwned>(path: &Path) -> impl Iterator<Item = Result<L, Diagnostic>> {
    let unreadable =
        |error: io::Error| Diagnostic::new(format!("the report {} cannot be read: {error}", path.display()));
    let (file, failed) = match File::open(path) {
        Ok(file) => (Some(BufReader::new(file)), None),
        Err(error) => (None, Some(Err(unreadable(error)))),
    };
    let lines = file.into_iter().flat_map(BufReader::lines).enumerate().map(move |(index, line)| {
        let line = line.map_err(unreadable)?;
        let line = if index == 0 { line.trim_start_matches('\u{feff}').to_owned() } else { line };
        Ok((index, line))
    });
    let mut lines =
        lines.filter(|line| line.as_ref().map_or(true, |(_, line)| !line.trim().is_empty())).peekable();
    let events = std::iter::from_fn(move || {
        let (index, line) = match lines.next()? {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        let is_last = lines.peek().is_none();
        Some(serde_json::from_str(&line).map_err(|error| {
            if is_last && index > 0 {
                cut(path)
            } else {
                not_a_report(path, &format!("line {}: {error}", index + 1))
            }
        }))
    });
    failed.into_iter().chain(events)
}

/// Says that a report has no footer.
pub(crate) fn cut(path: &Path) -> Diagnostic {
    Diagnostic::new(format!("the report {} is not whole: it has no footer", path.display()))
        .help("its run did not end; run it again")
}

/// Says that a file is no report.
pub(crate) fn not_a_report(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::new(format!("{} is not a report: {why}", path.display()))
        .help("`conformance run --report jsonl=FILE` writes one")
}
