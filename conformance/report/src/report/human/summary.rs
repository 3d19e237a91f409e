//! Prints the summary: requirements by task, progress, and the conclusion.

use std::io::{self, Write};

use anstyle::Style;

use super::wrap::wrap;
use crate::report::score::score;
use crate::report::task::{Task, tasks};
use crate::style::{BOLD, BOLD_RED, DIM, GREEN, YELLOW};
use conformance_engine::event::{Footer, Stale, Standing};
use conformance_engine::outcome::{Conclusion, Outcome};
use conformance_engine::verdict::Verdict;
use conformance_suite::amount::amount;
use conformance_suite::suite::Level;

/// Maximum width of the column of task titles.
const TITLE: usize = 60;
/// Usual width of the counts of a task.
const COUNTS: usize = 42;
/// Column in which the text of a requirement begins.
const TEXT: usize = 37;

/// Writes every task that was run with its counts, and below it the failing requirements, or all of them.
pub(super) fn standings(
    footer: &Footer,
    all: bool,
    width: Option<usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    let tasks = tasks(&footer.requirements);
    let longest = tasks.iter().map(|task| task.title.chars().count()).max().unwrap_or(0);
    // Align the counts in a column if the terminal is wide enough.
    let column = longest.clamp(0, width.map_or(TITLE, |width| width.saturating_sub(COUNTS).min(TITLE)));
    for task in tasks {
        if task.requirements.iter().all(|standing| standing.verdict.is_none()) {
            continue;
        }
        let style = style(&task);
        writeln!(out, "{BOLD}{:column$}{BOLD:#} {style}{}{style:#}", task.title, counts(&task))?;
        let shown = task.requirements.iter().filter(|standing| all || !passes(standing));
        for standing in shown.filter(|standing| standing.verdict.is_some()) {
            let (mark, style) = mark(standing);
            let id = format!("{:14} {:6}", standing.id, upper(standing.level));
            writeln!(out, "  {style}{mark:12}{style:#} {id} {}", wrap(&standing.text, TEXT, width))?;
        }
    }
    writeln!(out)
}

/// Returns the number of tasks that pass, fail and are not decided, and the first task that fails; none if every task passes.
pub(super) fn progress(footer: &Footer) -> Option<String> {
    let tasks = tasks(&footer.requirements);
    let tried: Vec<&Task<'_>> = tasks.iter().filter(|task| task.held(Level::Must).1 > 0).collect();
    let (failed, open): (Vec<&&Task<'_>>, Vec<&&Task<'_>>) =
        tried.iter().filter(|task| !passes_or_known(task)).partition(|task| is_failed(task));
    let next = failed.first().or(open.first())?;
    let (held, of) = next.held(Level::Must);
    let done = tried.len() - failed.len() - open.len();
    let verb = |count: usize, one: &'static str, many: &'static str| if count == 1 { one } else { many };
    let mut sentence = format!("{done} of {} {}", amount(tried.len(), "task"), verb(done, "passes", "pass"));
    if !open.is_empty() {
        let are = verb(open.len(), "is", "are");
        sentence += &format!(
            ", {} {}, {} {are} not decided",
            failed.len(),
            verb(failed.len(), "fails", "fail"),
            open.len()
        );
    }
    Some(format!("{sentence}; start with “{}”: MUST {held}/{of}", next.title))
}

fn passes_or_known(task: &Task<'_>) -> bool {
    !task.outcome(Level::Must).is_some_and(Outcome::fails_the_run)
}

/// Whether a requirement of the task fails, and not only waits for others.
fn is_failed(task: &Task<'_>) -> bool {
    task.outcome(Level::Must).is_some_and(|outcome| outcome > Outcome::Inconclusive)
}

/// Returns the last line: the conclusion, the requirements by level, and what was not run.
pub(super) fn closing(footer: &Footer) -> String {
    let mut parts: Vec<String> = (Level::ALL.into_iter())
        .filter_map(|level| match footer.held(level) {
            (_, 0) => None,
            (held, tried) => Some(format!("{} {held}/{tried} pass", upper(level))),
        })
        .collect();
    parts.extend(uncovered(footer));
    if !footer.stale.is_empty() {
        let verb = if footer.stale.len() == 1 { "is" } else { "are" };
        parts.push(format!("{} {verb} stale", amount(footer.stale.len(), "deviation")));
    }
    let skipped = footer.requirements.iter().filter(|standing| standing.verdict == Some(Verdict::Skipped));
    let skipped_ids: Vec<&str> = skipped.map(|standing| standing.id.as_str()).collect();
    if !skipped_ids.is_empty() {
        parts.push(format!("skipped: {}", skipped_ids.join(" ")));
    }
    let known = footer.requirements.iter().filter(|standing| standing.deviates).count();
    if known > 0 {
        parts.push(format!("{} with known failures", amount(known, "requirement")));
    }
    let untested =
        footer.requirements.iter().filter(|one| one.verdict.is_none() && one.reason.is_some()).count();
    parts.extend(score(footer));
    if untested > 0 {
        parts.push(format!("{untested} not testable (reasons in requirements.yaml)"));
    }
    let conclusion = Conclusion::of(footer.exit).title();
    if parts.is_empty() { conclusion.to_owned() } else { format!("{conclusion}: {}", parts.join(" · ")) }
}

/// Writes the stale deviations and the requirements of the next stage; nothing if there are none.
pub(super) fn stale_and_next(footer: &Footer, width: Option<usize>, out: &mut impl Write) -> io::Result<()> {
    for Stale { at, message } in &footer.stale {
        writeln!(out, "{BOLD_RED}STALE{BOLD_RED:#} {at}: {message}; remove the deviation")?;
    }
    if let Some(next) = &footer.next {
        writeln!(out, "{BOLD}The next stage, {}, also requires{BOLD:#}", next.stage)?;
        for demand in &next.requirements {
            let id = format!("{:14} {:6}", demand.id, demand.level.as_str());
            writeln!(out, "          {id} {}", wrap(&demand.text, 32, width))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Returns the counts of a task by level.
fn counts(task: &Task<'_>) -> String {
    let counts = Level::ALL.into_iter().filter_map(|level| match task.held(level) {
        (_, 0) => None,
        (held, tried) => Some(format!("{} {held}/{tried}", upper(level))),
    });
    let counts = counts.collect::<Vec<_>>().join(" · ");
    if counts.is_empty() { "skipped".to_owned() } else { counts }
}

/// Returns the steps that fail the run without covering a requirement; the counts of requirements do not include them.
fn uncovered(footer: &Footer) -> Vec<String> {
    /// Maximum number of steps to name; the others are counted.
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

/// Returns a level in upper case, as RFC 2119 writes it.
fn upper(level: Level) -> String {
    level.to_string().to_uppercase()
}

fn style(task: &Task<'_>) -> Style {
    let outcomes = Level::ALL.map(|level| task.outcome(level));
    match outcomes.into_iter().flatten().max() {
        Some(outcome) if outcome > Outcome::Inconclusive => BOLD_RED,
        None | Some(Outcome::Skipped) => DIM,
        Some(Outcome::Passed) => GREEN,
        Some(_) => YELLOW,
    }
}

fn passes(standing: &Standing) -> bool {
    matches!(standing.outcome(), Some(Outcome::Passed | Outcome::Skipped) | None)
}

/// Returns the word for the outcome of a requirement; outcomes that fail the run are in upper case.
fn mark(standing: &Standing) -> (&'static str, Style) {
    match standing.outcome() {
        Some(Outcome::Known) => ("known", DIM),
        Some(Outcome::Passed) => ("pass", GREEN),
        Some(Outcome::Failed) => ("FAIL", BOLD_RED),
        Some(Outcome::OptionalFailed) => ("fail", YELLOW),
        Some(Outcome::Inconclusive | Outcome::OptionalInconclusive) => ("inconclusive", YELLOW),
        Some(Outcome::Skipped) | None => ("skipped", DIM),
        Some(Outcome::Error) => ("ERROR", BOLD_RED),
    }
}
