//! The Test Anything Protocol, version 14: a line for each step, with its evidence as YAML.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::Arc;

use super::aside::Aside;
use super::document::Document;
use super::evidence::evidence;
use crate::amount::decimal;
use crate::event::{Footer, Header, Record};
use crate::verdict::Verdict;

/// The steps so far.
pub(super) struct Tap {
    steps: usize,
    lines: Aside,
}

impl Tap {
    /// Returns a document of no steps.
    pub(super) fn open(lines: Aside) -> Box<dyn Document> {
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
        writeln!(out, "TAP version 14\n1..{}", self.steps)?;
        self.lines.take()?.write(usize::MAX, out)?;
        match footer.interruption(header.steps) {
            Some(interruption) => writeln!(out, "Bail out! {interruption}"),
            None => Ok(()),
        }
    }
}

fn line(out: &mut String, number: usize, record: &Record) -> fmt::Result {
    let (ok, directive) = match record.verdict {
        Verdict::Pass => ("ok", ""),
        Verdict::Skipped => ("ok", " # SKIP "),
        // It binds nobody: a reader of the protocol does not count it.
        Verdict::Fail if !record.binds() => ("not ok", " # TODO no must is covered"),
        Verdict::Fail | Verdict::Inconclusive | Verdict::Error => ("not ok", ""),
    };
    out.push_str(ok);
    out.push(' ');
    decimal(out, number);
    out.push_str(" - ");
    escaped(out, &record.id);
    out.push_str(" - ");
    escaped(out, &record.title);
    out.push_str(directive);
    if record.verdict == Verdict::Skipped {
        escaped(out, record.reason.as_deref().unwrap_or_default());
    }
    out.push('\n');
    if ok == "ok" { Ok(()) } else { diagnostic(out, record) }
}

fn diagnostic(out: &mut String, record: &Record) -> fmt::Result {
    writeln!(out, "  ---\n  verdict: {}\n  at: \"{}\"", record.verdict, record.place)?;
    let covers = record.covers.iter().map(|(id, level)| format!("{id} ({level})"));
    writeln!(out, "  covers: [{}]\n  evidence: |", covers.collect::<Vec<_>>().join(", "))?;
    for line in evidence(record).lines() {
        writeln!(out, "    {}", line.replace(|character: char| character.is_control(), "\u{fffd}"))?;
    }
    writeln!(out, "  ...")
}

/// Writes a text that may hold no directive of its own and no second line.
fn escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'\\' | b'#' | b'\n' | b'\r')) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'\\' => "\\\\",
            b'#' => "\\#",
            _ => " ",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_holds_no_directive_and_no_second_line() {
        let mut out = String::new();
        escaped(&mut out, "a\\b # SKIP é\r\nc");
        assert_eq!(out, "a\\\\b \\# SKIP é  c");
    }
}
