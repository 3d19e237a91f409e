//! CSV report: a row for each requirement.

use std::io::{self, Write};
use std::sync::Arc;

use super::evidence::summary;
use super::score::{points, reasons};
use conformance_engine::event::FinishedRun;
use conformance_suite::safe;

/// Writes the report.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = ::csv::Writer::from_writer(out);
    table.write_record([
        "requirement",
        "level",
        "clause",
        "text",
        "outcome",
        "points",
        "earned",
        "hidden",
        "reason",
        "suite",
        "version",
        "digest",
    ])?;
    let header = &run.header;
    for one in &run.footer.requirements {
        let outcome = one.outcome().map_or("untested", |outcome| outcome.as_str());
        let reason = match reasons(run, one).first() {
            Some(record) => Some(format!("{}: {}", record.id, summary(record))),
            None => one.reason.clone(),
        };
        table.write_record(
            [
                one.id.as_str(),
                one.level.as_str(),
                &one.clause,
                &one.text,
                outcome,
                &points(one.points()),
                &points(one.earned()),
                if one.hidden { "yes" } else { "no" },
                &reason.unwrap_or_default(),
                &header.suite,
                header.suite_version.as_deref().unwrap_or_default(),
                &header.suite_digest,
            ]
            .map(safe::cell),
        )?;
    }
    table.flush()
}
