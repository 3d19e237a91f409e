//! Report in the Test Anything Protocol, version 14: a line for each step, with evidence as YAML.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::Arc;

use super::document::Document;
use super::evidence::evidence;
use super::spool::Spool;
use conformance_engine::event::{Footer, Header, Record, Stale};
use conformance_engine::outcome::Outcome;
use conformance_suite::amount::decimal;

/// A TAP report.
pub(super) struct Tap {
    steps: usize,
    lines: Spool,
}

impl Tap {
    /// Creates a report without steps.
    pub(super) fn open(lines: Spool) -> Box<dyn Document> {
        Box::new(Self { steps: 0, lines })
    }
}

impl Document for Tap {
    fn scenario(&mut self, records: &[Arc<Record>]) -> io::Result<()> {
        let first = self.steps + 1;
        self.steps += records.len();
        let mut numbered = (first..).zip(records);
        self.lines.keep(|out| numbered.try_for_each(|(number, record)| line(out, number, record))).map(drop)
    }

    fn finish(self: Box<Self>, header: &Header, footer: &Footer, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "TAP version 14\n1..{}", self.steps + footer.stale.len())?;
        self.lines.take()?.write(usize::MAX, out)?;
        for (number, one) in (self.steps + 1..).zip(&footer.stale) {
            writeln!(out, "{}", stale(number, one))?;
        }
        match footer.interruption(header.steps) {
            Some(interruption) => writeln!(out, "Bail out! {interruption}"),
            None => Ok(()),
        }
    }
}

/// Writes a test line. TAP consumers ignore failures that are marked TODO.
fn line(out: &mut String, number: usize, record: &Record) -> fmt::Result {
    let outcome = record.outcome();
    let (ok, directive, reason) = match outcome {
        Outcome::Passed => ("ok", "", None),
        Outcome::Skipped => ("ok", " # SKIP ", record.reason.as_deref()),
        Outcome::Known => ("not ok", " # TODO known: ", record.deviation.as_deref()),
        Outcome::OptionalFailed => ("not ok", " # TODO optional: covers no MUST", None),
        Outcome::OptionalInconclusive => ("not ok", " # TODO optional: inconclusive, covers no MUST", None),
        Outcome::Failed | Outcome::Inconclusive | Outcome::Error => ("not ok", "", None),
    };
    out.push_str(ok);
    out.push(' ');
    decimal(out, number);
    out.push_str(" - ");
    escaped(out, &record.id);
    out.push_str(" - ");
    escaped(out, &record.title);
    out.push_str(directive);
    out.push_str(&one_line(reason.unwrap_or_default()));
    out.push('\n');
    match outcome {
        Outcome::Passed if record.tries > 1 => {
            writeln!(out, "  ---\n  tries: {}\n  ...", record.tries)
        }
        Outcome::Passed | Outcome::Skipped => Ok(()),
        _ => diagnostic(out, record),
    }
}

fn diagnostic(out: &mut String, record: &Record) -> fmt::Result {
    let at = serde_json::Value::from(record.place.to_string());
    writeln!(out, "  ---\n  verdict: {}\n  at: {at}", record.verdict)?;
    if record.tries > 1 {
        writeln!(out, "  tries: {}", record.tries)?;
    }
    let covers = record.covers.iter().map(|(id, level)| format!("{id} ({level})"));
    writeln!(out, "  covers: [{}]\n  evidence: |", covers.collect::<Vec<_>>().join(", "))?;
    for line in evidence(record).lines() {
        writeln!(out, "    {}", line.replace(|character: char| character.is_control(), "\u{fffd}"))?;
    }
    writeln!(out, "  ...")
}

/// Returns the test line of a stale deviation, which fails the run.
fn stale(number: usize, stale: &Stale) -> String {
    let mut line = format!("not ok {number} - deviation ");
    escaped(&mut line, &stale.at);
    line.push_str(" - ");
    escaped(&mut line, &stale.message);
    line
}

/// Writes a text on one line and escapes directives in it.
fn escaped(out: &mut String, text: &str) {
    for character in one_line(text).chars() {
        if matches!(character, '\\' | '#') {
            out.push('\\');
        }
        out.push(character);
    }
}

/// Returns a text without line breaks and other control characters.
fn one_line(text: &str) -> String {
    let shown = |character| match character {
        '\n' | '\r' | '\t' => ' ',
        other if other.is_control() => char::REPLACEMENT_CHARACTER,
        other => other,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_directives_and_line_breaks() {
        let mut out = String::new();
        escaped(&mut out, "a\\b # SKIP é\r\nc");
        assert_eq!(out, "a\\\\b \\# SKIP é  c");
    }
}
