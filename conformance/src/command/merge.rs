//! `merge`: merges the reports of shards into one.

use std::io;
use std::process::ExitCode;

use crate::options::Merge;
use conformance_engine::event::{Event, FinishedRun};
use conformance_report::merge;

use super::Stopped;

/// Writes the merged run to every requested report and returns its exit code.
pub(crate) fn merge(options: &Merge) -> Result<ExitCode, Stopped> {
    let FinishedRun { header, records, footer } = merge::merge(&options.reports)?;
    let mut reports = crate::reports::open(&options.output, None)?;
    let exit = footer.exit;
    let steps = records.into_iter().map(Event::Step);
    for event in std::iter::once(Event::Header(header)).chain(steps).chain([Event::Footer(footer)]) {
        for report in &mut reports {
            match report.on_event(&event) {
                // Ignore a closed pipe, for example to `head`.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
                _ => {}
            }
        }
    }
    Ok(exit.into())
}
