//! `merge`: merges the reports of shards into one, or writes a report in other formats.

use std::process::ExitCode;

use crate::options::Merge;
use conformance_engine::exit::Exit;
use conformance_report::merge;

use super::Stopped;

/// Writes the merged run to every requested report and returns its exit code.
pub(crate) fn merge(options: &Merge) -> Result<ExitCode, Stopped> {
    let run = merge::merge(&options.reports)?;
    let mut reports = crate::reports::open(&options.output, None)?;
    let exit = if options.output.exits_with_0() { Exit::Conforms.code() } else { run.footer.exit };
    crate::reports::replay(run, &mut reports)?;
    Ok(exit.into())
}
