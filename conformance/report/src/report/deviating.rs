//! Writes the failures of a run as a file of deviations for `--write-deviations`.

use std::io::{self, Write};
use std::sync::Arc;

use super::document::Document;
use super::spool::Spool;
use conformance_engine::deviation::{entry, head};
use conformance_engine::event::{Footer, Header, Record};
use conformance_engine::verdict::Verdict;

/// Failing steps, and steps that they block, with the mismatch in place of a reason. Steps of a target that did not start are left
/// out.
pub(super) struct Deviating {
    entries: Spool,
    none: bool,
}

impl Deviating {
    /// Creates a file without deviations.
    pub(super) fn open(entries: Spool) -> Box<dyn Document> {
        Box::new(Self { entries, none: true })
    }
}

impl Document for Deviating {
    fn scenario(&mut self, records: &[Arc<Record>]) -> io::Result<()> {
        let failing = records.iter().filter(|record| {
            matches!(record.verdict, Verdict::Fail | Verdict::Inconclusive) && !record.unstarted
        });
        for record in failing {
            self.none = false;
            let covers: Vec<&str> = record.covers.keys().map(String::as_str).collect();
            let comment = match covers.as_slice() {
                [] => String::new(),
                _ => format!("{}: {}", covers.join(" "), record.title),
            };
            self.entries.keep(|out| entry(out, &comment, &record.id, seen(record)))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, header: &Header, footer: &Footer, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", head(&header.target))?;
        if let Some(interruption) = footer.interruption(header.steps) {
            writeln!(out, "# The run was {interruption}: the other steps are missing here.")?;
        }
        writeln!(out, "format: 1")?;
        if self.none {
            return writeln!(out, "deviations: []");
        }
        writeln!(out, "deviations:")?;
        self.entries.take()?.write(usize::MAX, out)
    }
}

fn seen(record: &Record) -> &str {
    let label =
        record.findings.first().map(|finding| finding.label.as_str()).filter(|label| !label.is_empty());
    label.or(record.reason.as_deref()).unwrap_or("fails")
}
