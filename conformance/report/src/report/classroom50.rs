//! `result.json` of Classroom 50, version 1: a test for each requirement that has points.
//!
//! The platform says in environment variables what is graded.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use super::evidence::summary;
use super::score::reasons;
use conformance_engine::event::{FinishedRun, Standing};
use conformance_engine::outcome::Outcome;
use conformance_suite::safe;

/// Environment variables that the platform sets.
pub(super) const VARIABLES: [&str; 5] =
    ["CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL"];

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct GradedResult<'a> {
    schema: &'static str,
    classroom: String,
    assignment: String,
    submission: String,
    commit: String,
    release: String,
    review: String,
    datetime: String,
    score: u64,
    max_score: u64,
    tests: Vec<Test<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Test<'a> {
    #[serde(rename = "test-name")]
    name: String,
    passed: bool,
    score: u64,
    max_score: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    level: &'a str,
}

/// The format has whole numbers: points with decimals are multiplied by this.
const SCALE: f64 = 100.0;

/// Writes the report.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let [classroom, assignment, submission, commit, release] = VARIABLES.map(variable);
    let review = Some(variable("REVIEW_URL")).filter(|url| !url.is_empty()).unwrap_or_else(|| commit.clone());
    let graded = || run.footer.requirements.iter().filter(|one| one.points() > 0.0);
    let is_whole = graded().all(|one| one.points().fract() == 0.0 && one.earned().fract() == 0.0);
    let scale = if is_whole { 1.0 } else { SCALE };
    let tests: Vec<Test<'_>> = graded().map(|one| test(run, one, scale)).collect();
    let result = GradedResult {
        schema: "classroom50/result/v1",
        classroom,
        assignment,
        submission,
        commit,
        release,
        review,
        datetime: run.header.started.split('.').next().unwrap_or_default().trim_end_matches('Z').to_owned()
            + "Z",
        score: tests.iter().map(|test| test.score).sum(),
        max_score: tests.iter().map(|test| test.max_score).sum(),
        tests,
    };
    writeln!(out, "{}", safe::json(&serde_json::to_string_pretty(&result)?))
}

fn test<'a>(run: &FinishedRun, one: &'a Standing, scale: f64) -> Test<'a> {
    // A hidden requirement keeps its points, and does not say what was tested.
    let name = if one.hidden { one.id.clone() } else { safe::line(&format!("{}: {}", one.id, one.text)) };
    let message =
        reasons(run, one).first().filter(|_| !one.hidden).map(|record| safe::line(&summary(record)));
    Test {
        name,
        passed: one.outcome() == Some(Outcome::Passed),
        score: whole(one.earned() * scale),
        max_score: whole(one.points() * scale),
        message,
        level: one.level.as_str(),
    }
}

/// Rounds points, which are never negative and at most a hundred million here.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "points are checked when they are read"
)]
fn whole(points: f64) -> u64 {
    points.round() as u64
}
