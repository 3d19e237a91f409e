//! The status of an answer whose head is not printed, as far as its body tells.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::pattern;
use crate::yaml::page::Yaml;

/// Returns what is written as the status: where it does not follow from the body, a class that says that it is unsure.
pub(super) fn of(body: &str) -> Yaml {
    if let Some(status) = known(body) {
        return Yaml::Scalar(status.to_string());
    }
    let Ok(json) = serde_json::from_str::<Json>(body) else { return unsure("2xx") };
    if ["error", "errors", "Error", "message"].iter().any(|name| json.get(name).is_some()) {
        // A bare message may stand in an answer that refuses nothing.
        if json.get("message").is_some() && json.as_object().is_some_and(|members| members.len() == 1) {
            return unsure("[2xx, 4xx, 5xx]");
        }
        if json.get("message").is_none() {
            return unsure("[4xx, 5xx]");
        }
    }
    unsure("2xx")
}

/// Returns the status that follows from a body.
pub(super) fn known(body: &str) -> Option<u64> {
    match serde_json::from_str::<Json>(body) {
        Ok(json) => named(&json),
        Err(_) => PAGE.captures(body)?[1].parse().ok(),
    }
}

fn unsure(class: &str) -> Yaml {
    Yaml::unsure("the document does not print the status", Yaml::Scalar(class.to_owned()))
}

/// The status that a member of a body names, by its number or by its reason phrase.
fn named(json: &Json) -> Option<u64> {
    for name in ["status", "code", "statusCode", "status_code"] {
        if let Some(number @ 100..=599) = json.get(name).and_then(Json::as_u64) {
            return Some(number);
        }
    }
    let phrase = ["error", "message", "detail"].iter().find_map(|name| json.get(name)?.as_str())?;
    let phrase = phrase.trim_end_matches('.');
    REASONS.iter().find(|(_, reason)| reason.eq_ignore_ascii_case(phrase)).map(|(status, _)| *status)
}

/// The reason phrases of refusals (RFC 9110, section 15).
const REASONS: &[(u64, &str)] = &[
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (408, "Request Timeout"),
    (409, "Conflict"),
    (410, "Gone"),
    (411, "Length Required"),
    (412, "Precondition Failed"),
    (413, "Content Too Large"),
    (413, "Payload Too Large"),
    (415, "Unsupported Media Type"),
    (422, "Unprocessable Entity"),
    (422, "Unprocessable Content"),
    (429, "Too Many Requests"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Gateway Timeout"),
];

/// The page that many servers make of a refusal says its number in its title.
static PAGE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)<(?:title|h1)>\s*(?:error\s+|http\s+)?([1-5]\d\d)\b"));

#[cfg(test)]
mod tests {
    use super::*;

    fn written(body: &str) -> String {
        match of(body) {
            Yaml::Scalar(status) => status,
            Yaml::Unsure(_, inner) => match *inner {
                Yaml::Scalar(class) => format!("unsure {class}"),
                _ => String::new(),
            },
            _ => String::new(),
        }
    }

    #[test]
    fn a_reason_phrase_and_a_page_tell_the_status() {
        assert_eq!(written(r#"{"error": "Not found"}"#), "404");
        assert_eq!(written(r#"{"detail": "Unauthorized."}"#), "401");
        assert_eq!(written(r#"{"status": 409}"#), "409");
        assert_eq!(written("<html>\n<title>405 Method Not Allowed</title>\n"), "405");
    }

    #[test]
    fn what_does_not_follow_is_unsure() {
        assert_eq!(written(r#"{"status": "OK"}"#), "unsure 2xx");
        assert_eq!(written(r#"{"error": "email missing"}"#), "unsure [4xx, 5xx]");
        assert_eq!(written(r#"{"message": "done"}"#), "unsure [2xx, 4xx, 5xx]");
        assert_eq!(written("Cookie value: None\n"), "unsure 2xx");
    }
}
