//! Writes the response part of a Hurl entry: status, captures and asserts.

use super::links::Links;
use super::section::{Context, Section, Type, Types};
use super::write::{path, pattern, quoted};
use super::{json, text};
use crate::export::{Kept, Outgoing};
use conformance_suite::capture::Found;
use conformance_suite::expectation::{Body, Expectation, Status};
use conformance_suite::json::{Json, unescape};
use conformance_suite::matcher::{Demand, Matcher};
use conformance_suite::safe::line;
use conformance_suite::template::Scope;

/// Returns the lines of the response section, and adds the types of its captures.
pub(super) fn response(outgoing: &Outgoing<'_>, begun: &Links<'_>, types: &mut Types) -> String {
    let expectation = outgoing.expectation;
    let mut section = Section::default();
    let status = status(expectation.status.as_ref(), &mut section);
    expectations(expectation, &Context { marked: &outgoing.marked, types }, &mut section);
    let mut lines = vec![format!("HTTP {status}")];
    lines.append(&mut section.fields);
    if !outgoing.kept.is_empty() {
        lines.push("[Captures]".to_owned());
    }
    for kept in &outgoing.kept {
        lines.extend(capture(kept, begun));
        if let Some(kind) = kind(kept, expectation) {
            types.insert(kept.variable.clone(), kind);
        }
    }
    if !section.asserts.is_empty() {
        lines.push("[Asserts]".to_owned());
        lines.append(&mut section.asserts);
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Returns the status for the first line, and adds asserts for what that line cannot express.
fn status(status: Option<&Status>, section: &mut Section) -> String {
    let Some(status) = status else { return "*".to_owned() };
    let described = status.describe(&Scope::default());
    if !status.is_known() {
        section.unsupported(&format!("that the status is {described}"));
    } else if described.len() == 3 && described.bytes().all(|one| one.is_ascii_digit()) {
        return described;
    } else if let Some(Ok(class)) = described.strip_suffix("xx").map(str::parse::<u16>) {
        section.assert(&format!("status >= {}", class * 100));
        section.assert(&format!("status < {}", class * 100 + 100));
    } else {
        let regex = described.replace(" or ", "|").replace("xx", "..");
        section.assert(&format!("status toString matches /^({regex})$/"));
    }
    "*".to_owned()
}

fn expectations(expectation: &Expectation, context: &Context<'_>, section: &mut Section) {
    for (name, matcher) in &expectation.headers {
        text::header(name, matcher, context, section);
    }
    for (name, _) in &expectation.absent {
        section.assert(&format!("header {} not exists", quoted(name)));
    }
    for cookie in &expectation.cookies {
        text::cookie(cookie, context, section);
    }
    for (name, _) in &expectation.absent_cookies {
        section.assert(&format!("cookie {} not exists", quoted(name)));
    }
    match &expectation.body {
        Some(Body::Json(matcher)) => json::value(matcher, "$", context, section),
        Some(body) => text::body(body, context, section),
        None => {}
    }
    if expectation.unique_members.is_some() {
        section.unsupported("that no object has two members with one name");
    }
    if let Some((limit, _)) = expectation.within.as_deref() {
        section.assert(&format!("duration <= {}", limit.as_millis()));
    }
}

fn capture(Kept { variable, found, part }: &Kept<'_>, begun: &Links<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Found::Header(header), Some(_)) = (found, part) {
        lines.push(format!(
            "# Hurl finds this part only if the response has exactly one header field `{}`.",
            line(header)
        ));
    }
    let found = match found {
        Found::Cookie(cookie) => format!("cookie {}", quoted(cookie)),
        Found::Header(header) => format!("header {}", quoted(header)),
        Found::Json(pointer) => format!("jsonpath {}", quoted(&path(pointer))),
        Found::Path(path) if path.is_literal() => format!("jsonpath {}", quoted(path.written())),
        Found::Path(path) => {
            return vec![format!("# Hurl cannot capture this: {}", line(path.written()))];
        }
        Found::Status => "status".to_owned(),
        Found::Duration(_) => "duration".to_owned(),
        Found::Body => "body".to_owned(),
    };
    let part = part.as_ref().map(|part| format!(" regex {}", pattern(part)));
    let found = found + &part.unwrap_or_default();
    lines.push(format!("{variable}: {found}"));
    lines.extend(begun.capture(variable, &found));
    lines
}

/// Returns the type of a capture, if the expectation determines it.
fn kind(kept: &Kept<'_>, expectation: &Expectation) -> Option<Type> {
    let pointer = match (&kept.found, &kept.part) {
        (Found::Json(pointer), None) => pointer,
        (Found::Status | Found::Duration(_), _) => return Some(Type::Number),
        (Found::Path(_), None) => return None,
        _ => return Some(Type::Text),
    };
    let Some(Body::Json(body)) = &expectation.body else { return None };
    let steps: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
    kind_at(body, &steps)
}

fn kind_at(matcher: &Matcher, steps: &[String]) -> Option<Type> {
    match (matcher.demand(), steps) {
        (Demand::AllOf(all), _) => all.iter().find_map(|one| kind_at(one, steps)),
        (Demand::Object { members, .. }, [name, steps @ ..]) => {
            members.iter().find(|(own, _)| own == name).and_then(|(_, member)| kind_at(member, steps))
        }
        (Demand::List(list), [at, steps @ ..]) => kind_at(list.get(at.parse::<usize>().ok()?)?, steps),
        (Demand::Each(each), [_, steps @ ..]) => kind_at(each, steps),
        (Demand::Value(Json::Number(_)) | Demand::Integer | Demand::Number | Demand::About { .. }, []) => {
            Some(Type::Number)
        }
        (Demand::Text(text), []) => text.is_literal().then_some(Type::Text),
        (
            Demand::String
            | Demand::Pattern(_)
            | Demand::Date(_)
            | Demand::Contains(_)
            | Demand::StartsWith(_)
            | Demand::EndsWith(_)
            | Demand::IgnoringCase(_),
            [],
        ) => Some(Type::Text),
        _ => None,
    }
}
