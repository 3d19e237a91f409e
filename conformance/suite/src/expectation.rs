//! Expectations: what a step requires of its response, compiled from `expect`.
//!
//! The judge of the engine compares them with a response.

use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::format::ExpectText;
use crate::json::Json;
use crate::matcher::{self, Events, Matcher, Mode, OPTIONAL, Setting};
use crate::members::{Members, duration, parse_value};
use crate::request::Files;
use crate::source::{Place, Source};
use crate::template::{Scope, TemplateError, Text};
use crate::yaml::{Located, Node, Value};

/// What a step requires. If it is empty, any response passes.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// The status.
    pub status: Option<Status>,
    /// Header fields by name, with what one of their values must match.
    pub headers: Box<[(String, Matcher)]>,
    /// Header fields that must not be present.
    pub absent: Box<[(String, Place)]>,
    /// Cookies that must be set.
    pub cookies: Box<[Cookie]>,
    /// Cookies that must not be set.
    pub absent_cookies: Box<[(String, Place)]>,
    /// The body.
    pub body: Option<Body>,
    /// The events of a stream.
    pub events: Option<Box<Events>>,
    /// Where it is required that no object of the JSON has two members with the same name.
    pub unique_members: Option<Place>,
    /// Maximum duration, from the first byte sent to the last byte received.
    pub within: Option<Box<(Duration, Place)>>,
}

/// The allowed statuses.
#[derive(Debug, Clone)]
pub struct Status {
    choices: Box<[StatusChoice]>,
    /// Where they are written.
    pub place: Place,
}

#[derive(Debug, Clone)]
enum StatusChoice {
    Exactly(u16),
    Class(u16),
    /// The value of `${…}`, if it is not known while loading.
    Computed(Box<Text>),
}

/// A cookie that must be set.
#[derive(Debug, Clone)]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// Where the name is written.
    pub place: Place,
    /// Whether it need not be set.
    pub optional: bool,
    /// What its attributes must match.
    pub attributes: Box<[(&'static str, Matcher)]>,
}

/// What the body must match.
#[derive(Debug, Clone)]
pub enum Body {
    /// The body parsed as JSON.
    Json(Matcher),
    /// The body decoded by its charset.
    Text(Matcher),
    /// The bytes, compared as text in any encoding.
    Bytes(Matcher),
}

/// The attributes of Set-Cookie (RFC 6265, section 4.1) that can be checked, `value` first.
pub const COOKIE_ATTRIBUTES: [&str; 8] =
    ["value", "path", "domain", "expires", "max-age", "http-only", "secure", "same-site"];

impl Expectation {
    /// Whether nothing is required.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.status.is_none() && self.demands_no_more()
    }

    /// Whether nothing but possibly a status is required.
    fn demands_no_more(&self) -> bool {
        self.headers.is_empty()
            && self.absent.is_empty()
            && self.cookies.is_empty()
            && self.absent_cookies.is_empty()
            && self.body.is_none()
            && self.events.is_none()
            && self.unique_members.is_none()
            && self.within.is_none()
    }

    /// Whether a status is all that is required.
    #[must_use]
    pub fn is_status_only(&self) -> bool {
        self.status.is_some() && self.demands_no_more()
    }

    /// Returns where a body is required that is not empty.
    pub(crate) fn body_place(&self) -> Option<&Place> {
        let body = self.body.as_ref().filter(|body| match body {
            Body::Json(_) => true,
            Body::Text(matcher) | Body::Bytes(matcher) => {
                matcher.literal_text().is_some_and(|text| !text.is_empty())
            }
        });
        body.map(|body| body.matcher().place()).or_else(|| Some(self.events.as_ref()?.matcher().place()))
    }

    /// Creates the expectation that an event comes.
    pub(crate) fn of_any_event(place: &Place) -> Self {
        Self { events: Some(Box::new(matcher::any_event(place))), ..Self::default() }
    }

    /// Describes all requirements, with names as written: equal descriptions mean equal expectations.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        let scope = Scope::default();
        let named = |name: &str, matcher: &Matcher| format!("{name}: {}", matcher.describe(&scope));
        let mut all: Vec<String> = self.status.iter().map(|status| status.describe(&scope)).collect();
        all.extend(self.headers.iter().map(|(name, matcher)| named(name, matcher)));
        all.extend(self.absent.iter().map(|(name, _)| format!("no {name}")));
        for cookie in &self.cookies {
            let optional = if cookie.optional { "optional " } else { "" };
            all.push(format!("{optional}cookie {}", cookie.name));
            all.extend(cookie.attributes.iter().map(|(name, matcher)| named(name, matcher)));
        }
        all.extend(self.absent_cookies.iter().map(|(name, _)| format!("no cookie {name}")));
        all.extend(self.body.iter().map(|body| match body {
            Body::Json(matcher) => named("json", matcher),
            Body::Text(matcher) => named("text", matcher),
            Body::Bytes(matcher) => named("body", matcher),
        }));
        all.extend(self.events.iter().map(|events| named("events", events.matcher())));
        all.extend(self.unique_members.iter().map(|_| "unique members".to_owned()));
        all.extend(self.within.as_deref().map(|(limit, _)| format!("within {limit:?}")));
        all
    }

    /// Returns the templates with their locations, to check the names in them.
    #[must_use]
    pub fn texts(&self) -> Vec<(&Text, &Place)> {
        let headers = self.headers.iter().map(|(_, matcher)| matcher);
        let cookies =
            self.cookies.iter().flat_map(|cookie| cookie.attributes.iter().map(|(_, matcher)| matcher));
        let events = self.events.iter().map(|events| events.matcher());
        let body = self.body.iter().map(Body::matcher).chain(events);
        let status = self.status.iter().flat_map(|status| {
            let computed = status.choices.iter().filter_map(|choice| match choice {
                StatusChoice::Computed(text) => Some(text),
                StatusChoice::Exactly(_) | StatusChoice::Class(_) => None,
            });
            computed.map(|text| (&**text, &status.place))
        });
        (headers.chain(cookies).chain(body))
            .flat_map(|matcher| matcher.texts().into_iter().map(|text| (text, matcher.place())))
            .chain(status)
            .collect()
    }
}

impl Expectation {
    /// Checks that every expression has a value in this scope.
    ///
    /// # Errors
    /// The first expression without a value.
    pub fn check(&self, scope: &Scope) -> Result<(), TemplateError> {
        let mut texts = self.texts().into_iter().map(|(text, _)| text).filter(|text| !text.is_literal());
        texts.try_for_each(|text| text.json(scope).map(drop))
    }
}

impl Status {
    /// Whether a status is allowed.
    #[must_use]
    pub fn allows(&self, status: u16, scope: &Scope) -> bool {
        self.choices.iter().any(|choice| choice.allows(status, scope))
    }

    /// Whether the statuses are known while loading.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.choices.iter().any(|choice| matches!(choice, StatusChoice::Computed(_)))
    }

    /// Replaces expressions whose values are known in this scope.
    ///
    /// # Errors
    /// The expression and its value, if that is not a status.
    pub(crate) fn settle(&mut self, scope: impl Fn() -> Scope) -> Result<(), (String, Json)> {
        for choice in &mut self.choices {
            let StatusChoice::Computed(text) = &choice else { continue };
            let Ok(value) = text.json(&scope()) else { continue };
            *choice = StatusChoice::of(&value).ok_or_else(|| (text.written().to_owned(), value))?;
        }
        Ok(())
    }

    /// Whether every allowed status is that of a response without a body (RFC 9110, section 6.4.1).
    pub(crate) fn excludes_body(&self) -> bool {
        self.choices.iter().all(|choice| matches!(choice, StatusChoice::Exactly(100..=199 | 204 | 304)))
    }

    /// Whether it is a single number.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        matches!(*self.choices, [StatusChoice::Exactly(_)])
    }

    /// Describes the allowed statuses: `401`, `4xx`, `200 or 204`.
    #[must_use]
    pub fn describe(&self, scope: &Scope) -> String {
        let choices = self.choices.iter().map(|choice| match choice {
            StatusChoice::Exactly(exactly) => exactly.to_string(),
            StatusChoice::Class(class) => format!("{class}xx"),
            StatusChoice::Computed(text) => text.render(scope).unwrap_or_else(|_| text.written().to_owned()),
        });
        choices.collect::<Vec<_>>().join(" or ")
    }
}

impl StatusChoice {
    /// Parses a status or class, also from a string, since cells of a CSV file are text.
    fn of(value: &Json) -> Option<Self> {
        let written = match value {
            Json::Number(number) => number.written(),
            Json::String(text) => text,
            _ => return None,
        };
        match written.strip_suffix("xx") {
            Some(class) => class.parse().ok().filter(|class| (1..=5).contains(class)).map(Self::Class),
            None => written.parse().ok().filter(|status| (100..=599).contains(status)).map(Self::Exactly),
        }
    }

    fn allows(&self, status: u16, scope: &Scope) -> bool {
        match self {
            Self::Exactly(exactly) => *exactly == status,
            Self::Class(class) => *class == status / 100,
            Self::Computed(text) => {
                let computed = text.json(scope).ok().and_then(|value| Self::of(&value));
                computed.is_some_and(|choice| choice.allows(status, scope))
            }
        }
    }
}

impl Body {
    /// Returns what the body is compared with.
    #[must_use]
    pub fn matcher(&self) -> &Matcher {
        match self {
            Self::Json(matcher) | Self::Text(matcher) | Self::Bytes(matcher) => matcher,
        }
    }
}

/// Compiles the `expect` of a step.
///
/// # Errors
/// An invalid value or matcher, with its location.
pub fn compile(text: &ExpectText, source: &Arc<Source>, files: Files<'_>) -> Result<Expectation, Diagnostic> {
    if let Some((key, node)) = text.key_of_program() {
        let message = format!("`{key}` is only allowed in a step with `run`");
        return Err(Diagnostic::at(node.place(source), message)
            .help("a response has a `status`, `headers`, and `json`, `text` or `body`"));
    }
    let of_text = Setting { source, mode: Mode::Text, files };
    let names = |names: &[Located<String>]| {
        names.iter().map(|name| (name.value.clone(), name.place(source))).collect()
    };
    Ok(Expectation {
        status: text.status.as_ref().map(|node| compile_status(node, source)).transpose()?,
        headers: (text.headers.0.iter())
            .map(|(name, node)| Ok((name.value.clone(), matcher::compile_optional(node, &of_text)?)))
            .collect::<Result<_, Diagnostic>>()?,
        absent: names(&text.absent),
        cookies: (text.cookies.0.iter())
            .map(|(name, node)| compile_cookie(name, node, &of_text))
            .collect::<Result<_, _>>()?,
        absent_cookies: names(&text.absent_cookies),
        body: compile_body(text, source, files)?,
        events: compile_events(text, source, files)?.map(Box::new),
        unique_members: (text.unique_members.as_ref())
            .filter(|demanded| demanded.value)
            .map(|demanded| demanded.place(source)),
        within: match &text.within {
            Some(within) => {
                let place = within.place(source);
                Some(Box::new((duration(&within.value, &place)?, place)))
            }
            None => None,
        },
    })
}

/// Compiles the events that a request expects.
fn compile_events(
    text: &ExpectText,
    source: &Arc<Source>,
    files: Files<'_>,
) -> Result<Option<Events>, Diagnostic> {
    let Some(node) = &text.events else { return Ok(None) };
    let unique = text.unique_members.is_some();
    let others =
        [("json", text.json.is_some()), ("text", text.text.is_some()), ("body", text.body.is_some())];
    if let Some((key, _)) = others.into_iter().chain([("unique_members", unique)]).find(|(_, given)| *given) {
        let message = format!("`events` and `{key}` are not allowed together");
        return Err(Diagnostic::at(node.place(source), message)
            .help("a stream is read until its events have come; `json` and `text` need a whole body"));
    }
    matcher::events(node, &Setting { source, mode: Mode::Json, files }).map(Some)
}

/// Compiles the `expect` of a step with `await`: `events`, or `json` or `text` of one event. `place` is that of `expect`.
///
/// # Errors
/// Another key, or an invalid value or matcher, with its location.
pub(crate) fn compile_awaited(
    text: &ExpectText,
    place: &Place,
    source: &Arc<Source>,
    files: Files<'_>,
) -> Result<Expectation, Diagnostic> {
    let about_head = ["status", "headers", "cookies", "absent", "absent_cookies"];
    let key = text.keys_of_response().find(|key| !["json", "text", "events"].contains(key));
    if let Some(key) = key.or(text.key_of_program().map(|(key, _)| key)) {
        let help = match key {
            key if about_head.contains(&key) => {
                "write it in the step with `open`, which judges the head of the response"
            }
            "within" => "write `timeout: 2s` in the step",
            _ => "an event has `json` or `text`; several are listed under `events`",
        };
        let message = format!("`{key}` is not allowed in a step with `await`");
        return Err(Diagnostic::at(place.find(key), message).help(help));
    }
    let setting = Setting { source, mode: Mode::Json, files };
    let events = match (&text.json, &text.text, &text.events) {
        (None, None, None) => matcher::any_event(place),
        (Some(node), None, None) => matcher::one_event("json", node, &setting)?,
        (None, Some(node), None) => matcher::one_event("data", node, &setting)?,
        (None, None, Some(node)) => matcher::events(node, &setting)?,
        _ => {
            let message = "only one of `json`, `text` and `events` is allowed in a step with `await`";
            return Err(Diagnostic::at(place.clone(), message)
                .help("write events: [!event {json: …, data: …}] to compare several fields of an event"));
        }
    };
    Ok(Expectation { events: Some(Box::new(events)), ..Expectation::default() })
}

/// The error message for an invalid status.
pub(crate) const NO_STATUS: &str =
    "a status must be a number from 100 to 599, a class such as 4xx, or a list of these";

/// Returns the error for a node that is not a status.
fn no_status(node: &Node, source: &Arc<Source>) -> Diagnostic {
    let written = node.written().unwrap_or_default();
    let place = node.place(source);
    let first = written.split_whitespace().next().unwrap_or_default();
    let class = first.to_ascii_lowercase();
    let is_class = matches!(class.as_bytes(), [b'1'..=b'5', b'x', b'x']);
    if is_class || (first != written && matches!(first.parse(), Ok(100..=599_u16))) {
        let message = format!("`{written}` is not a status");
        let help = format!("write status: {class}; the phrase after a status is not compared");
        return Diagnostic::at(place, message).help(if first == written {
            format!("write status: {class}")
        } else {
            help
        });
    }
    let named = STATUSES.iter().find(|(_, name)| name.eq_ignore_ascii_case(written.trim()));
    match (&node.value, written.trim().parse::<u64>(), named) {
        (Value::String(_), Ok(status @ 100..=599), _) => {
            Diagnostic::at(place, "a status in quotes is a text")
                .help(format!("write {status} without quotes"))
        }
        (_, Ok(status), _) => Diagnostic::at(place, format!("{status} is not a status"))
            .help("a status is a number from 100 to 599"),
        (_, Err(_), Some((status, name))) => Diagnostic::at(place, format!("`{written}` is not a status"))
            .help(format!("write {status} for {name}")),
        _ => Diagnostic::at(place, NO_STATUS).help("write status: 200, status: 4xx or status: [200, 204]"),
    }
}

/// The statuses that authors write as a text (RFC 9110, section 15).
const STATUSES: [(u16, &str); 16] = [
    (200, "OK"),
    (201, "Created"),
    (202, "Accepted"),
    (204, "No Content"),
    (301, "Moved Permanently"),
    (302, "Found"),
    (304, "Not Modified"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (409, "Conflict"),
    (415, "Unsupported Media Type"),
    (500, "Internal Server Error"),
    (503, "Service Unavailable"),
];

/// Compiles the allowed statuses.
///
/// # Errors
/// A value that is neither a number, a list of numbers nor a class.
pub(crate) fn compile_status(node: &Node, source: &Arc<Source>) -> Result<Status, Diagnostic> {
    let wrong = |node: &Node| no_status(node, source);
    let choice = |node: &Node| match (&node.tag, &node.value) {
        (None, Value::Number(digits)) => match digits.parse() {
            Ok(status @ 100..=599) => Ok(StatusChoice::Exactly(status)),
            _ => Err(wrong(node)),
        },
        (None, Value::String(written)) if written.starts_with("${") => {
            Ok(StatusChoice::Computed(Box::new(parse_value(written, &node.place(source))?)))
        }
        (None, Value::String(class)) => match class.strip_suffix("xx").map(str::parse) {
            Some(Ok(class @ 1..=5)) => Ok(StatusChoice::Class(class)),
            _ => Err(wrong(node)),
        },
        _ => Err(wrong(node)),
    };
    let choices = match (&node.tag, &node.value) {
        (None, Value::List(list)) if !list.is_empty() => list.iter().map(choice).collect::<Result<_, _>>()?,
        _ => [choice(node)?].into(),
    };
    Ok(Status { choices, place: node.place(source) })
}

fn compile_cookie(name: &Located<String>, node: &Node, setting: &Setting<'_>) -> Result<Cookie, Diagnostic> {
    let source = setting.source;
    let place = name.place(source);
    if node.tag.as_deref() == Some(OPTIONAL) {
        let inner = matcher::inside(OPTIONAL, node, &node.place(source))?;
        return Ok(Cookie { optional: true, ..compile_cookie(name, &inner, setting)? });
    }
    if node.tag.is_some() || !matches!(node.value, Value::Mapping(_)) {
        let value = matcher::compile(node, setting)?;
        let attributes = [("value", value)].into();
        return Ok(Cookie { name: name.value.clone(), place, optional: false, attributes });
    }
    let mut members = Members::of(node, source, "a cookie")?;
    let mut attributes = Vec::new();
    for attribute in COOKIE_ATTRIBUTES {
        if let Some(node) = members.take(attribute) {
            // These two are booleans, in any YAML spelling.
            let flag = matches!(attribute, "http-only" | "secure").then(|| node.with_plain_boolean());
            let mode = if attribute == "expires" { Mode::CookieDate } else { setting.mode };
            let setting = Setting { mode, ..*setting };
            let node = flag.as_ref().unwrap_or(node);
            attributes.push((attribute, matcher::compile_optional(node, &setting)?));
        }
    }
    members.finish()?;
    Ok(Cookie { name: name.value.clone(), place, optional: false, attributes: attributes.into() })
}

fn compile_body(
    text: &ExpectText,
    source: &Arc<Source>,
    files: Files<'_>,
) -> Result<Option<Body>, Diagnostic> {
    let compile = |node: &Node, mode| matcher::compile(node, &Setting { source, mode, files });
    let given = [("json", &text.json), ("text", &text.text), ("body", &text.body)];
    let given: Vec<(&str, &Node)> =
        given.into_iter().filter_map(|(name, node)| Some((name, node.as_ref()?))).collect();
    for (_, node) in &given {
        let help = match node.tag.as_deref() {
            Some("!absent") => {
                "for a response without a body write body: '', for a member that is missing json: !subset {name: !absent }"
            }
            Some(OPTIONAL) => "for a member that may be missing, write json: {name: !optional …}",
            _ => continue,
        };
        let message =
            format!("`{}` is not allowed for a whole body", node.tag.as_deref().unwrap_or_default());
        return Err(Diagnostic::at(node.place(source), message).help(help));
    }
    Ok(Some(match given.as_slice() {
        [] => return Ok(None),
        [("json", node)] => Body::Json(compile(node, Mode::Json)?),
        [("text", node)] => Body::Text(compile(node, Mode::Text)?),
        [(_, node)] => Body::Bytes(compile(node, Mode::Bytes)?),
        [(first, _), (second, node), ..] => {
            let message = format!(
                "only one of `json`, `text` and `body` is allowed, but `{first}` and `{second}` are given"
            );
            return Err(Diagnostic::at(node.place(source), message));
        }
    }))
}
