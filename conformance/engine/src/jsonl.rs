//! Reads reports as JSON Lines, for `merge`, `compare` and `--shard-by`.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::event::{Event, FinishedRun, Footer, Header};
use crate::run::EVENTS_VERSION;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::suite::folder::open;

/// Returns the events of a report, deserialised as `L`. Empty lines, CRLF line endings and a byte order mark are accepted.
///
/// # Errors
/// The report cannot be read, a line is not an event, or the last line is incomplete.
pub fn read<L: DeserializeOwned>(path: &Path) -> impl Iterator<Item = Result<L, Diagnostic>> {
    let unreadable =
        |error: io::Error| Diagnostic::new(format!("cannot read the report {}: {error}", path.display()));
    let (file, failed) = match open(path) {
        Ok(file) => (Some(Lines(BufReader::new(file))), None),
        Err(error) => (None, Some(Err(unreadable(error)))),
    };
    let lines = file.into_iter().flatten().enumerate().map(move |(index, line)| {
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

/// Maximum length of a line in bytes, far above that of the largest event.
const LONGEST: u64 = 64 * 1024 * 1024;

/// The lines of a report, without their line ends.
struct Lines(BufReader<File>);

impl Iterator for Lines {
    type Item = io::Result<String>;

    fn next(&mut self) -> Option<io::Result<String>> {
        let mut line = String::new();
        match self.0.by_ref().take(LONGEST + 1).read_line(&mut line) {
            Ok(0) => return None,
            Ok(length) if length as u64 > LONGEST => {
                return Some(Err(io::Error::other(format!(
                    "a line is longer than {} MiB",
                    LONGEST / 1024 / 1024
                ))));
            }
            Ok(_) => {}
            Err(error) => return Some(Err(error)),
        }
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        Some(Ok(line))
    }
}

/// Reads the report of a whole run or shard.
///
/// # Errors
/// The report cannot be read, is invalid or incomplete, or is of a newer version of the program.
pub fn read_run(path: &Path) -> Result<FinishedRun, Diagnostic> {
    let (mut header, mut footer, mut records) = (None, None, Vec::new());
    for event in read(path) {
        match event? {
            Event::Header(Header { version, .. }) if version > EVENTS_VERSION => {
                let shown = path.display();
                let message = format!(
                    "the report {shown} has version {version}; this program reads version {EVENTS_VERSION}"
                );
                return Err(Diagnostic::new(message).help("use a newer version of conformance"));
            }
            Event::Header(one) => header = Some(one),
            Event::Step(record) => records.push(record),
            Event::Load(_) => {}
            Event::Footer(Footer { interrupted: true, .. }) => {
                let message = format!("the report {} is incomplete: its run was interrupted", path.display());
                return Err(Diagnostic::new(message).help("run it again"));
            }
            Event::Footer(one) => footer = Some(one),
        }
    }
    let Some(header) = header else { return Err(not_a_report(path, "it has no header")) };
    let Some(footer) = footer else { return Err(cut(path)) };
    Ok(FinishedRun { header, records, footer })
}

/// Returns the error for a report without a footer.
#[must_use]
pub fn cut(path: &Path) -> Diagnostic {
    Diagnostic::new(format!("the report {} is incomplete: it has no footer", path.display()))
        .help("the run did not end; run it again")
}

/// Returns the error for a file that is not a report.
#[must_use]
pub fn not_a_report(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::new(format!("{} is not a report: {why}", path.display()))
        .help("write one with `conformance run --report jsonl=FILE`")
}
