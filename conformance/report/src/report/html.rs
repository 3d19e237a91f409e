//! HTML report: one self-contained page. It is readable without its script, which adds filters, search and copying.

mod body;
pub mod matrix;
mod step;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::cause::{Cause, causes};
use super::score::points;
use super::task::{self, tasks};
use super::template::{for_each_scenario, render};
use crate::printable::plain;
use conformance_engine::event::{
    ApiCoverage, ApiDescription, FinishedRun, Footer, Record, Sent, Stale, Standing,
};
use conformance_engine::outcome::{Conclusion, Outcome};
use conformance_engine::verdict::Verdict;
use conformance_suite::amount::time;
use conformance_suite::suite::Level;

const STYLE: &str = include_str!("html/style.css");
const TEMPLATE: &str = include_str!("html/report.html");
const SCRIPT: &str = concat!(include_str!("html/page.js"), include_str!("html/report.js"));

/// Writes the page.
pub(super) fn write(run: &Arc<FinishedRun>, out: &mut dyn Write) -> io::Result<()> {
    let page = Serde(page(run));
    let requirements = run.footer.requirements.iter();
    let tasks: HashMap<String, String> = requirements
        .map(|standing| (standing.id.clone(), task::id(&standing.id, &standing.clause).to_owned()))
        .collect();
    let scenarios = for_each_scenario(run, move |run, records| step::scenario(run, records, &tasks));
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
    version: Option<&'a str>,
    /// Beginning of the SHA-256 of the suite.
    digest: String,
    /// Name of the implementation.
    name: &'a str,
    /// What the implementation is.
    about: String,
    /// Earned points and maximum, if requirements have points.
    score: Option<(String, String)>,
    profiles: BTreeSet<&'a str>,
    /// Methods and paths of the requests, without queries.
    paths: BTreeSet<String>,
    /// Scenarios, the slowest first.
    durations: Vec<Duration<'a>>,
    stage: Option<&'a str>,
    isolation: Option<String>,
    seed: Option<u32>,
    started: String,
    seconds: String,
    program: &'a str,
    /// Class, mark and title of the conclusion.
    conclusion: (&'static str, &'static str, &'static str),
    /// Why steps were not judged, the most common reason first.
    unjudged: Vec<Unjudged<'a>>,
    /// Steps that fail the run without covering a requirement, without those that were not judged.
    uncovered: Vec<&'a str>,
    /// Stale deviations.
    stale: &'a [Stale],
    interruption: Option<String>,
    levels: Vec<Held>,
    tasks: Vec<TaskView<'a>>,
    causes: Vec<CauseView<'a>>,
    outcomes: Vec<OutcomeView>,
    /// The description of the API, and which parts of it were used.
    openapi: Option<(&'a ApiDescription, &'a ApiCoverage)>,
}

/// Steps that were not judged for the same reason.
#[derive(Debug, Serialize)]
struct Unjudged<'a> {
    reason: &'a str,
    steps: Vec<&'a str>,
    profiles: BTreeSet<&'a str>,
    /// What the target printed.
    printed: Cow<'a, str>,
}

/// Maximum number of paths to suggest in the filter.
const PATHS: usize = 200;

/// How long a scenario took.
#[derive(Debug, Serialize)]
struct Duration<'a> {
    id: &'a str,
    profile: &'a str,
    steps: usize,
    time: String,
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
    /// Whether a requirement needs attention.
    attention: bool,
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
    attention: bool,
    points: Option<String>,
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
    let identity = header.implementation.clone().unwrap_or_default();
    let name = header.implementation.as_ref().and_then(|identity| identity.name.as_deref());
    let about = [identity.version, identity.language, identity.organization, identity.url];
    let (earned, maximum) = footer.score();
    let requests =
        records.iter().filter_map(|record| record.exchange.as_ref()).map(|exchange| &exchange.sent);
    let path = |sent: &Sent| format!("{} {}", sent.method, sent.target.split('?').next().unwrap_or_default());
    Page {
        suite: &header.suite,
        version: header.suite_version.as_deref(),
        digest: header.suite_digest.chars().take(12).collect(),
        name: name.unwrap_or(&header.target),
        about: about.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        score: footer.graded.then(|| (points(earned), points(maximum))),
        profiles: records.iter().map(|record| record.profile.as_str()).collect(),
        paths: requests.map(path).collect::<BTreeSet<_>>().into_iter().take(PATHS).collect(),
        durations: durations(run),
        stage: header.stage.as_deref(),
        isolation: header.isolation.map(|mechanism| mechanism.to_string()),
        seed: header.seed,
        started: header.started.split('.').next().unwrap_or_default().replace('T', " ") + " UTC",
        seconds: format!("{:.1} s", footer.milliseconds / 1000.0),
        program: &header.conformance,
        conclusion: (class, mark, conclusion.title()),
        unjudged: unjudged(records),
        uncovered: uncovered(records, footer),
        stale: &footer.stale,
        interruption: run.interruption(),
        levels: levels.filter(|one| one.tried > 0).collect(),
        tasks: task_views(footer),
        causes: cause_views(records, footer),
        outcomes: outcomes.collect(),
        openapi: header.openapi.as_ref().zip(footer.openapi.as_ref()),
    }
}

fn unjudged(records: &[Arc<Record>]) -> Vec<Unjudged<'_>> {
    let mut by_reason: BTreeMap<&str, Unjudged<'_>> = BTreeMap::new();
    // A blocked step is listed with the step that blocks it.
    let own = |record: &&Arc<Record>| record.verdict == Verdict::Inconclusive && record.waits_for.is_none();
    for record in records.iter().filter(own) {
        let reason = record.reason.as_deref().unwrap_or_default();
        let (steps, profiles, printed) = (Vec::new(), BTreeSet::new(), Cow::default());
        let all = by_reason.entry(reason).or_insert(Unjudged { reason, steps, profiles, printed });
        all.steps.push(&record.id);
        all.profiles.insert(&record.profile);
        if all.printed.is_empty() {
            all.printed = plain(record.printed.trim_end());
        }
    }
    let mut all: Vec<Unjudged<'_>> = by_reason.into_values().collect();
    all.sort_by_key(|one| Reverse(one.steps.len()));
    all
}

fn uncovered<'a>(records: &[Arc<Record>], footer: &'a Footer) -> Vec<&'a str> {
    let mut judged: HashMap<&str, bool> = HashMap::new();
    for record in records {
        *judged.entry(&record.id).or_default() |= record.verdict != Verdict::Inconclusive;
    }
    let steps = footer.uncovered.iter().map(|step| step.id.as_str());
    steps.filter(|id| judged.get(id).copied().unwrap_or(true)).collect()
}

fn durations(run: &FinishedRun) -> Vec<Duration<'_>> {
    let mut all: Vec<(f64, Duration<'_>)> = (run.scenarios())
        .filter_map(|records| {
            let first = records.first()?;
            let milliseconds: f64 = records.iter().map(|record| record.milliseconds).sum();
            let (id, profile, steps) = (first.scenario.as_str(), first.profile.as_str(), records.len());
            Some((milliseconds, Duration { id, profile, steps, time: time(milliseconds) }))
        })
        .collect();
    all.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    all.into_iter().map(|(_, duration)| duration).collect()
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
            attention: task.requirements.iter().any(|standing| needs_attention(standing)),
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
        attention: needs_attention(standing),
        points: (standing.points() > 0.0)
            .then(|| format!("{}/{} points", points(standing.earned()), points(standing.points()))),
    }
}

fn needs_attention(standing: &Standing) -> bool {
    standing.outcome().is_some_and(Outcome::needs_attention)
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
