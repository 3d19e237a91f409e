//! Writes the comparison table as an HTML page.

use std::io::{self, Write};

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::{STYLE, policy, state};
use crate::comparison::{Comparison, Implementation};
use crate::report::task::task_of;
use crate::report::template::render;
use conformance_engine::outcome::Outcome;
use conformance_suite::safe::script_json;
use conformance_suite::suite::Level;

const TEMPLATE: &str = include_str!("matrix.html");
const SCRIPT: &str = concat!(include_str!("page.js"), include_str!("matrix.js"));

#[derive(Serialize)]
struct Page<'a> {
    suite: &'a str,
    program: &'static str,
    columns: Vec<Column<'a>>,
    rows: Vec<RowView<'a>>,
    /// Failing steps as JSON, one text for each implementation; the script parses it on demand.
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
    /// Whether this row begins a new task.
    begins: bool,
    /// Class, mark and sort rank (worst first) of each cell.
    cells: Vec<(&'static str, &'static str, usize)>,
}

/// Writes the page.
///
/// # Errors
/// Writing to `out` fails.
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
    // The policy of the page allows no style attribute.
    let style = format!("{STYLE}.matrix table {{ --columns: {}; }}\n", page.columns.len());
    let policy = policy(&style, SCRIPT);
    render(TEMPLATE, context! { page => Serde(page), policy, style, script => SCRIPT }, out)
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
    let (state, mark) = state(outcome);
    // Skipped requirements sort between inconclusive and passing ones.
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

/// Sort rank of an untested requirement: the last.
const UNTESTED: usize = Outcome::ALL.len();

/// Returns the steps as JSON that is safe in a script element.
fn evidence(implementation: &Implementation) -> String {
    script_json(&format!("[{}]", implementation.evidence.join(",")))
}
