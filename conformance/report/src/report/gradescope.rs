//! `results.json` of Gradescope: a test for each requirement that has points.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use super::score::{evidence_of, points};
use conformance_engine::event::{FinishedRun, Standing};
use conformance_engine::outcome::{Conclusion, Outcome};
use conformance_suite::safe;

#[derive(Serialize)]
struct Results<'a> {
    score: f64,
    execution_time: f64,
    output: String,
    output_format: &'static str,
    /// What this program prints is for the teacher: it names hidden requirements.
    stdout_visibility: &'static str,
    tests: Vec<Test<'a>>,
    extra_data: Extra<'a>,
}

#[derive(Serialize)]
struct Test<'a> {
    name: String,
    number: &'a str,
    score: f64,
    max_score: f64,
    status: &'static str,
    output: String,
    output_format: &'static str,
    visibility: &'static str,
    tags: [&'a str; 2],
}

#[derive(Serialize)]
struct Extra<'a> {
    suite: &'a str,
    version: Option<&'a str>,
    digest: &'a str,
    conformance: &'a str,
}

/// Writes the report.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    let (earned, maximum) = run.footer.score();
    let conclusion = Conclusion::of(run.footer.exit).title();
    let suite = &run.header.suite;
    // Students read this before the due date, and could compute from the result whether the hidden tests pass.
    let output = if run.footer.requirements.iter().any(|one| one.hidden && one.points() > 0.0) {
        format!("{suite}: some results are shown after the due date")
    } else {
        format!("{suite}: {conclusion}, {} of {} points", points(earned), points(maximum))
    };
    let results = Results {
        score: earned,
        execution_time: run.footer.milliseconds / 1000.0,
        output: safe::terminal(&output).into_owned(),
        output_format: "text",
        stdout_visibility: "hidden",
        tests: run
            .footer
            .requirements
            .iter()
            .filter(|one| one.points() > 0.0)
            .map(|one| test(run, one))
            .collect(),
        extra_data: Extra {
            suite: &run.header.suite,
            version: run.header.suite_version.as_deref(),
            digest: &run.header.suite_digest,
            conformance: &run.header.conformance,
        },
    };
    writeln!(out, "{}", safe::json(&serde_json::to_string_pretty(&results)?))
}

fn test<'a>(run: &FinishedRun, one: &'a Standing) -> Test<'a> {
    Test {
        name: safe::line(&format!("{}: {}", one.id, one.text)),
        number: &one.id,
        score: one.earned(),
        max_score: one.points(),
        status: if one.outcome() == Some(Outcome::Passed) { "passed" } else { "failed" },
        output: safe::terminal(&evidence_of(run, one)).into_owned(),
        output_format: "text",
        visibility: if one.hidden { "after_due_date" } else { "visible" },
        tags: [one.level.as_str(), &one.clause],
    }
}
