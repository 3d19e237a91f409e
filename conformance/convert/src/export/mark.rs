//! Represents values that only a run can know as marks in a text.
//!
//! While requests and expectations are computed, each capture has a mark as its value. Afterwards each mark becomes a variable of the
//! other tool. An expression that computes with a mark is detected and refused, because the script would have to compute the same.

use super::Link;
use conformance_engine::memory::Memory;
use conformance_suite::json::Json;
use conformance_suite::plan::PlannedScenario;
use conformance_suite::request::{Agent, Prepared, Request};
use conformance_suite::suite::{OUTPUT, StepDefinition, Suite, Variable};
use conformance_suite::template::{Scope, TemplateError, Text};

/// Delimiters of a mark around the name of the variable: private-use characters that no request contains.
pub(super) const OPEN: char = '\u{E000}';
pub(super) const CLOSE: char = '\u{E001}';

/// Suffix of the name in a mark: long and in mixed case, so that an expression that changes or cuts the value leaves an incomplete mark.
///
/// There are two variants, so that values computed from a mark, such as digests, differ between them.
const RESTS: [&str; 2] = ["\u{E002}aA", "\u{E002}bB"];

/// The values of all names, with captures as marks, once for each variant.
#[derive(Debug, Clone, Default)]
pub(super) struct Marked(Scope, Scope);

/// The memories of a scenario with a mark for each capture, one for each variant.
pub(super) struct Memories([Memory; 2]);

impl Memories {
    pub(super) fn of(planned: &PlannedScenario, definitions: &[StepDefinition], suite: &Suite) -> Self {
        Self(RESTS.map(|rest| memory(planned, definitions, suite, rest)))
    }

    /// Returns the values of all names for a step.
    pub(super) fn scope(&mut self, definition: &StepDefinition) -> Result<Marked, TemplateError> {
        let [one, other] = &mut self.0;
        Ok(Marked(one.scope(definition)?, other.scope(definition)?))
    }
}

impl Marked {
    /// Evaluates a text, with marks in the result; `None` if it computes with a mark.
    pub(super) fn value(&self, text: &Text) -> Option<Json> {
        let (one, other) = (text.json(&self.0).ok()?, text.json(&self.1).ok()?);
        let (first, second) = (one.to_string(), other.to_string());
        (is_whole(&first) && plain(&first) == plain(&second)).then_some(one)
    }

    /// Like [`value`](Self::value), but returns a string.
    pub(super) fn text(&self, text: &Text) -> Option<String> {
        let (one, other) = (text.render(&self.0).ok()?, text.render(&self.1).ok()?);
        (is_whole(&one) && plain(&one) == plain(&other)).then_some(one)
    }

    /// Returns a request with marks in it.
    ///
    /// # Errors
    /// Returns the reason if the request cannot be exported.
    pub(super) fn request(&self, request: &Request) -> Result<Prepared, String> {
        let undecided = |text: &Text| {
            text.render(&self.0).is_ok_and(|cookie| holds_one(&cookie) && !cookie.contains('='))
        };
        if request.agent == Agent::Curl && request.cookies.iter().any(undecided) {
            return Err(
                "a value that is known only during a run decides whether it sends a cookie or a cookie file"
                    .to_owned(),
            );
        }
        let compose = |scope| request.compose(scope).map_err(|error| error.to_string());
        let (one, again, other) = (compose(&self.0)?, compose(&self.0)?, compose(&self.1)?);
        // Values such as fresh UUIDs always differ, so they do not show that a mark was used.
        let computes = texts(&one) == texts(&again) && plains(&one) != plains(&other);
        let encodes = texts(&one).iter().any(|text| text.contains("%EE%80%80"))
            || one
                .headers
                .iter()
                .any(|header| header.is("authorization") && decoded(&header.value).contains(OPEN));
        if encodes {
            return Err("it encodes a value that is known only during a run".to_owned());
        }
        if computes || !texts(&one).iter().all(|text| is_whole(text)) {
            return Err("it computes with a value that is known only during a run".to_owned());
        }
        Ok(one)
    }

    /// Returns the parts of the target of a request that begins with a mark.
    pub(super) fn link(&self, request: &Request, prepared: &Prepared) -> Option<Link> {
        if prepared.any_target() {
            return None;
        }
        let path = self.text(&request.target)?;
        let (_, name, _) = next(&path).filter(|(before, ..)| before.is_empty())?;
        let query = prepared.target.strip_prefix(&*path)?;
        let query = query.strip_prefix(['?', '&']).unwrap_or(query).to_owned();
        Some(Link { variable: name.to_owned(), path, query })
    }
}

/// Returns the secret variables of a suite.
pub(super) fn secret_variables(suite: &Suite) -> impl Iterator<Item = &Variable> {
    suite.variables.iter().filter(|variable| variable.secret)
}

/// Returns a variable name that every shell accepts.
pub(super) fn variable(name: &str) -> String {
    name.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect()
}

/// Returns the variable for an output value of the target program.
pub(super) fn output(name: &str) -> String {
    variable(&format!("{OUTPUT}_{name}"))
}

/// Replaces each mark by the result of `variable` for its name.
pub(super) fn unmark(text: &str, mut variable: impl FnMut(&str) -> String) -> String {
    let mut unmarked = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = next(rest) {
        unmarked.push_str(before);
        unmarked.push_str(&variable(name));
        rest = after;
    }
    unmarked + rest
}

/// Returns the name if the text is exactly one mark.
pub(super) fn single_mark(text: &str) -> Option<&str> {
    next(text).filter(|(before, _, after)| before.is_empty() && after.is_empty()).map(|(_, name, _)| name)
}

/// Whether a text contains a mark.
pub(super) fn holds_one(text: &str) -> bool {
    text.contains(OPEN)
}

/// Splits a text at its first mark: the text before it, the name, and the text after it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(OPEN)?;
    let (name, after) = rest.split_once(CLOSE)?;
    let name = RESTS.iter().fold(name, |name, rest| name.trim_end_matches(rest));
    Some((before, name.trim_start_matches('$'), after))
}

fn plain(text: &str) -> String {
    unmark(text, |name| format!("{OPEN}{name}{CLOSE}"))
}

/// Whether all marks are unmodified.
fn is_whole(text: &str) -> bool {
    !unmark(text, str::to_owned).contains([OPEN, CLOSE, '\u{E002}'])
}

/// Returns all text that the request sends.
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

fn memory(planned: &PlannedScenario, definitions: &[StepDefinition], suite: &Suite, rest: &str) -> Memory {
    // The dollar sign makes the shell quoting treat the word as special, so the mark ends up in single quotes.
    let mark = |name: &str| Json::from(format!("{OPEN}${}{}{CLOSE}", variable(name), rest.repeat(100)));
    let mut memory = Memory::new(suite);
    for capture in definitions.iter().flat_map(StepDefinition::captures) {
        memory.keep(&capture.keys, &mark(capture.keys.first().unwrap_or(&capture.name)));
    }
    let printed = suite.profile(&planned.profile).into_iter().flat_map(|profile| &profile.output);
    let printed = printed.map(|(name, _)| (name.clone(), mark(&output(name))));
    // A script asks for the secrets of the caller and does not have them.
    let secrets: Vec<(String, Json)> =
        secret_variables(suite).map(|one| (one.name.clone(), mark(&one.name))).collect();
    memory.meet(&suite.origin, &Json::Object(printed.collect()), &secrets);
    memory
}
