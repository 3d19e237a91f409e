//! What header fields, cookies and the text of a body have to be.

use super::condition::text_pattern;
use super::write::{pattern, quoted, spaced, written};
use super::{Answer, Told};
use crate::count::Count;
use crate::expectation::{Body, Cookie};
use crate::export::mark::holds_one;
use crate::json::Json;
use crate::matcher::{Demand, Matcher};
use crate::template::Scope;

/// Adds what a header field has to be.
pub(super) fn header(name: &str, matcher: &Matcher, told: &Told<'_>, answer: &mut Answer) {
    let query = format!("header {}", quoted(name));
    match matcher.demand() {
        Demand::AllOf(all) => all.iter().for_each(|one| header(name, one, told, answer)),
        Demand::List([one]) | Demand::Unordered([one]) => value(&query, one, told, answer),
        Demand::List([]) | Demand::Unordered([]) => answer.assert(&format!("{query} not exists")),
        Demand::List(list) => {
            answer.assert(&format!("{query} count == {}", list.len()));
            for (at, one) in list.iter().enumerate() {
                value(&format!("{query} nth {at}"), one, told, answer);
            }
        }
        Demand::Unordered(list) => {
            answer.assert(&format!("{query} count == {}", list.len()));
            fields(name, list, told, answer);
        }
        Demand::Containing(list) => fields(name, list, told, answer),
        Demand::Times { of, times: Count { least, most: Some(most) } }
            if least == most && matches!(of.demand(), Demand::Any) =>
        {
            answer.assert(&match least {
                0 => format!("{query} not exists"),
                // One that is found alone is no list.
                1 => format!("{query} isString"),
                _ => format!("{query} count == {least}"),
            });
        }
        // Written so, it is one of the values where there are several.
        _ => match is(matcher, told) {
            Some(text) => answer.field(name, &text),
            None => value(&query, matcher, told, answer),
        },
    }
}

/// Adds values that a field has among others.
fn fields(name: &str, list: &[Matcher], told: &Told<'_>, answer: &mut Answer) {
    for one in list {
        if let Some(text) = is(one, told) {
            answer.field(name, &text);
        } else {
            let what = one.describe(&Scope::default());
            answer.unsaid(&format!("that one of the fields `{name}` is {what}"));
        }
    }
}

/// Adds what a cookie has to be.
pub(super) fn cookie(cookie: &Cookie, told: &Told<'_>, answer: &mut Answer) {
    if cookie.name.contains('[') {
        return answer.unsaid(&format!(
            "what the cookie {} is: it takes `[` for the begin of an attribute",
            cookie.name
        ));
    }
    let query = |attribute: &str| format!("cookie {}", quoted(&format!("{}{attribute}", cookie.name)));
    answer.assert(&format!("{} exists", query("")));
    for (attribute, matcher) in &cookie.attributes {
        let exactly = is(matcher, told).filter(|value| !holds_one(value));
        match (*attribute, exactly.as_deref()) {
            ("value", _) => value(&query(""), matcher, told, answer),
            ("path", _) => value(&query("[Path]"), matcher, told, answer),
            ("max-age", Some(age)) if age.parse::<i64>().is_ok() => {
                answer.assert(&format!("{} == {age}", query("[Max-Age]")));
            }
            ("max-age", _) => value(&format!("{} toString", query("[Max-Age]")), matcher, told, answer),
            ("domain", Some(domain)) => {
                // A dot that it begins with is none of it (RFC 6265, section 5.2.3).
                let regex = format!(r"^\.?{}$", regex::escape(domain));
                answer.assert(&format!("{} matches {}", query("[Domain]"), pattern(&regex)));
            }
            ("same-site", Some(site)) => {
                let regex = format!("(?i)^{}$", regex::escape(site));
                answer.assert(&format!("{} matches {}", query("[SameSite]"), pattern(&regex)));
            }
            ("same-site", None) => value(&query("[SameSite]"), matcher, told, answer),
            ("http-only", Some("true")) => answer.assert(&format!("{} exists", query("[HttpOnly]"))),
            ("http-only", Some("false")) => answer.assert(&format!("{} not exists", query("[HttpOnly]"))),
            ("secure", Some("true")) => answer.assert(&format!("{} exists", query("[Secure]"))),
            ("secure", Some("false")) => answer.assert(&format!("{} not exists", query("[Secure]"))),
            ("expires", None) if matches!(matcher.demand(), Demand::Any) => {
                answer.assert(&format!("{} exists", query("[Expires]")));
            }
            _ => answer.unsaid(&format!(
                "that `{attribute}` of the cookie {} is {}",
                cookie.name,
                matcher.describe(&Scope::default())
            )),
        }
    }
}

/// Adds what a body has to be that is not compared as JSON.
pub(super) fn body(body: &Body, told: &Told<'_>, answer: &mut Answer) {
    fn part(matcher: &Matcher, told: &Told<'_>, answer: &mut Answer) {
        match matcher.demand() {
            Demand::AllOf(all) => all.iter().for_each(|one| part(one, told, answer)),
            Demand::Bytes(count) => bytes(count, answer),
            Demand::Sha256(digest) => match told.marked.text(digest).filter(|text| !holds_one(text)) {
                Some(digest) => answer.assert(&format!("sha256 == hex,{};", digest.to_lowercase())),
                None => answer.unsaid(&format!("that the body is {}", matcher.describe(&Scope::default()))),
            },
            _ => value("body", matcher, told, answer),
        }
    }
    part(body.matcher(), told, answer);
}

fn bytes(count: Count, answer: &mut Answer) {
    match (count.least, count.most) {
        (least, Some(most)) if least == most => answer.assert(&format!("bytes count == {least}")),
        (least, most) => {
            answer.assert(&format!("bytes count >= {least}"));
            if let Some(most) = most {
                answer.assert(&format!("bytes count <= {most}"));
            }
        }
    }
}

/// Adds what the text that a query finds has to be.
fn value(query: &str, matcher: &Matcher, told: &Told<'_>, answer: &mut Answer) {
    match matcher.demand() {
        Demand::AllOf(all) => all.iter().for_each(|one| value(query, one, told, answer)),
        Demand::NoneOf(choices) => {
            answer.assert(&format!("{query} exists"));
            for choice in choices {
                match predicate(choice, told) {
                    Some(predicate) => answer.assert(&format!("{query} not {predicate}")),
                    None => {
                        answer.unsaid(&format!("that {query} is not {}", choice.describe(&Scope::default())));
                    }
                }
            }
        }
        _ => match predicate(matcher, told) {
            Some(predicate) => answer.assert(&format!("{query} {predicate}")),
            None => answer.unsaid(&format!("that {query} is {}", matcher.describe(&Scope::default()))),
        },
    }
}

/// Returns the predicate that holds of exactly those texts that match, as far as there is one.
pub(super) fn predicate(matcher: &Matcher, told: &Told<'_>) -> Option<String> {
    let with = |name: &str, text| Some(format!("{name} {}", quoted(&told.marked.text(text)?)));
    match matcher.demand() {
        Demand::Text(_) => Some(format!("== {}", quoted(&is(matcher, told)?))),
        Demand::Any | Demand::String => Some("exists".to_owned()),
        Demand::Contains(text) => with("contains", text),
        Demand::StartsWith(text) => with("startsWith", text),
        Demand::EndsWith(text) => with("endsWith", text),
        Demand::Length(Count { least, most }) => {
            let most = most.map(|most| most.to_string()).unwrap_or_default();
            Some(format!("matches /(?s)^.{{{least},{most}}}$/"))
        }
        _ => Some(format!("matches {}", pattern(&text_pattern(matcher, told)?))),
    }
}

/// The text that a value has to be.
fn is(matcher: &Matcher, told: &Told<'_>) -> Option<String> {
    let Demand::Text(text) = matcher.demand() else { return None };
    match told.marked.value(text)? {
        Json::String(text) => Some(text),
        _ => None,
    }
}

/// A header field as Hurl expects one.
pub(super) fn field(name: &str, value: &str) -> String {
    format!("{name}: {}", spaced(&written(value)))
}
