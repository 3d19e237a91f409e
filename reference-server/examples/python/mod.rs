//! Formats values as Python does, so that the examples print what the transcripts show.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::Value;

/// `str(value)` for the types that the examples use.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `str(value)` for a value that may be `None`.
pub(crate) fn none_or(value: Option<impl Display>) -> String {
    value.map_or_else(|| "None".to_owned(), |value| value.to_string())
}

/// `str(dictionary)`
pub(crate) fn dict(dictionary: &BTreeMap<String, String>) -> String {
    let entries: Vec<_> = dictionary.iter().map(|(key, value)| format!("'{key}': '{value}'")).collect();
    format!("{{{}}}", entries.join(", "))
}
