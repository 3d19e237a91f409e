//! `JUnit` XML, as CI systems read it: a suite for each scenario, a case for each step.
//!
//! It keeps to what every reader of the format takes: a case has no properties, so the requirements of a scenario and their
//! clauses are properties of its suite, and each case names its own in its output.

use std::io::{self, Write};

use super::account::Account;
use super::evidence::{evidence, summary};
use super::xml::Xml;
use crate::event::Record;
use crate::verdict::Verdict;

/// Writes the document.
///
/// # Errors
/// Those of the place that it is written to.
pub fn write(account: &Account, out: &mut dyn Write) -> io::Result<()> {
    let records: Vec<&Record> = account.steps().collect();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    let (name, seconds) = (&account.header.suite, account.footer.milliseconds / 1000.0);
    let [mut tests, failures, mut errors, _] = counts(&records);
    let interruption = account.footer.interruption(account.header.steps);
    if interruption.is_some() {
        (tests, errors) = (tests + 1, errors + 1);
    }
    writeln!(
        out,
        r#"<testsuites name="{}" tests="{tests}" failures="{failures}" errors="{errors}" time="{seconds:.3}">"#,
        Xml(name)
    )?;
    for (scenario, records) in account.scenarios() {
        suite(account, scenario, &records, out)?;
    }
    if let Some(interruption) = interruption {
        interrupted(&interruption, out)?;
    }
    writeln!(out, "</testsuites>")
}

/// The format has no word for a run that was ended early: an error of its own keeps it from looking whole.
fn interrupted(interruption: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"  <testsuite name="the run" tests="1" failures="0" errors="1" skipped="0" time="0.000">
    <testcase name="comes to its end" classname="the run" time="0.000">
      <error type="interrupted" message="{}"/>
    </testcase>
  </testsuite>"#,
        Xml(interruption)
    )
}

fn suite(account: &Account, scenario: &str, records: &[&Record], out: &mut dyn Write) -> io::Result<()> {
    let [tests, failures, errors, skipped] = counts(records);
    let seconds = records.iter().map(|record| record.milliseconds).sum::<f64>() / 1000.0;
    // The format knows no time zone: it is UTC.
    let started = account.header.started.split(['.', 'Z']).next().unwrap_or_default();
    writeln!(
        out,
        r#"  <testsuite name="{}" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{seconds:.3}" timestamp="{started}">"#,
        Xml(scenario)
    )?;
    writeln!(out, "    <properties>")?;
    let mut property = |name: &str, value: &str| {
        writeln!(out, r#"      <property name="{}" value="{}"/>"#, Xml(name), Xml(value))
    };
    if let Some(record) = records.first() {
        property("profile", &record.profile)?;
        property("target", &account.header.target)?;
    }
    let mut ids: Vec<&String> = records.iter().flat_map(|record| record.covers.keys()).collect();
    ids.sort();
    ids.dedup();
    for standing in ids.into_iter().filter_map(|id| account.requirement(id)) {
        property(&format!("requirement:{}", standing.id), &standing.text)?;
        property(&format!("level:{}", standing.id), &standing.level.to_string())?;
        property(&format!("clause:{}", standing.id), &standing.clause)?;
    }
    writeln!(out, "    </properties>")?;
    for record in records {
        case(record, out)?;
    }
    writeln!(out, "  </testsuite>")
}

fn case(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    let name = record.id.strip_prefix(&format!("{}::", record.scenario)).unwrap_or(&record.id);
    let class = record.scenario.replace('/', ".");
    let seconds = record.milliseconds / 1000.0;
    writeln!(out, r#"    <testcase name="{}" classname="{}" time="{seconds:.3}">"#, Xml(name), Xml(&class))?;
    if let Some((element, kind)) = outcome(record) {
        let (message, text) = (summary(record), evidence(record));
        let text = Xml(&text).to_string().replace("&#10;", "\n");
        let message = Xml(&message);
        match element {
            "skipped" => writeln!(out, r#"      <skipped message="{message}"/>"#)?,
            _ => writeln!(out, r#"      <{element} type="{kind}" message="{message}">{text}</{element}>"#)?,
        }
    }
    let covers = record.covers.iter().map(|(id, level)| format!("{id} ({level})"));
    let covers = covers.collect::<Vec<_>>().join(" ");
    writeln!(out, "      <system-out>{}\n{}</system-out>", Xml(&covers), Xml(&record.place.to_string()))?;
    writeln!(out, "    </testcase>")
}

/// The element that says how a step ended, with a type. What binds nobody fails nothing here either: it is told as skipped.
fn outcome(record: &Record) -> Option<(&'static str, &'static str)> {
    match record.verdict {
        Verdict::Pass => None,
        Verdict::Fail if record.binds() => Some(("failure", "fail")),
        Verdict::Fail | Verdict::Skipped => Some(("skipped", "skipped")),
        Verdict::Inconclusive => Some(("error", "inconclusive")),
        Verdict::Error => Some(("error", "error")),
    }
}

/// Tests, failures, errors and skipped.
fn counts(records: &[&Record]) -> [usize; 4] {
    let of = |element| {
        records.iter().filter(|record| outcome(record).is_some_and(|(is, _)| is == element)).count()
    };
    [records.len(), of("failure"), of("error"), of("skipped")]
}
