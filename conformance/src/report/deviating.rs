//! The failures of a run as a file of deviations, to be gone through by hand.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use super::aside::Aside;
use super::document::Document;
use crate::event::{Footer, Header, Record};
use crate::verdict::Verdict;

/// Every step that failed, and every one that could not be judged because of it, with what was seen in the place of a reason. A
/// target that did not start has none.
pub(super) struct Deviating {
    entries: Aside,
    none: bool,
}

impl Deviating {
    /// Returns a file of none.
    pub(super) fn open(entries: Aside) -> Box<dyn Document> {
        Box::new(Self { entries, none: true })
    }
}

impl Document for Deviating {
    fn scenario(&mut self, records: &[Arc<Record>]) -> io::Result<()> {
        let known = records.iter().filter(|record| {
            matches!(record.verdict, Verdict::Fail | Verdict::Inconclusive) && !record.unstarted
        });
        for record in known {
            self.none = false;
            self.entries.keep(|out| out.write_str(&entry(record)))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, header: &Header, footer: &Footer, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "# Known failures of {}: give each a reason, or mend it.", header.target)?;
        if let Some(interruption) = footer.interruption(header.steps) {
            writeln!(out, "# The run was {interruption}: failures of the others are not here.")?;
        }
        writeln!(out, "format: 1")?;
        if self.none {
            return writeln!(out, "deviations: []");
        }
        writeln!(out, "deviations:")?;
        self.entries.take()?.write(usize::MAX, out)
    }
}

fn entry(record: &Record) -> String {
    let covers: Vec<&str> = record.covers.keys().map(String::as_str).collect();
    let comment = if covers.is_empty() {
        String::new()
    } else {
        format!("  # {}: {}\n", covers.join(" "), record.title.replace('\n', " "))
    };
    format!("{comment}  - step: {}\n    reason: {}\n", quoted(&record.id), quoted(&seen(record)))
}

fn seen(record: &Record) -> String {
    let label =
        record.findings.first().map(|finding| finding.label.as_str()).filter(|label| !label.is_empty());
    let seen = label.or(record.reason.as_deref()).unwrap_or("it does not hold");
    format!("not looked into yet: {seen}")
}

/// A scalar of YAML that stands for this very text: JSON is part of YAML.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
