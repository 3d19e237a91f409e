//! Formats a new value in the style of the old one: with the same quotes, or as a block scalar.

use std::io;
use std::sync::Arc;

use crate::import::fresh::generated;
use conformance_suite::json::Json;
use conformance_suite::matcher::{Mode, Setting, compile};
use conformance_suite::source::Source;
use conformance_suite::template::Scope;
use conformance_suite::yaml::page::{Yaml, quote};
use conformance_suite::yaml::{self, Node, Value};

/// The context in which a value is written.
pub(super) struct ScalarContext<'a> {
    /// The old text.
    pub(super) old: &'a str,
    /// Whether it is inside of brackets or braces.
    pub(super) in_flow: bool,
    /// The column of its key or dash, from 0.
    pub(super) column: usize,
}

/// Formats a scalar so that YAML reads it as exactly this value; `None` if no form does.
pub(super) fn written(value: &Json, mode: Mode, context: &ScalarContext<'_>) -> Option<String> {
    let forms = match value {
        Json::String(text) => forms(&text.replace("${", "${'${'}"), context),
        other => vec![other.to_string()],
    };
    forms.into_iter().find(|form| reads_as(form, value, mode, context))
}

/// Returns the tag that `record` writes for a value that the target generates; none if the file has this value, such as in a request.
pub(super) fn guess(name: &str, value: &Json, file: &str) -> Option<String> {
    let written = match value {
        Json::Number(number) => number.written(),
        other => other.as_str()?,
    };
    let is_part = |one: char| one.is_alphanumeric() || one == '.';
    let mut found = file.match_indices(written).map(|(at, _)| file.split_at(at));
    let has = found.any(|(before, after)| {
        let after = after.get(written.len()..).unwrap_or_default();
        !before.ends_with(is_part) && !after.starts_with(is_part)
    });
    if has { None } else { generated(name, value) }
}

/// Converts the value of a member to YAML, independent of any old text; values that the target generates become matchers.
pub(super) fn page(name: &str, value: &Json, file: &str) -> Yaml {
    match value {
        Json::Array(items) => Yaml::List(items.iter().map(|item| page(name, item, file)).collect()),
        Json::Object(members) => Yaml::Mapping(
            members.iter().map(|(name, value)| (name.clone(), page(name, value, file))).collect(),
        ),
        scalar => match (guess(name, scalar, file), scalar) {
            (Some(tag), _) => Yaml::Scalar(tag),
            (None, Json::String(text)) => Yaml::text(text),
            (None, other) => Yaml::Scalar(other.to_string()),
        },
    }
}

/// Returns the forms of a string, the most similar to the old one first.
fn forms(text: &str, context: &ScalarContext<'_>) -> Vec<String> {
    let double = serde_json::Value::from(text).to_string();
    let single = format!("'{}'", text.replace('\'', "''"));
    let one_line = !text.contains(['\n', '\r']);
    let mut forms = Vec::new();
    if !context.in_flow && (context.old.starts_with(['|', '>']) || !one_line) {
        forms.extend(lines(text, context.column + 2));
    }
    if context.old.starts_with('\'') && one_line {
        forms.push(single.clone());
    }
    if !context.old.starts_with(['\'', '"']) && one_line {
        forms.push(text.to_owned());
        forms.push(quote(text));
    }
    forms.push(double);
    forms
}

/// Formats a text as a block scalar, if that preserves it.
fn lines(text: &str, indent: usize) -> Option<String> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let header = if body.len() == text.len() { "|-" } else { "|" };
    let keeps =
        !body.is_empty() && !body.ends_with('\n') && !body.starts_with([' ', '\n']) && !body.contains('\r');
    let margin = " ".repeat(indent);
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{margin}{line}") };
    keeps.then(|| format!("{header}\n{}", body.split('\n').map(line).collect::<Vec<_>>().join("\n")))
}

/// Whether YAML reads a form in this context as this value.
fn reads_as(form: &str, value: &Json, mode: Mode, context: &ScalarContext<'_>) -> bool {
    let margin = " ".repeat(context.column);
    let page = if context.in_flow {
        format!("k: {{k: {form}}}\n")
    } else {
        format!("{margin}k: {form}\n{margin}l: m\n")
    };
    let source: Arc<Source> = Source::new("", page);
    let Ok(Node { value: Value::Mapping(members), .. }) = yaml::read::<Node>(&source) else { return false };
    let node = match &members.first().map(|(_, node)| node) {
        Some(Node { value: Value::Mapping(inner), .. }) if context.in_flow && inner.len() == 1 => &inner[0].1,
        Some(node) if !context.in_flow => *node,
        _ => return false,
    };
    let nowhere = |_: &str| Err(io::ErrorKind::NotFound.into());
    let setting = Setting { source: &source, mode, files: &nowhere };
    compile(node, &setting).is_ok_and(|matcher| {
        node.tag.is_none() && node.shape() != "a mapping" && matcher.matches(value, &Scope::default())
    })
}
