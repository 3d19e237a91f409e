//! Recognizes values that a target generates, and returns matchers for them.

use std::sync::LazyLock;

use regex::Regex;

use super::placeholder::{self, ELISION};
use crate::pattern;
use conformance_suite::json::Json;
use conformance_suite::matcher;
use conformance_suite::yaml::page::{Yaml, quote};

/// A generated value that a later request may send: a UUID, a long number (hexadecimal or with leading zeros), or a time without separators.
pub(super) static VALUE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|[0-9a-f]{24,}|\b\d{8}T\d{6}Z\b|\b\d{17,}\b",
    )
});

/// Whether an e-mail address was replaced by a placeholder, as web sites do against spam robots.
pub(super) fn hides_address(text: &str) -> bool {
    text.contains("[email protected]") || text.contains("[email\u{a0}protected]")
}

/// Returns the tag for a value that a target generates, by the name of its member; none if it can be compared literally.
pub(crate) fn generated(name: &str, value: &Json) -> Option<String> {
    match value {
        Json::Number(number) if is_time(name, number.written()) || is_counter(name) => {
            Some(if number.is_integer() { "!integer" } else { "!number" }.to_owned())
        }
        Json::String(own) if is_counter(name) && own.starts_with(|first: char| first.is_ascii_digit()) => {
            Some("!string".to_owned())
        }
        Json::String(own) if !hides_address(own) && !ELISION.is_match(own) => match text(own)? {
            Yaml::Scalar(tag) => Some(tag),
            Yaml::Unsure(_, inner) => match *inner {
                Yaml::Scalar(tag) => Some(tag),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Returns a matcher for a text that differs between runs or is only partly known; `None` if it can be compared literally.
pub(super) fn text(text: &str) -> Option<Yaml> {
    let scalar = |text: &str| Some(Yaml::Scalar(text.to_owned()));
    let value = text.into();
    for tag in ["!uuid", "!datetime"] {
        if matcher::is(tag, &value) {
            return scalar(tag);
        }
    }
    if DATE.is_match(text) {
        return scalar(r"!regex '^\d{4}-\d\d-\d\d$'");
    }
    if HTTP_DATE.is_match(text) {
        return scalar(r"!regex '^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d'");
    }
    if TOKEN.is_match(text) {
        return scalar(r"!regex '^[\w-]+\.[\w-]+\.[\w-]*$'");
    }
    if MILLISECONDS.is_match(text) {
        let digits = Yaml::Scalar(r"!regex '^\d{13}$'".to_owned());
        return Some(Yaml::unsure("this may be a time, which differs each time", digits));
    }
    if hides_address(text) {
        return Some(Yaml::unsure("an e-mail address was removed here", Yaml::Scalar("!string".to_owned())));
    }
    if text.ends_with("...") || text.ends_with('…') {
        return Some(Yaml::unsure(
            "the document shows only a part of this",
            Yaml::Scalar("!string".to_owned()),
        ));
    }
    if let Some(cut) = ELISION.find(text).map(|cut| cut.start()).or_else(|| placeholder::find(text)) {
        let before = text.get(..cut).unwrap_or_default();
        let shown = if before.trim().is_empty() {
            "!string".to_owned()
        } else {
            format!("!starts_with {}", quote(before))
        };
        return Some(Yaml::unsure("the document shows only a part of this", Yaml::Scalar(shown)));
    }
    let is_mixed = text.contains(|one: char| one.is_ascii_digit()) && text.contains(char::is_alphabetic);
    if HEXADECIMAL.is_match(text) && (text.len() >= 24 || is_mixed) {
        return Some(Yaml::unsure("this value may differ each time", Yaml::Scalar("!string".to_owned())));
    }
    None
}

/// Whether a number is a point in time: in the range of Unix times (s or ms), with a name that says so.
pub(super) fn is_time(name: &str, number: &str) -> bool {
    let range = number.split('.').next().and_then(|whole| whole.parse::<u64>().ok()).is_some_and(|number| {
        (1_000_000_000..4_000_000_000).contains(&number)
            || (1_000_000_000_000..4_000_000_000_000).contains(&number)
    });
    range && TIME_NAME.is_match(name)
}

/// Whether a text is the version of a program, by the name of its member or header field.
pub(super) fn is_version(name: &str, text: &str) -> bool {
    VERSION_NAME.is_match(name) && VERSION.is_match(text)
}

/// Whether a number is a measurement, which is seldom a whole number.
pub(super) fn is_measured(name: &str) -> bool {
    MEASURED.is_match(name)
}

/// Whether a number probably counts what happened on the server before, or how long something took.
pub(super) fn is_counter(name: &str) -> bool {
    COUNTER.is_match(name)
}

static COUNTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)(index|revision|generation|_seq|sequence|uptime|took|duration|elapsed|ttl|latency|_ms)$")
});
static VERSION_NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)version$"));
static VERSION: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[a-z]{0,3}\d+\.\d+\.(?:\d+|x)"));
static MEASURED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)(duration|took|elapsed|latency|seconds|rate|ratio|average|mean|percent|load)$")
});
static DATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d{4}-\d\d-\d\d$"));
static MILLISECONDS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^1[5-9]\d{11}$"));
static HTTP_DATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d"));
static TOKEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^eyJ[\w-]+\.[\w-]+\.[\w-]*$"));
static HEXADECIMAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[0-9a-fA-F]{16,}$"));
static TIME_NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)(_at|At|time|timestamp|date|exp|iat|nbf|created|updated|modified)$"));
