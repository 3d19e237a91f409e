//! The failures of a run as a file of deviations, to be gone through by hand.

use std::io::{self, Write};

use super::account::Account;
use crate::event::Record;
use crate::verdict::Verdict;

/// Writes every step that failed, and every one that could not be judged because of it, with what was seen in the place of a
/// reason. A target that did not start has none.
///
/// # Errors
/// Those of `out`.
pub fn write(account: &Account, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Known failures of {}: give each a reason, or mend it.", account.header.target)?;
    if let Some(interruption) = account.footer.interruption(account.header.steps) {
        writeln!(out, "# The run was {interruption}: failures of the others are not here.")?;
    }
    writeln!(out, "format: 1")?;
    let known: Vec<&Record> = (account.steps())
        .filter(|record| matches!(record.verdict, Verdict::Fail | Verdict::Inconclusive) && !record.unstarted)
        .collect();
    if known.is_empty() {
        return writeln!(out, "deviations: []");
    }
    writeln!(out, "deviations:")?;
    for record in known {
        let covers: Vec<&str> = record.covers.keys().map(String::as_str).collect();
        if !covers.is_empty() {
            writeln!(out, "  # {}: {}", covers.join(" "), record.title.replace('\n', " "))?;
        }
        writeln!(out, "  - step: {}", quoted(&record.id))?;
        writeln!(out, "    reason: {}", quoted(&seen(record)))?;
    }
    Ok(())
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
