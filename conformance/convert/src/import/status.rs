//! Infers the status of a response from its body, for documents that print no head.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::pattern;
use conformance_suite::yaml::page::Yaml;

/// Returns the status, or a marked class of statuses if the body does not determine it.
pub(super) fn infer(body: &str) -> Yaml {
    if let Some(status) = known(body) {
        return Yaml::Scalar(status.to_string());
    }
    let Ok(json) = serde_json::from_str::<Json>(body) else { return unsure("2xx") };
    if ["error", "errors", "Error", "message"].iter().any(|name| json.get(name).is_some()) {
        // A response with only a message may be a success or an error.
        if json.get("message").is_some() && json.as_object().is_some_and(|members| members.len() == 1) {
            return unsure("[2xx, 4xx, 5xx]");
        }
        if json.get("message").is_none() {
            return unsure("[4xx, 5xx]");
        }
    }
    unsure("2xx")
}

/// Returns the status that the body determines.
pub(super) fn known(body: &str) -> Option<u64> {
    match serde_json::from_str::<Json>(body) {
        Ok(json) => named(&json),
        Err(_) => PAGE.captures(body)?[1].parse().ok(),
    }
}

fn unsure(class: &str) -> Yaml {
    Yaml::unsure("the document does not print the status", Yaml::Scalar(class.to_owned()))
}

/// Returns the status that a member of the body states, as a number or as a reason phrase.
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

/// Reason phrases of error statuses (RFC 9110, section 15).
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

/// The title of the default error page of many servers, which begins with the status.
static PAGE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)<(?:title|h1)>\s*(?:error\s+|http\s+)?([1-5]\d\d)\b"));

#[cfg(test)]
mod tests {
    use super::*;

    fn written(body: &str) -> String {
        match infer(body) {
            Yaml::Scalar(status) => status,
            Yaml::Unsure(_, inner) => match *inner {
                Yaml::Scalar(class) => format!("unsure {class}"),
                _ => String::new(),
            },
            _ => String::new(),
        }
    }

    #[test]
    fn infers_the_status_from_reason_phrases_and_error_pages() {
        assert_eq!(written(r#"{"error": "Not found"}"#), "404");
        assert_eq!(written(r#"{"detail": "Unauthorized."}"#), "401");
        assert_eq!(written(r#"{"status": 409}"#), "409");
        assert_eq!(written("<html>\n<title>405 Method Not Allowed</title>\n"), "405");
    }

    #[test]
    fn ambiguous_bodies_give_an_unsure_status_class() {
        assert_eq!(written(r#"{"status": "OK"}"#), "unsure 2xx");
        assert_eq!(written(r#"{"error": "email missing"}"#), "unsure [4xx, 5xx]");
        assert_eq!(written(r#"{"message": "done"}"#), "unsure [2xx, 4xx, 5xx]");
        assert_eq!(written("Cookie value: None\n"), "unsure 2xx");
    }
}
