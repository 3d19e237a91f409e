//! `JUnit` XML for `CodeGrade`: a test suite for each clause, a test case for each requirement that has points, which are its weight.
//!
//! `CodeGrade` refuses a file with properties, and takes the first element of a test case as its result: a test case that passes has
//! none. Its test cases pass or fail as a whole, so a requirement that is blocked and keeps a part of its points has two of them.

use std::io::{self, Write};
use std::sync::Arc;

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::evidence::{identity, summary};
use super::score::{evidence_of, reasons};
use super::template::render;
use conformance_engine::event::{FinishedRun, Standing};

const TEMPLATE: &str = include_str!("codegrade.xml");

#[derive(Serialize)]
struct Clause<'a> {
    name: &'a str,
    counts: Counts,
    cases: Vec<Case<'a>>,
}

#[derive(Serialize)]
struct Case<'a> {
    name: String,
    weight: f64,
    /// Reason of a failure; none for a pass.
    message: Option<String>,
    kind: &'a str,
    evidence: String,
}

#[derive(Default, Serialize)]
struct Counts {
    tests: usize,
    failures: usize,
}

/// Writes the report.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    let mut clauses: Vec<Clause<'_>> = Vec::new();
    let mut counts = Counts::default();
    for one in run.footer.requirements.iter().filter(|one| one.points() > 0.0) {
        if clauses.last().is_none_or(|clause| clause.name != one.clause) {
            clauses.push(Clause { name: &one.clause, counts: Counts::default(), cases: Vec::new() });
        }
        let Some(clause) = clauses.last_mut() else { continue };
        for case in cases(run, one) {
            for counts in [&mut clause.counts, &mut counts] {
                counts.tests += 1;
                counts.failures += usize::from(case.message.is_some());
            }
            clause.cases.push(case);
        }
    }
    let seconds = format!("{:.3}", run.footer.milliseconds / 1000.0);
    let (clauses, counts) = (Serde(clauses), Serde(counts));
    render(TEMPLATE, context! { name => identity(&run.header), counts, seconds, clauses }, out)
}

/// Returns the test case of the points that the target earned, and that of the points that it lost.
fn cases<'a>(run: &FinishedRun, one: &'a Standing) -> Vec<Case<'a>> {
    // A hidden requirement keeps its points, and does not say what was tested.
    let name = if one.hidden { one.id.clone() } else { format!("{}: {}", one.id, one.text) };
    let kind = one.outcome().map_or("untested", |outcome| outcome.as_str());
    let (earned, lost) = (one.earned(), one.points() - one.earned());
    let kept = if lost > 0.0 { " (points that a blocked requirement keeps)" } else { "" };
    let pass =
        Case { name: format!("{name}{kept}"), weight: earned, message: None, kind, evidence: String::new() };
    let message = reasons(run, one).first().filter(|_| !one.hidden).map(|record| summary(record));
    let fail = Case {
        name,
        weight: lost,
        message: Some(message.unwrap_or_else(|| kind.to_owned())),
        kind,
        evidence: if one.hidden { kind.to_owned() } else { evidence_of(run, one) },
    };
    [pass, fail].into_iter().filter(|case| case.weight > 0.0).collect()
}
