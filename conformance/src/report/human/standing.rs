//! The end of the report for people: requirements, not tests, and how far the implementation has come.

use std::io::{self, Write};

use anstyle::Style;

use super::{BOLD, DIM, green, red, yellow};
use crate::amount::amount;
use crate::event::{Footer, Standing};
use crate::outcome::Outcome;
use crate::report::fold::fold;
use crate::report::task::{Task, tasks};
use crate::suite::Level;
use crate::verdict::Verdict;

/// The widest column of titles of tasks.
const TITLE: usize = 60;
/// What the counts of a task commonly take.
const COUNTS: usize = 42;
/// Where the text of a requirement begins.
const TEXT: usize = 32;

/// Writes every task that was tried with its counts, and under it the requirements that do not hold, or all of them.
pub(super) fn standings(
    footer: &Footer,
    all: bool,
    width: Option<usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    let tasks = tasks(&footer.requirements);
    let longest = tasks.iter().map(|task| task.title.chars().count()).max().unwrap_or(0);
    // Counts stand below each other, beside the titles where there is room.
    let column = longest.clamp(0, width.map_or(TITLE, |width| width.saturating_sub(COUNTS).min(TITLE)));
    for task in tasks {
        if task.requirements.iter().all(|standing| standing.verdict.is_none()) {
            continue;
        }
        let style = style(&task);
        writeln!(out, "{BOLD}{:column$}{BOLD:#} {style}{}{style:#}", task.title, counts(&task))?;
        let told = task.requirements.iter().filter(|standing| all || !holds(standing));
        for standing in told.filter(|standing| standing.verdict.is_some()) {
            let (mark, style) = mark(standing);
            let id = format!("{:14} {:6}", standing.id, standing.level.to_string());
            writeln!(out, "  {style}{mark:7}{style:#} {id} {}", fold(&standing.text, TEXT, width))?;
        }
    }
    writeln!(out)
}

/// Says how far the implementation has come, where it has not come to the end.
pub(super) fn progress(footer: &Footer) -> Option<String> {
    let tasks = tasks(&footer.requirements);
    let tried: Vec<&Task<'_>> = tasks.iter().filter(|task| task.held(Level::Must).1 > 0).collect();
    let fails = |task: &Task<'_>| task.outcome(Level::Must).is_some_and(Outcome::fails_the_run);
    let next = tried.iter().position(|task| fails(task))?;
    let (held, of) = tried[next].held(Level::Must);
    let open = tried.iter().filter(|task| fails(task)).count();
    let done = tried.len() - open;
    let (tasks, first) = (amount(tried.len(), "task"), &tried[next].title);
    let verb = if tried.len() == 1 { "holds" } else { "hold" };
    Some(format!("{done} of {tasks} {verb}; the first that does not is “{first}”: must {held} of {of}"))
}

/// The last line: requirements by level, and what was not tried.
pub(super) fn closing(footer: &Footer) -> String {
    let mut parts: Vec<String> = (Level::ALL.into_iter())
        .filter_map(|level| match footer.held(level) {
            (_, 0) => None,
            (held, tried) => Some(format!("{level} {held} of {tried} hold")),
        })
        .collect();
    parts.extend(uncovered(footer));
    let skipped = footer.requirements.iter().filter(|standing| standing.verdict == Some(Verdict::Skipped));
    let not_offered: Vec<&str> = skipped.map(|standing| standing.id.as_str()).collect();
    if !not_offered.is_empty() {
        parts.push(format!("not offered: {}", not_offered.join(" ")));
    }
    let known = footer.requirements.iter().filter(|standing| standing.deviates).count();
    if known > 0 {
        parts.push(format!("{known} known not to hold"));
    }
    let untested =
        footer.requirements.iter().filter(|one| one.verdict.is_none() && one.reason.is_some()).count();
    if untested > 0 {
        parts.push(format!("{untested} not tested, each with its reason in the register"));
    }
    parts.join(" · ")
}

/// The counts of a task, level by level.
fn counts(task: &Task<'_>) -> String {
    let counts = Level::ALL.into_iter().filter_map(|level| match task.held(level) {
        (_, 0) => None,
        (held, tried) => Some(format!("{level} {held} of {tried}")),
    });
    let counts = counts.collect::<Vec<_>>().join(" · ");
    if counts.is_empty() { "not offered".to_owned() } else { counts }
}

/// The steps that cover no requirement and fail the run: nothing else in the counts of requirements says so.
fn uncovered(footer: &Footer) -> Vec<String> {
    /// The steps that are named; the others are counted.
    const NAMED: usize = 3;
    let mut parts = Vec::new();
    for (outcome, one, many) in [
        (Outcome::Error, "ends in an error", "end in an error"),
        (Outcome::Failed, "fails", "fail"),
        (Outcome::Inconclusive, "is inconclusive", "are inconclusive"),
    ] {
        let steps: Vec<&str> = (footer.uncovered.iter())
            .filter(|step| step.outcome == outcome)
            .map(|step| step.id.as_str())
            .collect();
        let named = steps.iter().take(NAMED).copied().collect::<Vec<_>>().join(" ");
        match steps.len() {
            0 => {}
            1 => parts.push(format!("1 step that covers no requirement {one}: {named}")),
            all @ 2..=NAMED => parts.push(format!("{all} steps that cover no requirement {many}: {named}")),
            all => {
                let more = all - NAMED;
                parts.push(format!("{all} steps that cover no requirement {many}: {named} and {more} more"));
            }
        }
    }
    parts
}

fn style(task: &Task<'_>) -> Style {
    let outcomes = Level::ALL.map(|level| task.outcome(level));
    match outcomes.into_iter().flatten().max() {
        Some(outcome) if outcome.fails_the_run() => red(),
        None | Some(Outcome::Skipped) => DIM,
        Some(Outcome::Passed) => green(),
        Some(_) => yellow(),
    }
}

fn holds(standing: &Standing) -> bool {
    matches!(standing.outcome(), Some(Outcome::Passed | Outcome::Skipped) | None)
}

/// The word for the outcome of a requirement; one that fails the run stands out.
fn mark(standing: &Standing) -> (&'static str, Style) {
    match standing.outcome() {
        Some(Outcome::Known) => ("known", DIM),
        Some(Outcome::Passed) => ("holds", green()),
        Some(Outcome::Failed) => ("FAILS", red()),
        Some(Outcome::OptionalFailed) => ("fails", yellow()),
        Some(Outcome::Inconclusive | Outcome::OptionalInconclusive) => ("unclear", yellow()),
        Some(Outcome::Skipped) | None => ("skipped", DIM),
        Some(Outcome::Error) => ("ERROR", red()),
    }
}
