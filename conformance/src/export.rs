//! From scenarios to what other tools run: a shell script with curl, or a Hurl file.
//!
//! In goes a [`Plan`](crate::plan::Plan), out comes a text. A value that only a run can know, a capture, becomes a variable of the script. What the other
//! tool cannot say stands in a comment. Nothing is sent.

mod hurl;
mod shell;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::capture::{Capture, Found};
use crate::expectation::{Expectation, Status};
use crate::json::Json;
use crate::memory::Memory;
use crate::plan::Trial;
use crate::request::{Agent, Prepared, Request};
use crate::suite::{Lane, OUTPUT, Step, Suite};

pub use hurl::hurl;
pub use shell::shell;

/// A request as another tool has to send it.
struct Outgoing<'a> {
    step: &'a Step,
    /// The request, captures in it as marks; or why it cannot be told.
    request: Result<Prepared, String>,
    /// The status that is expected.
    status: Option<&'a Status>,
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

/// Stand around the name of a variable until the text is quoted: private characters that no request holds.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// Stands behind the name, in both cases and long: an expression that changes or cuts the value leaves a part of it that is no mark.
const REST: &str = "\u{E002}aA";

fn mark(name: &str) -> String {
    // The dollar makes the shell's words with it quoted.
    format!("{OPEN}${}{}{CLOSE}", variable(name), REST.repeat(100))
}

/// A name that every shell takes for a variable's.
fn variable(name: &str) -> String {
    name.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect()
}

/// Returns the text with each mark replaced by what `variable` makes of its name.
fn unmark(text: &str, variable: impl Fn(&str) -> String) -> String {
    let mut unmarked = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = rest
        .split_once(OPEN)
        .and_then(|(before, rest)| rest.split_once(CLOSE).map(|(name, after)| (before, name, after)))
    {
        unmarked.push_str(before);
        unmarked.push_str(&variable(name.trim_start_matches('$').trim_end_matches(REST)));
        rest = after;
    }
    unmarked + rest
}

/// What is sent of a trial, in order.
fn outgoing<'a>(trial: &'a Trial, suite: &Suite) -> Vec<Outgoing<'a>> {
    let mut memory = memory(trial, suite);
    let steps = trial.steps.iter().map(|(index, _)| &trial.scenario.steps[*index]);
    let mut outgoing = Vec::new();
    // The captures that nothing makes, and whether the target would have to be started again.
    let (mut owed, mut restarted) = (BTreeSet::new(), false);
    // A jar that nothing is kept in sends nothing.
    let all = trial.scenario.steps.iter().flat_map(Step::requests);
    let kept: BTreeSet<&String> = all.filter_map(|request| request.jar.keeps.as_ref()).collect();
    for step in steps {
        restarted |= step.restart.is_some();
        let needs = step.needs.iter().chain(step.frame.all_needs()).find(|need| owed.contains(&need.key));
        let hindrance = match needs {
            _ if restarted => Some("the target is started again before it".to_owned()),
            Some(need) => Some(format!("it needs `{}`, which no step that is told keeps", need.name)),
            None => step
                .requests()
                .filter_map(|request| request.jar.reads.as_ref())
                .any(|jar| kept.contains(&jar))
                .then(|| "it sends the cookies of a jar".to_owned()),
        };
        let lanes = step.race.as_ref().map(|race| race.lanes.iter());
        let lanes: Vec<Sending<'a>> = match lanes {
            Some(lanes) => lanes.flat_map(Sending::of_lane).collect(),
            None => vec![Sending::of_step(step)],
        };
        for (index, lane) in lanes.into_iter().enumerate() {
            let request = match &hindrance {
                Some(reason) => Err(reason.clone()),
                None => memory
                    .scope(step)
                    .and_then(|scope| lane.request.compose(&scope))
                    .map_err(|error| error.to_string())
                    .and_then(tellable),
            };
            if request.is_err() {
                owed.extend(lane.captures.iter().flat_map(|capture| capture.keys.iter().cloned()));
            }
            let kept = lane.captures.iter().map(|capture| {
                let name = capture.keys.first().unwrap_or(&capture.name);
                Kept { variable: variable(name), found: capture.source(), part: capture.part() }
            });
            let (status, kept, times) = (lane.expectation.status.as_ref(), kept.collect(), lane.times);
            let path_as_is = lane.request.path_as_is || lane.request.agent != Agent::Curl;
            outgoing.push(Outgoing { step, request, status, kept, path_as_is, times, first: index == 0 });
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
    fn of_step(step: &'a Step) -> Self {
        Self { request: &step.request, expectation: &step.expectation, captures: &step.captures, times: 1 }
    }

    /// Those of a lane: what is kept is kept of the first.
    fn of_lane(lane: &'a Lane) -> impl Iterator<Item = Self> {
        let first = Self {
            request: &lane.request,
            expectation: &lane.expectation,
            captures: &lane.captures,
            times: 1,
        };
        let rest = (lane.times > 1).then(|| Self { captures: &[], times: lane.times - 1, ..first });
        [first].into_iter().chain(rest)
    }
}

/// Refuses a request in which a mark has been encoded or cut: a script would have to do the same to its value.
fn tellable(request: Prepared) -> Result<Prepared, String> {
    let fields = request.headers.iter().map(|header| header.value.clone());
    let bytes =
        request.body.iter().chain(&request.raw).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let texts: Vec<String> = fields.chain(bytes).chain([request.target.clone()]).collect();
    if texts.iter().any(|text| unmark(text, |_| String::new()).contains([OPEN, CLOSE, '\u{E002}'])) {
        return Err("it computes with a value that only a run can know".to_owned());
    }
    let authorization = request
        .headers
        .iter()
        .any(|header| header.is("authorization") && decoded(&header.value).contains(OPEN));
    let body = request.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    if authorization || request.target.contains("%EE%80%80") || body.contains("%EE%80%80") {
        return Err("it encodes a value that only a run can know".to_owned());
    }
    Ok(request)
}

fn decoded(credentials: &str) -> String {
    use base64::Engine as _;
    let token = credentials.rsplit(' ').next().unwrap_or_default();
    let bytes = base64::prelude::BASE64_STANDARD.decode(token).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A memory in which each capture is its mark.
fn memory(trial: &Trial, suite: &Suite) -> Memory {
    let mut memory = Memory::new(suite);
    for capture in trial.scenario.steps.iter().flat_map(Step::all_captures) {
        memory.keep(&capture.keys, &mark(capture.keys.first().unwrap_or(&capture.name)).into());
    }
    let output = suite.profile(&trial.profile).into_iter().flat_map(|profile| &profile.output);
    let output = output.map(|(name, _)| (name.clone(), mark(&format!("{OUTPUT}_{name}")).into()));
    memory.meet(&suite.origin, &Json::Object(output.collect()), &[]);
    memory
}

/// Says before the first request of a step what the step is, in its lines as comments.
fn words(outgoing: &Outgoing<'_>) -> String {
    let step = outgoing.step;
    if !outgoing.first {
        return String::new();
    }
    let at_once = step
        .race
        .as_ref()
        .map_or("", |_| "# In the suite these are sent at once; here one behind the other.\n");
    let block = step.place.block().text;
    let indent = block.len() - block.trim_start().len();
    let lines = block.lines().map(|line| line.get(indent..).unwrap_or(line.trim_start()));
    lines.map(|line| format!("#   {line}\n")).chain([at_once.to_owned()]).collect()
}
