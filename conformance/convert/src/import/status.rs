//! Infers the status of a response from its body, for documents that print no head.

use std::sync::LazyLock;

use regex::Regex;

use crate::loose::{self, Value};
use crate::pattern;
use conformance_suite::yaml::page::Yaml;

/// Returns the status, or a marked class of statuses if the body does not determine it.
pub(super) fn infer(body: &str) -> Yaml {
    if let Some(status) = known(body) {
        return Yaml::Scalar(status.to_string());
    }
    let Some((value, _)) = loose::read(body) else { return unsure("2xx") };
    let Value::Object(members, _) = &value else { return unsure("2xx") };
    if value.get("data").is_some_and(|data| *data != Value::Null)
        && value.get("errors").is_some_and(says_error)
    {
        // GraphQL reports errors with 200.
        return unsure("[2xx, 4xx, 5xx]");
    }
    if members.iter().any(|(name, value)| is_error(name, value)) {
        return unsure("[4xx, 5xx]");
    }
    // A response with only a message may be a success or an error.
    let only_message = ["message", "detail", "msg", "reason"].iter().any(|name| value.get(name).is_some())
        && members.len() == 1;
    unsure(if only_message { "[2xx, 4xx, 5xx]" } else { "2xx" })
}

/// Whether a member says that the request failed.
fn is_error(name: &str, value: &Value) -> bool {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match name.as_str() {
        "error" | "errors" | "errorcode" | "errormessage" | "errordescription" | "errno" | "exception"
        | "fault" => says_error(value),
        "success" | "ok" => *value == Value::Bool(false),
        "status" | "result" => value.as_str().is_some_and(|word| {
            ["error", "fail", "failed", "failure"].contains(&word.to_ascii_lowercase().as_str())
        }),
        "status_code" | "statuscode" => value.as_u64().is_some_and(|status| (400..600).contains(&status)),
        _ => false,
    }
}

/// Whether a value of a member for errors is not empty.
fn says_error(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(written) => written != "0",
        Value::Array(items, open) => *open || !items.is_empty(),
        Value::Object(members, open) => *open || !members.is_empty(),
        Value::Bool(true) | Value::Elided => true,
    }
}

/// Returns the status that the body determines.
pub(super) fn known(body: &str) -> Option<u64> {
    if let Some(status) = phrase(body) {
        return Some(status);
    }
    match loose::read(body) {
        Some((json, _)) => named(&json),
        None => PAGE.captures(body)?.get(1)?.as_str().parse().ok(),
    }
}

/// Returns the status of a text that is nothing but a reason phrase, with or without its number: `404 page not found`.
fn phrase(body: &str) -> Option<u64> {
    let found = PHRASE.captures(body.trim())?;
    let number: Option<u64> = found.get(1).and_then(|number| number.as_str().parse().ok());
    let words = letters(found.get(2)?.as_str());
    let mut reasons = REASONS.iter().filter(|(status, _)| number.is_none_or(|number| number == *status));
    let fits = |reason: &str| match number {
        Some(_) => words.ends_with(&letters(reason)),
        None => words == letters(reason),
    };
    reasons.find(|(_, reason)| fits(reason)).map(|(status, _)| *status)
}

fn unsure(class: &str) -> Yaml {
    Yaml::unsure("the document does not print the status", Yaml::Scalar(class.to_owned()))
}

/// Returns the status that a member of the body states, as a number or as a reason phrase.
fn named(json: &Value) -> Option<u64> {
    for name in ["status", "code", "statusCode", "status_code"] {
        if let Some(number @ 100..=599) = json.get(name).and_then(Value::as_u64) {
            return Some(number);
        }
    }
    let inner = json
        .get("error")
        .and_then(|error| ["status", "code"].iter().find_map(|name| error.get(name)?.as_u64()));
    if let Some(number @ 400..=599) = inner {
        return Some(number);
    }
    let phrase = ["error", "message", "detail"].iter().find_map(|name| json.get(name)?.as_str())?;
    REASONS.iter().find(|(_, reason)| letters(reason) == letters(phrase)).map(|(status, _)| *status)
}

/// Returns the letters of a phrase: `not_found` and `NotFound` mean the same.
fn letters(phrase: &str) -> String {
    phrase.chars().filter(char::is_ascii_alphanumeric).map(|one| one.to_ascii_lowercase()).collect()
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

/// A line of a few words, perhaps after a number.
static PHRASE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?i:error:? |HTTP/\S+ )?(?:([45]\d\d)[ :-]+)?([A-Za-z][A-Za-z ]{2,40})[.!]?$")
});

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
        assert_eq!(written(r#"{"error": "not_found", "reason": "missing"}"#), "404");
        assert_eq!(written(r#"{"error": {"code": 403, "message": "x"}}"#), "403");
        assert_eq!(written(r#"{"detail": "Unauthorized."}"#), "401");
        assert_eq!(written(r#"{"status": 409}"#), "409");
        assert_eq!(written("Not Found\n"), "404");
        assert_eq!(written("404 page not found\n"), "404");
        assert_eq!(written("500: Internal Server Error"), "500");
        assert_eq!(written("404 items"), "unsure 2xx");
        assert_eq!(written("<html>\n<title>405 Method Not Allowed</title>\n"), "405");
    }

    #[test]
    fn ambiguous_bodies_give_an_unsure_status_class() {
        assert_eq!(written(r#"{"status": "OK"}"#), "unsure 2xx");
        for body in [
            r#"{"error": "email missing"}"#,
            r#"{"error": "invalid_grant", "message": "used"}"#,
            r#"{"message": "Validation Failed", "errors": [{"field": "x"}]}"#,
            r#"{"success": false, "reason": "x"}"#,
            r#"{"errorCode": 100, "message": "Key not found"}"#,
            r#"{"status": "error", "message": "x"}"#,
        ] {
            assert_eq!(written(body), "unsure [4xx, 5xx]", "{body}");
        }
        for body in [r#"{"error": null, "data": 1}"#, r#"{"errors": []}"#, r#"{"status": "success"}"#] {
            assert_eq!(written(body), "unsure 2xx", "{body}");
        }
        assert_eq!(written(r#"{"message": "done"}"#), "unsure [2xx, 4xx, 5xx]");
        assert_eq!(written("Cookie value: None\n"), "unsure 2xx");
    }
}
