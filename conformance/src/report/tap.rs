//! The Test Anything Protocol, version 14: a line for each step, with its evidence as YAML.

use std::io::{self, Write};

use super::account::Account;
use super::evidence::evidence;
use crate::event::Record;
use crate::verdict::Verdict;

/// Writes the document.
///
/// # Errors
/// Those of the place that it is written to.
pub fn write(account: &Account, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "TAP version 14\n1..{}", account.records.len())?;
    for (index, record) in account.steps().enumerate() {
        let number = index + 1;
        let description = escape(&format!("{} - {}", record.id, record.title));
        match directive(record) {
            Ok(directive) => writeln!(out, "ok {number} - {description}{directive}")?,
            Err(directive) => {
                writeln!(out, "not ok {number} - {description}{directive}")?;
                diagnostic(record, out)?;
            }
        }
    }
    match account.footer.interruption(account.header.steps) {
        Some(interruption) => writeln!(out, "Bail out! {interruption}"),
        None => Ok(()),
    }
}

/// Whether a step is `ok`, with the directive behind it.
fn directive(record: &Record) -> Result<String, String> {
    let reason = escape(&record.reason.clone().unwrap_or_default());
    match record.verdict {
        Verdict::Pass => Ok(String::new()),
        Verdict::Skipped => Ok(format!(" # SKIP {reason}")),
        // It binds nobody: a reader of the protocol does not count it.
        Verdict::Fail if !record.binds() => Err(" # TODO no must is covered".to_owned()),
        Verdict::Fail | Verdict::Inconclusive | Verdict::Error => Err(String::new()),
    }
}

fn diagnostic(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  ---")?;
    writeln!(out, "  verdict: {}", record.verdict)?;
    writeln!(out, "  at: \"{}\"", record.place)?;
    let covers = record.covers.iter().map(|(id, level)| format!("{id} ({level})"));
    writeln!(out, "  covers: [{}]", covers.collect::<Vec<_>>().join(", "))?;
    writeln!(out, "  evidence: |")?;
    for line in evidence(record).lines() {
        writeln!(out, "    {}", line.replace(|character: char| character.is_control(), "\u{fffd}"))?;
    }
    writeln!(out, "  ...")
}

/// A description may hold no directive of its own and no second line.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace(['\n', '\r'], " ")
}
