//! Computes the changes that make an expectation accept a response.
//!
//! Pure, like `judge`: every mismatch that `judge` finds becomes a change or is left, with a reason.

use conformance_engine::judge::attribute_of;
use conformance_suite::expectation::{Body, Cookie, Expectation};
use conformance_suite::json::Json;
use conformance_suite::matcher::{ChangeKind, Matcher, Mode, Proposal};
use conformance_suite::response::Response;
use conformance_suite::source::Place;
use conformance_suite::template::Scope;
use conformance_suite::yaml::page::UNSURE;

/// Returns the changes to an expectation, and the mismatches that cannot be changed.
#[must_use]
pub fn propose(expectation: &Expectation, response: &Response, scope: &Scope) -> Proposal {
    let mut proposal = Proposal::default();
    let into = &mut proposal;
    if let Some(status) = expectation.status.as_ref().filter(|status| !status.allows(response.status, scope))
    {
        if status.is_literal() || (status.is_known() && is_unsure(&status.place)) {
            let value = Json::from(response.status);
            into.change(&status.place, ChangeKind::Set { value, mode: Mode::Json, name: None });
        } else if status.is_known() {
            into.leave(&status.place, "the expectation allows several statuses");
        } else {
            into.leave(&status.place, "the value is computed by `${…}`");
        }
    }
    for (name, matcher) in &expectation.headers {
        header(name, matcher, response, scope, into);
    }
    for (_, place) in expectation.absent.iter().filter(|(name, _)| response.header(name).is_some()) {
        into.change(place, ChangeKind::Remove { collapse: true });
    }
    for cookie in &expectation.cookies {
        set_cookie(cookie, response, scope, into);
    }
    for (_, place) in expectation.absent_cookies.iter().filter(|(name, _)| response.cookie(name).is_some()) {
        into.change(place, ChangeKind::Remove { collapse: true });
    }
    if let Some(expected) = &expectation.body {
        body(expected, response, scope, into);
    }
    if let Some(place) = expectation.unique_members.as_ref()
        && response.document().is_ok_and(|document| !document.repeated.pointers.is_empty())
    {
        into.leave(place, "the response has a duplicate member");
    }
    if let Some((_, place)) = expectation.within.as_deref().filter(|(limit, _)| response.elapsed > *limit) {
        into.leave(place, "a time limit is not derived from one response");
    }
    proposal
}

/// Whether a comment above marks a place as a guess of `import`.
fn is_unsure(place: &Place) -> bool {
    let before = place.source().text().get(..place.span().start).unwrap_or_default();
    let above = before.lines().rev().nth(1).unwrap_or_default();
    above.trim_start().starts_with(UNSURE)
}

fn header(name: &str, matcher: &Matcher, response: &Response, scope: &Scope, proposal: &mut Proposal) {
    let values: Vec<Json> = response.header_values(name).map(Json::from).collect();
    if values.is_empty() && matcher.allows_absence() {
        return;
    }
    if matcher.is_of_lists() {
        return matcher.settle(&Json::Array(values), Mode::Text, Some(name), scope, proposal);
    }
    match values.as_slice() {
        values if values.iter().any(|value| matcher.matches(value, scope)) => {}
        [] => matcher.settle_absence("no such header field", true, proposal),
        [value] => matcher.settle(value, Mode::Text, Some(name), scope, proposal),
        several => {
            let why = format!("the response has {} such header fields", several.len());
            proposal.leave(matcher.place(), why);
        }
    }
}

fn set_cookie(cookie: &Cookie, response: &Response, scope: &Scope, proposal: &mut Proposal) {
    let Some(set) = response.cookie(&cookie.name) else {
        if cookie.optional {
            return;
        }
        match cookie.attributes.iter().find(|(_, matcher)| !matcher.is_literal()) {
            Some((_, matcher)) => matcher.settle_absence("no such cookie", true, proposal),
            None => proposal.change(&cookie.place, ChangeKind::Remove { collapse: true }),
        }
        return;
    };
    for (attribute, matcher) in &cookie.attributes {
        match attribute_of(&set, attribute) {
            Some(value) => matcher.settle(&value.into(), Mode::Text, Some(attribute), scope, proposal),
            None => matcher.settle_absence("no such attribute", false, proposal),
        }
    }
}

fn body(expected: &Body, response: &Response, scope: &Scope, proposal: &mut Proposal) {
    let place = expected.matcher().place();
    match expected {
        Body::Json(matcher) => match response.json() {
            Ok(value) => matcher.settle(&value, Mode::Json, None, scope, proposal),
            Err(_) => proposal.leave(place, "the response is not JSON"),
        },
        Body::Text(matcher) => match response.decoded_text() {
            Ok(text) => matcher.settle(&Json::from(text.as_ref()), Mode::Text, None, scope, proposal),
            Err(why) => proposal.leave(place, why),
        },
        Body::Bytes(matcher) => {
            let scope = &scope.clone().of(&response.body);
            if let Ok(text) = std::str::from_utf8(&response.body) {
                return matcher.settle(&Json::from(text), Mode::Text, None, scope, proposal);
            }
            let shown = Json::String(String::from_utf8_lossy(&response.body).into_owned());
            if !matcher.matches(&shown, scope) {
                proposal.leave(place, "the response is not UTF-8 text");
            }
        }
    }
}
