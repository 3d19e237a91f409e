//! `JUnit` XML report: a test suite for each scenario, a test case for each step.
//!
//! Not every CI system accepts properties of a test case. So the requirements are properties of the test suite, and each case
//! names its own in its output.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::Arc;

use super::document::Document;
use super::evidence::{evidence, summary};
use super::spool::Spool;
use super::xml::Xml;
use conformance_engine::event::{Footer, Header, Record, Stale, Standing};
use conformance_engine::outcome::Outcome;
use conformance_suite::amount::{decimal, whole};

/// A `JUnit` report.
pub(super) struct Junit {
    suites: Vec<Suite>,
    cases: Spool,
}

/// The attributes and properties of a test suite.
struct Suite {
    scenario: String,
    profile: String,
    counts: Counts,
    milliseconds: f64,
    /// Ids of the requirements that its steps cover.
    covers: Vec<String>,
    /// Size in bytes of the test cases in the spool.
    bytes: usize,
}

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Junit {
    /// Creates a report without test suites.
    pub(super) fn open(cases: Spool) -> Box<dyn Document> {
        Box::new(Self { suites: Vec::new(), cases })
    }
}

impl Document for Junit {
    fn scenario(&mut self, records: &[Arc<Record>]) -> io::Result<()> {
        let Some(first) = records.first() else { return Ok(()) };
        let mut counts = Counts::default();
        let mut one = |out: &mut String, record| {
            counts.count(record);
            case(out, record)
        };
        let bytes = self.cases.keep(|out| records.iter().try_for_each(|record| one(out, record)))?;
        let mut covers: Vec<&String> = records.iter().flat_map(|record| record.covers.keys()).collect();
        covers.sort_unstable();
        covers.dedup();
        self.suites.push(Suite {
            scenario: first.scenario.clone(),
            profile: first.profile.clone(),
            counts,
            milliseconds: records.iter().map(|record| record.milliseconds).sum(),
            covers: covers.into_iter().cloned().collect(),
            bytes,
        });
        Ok(())
    }

    fn finish(self: Box<Self>, header: &Header, footer: &Footer, out: &mut dyn Write) -> io::Result<()> {
        let interruption = footer.interruption(header.steps);
        let whole = |count: fn(&Counts) -> usize| -> usize {
            self.suites.iter().map(|suite| count(&suite.counts)).sum()
        };
        let (more, stale) = (usize::from(interruption.is_some()), footer.stale.len());
        let tests = whole(|counts| counts.tests) + more + stale;
        let errors = whole(|counts| counts.errors) + more;
        let failures = whole(|counts| counts.failures) + stale;
        let seconds = footer.milliseconds / 1000.0;
        let name = Xml(&header.suite);
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(
            out,
            r#"<testsuites name="{name}" tests="{tests}" failures="{failures}" errors="{errors}" time="{seconds:.3}">"#
        )?;
        let requirements: HashMap<&str, String> =
            footer.requirements.iter().map(|one| (one.id.as_str(), properties(one))).collect();
        let (mut text, mut cases) = (String::new(), self.cases.take()?);
        for suite in &self.suites {
            text.clear();
            suite.begin(&mut text, header, &requirements).map_err(io::Error::other)?;
            out.write_all(text.as_bytes())?;
            cases.write(suite.bytes, out)?;
            out.write_all(b"  </testsuite>\n")?;
        }
        of_the_run(interruption.as_deref(), &footer.stale, out)?;
        out.write_all(b"</testsuites>\n")
    }
}

impl Suite {
    /// Writes the opening tag and the properties.
    fn begin(&self, out: &mut String, header: &Header, requirements: &HashMap<&str, String>) -> fmt::Result {
        let Counts { tests, failures, errors, skipped } = self.counts;
        // The format knows no time zone: it is UTC.
        let started = header.started.split(['.', 'Z']).next().unwrap_or_default();
        let (name, seconds) = (Xml(&self.scenario), self.milliseconds / 1000.0);
        writeln!(
            out,
            r#"  <testsuite name="{name}" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{seconds:.3}" timestamp="{started}">"#
        )?;
        out.push_str("    <properties>\n");
        property(out, ["profile", ""], &self.profile);
        property(out, ["target", ""], &header.target);
        for own in self.covers.iter().filter_map(|id| requirements.get(id.as_str())) {
            out.push_str(own);
        }
        out.push_str("    </properties>\n");
        Ok(())
    }
}

impl Counts {
    fn count(&mut self, record: &Record) {
        self.tests += 1;
        match Element::of(record.outcome()) {
            Element::None => {}
            Element::Failure => self.failures += 1,
            Element::Error => self.errors += 1,
            Element::Skipped => self.skipped += 1,
        }
    }
}

/// What a suite says of a requirement.
fn properties(standing: &Standing) -> String {
    let mut out = String::new();
    property(&mut out, ["requirement:", &standing.id], &standing.text);
    property(&mut out, ["level:", &standing.id], &standing.level.to_string());
    property(&mut out, ["clause:", &standing.id], &standing.clause);
    out
}

/// Writes a property of a suite, whose name has two parts.
fn property(out: &mut String, name: [&str; 2], value: &str) {
    out.push_str("      <property name=\"");
    for part in name {
        Xml(part).in_attribute(out);
    }
    out.push_str("\" value=\"");
    Xml(value).in_attribute(out);
    out.push_str("\"/>\n");
}

fn case(out: &mut String, record: &Record) -> fmt::Result {
    let own = record.id.strip_prefix(&record.scenario).and_then(|rest| rest.strip_prefix("::"));
    out.push_str("    <testcase name=\"");
    Xml(own.unwrap_or(&record.id)).in_attribute(out);
    out.push_str("\" classname=\"");
    for (index, part) in record.scenario.split('/').enumerate() {
        out.push_str(if index > 0 { "." } else { "" });
        Xml(part).in_attribute(out);
    }
    let milliseconds = whole(record.milliseconds);
    out.push_str("\" time=\"");
    decimal(out, milliseconds / 1000);
    out.push('.');
    for place in [100, 10, 1] {
        decimal(out, milliseconds / place % 10);
    }
    out.push_str("\">\n");
    let outcome = record.outcome();
    let message = message(record, outcome);
    let message = Xml(&message);
    match Element::of(outcome) {
        Element::None => {}
        Element::Skipped => writeln!(out, r#"      <skipped message="{message}"/>"#)?,
        Element::Failure => with_evidence(out, "failure", record, &message)?,
        Element::Error => with_evidence(out, "error", record, &message)?,
    }
    out.push_str("      <system-out>");
    for (index, (id, level)) in record.covers.iter().enumerate() {
        out.push_str(if index > 0 { " " } else { "" });
        Xml(id).in_element(out);
        out.extend([" (", level.as_str(), ")"]);
    }
    out.push('\n');
    Xml(record.place.source().path()).in_element(out);
    out.push(':');
    decimal(out, record.place.line());
    out.push(':');
    decimal(out, record.place.column());
    if let Some(repetition) = record.repetition() {
        out.extend(["\ntried ", &repetition]);
    }
    out.push_str("</system-out>\n    </testcase>\n");
    Ok(())
}

fn with_evidence(out: &mut String, element: &str, record: &Record, message: &Xml<'_>) -> fmt::Result {
    write!(out, r#"      <{element} type="{}" message="{message}">"#, record.verdict)?;
    Xml(&evidence(record)).in_element(out);
    writeln!(out, "</{element}>")
}

/// Returns a one-line reason for the outcome of a step.
fn message(record: &Record, outcome: Outcome) -> String {
    match (outcome, &record.deviation) {
        (Outcome::Known, Some(reason)) => format!("known: {reason}"),
        (Outcome::OptionalFailed | Outcome::OptionalInconclusive, _) => {
            format!("optional, covers no MUST: {}", summary(record))
        }
        _ => summary(record),
    }
}

/// Writes results of the run as a whole: an interruption and stale deviations.
fn of_the_run(interruption: Option<&str>, stale: &[Stale], out: &mut dyn Write) -> io::Result<()> {
    let (errors, failures) = (usize::from(interruption.is_some()), stale.len());
    if errors + failures == 0 {
        return Ok(());
    }
    writeln!(
        out,
        r#"  <testsuite name="the run" tests="{}" failures="{failures}" errors="{errors}" skipped="0" time="0.000">"#,
        errors + failures
    )?;
    if let Some(interruption) = interruption {
        writeln!(
            out,
            r#"    <testcase name="completes" classname="the run" time="0.000">
      <error type="interrupted" message="{}"/>
    </testcase>"#,
            Xml(interruption)
        )?;
    }
    for Stale { at, message } in stale {
        writeln!(
            out,
            r#"    <testcase name="deviation {}" classname="the run" time="0.000">
      <failure type="stale" message="{}"/>
    </testcase>"#,
            Xml(at),
            Xml(message)
        )?;
    }
    writeln!(out, "  </testsuite>")
}

/// The element of a test case for its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    None,
    Failure,
    Error,
    /// Also for failures that do not fail the run, because CI systems fail a build for any other element.
    Skipped,
}

impl Element {
    fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::None,
            Outcome::Failed => Self::Failure,
            Outcome::Inconclusive | Outcome::Error => Self::Error,
            Outcome::Skipped | Outcome::Known | Outcome::OptionalFailed | Outcome::OptionalInconclusive => {
                Self::Skipped
            }
        }
    }
}
