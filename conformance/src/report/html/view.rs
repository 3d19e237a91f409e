//! What stands above the steps of a run, as the template of the page wants it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::event::Standing;
use crate::report::account::Account;
use crate::report::cause::{Answered, Cause, causes};
use crate::report::task::tasks;
use crate::suite::Level;
use crate::verdict::Verdict;

/// Everything that the template shows.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    suite: &'a str,
    target: &'a str,
    stage: Option<&'a str>,
    started: String,
    seconds: String,
    program: &'a str,
    conforms: bool,
    interruption: Option<String>,
    levels: Vec<Held>,
    tasks: Vec<TaskView<'a>>,
    causes: Vec<CauseView<'a>>,
    verdicts: Vec<(String, usize)>,
}

#[derive(Debug, Serialize)]
struct Held {
    level: String,
    count: usize,
    tried: usize,
}

#[derive(Debug, Serialize)]
struct TaskView<'a> {
    id: &'a str,
    title: &'a str,
    held: usize,
    tried: usize,
    requirements: Vec<RequirementView<'a>>,
}

#[derive(Debug, Serialize)]
struct RequirementView<'a> {
    id: &'a str,
    level: String,
    state: &'static str,
    mark: &'static str,
    text: &'a str,
    reason: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct CauseView<'a> {
    title: String,
    steps: Vec<&'a str>,
    requirements: Vec<&'a str>,
}

/// Returns what the template shows of a run.
pub(super) fn page(account: &Account) -> Page<'_> {
    let footer = &account.footer;
    let levels = Level::ALL.into_iter().map(|level| {
        let (held, tried) = footer.held(level);
        Held { level: level.to_string(), count: held, tried }
    });
    let mut verdicts: Vec<(String, usize)> =
        footer.steps.iter().map(|(verdict, count)| (verdict.to_string(), *count)).collect();
    verdicts.reverse();
    Page {
        suite: &account.header.suite,
        target: &account.header.target,
        stage: account.header.stage.as_deref(),
        started: account.header.started.split('.').next().unwrap_or_default().replace('T', " ") + " UTC",
        seconds: format!("{:.1} s", footer.milliseconds / 1000.0),
        program: &account.header.conformance,
        conforms: footer.exit == 0,
        interruption: footer.interruption(account.header.steps),
        levels: levels.filter(|one| one.tried > 0).collect(),
        tasks: task_views(account),
        causes: cause_views(account),
        verdicts,
    }
}

fn cause_views(account: &Account) -> Vec<CauseView<'_>> {
    let mut answered = Answered::default();
    account.steps().for_each(|record| answered.add(record));
    let unfit = account.steps().filter(|record| record.verdict > Verdict::Pass && record.deviation.is_none());
    let unfit = unfit.filter(|record| record.verdict > Verdict::Inconclusive || record.waits_for.is_some());
    let causes = causes(unfit, &answered, &account.footer.requirements);
    causes.into_iter().map(|one| cause(one, account)).collect()
}

fn cause<'a>(cause: Cause<'a>, account: &'a Account) -> CauseView<'a> {
    let covered: BTreeSet<&str> =
        Level::ALL.into_iter().flat_map(|level| cause.requirements(level)).collect();
    // In the order of the specification: `7.2` before `7.10`.
    let register = account.footer.requirements.iter().map(|standing| standing.id.as_str());
    CauseView {
        requirements: register.filter(|id| covered.contains(id)).collect(),
        steps: cause.records.iter().map(|record| record.id.as_str()).collect(),
        title: cause.title,
    }
}

fn task_views(account: &Account) -> Vec<TaskView<'_>> {
    let views = tasks(&account.footer.requirements).into_iter().map(|task| {
        let counts = Level::ALL.map(|level| task.held(level));
        TaskView {
            id: task.id,
            title: task.title,
            held: counts.iter().map(|(held, _)| held).sum(),
            tried: counts.iter().map(|(_, tried)| tried).sum(),
            requirements: task.requirements.into_iter().map(requirement).collect(),
        }
    });
    views.collect()
}

fn requirement(standing: &Standing) -> RequirementView<'_> {
    let (state, mark) =
        standing.verdict.map_or(("untested", "–"), |verdict| state(verdict, standing.level == Level::Must));
    RequirementView {
        id: &standing.id,
        level: standing.level.to_string(),
        state,
        mark,
        text: &standing.text,
        reason: standing.reason.as_deref(),
    }
}

/// The word for a verdict on the page, and its mark: colour is never alone.
pub(super) fn state(verdict: Verdict, binds: bool) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Pass => ("holds", "✓"),
        Verdict::Fail if binds => ("fails", "✕"),
        Verdict::Fail => ("lacks", "!"),
        Verdict::Inconclusive => ("unclear", "?"),
        Verdict::Skipped => ("skipped", "–"),
        Verdict::Error => ("fails", "✕"),
    }
}
