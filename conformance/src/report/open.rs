//! Opens the reports that were asked for, before anything is started: one that cannot be written is known then.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;

use anstream::{AutoStream, ColorChoice};

use super::badge::Badge;
use super::deviating::Deviating;
use super::document::Opening;
use super::html::Html;
use super::junit::Junit;
use super::tap::Tap;
use super::{Above, Detail, Documents, Github, Human, Progress, Report};
use crate::diagnostic::Diagnostic;
use crate::options::{Color, ReportKind, ReportPlace, Telling, github_summary, github_workspace};

/// Returns the reports of a run; with `deviating`, a file of what fails in it as well.
///
/// # Errors
/// One that cannot be written.
pub fn open(options: &Telling, deviating: Option<&Path>) -> Result<Vec<Box<dyn Report>>, Diagnostic> {
    let detail = match (options.quiet, options.verbose, options.trace) {
        (true, ..) => Detail::Quiet,
        (.., true) => Detail::Trace,
        (_, true, _) => Detail::Verbose,
        _ if options.requirements => Detail::Requirements,
        _ => Detail::Normal,
    };
    // Where every step is told, that is progress enough.
    let progress = matches!(detail, Detail::Normal | Detail::Requirements)
        .then(|| Progress::new(width(&io::stderr()), io::stderr()));
    let out = above(progress.as_ref(), AutoStream::new(io::stdout(), choice(options.color)));
    let mut reports: Vec<Box<dyn Report>> = Vec::new();
    reports.push(Box::new(Human::new(out, detail).within(width(&io::stdout()))));
    let mut documents = Documents::default();
    for place in &options.report {
        match place {
            ReportPlace::Github => {
                reports.push(Box::new(Github::new(
                    above(progress.as_ref(), io::stdout()),
                    summary()?,
                    github_workspace(),
                )));
            }
            ReportPlace::File(kind, path) => {
                let added = match document(*kind) {
                    Some(open) => documents.add(path, open),
                    None => documents.add_lines(path),
                };
                added.map_err(|error| unwritable(path, &error))?;
            }
        }
    }
    // It stands first, to clear the way before the report for people ends.
    if let Some(progress) = progress {
        reports.insert(0, Box::new(progress));
    }
    if let Some(path) = deviating {
        if path.exists() {
            let message = format!("{} is there already, and may hold reasons", path.display());
            return Err(Diagnostic::new(message).help("--deviations FILE reads it"));
        }
        documents.add(path, Deviating::open).map_err(|error| unwritable(path, &error))?;
    }
    if !documents.is_empty() {
        reports.push(Box::new(documents));
    }
    Ok(reports)
}

/// Returns how many characters a line of a terminal holds, where the stream is one.
#[must_use]
pub fn width(stream: &impl AsFd) -> Option<usize> {
    terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0))
}

fn above<O: Write>(progress: Option<&Progress<io::Stderr>>, out: O) -> Above<O> {
    match progress {
        Some(progress) => progress.above(out),
        None => Above::plain(out),
    }
}

/// When standard output is written in colour.
#[must_use]
pub fn choice(color: Color) -> ColorChoice {
    match color {
        Color::Auto => AutoStream::choice(&io::stdout()),
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}

/// Says that a report cannot be written.
#[must_use]
pub fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::new(format!("the report {} cannot be written: {error}", path.display()))
}

/// How a document is opened; none for what is written line by line.
fn document(kind: ReportKind) -> Option<Opening> {
    match kind {
        ReportKind::Jsonl => None,
        ReportKind::Html => Some(Html::open),
        ReportKind::Junit => Some(Junit::open),
        ReportKind::Tap => Some(Tap::open),
        ReportKind::Badge => Some(Badge::open),
    }
}

fn summary() -> Result<Option<std::fs::File>, Diagnostic> {
    let Some(path) = github_summary() else { return Ok(None) };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    file.map(Some).map_err(|error| unwritable(&path, &error))
}
