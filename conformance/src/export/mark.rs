//! Values that only a run can know, as marks in a text.
//!
//! A capture is its mark while a request is composed and an expectation computed; then each mark becomes a variable of the other tool. What an
//! expression has made of a mark is found and refused: a script would have to do the same to the value.

use crate::json::Json;
use crate::memory::Memory;
use crate::plan::Trial;
use crate::request::{Agent, Prepared, Request};
use crate::suite::{OUTPUT, StepDefinition, Suite};
use crate::template::{Scope, TemplateError, Text};

/// Stand around the name of a variable until the text is quoted: private characters that no request holds.
pub(super) const OPEN: char = '\u{E000}';
pub(super) const CLOSE: char = '\u{E001}';

/// Stands behind the name, in both cases and long: an expression that changes or cuts the value leaves a part of it that is no mark. There
/// are two kinds, so that what is computed of a mark, a digest, differs from one to the other.
const RESTS: [&str; 2] = ["\u{E002}aA", "\u{E002}bB"];

/// What names mean while captures are marks, once with those of each kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Marked(Scope, Scope);

/// The memories of a scenario in which each capture is its mark.
pub(super) struct Memories([Memory; 2]);

impl Memories {
    pub(super) fn of(trial: &Trial, definitions: &[StepDefinition], suite: &Suite) -> Self {
        Self(RESTS.map(|rest| memory(trial, definitions, suite, rest)))
    }

    /// What names mean to a step.
    pub(super) fn scope(&mut self, definition: &StepDefinition) -> Result<Marked, TemplateError> {
        let [one, other] = &mut self.0;
        Ok(Marked(one.scope(definition)?, other.scope(definition)?))
    }
}

impl Marked {
    /// Returns what a text comes to, with marks in it; none where something is computed of a mark.
    pub(super) fn value(&self, text: &Text) -> Option<Json> {
        let (one, other) = (text.json(&self.0).ok()?, text.json(&self.1).ok()?);
        let (told, untold) = (one.to_string(), other.to_string());
        (is_whole(&told) && plain(&told) == plain(&untold)).then_some(one)
    }

    /// The same as a string.
    pub(super) fn text(&self, text: &Text) -> Option<String> {
        let (one, other) = (text.render(&self.0).ok()?, text.render(&self.1).ok()?);
        (is_whole(&one) && plain(&one) == plain(&other)).then_some(one)
    }

    /// Returns a request with marks in it.
    ///
    /// # Errors
    /// Why another tool cannot be told it.
    pub(super) fn request(&self, request: &Request) -> Result<Prepared, String> {
        let undecided = |text: &Text| {
            text.render(&self.0).is_ok_and(|cookie| holds_one(&cookie) && !cookie.contains('='))
        };
        if request.agent == Agent::Curl && request.cookies.iter().any(undecided) {
            return Err("whether it sends a cookie or the cookies of a file is decided by a value that only a run can know".to_owned());
        }
        let compose = |scope| request.compose(scope).map_err(|error| error.to_string());
        let (one, again, other) = (compose(&self.0)?, compose(&self.0)?, compose(&self.1)?);
        // What is another each time, as a fresh UUID is, says nothing of marks.
        let computes = texts(&one) == texts(&again) && plains(&one) != plains(&other);
        let encodes = texts(&one).iter().any(|text| text.contains("%EE%80%80"))
            || one
                .headers
                .iter()
                .any(|header| header.is("authorization") && decoded(&header.value).contains(OPEN));
        if encodes {
            return Err("it encodes a value that only a run can know".to_owned());
        }
        if computes || !texts(&one).iter().all(|text| is_whole(text)) {
            return Err("it computes with a value that only a run can know".to_owned());
        }
        Ok(one)
    }
}

/// A name that every shell takes for a variable's.
pub(super) fn variable(name: &str) -> String {
    name.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect()
}

/// The variable of what the program of a profile prints under this name.
pub(super) fn output(name: &str) -> String {
    variable(&format!("{OUTPUT}_{name}"))
}

/// Returns the text with each mark replaced by what `variable` makes of its name.
pub(super) fn unmark(text: &str, variable: impl Fn(&str) -> String) -> String {
    let mut unmarked = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = next(rest) {
        unmarked.push_str(before);
        unmarked.push_str(&variable(name));
        rest = after;
    }
    unmarked + rest
}

/// Returns the variable whose mark a text is, if it is one and nothing else.
pub(super) fn sole(text: &str) -> Option<&str> {
    next(text).filter(|(before, _, after)| before.is_empty() && after.is_empty()).map(|(_, name, _)| name)
}

/// Whether a text holds a mark.
pub(super) fn holds_one(text: &str) -> bool {
    text.contains(OPEN)
}

/// The first mark: what stands before it, the variable, and what stands behind it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(OPEN)?;
    let (name, after) = rest.split_once(CLOSE)?;
    let name = RESTS.iter().fold(name, |name, rest| name.trim_end_matches(rest));
    Some((before, name.trim_start_matches('$'), after))
}

fn plain(text: &str) -> String {
    unmark(text, |name| format!("{OPEN}{name}{CLOSE}"))
}

/// Whether every mark in it is as it was made.
fn is_whole(text: &str) -> bool {
    !unmark(text, str::to_owned).contains([OPEN, CLOSE, '\u{E002}'])
}

/// All that goes over the wire.
fn texts(request: &Prepared) -> Vec<String> {
    let fields = request.headers.iter().map(|header| header.value.clone());
    let bytes = request.body.iter().chain(&request.raw);
    let bytes = bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    fields.chain(bytes).chain([request.target.clone()]).collect()
}

fn plains(request: &Prepared) -> Vec<String> {
    texts(request).iter().map(|text| plain(text)).collect()
}

fn decoded(credentials: &str) -> String {
    use base64::Engine as _;
    let token = credentials.rsplit(' ').next().unwrap_or_default();
    let bytes = base64::prelude::BASE64_STANDARD.decode(token).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn memory(trial: &Trial, definitions: &[StepDefinition], suite: &Suite, rest: &str) -> Memory {
    // The dollar makes the shell's words with it quoted.
    let mark = |name: &str| Json::from(format!("{OPEN}${}{}{CLOSE}", variable(name), rest.repeat(100)));
    let mut memory = Memory::new(suite);
    for capture in definitions.iter().flat_map(StepDefinition::captures) {
        memory.keep(&capture.keys, &mark(capture.keys.first().unwrap_or(&capture.name)));
    }
    let printed = suite.profile(&trial.profile).into_iter().flat_map(|profile| &profile.output);
    let printed = printed.map(|(name, _)| (name.clone(), mark(&output(name))));
    memory.meet(&suite.origin, &Json::Object(printed.collect()), &[]);
    memory
}
