//! Captures: values of a response that later steps use.

mod path;

use std::borrow::Cow;
use std::sync::Arc;

use regex::Regex;

use crate::diagnostic::Diagnostic;
use crate::json::{Json, Number};
use crate::matcher;
use crate::members::{Members, flag, string};
use crate::response::Response;
use crate::source::{Place, Source};
use crate::template::{Scope, Text};
use crate::visible;
use crate::yaml::{Located, Node, Value};
use path::Path;

/// A name, and where in a response its value is.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The name that later steps use.
    pub name: String,
    /// The keys under which the scenario stores it: its own, and those that a sequence exports it as.
    pub keys: Box<[String]>,
    /// Whether reports redact its value.
    pub secret: bool,
    /// Where it is written.
    pub place: Place,
    from: From,
    /// Extracts a part of the value.
    part: Option<Regex>,
}

#[derive(Debug, Clone)]
enum From {
    Cookie(String),
    Header(String),
    Json(String),
    Path(Path),
    Body,
    Status,
    Duration(Unit),
}

/// The unit of a captured duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds, with a fraction.
    Seconds,
    /// Whole milliseconds.
    Milliseconds,
}

/// Where in a response a value is.
pub enum Found<'a> {
    /// A cookie with this name.
    Cookie(&'a str),
    /// A header field with this name.
    Header(&'a str),
    /// A JSON Pointer.
    Json(&'a str),
    /// A `JSONPath` (RFC 9535).
    Path(&'a Text),
    /// The body as text.
    Body,
    /// The status.
    Status,
    /// The time from the first byte sent to the last byte received.
    Duration(Unit),
}

impl Capture {
    /// Whether the value is a part of the body.
    #[must_use]
    pub fn is_of_body(&self) -> bool {
        matches!(self.from, From::Json(_) | From::Path(_) | From::Body)
    }

    /// Whether the whole response is needed.
    pub(crate) fn reads_the_body(&self) -> bool {
        self.is_of_body() || matches!(self.from, From::Duration(_))
    }

    /// Where the value is.
    #[must_use]
    pub fn source(&self) -> Found<'_> {
        match &self.from {
            From::Cookie(name) => Found::Cookie(name),
            From::Header(name) => Found::Header(name),
            From::Json(pointer) => Found::Json(pointer),
            From::Path(path) => Found::Path(path.text()),
            From::Body => Found::Body,
            From::Status => Found::Status,
            From::Duration(unit) => Found::Duration(*unit),
        }
    }

    /// Returns the template in it, to check the names.
    #[must_use]
    pub fn text(&self) -> Option<&Text> {
        match &self.from {
            From::Path(path) => Some(path.text()),
            _ => None,
        }
    }

    /// Returns the pattern whose first group is the captured part, if that is not the whole value.
    #[must_use]
    pub fn part(&self) -> Option<Cow<'_, str>> {
        let pattern = self.part.as_ref()?;
        let grouped = pattern.captures_len() > 1;
        Some(if grouped { pattern.as_str().into() } else { format!("({pattern})").into() })
    }

    /// Takes the value from a response.
    ///
    /// # Errors
    /// Why the response does not have it, as a sentence.
    pub fn take(&self, response: &Response, scope: &Scope) -> Result<Json, String> {
        let mut found = self.find(response, scope)?;
        let Some(pattern) = &self.part else { return Ok(found.swap_remove(0)) };
        let part = found.iter().filter_map(Json::as_str).find_map(|text| part(pattern, text));
        part.map(Json::from).ok_or_else(|| self.unmatched(pattern, &found))
    }

    /// Returns all candidates, since a header may occur several times. Never empty.
    fn find(&self, response: &Response, scope: &Scope) -> Result<Vec<Json>, String> {
        Ok(match &self.from {
            From::Cookie(name) => match response.cookie(name) {
                Some(cookie) => vec![cookie.value.into()],
                None => return Err(format!("no cookie `{name}` is set")),
            },
            From::Header(name) => match response.header_values(name).map(Json::from).collect::<Vec<_>>() {
                values if values.is_empty() => return Err(format!("the header `{name}` is missing")),
                values => values,
            },
            From::Json(pointer) => match response.json() {
                Ok(body) => match body.pointer(pointer) {
                    Some(value) if value.has_lone_surrogate() => {
                        return Err(format!(
                            "the value at `{pointer}` of the body has a lone surrogate, so it is not valid text"
                        ));
                    }
                    Some(value) => vec![value.clone()],
                    None => return Err(format!("JSON member `{pointer}` is missing in the body")),
                },
                Err(error) => return Err(format!("the body is not JSON: {error}")),
            },
            From::Path(path) => {
                let body = response.json().map_err(|error| format!("the body is not JSON: {error}"))?;
                let value = path.find(&body, scope)?;
                if value.has_lone_surrogate() {
                    let path = path.text().written();
                    return Err(format!(
                        "the value at `{path}` has a lone surrogate, so it is not valid text"
                    ));
                }
                vec![value.clone()]
            }
            From::Body => vec![response.decoded_text()?.as_ref().into()],
            From::Status => {
                Number::parse(&response.status.to_string()).map(Json::Number).into_iter().collect()
            }
            From::Duration(unit) => {
                let time = match unit {
                    Unit::Seconds => format!("{:.6}", response.elapsed.as_secs_f64()),
                    Unit::Milliseconds => response.elapsed.as_millis().to_string(),
                };
                Number::parse(&time).map(Json::Number).into_iter().collect()
            }
        })
    }

    /// Returns the error for a value that the pattern does not match. It does not show secrets.
    fn unmatched(&self, pattern: &Regex, found: &[Json]) -> String {
        match &self.from {
            From::Body | From::Status | From::Duration(_) => format!("the body does not match /{pattern}/"),
            From::Path(path) => {
                let path = path.text().written();
                format!("the value at `{path}` of the body is not a string that matches /{pattern}/")
            }
            From::Cookie(name) => format!("the cookie `{name}` does not match /{pattern}/"),
            From::Json(pointer) if found.iter().all(|value| value.as_str().is_none()) => {
                format!("the value at `{pointer}` of the body is not a string, so /{pattern}/ cannot match")
            }
            From::Json(pointer) => format!("the value at `{pointer}` of the body does not match /{pattern}/"),
            From::Header(name) if self.secret => format!("the header `{name}` does not match /{pattern}/"),
            From::Header(name) => {
                let values: Vec<&str> = found.iter().filter_map(Json::as_str).collect();
                let values = visible::text(&values.join("` and `"));
                format!("the header `{name}` does not match /{pattern}/: it is `{values}`")
            }
        }
    }
}

/// Returns the first group of a match, or the whole match if the pattern has no group.
fn part<'a>(pattern: &Regex, text: &'a str) -> Option<&'a str> {
    let group = usize::from(pattern.captures_len() > 1);
    pattern.captures(text)?.get(group).map(|found| found.as_str())
}

/// A key of a capture that says where the value is.
#[derive(Clone, Copy)]
enum Key {
    Cookie,
    Header,
    Json,
    Text,
    Status,
    Duration,
}

/// The keys of a capture of a response.
const OF_RESPONSE: &[(&str, Key)] = &[
    ("cookie", Key::Cookie),
    ("header", Key::Header),
    ("json", Key::Json),
    ("text", Key::Text),
    ("status", Key::Status),
    ("duration", Key::Duration),
];

/// The keys of a capture of a program.
const OF_PROGRAM: &[(&str, Key)] =
    &[("json", Key::Json), ("stdout", Key::Text), (STDERR, Key::Text), ("exit", Key::Status)];
const STDERR: &str = "stderr";

/// Compiles an entry of `capture`.
///
/// # Errors
/// An invalid name or source, with its location.
pub fn compile(name: &Located<String>, node: &Node, source: &Arc<Source>) -> Result<Capture, Diagnostic> {
    let members = Members::of(node, source, "a capture").map_err(|wrong| match &node.value {
        Value::String(text) if node.tag.is_none() => wrong.help(instead_of(text)),
        _ => wrong,
    })?;
    compile_keys(name, members, source, OF_RESPONSE).map(|(_, capture)| capture)
}

/// Compiles an entry of `capture` in a step that runs a program, and returns whether the value is in standard error. Status and
/// body of the capture are the exit code and the output.
///
/// # Errors
/// An invalid name or source, with its location.
pub(crate) fn compile_printed(
    name: &Located<String>,
    node: &Node,
    source: &Arc<Source>,
) -> Result<(bool, Capture), Diagnostic> {
    const HELP: &str = "write {stdout: 'id: (.*)'}, {json: /id} or {exit: true}";
    let members = Members::of(node, source, "a capture").map_err(|wrong| wrong.help(HELP))?;
    let (key, capture) = compile_keys(name, members, source, OF_PROGRAM)?;
    Ok((key == STDERR, capture))
}

/// Compiles an entry with exactly one of some keys, and returns that key.
fn compile_keys(
    name: &Located<String>,
    mut members: Members<'_>,
    source: &Arc<Source>,
    keys: &'static [(&'static str, Key)],
) -> Result<(&'static str, Capture), Diagnostic> {
    let place = name.place(source);
    check_name(&name.value, &place)?;
    let mut found = Vec::new();
    for (key, kind) in keys {
        if let Some(node) = members.take(key) {
            found.push((*key, *kind, string(node, source, key)?, node.place(source)));
        }
    }
    let part = members.take("pattern");
    let secret = members.take("secret").map(|node| flag(node, source)).transpose()?.unwrap_or(false);
    let whole = members.place().clone();
    members.finish()?;
    let [(key, kind, written, at)] = found.as_slice() else {
        let keys = keys.iter().map(|(key, _)| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let (others, last) = keys.rsplit_once(", ").unwrap_or_default();
        return Err(Diagnostic::at(whole, format!("a capture needs exactly one of {others} and {last}")));
    };
    let from = match kind {
        Key::Cookie => From::Cookie(written.clone()),
        Key::Header => From::Header(written.clone()),
        Key::Json if written.is_empty() || written.starts_with('/') => From::Json(written.clone()),
        Key::Json if written.starts_with('$') => From::Path(Path::compile(written, at)?),
        Key::Json => {
            return Err(Diagnostic::at(at.clone(), format!("`{written}` is neither a JSON Pointer nor a JSONPath"))
                .help("a pointer begins with `/`, such as /id or /0/name; '' is the whole body (RFC 6901); a path begins with `$` (RFC 9535)"));
        }
        Key::Text => From::Body,
        Key::Status if written == "true" => From::Status,
        Key::Status => {
            return Err(Diagnostic::at(at.clone(), "expected `true`").help(format!("write {{{key}: true}}")));
        }
        Key::Duration => From::Duration(match written.as_str() {
            "ms" => Unit::Milliseconds,
            "s" => Unit::Seconds,
            other => {
                return Err(Diagnostic::at(at.clone(), format!("`{other}` is not a unit of time"))
                    .help("write {duration: ms} or {duration: s}"));
            }
        }),
    };
    let part = match (&from, part) {
        (From::Body, Some(part)) => {
            let message = format!("`pattern` is not allowed with `{key}`, which is already a pattern");
            let others = if *key == "text" { "a `cookie`, a `header` or a" } else { "a" };
            return Err(Diagnostic::at(part.place(source), message)
                .help(format!("use `pattern` to take a part of {others} `json` string")));
        }
        (From::Status | From::Duration(_), Some(part)) => {
            let message = format!("`pattern` is not allowed with `{key}`, which is a number");
            return Err(Diagnostic::at(part.place(source), message));
        }
        (From::Body, None) => Some(matcher::pattern(written, at)?),
        (_, Some(part)) => Some(matcher::pattern(&string(part, source, "`pattern`")?, &part.place(source))?),
        (_, None) => None,
    };
    let keys = [name.value.clone()].into();
    Ok((key, Capture { name: name.value.clone(), keys, secret, place, from, part }))
}

/// Suggests a mapping for a capture that is written as a text.
fn instead_of(text: &str) -> String {
    let kind = match text {
        "status" => return "write {status: true}".to_owned(),
        "duration" => return "write {duration: ms} or {duration: s}".to_owned(),
        text if text.starts_with(['/', '$']) => "json",
        _ => "header",
    };
    let others = ["cookie", "header", "json", "text"].into_iter().filter(|other| *other != kind);
    let others: Vec<String> = others.map(|other| format!("`{other}`")).collect();
    format!(
        "write where to find the value: {{{kind}: {text}}}, or use {} instead of `{kind}`",
        others.join(", ")
    )
}

/// Compiles a pattern that has a group.
///
/// # Errors
/// An invalid pattern, or one without a group, with its location.
pub fn pattern(written: &str, place: &Place) -> Result<Regex, Diagnostic> {
    let pattern = matcher::pattern(written, place)?;
    if pattern.captures_len() < 2 {
        return Err(Diagnostic::at(place.clone(), "this pattern has no group, so it captures nothing")
            .help("put the part to capture in parentheses"));
    }
    Ok(pattern)
}

/// Checks that a name can be used in an expression.
///
/// # Errors
/// A name with other characters than letters, digits and `_`.
pub fn check_name(name: &str, place: &Place) -> Result<(), Diagnostic> {
    let mut characters = name.chars();
    let starts = characters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if starts && characters.all(|character| character.is_alphanumeric() || character == '_') {
        return Ok(());
    }
    Err(Diagnostic::at(place.clone(), format!("`{name}` cannot be used in an expression"))
        .help("a name consists of letters, digits and `_`, and does not begin with a digit"))
}

#[cfg(test)]
mod tests;
