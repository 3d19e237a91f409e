//! Values kept from one step for a later one.

use std::borrow::Cow;
use std::sync::Arc;

use regex::Regex;

use crate::diagnostic::Diagnostic;
use crate::json::Json;
use crate::matcher;
use crate::members::{Members, flag, string};
use crate::response::Response;
use crate::source::{Place, Source};
use crate::visible;
use crate::yaml::{Located, Node, Value};

/// A name and where in a response its value is found.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The name that later steps use.
    pub name: String,
    /// The names under which the scenario keeps it: its own, and those that a sequence hands it back by.
    pub keys: Box<[String]>,
    /// Whether no report shows its value.
    pub secret: bool,
    /// Where it is asked for.
    pub place: Place,
    from: From,
    /// What takes a part of the value that is found.
    part: Option<Regex>,
}

#[derive(Debug, Clone)]
enum From {
    Cookie(String),
    Header(String),
    Json(String),
    Body,
}

/// Where in a response a value is found.
pub(crate) enum Found<'a> {
    Cookie(&'a str),
    Header(&'a str),
    /// A JSON Pointer.
    Json(&'a str),
    /// The body as text.
    Body,
}

impl Capture {
    /// Whether the value is found in the body.
    pub(crate) fn reads_the_body(&self) -> bool {
        matches!(self.from, From::Json(_) | From::Body)
    }

    /// Where the value is found.
    pub(crate) fn source(&self) -> Found<'_> {
        match &self.from {
            From::Cookie(name) => Found::Cookie(name),
            From::Header(name) => Found::Header(name),
            From::Json(pointer) => Found::Json(pointer),
            From::Body => Found::Body,
        }
    }

    /// The pattern whose first group is the part that is kept, where it is not the whole value.
    pub(crate) fn part(&self) -> Option<Cow<'_, str>> {
        let pattern = self.part.as_ref()?;
        let grouped = pattern.captures_len() > 1;
        Some(if grouped { pattern.as_str().into() } else { format!("({pattern})").into() })
    }

    /// Returns the value, or the sentence that says why there is none.
    ///
    /// # Errors
    /// The response does not have it.
    pub fn take(&self, response: &Response) -> Result<Json, String> {
        let mut found = self.find(response)?;
        let Some(pattern) = &self.part else { return Ok(found.swap_remove(0)) };
        let part = found.iter().filter_map(Json::as_str).find_map(|text| part(pattern, text));
        part.map(Json::from).ok_or_else(|| self.unmatched(pattern, &found))
    }

    /// Everything that stands where the value is found: a header may come several times. Never empty.
    fn find(&self, response: &Response) -> Result<Vec<Json>, String> {
        Ok(match &self.from {
            From::Cookie(name) => match response.cookie(name) {
                Some(cookie) => vec![cookie.value.into()],
                None => return Err(format!("no cookie `{name}` is set")),
            },
            From::Header(name) => match response.header_values(name).map(Json::from).collect::<Vec<_>>() {
                values if values.is_empty() => return Err(format!("there is no header `{name}`")),
                values => values,
            },
            From::Json(pointer) => match response.json() {
                Ok(body) => match body.pointer(pointer) {
                    Some(value) if value.has_lone_surrogate() => {
                        return Err(format!(
                            "the body has a lone surrogate at `{pointer}`, which is no text"
                        ));
                    }
                    Some(value) => vec![value.clone()],
                    None => return Err(format!("the body has nothing at `{pointer}`")),
                },
                Err(error) => return Err(format!("the body is not JSON: {error}")),
            },
            From::Body => vec![response.decoded_text()?.as_ref().into()],
        })
    }

    /// Says that the value is there and the pattern does not find its part. What a secret is part of is not told.
    fn unmatched(&self, pattern: &Regex, found: &[Json]) -> String {
        match &self.from {
            From::Body => format!("the body does not match /{pattern}/"),
            From::Cookie(name) => format!("the cookie `{name}` does not match /{pattern}/"),
            From::Json(pointer) if found.iter().all(|value| value.as_str().is_none()) => {
                format!(
                    "what the body has at `{pointer}` is no string, of which /{pattern}/ could take a part"
                )
            }
            From::Json(pointer) => format!("what the body has at `{pointer}` does not match /{pattern}/"),
            From::Header(name) if self.secret => format!("the header `{name}` does not match /{pattern}/"),
            From::Header(name) => {
                let values: Vec<&str> = found.iter().filter_map(Json::as_str).collect();
                let values = visible::text(&values.join("` and `"));
                format!("the header `{name}` does not match /{pattern}/: it is `{values}`")
            }
        }
    }
}

/// What the first group of a pattern finds, or the whole of it where it has none.
fn part<'a>(pattern: &Regex, text: &'a str) -> Option<&'a str> {
    let group = usize::from(pattern.captures_len() > 1);
    pattern.captures(text)?.get(group).map(|found| found.as_str())
}

/// Returns the capture that an entry of `capture` describes.
///
/// # Errors
/// A name or a source that is not of the format, at its place.
pub(crate) fn compile(
    name: &Located<String>,
    node: &Node,
    source: &Arc<Source>,
) -> Result<Capture, Diagnostic> {
    let place = name.place(source);
    check_name(&name.value, &place)?;
    let mut members = Members::of(node, source, "a capture").map_err(|wrong| match &node.value {
        Value::String(text) if node.tag.is_none() => wrong.help(instead_of(text)),
        _ => wrong,
    })?;
    let mut found = Vec::new();
    for kind in ["cookie", "header", "json", "text"] {
        if let Some(node) = members.take(kind) {
            found.push((kind, string(node, source, kind)?, node.place(source)));
        }
    }
    let part = members.take("pattern");
    let secret = members.take("secret").map(|node| flag(node, source)).transpose()?.unwrap_or(false);
    let whole = members.place().clone();
    members.finish()?;
    let [(kind, written, at)] = found.as_slice() else {
        return Err(Diagnostic::at(whole, "a capture names one of `cookie`, `header`, `json` and `text`"));
    };
    let from = match *kind {
        "cookie" => From::Cookie(written.clone()),
        "header" => From::Header(written.clone()),
        "json" if written.is_empty() || written.starts_with('/') => From::Json(written.clone()),
        "json" => {
            return Err(Diagnostic::at(at.clone(), format!("`{written}` is not a JSON Pointer"))
                .help("a pointer begins with `/`: /id, /0/name; '' is the whole body (RFC 6901)"));
        }
        _ => From::Body,
    };
    let part = match (&from, part) {
        (From::Body, Some(part)) => {
            return Err(Diagnostic::at(part.place(source), "`text` is a pattern itself")
                .help("`pattern` takes a part of a `cookie`, a `header` or a string of the `json`"));
        }
        (From::Body, None) => Some(matcher::pattern(written, at)?),
        (_, Some(part)) => Some(matcher::pattern(&string(part, source, "`pattern`")?, &part.place(source))?),
        (_, None) => None,
    };
    Ok(Capture { name: name.value.clone(), keys: [name.value.clone()].into(), secret, place, from, part })
}

/// What was probably meant by a text where a capture is a mapping.
fn instead_of(text: &str) -> String {
    let kind = if text.starts_with('/') { "json" } else { "header" };
    let others = ["cookie", "header", "json", "text"].into_iter().filter(|other| *other != kind);
    let others: Vec<String> = others.map(|other| format!("`{other}`")).collect();
    format!(
        "it says where the value is found: {{{kind}: {text}}}, or with {} in its place",
        others.join(", ")
    )
}

/// Returns a pattern that has one group.
///
/// # Errors
/// A pattern that cannot be read or has no group, at its place.
pub(crate) fn pattern(written: &str, place: &Place) -> Result<Regex, Diagnostic> {
    let pattern = matcher::pattern(written, place)?;
    if pattern.captures_len() < 2 {
        return Err(Diagnostic::at(place.clone(), "this pattern has no group, so it captures nothing")
            .help("put what is to be kept in parentheses"));
    }
    Ok(pattern)
}

/// Says whether a name can be used in an expression.
///
/// # Errors
/// A name that is not letters, digits and `_`.
pub(crate) fn check_name(name: &str, place: &Place) -> Result<(), Diagnostic> {
    let mut characters = name.chars();
    let starts = characters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if starts && characters.all(|character| character.is_alphanumeric() || character == '_') {
        return Ok(());
    }
    Err(Diagnostic::at(place.clone(), format!("`{name}` cannot be used in an expression"))
        .help("a name is letters, digits and `_`, and does not begin with a digit"))
}

#[cfg(test)]
mod tests;
