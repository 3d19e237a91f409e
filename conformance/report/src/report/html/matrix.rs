//! Writes the comparison table as an HTML page.

use std::collections::BTreeMap;
use std::io::{self, Write};

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::{STYLE, policy, state};
use crate::changes::Changes;
use crate::comparison::{Comparison, Implementation};
use crate::printable::plain;
use crate::report::score::points;
use crate::report::task;
use crate::report::template::render;
use conformance_engine::event::Identity;
use conformance_engine::outcome::{Conclusion, Outcome};
use conformance_suite::safe::{line, script_json};
use conformance_suite::suite::Level;

const TEMPLATE: &str = include_str!("matrix.html");
const SCRIPT: &str = concat!(include_str!("page.js"), include_str!("matrix.js"));

#[derive(Serialize)]
struct Page<'a> {
    suite: &'a str,
    version: Option<&'a str>,
    digest: String,
    stage: Option<&'a str>,
    program: &'static str,
    graded: bool,
    columns: Vec<Column<'a>>,
    groups: Vec<Group<'a>>,
    rows: usize,
    /// Whether any column has changes since an earlier run.
    has_changes: bool,
    /// Environment variables of each profile, as JSON.
    environments: String,
    /// Failing steps as JSON, one text for each implementation; the script parses it on demand.
    evidence: Vec<String>,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    page: Option<&'a str>,
    badge: Option<&'a str>,
    identity: Option<&'a Identity>,
    held: usize,
    tried: usize,
    /// Class and title of the result.
    result: (&'static str, &'static str),
    score: String,
    /// Why the implementation has no result.
    reason: Option<String>,
    changes: Option<&'a Changes>,
}

/// The requirements of a task.
#[derive(Serialize)]
struct Group<'a> {
    id: &'a str,
    title: &'a str,
    /// Number of implementations that pass every MUST of the task, and of those with a result.
    passing: usize,
    of: usize,
    rows: Vec<RowView<'a>>,
}

#[derive(Serialize)]
struct RowView<'a> {
    id: &'a str,
    level: String,
    clause: &'a str,
    text: &'a str,
    failures: usize,
    index: usize,
    /// Class, mark and sort rank (worst first) of each cell.
    cells: Vec<(&'static str, &'static str, usize)>,
}

/// Writes the page.
///
/// # Errors
/// Writing to `out` fails.
pub fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let header = comparison.implementations.first().map(|first| &first.header);
    let page = Page {
        suite: &comparison.suite,
        version: header.and_then(|header| header.suite_version.as_deref()),
        digest: header.map(|header| header.suite_digest.chars().take(12).collect()).unwrap_or_default(),
        stage: header.and_then(|header| header.stage.as_deref()),
        program: env!("CARGO_PKG_VERSION"),
        graded: comparison.implementations.iter().any(|one| one.graded),
        columns: comparison.implementations.iter().map(column).collect(),
        groups: groups(comparison),
        rows: comparison.requirements.len(),
        has_changes: comparison.implementations.iter().any(|one| one.changes.is_some()),
        environments: environments(comparison)?,
        evidence: comparison.implementations.iter().map(evidence).collect(),
    };
    // The policy of the page allows no style attribute.
    let style = format!("{STYLE}.matrix table {{ --columns: {}; }}\n", page.columns.len());
    let policy = policy(&style, SCRIPT);
    render(TEMPLATE, context! { page => Serde(page), policy, style, script => SCRIPT }, out)
}

/// Returns the environment variables of each profile as JSON that is safe in a script element.
fn environments(comparison: &Comparison) -> io::Result<String> {
    let headers = comparison.implementations.iter().map(|one| &one.header);
    let all: BTreeMap<&String, String> = headers
        .flat_map(|header| {
            let profiles = header.environments.keys();
            profiles.filter_map(|profile| Some((profile, line(&header.environment(profile)?))))
        })
        .collect();
    Ok(script_json(&serde_json::to_string(&all)?))
}

fn column(one: &Implementation) -> Column<'_> {
    let (held, tried) = one.held(Level::Must);
    let conclusion = Conclusion::of(one.exit);
    let class = match conclusion {
        Conclusion::Conforms => "passes",
        Conclusion::DoesNotConform => "fails",
        Conclusion::Inconclusive => "inconclusive",
    };
    let reason = one.unusable.as_ref().or(one.inconclusive.as_ref()).map(|reason| plain(reason).into_owned());
    let title = if one.unusable.is_some() { "unusable" } else { conclusion.title() };
    Column {
        name: &one.name,
        page: one.page.as_deref(),
        badge: one.badge.as_deref(),
        identity: one.header.implementation.as_ref(),
        held,
        tried,
        result: (class, title),
        score: format!("{}/{}", points(one.score.0), points(one.score.1)),
        reason,
        changes: one.changes.as_ref().filter(|changes| !changes.is_empty()),
    }
}

fn groups(comparison: &Comparison) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (index, row) in comparison.requirements.iter().enumerate() {
        let cells = comparison.implementations.iter().map(|one| match one.unusable {
            // The head of the column says why.
            Some(_) => ("unusable", "", UNTESTED),
            None => cell(one.outcomes.get(&row.id).copied()),
        });
        let view = RowView {
            id: &row.id,
            level: row.level.to_string(),
            clause: &row.clause,
            text: &row.text,
            failures: comparison.failures(&row.id),
            index,
            cells: cells.collect(),
        };
        let id = task::id(&row.id, &row.clause);
        match groups.iter_mut().find(|group| group.id == id) {
            Some(group) => {
                // The text after the colon names a part of the task.
                if group.title != row.clause {
                    group.title = group.title.split_once(": ").map_or(group.title, |(title, _)| title);
                }
                group.rows.push(view);
            }
            None => groups.push(Group { id, title: &row.clause, passing: 0, of: 0, rows: vec![view] }),
        }
    }
    for group in &mut groups {
        let musts = || group.rows.iter().filter(|row| row.level == Level::Must.as_str());
        let used = comparison.implementations.iter().filter(|one| one.unusable.is_none());
        let passes = used.map(|one| musts().all(|row| one.outcomes.get(row.id) == Some(&Outcome::Passed)));
        let passes: Vec<bool> = passes.collect();
        if musts().next().is_some() {
            (group.passing, group.of) = (passes.iter().filter(|passes| **passes).count(), passes.len());
        }
    }
    groups
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
    match implementation.unusable {
        Some(_) => "[]".to_owned(),
        None => script_json(&format!("[{}]", implementation.evidence.join(","))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_rows_by_task_or_by_clause() {
        let ids = [
            ("N-1", "Notes"),
            ("E-1", "Errors"),
            ("N-2", "Notes"),
            ("A-1.1", "1, Log in: a"),
            ("A-1.2", "1, Log in: b"),
        ];
        let standings = ids.map(|(id, clause)| json!({"id": id, "level": "must", "clause": clause, "text": "", "verdict": "pass"}));
        let header = json!({"event": "header", "version": 1, "conformance": "0", "started": "", "suite": "S", "target": "t",
            "stage": null, "steps": 1});
        let footer = json!({"event": "footer", "steps": {}, "exit": 0, "milliseconds": 1.0, "requirements": standings});
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{header}\n{footer}\n")).unwrap();
        let comparison = Comparison::read(&[file.path()], true, false).unwrap();
        let groups: Vec<(&str, usize)> =
            groups(&comparison).iter().map(|group| (group.title, group.rows.len())).collect();
        assert_eq!(groups, [("Notes", 2), ("Errors", 1), ("1, Log in", 2)]);
    }
}
