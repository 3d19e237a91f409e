//! The values of the template for the steps of a run.
//!
//! To keep the page small, CSS numbers the source lines, and unchanged lines of a body have no element.

use std::sync::Arc;

use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::body::{self, Line};
use super::state;
use conformance_suite::amount::grouped;
use conformance_engine::event::{FinishedRun, Received, Record};
use conformance_engine::limit;
use crate::report::task::task_of;
use conformance_suite::source::indentation;
use conformance_suite::suite::Level;
use conformance_engine::verdict::{Finding, Verdict};

#[derive(Serialize)]
struct Scenario<'a> {
    id: &'a str,
    profile: &'a str,
    /// Number of steps that pass.
    passing: usize,
    steps: Vec<Step<'a>>,
}

/// A record, and what a template cannot compute from it.
#[derive(Serialize)]
struct Step<'a> {
    record: &'a Record,
    /// Last part of the id.
    name: &'a str,
    state: &'static str,
    mark: &'static str,
    outcome: &'static str,
    title: &'static str,
    attention: bool,
    /// Levels and tasks of the requirements that it covers, for the filters.
    levels: String,
    tasks: String,
    duration: String,
    more_findings: String,
    /// Source lines with the labels of the mismatches in them.
    source: Vec<(&'a str, Vec<&'a str>)>,
    sent_body: &'a str,
    sent_rest: String,
    /// Value of `location` of each redirect.
    locations: Vec<&'a str>,
    #[serde(flatten)]
    response: Response<'a>,
    remarks: Vec<String>,
    printed: &'a str,
}

/// The response of a step.
#[derive(Default, Serialize)]
struct Response<'a> {
    status_differs: bool,
    /// Lines of a JSON body with the mismatches marked; empty if the body is shown as it is.
    body_lines: Vec<Line>,
    received_body: &'a str,
    received_rest: String,
}

/// Returns the values of a scenario.
pub(super) fn scenario(_: &FinishedRun, records: &[Arc<Record>]) -> Value {
    let Some(first) = records.first() else { return Value::UNDEFINED };
    Value::from(Serde(Scenario {
        id: &first.scenario,
        profile: &first.profile,
        passing: records.iter().filter(|record| record.verdict == Verdict::Pass).count(),
        steps: records.iter().map(|record| step(record)).collect(),
    }))
}

fn step(record: &Record) -> Step<'_> {
    let outcome = record.outcome();
    let (state, mark) = state(outcome);
    let levels = Level::ALL.into_iter().filter(|level| record.covers.values().any(|own| own == level));
    let mut tasks: Vec<&str> = record.covers.keys().map(|id| task_of(id)).collect();
    tasks.dedup();
    let exchange = record.exchange.as_ref();
    let (sent_body, sent_rest) = exchange.map(|one| one.sent.beginning(limit::BODY)).unwrap_or_default();
    let received = exchange.and_then(|one| one.received.as_ref());
    let hops = exchange.map(|one| one.hops.as_slice()).unwrap_or_default();
    let incomplete = received.and_then(|one| one.incomplete.as_ref());
    let redirect_end = exchange.and_then(|one| one.redirect_end.as_ref());
    let remarks = [
        incomplete.map(|reason| format!("the response is incomplete: {reason}")),
        redirect_end.map(|reason| format!("the redirect was not followed: {reason}")),
    ];
    Step {
        record,
        name: record.id.rsplit("::").next().unwrap_or(&record.id),
        state,
        mark,
        outcome: outcome.as_str(),
        title: outcome.title(),
        attention: outcome.needs_attention(),
        levels: levels.map(Level::as_str).collect::<Vec<_>>().join(" "),
        tasks: tasks.join(" "),
        duration: match record.repetition() {
            Some(repetition) => format!("tried {repetition}"),
            None => format!("{:.0} ms", record.milliseconds),
        },
        more_findings: grouped(record.more_findings),
        source: source(record),
        sent_body,
        sent_rest: sent_rest.unwrap_or_default(),
        locations: hops.iter().map(|hop| hop.received.header("location").unwrap_or_default()).collect(),
        response: received.map(|received| response(record, received)).unwrap_or_default(),
        remarks: remarks.into_iter().flatten().chain(record.remarks.iter().cloned()).collect(),
        printed: record.printed.trim_end(),
    }
}

/// Returns the source lines of the step without their common indentation, each with the labels of its mismatches.
fn source(record: &Record) -> Vec<(&str, Vec<&str>)> {
    let indent = indentation(record.source.text.lines().next().unwrap_or_default());
    let file = record.place.source().path();
    let lines = (record.source.line..).zip(record.source.text.lines()).map(|(number, line)| {
        let is_here =
            |finding: &&Finding| finding.place.line() == number && finding.place.source().path() == file;
        let labels = record.findings.iter().filter(is_here).map(|finding| finding.label.as_str());
        // The common indentation may end inside a multi-byte space.
        let shown = line.get(indent.min(indentation(line))..).unwrap_or_else(|| line.trim_start());
        (shown, labels.collect())
    });
    lines.collect()
}

fn response<'a>(record: &'a Record, received: &'a Received) -> Response<'a> {
    let status = received.status.to_string();
    let status_differs =
        record.findings.iter().any(|finding| finding.pointer.is_none() && finding.received == status);
    let (shown, rest) = received.beginning(limit::BODY);
    let has_marks = rest.is_none() && record.findings.iter().any(|finding| finding.pointer.is_some());
    let lines = has_marks.then(|| body::lines(&received.body, &record.findings)).flatten();
    Response {
        status_differs,
        received_body: if lines.is_some() { "" } else { shown.trim_end() },
        body_lines: lines.unwrap_or_default(),
        received_rest: rest.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_the_common_indentation_of_source_lines() {
        for (text, lines) in [
            ("", [].as_slice()),
            ("  - id: a<b\n    title: c", &["- id: a<b", "  title: c"]),
            ("- a\n\n  b\n", &["- a", "", "  b"]),
            ("  a\r\n b", &["a", "b"]),
            ("    a\n  \u{3000}b", &["a", "b"]),
        ] {
            let record = serde_json::json!({
                "id": "desk::open", "scenario": "desk", "profile": "", "title": "", "verdict": "pass", "covers": {},
                "place": {"file": "desk.yaml", "line": 7, "column": 1, "width": 1},
                "source": {"line": 7, "text": text}, "tries": 1, "milliseconds": 0.0,
            });
            let record: Record = serde_json::from_value(record).unwrap();
            let shown: Vec<&str> = source(&record).into_iter().map(|(line, _)| line).collect();
            assert_eq!(shown, lines, "{text:?}");
        }
    }
}
