//! Writes a story as a scenario.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use serde_json::Value as Json;

use super::answer::Known;
use super::manifest::{Around, Requirement};
use super::step::{self, Label};
use super::{Story, Wanted, capture, fresh};
use conformance_suite::curl;
use conformance_suite::suite::Suite;
use conformance_suite::yaml::page::{line, unsure};

/// Returns the text of the scenario, and the requirements of its steps for a new register.
pub(super) fn write(
    story: &Story,
    around: &Around<'_>,
    index: usize,
    wanted: &Wanted<'_>,
) -> (String, Vec<Requirement>) {
    let mut exchanges = story.exchanges.clone();
    let kept = capture::link(&mut exchanges, around.origin, wanted);
    let (fixtures, mut known) = fixtures(story, wanted.suite);
    let mut requirements = Vec::new();
    let mut ids = BTreeSet::new();
    let mut steps = String::new();
    for (number, (exchange, kept)) in exchanges.iter().zip(&kept).enumerate() {
        let (method, target) = curl::parse(&exchange.command, around.origin, wanted.files, &exchange.place)
            .map(|request| (request.method.clone(), request.target.written().to_owned()))
            .unwrap_or_default();
        let title = exchange.comment.clone().unwrap_or_else(|| {
            let target = target.split('?').next().unwrap_or_default().replace("$${", "$");
            format!("{method} {} {}", plain(&target), outcome(exchange))
        });
        let requirement = Requirement {
            id: around.requirement_id(index, number),
            clause: story.title.clone(),
            text: title.clone(),
        };
        let label = Label {
            id: super::free(&step::id(&method, &target), &mut ids),
            title,
            covers: covered(wanted.suite, &requirement).then(|| requirement.id.clone()),
        };
        if number > 0 {
            steps.push('\n');
        }
        step::write(exchange, &label, &known, kept, around.origin, &mut steps);
        known.extend(kept.iter().map(|kept| (kept.value.clone(), kept.name.clone())));
        requirements.push(requirement);
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
    (page, requirements)
}

fn head(story: &Story, around: &Around<'_>) -> String {
    let document = Path::new(around.document).file_name().unwrap_or_default().to_string_lossy();
    let from = story.exchanges.first().map_or(1, |exchange| exchange.place.line());
    format!(
        "# From {document}, line {from}. Places marked `unsure` are guesses.\nformat: 1\ntitle: {}\n",
        line(&story.title)
    )
}

/// Describes a response in a few words, for the title of a step.
fn outcome(exchange: &super::Exchange) -> String {
    let json = serde_json::from_str::<Json>(body(exchange)).unwrap_or_default();
    let word = ["error", "message", "detail"].iter().find_map(|name| json.get(name)?.as_str());
    match (word, &exchange.head) {
        (Some(word), _) => format!("returns \"{word}\""),
        (None, Some(head)) => format!("returns {}", head.status),
        (None, None) => "returns the printed response".to_owned(),
    }
}

/// Whether a step covers the requirement: the register is new or already has the requirement.
fn covered(suite: Option<&Suite>, requirement: &Requirement) -> bool {
    suite.is_none_or(|suite| {
        let mut known = suite.requirements.iter();
        known.any(|known| {
            *known.id == *requirement.id
                && known.clause == requirement.clause
                && known.text == requirement.text
        })
    })
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

fn body(exchange: &super::Exchange) -> &str {
    match &exchange.body {
        super::Body::Text { text, .. } if serde_json::from_str::<Json>(text).is_ok() => text,
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
