//! Finds values that one response contains and a later command sends: adds captures and replaces the values by expressions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::{Body, Exchange, Wanted, fresh, placeholder};
use crate::loose::{self, Value};
use crate::pattern;
use conformance_suite::cookie::SetCookie;
use conformance_suite::curl;
use conformance_suite::json::escape;
use conformance_suite::suite::{OUTPUT, Suite, TARGET};

/// A capture of a step: its name, its source, and the printed value.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) from: (&'static str, String),
    pub(super) value: String,
}

/// Returns the captures of each exchange and replaces the captured values in later commands.
///
/// `variables` are the names of the variables that the suite gets. A value is replaced only if the result is still a valid command for its origin.
pub(super) fn link(
    exchanges: &mut [Exchange],
    origin: &str,
    variables: &BTreeSet<&str>,
    wanted: &Wanted<'_>,
) -> Vec<Vec<Kept>> {
    // curl takes `host:port/path` for a URL.
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let is_known = |name: &str| {
        let known = |suite: &Suite| suite.fixture(name).is_some() || suite.variable(name).is_some();
        [OUTPUT, TARGET].contains(&name) || variables.contains(name) || wanted.suite.is_some_and(known)
    };
    let mut kept: Vec<Vec<Kept>> = vec![Vec::new(); exchanges.len()];
    for (exchange, kept) in exchanges.iter().zip(&mut kept) {
        // The shell keeps the whole body in a variable, without the line end.
        if let Some((name, pointer)) = &exchange.capture {
            let from = match pointer {
                Some(pointer) => ("json", pointer.clone()),
                None => ("text", r"(?s)^(.*?)\s*$".to_owned()),
            };
            names.insert(name.clone(), 1);
            kept.push(Kept { name: name.clone(), from, value: String::new() });
        }
        for set in &exchange.sets {
            names.insert(set.name.clone(), 1);
            kept.push(set.clone());
        }
    }
    for index in 0..exchanges.len() {
        for (from, value) in printed(&exchanges[index]) {
            let known = placeholder::ELISION.is_match(&value)
                || value.starts_with(host)
                || kept.iter().flatten().any(|other: &Kept| other.value == value);
            let echo = exchanges[..=index].iter().any(|earlier| sends(&earlier.command, &value));
            let takes = |later: &Exchange| {
                sends(&later.command, &value) && {
                    let command = replace(&later.command, &value, "${value}");
                    curl::parse(&command, &later.origin, wanted.files, &later.place).is_ok()
                }
            };
            if known || echo || !exchanges[index + 1..].iter().any(takes) {
                continue;
            }
            let name = name(&from, &mut names, &is_known);
            for later in exchanges[index + 1..].iter_mut().filter(|later| takes(later)) {
                later.command = replace(&later.command, &value, &format!("${{{name}}}"));
                later.remarks.retain(|remark| !remark.starts_with(&value));
            }
            kept[index].push(Kept { name, from, value });
        }
    }
    kept
}

/// Returns the values of a response that a later request could send, with their sources.
pub(super) fn printed(exchange: &Exchange) -> Vec<((&'static str, String), String)> {
    let mut values = Vec::new();
    for (name, value) in exchange.head.iter().flat_map(|head| &head.headers) {
        if name.eq_ignore_ascii_case("set-cookie") {
            if let Some(cookie) = SetCookie::parse(value)
                && cookie.value.len() > 3
            {
                values.push((("cookie", cookie.name.to_owned()), cookie.value.to_owned()));
            }
        } else if is_identifier(name, value) {
            values.push((("header", name.to_ascii_lowercase()), value.clone()));
        }
    }
    if let Body::Text { text, .. } = &exchange.body
        && let Some((json, _)) = loose::read(text)
    {
        leaves(&json, "", &mut values);
    }
    values
}

fn leaves(json: &Value, pointer: &str, values: &mut Vec<((&'static str, String), String)>) {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    match json {
        Value::String(text) if is_identifier(name, text) => {
            values.push((("json", pointer.to_owned()), text.clone()));
        }
        Value::Number(number) if KEY_NAME.is_match(name) && number.parse::<u64>().is_ok() => {
            values.push((("json", pointer.to_owned()), number.clone()));
        }
        Value::Array(items, _) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| leaves(item, &format!("{pointer}/{index}"), values));
        }
        Value::Object(members, _) => {
            for (name, member) in members {
                let name = escape(name);
                leaves(member, &format!("{pointer}/{name}"), values);
            }
        }
        _ => {}
    }
}

/// Whether a value looks like a generated identifier and not like an ordinary word.
///
/// Absolute URLs are excluded: if one replaced the URL of a command, its origin would be unknown.
fn is_identifier(name: &str, value: &str) -> bool {
    if value.contains("://") || value.starts_with("//") {
        return false;
    }
    let long = value.len() >= 16
        && !value.contains(char::is_whitespace)
        && value.contains(|one: char| one.is_ascii_digit());
    fresh::VALUE.is_match(value)
        || (value.len() >= 4 && KEY_NAME.is_match(name))
        || (long && !value.contains('@'))
}

/// Whether a command contains a value as a separate word. Numbers count only as path segments.
pub(super) fn sends(command: &str, value: &str) -> bool {
    !occurrences(command, value).is_empty()
}

fn occurrences(command: &str, value: &str) -> Vec<usize> {
    let number = value.bytes().all(|byte| byte.is_ascii_digit());
    let part = |one: char| one.is_alphanumeric() || one == '-' || one == '_';
    // Scheme and authority of a URL are not separate words.
    let heads: Vec<_> = HEAD.find_iter(command).map(|head| head.range()).collect();
    let found = command.match_indices(value).map(|(at, _)| at);
    found
        .filter(|_| !value.is_empty())
        .filter(|at| !heads.iter().any(|head| head.contains(at)))
        .filter(|at| {
            let (before, after) = (&command[..*at], &command[at + value.len()..]);
            let bordered = !before.ends_with(part) && !after.starts_with(part);
            bordered && (!number || before.ends_with('/'))
        })
        .collect()
}

fn replace(command: &str, value: &str, by: &str) -> String {
    let mut text = command.to_owned();
    for at in occurrences(command, value).into_iter().rev() {
        text.replace_range(at..at + value.len(), by);
    }
    text
}

/// Returns a name for a value that no other capture has.
fn name(from: &(&str, String), names: &mut BTreeMap<String, usize>, taken: &dyn Fn(&str) -> bool) -> String {
    let last = from.1.rsplit('/').find(|part| !part.bytes().all(|byte| byte.is_ascii_digit()));
    let plain: String = last
        .unwrap_or("value")
        .chars()
        .map(|one| if one.is_ascii_alphanumeric() { one } else { '_' })
        .collect();
    let plain = plain.trim_matches('_').to_ascii_lowercase();
    let plain = if plain.is_empty() || plain.starts_with(|first: char| first.is_ascii_digit()) {
        format!("value_{plain}")
    } else {
        plain
    };
    let plain = if taken(&plain) { format!("{plain}_value") } else { plain };
    let mut number = names.get(&plain).copied().unwrap_or_default();
    loop {
        number += 1;
        let name = if number == 1 { plain.clone() } else { format!("{plain}_{number}") };
        if !taken(&name) && !names.contains_key(&name) {
            names.insert(plain, number);
            names.entry(name.clone()).or_insert(1);
            return name;
        }
    }
}

/// The scheme and the authority of a URL (RFC 3986, section 3).
static HEAD: LazyLock<Regex> = LazyLock::new(|| pattern(r#"[A-Za-z][A-Za-z0-9+.-]*://[^/?\s'"]*"#));

static KEY_NAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(^id|_id|Id|token|key|session|secret|code|cursor|etag|csrf|nonce|rev|revision|_version|Version|etag)$",
    )
});
