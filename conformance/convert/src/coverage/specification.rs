//! Finds the exchanges of a document that no step covers.
//!
//! A step covers an exchange if it sends the same request (method, path, query, relevant header fields and body) and could expect the
//! printed response. Values that are known only during a run match anything: UUIDs in the document, captures, and e-mail addresses that a
//! web site has hidden.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, LazyLock};

use regex::Regex;
use serde::Serialize;

use super::{Step, cell, named};
use crate::import::{self, Exchanges, Shown};
use crate::loose::{self, Value};
use crate::pattern;
use conformance_suite::amount::amount;
use conformance_suite::curl;
use conformance_suite::expectation::{Body, Expectation};
use conformance_suite::json::{self, Json};
use conformance_suite::matcher::Matcher;
use conformance_suite::request::{Files, Prepared, Request};
use conformance_suite::source::Source;
use conformance_suite::suite::{OUTPUT, StepDefinition, Suite, TARGET};
use conformance_suite::template::Scope;

/// The exchanges of a document.
#[derive(Debug, Serialize)]
pub struct Specification {
    /// The path of the document.
    pub file: String,
    /// Its exchanges, in document order.
    pub exchanges: Vec<Printed>,
}

/// An exchange that the document prints.
#[derive(Debug, Serialize)]
pub struct Printed {
    /// The line number of the command.
    pub line: usize,
    /// The heading above it.
    pub heading: Option<String>,
    /// The command, on one line.
    pub command: String,
    /// The steps that cover it.
    pub steps: Vec<Step>,
    /// Why no step does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// Wildcard in a request for a value that is known only during a run: a private-use character that no request contains.
const ANYTHING: char = '\u{F8FE}';

/// The value of a capture before a run, which every part of a request accepts; the wildcard replaces it.
const UNKNOWN: &str = "conformance-unknown-value";

impl Specification {
    /// Reads the exchanges of a document and finds the steps that cover them. `files` reads the files of the suite.
    #[must_use]
    pub fn read(source: &Arc<Source>, suite: &Suite, files: Files<'_>) -> Self {
        let (known, addresses) = (encoded(suite), addresses(suite));
        let Exchanges { shown, names, files: printed_files } = import::exchanges(source, suite, files);
        let files = |name: &str| {
            let printed = printed_files.get(name).map(|text| text.clone().into_bytes());
            files(name).or_else(|error| printed.ok_or(error))
        };
        let mut scope = Scope::default();
        scope.set(TARGET, &target(suite));
        for name in &names {
            scope.set(name, &UNKNOWN.into());
        }
        Self {
            file: source.path().to_owned(),
            exchanges: shown
                .iter()
                .map(|shown| printed(shown, suite, &files, &scope, &known, &addresses))
                .collect(),
        }
    }

    /// The exchanges that no step covers.
    pub fn missing(&self) -> impl Iterator<Item = &Printed> {
        self.exchanges.iter().filter(|printed| printed.missing.is_some())
    }

    pub(super) fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out)?;
        for printed in self.missing() {
            let reason = printed.missing.as_deref().unwrap_or_default();
            writeln!(out, "not covered: {}:{}: {reason}\n    {}", self.file, printed.line, printed.command)?;
        }
        writeln!(out, "{}", self.summary())
    }

    pub(super) fn write_markdown(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "\n## Exchanges of {}\n\n{}\n", cell(&self.file), self.summary())?;
        writeln!(out, "| line | command | steps |\n|---|---|---|")?;
        for printed in &self.exchanges {
            let steps = printed.steps.iter().map(|step| format!("`{}`", step.id)).collect::<Vec<_>>();
            let steps = match &printed.missing {
                Some(reason) => format!("none: {}", cell(reason)),
                None => steps.join("<br>"),
            };
            writeln!(out, "| {} | `{}` | {steps} |", printed.line, cell(&printed.command))?;
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let (missing, all) = (self.missing().count(), self.exchanges.len());
        let missing = if missing == 0 { "none".to_owned() } else { missing.to_string() };
        format!("{}: {missing} of {} without a step", self.file, amount(all, "exchange"))
    }
}

/// A request of a step and the expected response.
struct Encoded {
    step: Step,
    shape: Shape,
    expectation: Expectation,
    scope: Scope,
}

/// The parts of a request that matter for the comparison.
struct Shape {
    /// The name of the origin, if it is not that of the suite.
    at: Option<String>,
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// Returns all requests of a suite.
fn encoded(suite: &Suite) -> Vec<Encoded> {
    let mut encoded = Vec::new();
    for scenario in &suite.scenarios {
        let (mut scope, definitions) = (suite.scope(), &scenario.definitions);
        for capture in definitions.iter().flat_map(StepDefinition::captures) {
            scope.set(&capture.name, &UNKNOWN.into());
        }
        for variable in &suite.variables {
            scope.set(&variable.name, &UNKNOWN.into());
        }
        let outputs = suite.profiles.iter().flat_map(|profile| &profile.output);
        let outputs = outputs.map(|(name, _)| (name.clone(), UNKNOWN.into())).collect();
        scope.set(OUTPUT, &Json::Object(outputs));
        scope.set(TARGET, &target(suite));
        for (step, definition) in scenario.steps.iter().zip(&**definitions) {
            for branch in definition.branches() {
                // Members of a capture have no value before a run, so such a request is skipped.
                let Some(shape) = shape(&branch.request, &scope) else { continue };
                let (step, expectation) = (named(&scenario.id, step), branch.expectation.clone());
                encoded.push(Encoded { step, shape, expectation, scope: scope.clone() });
            }
        }
    }
    encoded
}

/// Returns the members of `${target}` for the origin that documents print.
fn target(suite: &Suite) -> Json {
    let host = suite.origin.split_once("://").map_or(suite.origin.as_str(), |(_, host)| host);
    let members = [("host", host), ("origin", suite.origin.as_str())];
    Json::Object(members.map(|(name, value)| (name.to_owned(), Json::from(value))).into())
}

fn printed(
    shown: &Shown,
    suite: &Suite,
    files: Files<'_>,
    scope: &Scope,
    known: &[Encoded],
    addresses: &[String],
) -> Printed {
    let mut steps = Vec::new();
    let written = || shown.place.source().text().get(shown.place.span().start..shown.place.span().end);
    let text = shown.command.clone().unwrap_or_else(|_| written().unwrap_or_default().to_owned());
    let parsed = shown.command.as_ref().map_err(Clone::clone).and_then(|command| {
        let other = suite.origins.iter().find(|(_, url)| *url == shown.origin);
        curl::parse(command, &shown.origin, files, &shown.place)
            .map(|request| Request { at: other.map(|(name, _)| name.as_str().into()), ..request })
            .map_err(|wrong| wrong.message().to_owned())
    });
    let missing = match parsed {
        Err(reason) => Some(reason),
        Ok(request) => match shape(&request, scope) {
            None => Some("the command cannot be sent as printed".to_owned()),
            Some(shape) => {
                let same: Vec<&Encoded> = known.iter().filter(|one| one.shape.matches(&shape)).collect();
                let agreeing = same.iter().filter(|one| expects_response(one, shown, addresses));
                steps.extend(agreeing.map(|one| one.step.clone()));
                steps.dedup();
                match (same.first(), steps.is_empty()) {
                    (_, false) => None,
                    (None, true) => Some("no step sends this request".to_owned()),
                    (Some(one), true) => Some(format!(
                        "no step expects this response; `{}` sends the request but expects another",
                        one.step.id
                    )),
                }
            }
        },
    };
    Printed {
        line: shown.place.line(),
        heading: Some(shown.heading.clone()),
        command: text.split_whitespace().collect::<Vec<_>>().join(" "),
        steps,
        missing,
    }
}

fn shape(request: &Request, scope: &Scope) -> Option<Shape> {
    let Prepared { method, target, mut headers, body, .. } = request.sketch(scope).ok()?;
    let mut body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
    // Each request has a boundary of its own.
    for header in headers.iter_mut().filter(|header| header.is("Content-Type")) {
        if let Some((kind, boundary)) = header.value.split_once("; boundary=") {
            body = body.replace(&format!("--{}", boundary.trim_matches('"')), "--");
            header.value = kind.to_owned();
        }
    }
    // Header fields that the client adds are irrelevant.
    let means = |name: &str| !matches!(name, "user-agent" | "accept" | "host" | "content-length");
    let headers = headers.into_iter().map(|header| (header.name.to_ascii_lowercase(), header.value));
    Some(Shape {
        at: request.at.as_deref().map(str::to_owned),
        method,
        target: with_wildcards(&target),
        headers: headers
            .filter(|(name, _)| means(name))
            .map(|(name, value)| (name, with_wildcards(&value)))
            .collect(),
        body: with_wildcards(&body),
    })
}

impl Shape {
    fn matches(&self, other: &Self) -> bool {
        let same = |one: (&String, &String), other: (&String, &String)| {
            one.0 == other.0 && can_be_equal(one.1, other.1)
        };
        self.at == other.at
            && self.method == other.method
            && can_be_equal(&self.target, &other.target)
            && self.headers.len() == other.headers.len()
            && self.headers.iter().zip(&other.headers).all(|(one, other)| same(one, other))
            && can_be_equal(&self.body, &other.body)
    }
}

/// Whether a step could expect the printed response: its status, and its body if that is JSON or text.
fn expects_response(encoded: &Encoded, shown: &Shown, addresses: &[String]) -> bool {
    let expectation = &encoded.expectation;
    if let (Some(expected), Some(status)) = (&expectation.status, shown.status)
        && !expected.allows(status, &encoded.scope)
    {
        return false;
    }
    // Members that the document leaves out can be anything.
    let Some(printed) = shown.body.as_deref().filter(|body| !is_elided(body)) else { return true };
    let agrees = |matcher: &Matcher, value: &Json| {
        let differences = matcher.compare_to(usize::MAX, value, "", &encoded.scope);
        // The values of captures are known only during a run.
        let mut shown = differences.shown.iter();
        shown.all(|difference| {
            let expected = with_wildcards(&difference.expected);
            // A capture may be a number.
            expected.trim_matches('"') == ANYTHING.to_string()
                || can_be_equal(&expected, &difference.received)
        })
    };
    match (&expectation.body, json_of(printed)) {
        (Some(Body::Json(matcher)), Some(text)) => {
            if let Some(lines) = matcher.lines() {
                let values = printed.lines().filter(|line| !line.trim().is_empty());
                let values: Option<Vec<Json>> = values.map(|line| json::read(line.as_bytes()).ok()).collect();
                return values.is_none_or(|values| agrees(lines, &Json::Array(values)));
            }
            let mut values = restored(text, addresses).peekable();
            // What documents print in the place of JSON, such as comments, is not compared.
            values.peek().is_none() || values.any(|value| agrees(matcher, &value))
        }
        (Some(Body::Json(_)), None) => printed.trim().is_empty(),
        (Some(Body::Text(matcher)), None) => {
            let bare = printed.trim_end_matches('\n');
            [printed, bare].iter().any(|text| agrees(matcher, &Json::from(*text)))
        }
        _ => true,
    }
}

/// Whether a document leaves out a part of a body.
fn is_elided(body: &str) -> bool {
    body.contains("...") || body.contains('…')
}

/// Returns the JSON at the beginning of a body.
fn json_of(body: &str) -> Option<&str> {
    let (value, length) = loose::read(body.trim_start())?;
    let is_nested = matches!(value, Value::Object(..) | Value::Array(..));
    let text = body.trim_start();
    (is_nested || text.len() == length || text.get(length..)?.trim().is_empty())
        .then(|| text.get(..length))?
}

/// Returns the body, unchanged and with each of the addresses in the place of hidden ones.
fn restored(body: &str, addresses: &[String]) -> impl Iterator<Item = Json> {
    let with = |address: &str| json::read(HIDDEN_EMAIL.replace_all(body, address).as_bytes()).ok();
    std::iter::once(with("$0")).chain(addresses.iter().map(move |address| with(address))).flatten()
}

/// Returns all e-mail addresses in the fixtures.
fn addresses(suite: &Suite) -> Vec<String> {
    fn gather(value: &Json, found: &mut Vec<String>) {
        match value {
            Json::String(text) if text.contains('@') => found.push(text.clone()),
            Json::Object(members) => members.values().for_each(|member| gather(member, found)),
            Json::Array(list) => list.iter().for_each(|item| gather(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    suite.fixtures.iter().for_each(|fixture| gather(&fixture.value, &mut found));
    found
}

static UUID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));

/// The placeholder for an e-mail address that a web site has hidden.
static HIDDEN_EMAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\[email(?:\s|&#160;)*protected\]"));

fn with_wildcards(text: &str) -> String {
    let anything = ANYTHING.to_string();
    let text = &text.replace(UNKNOWN, &anything);
    HIDDEN_EMAIL.replace_all(&UUID.replace_all(text, &anything), &anything).into_owned()
}

/// Whether two texts can be equal if wildcards match anything.
fn can_be_equal(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    // reach[j]: the first i characters of `one` can be the first j of `other`.
    let mut reach: Vec<bool> = vec![false; other.len() + 1];
    for i in 0..=one.len() {
        let mut row = vec![false; other.len() + 1];
        for j in 0..=other.len() {
            let mine = i.checked_sub(1).map(|i| one[i]);
            let theirs = j.checked_sub(1).map(|j| other[j]);
            row[j] = (mine.is_none() && theirs.is_none())
                || (mine == theirs && mine.is_some() && reach[j - 1])
                || (mine == Some(ANYTHING) && (reach[j] || j > 0 && row[j - 1]))
                || (theirs == Some(ANYTHING) && (row[j - 1] || i > 0 && reach[j]));
        }
        reach = row;
    }
    reach[other.len()]
}
