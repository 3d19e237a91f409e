//! `run --bless`: updates the expectations of selected steps to match the responses.

use std::io::{self, Write as _};

use conformance::bless::{Blessing, JudgedSteps};
use conformance::diagnostic::Diagnostic;
use conformance::options::Run;
use conformance::plan::{Plan, named};
use conformance::redact::Redactor;
use conformance::report::blessing;
use conformance::suite::{Folder, Suite};

use super::{Stopped, written};

/// Returns storage for the responses of the run if `--bless` is given.
pub(crate) fn answers(options: &Run, plan: &Plan) -> Result<Option<JudgedSteps>, Stopped> {
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
    Ok(Some(JudgedSteps::to(named(plan, filters))))
}

/// Prints the diff and updates the files.
pub(crate) fn bless(
    options: &Run,
    suite: &Suite,
    answers: &JudgedSteps,
    redactor: &Redactor,
) -> Result<(), Stopped> {
    let blessing = Blessing::new(suite, &options.selection.folder(), answers, redactor)?;
    let mut out = io::stdout().lock();
    written(out.write_all(blessing::difference(&blessing, redactor).as_bytes()).and_then(|()| out.flush()))?;
    blessing.store()?;
    written(writeln!(out, "\n{}", blessing::summary(&blessing)))?;
    Ok(())
}
