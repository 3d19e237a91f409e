//! Exports scenarios for other tools: as a shell script with curl, or as a Hurl file.
//!
//! Captures become variables of the script. A step or an expectation that the other tool cannot express becomes a comment. Nothing is
//! sent.

mod hurl;
mod mark;
mod shell;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use conformance_suite::capture::{Capture, Found};
use conformance_suite::expectation::Expectation;
use conformance_suite::plan::PlannedScenario;
use conformance_suite::request::{Agent, Prepared, Request};
use conformance_suite::safe::{comment, line, log};
use conformance_suite::suite::{Branch, Race, Step, StepDefinition, StepRequests, Suite};

use mark::{Marked, Memories, variable};

pub use hurl::hurl;
pub use shell::shell;

/// A request for another tool.
struct Outgoing<'a> {
    step: &'a Step,
    /// The race that the request belongs to.
    race: Option<&'a Race>,
    /// The request, with marks for captures; or the reason why it cannot be exported.
    request: Result<Prepared, String>,
    /// The path and the query, if only a run can know whether the path is a URL.
    link: Option<Link>,
    /// The expectation of the response, and the values of its expressions.
    expectation: &'a Expectation,
    marked: Marked,
    /// The captures.
    kept: Vec<Kept<'a>>,
    /// Whether `.` and `..` segments of the path are sent unchanged, as by curl's `--path-as-is`.
    path_as_is: bool,
    /// The number of times that it is sent.
    times: usize,
    /// Whether it is the first request of its step.
    first: bool,
}

/// A request target that begins with a mark, whose value may be a path or a URL of the target.
struct Link {
    /// The variable that it begins with.
    variable: String,
    /// The path as written, with marks.
    path: String,
    /// The query that is added to it, with marks.
    query: String,
}

/// A capture in terms of the other tool.
struct Kept<'a> {
    /// The name of the variable.
    variable: String,
    /// The place in the response.
    found: Found<'a>,
    /// A pattern whose first group is the captured part; `None` for the whole value.
    part: Option<Cow<'a, str>>,
}

/// Returns the requests of a scenario in order.
fn outgoing<'a>(planned: &'a PlannedScenario, suite: &Suite) -> Vec<Outgoing<'a>> {
    let definitions = &planned.scenario.definitions;
    let mut memories = Memories::of(planned, definitions, suite);
    let steps =
        planned.steps.iter().map(|(index, _)| (&planned.scenario.steps[*index], &definitions[*index]));
    let mut outgoing = Vec::new();
    // The captures of steps that are not exported, and whether a step restarts the target.
    let (mut uncaptured, mut restarted) = (BTreeSet::new(), false);
    // A cookie jar that no step writes sends nothing.
    let all = definitions.iter().flat_map(StepDefinition::requests);
    let kept: BTreeSet<&String> = all.filter_map(|request| request.jar.as_ref()?.keeps.as_ref()).collect();
    for (step, definition) in steps {
        restarted |= step.restart.is_some();
        let needs = definition.all_needs().find(|need| uncaptured.contains(&*need.key));
        let offered = suite.profile(&planned.profile).map_or(&[][..], |profile| &profile.features);
        let lacking = step.requires.iter().find(|feature| !offered.contains(feature));
        let skip_reason = match needs {
            _ if lacking.is_some() => {
                lacking.map(|feature| format!("the profile does not offer the required feature `{feature}`"))
            }
            _ if definition.requests().any(|request| request.at.is_some()) => {
                Some("it is sent to another origin".to_owned())
            }
            _ if definition.is_stream() => Some("it reads a stream".to_owned()),
            _ if restarted => Some("the target is restarted before this step".to_owned()),
            Some(need) => Some(format!("it needs `{}`, which no exported step captures", need.name)),
            None => definition
                .requests()
                .filter_map(|request| request.jar.as_ref()?.reads.as_ref())
                .any(|jar| kept.contains(&jar))
                .then(|| "it sends the cookies of a jar".to_owned()),
        };
        let without_request = match &definition.sent {
            StepRequests::Execution(_) => Some("it runs a program"),
            StepRequests::Await(_) => Some("it awaits the events of a stream"),
            StepRequests::One(_) | StepRequests::Race(_) => None,
        };
        if let Some(reason) = without_request {
            uncaptured.extend(definition.captures().flat_map(|capture| capture.keys.iter().cloned()));
            outgoing.push(Outgoing {
                step,
                race: None,
                request: Err(reason.to_owned()),
                link: None,
                expectation: &NOTHING,
                marked: Marked::default(),
                kept: Vec::new(),
                path_as_is: false,
                times: 1,
                first: true,
            });
        }
        for (index, branch) in definition.branches().iter().flat_map(Sending::of_branch).enumerate() {
            let marked = match &skip_reason {
                Some(reason) => Err(reason.clone()),
                None => memories.scope(definition).map_err(|error| error.to_string()),
            };
            let request =
                marked.as_ref().map_err(Clone::clone).and_then(|marked| marked.request(branch.request));
            let link = marked.as_ref().ok().zip(request.as_ref().ok());
            let link = link.and_then(|(marked, prepared)| marked.link(branch.request, prepared));
            if request.is_err() {
                uncaptured.extend(branch.captures.iter().flat_map(|capture| capture.keys.iter().cloned()));
            }
            let kept = branch.captures.iter().map(|capture| {
                let name = capture.keys.first().unwrap_or(&capture.name);
                Kept { variable: variable(name), found: capture.source(), part: capture.part() }
            });
            outgoing.push(Outgoing {
                step,
                race: definition.race(),
                request,
                link,
                expectation: branch.expectation,
                marked: marked.unwrap_or_default(),
                kept: kept.collect(),
                path_as_is: branch.request.path_as_is || branch.request.agent != Agent::Curl,
                times: branch.times * step.repeat,
                first: index == 0,
            });
        }
    }
    outgoing
}

/// The expectation of a step that is not exported.
static NOTHING: LazyLock<Expectation> = LazyLock::new(Expectation::default);

/// One request of a step.
struct Sending<'a> {
    request: &'a Request,
    expectation: &'a Expectation,
    captures: &'a [Capture],
    times: usize,
}

impl<'a> Sending<'a> {
    /// Returns the requests of a branch. Values are captured from the first one only.
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

/// Returns text for a part of a comment line.
fn in_comment(text: &str) -> String {
    log(&line(text)).into_owned()
}

/// Returns the source of a step as comment lines, to precede its first request.
fn step_comment(outgoing: &Outgoing<'_>) -> String {
    let step = outgoing.step;
    if !outgoing.first {
        return String::new();
    }
    let mut at_once = String::new();
    if let Some(race) = outgoing.race {
        at_once.push_str(
            "# The suite sends these requests in parallel; here they are sent one after the other.\n",
        );
        if !race.outcomes.is_empty() || race.distinct.is_some() {
            at_once
                .push_str("# The expectations of all responses together (`overall`) are not checked here.\n");
        }
    }
    let block = step.place.block().text;
    let indent = block.len() - block.trim_start().len();
    let lines = block.lines().map(|line| line.get(indent..).unwrap_or(line.trim_start()));
    lines.map(|line| comment("   ", line)).chain([at_once]).collect()
}
