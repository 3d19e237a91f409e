//! Common Test Report Format (CTRF): a test for each step.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::evidence::{evidence, summary};
use conformance_engine::event::{FinishedRun, Header, Record, Stale};
use conformance_engine::outcome::Outcome;
use conformance_suite::safe;

/// Version of the specification that is written.
const VERSION: &str = "0.0.0";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    report_format: &'static str,
    spec_version: &'static str,
    generated_by: &'static str,
    timestamp: &'a str,
    results: Results<'a>,
}

#[derive(Serialize)]
struct Results<'a> {
    tool: Tool<'a>,
    summary: Summary<'a>,
    tests: Vec<Test<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Default, Serialize)]
struct Summary<'a> {
    tests: usize,
    passed: usize,
    failed: usize,
    skipped: usize,
    pending: usize,
    other: usize,
    start: i64,
    stop: i64,
    duration: i64,
    extra: Extra<'a>,
}

#[derive(Default, Serialize)]
struct Extra<'a> {
    suite: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    digest: &'a str,
    target: &'a str,
    exit: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Test<'a> {
    name: String,
    status: &'static str,
    duration: i64,
    suite: [&'a str; 2],
    raw_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    tags: Vec<&'a str>,
    retries: u32,
    flaky: bool,
}

/// Writes the report.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    let FinishedRun { header, records, footer } = &**run;
    let start = OffsetDateTime::parse(&header.started, &Rfc3339)
        .ok()
        .and_then(|time| i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok())
        .unwrap_or_default();
    // A stale deviation fails the run.
    let stale = footer.stale.iter().map(|one| stale(&header.suite, one));
    let tests: Vec<Test<'_>> = records.iter().map(|record| test(header, record)).chain(stale).collect();
    let count = |status: &str| tests.iter().filter(|test| test.status == status).count();
    let duration = whole(footer.milliseconds);
    let summary = Summary {
        tests: tests.len(),
        passed: count("passed"),
        failed: count("failed"),
        skipped: count("skipped"),
        pending: 0,
        other: count("other"),
        start,
        stop: start.saturating_add(duration),
        duration,
        extra: Extra {
            suite: &header.suite,
            version: header.suite_version.as_deref(),
            digest: &header.suite_digest,
            target: &header.target,
            exit: footer.exit,
        },
    };
    let document = Document {
        report_format: "CTRF",
        spec_version: VERSION,
        generated_by: "conformance",
        timestamp: &header.started,
        results: Results { tool: Tool { name: "conformance", version: &header.conformance }, summary, tests },
    };
    writeln!(out, "{}", safe::json(&serde_json::to_string(&document)?))
}

fn stale<'a>(suite: &'a str, Stale { at, message }: &'a Stale) -> Test<'a> {
    Test {
        name: safe::line(&format!("deviation {at}")),
        status: "failed",
        duration: 0,
        suite: [suite, "the run"],
        raw_status: "stale",
        message: Some(safe::terminal(message).into_owned()),
        trace: None,
        file_path: None,
        line: None,
        tags: Vec::new(),
        retries: 0,
        flaky: false,
    }
}

fn test<'a>(header: &'a Header, record: &'a Record) -> Test<'a> {
    let outcome = record.outcome();
    let wrong = !matches!(outcome, Outcome::Passed | Outcome::Skipped);
    Test {
        name: safe::line(&format!("{}: {}", record.id, record.title)),
        status: status(outcome),
        duration: whole(record.milliseconds),
        suite: [&header.suite, &record.scenario],
        raw_status: outcome.as_str(),
        message: (outcome != Outcome::Passed).then(|| safe::terminal(&summary(record)).into_owned()),
        trace: wrong.then(|| safe::terminal(&evidence(record, Some(header))).into_owned()),
        file_path: Some(record.place.source().path().to_owned()),
        line: Some(record.place.line()),
        tags: record.covers.keys().map(String::as_str).collect(),
        retries: record.tries.saturating_sub(1),
        flaky: outcome == Outcome::Passed && record.tries > 1,
    }
}

/// Returns the status of an outcome. `other` is neither a pass nor a failure: optional, known, or not decided.
fn status(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed | Outcome::Error => "failed",
        Outcome::Skipped => "skipped",
        Outcome::Known | Outcome::OptionalFailed | Outcome::OptionalInconclusive | Outcome::Inconclusive => {
            "other"
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds of a run fit")]
fn whole(milliseconds: f64) -> i64 {
    milliseconds.round() as i64
}
