//! Report in the Test Anything Protocol, version 14: a line for each step, with evidence as YAML.

use std::io::{self, Write};
use std::sync::Arc;

use super::evidence::{evidence, identity};
use conformance_engine::event::{FinishedRun, Header, Record, Stale};
use conformance_engine::outcome::Outcome;
use conformance_suite::safe;

/// Writes the report.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    let (steps, stale) = (&run.records, &run.footer.stale);
    writeln!(out, "TAP version 14\n1..{}", steps.len() + stale.len())?;
    writeln!(out, "# {}", safe::tap(&identity(&run.header)))?;
    if let Some(seed) = run.header.seed {
        writeln!(out, "# seed {seed}")?;
    }
    for (number, record) in (1..).zip(steps) {
        line(number, record, &run.header, out)?;
    }
    for (number, Stale { at, message }) in (steps.len() + 1..).zip(stale) {
        // A stale deviation fails the run.
        writeln!(out, "not ok {number} - deviation {} - {}", safe::tap(at), safe::tap(message))?;
    }
    match run.interruption() {
        Some(interruption) => writeln!(out, "Bail out! {}", safe::tap(&interruption)),
        None => Ok(()),
    }
}

/// Writes a test line. TAP consumers ignore failures that are marked TODO.
fn line(number: usize, record: &Record, header: &Header, out: &mut dyn Write) -> io::Result<()> {
    let outcome = record.outcome();
    let (ok, directive, reason) = match outcome {
        Outcome::Passed => ("ok", "", None),
        Outcome::Skipped => ("ok", " # SKIP ", record.reason.as_deref()),
        Outcome::Known => ("not ok", " # TODO known: ", record.deviation.as_deref()),
        Outcome::OptionalFailed => ("not ok", " # TODO optional: covers no MUST", None),
        Outcome::OptionalInconclusive => ("not ok", " # TODO optional: inconclusive, covers no MUST", None),
        Outcome::Failed | Outcome::Inconclusive | Outcome::Error => ("not ok", "", None),
    };
    let (id, title, reason) =
        (safe::tap(&record.id), safe::tap(&record.title), safe::tap(reason.unwrap_or_default()));
    writeln!(out, "{ok} {number} - {id} - {title}{directive}{reason}")?;
    match outcome {
        Outcome::Passed if record.tries > 1 => {
            writeln!(out, "  ---\n  tries: {}\n  flaky: {}\n  ...", record.tries, record.flaky)
        }
        Outcome::Passed | Outcome::Skipped => Ok(()),
        _ => diagnostic(record, header, out),
    }
}

fn diagnostic(record: &Record, header: &Header, out: &mut dyn Write) -> io::Result<()> {
    let at = serde_json::Value::from(record.place.to_string()).to_string();
    writeln!(out, "  ---\n  verdict: {}\n  at: {}", record.verdict, safe::json(&at))?;
    if record.tries > 1 {
        writeln!(out, "  tries: {}", record.tries)?;
    }
    let covers = record.covers.iter().map(|(id, level)| format!("{} ({level})", safe::line(id)));
    // The first line may begin with blanks, so the indentation is given.
    writeln!(out, "  covers: [{}]\n  evidence: |2", covers.collect::<Vec<_>>().join(", "))?;
    out.write_all(safe::yaml_block(&evidence(record, Some(header)), "    ").as_bytes())?;
    writeln!(out, "  ...")
}
