//! Writes what a description says about a response as an expectation.

use conformance_openapi::Reply;
use conformance_openapi::sample::{Outline, outline};
use conformance_suite::yaml::page::Yaml;

/// Returns the members of an expectation, without the status. A name may be followed by a tag.
pub(super) fn of(reply: &Reply) -> Vec<(String, Yaml)> {
    let mut members = Vec::new();
    let mut headers: Vec<(String, Yaml)> = Vec::new();
    let media = reply.content.first().filter(|media| !media.name.contains('*'));
    if let Some(media) = media.filter(|_| reply.content.len() == 1) {
        let essence = media.name.split(';').next().unwrap_or_default().trim();
        headers.push(("content-type".to_owned(), Yaml::Scalar(format!("!starts_with {}", text(essence)))));
    }
    for header in reply.headers.iter().filter(|header| header.required) {
        let name = header.name.to_ascii_lowercase();
        if !headers.iter().any(|(own, _)| *own == name) {
            headers.push((name, Yaml::Scalar("!any".to_owned())));
        }
    }
    if !headers.is_empty() {
        members.push(("headers".to_owned(), Yaml::Mapping(headers)));
    }
    let is_json = media.is_some_and(|media| media.name.contains("json"));
    let schema =
        media.filter(|_| is_json && reply.content.len() == 1).and_then(|media| media.schema.as_ref());
    if let Some(outline) = schema.and_then(outline) {
        members.extend(body(&outline));
    }
    members
}

fn body(outline: &Outline) -> Option<(String, Yaml)> {
    match outline.types.as_slice() {
        [kind] if kind == "object" && !outline.members.is_empty() => {
            let members = outline.members.iter().map(|(name, member)| (name.clone(), value(member)));
            Some(("json !subset".to_owned(), Yaml::Mapping(members.collect())))
        }
        [kind] if kind == "object" => Some(("json".to_owned(), Yaml::Scalar("!subset {}".to_owned()))),
        [kind] if kind == "array" => Some(("json".to_owned(), value(outline))),
        _ => None,
    }
}

/// Returns the matcher of a value on one line.
fn value(outline: &Outline) -> Yaml {
    Yaml::Scalar(matcher(outline))
}

fn matcher(outline: &Outline) -> String {
    const MOST_VALUES: usize = 12;
    if !outline.values.is_empty() && outline.values.len() <= MOST_VALUES {
        let scalars: Option<Vec<String>> = outline.values.iter().map(scalar).collect();
        if let Some(scalars) = scalars {
            return format!("!one_of [{}]", scalars.join(", "));
        }
    }
    let choices: Vec<String> = outline.types.iter().map(|kind| of_type(kind, outline)).collect();
    match choices.as_slice() {
        [] => "!any".to_owned(),
        [one] => one.clone(),
        several => format!("!one_of [{}]", several.join(", ")),
    }
}

fn of_type(kind: &str, outline: &Outline) -> String {
    match (kind, outline.format.as_deref()) {
        ("string", Some("uuid")) => "!uuid".to_owned(),
        ("string", Some("date-time")) => "!datetime".to_owned(),
        ("string", _) => "!string".to_owned(),
        // `1.0` is an integer in JSON Schema.
        ("integer" | "number", _) => "!number".to_owned(),
        ("boolean", _) => "!boolean".to_owned(),
        ("null", _) => "null".to_owned(),
        ("object", _) => "!subset {}".to_owned(),
        ("array", _) => {
            let item = outline.item.as_deref().filter(|item| item.types.len() == 1).map(matcher);
            format!("!each [{}]", item.unwrap_or_else(|| "!any".to_owned()))
        }
        _ => "!any".to_owned(),
    }
}

/// Returns a scalar in YAML; none for other values.
fn scalar(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(one) => Some(text(one)),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
        other => Some(other.to_string()),
    }
}

/// Returns a text in quotes if it could be misread, also in a flow collection.
fn text(text: &str) -> String {
    conformance_suite::yaml::page::quote(text)
}
