//! From scenarios to what other tools run: a shell script with curl, or a Hurl file.
//!
//! In goes a [`Plan`](crate::plan::Plan), out comes a text. A value that only a run can know, a capture, becomes a variable of the script. What the other
//! tool cannot say stands in a comment. Nothing is sent.

mod hurl;
mod shell;

use crate::capture::Found;
use crate::json::Json;
use crate::memory::Memory;
use crate::plan::Trial;
use crate::request::Prepared;
use crate::suite::{OUTPUT, Step, Suite};

pub use hurl::hurl;
pub use shell::shell;

/// A step as another tool has to send it.
struct Outgoing<'a> {
    step: &'a Step,
    /// The request, captures in it as marks; or why it cannot be told.
    request: Result<Prepared, String>,
    /// What is kept: the variable, and where it is found.
    kept: Vec<(String, Found<'a>)>,
}

/// Stand around the name of a variable until the text is quoted: private characters that no request holds.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

fn mark(name: &str) -> String {
    // The dollar makes the shell's words with it quoted.
    format!("{OPEN}${}{CLOSE}", variable(name))
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
        unmarked.push_str(&variable(name.trim_start_matches('$')));
        rest = after;
    }
    unmarked + rest
}

fn outgoing<'a>(trial: &'a Trial, suite: &Suite) -> Vec<Outgoing<'a>> {
    let mut memory = memory(trial, suite);
    let steps = trial.steps.iter().map(|(index, _)| &trial.scenario.steps[*index]);
    let mut outgoing = Vec::new();
    for step in steps {
        let request = match step.race {
            Some(_) => Err("it sends several requests at once".to_owned()),
            None => memory
                .scope(step)
                .and_then(|scope| step.request.compose(&scope))
                .map_err(|error| error.to_string())
                .and_then(tellable),
        };
        let kept = step.captures.iter().map(|capture| {
            let name = capture.keys.first().unwrap_or(&capture.name);
            (variable(name), capture.source())
        });
        outgoing.push(Outgoing { step, request, kept: kept.collect() });
    }
    outgoing
}

/// Refuses a request in which a mark has been encoded: a script would have to encode its value in the same way.
fn tellable(request: Prepared) -> Result<Prepared, String> {
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

/// The lines of a step, each as a comment.
fn words(step: &Step) -> String {
    let block = step.place.block().text;
    let indent = block.len() - block.trim_start().len();
    block.lines().map(|line| format!("#   {}\n", line.get(indent..).unwrap_or(line.trim_start()))).collect()
}
