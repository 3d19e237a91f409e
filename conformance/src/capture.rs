//! Values kept from one step for a later one.

use std::sync::Arc;

use regex::Regex;

use crate::diagnostic::Diagnostic;
use crate::json::Json;
use crate::matcher;
use crate::response::Response;
use crate::source::{Place, Source};
use crate::suite::flag;
use crate::suite::members::{Members, string};
use crate::yaml::{Located, Node};

/// A name and where in a response its value is found.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The name that later steps use.
    pub name: String,
    /// The names under which the scenario keeps it: its own, and those that a sequence hands it back by.
    pub keys: Vec<String>,
    /// Whether no report shows its value.
    pub secret: bool,
    /// Where it is asked for.
    pub place: Place,
    from: From,
}

#[derive(Debug, Clone)]
enum From {
    Cookie(String),
    Header(String),
    Json(String),
    Text(Regex),
}

/// Where in a response a value is found.
pub(crate) enum Found<'a> {
    Cookie(&'a str),
    Header(&'a str),
    /// A JSON Pointer.
    Json(&'a str),
    /// A pattern with a group.
    Text(&'a str),
}

impl Capture {
    /// Whether the value is found in the body.
    pub(crate) fn reads_the_body(&self) -> bool {
        matches!(self.from, From::Json(_) | From::Text(_))
    }

    /// Where the value is found.
    pub(crate) fn source(&self) -> Found<'_> {
        match &self.from {
            From::Cookie(name) => Found::Cookie(name),
            From::Header(name) => Found::Header(name),
            From::Json(pointer) => Found::Json(pointer),
            From::Text(pattern) => Found::Text(pattern.as_str()),
        }
    }

    /// Returns the value, or the sentence that says why there is none.
    ///
    /// # Errors
    /// The response does not have it.
    pub fn take(&self, response: &Response) -> Result<Json, String> {
        match &self.from {
            From::Cookie(name) => match response.cookie(name) {
                Some(cookie) => Ok(Json::String(cookie.value().to_owned())),
                None => Err(format!("no cookie `{name}` is set")),
            },
            From::Header(name) => match response.header(name) {
                Some(value) => Ok(Json::String(value.to_owned())),
                None => Err(format!("there is no header `{name}`")),
            },
            From::Json(pointer) => match response.json() {
                Ok(body) => body
                    .pointer(pointer)
                    .cloned()
                    .ok_or_else(|| format!("the body has nothing at `{pointer}`")),
                Err(error) => Err(format!("the body is not JSON: {error}")),
            },
            From::Text(pattern) => {
                match pattern.captures(&response.text()).and_then(|groups| groups.get(1)) {
                    Some(group) => Ok(Json::String(group.as_str().to_owned())),
                    None => Err(format!("the body does not match /{pattern}/")),
                }
            }
        }
    }
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
    let mut members = Members::of(node, source, "a capture")?;
    let mut found = Vec::new();
    for kind in ["cookie", "header", "json", "text"] {
        if let Some(node) = members.take(kind) {
            found.push((kind, string(node, source, kind)?, node.place(source)));
        }
    }
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
        _ => From::Text(pattern(written, at)?),
    };
    Ok(Capture { name: name.value.clone(), keys: vec![name.value.clone()], secret, place, from })
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
