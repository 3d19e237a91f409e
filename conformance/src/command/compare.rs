//! `compare`: compares the reports of several implementations, or two runs of one.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::options::{Compare, ReportPlace};
use crate::{fleet, site, tables};
use anstream::AutoStream;
use conformance_engine::exit::Exit;
use conformance_engine::jsonl;
use conformance_report::changes::Changes;
use conformance_report::comparison::{Comparison, check_comparable};
use conformance_report::report::{self, Format, grades};
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::safe::Log;

use super::{Stopped, written};

/// Prints the comparison and writes the requested files.
pub(crate) fn compare(options: &Compare) -> Result<ExitCode, Stopped> {
    if let (Some(before), Some(after)) = (&options.before, &options.after) {
        return changes(before, after, options);
    }
    let mut comparison = Comparison::read(&options.reports, options.html.is_some(), options.force)?;
    let names: Vec<String> = comparison.implementations.iter().map(|one| one.name.clone()).collect();
    let files = fleet::file_names(&names);
    for (path, file) in options.reports.iter().zip(&files) {
        let places = places(options, file)?;
        if !places.is_empty() {
            crate::reports::replay(jsonl::read_run(path)?, &mut crate::reports::files(&places)?)?;
        }
    }
    if let Some(page) = &options.html {
        let folder = page.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        for (one, file) in comparison.implementations.iter_mut().zip(&files) {
            let html = places(options, file)?.into_iter().find(|(format, _)| format.name == "html");
            one.page = html.and_then(|(_, path)| tables::link(folder, &path));
        }
        report::write_file(page, |out| report::html::matrix::write(&comparison, out))
            .map_err(|error| crate::reports::unwritable(page, &error))?;
    }
    if let Some(path) = &options.csv {
        report::write_file(path, |out| grades::results(&comparison, out))
            .map_err(|error| crate::reports::unwritable(path, &error))?;
    }
    if let Some(folder) = &options.site {
        site::write(&options.reports, folder, options.force)?;
    }
    if options.html.iter().chain(&options.csv).any(|path| report::is_stdout(path)) {
        let err = AutoStream::new(io::stderr(), crate::reports::choice_of(options.color, &io::stderr()));
        let mut out = Log::new(err);
        return written(report::matrix::write(&comparison, &mut out).and_then(|()| out.flush()));
    }
    let mut out = Log::new(AutoStream::new(io::stdout(), crate::reports::choice(options.color)));
    written(report::matrix::write(&comparison, &mut out).and_then(|()| out.flush()))
}

/// Returns the reports of one implementation.
fn places(options: &Compare, file: &str) -> Result<Vec<(&'static Format, PathBuf)>, Diagnostic> {
    let mut places = Vec::new();
    for place in &options.report {
        match place {
            ReportPlace::File(format, path) if path.to_string_lossy().contains("{name}") => {
                places.push((*format, path.to_string_lossy().replace("{name}", file).into()));
            }
            ReportPlace::File(format, _) => {
                let message =
                    format!("the report `{}` would be overwritten by each implementation", format.name);
                return Err(Diagnostic::new(message)
                    .help("put {name} into the path; --html and --csv write the table of all, and `conformance merge` writes one report in other formats"));
            }
            ReportPlace::Github => {
                return Err(Diagnostic::new("the report `github` is about one implementation")
                    .help("use `conformance merge FILE --report github`"));
            }
        }
    }
    Ok(places)
}

/// Prints what changed from one run to another. Returns exit code 1 if something broke.
fn changes(before: &Path, after: &Path, options: &Compare) -> Result<ExitCode, Stopped> {
    let (old, new) = (jsonl::read_run(before)?, jsonl::read_run(after)?);
    if !options.force {
        check_comparable((before, &old.header), (after, &new.header))?;
    }
    let changes = Changes::of(&old, &new);
    let mut out = Log::new(AutoStream::new(io::stdout(), crate::reports::choice(options.color)));
    written(changes.write(&mut out).and_then(|()| out.flush()))?;
    Ok(if changes.broke.is_empty() { Exit::Conforms } else { Exit::Fails }.into())
}
