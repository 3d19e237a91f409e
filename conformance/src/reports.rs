//! Opens all requested reports before the run, so that unwritable paths are found early.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};

use crate::options::{Color, OutputOptions, ReportPlace, forces_color, github_summary, github_workspace};
use conformance_engine::event::{Event, FinishedRun};
use conformance_report::report::{
    Above, Collector, Detail, Format, Github, Human, JsonLines, Progress, Report, write_deviations,
};
use conformance_report::report::{is_stdout, replaced};
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::safe::{self, Log};

/// Opens the reports of a run, and the file of `--write-deviations` if `deviations` is given.
///
/// # Errors
/// A report cannot be written.
pub(crate) fn open(
    options: &OutputOptions,
    deviations: Option<&Path>,
) -> Result<Vec<Box<dyn Report>>, Diagnostic> {
    let detail = match (options.quiet, options.verbose, options.trace) {
        (true, ..) => Detail::Quiet,
        (.., true) => Detail::Trace,
        (_, true, _) => Detail::Verbose,
        _ if options.requirements => Detail::Requirements,
        _ => Detail::Normal,
    };
    let files = options.report.iter().filter_map(|place| match place {
        ReportPlace::File(_, path) => Some(path.as_path()),
        ReportPlace::Github => None,
    });
    let paths: Vec<&Path> = files.chain(deviations).collect();
    let to_stdout = paths.iter().filter(|path| is_stdout(path)).count();
    if to_stdout > 1 {
        let wrong = Diagnostic::new("only one report can be written to standard output");
        return Err(wrong.help("write the others to files"));
    }
    distinct(paths.into_iter())?;
    // No progress bar if every step is printed.
    let progress = matches!(detail, Detail::Normal | Detail::Requirements)
        .then(|| Progress::new(width(&io::stderr()), io::stderr()));
    let line = progress.as_ref();
    let mut reports: Vec<Box<dyn Report>> = Vec::new();
    // If another report uses standard output, the terminal report goes to standard error.
    if to_stdout == 0 {
        let out = above(line, Log::new(AutoStream::new(io::stdout(), choice(options.color))));
        reports.push(Box::new(Human::new(out, detail).within(width(&io::stdout()))));
    } else {
        let err = AutoStream::new(io::stderr(), choice_of(options.color, &io::stderr()));
        let out = above(line, Log::new(err));
        reports.push(Box::new(Human::new(out, detail).within(width(&io::stderr()))));
    }
    let mut collector = Collector::default();
    for place in &options.report {
        match place {
            ReportPlace::Github => {
                let (page, workspace) = (summary()?, github_workspace());
                // GitHub reads workflow commands from both streams.
                if to_stdout == 0 {
                    reports.push(Box::new(Github::new(above(line, io::stdout()), page, workspace)));
                } else {
                    reports.push(Box::new(Github::new(above(line, io::stderr()), page, workspace)));
                }
            }
            ReportPlace::File(format, path) => {
                check_variables(format)?;
                let opened = match format.document {
                    Some(document) => collector.add(path, document),
                    None => JsonLines::create(path).map(|lines| reports.push(Box::new(lines))),
                };
                opened.map_err(|error| unwritable(path, &error))?;
            }
        }
    }
    // The progress bar comes first: it must be gone before the terminal report prints its summary.
    if let Some(progress) = progress {
        reports.insert(0, Box::new(progress));
    }
    if let Some(path) = deviations {
        if path.exists() && !is_stdout(path) {
            let message = format!("{} already exists and may contain reasons", path.display());
            return Err(
                Diagnostic::new(message).help("use --deviations FILE to read it, or choose another path")
            );
        }
        collector.add(path, write_deviations).map_err(|error| unwritable(path, &error))?;
    }
    if !collector.is_empty() {
        reports.push(Box::new(collector));
    }
    Ok(reports)
}

/// Passes a finished run to reports.
///
/// # Errors
/// A report cannot be written.
pub(crate) fn replay(run: FinishedRun, reports: &mut [Box<dyn Report>]) -> io::Result<()> {
    let FinishedRun { header, records, footer } = run;
    let steps = records.into_iter().map(Event::Step);
    for event in std::iter::once(Event::Header(header)).chain(steps).chain([Event::Footer(footer)]) {
        for report in &mut *reports {
            match report.on_event(&event) {
                // Ignore a closed pipe, for example to `head`.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Opens report files.
///
/// # Errors
/// A report cannot be written, or an environment variable that it needs is not set.
pub(crate) fn files(places: &[(&'static Format, PathBuf)]) -> Result<Vec<Box<dyn Report>>, Diagnostic> {
    let mut reports: Vec<Box<dyn Report>> = Vec::new();
    distinct(places.iter().map(|(_, path)| path.as_path()))?;
    let mut collector = Collector::default();
    for (format, path) in places {
        check_variables(format)?;
        let opened = match format.document {
            Some(document) => collector.add(path, document),
            None => JsonLines::create(path).map(|lines| reports.push(Box::new(lines))),
        };
        opened.map_err(|error| unwritable(path, &error))?;
    }
    if !collector.is_empty() {
        reports.push(Box::new(collector));
    }
    Ok(reports)
}

/// Checks that no two reports replace the same file.
fn distinct<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<(), Diagnostic> {
    let mut seen = BTreeSet::new();
    for path in paths {
        if let Some(file) = replaced(path)
            && !seen.insert(file)
        {
            let message = format!("two reports would be written to {}", path.display());
            return Err(Diagnostic::new(message).help("give each report a file of its own"));
        }
    }
    Ok(())
}

fn check_variables(format: &Format) -> Result<(), Diagnostic> {
    let missing =
        format.variables.iter().find(|name| std::env::var_os(name).is_none_or(|value| value.is_empty()));
    match missing {
        Some(name) => {
            let message = format!("the report `{}` needs the environment variable {name}", format.name);
            Err(Diagnostic::new(message)
                .help("the platform sets it; docs/grading.md shows how to try it elsewhere"))
        }
        None => Ok(()),
    }
}

/// Prints a line on standard error. Its text cannot control the terminal and is no command in the log of a CI system.
pub(crate) fn say(text: &str) {
    let mut err = Log::new(AutoStream::auto(io::stderr()));
    // Ignore errors: standard error is closed.
    writeln!(err, "{}", safe::terminal(text)).and_then(|()| err.flush()).ok();
}

/// Returns the width of the terminal, if the stream is one.
#[must_use]
pub(crate) fn width(stream: &impl AsFd) -> Option<usize> {
    terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0))
}

fn above<O: Write>(progress: Option<&Progress<io::Stderr>>, out: O) -> Above<O> {
    match progress {
        Some(progress) => progress.above(out),
        None => Above::plain(out),
    }
}

/// Returns whether to use colors on standard output.
#[must_use]
pub(crate) fn choice(color: Color) -> ColorChoice {
    choice_of(color, &io::stdout())
}

/// Returns whether to use colors on a stream.
#[must_use]
pub(crate) fn choice_of(color: Color, stream: &impl RawStream) -> ColorChoice {
    match color {
        Color::Auto if forces_color() => ColorChoice::Always,
        Color::Auto => AutoStream::choice(stream),
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}

/// Returns the error for a report that cannot be written.
#[must_use]
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::new(format!("cannot write the report {}: {error}", path.display()))
}

fn summary() -> Result<Option<std::fs::File>, Diagnostic> {
    let Some(path) = github_summary() else { return Ok(None) };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    file.map(Some).map_err(|error| unwritable(&path, &error))
}
