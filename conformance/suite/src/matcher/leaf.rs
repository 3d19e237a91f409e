//! The table of matchers that check a single value and contain no other matcher.
//!
//! A row is a tag, its meaning in messages, and a function of the value only.

use std::sync::LazyLock;

use regex::Regex;

use super::moment::iso;
use crate::json::{Json, Number};

/// A bare tag: `id: !uuid`.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) tag: &'static str,
    pub(super) means: &'static str,
    pub(super) holds: fn(&Json) -> bool,
}

/// A tag with a string: `!starts_with application/json`.
#[derive(Debug)]
pub(super) struct LeafOf {
    pub(super) tag: &'static str,
    pub(super) means: &'static str,
    pub(super) holds: fn(&str, &str) -> bool,
}

pub(super) static LEAVES: &[Leaf] = &[
    Leaf { tag: "!any", means: "any value", holds: |_| true },
    Leaf {
        tag: "!string",
        means: "a string",
        holds: |value| matches!(value, Json::String(_) | Json::Unpaired(_)),
    },
    Leaf {
        tag: "!integer",
        means: "an integer",
        holds: |value| value.as_number().is_some_and(Number::is_integer),
    },
    Leaf { tag: "!number", means: "a number", holds: |value| value.as_number().is_some() },
    Leaf { tag: "!boolean", means: "true or false", holds: |value| matches!(value, Json::Bool(_)) },
    Leaf {
        tag: "!uuid",
        means: "a UUID",
        holds: |value| value.as_str().is_some_and(|text| UUID.is_match(text)),
    },
    Leaf {
        tag: "!datetime",
        means: "a date and time",
        holds: |value| value.as_str().and_then(iso).is_some(),
    },
];

pub(super) static LEAVES_OF: &[LeafOf] = &[
    LeafOf { tag: "!contains", means: "a string that contains", holds: |text, part| text.contains(part) },
    LeafOf {
        tag: "!starts_with",
        means: "a string that starts with",
        holds: |text, start| text.starts_with(start),
    },
    LeafOf { tag: "!ends_with", means: "a string that ends with", holds: |text, end| text.ends_with(end) },
    LeafOf {
        tag: "!ignoring_case",
        means: "a string that equals, ignoring case,",
        holds: |text, same| text.to_lowercase() == same.to_lowercase(),
    },
];

/// The hyphenated form of RFC 9562, section 4, in either case.
pub(super) static UUID: LazyLock<Regex> = LazyLock::new(|| {
    constant(r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$")
});

#[expect(clippy::unwrap_used, reason = "the pattern is a constant of this file and a test compiles it")]
fn constant(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}
