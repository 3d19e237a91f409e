//! Keeps secrets out of every report.
//!
//! In goes what went over the wire, out comes what may be shown. It stands between the run and the events, so that no
//! report can forget it.

use std::sync::LazyLock;

use base64::Engine as _;
use regex::{Captures, Regex};
use serde_json::Value as Json;

use crate::request::percent_encode;
use crate::suite::Suite;

/// What stands in a secret's place.
pub const REDACTED: &str = "<redacted>";

/// Knows what is secret.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    shows_all: bool,
    values: Vec<String>,
    member: Option<Regex>,
    field: Option<Regex>,
}

impl Redactor {
    /// Returns a redactor that knows the suite's secrets: the members and fields that the manifest names, and the values that
    /// fixtures have under those names.
    #[must_use]
    pub fn new(suite: &Suite) -> Self {
        let mut values = Vec::new();
        for fixture in &suite.fixtures {
            secret_values(&fixture.value, &suite.secrets, &mut values);
        }
        values.retain(|value| value.chars().count() >= 4);
        values = values.into_iter().flat_map(forms).collect();
        // The longest first, so that a secret inside another leaves no rest.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        let names = suite.secrets.iter().map(|name| regex::escape(name)).collect::<Vec<_>>().join("|");
        let pattern = |pattern: &str| {
            (!names.is_empty()).then(|| Regex::new(&pattern.replace("NAMES", &names)).ok()).flatten()
        };
        Self {
            shows_all: false,
            values,
            member: pattern(r#"("(?:NAMES)"\s*:\s*)"(?:[^"\\]|\\.)*""#),
            field: pattern(r"(^|[&?])((?:NAMES)=)[^&\s]*(?: [^&=]*)?"),
        }
    }

    /// Returns a redactor that shows everything.
    #[must_use]
    pub fn none() -> Self {
        Self { shows_all: true, ..Self::default() }
    }

    /// Returns a redactor that also knows these values.
    #[must_use]
    pub fn hiding<'a>(mut self, values: impl IntoIterator<Item = &'a str>) -> Self {
        self.values.extend(values.into_iter().filter(|value| !value.is_empty()).map(str::to_owned));
        self.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        self
    }

    /// Returns a text without the secrets that are known.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        if self.shows_all {
            return text.to_owned();
        }
        let mut text = text.to_owned();
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), REDACTED);
            }
        }
        if let Some(member) = &self.member {
            text = member.replace_all(&text, format!("${{1}}\"{REDACTED}\"").as_str()).into_owned();
        }
        if let Some(field) = &self.field {
            text = field.replace_all(&text, format!("${{1}}${{2}}{REDACTED}").as_str()).into_owned();
        }
        text
    }

    /// Returns the value of a header field without its secrets: credentials and the values of cookies.
    #[must_use]
    pub fn header(&self, name: &str, value: &str) -> String {
        if self.shows_all {
            return value.to_owned();
        }
        match name.to_ascii_lowercase().as_str() {
            "authorization" | "proxy-authorization" => match value.split_once(' ') {
                Some((scheme, _)) => format!("{scheme} {REDACTED}"),
                None => REDACTED.to_owned(),
            },
            "cookie" | "set-cookie" => {
                let first_only = name.eq_ignore_ascii_case("set-cookie");
                let mut first = true;
                let replace = |pair: &Captures<'_>| {
                    if std::mem::replace(&mut first, false) || !first_only {
                        format!("{}{REDACTED}", &pair[1])
                    } else {
                        pair[0].to_owned()
                    }
                };
                COOKIE_PAIR.replace_all(value, replace).into_owned()
            }
            _ => self.text(value),
        }
    }
}

#[expect(clippy::unwrap_used, reason = "the pattern is a constant and a test compiles it")]
static COOKIE_PAIR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"([^=;\s]+=)[^;]*").unwrap());

fn secret_values(value: &Json, names: &[String], found: &mut Vec<String>) {
    let Some(members) = value.as_object() else { return };
    for (name, member) in members {
        match member {
            Json::String(text) if names.contains(name) => found.push(text.clone()),
            other => secret_values(other, names, found),
        }
    }
}

/// The forms in which a secret travels.
fn forms(value: String) -> [String; 3] {
    let encoded = percent_encode(&value);
    let base64 = base64::prelude::BASE64_STANDARD.encode(&value);
    [value, encoded, base64]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        let pattern = |pattern: &str| Regex::new(&pattern.replace("NAMES", "password")).ok();
        Redactor {
            shows_all: false,
            values: vec!["fake pwd".to_owned()],
            member: pattern(r#"("(?:NAMES)"\s*:\s*)"(?:[^"\\]|\\.)*""#),
            field: pattern(r"(^|[&?])((?:NAMES)=)[^&\s]*(?: [^&=]*)?"),
        }
    }

    #[test]
    fn secrets_are_taken_out_by_value_and_by_name() {
        assert_eq!(redactor().text("it is fake pwd"), "it is <redacted>");
        assert_eq!(redactor().text("email=a&password=x%20y&b=1"), "email=a&password=<redacted>&b=1");
        assert_eq!(
            redactor().text(r#"{"password": "a\"b", "x": 1}"#),
            r#"{"password": "<redacted>", "x": 1}"#
        );
    }

    #[test]
    fn credentials_and_cookies_keep_only_their_names() {
        assert_eq!(redactor().header("Authorization", "Basic Zm9v"), "Basic <redacted>");
        assert_eq!(redactor().header("Cookie", "a=1; b=C is fun"), "a=<redacted>; b=<redacted>");
        assert_eq!(redactor().header("Set-Cookie", "sid=1; Path=/"), "sid=<redacted>; Path=/");
        assert_eq!(redactor().header("Accept", "*/*"), "*/*");
    }

    #[test]
    fn nothing_is_taken_out_on_request() {
        assert_eq!(Redactor::none().header("Cookie", "a=1"), "a=1");
    }
}
