//! HTML report: one self-contained page. It is readable without its script, which adds filters, search and copying.

mod body;
pub mod matrix;
mod step;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::cause::{Cause, causes};
use super::task::tasks;
use super::template::{for_each_scenario, render};
use conformance_engine::event::{FinishedRun, Footer, Record, Stale, Standing};
use conformance_engine::outcome::{Conclusion, Outcome};
use conformance_engine::verdict::Verdict;
use conformance_suite::suite::Level;

const STYLE: &str = include_str!("html/style.css");
const TEMPLATE: &str = include_str!("html/report.html");
const SCRIPT: &str = concat!(include_str!("html/page.js"), include_str!("html/report.js"));

/// Writes the page.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    let page = Serde(page(run));
    let scenarios = for_each_scenario(run, step::scenario);
    let policy = policy(STYLE, SCRIPT);
    render(TEMPLATE, context! { page, scenarios, policy, style => STYLE, script => SCRIPT }, out)
}

/// Returns a Content-Security-Policy that allows exactly this style and this script, and loads nothing.
fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    )
}

/// Values of the template.
#[derive(Debug, Serialize)]
struct Page<'a> {
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
    level: &'static str,
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
    level: &'static str,
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

fn page(run: &FinishedRun) -> Page<'_> {
    let FinishedRun { header, records, footer } = run;
    let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
    for record in records {
        *counts.entry(record.outcome()).or_default() += 1;
    }
    let levels = Level::ALL.into_iter().map(|level| {
        let (held, tried) = footer.held(level);
        Held { level: level.as_str(), count: held, tried }
    });
    let outcomes = counts.into_iter().rev().map(|(outcome, count)| OutcomeView {
        name: outcome.as_str(),
        title: outcome.title(),
        count,
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
        interruption: run.interruption(),
        levels: levels.filter(|one| one.tried > 0).collect(),
        tasks: task_views(footer),
        causes: cause_views(records, footer),
        outcomes: outcomes.collect(),
    }
}

fn cause_views<'a>(records: &'a [Arc<Record>], footer: &'a Footer) -> Vec<CauseView<'a>> {
    let failing = records.iter().map(|record| &**record).filter(|record| {
        let was_tried = record.verdict > Verdict::Inconclusive;
        record.outcome().needs_attention() && (was_tried || record.waits_for.is_some())
    });
    let causes = causes(failing, &footer.requirements);
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
        level: standing.level.as_str(),
        state,
        mark,
        text: &standing.text,
        reason: standing.reason.as_deref(),
    }
}

/// Returns the class and the mark of an outcome. Color alone must not carry information.
fn state(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Passed => ("passes", "✓"),
        Outcome::Failed | Outcome::Error => ("fails", "✕"),
        Outcome::OptionalFailed => ("optional", "!"),
        Outcome::Known => ("known", "~"),
        Outcome::Inconclusive | Outcome::OptionalInconclusive => ("inconclusive", "?"),
        Outcome::Skipped => ("skipped", "–"),
    }
}
