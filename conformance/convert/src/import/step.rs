//! Writes an exchange as a step.

use super::answer::{Answer, Known};
use super::capture::Kept;
use super::printed::Head;
use super::variables::is_secret;
use super::{Body, Exchange};
use conformance_suite::response::Response;
use conformance_suite::source::{Source, Span};
use conformance_suite::yaml::page::{Yaml, is_block, line, quote, quoted, unsure};

/// Id, title and covered requirement of a step.
pub(super) struct Label {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) covers: Option<String>,
}

/// Returns the YAML of a step for one exchange, to be inserted under `steps:`.
///
/// `command` is the curl command as typed, with the origin of the specification.
#[must_use]
pub fn step(command: &str, origin: &str, method: &str, target: &str, response: &Response) -> String {
    let text = response.text().into_owned();
    let head = Head { status: Some(response.status), headers: response.headers.clone() };
    let place = Source::new("", command).place(Span::default());
    let exchange = Exchange {
        command: command.replace("${", "$${"),
        origin: origin.to_owned(),
        place,
        comment: None,
        head: Some(head),
        body: Body::Text { text, sure: method != "HEAD" },
        remarks: Vec::new(),
        capture: None,
        checks: Vec::new(),
        sets: Vec::new(),
        section: 0,
    };
    let label = Label {
        id: id(method, target),
        title: format!("{method} {target} returns {}", response.status),
        covers: None,
    };
    let mut page = String::new();
    let known = Known::new();
    let answer = Answer { command: &exchange.command, known: &known, kept: &[], origin, shape: false };
    write(&exchange, &label, &answer, &mut page);
    page
}

/// Appends the step of an exchange to `page`.
pub(super) fn write(exchange: &Exchange, label: &Label, answer: &Answer<'_>, page: &mut String) {
    page.push_str(&format!("  - id: {}\n    title: {}\n", label.id, line(&label.title)));
    if let Some(covers) = &label.covers {
        page.push_str(&format!("    covers: [{covers}]\n"));
    }
    for remark in &exchange.remarks {
        page.push_str(&format!("    {}\n", unsure(remark)));
    }
    request(&exchange.command).write(4, "request:", page);
    let mut expectation = answer.expectation(exchange);
    if let Yaml::Mapping(members) = &mut expectation {
        if let Some((status, more)) = exchange.checks.split_first().filter(|(first, _)| first.0 == "status") {
            members.retain(|(name, _)| name != "status");
            members.insert(0, status.clone());
            members.extend(more.iter().cloned());
        } else {
            members.extend(exchange.checks.iter().cloned());
        }
    }
    expectation.write_block(4, "expect:", page);
    let kept = answer.kept;
    if !kept.is_empty() {
        let entry = |kept: &Kept| {
            let mut from = vec![(kept.from.0.to_owned(), Yaml::Scalar(quote(&kept.from.1)))];
            if is_secret(&kept.name) && kept.value.is_empty() {
                from.push(("secret".to_owned(), Yaml::Scalar("true".to_owned())));
            }
            (kept.name.clone(), Yaml::Mapping(from))
        };
        Yaml::Mapping(kept.iter().map(entry).collect()).write_block(4, "capture:", page);
    }
}

/// Returns the command as YAML: a plain scalar if possible, else a block scalar, else a quoted one.
pub(super) fn request(command: &str) -> Yaml {
    let special = [": ", " #", "\n", "\t"].iter().any(|special| command.contains(special));
    match is_block(command) {
        true if special || command.ends_with([':', ' ']) => Yaml::Lines(command.to_owned()),
        true => Yaml::Scalar(command.to_owned()),
        false => Yaml::Scalar(quoted(command)),
    }
}

/// Returns a step id for a request, such as `get-users-one`.
pub(super) fn id(method: &str, target: &str) -> String {
    let path = target.split(['?', '#']).next().unwrap_or_default().replace("$${", "");
    let segments = path.split('/').filter(|segment| !segment.is_empty()).map(|segment| {
        let is_value = segment.contains("${") || super::fresh::VALUE.is_match(segment);
        if is_value { "one".to_owned() } else { segment.to_owned() }
    });
    let segments: Vec<String> = segments.collect();
    let last = segments.iter().skip(segments.len().saturating_sub(2)).cloned().collect::<Vec<_>>().join("-");
    super::slug(&format!("{method}-{last}"))
}
