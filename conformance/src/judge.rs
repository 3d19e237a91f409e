//! Decides what an exchange means.
//!
//! [`judge`] compares one expectation with one outcome and returns a [`Judgement`]. It reads no clock, opens no socket and prints
//! nothing, so each rule about passing can be tested with two values.
//!
//! Invariant: no connection is inconclusive; a connection taken and then dropped is an answer, and is judged.

mod race;

use crate::exchange::Breakage;
use crate::expectation::{Body, Cookie, Expectation};
use crate::json::Json;
use crate::matcher::{AGAINST_SCHEMA, Matcher, Mismatch, NO_MEMBER};
use crate::response::Response;
use crate::source::Place;
use crate::template::Scope;
use crate::verdict::{Finding, Judgement, Verdict};

pub use race::{Answer, judge_race};

/// Says whether a response holds what is expected of it. `request` is where the step's request stands: what has no place of
/// its own, such as silence, is said there.
#[must_use]
pub fn judge(
    expectation: &Expectation,
    outcome: &Result<Response, Breakage>,
    request: &Place,
    scope: &Scope,
) -> Judgement {
    match outcome {
        Ok(response) => Judgement::of(compare(expectation, response, scope)),
        Err(breakage) if breakage.is_answer() => Judgement::of(vec![Finding {
            place: expectation.status.as_ref().map_or(request, |status| &status.place).clone(),
            label: breakage.to_string(),
            pointer: None,
            expected: "an answer".to_owned(),
            received: breakage.to_string(),
        }]),
        Err(breakage) => Judgement::because(Verdict::Inconclusive, breakage.to_string()),
    }
}

fn compare(expectation: &Expectation, response: &Response, scope: &Scope) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(status) = &expectation.status
        && !status.allows(response.status, scope)
    {
        findings.push(Finding {
            place: status.place.clone(),
            label: format!("the target answered {}", response.status),
            pointer: None,
            expected: status.describe(scope),
            received: response.status.to_string(),
        });
    }
    for (name, matcher) in &expectation.headers {
        findings.extend(compare_header(name, matcher, response, scope));
    }
    for (name, place) in &expectation.absent {
        if let Some(value) = response.header(name) {
            findings.push(unexpected(place, format!("the answer has `{name}: {value}`"), value));
        }
    }
    for cookie in &expectation.cookies {
        findings.extend(compare_cookie(cookie, response, scope));
    }
    for (name, place) in &expectation.absent_cookies {
        if let Some(cookie) = response.cookie(name) {
            findings.push(unexpected(place, format!("the answer sets the cookie `{name}`"), cookie.value()));
        }
    }
    if let Some(body) = &expectation.body {
        findings.extend(compare_body(body, response, scope));
    }
    if let Some((limit, place)) = expectation.within.as_deref()
        && response.elapsed > *limit
    {
        findings.push(Finding {
            place: place.clone(),
            label: format!("the answer took {:?}", response.elapsed),
            pointer: None,
            expected: format!("an answer within {limit:?}"),
            received: format!("{:?}", response.elapsed),
        });
    }
    findings
}

/// A field that comes several times matches when one of its values does; a matcher of lists is compared with all of them.
fn compare_header(name: &str, matcher: &Matcher, response: &Response, scope: &Scope) -> Option<Finding> {
    let values: Vec<&str> = response.header_values(name).collect();
    if matcher.is_of_lists() {
        let all = Json::Array(values.iter().map(|value| Json::from(*value)).collect());
        let first = matcher.compare(&all, "", scope).into_iter().next()?;
        let label = match values.len() {
            0 => format!("the answer has no `{name}`"),
            1 => format!("the answer has `{name}` once: {}", short(&first.received)),
            times => format!("the answer has `{name}` {times} times: {}", short(&first.received)),
        };
        return Some(finding(matcher, label, all.to_string(), scope));
    }
    if values.iter().any(|value| matcher.matches(&Json::String((*value).to_owned()), scope)) {
        return None;
    }
    let label = match values.as_slice() {
        [] => format!("the answer has no `{name}`"),
        values => format!("the answer has `{name}: {}`", values.join("`, `")),
    };
    Some(finding(matcher, label, values.join(", "), scope))
}

fn compare_cookie(cookie: &Cookie, response: &Response, scope: &Scope) -> Vec<Finding> {
    let Some(set) = response.cookie(&cookie.name) else {
        let names: Vec<String> = response.cookies().map(|cookie| cookie.name().to_owned()).collect();
        // In the words of a capture that finds none: it is the same mistake.
        let none = format!("no cookie `{}` is set", cookie.name);
        let (label, received) = match names.as_slice() {
            [] => (none, "no cookie".to_owned()),
            _ => (format!("{none}, only `{}`", names.join("`, `")), names.join(", ")),
        };
        return vec![Finding {
            place: cookie.place.clone(),
            label,
            pointer: None,
            expected: format!("the cookie `{}`", cookie.name),
            received,
        }];
    };
    let mut findings = Vec::new();
    for (attribute, matcher) in &cookie.attributes {
        let value = attribute_of(&set, attribute);
        let received = value.clone().unwrap_or_else(|| "none".to_owned());
        if !value.is_some_and(|value| matcher.matches(&Json::String(value), scope)) {
            let label = format!("the cookie's `{attribute}` is {received}");
            findings.push(finding(matcher, label, received, scope));
        }
    }
    findings
}

/// The value of an attribute as text; a flag is `true` or `false`.
pub(crate) fn attribute_of(cookie: &cookie::Cookie<'_>, attribute: &str) -> Option<String> {
    match attribute {
        "value" => Some(cookie.value().to_owned()),
        "path" => cookie.path().map(str::to_owned),
        "domain" => cookie.domain().map(str::to_owned),
        "expires" => cookie.expires_datetime().map(|time| time.to_string()),
        "max-age" => cookie.max_age().map(|age| age.whole_seconds().to_string()),
        "http-only" => Some(cookie.http_only().unwrap_or(false).to_string()),
        "secure" => Some(cookie.secure().unwrap_or(false).to_string()),
        "same-site" => cookie.same_site().map(|same_site| same_site.to_string()),
        _ => None,
    }
}

fn compare_body(body: &Body, response: &Response, scope: &Scope) -> Vec<Finding> {
    let matcher = body.matcher();
    let value = match body {
        Body::Json(_) => match response.json() {
            Ok(value) => value,
            Err(error) => {
                let label = if response.body.is_empty() {
                    "the body is empty".to_owned()
                } else {
                    format!("the body is not JSON: {error}")
                };
                return vec![finding(matcher, label, response.text().into_owned(), scope)];
            }
        },
        Body::Text(_) if std::str::from_utf8(&response.body).is_err() => {
            let label = "the body is not UTF-8".to_owned();
            return vec![finding(matcher, label, response.text().into_owned(), scope)];
        }
        Body::Text(_) => Json::String(response.text().into_owned()),
        Body::Bytes(_) => {
            let scope = scope.clone().of(&response.body);
            let value = Json::String(response.text().into_owned());
            return matcher.compare(&value, "", &scope).into_iter().map(differing).collect();
        }
    };
    matcher.compare(&value, "", scope).into_iter().map(differing).collect()
}

fn differing(mismatch: Mismatch) -> Finding {
    let at = if mismatch.pointer.is_empty() { "the body" } else { &mismatch.pointer };
    let label = match mismatch.received.as_str() {
        NO_MEMBER => format!("the answer has no {at}"),
        received if received.starts_with("no such element") => format!("{at} has {received}"),
        received if received.starts_with(AGAINST_SCHEMA) => format!("{at} is {received}"),
        received => format!("{at} is {}", short(received)),
    };
    Finding {
        label,
        place: mismatch.place,
        pointer: Some(mismatch.pointer),
        expected: mismatch.expected,
        received: mismatch.received,
    }
}

fn finding(matcher: &Matcher, label: String, received: String, scope: &Scope) -> Finding {
    let expected = matcher.describe(scope);
    Finding { place: matcher.place().clone(), label, pointer: None, expected, received }
}

fn unexpected(place: &Place, label: String, received: &str) -> Finding {
    Finding {
        place: place.clone(),
        label,
        pointer: None,
        expected: "none".to_owned(),
        received: received.to_owned(),
    }
}

/// Cuts what stands behind a caret to the length of a line.
fn short(text: &str) -> String {
    const LIMIT: usize = 60;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
