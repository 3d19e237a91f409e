//! Reads JSON, numbers as they are written.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Json, Number};

/// Why bytes are not JSON, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// How deep lists and objects may nest: what the JSON library allows by itself.
const DEPTH: usize = 127;

/// Returns the value that bytes are.
///
/// # Errors
/// Bytes that are not JSON (RFC 8259) in UTF-8, or that nest deeper than 127 levels.
pub fn read(bytes: &[u8]) -> Result<Json, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|error| Unreadable(format!("it is not UTF-8: {error}")))?;
    let whole = serde_json::from_str(text).map_err(|error| Unreadable(error.to_string()))?;
    value(whole, 0)
}

/// Returns a value of which the library has found the ends.
fn value(raw: &RawValue, depth: usize) -> Result<Json, Unreadable> {
    if depth > DEPTH {
        return Err(Unreadable(format!("it nests deeper than {DEPTH} levels")));
    }
    let text = raw.get();
    // The library has checked all but what a string holds.
    let unreadable = |error: serde_json::Error| {
        let cause = error.to_string();
        Unreadable(cause.split(" at line ").next().unwrap_or(&cause).to_owned())
    };
    Ok(match text.as_bytes().first() {
        Some(b'n') => Json::Null,
        Some(b't' | b'f') => Json::Bool(text == "true"),
        Some(b'"') => Json::String(serde_json::from_str(text).map_err(unreadable)?),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(unreadable)?;
            Json::Array(items.into_iter().map(|item| value(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(unreadable)?;
            let member = |(name, raw): (String, &RawValue)| Ok((name, value(raw, depth + 1)?));
            Json::Object(members.into_iter().map(member).collect::<Result<_, _>>()?)
        }
        _ => Json::Number(
            Number::parse(text).ok_or_else(|| Unreadable(format!("`{text}` is not a number of JSON")))?,
        ),
    })
}
