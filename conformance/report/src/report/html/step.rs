//! The values of the template for the steps of a run.
//!
//! To keep the page small, unchanged lines of a body have no element.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use minijinja::value::{Serde, Value};
use serde::Serialize;
use serde_json::Value as Json;

use super::body::{self, Line};
use super::state;
use crate::printable::plain;
use conformance_engine::event::{Exchange, Execution, FinishedRun, Received, Record};
use conformance_engine::limit;
use conformance_engine::verdict::{Finding, Verdict};
use conformance_suite::amount::{amount, grouped, time};
use conformance_suite::source::indentation;
use conformance_suite::suite::Level;

#[derive(Serialize)]
struct Scenario<'a> {
    id: &'a str,
    profile: &'a str,
    environment: Option<String>,
    /// Number of steps that pass.
    passing: usize,
    time: String,
    steps: Vec<Step<'a>>,
}

/// A step. It has copies of what the page shows, because a whole record would take twice the time.
#[derive(Serialize)]
struct Step<'a> {
    id: &'a str,
    /// Last part of the id.
    name: &'a str,
    title: &'a str,
    state: &'static str,
    mark: &'static str,
    verdict: Verdict,
    outcome: &'static str,
    outcome_title: &'static str,
    attention: bool,
    covers: &'a BTreeMap<String, Level>,
    /// Levels of the requirements that it covers, and their tasks as a JSON array, for the filters.
    levels: String,
    tasks: String,
    place: String,
    duration: String,
    deviation: Option<&'a str>,
    reason: Option<&'a str>,
    findings: &'a [Finding],
    more_findings: Option<String>,
    /// Source lines with their numbers and the labels of the mismatches in them.
    source: Vec<(usize, &'a str, Vec<&'a str>)>,
    exchange: Option<ExchangeView<'a>>,
    execution: Option<ExecutionView<'a>>,
    printed: Cow<'a, str>,
}

#[derive(Serialize)]
struct ExecutionView<'a> {
    command: &'a str,
    ended: String,
    /// Name of each stream, its beginning, and a note about the rest.
    streams: Vec<(&'static str, Cow<'a, str>, Option<String>)>,
}

#[derive(Serialize)]
struct ExchangeView<'a> {
    method: &'a str,
    target: &'a str,
    sent: Message<'a>,
    /// Status, location, and the next method and target of each redirect.
    redirects: Vec<(u16, &'a str, &'a str, &'a str)>,
    status: Option<u16>,
    status_differs: bool,
    received: Message<'a>,
    /// Lines of a JSON response body with the mismatches marked; empty if the body is shown as it is.
    marked: Vec<Line>,
    remarks: Vec<String>,
    again: &'a str,
}

/// Header fields, and the beginning of a body with a note about the rest.
#[derive(Default, Serialize)]
struct Message<'a> {
    headers: &'a [(String, String)],
    more_headers: Option<String>,
    body: &'a str,
    rest: Option<String>,
}

/// Returns the values of a scenario. `tasks` has the task id of each requirement.
pub(super) fn scenario(run: &FinishedRun, records: &[Arc<Record>], tasks: &HashMap<String, String>) -> Value {
    let Some(first) = records.first() else { return Value::UNDEFINED };
    Value::from(Serde(Scenario {
        id: &first.scenario,
        profile: &first.profile,
        environment: run.header.environment(&first.profile),
        passing: records.iter().filter(|record| record.verdict == Verdict::Pass).count(),
        time: time(records.iter().map(|record| record.milliseconds).sum()),
        steps: records.iter().map(|record| step(record, tasks)).collect(),
    }))
}

fn step<'a>(record: &'a Record, tasks: &HashMap<String, String>) -> Step<'a> {
    let outcome = record.outcome();
    let (state, mark) = state(outcome);
    let levels = Level::ALL.into_iter().filter(|level| record.covers.values().any(|own| own == level));
    let tasks: BTreeSet<&String> = record.covers.keys().filter_map(|id| tasks.get(id)).collect();
    Step {
        id: &record.id,
        name: record.id.rsplit("::").next().unwrap_or(&record.id),
        title: &record.title,
        state,
        mark,
        verdict: record.verdict,
        outcome: outcome.as_str(),
        outcome_title: outcome.title(),
        attention: outcome.needs_attention(),
        covers: &record.covers,
        levels: levels.map(Level::as_str).collect::<Vec<_>>().join(" "),
        tasks: tasks.into_iter().map(String::as_str).collect::<Json>().to_string(),
        place: record.place.to_string(),
        duration: match record.repetition() {
            Some(repetition) => format!("tried {repetition}"),
            None => format!("{:.0} ms", record.milliseconds),
        },
        deviation: record.deviation.as_deref(),
        reason: record.reason.as_deref(),
        findings: &record.findings,
        more_findings: (record.more_findings > 0).then(|| grouped(record.more_findings)),
        source: source(record),
        exchange: record.exchange.as_ref().map(|exchange| exchange_view(record, exchange)),
        execution: record.execution.as_ref().map(execution_view),
        printed: plain(record.printed.trim_end()),
    }
}

fn execution_view(execution: &Execution) -> ExecutionView<'_> {
    let streams = execution.streams().map(|(name, stream)| {
        let (text, rest) = stream.beginning(limit::BODY);
        (name, plain(text.trim_end()), rest)
    });
    ExecutionView { command: &execution.command, ended: execution.ended(), streams: streams.collect() }
}

fn exchange_view<'a>(record: &'a Record, exchange: &'a Exchange) -> ExchangeView<'a> {
    let (sent, received) = (&exchange.sent, exchange.received.as_ref());
    let status = received.map(|received| received.status);
    let is_status = |finding: &Finding| {
        finding.pointer.is_none() && status.is_some_and(|status| finding.received == status.to_string())
    };
    let marked = received.and_then(|received| marked(record, received)).unwrap_or_default();
    let mut response =
        received.map(|one| message(&one.headers, one.more_headers, one.beginning(limit::BODY)));
    if let Some(response) = &mut response {
        response.body = if marked.is_empty() { response.body.trim_end() } else { "" };
    }
    let incomplete = received.and_then(|received| received.incomplete.as_ref());
    let remarks = [
        incomplete.map(|reason| format!("the response is incomplete: {reason}")),
        exchange.redirect_end.as_ref().map(|reason| format!("the redirect was not followed: {reason}")),
    ];
    let redirects = exchange.hops.iter().map(|hop| {
        let location = hop.received.header("location").unwrap_or_default();
        (hop.received.status, location, &*hop.sent.method, &*hop.sent.target)
    });
    ExchangeView {
        method: &sent.method,
        target: &sent.target,
        sent: message(&sent.headers, sent.more_headers, sent.beginning(limit::BODY)),
        redirects: redirects.collect(),
        status,
        status_differs: record.findings.iter().any(is_status),
        received: response.unwrap_or_default(),
        marked,
        remarks: remarks.into_iter().flatten().chain(record.remarks.iter().cloned()).collect(),
        again: &exchange.again,
    }
}

fn message<'a>(
    headers: &'a [(String, String)],
    more: usize,
    (body, rest): (&'a str, Option<String>),
) -> Message<'a> {
    let more_headers = (more > 0).then(|| amount(more, "header field"));
    Message { headers, more_headers, body, rest }
}

/// Returns the lines of a JSON response body with the mismatches marked; none if the body is incomplete or nothing differs.
fn marked(record: &Record, received: &Received) -> Option<Vec<Line>> {
    let has_marks = record.findings.iter().any(|finding| finding.pointer.is_some());
    let is_complete = received.beginning(limit::BODY).1.is_none();
    (has_marks && is_complete).then(|| body::lines(&received.body, &record.findings)).flatten()
}

/// Returns the source lines of the step without their common indentation, each with the labels of its mismatches.
fn source(record: &Record) -> Vec<(usize, &str, Vec<&str>)> {
    let indent = indentation(record.source.text.lines().next().unwrap_or_default());
    let file = record.place.source().path();
    let lines = (record.source.line..).zip(record.source.text.lines()).map(|(number, line)| {
        let is_here =
            |finding: &&Finding| finding.place.line() == number && finding.place.source().path() == file;
        let labels = record.findings.iter().filter(is_here).map(|finding| finding.label.as_str());
        // The common indentation may end inside a multi-byte space.
        let shown = line.get(indent.min(indentation(line))..).unwrap_or_else(|| line.trim_start());
        (number, shown, labels.collect())
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_of_a_step_are_those_of_the_task_list() {
        let mut record = desk("");
        let ids = ["NOTE-1", "NOTE-2", "LOGIN-7.1", "gone"];
        record.covers = ids.map(|id| (id.to_owned(), Level::Must)).into();
        let clauses = [("NOTE-1", "Notes \"and\" pages"), ("NOTE-2", "Errors"), ("LOGIN-7.1", "LOGIN-7")];
        let tasks = clauses.map(|(id, task)| (id.to_owned(), task.to_owned())).into();
        assert_eq!(step(&record, &tasks).tasks, r#"["Errors","LOGIN-7","Notes \"and\" pages"]"#);
    }

    fn desk(text: &str) -> Record {
        let record = serde_json::json!({
            "id": "desk::open", "scenario": "desk", "profile": "", "title": "", "verdict": "pass", "covers": {},
            "place": {"file": "desk.yaml", "line": 7, "column": 1, "width": 1},
            "source": {"line": 7, "text": text}, "tries": 1, "milliseconds": 0.0,
        });
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn removes_the_common_indentation_of_source_lines() {
        for (text, lines) in [
            ("", [].as_slice()),
            ("  - id: a<b\n    title: c", &["- id: a<b", "  title: c"]),
            ("- a\n\n  b\n", &["- a", "", "  b"]),
            ("  a\r\n b", &["a", "b"]),
            ("    a\n  \u{3000}b", &["a", "b"]),
        ] {
            let record = desk(text);
            let shown: Vec<&str> = source(&record).into_iter().map(|(_, line, _)| line).collect();
            assert_eq!(shown, lines, "{text:?}");
        }
    }
}
