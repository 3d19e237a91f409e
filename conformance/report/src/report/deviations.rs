//! Writes the failures of a run as a file of deviations for `--write-deviations`.

use std::io::{self, Write};
use std::sync::Arc;

use conformance_engine::deviation::{entry, head};
use conformance_engine::event::{FinishedRun, Record};
use conformance_engine::verdict::Verdict;

/// Writes failing steps, and steps that they block, with the mismatch in place of a reason. Steps of a target that did not start
/// are left out.
///
/// # Errors
/// Writing to `out` fails.
pub fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", head(&run.header.target))?;
    if let Some(interruption) = run.interruption() {
        writeln!(out, "# The run was {interruption}: the other steps are missing here.")?;
    }
    writeln!(out, "format: 1")?;
    let failing = run.records.iter().filter(|record| {
        matches!(record.verdict, Verdict::Fail | Verdict::Inconclusive) && !record.unstarted
    });
    let mut failing = failing.peekable();
    if failing.peek().is_none() {
        return writeln!(out, "deviations: []");
    }
    writeln!(out, "deviations:")?;
    for record in failing {
        let covers: Vec<&str> = record.covers.keys().map(String::as_str).collect();
        let about = match covers.as_slice() {
            [] => String::new(),
            _ => format!("{}: {}", covers.join(" "), record.title),
        };
        out.write_all(entry(&about, &record.id, mismatch(record)).as_bytes())?;
    }
    Ok(())
}

fn mismatch(record: &Record) -> &str {
    let label =
        record.findings.first().map(|finding| finding.label.as_str()).filter(|label| !label.is_empty());
    label.or(record.reason.as_deref()).unwrap_or("fails")
}
