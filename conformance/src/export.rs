//! From scenarios to what other tools run: a shell script with curl, or a Hurl file.
//!
//! In goes a [`Plan`](crate::plan::Plan), out comes a text. A value that only a run can know, a capture, becomes a variable of the script. What the other
//! tool cannot say stands in a comment. Nothing is sent.

mod hurl;
mod mark;
mod shell;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::capture::{Capture, Found};
use crate::expectation::Expectation;
use crate::plan::Trial;
use crate::request::{Agent, Prepared, Request};
use crate::suite::{Branch, Race, Step, StepDefinition, Suite};

use mark::{Marked, Memories, variable};

pub use hurl::hurl;
pub use shell::shell;

/// A request as another tool has to send it.
struct Outgoing<'a> {
    step: &'a Step,
    /// The race that it belongs to.
    race: Option<&'a Race>,
    /// The request, captures in it as marks; or why it cannot be told.
    request: Result<Prepared, String>,
    /// What is expected of its answer, and what names mean there.
    expectation: &'a Expectation,
    marked: Marked,
    /// What is kept.
    kept: Vec<Kept<'a>>,
    /// Whether the segments `.` and `..` of its path are sent.
    path_as_is: bool,
    /// How often it is sent.
    times: usize,
    /// Whether it begins its step.
    first: bool,
}

/// A value that is kept of an answer.
struct Kept<'a> {
    /// The variable that keeps it.
    variable: String,
    /// Where it is found.
    found: Found<'a>,
    /// The pattern whose first group is the part that is kept, where it is not all of it.
    part: Option<Cow<'a, str>>,
}

/// What is sent of a trial, in order; `deeds` is what its steps do.
fn outgoing<'a>(trial: &'a Trial, definitions: &'a [StepDefinition], suite: &Suite) -> Vec<Outgoing<'a>> {
    let mut memories = Memories::of(trial, definitions, suite);
    let steps = trial.steps.iter().map(|(index, _)| (&trial.scenario.steps[*index], &definitions[*index]));
    let mut outgoing = Vec::new();
    // The captures that nothing makes, and whether the target would have to be started again.
    let (mut owed, mut restarted) = (BTreeSet::new(), false);
    // A jar that nothing is kept in sends nothing.
    let all = definitions.iter().flat_map(StepDefinition::requests);
    let kept: BTreeSet<&String> = all.filter_map(|request| request.jar.as_ref()?.keeps.as_ref()).collect();
    for (step, definition) in steps {
        restarted |= step.restart.is_some();
        let needs = definition.all_needs().find(|need| owed.contains(&*need.key));
        let offered = suite.profile(&trial.profile).map_or(&[][..], |profile| &profile.features);
        let lacking = step.requires.iter().find(|feature| !offered.contains(feature));
        let skip_reason = match needs {
            _ if lacking.is_some() => {
                lacking.map(|feature| format!("the profile does not offer `{feature}`, which it requires"))
            }
            _ if restarted => Some("the target is started again before it".to_owned()),
            Some(need) => Some(format!("it needs `{}`, which no step that is told keeps", need.name)),
            None => definition
                .requests()
                .filter_map(|request| request.jar.as_ref()?.reads.as_ref())
                .any(|jar| kept.contains(&jar))
                .then(|| "it sends the cookies of a jar".to_owned()),
        };
        for (index, branch) in definition.branches().iter().flat_map(Sending::of_branch).enumerate() {
            let marked = match &skip_reason {
                Some(reason) => Err(reason.clone()),
                None => memories.scope(definition).map_err(|error| error.to_string()),
            };
            let request =
                marked.as_ref().map_err(Clone::clone).and_then(|marked| marked.request(branch.request));
            if request.is_err() {
                owed.extend(branch.captures.iter().flat_map(|capture| capture.keys.iter().cloned()));
            }
            let kept = branch.captures.iter().map(|capture| {
                let name = capture.keys.first().unwrap_or(&capture.name);
                Kept { variable: variable(name), found: capture.source(), part: capture.part() }
            });
            outgoing.push(Outgoing {
                step,
                race: definition.race(),
                request,
                expectation: branch.expectation,
                marked: marked.unwrap_or_default(),
                kept: kept.collect(),
                path_as_is: branch.request.path_as_is || branch.request.agent != Agent::Curl,
                times: branch.times,
                first: index == 0,
            });
        }
    }
    outgoing
}

/// One of the requests that a step sends.
struct Sending<'a> {
    request: &'a Request,
    expectation: &'a Expectation,
    captures: &'a [Capture],
    times: usize,
}

impl<'a> Sending<'a> {
    /// Those of a lane: what is kept is kept of the first.
    fn of_branch(branch: &'a Branch) -> impl Iterator<Item = Self> {
        let first = Self {
            request: &branch.request,
            expectation: &branch.expectation,
            captures: &branch.captures,
            times: 1,
        };
        let rest = (branch.times > 1).then(|| Self { captures: &[], times: branch.times - 1, ..first });
        [first].into_iter().chain(rest)
    }
}

/// Says before the first request of a step what the step is, in its lines as comments.
fn words(outgoing: &Outgoing<'_>) -> String {
    let step = outgoing.step;
    if !outgoing.first {
        return String::new();
    }
    let mut at_once = String::new();
    if let Some(race) = outgoing.race {
        at_once.push_str("# In the suite these are sent at once; here one behind the other.\n");
        if !race.outcomes.is_empty() || race.distinct.is_some() {
            at_once
                .push_str("# What is demanded of all the answers together (`overall`) is not said here.\n");
        }
    }
    let block = step.place.block().text;
    let indent = block.len() - block.trim_start().len();
    let lines = block.lines().map(|line| line.get(indent..).unwrap_or(line.trim_start()));
    lines.map(|line| format!("#   {line}\n")).chain([at_once]).collect()
}
