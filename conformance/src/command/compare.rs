//! `compare`: compares the reports of several implementations.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::options::Compare;
use anstream::AutoStream;
use conformance_report::comparison::Comparison;
use conformance_report::report;
use conformance_suite::safe::Log;

use super::{Stopped, written};

/// Prints the comparison table, and writes it as an HTML page with `--html`.
pub(crate) fn compare(options: &Compare) -> Result<ExitCode, Stopped> {
    let comparison = Comparison::read(&options.reports, options.html.is_some())?;
    if let Some(path) = &options.html {
        report::write_file(path, |out| report::html::matrix::write(&comparison, out))
            .map_err(|error| crate::reports::unwritable(path, &error))?;
    }
    if options.html.as_ref().is_some_and(|path| report::is_stdout(path)) {
        let err = AutoStream::new(io::stderr(), crate::reports::choice_of(options.color, &io::stderr()));
        let mut out = Log::new(err);
        return written(report::matrix::write(&comparison, &mut out).and_then(|()| out.flush()));
    }
    let mut out = Log::new(AutoStream::new(io::stdout(), crate::reports::choice(options.color)));
    written(report::matrix::write(&comparison, &mut out).and_then(|()| out.flush()))
}
