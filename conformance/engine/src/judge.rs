//! Judges an exchange.
//!
//! [`judge`] compares one expectation with one outcome and returns a [`Judgement`]. It reads no clock, opens no socket
//! and prints nothing, so each rule can be tested with two values.
//!
//! Invariant: a step without a connection is inconclusive; a connection that was accepted and then dropped is judged.

mod events;
mod execution;
mod race;

use std::borrow::Cow;

use crate::http::TransportError;
use crate::verdict::{Finding, Judgement, Verdict};
use conformance_suite::amount::amount;
use conformance_suite::cookie::SetCookie;
use conformance_suite::expectation::{Body, Cookie, Expectation};
use conformance_suite::json::{Document, Json, Unreadable};
use conformance_suite::matcher::{AGAINST_SCHEMA, Matcher, Mismatch, NO_MEMBER};
use conformance_suite::response::Response;
use conformance_suite::source::Place;
use conformance_suite::template::Scope;
use conformance_suite::visible;

pub use execution::judge_execution;
pub use race::{Answer, judge_race};

/// Judges a response. `request` is the location of the step's request; findings without a location of their own, such
/// as a timeout, are reported there.
#[must_use]
pub fn judge(
    expectation: &Expectation,
    outcome: &Result<Response, TransportError>,
    request: &Place,
    scope: &Scope,
) -> Judgement {
    match outcome {
        Ok(response) if expectation.events.is_some() && response.is_coded() => {
            let reason =
                "the events of a stream cannot be read with a `Content-Encoding`: send no `Accept-Encoding`";
            Judgement::because(Verdict::Inconclusive, reason)
        }
        Ok(response) => compare(expectation, response, scope),
        Err(transport_error) if transport_error.is_judged() => Judgement::of(vec![Finding {
            place: expectation.status.as_ref().map_or(request, |status| &status.place).clone(),
            label: transport_error.to_string(),
            pointer: None,
            part: Some("response".to_owned()),
            expected: "a response".to_owned(),
            received: transport_error.to_string(),
        }]),
        Err(transport_error) => Judgement::because(Verdict::Inconclusive, transport_error.to_string()),
    }
}

/// Findings and remarks about a body.
#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    /// Number of findings that were dropped.
    more: usize,
    remarks: Vec<String>,
}

fn compare(expectation: &Expectation, response: &Response, scope: &Scope) -> Judgement {
    let mut findings = Vec::new();
    if let Some(status) = &expectation.status
        && !status.allows(response.status, scope)
    {
        findings.push(Finding {
            place: status.place.clone(),
            label: format!("the target returned {}", response.status),
            pointer: None,
            part: Some("status".to_owned()),
            expected: status.describe(scope),
            received: response.status.to_string(),
        });
    }
    for (name, matcher) in &expectation.headers {
        findings.extend(compare_header(name, matcher, response, scope));
    }
    for (name, place) in &expectation.absent {
        if let Some(value) = response.header(name) {
            let value = visible::text(value);
            let label = format!("the response has `{name}: {value}`");
            findings.push(unexpected(place, &label, &value).of(header(name)));
        }
    }
    for cookie in &expectation.cookies {
        findings.extend(compare_cookie(cookie, response, scope));
    }
    for (name, place) in &expectation.absent_cookies {
        if let Some(cookie) = response.cookie(name) {
            let label = format!("the response sets the cookie `{name}`");
            findings
                .push(unexpected(place, &label, &visible::text(cookie.value)).of(format!("cookie `{name}`")));
        }
    }
    let mut body = compare_body(expectation, response, scope);
    findings.append(&mut body.findings);
    if let Some(events) = &expectation.events {
        let (of_events, more) = events::compare(events, response, scope);
        findings.extend(of_events);
        body.more += more;
    }
    if let Some((limit, place)) = expectation.within.as_deref()
        && response.elapsed > *limit
    {
        findings.push(Finding {
            place: place.clone(),
            label: format!("the response took {:?}", response.elapsed),
            pointer: None,
            part: Some("time".to_owned()),
            expected: format!("a response within {limit:?}"),
            received: format!("{:?}", response.elapsed),
        });
    }
    Judgement { more: body.more, remarks: body.remarks, ..Judgement::of(findings) }
}

/// A field with several values matches if one of its values does. A list matcher is compared with all of them.
fn compare_header(name: &str, matcher: &Matcher, response: &Response, scope: &Scope) -> Option<Finding> {
    let values: Vec<&str> = response.header_values(name).collect();
    if values.is_empty() && matcher.allows_absence() {
        return None;
    }
    if matcher.is_of_lists() {
        let all = Json::Array(values.iter().map(|value| Json::from(*value)).collect());
        let first = matcher.compare(&all, "", scope).shown.into_iter().next()?;
        let label = match values.len() {
            0 => format!("the response has no `{name}`"),
            1 => format!("the response has `{name}` once: {}", short(&first.received)),
            times => format!("the response has `{name}` {times} times: {}", short(&first.received)),
        };
        return Some(finding(matcher, label, visible::json(&all), scope).of(header(name)));
    }
    if values.iter().any(|value| matcher.matches(&Json::String((*value).to_owned()), scope)) {
        return None;
    }
    let shown: Vec<String> = values.iter().map(|value| visible::text(value)).collect();
    let received = visible::cut(&shown.join(", "), visible::LONGEST).into_owned();
    let label = match shown.as_slice() {
        [] => format!("the response has no `{name}`"),
        shown => format!("the response has `{name}: {}`", visible::cut(&shown.join("`, `"), MAX_LABEL)),
    };
    Some(differing_text(matcher, &values, label, received, scope).of(header(name)))
}

fn header(name: &str) -> String {
    format!("header `{name}`")
}

fn compare_cookie(cookie: &Cookie, response: &Response, scope: &Scope) -> Vec<Finding> {
    let Some(set) = response.cookie(&cookie.name) else {
        if cookie.optional {
            return Vec::new();
        }
        let names: Vec<String> = response.cookies().map(|cookie| cookie.name.to_owned()).collect();
        // Same wording as for a capture that finds no cookie.
        let none = format!("no cookie `{}` is set", cookie.name);
        let (label, received) = match names.as_slice() {
            [] => (none, "no cookie".to_owned()),
            _ => (format!("{none}, only `{}`", names.join("`, `")), names.join(", ")),
        };
        return vec![Finding {
            place: cookie.place.clone(),
            label,
            pointer: None,
            part: Some(format!("cookie `{}`", cookie.name)),
            expected: format!("the cookie `{}`", cookie.name),
            received,
        }];
    };
    let mut findings = Vec::new();
    for (attribute, matcher) in &cookie.attributes {
        let value = attribute_of(&set, attribute);
        let received = value.as_deref().map_or_else(|| "none".to_owned(), visible::text);
        let matches = |value: &String| matcher.matches(&Json::from(value.as_str()), scope);
        if !value.as_ref().map_or_else(|| matcher.allows_absence(), matches) {
            let label = format!("the cookie's `{attribute}` is {}", visible::cut(&received, MAX_LABEL));
            let values: Vec<&str> = value.iter().map(String::as_str).collect();
            let finding = differing_text(matcher, &values, label, received, scope);
            findings.push(finding.of(format!("cookie `{}`: {attribute}", cookie.name)));
        }
    }
    findings
}

/// Returns the value of an attribute as it was sent; a flag is `true` or `false`.
pub fn attribute_of(cookie: &SetCookie<'_>, attribute: &str) -> Option<String> {
    match attribute {
        "value" => Some(cookie.value.to_owned()),
        "http-only" => Some(cookie.has("httponly").to_string()),
        "secure" => Some(cookie.has("secure").to_string()),
        "same-site" => cookie.attribute("samesite").map(str::to_owned),
        other => cookie.attribute(other).map(str::to_owned),
    }
}

fn compare_body(expectation: &Expectation, response: &Response, scope: &Scope) -> Found {
    let mut found = Found::default();
    let document = match &expectation.body {
        Some(Body::Text(matcher)) => {
            match response.decoded_text() {
                Ok(text) => found.compare(matcher, &Json::from(text.as_ref()), scope),
                Err(why) => found.unreadable(matcher, why, response, scope),
            }
            None
        }
        Some(Body::Bytes(matcher)) => {
            let scope = scope.clone().of(&response.body);
            let value = Json::String(String::from_utf8_lossy(&response.body).into_owned());
            found.compare(matcher, &value, &scope);
            None
        }
        Some(Body::Json(matcher)) if matcher.lines().is_some() => {
            match response.json_lines() {
                Ok(lines) => found.compare(matcher.lines().unwrap_or(matcher), &Json::Array(lines), scope),
                Err(why) => found.unreadable(matcher, why, response, scope),
            }
            None
        }
        Some(Body::Json(matcher)) => match response.document() {
            Ok(document) => {
                found.compare(matcher, &document.value, scope);
                Some(document)
            }
            Err(error) => {
                let is_lines = response.json_lines().is_ok_and(|lines| lines.len() > 1);
                let label = if is_lines {
                    "the body has a JSON value on each line: write `json: !lines [{…}, {…}]`".to_owned()
                } else {
                    not_json(response, &error)
                };
                found.unreadable(matcher, label, response, scope);
                return found;
            }
        },
        None => None,
    };
    let Some(place) = &expectation.unique_members else {
        found.remarks = document.iter().flat_map(|document| remarks(document, true)).collect();
        return found;
    };
    let finding = |pointer: Option<String>, label: String, received: String| Finding {
        place: place.clone(),
        label,
        pointer,
        part: Some("body".to_owned()),
        expected: "JSON without duplicate members".to_owned(),
        received,
    };
    match document.map_or_else(|| response.document(), Ok) {
        Ok(document) => {
            let repeated = document.repeated.pointers.iter();
            found.findings.extend(repeated.map(|pointer| {
                let pointer = visible::text(pointer);
                let label = format!("the member {} occurs more than once", short(&pointer));
                finding(Some(pointer), label, "several members of this name".to_owned())
            }));
            found.more += document.repeated.more;
            found.remarks = remarks(&document, false);
        }
        Err(error) => {
            let label = not_json(response, &error);
            found.findings.push(finding(None, label, visible::text(&response.text())));
        }
    }
    found
}

impl Found {
    fn compare(&mut self, matcher: &Matcher, value: &Json, scope: &Scope) {
        let mismatches = matcher.compare(value, "", scope);
        self.findings.extend(mismatches.shown.into_iter().map(differing));
        self.more += mismatches.more;
    }

    /// Adds that a body cannot be compared at all.
    fn unreadable(&mut self, matcher: &Matcher, why: String, response: &Response, scope: &Scope) {
        self.findings.push(finding(matcher, why, visible::text(&response.text()), scope).of("body"));
    }
}

/// Explains why a body is not JSON.
fn not_json(response: &Response, error: &Unreadable) -> String {
    match response.content() {
        Ok(content) if content.is_empty() => "the body is empty".to_owned(),
        Ok(content) => match response.header("content-type").filter(|own| !own.contains("json")) {
            Some(media) => {
                let media = media.split(';').next().unwrap_or_default().trim().to_owned();
                let size = amount(content.len(), "byte");
                format!("the body is not JSON but {} ({size})", short(&visible::text(&media)))
            }
            None => format!("the body is not JSON: {error}"),
        },
        Err(why) => why,
    }
}

/// Notes about unusual but valid JSON.
fn remarks(document: &Document, repeated: bool) -> Vec<String> {
    let encoding = document.encoding.map(|encoding| {
        format!("the body is JSON in {encoding}; between systems it is in UTF-8 (RFC 8259, section 8.1)")
    });
    let pointers = document.repeated.pointers.iter().filter(|_| repeated);
    let members = pointers.map(|pointer| {
        let pointer = visible::text(pointer);
        let pointer = short(&pointer);
        format!("the member {pointer} occurs more than once (RFC 8259, section 4); the last one counts")
    });
    let more = Some(document.repeated.more).filter(|more| repeated && *more > 0);
    let more = more.map(|more| format!("{} more occur more than once", amount(more, "member")));
    encoding.into_iter().chain(members).chain(more).collect()
}

fn differing(mismatch: Mismatch) -> Finding {
    let at = visible::text(&mismatch.pointer);
    let at = if at.is_empty() { "the body" } else { &at };
    let label = match mismatch.received.as_str() {
        NO_MEMBER => format!("{at} is missing"),
        received if received.starts_with("no such element") => format!("{at} has {received}"),
        received if received.starts_with(AGAINST_SCHEMA) => format!("{at} {received}"),
        received => format!("{at} is {}", excerpt(&mismatch.expected, received)),
    };
    Finding {
        label,
        place: mismatch.place,
        pointer: Some(mismatch.pointer),
        part: None,
        expected: mismatch.expected,
        received: mismatch.received,
    }
}

fn finding(matcher: &Matcher, label: String, received: String, scope: &Scope) -> Finding {
    let expected = matcher.describe(scope);
    Finding { place: matcher.place().clone(), label, pointer: None, part: None, expected, received }
}

/// Creates a finding about text outside of a body. If it looks like the expected text, both are escaped.
fn differing_text(
    matcher: &Matcher,
    values: &[&str],
    label: String,
    received: String,
    scope: &Scope,
) -> Finding {
    let usual = finding(matcher, label, received, scope);
    let [value] = values else { return usual };
    let quoted = visible::quoted(value);
    let (expected, received) = visible::distinguish(usual.expected.clone(), quoted.clone());
    if received == quoted && usual.expected != quoted {
        return usual;
    }
    let label = usual
        .label
        .replace(&*visible::cut(&visible::text(value), MAX_LABEL), &visible::cut(&received, MAX_LABEL));
    Finding { label, expected, received, ..usual }
}

fn unexpected(place: &Place, label: &str, received: &str) -> Finding {
    Finding {
        place: place.clone(),
        label: visible::cut(label, 2 * MAX_LABEL).into_owned(),
        pointer: None,
        part: None,
        expected: "none".to_owned(),
        received: received.to_owned(),
    }
}

/// Maximum length of a value in a label, in bytes.
const MAX_LABEL: usize = 300;

/// Truncates a value to fit into a label.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(MAX_EXCERPT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// Cuts a received value around its first difference from the expected one, to fit into a label.
pub(crate) fn excerpt<'t>(expected: &str, received: &'t str) -> Cow<'t, str> {
    visible::around(received, expected, MAX_EXCERPT)
}

/// Maximum length of a received value in a label, in characters.
const MAX_EXCERPT: usize = 60;

#[cfg(test)]
mod tests;
