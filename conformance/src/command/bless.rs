//! `run --bless`: what the steps that are named expect is rewritten with what was answered.

use std::io::{self, Write as _};

use conformance::bless::{Answers, Blessing};
use conformance::diagnostic::Diagnostic;
use conformance::options::Run;
use conformance::plan::{Plan, named};
use conformance::redact::Redactor;
use conformance::report::blessing;
use conformance::suite::{Folder, Suite};

use super::{Stopped, written};

/// Returns what keeps the answers of a run, where they are to be blessed.
pub(crate) fn answers(options: &Run, plan: &Plan) -> Result<Option<Answers>, Stopped> {
    if !options.bless {
        return Ok(None);
    }
    let filters = &options.selection.filter;
    if filters.is_empty() {
        let message = "--bless rewrites what the steps expect that --filter names, and no --filter does";
        return Err(Diagnostic::new(message)
            .help("look at the failures first, then name those that are right")
            .into());
    }
    if !matches!(options.selection.folder(), Folder::Directory(_)) {
        let message = "--bless rewrites the files of a suite, and the suite inside this program has none";
        return Err(Diagnostic::new(message).help("--suite DIR names the folder of a suite").into());
    }
    Ok(Some(Answers::to(named(plan, filters))))
}

/// Shows what is written otherwise, and writes it.
pub(crate) fn bless(
    options: &Run,
    suite: &Suite,
    answers: &Answers,
    redactor: &Redactor,
) -> Result<(), Stopped> {
    let blessing = Blessing::new(suite, &options.selection.folder(), answers, redactor)?;
    let mut out = io::stdout().lock();
    written(out.write_all(blessing::difference(&blessing, redactor).as_bytes()).and_then(|()| out.flush()))?;
    blessing.store()?;
    written(writeln!(out, "\n{}", blessing::summary(&blessing)))?;
    Ok(())
}
