//! A run, as the template of the page wants it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::difference::{self, Line};
use crate::event::{Exchange, Record, Standing};
use crate::report::account::Account;
use crate::report::cause::{Answered, Cause, causes};
use crate::report::task::{task_of, tasks};
use crate::suite::Level;
use crate::verdict::{Finding, Verdict};

/// Everything that the page shows.
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
    scenarios: Vec<ScenarioView<'a>>,
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

#[derive(Debug, Serialize)]
struct ScenarioView<'a> {
    id: &'a str,
    profile: &'a str,
    held: usize,
    steps: Vec<StepView<'a>>,
}

#[derive(Debug, Serialize)]
struct StepView<'a> {
    id: &'a str,
    name: &'a str,
    title: &'a str,
    verdict: String,
    state: &'static str,
    mark: &'static str,
    levels: String,
    tasks: String,
    covers: Vec<(&'a str, String)>,
    place: String,
    time: String,
    reason: Option<&'a str>,
    findings: &'a [Finding],
    source: Vec<SourceLine<'a>>,
    exchange: Option<&'a Exchange>,
    answer: Option<Answer>,
    printed: &'a str,
}

#[derive(Debug, Serialize)]
struct SourceLine<'a> {
    number: usize,
    text: &'a str,
    labels: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct Answer {
    /// Whether the status is what does not hold.
    status_differs: bool,
    lines: Option<Vec<Line>>,
    body: String,
    cut: bool,
}

/// A body is shown up to so many bytes.
const LARGEST_BODY: usize = 20_000;

/// Returns what the page shows of a run.
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
        scenarios: (account.scenarios().into_iter())
            .map(|(id, records)| ScenarioView {
                id,
                profile: records.first().map_or("", |record| &record.profile),
                held: records.iter().filter(|record| record.verdict == Verdict::Pass).count(),
                steps: records.into_iter().map(step).collect(),
            })
            .collect(),
    }
}

fn cause_views(account: &Account) -> Vec<CauseView<'_>> {
    let mut answered = Answered::default();
    account.records.iter().for_each(|record| answered.add(record));
    let unfit =
        account.records.iter().filter(|record| record.verdict > Verdict::Pass && record.deviation.is_none());
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

fn step(record: &Record) -> StepView<'_> {
    let (state, mark) = state(record.verdict, record.binds());
    let mut levels: Vec<String> = record.covers.values().map(ToString::to_string).collect();
    levels.dedup();
    let mut tasks: Vec<&str> = record.covers.keys().map(|id| task_of(id)).collect();
    tasks.dedup();
    StepView {
        id: &record.id,
        name: record.id.rsplit("::").next().unwrap_or(&record.id),
        title: &record.title,
        verdict: record.verdict.to_string(),
        state,
        mark,
        levels: levels.join(" "),
        tasks: tasks.join(" "),
        covers: record.covers.iter().map(|(id, level)| (id.as_str(), level.to_string())).collect(),
        place: record.place.to_string(),
        time: format!("{:.0} ms", record.milliseconds),
        reason: record.reason.as_deref(),
        findings: &record.findings,
        source: source(record),
        exchange: record.exchange.as_ref(),
        answer: record.exchange.as_ref().and_then(|exchange| answer(record, exchange)),
        printed: record.printed.trim_end(),
    }
}

/// The lines of the step, without the indentation that they share, each with what is said of it.
fn source(record: &Record) -> Vec<SourceLine<'_>> {
    let lines: Vec<&str> = record.source.text.lines().collect();
    let indent = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min();
    let file = record.place.source().path();
    let said = |number: usize| {
        let here = record.findings.iter().filter(move |finding| finding.place.line() == number);
        here.filter(|finding| finding.place.source().path() == file)
            .map(|finding| finding.label.as_str())
            .collect()
    };
    let numbered = lines.into_iter().enumerate().map(|(index, line)| {
        let number = record.source.line + index;
        SourceLine { number, text: line.get(indent.unwrap_or(0)..).unwrap_or(""), labels: said(number) }
    });
    numbered.collect()
}

fn answer(record: &Record, exchange: &Exchange) -> Option<Answer> {
    let received = exchange.received.as_ref()?;
    let status = received.status.to_string();
    let end = received.body.char_indices().map(|(at, _)| at).find(|at| *at >= LARGEST_BODY);
    let end = end.unwrap_or(received.body.len());
    let marks = record.findings.iter().any(|finding| finding.pointer.is_some());
    Some(Answer {
        status_differs: record
            .findings
            .iter()
            .any(|finding| finding.pointer.is_none() && finding.received == status),
        lines: if marks && received.body.len() <= LARGEST_BODY {
            difference::lines(&received.body, &record.findings)
        } else {
            None
        },
        body: received.body[..end].trim_end().to_owned(),
        cut: end < received.body.len() || received.cut,
    })
}
