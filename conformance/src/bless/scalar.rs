//! A value as it is written in the place of another: quoted as that one was, on lines of its own where that one was.

use std::io;
use std::sync::Arc;

use crate::json::Json;
use crate::matcher::{Mode, Setting, compile};
use crate::source::Source;
use crate::template::Scope;
use crate::yaml::page::{Yaml, quote};
use crate::yaml::{self, Node, Value};

/// Where a value is written.
pub(super) struct Spot<'a> {
    /// What stands there now.
    pub(super) old: &'a str,
    /// Whether it stands in brackets.
    pub(super) in_flow: bool,
    /// The column of its key or dash, counted from 0.
    pub(super) column: usize,
}

/// Returns a scalar as YAML that is read as this very value; none where no form is.
pub(super) fn written(value: &Json, mode: Mode, spot: &Spot<'_>) -> Option<String> {
    let forms = match value {
        Json::String(text) => forms(&text.replace("${", "${'${'}"), spot),
        other => vec![other.to_string()],
    };
    forms.into_iter().find(|form| reads_as(form, value, mode, spot))
}

/// Returns a value as it is written anew.
pub(super) fn page(value: &Json) -> Yaml {
    match value {
        Json::String(text) => Yaml::text(text),
        Json::Array(items) => Yaml::List(items.iter().map(page).collect()),
        Json::Object(members) => {
            Yaml::Mapping(members.iter().map(|(name, value)| (name.clone(), page(value))).collect())
        }
        other => Yaml::Scalar(other.to_string()),
    }
}

/// The forms in which a string can be written, the one most like the old first.
fn forms(text: &str, spot: &Spot<'_>) -> Vec<String> {
    let double = serde_json::Value::from(text).to_string();
    let single = format!("'{}'", text.replace('\'', "''"));
    let one_line = !text.contains(['\n', '\r']);
    let mut forms = Vec::new();
    if !spot.in_flow && (spot.old.starts_with(['|', '>']) || !one_line) {
        forms.extend(lines(text, spot.column + 2));
    }
    if spot.old.starts_with('\'') && one_line {
        forms.push(single.clone());
    }
    if !spot.old.starts_with(['\'', '"']) && one_line {
        forms.push(text.to_owned());
        forms.push(quote(text));
    }
    forms.push(double);
    forms
}

/// A text on lines of its own, where that keeps all of it.
fn lines(text: &str, indent: usize) -> Option<String> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let header = if body.len() == text.len() { "|-" } else { "|" };
    let keeps =
        !body.is_empty() && !body.ends_with('\n') && !body.starts_with([' ', '\n']) && !body.contains('\r');
    let margin = " ".repeat(indent);
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{margin}{line}") };
    keeps.then(|| format!("{header}\n{}", body.split('\n').map(line).collect::<Vec<_>>().join("\n")))
}

/// Whether a form that is written at a spot is read as this value.
fn reads_as(form: &str, value: &Json, mode: Mode, spot: &Spot<'_>) -> bool {
    let margin = " ".repeat(spot.column);
    let page = if spot.in_flow {
        format!("k: {{k: {form}}}\n")
    } else {
        format!("{margin}k: {form}\n{margin}l: m\n")
    };
    let source: Arc<Source> = Source::new("", page);
    let Ok(Node { value: Value::Mapping(members), .. }) = yaml::read::<Node>(&source) else { return false };
    let node = match &members.first().map(|(_, node)| node) {
        Some(Node { value: Value::Mapping(inner), .. }) if spot.in_flow && inner.len() == 1 => &inner[0].1,
        Some(node) if !spot.in_flow => *node,
        _ => return false,
    };
    let nowhere = |_: &str| Err(io::ErrorKind::NotFound.into());
    let setting = Setting { source: &source, mode, files: &nowhere };
    compile(node, &setting).is_ok_and(|matcher| {
        node.tag.is_none() && node.shape() != "a mapping" && matcher.matches(value, &Scope::default())
    })
}
