//! `run --bless`: updates the expectations of selected steps to match the responses.

mod difference;

use std::io::{self, Write as _};

use crate::options::Run;
use conformance_convert::bless::Blessing;
use conformance_engine::redact::Redactor;
use conformance_engine::run::ResponseCollector;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::plan::{Plan, named};
use conformance_suite::safe::Log;
use conformance_suite::suite::{Folder, Suite};

use super::{Stopped, written};

/// Returns a collector for the responses of the run if `--bless` is given.
pub(crate) fn collector(options: &Run, plan: &Plan) -> Result<Option<ResponseCollector>, Stopped> {
    if !options.bless {
        return Ok(None);
    }
    let filters = &options.selection.filter;
    if filters.is_empty() {
        let message = "--bless needs --filter: it updates only the steps that --filter selects";
        return Err(Diagnostic::new(message)
            .help("check the failures first, then select the steps whose responses are correct")
            .into());
    }
    if !matches!(options.selection.folder(), Folder::Directory(_)) {
        let message = "--bless cannot update the built-in suite";
        return Err(Diagnostic::new(message).help("name the folder of your suite with --suite DIR").into());
    }
    Ok(Some(ResponseCollector::new(named(plan, filters))))
}

/// Prints the diff and updates the files.
pub(crate) fn bless(
    options: &Run,
    suite: &Suite,
    responses: &ResponseCollector,
    redactor: &Redactor,
) -> Result<(), Stopped> {
    let blessing = Blessing::new(suite, &options.selection.folder(), responses, redactor)?;
    let mut out = Log::plain(io::stdout().lock());
    written(
        out.write_all(difference::difference(&blessing, redactor).as_bytes()).and_then(|()| out.flush()),
    )?;
    blessing.store()?;
    written(writeln!(out, "\n{}", difference::summary(&blessing)).and_then(|()| out.flush()))?;
    Ok(())
}
