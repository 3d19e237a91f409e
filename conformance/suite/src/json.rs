//! JSON values whose numbers keep all their digits.
//!
//! The parser is ours because the bodies of targets are judged by it: `serde_json` rounds numbers to 64 bits, rejects lone
//! surrogates, and does not report members that occur twice.

mod number;
mod read;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

pub use number::Number;
pub use read::{Document, Repeated, Unreadable, parse, read};

/// A JSON value (RFC 8259). Two values are equal if they mean the same: members in any order, `1` and `1.0`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(Number),
    /// A string of code points.
    String(String),
    /// A string with a lone surrogate (RFC 8259, section 8.2), as written between its quotes. It is not valid text.
    Unpaired(Box<str>),
    /// A list.
    Array(Vec<Json>),
    /// An object; the last of several members with the same name.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Returns the text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number.
    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Returns the elements of a list.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the members of an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Whether it contains a string with a lone surrogate.
    #[must_use]
    pub fn has_lone_surrogate(&self) -> bool {
        match self {
            Self::Unpaired(_) => true,
            Self::Array(items) => items.iter().any(Self::has_lone_surrogate),
            Self::Object(members) => members.values().any(Self::has_lone_surrogate),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => false,
        }
    }

    /// Returns a member of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// Returns the value at a JSON Pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |value, token| match value {
            Self::Object(members) => members.get(&unescape(token)),
            Self::Array(items) => {
                let plain = token == "0" || !token.starts_with(['0', '+']);
                token.parse::<usize>().ok().filter(|_| plain).and_then(|index| items.get(index))
            }
            _ => None,
        })
    }

    /// Converts to `serde_json`, whose numbers have 64 bits.
    #[must_use]
    pub fn to_library(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(number) => number.to_library().into(),
            Self::String(text) => text.as_str().into(),
            // A noncharacter, which no text contains, replaces each lone surrogate.
            Self::Unpaired(written) => read::without_surrogates(written).into(),
            Self::Array(items) => items.iter().map(Self::to_library).collect(),
            Self::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), value.to_library())).collect()
            }
        }
    }
}

/// Whether a text is a JSON object or list.
pub(crate) fn is_container(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && read(text.as_bytes()).is_ok()
}

/// Escapes a name for a JSON Pointer (RFC 6901, section 3).
#[must_use]
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Unescapes a part of a JSON Pointer (RFC 6901, section 4).
#[must_use]
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(number.into()),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => {
                Self::Object(members.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<u16> for Json {
    fn from(number: u16) -> Self {
        Self::Number(serde_json::Number::from(number).into())
    }
}

/// Writes compact JSON.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::Value::from(text);
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::String(text) => write!(f, "{}", quoted(text)),
            Self::Unpaired(written) => write!(f, "\"{written}\""),
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "[" } else { "," })?;
                }
                f.write_str(if items.is_empty() { "[]" } else { "]" })
            }
            Self::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}{}:{value}", if index == 0 { "{" } else { "," }, quoted(name))?;
                }
                f.write_str(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

/// Serializes as `serde_json` does, for lists and reports.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_library().serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
