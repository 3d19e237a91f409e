//! The table of implementations by requirements, as a page.

use std::io::{self, Write};

use serde::Serialize;

use super::{render, view};
use crate::comparison::{Comparison, Implementation};
use crate::outcome::Outcome;
use crate::report::task::task_of;
use crate::suite::Level;

const TEMPLATE: &str = include_str!("matrix.html");
const SCRIPT: &str = concat!(include_str!("page.js"), include_str!("matrix.js"));

#[derive(Serialize)]
struct Page<'a> {
    suite: &'a str,
    program: &'static str,
    columns: Vec<Column<'a>>,
    rows: Vec<RowView<'a>>,
    /// The steps behind what does not hold, one text for each implementation: read when they are looked at.
    evidence: Vec<String>,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    held: usize,
    tried: usize,
}

#[derive(Serialize)]
struct RowView<'a> {
    id: &'a str,
    level: String,
    clause: &'a str,
    text: &'a str,
    failures: usize,
    /// Whether another task begins here.
    begins: bool,
    /// The class of each cell, its mark, and its place where the rows are sorted by it: the worst first.
    cells: Vec<(&'static str, &'static str, usize)>,
}

/// Writes the page.
///
/// # Errors
/// Those of the place that it is written to.
pub fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let columns = comparison.implementations.iter().map(|one| {
        let (held, tried) = one.held(Level::Must);
        Column { name: &one.name, held, tried }
    });
    let page = Page {
        suite: &comparison.suite,
        program: env!("CARGO_PKG_VERSION"),
        columns: columns.collect(),
        rows: rows(comparison),
        evidence: comparison.implementations.iter().map(evidence).collect(),
    };
    out.write_all(render(TEMPLATE, page, SCRIPT)?.as_bytes())
}

fn rows(comparison: &Comparison) -> Vec<RowView<'_>> {
    let mut task = "";
    let mut rows = Vec::new();
    for row in &comparison.requirements {
        let begins = task_of(&row.id) != task;
        task = task_of(&row.id);
        let cells = comparison.implementations.iter().map(|one| cell(one.outcomes.get(&row.id).copied()));
        rows.push(RowView {
            id: &row.id,
            level: row.level.to_string(),
            clause: &row.clause,
            text: &row.text,
            failures: comparison.failures(&row.id),
            begins,
            cells: cells.collect(),
        });
    }
    rows
}

fn cell(outcome: Option<Outcome>) -> (&'static str, &'static str, usize) {
    let Some(outcome) = outcome else { return ("untested", "", UNTESTED) };
    let (state, mark) = view::state(outcome);
    // What was skipped stands between what is undecided and what holds.
    let worst_first = [
        Outcome::Error,
        Outcome::Failed,
        Outcome::OptionalFailed,
        Outcome::Inconclusive,
        Outcome::OptionalInconclusive,
        Outcome::Known,
        Outcome::Skipped,
        Outcome::Passed,
    ];
    (state, mark, worst_first.iter().position(|one| *one == outcome).unwrap_or(UNTESTED))
}

/// The place of a cell of which nothing is known: behind all others.
const UNTESTED: usize = Outcome::ALL.len();

/// The steps as JSON that may stand in an element of a page.
fn evidence(implementation: &Implementation) -> String {
    format!("[{}]", implementation.evidence.join(",")).replace('<', "\\u003c")
}
