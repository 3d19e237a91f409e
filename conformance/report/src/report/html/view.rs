//! The values of the template of the HTML report.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::report::cause::{Answered, Cause, causes};
use crate::report::task::tasks;
use conformance_engine::event::{Footer, Header, Record, Stale, Standing};
use conformance_engine::outcome::{Conclusion, Outcome};
use conformance_suite::suite::Level;

/// Values of the template.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    suite: &'a str,
    target: &'a str,
    stage: Option<&'a str>,
    isolation: Option<String>,
    started: String,
    seconds: String,
    program: &'a str,
    /// Class, mark and title of the conclusion.
    conclusion: (&'static str, &'static str, &'static str),
    /// Steps that fail the run without covering a requirement.
    uncovered: Vec<&'a str>,
    /// Stale deviations.
    stale: &'a [Stale],
    interruption: Option<String>,
    levels: Vec<Held>,
    tasks: Vec<TaskView<'a>>,
    causes: Vec<CauseView<'a>>,
    outcomes: Vec<OutcomeView>,
}

/// Number of steps with one outcome.
#[derive(Debug, Serialize)]
struct OutcomeView {
    name: &'static str,
    title: &'static str,
    count: usize,
    attention: bool,
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

/// Returns the values for a run.
pub(super) fn page<'a>(
    header: &'a Header,
    footer: &'a Footer,
    unfit: &'a [Record],
    answered: &Answered,
    counts: &BTreeMap<Outcome, usize>,
) -> Page<'a> {
    let levels = Level::ALL.into_iter().map(|level| {
        let (held, tried) = footer.held(level);
        Held { level: level.to_string(), count: held, tried }
    });
    let outcomes = counts.iter().rev().map(|(outcome, count)| OutcomeView {
        name: outcome.as_str(),
        title: outcome.title(),
        count: *count,
        attention: outcome.needs_attention(),
    });
    let conclusion = Conclusion::of(footer.exit);
    let (class, mark) = match conclusion {
        Conclusion::Conforms => ("passes", "✓"),
        Conclusion::DoesNotConform => ("fails", "✕"),
        Conclusion::Inconclusive => ("inconclusive", "?"),
    };
    Page {
        suite: &header.suite,
        target: &header.target,
        stage: header.stage.as_deref(),
        isolation: header.isolation.map(|mechanism| mechanism.to_string()),
        started: header.started.split('.').next().unwrap_or_default().replace('T', " ") + " UTC",
        seconds: format!("{:.1} s", footer.milliseconds / 1000.0),
        program: &header.conformance,
        conclusion: (class, mark, conclusion.title()),
        uncovered: footer.uncovered.iter().map(|step| step.id.as_str()).collect(),
        stale: &footer.stale,
        interruption: footer.interruption(header.steps),
        levels: levels.filter(|one| one.tried > 0).collect(),
        tasks: task_views(footer),
        causes: cause_views(footer, unfit, answered),
        outcomes: outcomes.collect(),
    }
}

fn cause_views<'a>(footer: &'a Footer, unfit: &'a [Record], answered: &Answered) -> Vec<CauseView<'a>> {
    let causes = causes(unfit, answered, &footer.requirements);
    causes.into_iter().map(|one| cause(one, footer)).collect()
}

fn cause<'a>(cause: Cause<'a>, footer: &'a Footer) -> CauseView<'a> {
    let covered: BTreeSet<&str> =
        Level::ALL.into_iter().flat_map(|level| cause.requirements(level)).collect();
    // Sort numerically: `7.2` before `7.10`.
    let register = footer.requirements.iter().map(|standing| standing.id.as_str());
    CauseView {
        requirements: register.filter(|id| covered.contains(id)).collect(),
        steps: cause.records.iter().map(|record| record.id.as_str()).collect(),
        title: cause.title,
    }
}

fn task_views(footer: &Footer) -> Vec<TaskView<'_>> {
    let views = tasks(&footer.requirements).into_iter().map(|task| {
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
    let (state, mark) = standing.outcome().map_or(("untested", "–"), state);
    RequirementView {
        id: &standing.id,
        level: standing.level.to_string(),
        state,
        mark,
        text: &standing.text,
        reason: standing.reason.as_deref(),
    }
}

/// Returns the class and the mark of an outcome. Color alone must not carry information.
pub(super) fn state(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Passed => ("passes", "✓"),
        Outcome::Failed | Outcome::Error => ("fails", "✕"),
        Outcome::OptionalFailed => ("optional", "!"),
        Outcome::Known => ("known", "~"),
        Outcome::Inconclusive | Outcome::OptionalInconclusive => ("inconclusive", "?"),
        Outcome::Skipped => ("skipped", "–"),
    }
}
