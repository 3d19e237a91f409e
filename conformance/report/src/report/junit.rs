//! `JUnit` XML report: a test suite for each scenario, a test case for each step.
//!
//! Not every CI system accepts properties of a test case. So the requirements are properties of the test suite, and each case
//! names its own in its output. Elements and attributes are those of the Jenkins schema, which is the strictest. The crate
//! `quick-junit` is not used: it writes attributes that this schema does not have, and keeps characters that XML does not allow.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::evidence::{evidence, summary};
use super::template::{for_each_scenario, render};
use conformance_engine::event::{FinishedRun, Header, Record, Stale};
use conformance_engine::outcome::Outcome;

const TEMPLATE: &str = include_str!("junit.xml");
/// Name of the test suite with the results of the run as a whole.
const RUN: &str = "the run";

#[derive(Serialize)]
struct Suite<'a> {
    name: &'a str,
    counts: Counts,
    seconds: String,
    properties: Vec<(String, &'a str)>,
    cases: Vec<Case<'a>>,
}

#[derive(Serialize)]
struct Case<'a> {
    name: Cow<'a, str>,
    class: String,
    seconds: String,
    /// Name of the element for a result other than a pass; none for a pass.
    element: Option<&'static str>,
    /// Verdict.
    kind: &'a str,
    message: String,
    /// Text of the element. It is never empty: GitLab shows the text, and only without text the attributes, as source code.
    evidence: String,
    output: String,
}

#[derive(Default, Serialize)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

/// Writes the report.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    let of_run = of_the_run(run);
    let steps = run.records.iter().map(|record| element(record.outcome()));
    let counts =
        Counts::of(steps.chain(of_run.iter().flat_map(|suite| &suite.cases).map(|case| case.element)));
    let values = context! {
        name => &*run.header.suite,
        counts => Serde(counts),
        seconds => seconds(run.footer.milliseconds),
        // The format has no time zone: it is UTC.
        started => run.header.started.split(['.', 'Z']).next(),
        scenarios => for_each_scenario(run, scenario),
        run => Serde(Vec::from_iter(of_run)),
    };
    render(TEMPLATE, values, out)
}

fn scenario(run: &FinishedRun, records: &[Arc<Record>]) -> Value {
    let Some(first) = records.first() else { return Value::UNDEFINED };
    let mut properties =
        vec![("profile".to_owned(), &*first.profile), ("target".to_owned(), &*run.header.target)];
    let seed = run.header.seed.map(|seed| seed.to_string());
    properties.extend(seed.as_deref().map(|seed| ("seed".to_owned(), seed)));
    properties
        .extend(run.header.suite_version.as_deref().map(|version| ("suite-version".to_owned(), version)));
    properties.push(("suite-digest".to_owned(), &*run.header.suite_digest));
    let covers: BTreeSet<&String> = records.iter().flat_map(|record| record.covers.keys()).collect();
    for id in covers {
        if let Some(one) = run.footer.requirements.iter().find(|one| one.id == *id) {
            properties.push((format!("requirement:{id}"), &one.text));
            properties.push((format!("level:{id}"), one.level.as_str()));
            properties.push((format!("clause:{id}"), &one.clause));
        }
    }
    Value::from(Serde(Suite {
        name: &first.scenario,
        counts: Counts::of(records.iter().map(|record| element(record.outcome()))),
        seconds: seconds(records.iter().map(|record| record.milliseconds).sum()),
        properties,
        cases: records.iter().map(|record| case(record, &run.header)).collect(),
    }))
}

fn case<'a>(record: &'a Record, header: &Header) -> Case<'a> {
    let own = record.id.strip_prefix(&record.scenario).and_then(|rest| rest.strip_prefix("::"));
    let outcome = record.outcome();
    let element = element(outcome);
    let covers: Vec<String> = record.covers.iter().map(|(id, level)| format!("{id} ({level})")).collect();
    let message = message(record, outcome);
    let tried = record.repetition().map(|repetition| format!("\ntried {repetition}")).unwrap_or_default();
    Case {
        name: own.unwrap_or(&record.id).into(),
        class: record.scenario.replace('/', "."),
        seconds: seconds(record.milliseconds),
        element,
        kind: record.verdict.as_str(),
        evidence: if matches!(element, Some("failure" | "error")) {
            evidence(record, Some(header))
        } else {
            message.clone()
        },
        message,
        output: format!("{}\n{}{tried}", covers.join(" "), record.place),
    }
}

/// Returns a test suite with the results of the run as a whole: an interruption and stale deviations; none if there are none.
fn of_the_run(run: &FinishedRun) -> Option<Suite<'_>> {
    let of_run = |name: String, element, kind, message: &str| Case {
        name: name.into(),
        class: RUN.to_owned(),
        seconds: seconds(0.0),
        element: Some(element),
        kind,
        message: message.to_owned(),
        evidence: message.to_owned(),
        output: String::new(),
    };
    let interruption =
        run.interruption().map(|why| of_run("completes".to_owned(), "error", "interrupted", &why));
    let stale = run.footer.stale.iter();
    let stale =
        stale.map(|Stale { at, message }| of_run(format!("deviation {at}"), "failure", "stale", message));
    let cases: Vec<Case<'_>> = interruption.into_iter().chain(stale).collect();
    let counts = Counts::of(cases.iter().map(|case| case.element));
    let suite = Suite { name: RUN, counts, seconds: seconds(0.0), properties: Vec::new(), cases };
    (!suite.cases.is_empty()).then_some(suite)
}

impl Counts {
    fn of(elements: impl Iterator<Item = Option<&'static str>>) -> Self {
        let mut counts = Self::default();
        for element in elements {
            counts.tests += 1;
            counts.failures += usize::from(element == Some("failure"));
            counts.errors += usize::from(element == Some("error"));
            counts.skipped += usize::from(element == Some("skipped"));
        }
        counts
    }
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

/// Returns the element for an outcome; none for a pass. CI systems fail a build for any element but `skipped`, so failures that do
/// not fail the run have that one.
fn element(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Passed => None,
        Outcome::Failed => Some("failure"),
        Outcome::Inconclusive | Outcome::Error => Some("error"),
        Outcome::Skipped | Outcome::Known | Outcome::OptionalFailed | Outcome::OptionalInconclusive => {
            Some("skipped")
        }
    }
}

fn seconds(milliseconds: f64) -> String {
    format!("{:.3}", milliseconds / 1000.0)
}
