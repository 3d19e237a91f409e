//! A scenario: one story, step by step, whose every name has been resolved.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::folder::Folder;
use super::format::{ScenarioText, StepText};
use super::lane::{Lane, Reader};
use super::members::{duration, string};
use super::names::Names;
use super::race::{self, Race};
use super::{Suite, check_format};
use crate::capture::Capture;
use crate::curl;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expectation::Expectation;
use crate::request::{self, Request};
use crate::source::{Place, Source};
use crate::yaml::{Located, Node, Value};

/// One file, one story.
#[derive(Debug)]
pub struct Scenario {
    /// Its path in the suite without its ending.
    pub id: String,
    /// The story in one sentence.
    pub title: String,
    /// The profiles it runs in, once in each.
    pub profiles: Vec<String>,
    /// The fixtures that the target must hold.
    pub fixtures: Vec<String>,
    /// The stages at which it holds.
    pub stages: Stages,
    /// Whether it changes what others see.
    pub isolated: bool,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Where it stands.
    pub place: Place,
}

/// One request and what is expected of its response.
#[derive(Debug)]
pub struct Step {
    /// Its name in the scenario.
    pub id: String,
    /// What it says, in one sentence.
    pub title: String,
    /// The ids of the requirements that it covers.
    pub covers: Vec<Arc<str>>,
    /// What is sent; the first of several that are sent at once.
    pub request: Request,
    /// Where the request stands.
    pub request_place: Place,
    /// What is demanded of the response.
    pub expectation: Expectation,
    /// What is kept for later steps.
    pub captures: Vec<Capture>,
    /// The requests that are sent at once, where it is a race.
    pub race: Option<Race>,
    /// Where it asks for the target to be started again before the request.
    pub restart: Option<Place>,
    /// The captures that it needs, and the step that owes each.
    pub needs: Vec<(String, String)>,
    /// Whether its failure makes the rest inconclusive.
    pub setup: bool,
    /// The stages at which it holds.
    pub stages: Stages,
    /// The pause before it.
    pub wait: Duration,
    /// For how long it is tried again, and how often.
    pub retry: Option<(Duration, Duration)>,
    /// Where it stands.
    pub place: Place,
}

/// The stages at which something holds: from `since` up to but not including `until`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stages {
    /// The first, by its place in the suite's order.
    pub since: usize,
    /// The first at which it holds no more.
    pub until: Option<usize>,
}

impl Step {
    /// What is kept for later steps, of all the requests of a race.
    pub fn all_captures(&self) -> impl Iterator<Item = &Capture> {
        let lanes = self.race.iter().flat_map(|race| &race.lanes).flat_map(|lane| &lane.captures);
        self.captures.iter().filter(|_| self.race.is_none()).chain(lanes)
    }

    /// Every request that it sends.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        let lanes = self.race.iter().flat_map(|race| &race.lanes).map(|lane| &lane.request);
        Some(&self.request).into_iter().filter(|_| self.race.is_none()).chain(lanes)
    }
}

impl Stages {
    /// Whether it holds at a stage.
    #[must_use]
    pub fn hold_at(self, stage: usize) -> bool {
        self.since <= stage && self.until.is_none_or(|until| stage < until)
    }
}

/// Returns the scenario that a file describes.
///
/// # Errors
/// Everything that is wrong in it.
pub(super) fn compile(
    id: &str,
    text: &ScenarioText,
    source: &Arc<Source>,
    suite: &Suite,
    folder: &Folder,
) -> Result<Scenario, Diagnostics> {
    let mut wrong = Diagnostics::default();
    wrong.keep(check_format(&text.format, source));
    let profiles = wrong.keep(profiles(&text.profile, source, suite)).unwrap_or_default();
    let known: Vec<&str> = suite.fixtures.iter().map(|fixture| fixture.name.as_str()).collect();
    for fixture in &text.fixtures {
        wrong.keep(check_known("fixture", fixture, source, &known));
    }
    let stages =
        wrong.keep(stages(text.since.as_ref(), text.until.as_ref(), source, suite)).unwrap_or_default();
    let fixtures: Vec<String> = text.fixtures.iter().map(|fixture| fixture.value.clone()).collect();
    let mut names = Names::new(suite, &profiles, &fixtures);
    let mut steps: Vec<Step> = Vec::new();
    for step in &text.steps {
        if let Some(first) = steps.iter().find(|first| first.id == step.id.value) {
            let message = format!("the step `{}` stands here a second time", step.id.value);
            let first = format!("the first is at {}", first.place);
            wrong.push(Diagnostic::at(step.id.place(source), message).help(first));
            continue;
        }
        if let Some(target) = step.target.as_ref().filter(|_| !text.isolated) {
            let message = "a step that starts the target again needs a target of its own";
            wrong.push(
                Diagnostic::at(target.place(source), message).help("add `isolated: true` to the scenario"),
            );
        }
        match compile_step(step, source, suite, folder, id, stages, &names) {
            Ok(step) => steps.push(step),
            Err(more) => wrong.append(more),
        }
        // Those of a wrong step too: it is not the fault of the steps that use them.
        let lanes = step.together.iter().flat_map(|lane| &lane.capture.0);
        for (name, _) in step.capture.0.iter().chain(lanes) {
            names.capture(&name.value, &step.id.value);
        }
    }
    if text.steps.is_empty() {
        wrong.push(Diagnostic::at(source.place(crate::source::Span::default()), "this scenario has no step"));
    }
    let place = source.place(crate::source::Span::default());
    let (id, title, isolated) = (id.to_owned(), text.title.clone(), text.isolated);
    wrong.into_result(Scenario { id, title, profiles, fixtures, stages, isolated, steps, place })
}

/// Returns the request that a node describes: a curl command, or a mapping. `scenario` is the id of the file, beside which
/// the files of a curl command stand.
///
/// # Errors
/// Whatever is wrong with it, at its place.
pub(crate) fn request(
    node: &Node,
    origin: &str,
    source: &Arc<Source>,
    folder: &Folder,
    scenario: &str,
) -> Result<Request, Diagnostic> {
    let command = match &node.value {
        Value::Mapping(_) => return request::compile_mapping(node, source),
        Value::String(command) if node.tag.is_none() => command,
        _ => {
            let message = format!("a request is a curl command or a mapping, and here is {}", node.shape());
            return Err(Diagnostic::at(node.place(source), message));
        }
    };
    let beside = Path::new(scenario).parent().unwrap_or(Path::new(""));
    let read = |name: &str| folder.read(&beside.join(name).to_string_lossy());
    curl::parse(command, origin, &read, &node.place(source))
}

/// Returns where a step asks for the target to be started again.
fn restart(target: Option<&Located<String>>, source: &Arc<Source>) -> Result<Option<Place>, Diagnostic> {
    match target {
        None => Ok(None),
        Some(target) if target.value == "restart" => Ok(Some(target.place(source))),
        Some(target) => {
            let message = format!("`target: {}` means nothing here", target.value);
            Err(Diagnostic::at(target.place(source), message).help(
                "`target: restart` ends the target before the request and starts it again where it stood",
            ))
        }
    }
}

fn compile_step(
    text: &StepText,
    source: &Arc<Source>,
    suite: &Suite,
    folder: &Folder,
    scenario: &str,
    outer: Stages,
    names: &Names<'_>,
) -> Result<Step, Diagnostics> {
    let mut wrong = Diagnostics::default();
    wrong.keep(check_id(&text.id, source));
    let known: Vec<&str> = suite.requirements.iter().map(|requirement| requirement.id.as_str()).collect();
    for id in &text.covers {
        wrong.keep(check_known("requirement", id, source, &known));
    }
    let reader = Reader { source, suite, folder, scenario };
    let sent = match race::compile(text, &reader) {
        Ok(Some(race)) => Ok((race.first().clone(), Some(race))),
        Ok(None) => reader.sole(text).map(|sole| (sole, None)),
        Err(more) => Err(more),
    };
    let sent = wrong.take(sent);
    let restart = wrong.keep(restart(text.target.as_ref(), source)).flatten();
    let stages =
        wrong.keep(stages(text.since.as_ref(), text.until.as_ref(), source, suite)).unwrap_or_default();
    let wait = match &text.wait {
        Some(wait) => wrong.keep(duration(&wait.value, &wait.place(source))).unwrap_or_default(),
        None => Duration::ZERO,
    };
    let retry = match &text.retry {
        Some(retry) => {
            let limit = wrong.keep(duration(&retry.limit.value, &retry.limit.place(source)));
            let every = retry.every.as_ref().map(|every| duration(&every.value, &every.place(source)));
            let every = wrong.keep(every.transpose()).flatten().unwrap_or(Duration::from_millis(100));
            limit.map(|limit| (limit, every))
        }
        None => None,
    };
    let Some((sole, race)) = sent else { return Err(wrong) };
    let mut needs = Vec::new();
    let lanes = race.as_ref().map_or(std::slice::from_ref(&sole), |race| race.lanes.as_slice());
    let overall = race.iter().flat_map(Race::texts);
    for (text, place) in lanes.iter().flat_map(Lane::texts).chain(overall) {
        match names.check(text, place) {
            Ok(owed) => needs.extend(owed),
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
    needs.sort();
    needs.dedup();
    wrong.into_result(Step {
        id: text.id.value.clone(),
        title: text.title.clone(),
        covers: text.covers.iter().map(|id| id.value.as_str().into()).collect(),
        request_place: sole.place,
        request: sole.request,
        expectation: sole.expectation,
        captures: sole.captures,
        race,
        restart,
        needs,
        setup: text.setup,
        stages: Stages {
            since: stages.since.max(outer.since),
            until: [stages.until, outer.until].into_iter().flatten().min(),
        },
        wait,
        retry,
        place: text.id.place(source),
    })
}

fn profiles(node: &Node, source: &Arc<Source>, suite: &Suite) -> Result<Vec<String>, Diagnostic> {
    let known: Vec<&str> = suite.profiles.iter().map(|profile| profile.name.as_str()).collect();
    let one = |node: &Node| {
        let name = string(node, source, "a profile")?;
        if known.contains(&name.as_str()) {
            return Ok(name);
        }
        let message = format!("unknown profile `{name}`");
        Err(Diagnostic::at(node.place(source), message).suggest(&name, known.iter().copied()))
    };
    let Value::List(list) = &node.value else { return Ok(vec![one(node)?]) };
    let mut profiles: Vec<String> = Vec::new();
    for node in list {
        let name = one(node)?;
        if profiles.contains(&name) {
            let message = format!("the profile `{name}` stands here a second time");
            return Err(Diagnostic::at(node.place(source), message));
        }
        profiles.push(name);
    }
    if profiles.is_empty() {
        return Err(Diagnostic::at(node.place(source), "a scenario runs in one profile at least")
            .help(format!("known here: {}", known.join(", "))));
    }
    Ok(profiles)
}

fn stages(
    since: Option<&Located<String>>,
    until: Option<&Located<String>>,
    source: &Arc<Source>,
    suite: &Suite,
) -> Result<Stages, Diagnostic> {
    let stage = |name: &Located<String>| {
        suite.stage(&name.value).ok_or_else(|| {
            let message = format!("unknown stage `{}`", name.value);
            Diagnostic::at(name.place(source), message)
                .suggest(&name.value, suite.stages.iter().map(String::as_str))
        })
    };
    let stages =
        Stages { since: since.map(stage).transpose()?.unwrap_or(0), until: until.map(stage).transpose()? };
    match until {
        Some(name) if stages.until <= Some(stages.since) => {
            let message = "this holds at no stage: `until` names one that does not come after `since`";
            Err(Diagnostic::at(name.place(source), message)
                .help(format!("the order is {}", suite.stages.join(", "))))
        }
        _ => Ok(stages),
    }
}

fn check_id(id: &Located<String>, source: &Arc<Source>) -> Result<(), Diagnostic> {
    let kebab =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    if !id.value.is_empty() && id.value.chars().all(kebab) {
        return Ok(());
    }
    Err(Diagnostic::at(id.place(source), format!("`{}` is not the id of a step", id.value))
        .help("an id is small letters, digits and `-`: wrong-password"))
}

fn check_known(
    what: &str,
    name: &Located<String>,
    source: &Arc<Source>,
    known: &[&str],
) -> Result<(), Diagnostic> {
    if known.contains(&name.value.as_str()) {
        return Ok(());
    }
    let message = format!("unknown {what} `{}`", name.value);
    Err(Diagnostic::at(name.place(source), message).suggest(&name.value, known.iter().copied()))
}
