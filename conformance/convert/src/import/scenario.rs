//! Writes a story as a scenario.

use std::collections::BTreeSet;
use std::path::Path;

use super::answer::{Answer, Known};
use super::manifest::Around;
use super::step::{self, Label};
use super::{Exchange, Story, Wanted, capture, fresh};
use crate::loose::{self, Value};
use base64::Engine as _;
use conformance_suite::curl;
use conformance_suite::suite::Suite;
use conformance_suite::yaml::page::{line, unsure};

/// Returns the text of the scenario.
pub(super) fn write(story: &Story, around: &Around<'_>, wanted: &Wanted<'_>) -> String {
    let mut exchanges = story.exchanges.clone();
    let kept = capture::link(&mut exchanges, around.origin, &around.variables(), wanted);
    for exchange in &mut exchanges {
        if let Some(name) = around.named(&exchange.origin) {
            exchange.remarks.push(format!(
                "this is sent to the origin `{name}`: `--origin {name}=URL` gives its address"
            ));
        }
    }
    let (fixtures, mut known) = fixtures(story, wanted.suite);
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    let mut steps = String::new();
    let mut section = exchanges.first().map(|exchange| exchange.section);
    for (number, (exchange, kept)) in exchanges.iter().zip(&kept).enumerate() {
        let (method, target) =
            curl::parse(&exchange.command, &exchange.origin, wanted.files, &exchange.place)
                .map(|request| (request.method.written().to_owned(), request.target.written().to_owned()))
                .unwrap_or_default();
        let label = Label {
            id: super::free(&step::id(&method, &target), &mut ids),
            title: title(exchange, &method, &target, &mut titles),
            covers: around.requirement(exchange.section).map(|requirement| requirement.id.clone()),
        };
        if number > 0 {
            steps.push('\n');
        }
        if section != Some(exchange.section) {
            section = Some(exchange.section);
            let title = around.sections.get(exchange.section).map(String::as_str).unwrap_or_default();
            steps.push_str(&format!("  # {}\n", title.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
        let answer = Answer {
            command: &exchange.command,
            known: &known,
            kept,
            origin: &exchange.origin,
            shape: wanted.shape,
        };
        step::write(exchange, &label, &answer, &mut steps);
        let named = kept.iter().filter(|kept| !kept.value.is_empty());
        known.extend(named.map(|kept| (kept.value.clone(), kept.name.clone())));
    }
    let mut page = head(story, around);
    if let Some(sentence) = around.unsure_profile(story) {
        page.push_str(&format!("{}\n", unsure(&sentence)));
    }
    page.push_str(&format!("profile: {}\n", line(&around.profile(story))));
    if !fixtures.is_empty() {
        page.push_str(&format!("fixtures: [{}]\n", fixtures.join(", ")));
    }
    for left_out in &story.left_out {
        let place = left_out.place().map_or(0, conformance_suite::source::Place::line);
        let sentence = format!("the command in line {place} was left out: {}", left_out.message());
        page.push_str(&format!("{}\n", unsure(&sentence)));
    }
    page.push_str("\nsteps:\n");
    page.push_str(&steps);
    page
}

/// Returns the title of a step: the comment of the command, or request and response, with the query if another step has that title.
fn title(exchange: &Exchange, method: &str, target: &str, titles: &mut BTreeSet<String>) -> String {
    if let Some(comment) = &exchange.comment {
        return comment.clone();
    }
    let shown = |target: &str| {
        let target = plain(&target.replace("$${", "$"));
        format!("{method} {target} {}", outcome(exchange))
    };
    let short = shown(target.split('?').next().unwrap_or_default());
    if titles.insert(short.clone()) {
        return short;
    }
    let long = shown(target);
    titles.insert(long.clone());
    long
}

/// Returns the name of a document for the first line of a scenario.
pub(super) fn document(path: &str) -> String {
    Path::new(path).file_name().unwrap_or_default().to_string_lossy().replace(['\n', '\r'], " ")
}

fn head(story: &Story, around: &Around<'_>) -> String {
    let document = document(around.document);
    let from = story.exchanges.first().map_or(1, |exchange| exchange.place.line());
    format!(
        "# From {document}, line {from}. Places marked `unsure` are guesses.\nformat: 1\ntitle: {}\n",
        line(&story.title)
    )
}

/// Describes a response in a few words, for the title of a step.
fn outcome(exchange: &Exchange) -> String {
    let json = loose::read(body(exchange)).map_or(Value::Null, |(json, _)| json);
    let word = ["error", "message", "detail"].iter().find_map(|name| json.get(name)?.as_str());
    match (word, exchange.head.as_ref().and_then(|head| head.status)) {
        (Some(word), _) => format!("returns \"{word}\""),
        (None, Some(status)) => format!("returns {status}"),
        (None, None) => "returns the printed response".to_owned(),
    }
}

/// Formats a path for a title: `{name}` for each expression.
fn plain(target: &str) -> String {
    target.replace("${", "{")
}

/// Returns the fixtures of the suite that a story uses, and names for their values.
fn fixtures(story: &Story, suite: Option<&Suite>) -> (Vec<String>, Known) {
    let (mut names, mut known) = (Vec::new(), Known::new());
    for fixture in suite.iter().flat_map(|suite| &suite.fixtures) {
        let Some(members) = fixture.value.as_object() else { continue };
        let texts: Vec<(&String, &str)> =
            members.iter().filter_map(|(name, member)| Some((name, member.as_str()?))).collect();
        let is_specific = |(_, text): &&(&String, &str)| fresh::VALUE.is_match(text) || text.contains('@');
        let is_used = texts.iter().filter(is_specific).any(|(_, text)| {
            story.exchanges.iter().any(|exchange| {
                exchange.command.contains(text)
                    || body(exchange).contains(text)
                    || credentials(&exchange.command).contains(text)
            })
        });
        if is_used {
            names.push(fixture.name.clone());
            for (name, text) in texts.iter().filter(is_specific) {
                known.insert((*text).to_owned(), format!("{}.{name}", fixture.name));
            }
        }
    }
    (names, known)
}

fn body(exchange: &Exchange) -> &str {
    match &exchange.body {
        super::Body::Text { text, .. } if loose::read(text).is_some() => text,
        _ => "",
    }
}

/// Decodes the Basic credentials of a command.
fn credentials(command: &str) -> String {
    let word = command.split_once("Basic ").map_or("", |(_, after)| after);
    let token: String =
        word.chars().take_while(|one| one.is_ascii_alphanumeric() || "+/=".contains(*one)).collect();
    let decoded = base64::prelude::BASE64_STANDARD.decode(token).unwrap_or_default();
    String::from_utf8(decoded).unwrap_or_default()
}
