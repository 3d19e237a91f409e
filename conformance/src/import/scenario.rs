//! A story, written as a scenario.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use serde_json::Value as Json;

use super::answer::Known;
use super::manifest::{Around, Demand};
use super::step::{self, Label};
use super::{Story, Wanted, capture, fresh};
use crate::curl;
use crate::suite::Suite;
use crate::yaml::page::{line, unsure};

/// Returns the text of the scenario, and the demands that its steps cover where a register has to be made.
pub(super) fn write(
    story: &Story,
    around: &Around<'_>,
    index: usize,
    wanted: &Wanted<'_>,
) -> (String, Vec<Demand>) {
    let mut seen = story.seen.clone();
    let kept = capture::link(&mut seen, around.origin, wanted);
    let (fixtures, mut known) = fixtures(story, wanted.suite);
    let mut demands = Vec::new();
    let mut ids = BTreeSet::new();
    let mut steps = String::new();
    for (number, (seen, kept)) in seen.iter().zip(&kept).enumerate() {
        let (method, target) = curl::parse(&seen.command, around.origin, wanted.files, &seen.place)
            .map(|request| (request.method.clone(), request.target.written().to_owned()))
            .unwrap_or_default();
        let title = seen.comment.clone().unwrap_or_else(|| {
            let target = target.split('?').next().unwrap_or_default().replace("${'${'}", "$");
            format!("{method} {} {}", plain(&target), outcome(seen))
        });
        let demand = Demand {
            id: around.requirement(index, number),
            clause: story.title.clone(),
            text: title.clone(),
        };
        let label = Label {
            id: super::free(&step::id(&method, &target), &mut ids),
            title,
            covers: covered(wanted.suite, &demand).then(|| demand.id.clone()),
        };
        if number > 0 {
            steps.push('\n');
        }
        step::write(seen, &label, &known, kept, around.origin, &mut steps);
        known.extend(kept.iter().map(|kept| (kept.value.clone(), kept.name.clone())));
        demands.push(demand);
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
        let place = left_out.place().map_or(0, crate::source::Place::line);
        let sentence = format!("the command of line {place} was left out: {}", left_out.message());
        page.push_str(&format!("{}\n", unsure(&sentence)));
    }
    page.push_str("\nsteps:\n");
    page.push_str(&steps);
    (page, demands)
}

fn head(story: &Story, around: &Around<'_>) -> String {
    let document = Path::new(around.document).file_name().unwrap_or_default().to_string_lossy();
    let from = story.seen.first().map_or(1, |seen| seen.place.line());
    format!(
        "# From {document}, line {from} on. What it does not tell stands under `unsure`.\nformat: 1\ntitle: {}\n",
        line(&story.title)
    )
}

/// What a story says of an answer in a few words.
fn outcome(seen: &super::Seen) -> String {
    let json = serde_json::from_str::<Json>(body(seen)).unwrap_or_default();
    let word = ["error", "message", "detail"].iter().find_map(|name| json.get(name)?.as_str());
    match (word, &seen.head) {
        (Some(word), _) => format!("answers \"{word}\""),
        (None, Some(head)) => format!("is answered {}", head.status),
        (None, None) => "is answered as it is printed".to_owned(),
    }
}

/// Whether a step covers the requirement of its exchange: a register is made, or was made before.
fn covered(suite: Option<&Suite>, demand: &Demand) -> bool {
    suite.is_none_or(|suite| {
        let mut known = suite.requirements.iter();
        known.any(|known| {
            *known.id == *demand.id && known.clause == demand.clause && known.text == demand.text
        })
    })
}

/// A path in which an expression stands as its name.
fn plain(target: &str) -> String {
    target.replace("${", "{")
}

/// The fixtures of the suite that a story speaks of, and what their values are called.
fn fixtures(story: &Story, suite: Option<&Suite>) -> (Vec<String>, Known) {
    let (mut names, mut known) = (Vec::new(), Known::new());
    for fixture in suite.iter().flat_map(|suite| &suite.fixtures) {
        let Some(members) = fixture.value.as_object() else { continue };
        let texts: Vec<(&String, &str)> =
            members.iter().filter_map(|(name, member)| Some((name, member.as_str()?))).collect();
        let telling = |(_, text): &&(&String, &str)| fresh::VALUE.is_match(text) || text.contains('@');
        let speaks = texts.iter().filter(telling).any(|(_, text)| {
            story.seen.iter().any(|seen| {
                seen.command.contains(text)
                    || body(seen).contains(text)
                    || credentials(&seen.command).contains(text)
            })
        });
        if speaks {
            names.push(fixture.name.clone());
            for (name, text) in texts.iter().filter(telling) {
                known.insert((*text).to_owned(), format!("{}.{name}", fixture.name));
            }
        }
    }
    (names, known)
}

fn body(seen: &super::Seen) -> &str {
    match &seen.body {
        super::Body::Text { text, .. } if serde_json::from_str::<Json>(text).is_ok() => text,
        _ => "",
    }
}

/// What the credentials of Basic authentication in a command say.
fn credentials(command: &str) -> String {
    let word = command.split_once("Basic ").map_or("", |(_, behind)| behind);
    let token: String =
        word.chars().take_while(|one| one.is_ascii_alphanumeric() || "+/=".contains(*one)).collect();
    let decoded = base64::prelude::BASE64_STANDARD.decode(token).unwrap_or_default();
    String::from_utf8(decoded).unwrap_or_default()
}
