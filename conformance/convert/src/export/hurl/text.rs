//! Converts the expectations of header fields, cookies and text bodies.

use super::condition::text_pattern;
use super::section::{Context, Section};
use super::write::{pattern, quoted};
use crate::export::mark::holds_one;
use conformance_suite::count::Count;
use conformance_suite::expectation::{Body, Cookie};
use conformance_suite::json::Json;
use conformance_suite::matcher::{Demand, Matcher};
use conformance_suite::template::Scope;

/// Adds the asserts for a header field.
pub(super) fn header(name: &str, matcher: &Matcher, context: &Context<'_>, section: &mut Section) {
    let query = format!("header {}", quoted(name));
    match matcher.demand() {
        Demand::AllOf(all) => all.iter().for_each(|one| header(name, one, context, section)),
        Demand::List([one]) | Demand::Unordered([one]) => value(&query, one, context, section),
        Demand::List([]) | Demand::Unordered([]) => section.assert(&format!("{query} not exists")),
        Demand::List(list) => {
            section.assert(&format!("{query} count == {}", list.len()));
            for (at, one) in list.iter().enumerate() {
                value(&format!("{query} nth {at}"), one, context, section);
            }
        }
        Demand::Unordered(list) => {
            section.assert(&format!("{query} count == {}", list.len()));
            fields(name, list, context, section);
        }
        Demand::Containing(list) => fields(name, list, context, section),
        Demand::Times { of, times: Count { least, most: Some(most) } }
            if least == most && matches!(of.demand(), Demand::Any) =>
        {
            section.assert(&match least {
                0 => format!("{query} not exists"),
                // Hurl returns a single field not as a list.
                1 => format!("{query} isString"),
                _ => format!("{query} count == {least}"),
            });
        }
        // A field in this form matches if any of several fields has the value.
        _ => match exact_text(matcher, context) {
            Some(text) => section.field(name, &text),
            None => value(&query, matcher, context, section),
        },
    }
}

/// Adds the expected values that must be among the values of a field.
fn fields(name: &str, list: &[Matcher], context: &Context<'_>, section: &mut Section) {
    for one in list {
        if let Some(text) = exact_text(one, context) {
            section.field(name, &text);
        } else {
            let what = one.describe(&Scope::default());
            section.unsupported(&format!("that one of the header fields `{name}` is {what}"));
        }
    }
}

/// Adds the asserts for a cookie.
pub(super) fn cookie(cookie: &Cookie, context: &Context<'_>, section: &mut Section) {
    if cookie.name.contains('[') {
        return section.unsupported(&format!("the cookie {}: `[` begins an attribute in Hurl", cookie.name));
    }
    if cookie.optional {
        return section.unsupported(&format!("the cookie {}, which may be missing", cookie.name));
    }
    let query = |attribute: &str| format!("cookie {}", quoted(&format!("{}{attribute}", cookie.name)));
    section.assert(&format!("{} exists", query("")));
    for (attribute, matcher) in &cookie.attributes {
        let exactly = exact_text(matcher, context).filter(|value| !holds_one(value));
        match (*attribute, exactly.as_deref()) {
            ("value", _) => value(&query(""), matcher, context, section),
            ("path", _) => value(&query("[Path]"), matcher, context, section),
            ("max-age", Some(age)) if age.parse::<i64>().is_ok() => {
                section.assert(&format!("{} == {age}", query("[Max-Age]")));
            }
            ("max-age", _) => value(&format!("{} toString", query("[Max-Age]")), matcher, context, section),
            ("domain", Some(domain)) => {
                // A leading dot is ignored (RFC 6265, section 5.2.3).
                let regex = format!(r"^\.?{}$", regex::escape(domain));
                section.assert(&format!("{} matches {}", query("[Domain]"), pattern(&regex)));
            }
            ("same-site", Some(site)) => {
                let regex = format!("(?i)^{}$", regex::escape(site));
                section.assert(&format!("{} matches {}", query("[SameSite]"), pattern(&regex)));
            }
            ("same-site", None) => value(&query("[SameSite]"), matcher, context, section),
            ("http-only", Some("true")) => section.assert(&format!("{} exists", query("[HttpOnly]"))),
            ("http-only", Some("false")) => section.assert(&format!("{} not exists", query("[HttpOnly]"))),
            ("secure", Some("true")) => section.assert(&format!("{} exists", query("[Secure]"))),
            ("secure", Some("false")) => section.assert(&format!("{} not exists", query("[Secure]"))),
            ("expires", None) if matches!(matcher.demand(), Demand::Any) => {
                section.assert(&format!("{} exists", query("[Expires]")));
            }
            _ => section.unsupported(&format!(
                "that `{attribute}` of the cookie {} is {}",
                cookie.name,
                matcher.describe(&Scope::default())
            )),
        }
    }
}

/// Adds the asserts for a body that is not compared as JSON.
pub(super) fn body(body: &Body, context: &Context<'_>, section: &mut Section) {
    fn part(matcher: &Matcher, context: &Context<'_>, section: &mut Section) {
        match matcher.demand() {
            Demand::AllOf(all) => all.iter().for_each(|one| part(one, context, section)),
            Demand::Bytes(count) => bytes(count, section),
            Demand::Sha256(digest) => match context.marked.text(digest).filter(|text| !holds_one(text)) {
                Some(digest) => section.assert(&format!("sha256 == hex,{};", digest.to_lowercase())),
                None => {
                    section.unsupported(&format!("that the body is {}", matcher.describe(&Scope::default())));
                }
            },
            _ => value("body", matcher, context, section),
        }
    }
    part(body.matcher(), context, section);
}

fn bytes(count: Count, section: &mut Section) {
    match (count.least, count.most) {
        (least, Some(most)) if least == most => section.assert(&format!("bytes count == {least}")),
        (least, most) => {
            section.assert(&format!("bytes count >= {least}"));
            if let Some(most) = most {
                section.assert(&format!("bytes count <= {most}"));
            }
        }
    }
}

/// Adds the asserts for the text that a query returns.
fn value(query: &str, matcher: &Matcher, context: &Context<'_>, section: &mut Section) {
    match matcher.demand() {
        Demand::AllOf(all) => all.iter().for_each(|one| value(query, one, context, section)),
        Demand::NoneOf(choices) => {
            section.assert(&format!("{query} exists"));
            for choice in choices {
                match predicate(choice, context) {
                    Some(predicate) => section.assert(&format!("{query} not {predicate}")),
                    None => {
                        section.unsupported(&format!(
                            "that {query} is not {}",
                            choice.describe(&Scope::default())
                        ));
                    }
                }
            }
        }
        _ => match predicate(matcher, context) {
            Some(predicate) => section.assert(&format!("{query} {predicate}")),
            None => section.unsupported(&format!("that {query} is {}", matcher.describe(&Scope::default()))),
        },
    }
}

/// Returns a predicate that is true for exactly those texts that match, if there is one.
pub(super) fn predicate(matcher: &Matcher, context: &Context<'_>) -> Option<String> {
    let with = |name: &str, text| Some(format!("{name} {}", quoted(&context.marked.text(text)?)));
    match matcher.demand() {
        Demand::Text(_) => Some(format!("== {}", quoted(&exact_text(matcher, context)?))),
        Demand::Any | Demand::String => Some("exists".to_owned()),
        Demand::Contains(text) => with("contains", text),
        Demand::StartsWith(text) => with("startsWith", text),
        Demand::EndsWith(text) => with("endsWith", text),
        Demand::Length(Count { least, most }) => {
            let most = most.map(|most| most.to_string()).unwrap_or_default();
            Some(format!("matches /(?s)^.{{{least},{most}}}$/"))
        }
        _ => Some(format!("matches {}", pattern(&text_pattern(matcher, context)?))),
    }
}

/// Returns the text if the matcher allows only one.
fn exact_text(matcher: &Matcher, context: &Context<'_>) -> Option<String> {
    let Demand::Text(text) = matcher.demand() else { return None };
    match context.marked.value(text)? {
        Json::String(text) => Some(text),
        _ => None,
    }
}
