//! What a step demands of its response.
//!
//! Compiled from the `expect` of a step. It says what is demanded and where; whether a response holds it is for
//! [`judge`](crate::judge) to say.

use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::format::ExpectText;
use crate::json::Json;
use crate::matcher::{self, Matcher, Mode, Setting};
use crate::members::{Members, duration, parse_value};
use crate::request::Files;
use crate::source::{Place, Source};
use crate::template::{Scope, TemplateError, Text};
use crate::yaml::{Located, Node, Value};

/// What a step demands. Empty, it is satisfied by any answer.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// The status.
    pub status: Option<Status>,
    /// Header fields: name, and what a value of it has to be.
    pub headers: Box<[(String, Matcher)]>,
    /// Header fields that must not be there.
    pub absent: Box<[(String, Place)]>,
    /// Cookies that must be set.
    pub cookies: Box<[Cookie]>,
    /// Cookies that must not be set.
    pub absent_cookies: Box<[(String, Place)]>,
    /// The body.
    pub body: Option<Body>,
    /// How long the answer may take, from the first byte sent to the last one read.
    pub within: Option<Box<(Duration, Place)>>,
}

/// The statuses that are allowed.
#[derive(Debug, Clone)]
pub struct Status {
    choices: Box<[StatusChoice]>,
    /// Where they are named.
    pub place: Place,
}

#[derive(Debug, Clone)]
enum StatusChoice {
    Exactly(u16),
    Class(u16),
    /// What `${…}` comes to, where no value is known on paper.
    Computed(Box<Text>),
}

/// A cookie that must be set.
#[derive(Debug, Clone)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Where it is named.
    pub place: Place,
    /// What its attributes have to be.
    pub attributes: Box<[(&'static str, Matcher)]>,
}

/// What the body has to be.
#[derive(Debug, Clone)]
pub enum Body {
    /// JSON that matches.
    Json(Matcher),
    /// Text in UTF-8 that matches.
    Text(Matcher),
    /// Bytes, compared as text without a demand on their encoding.
    Bytes(Matcher),
}

/// The attributes of Set-Cookie (RFC 6265, section 4.1) that can be named, `value` first.
pub const COOKIE_ATTRIBUTES: [&str; 8] =
    ["value", "path", "domain", "expires", "max-age", "http-only", "secure", "same-site"];

impl Expectation {
    /// Whether nothing is demanded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.status.is_none() && self.demands_no_more()
    }

    /// Whether nothing but a status is demanded, if that.
    fn demands_no_more(&self) -> bool {
        self.headers.is_empty()
            && self.absent.is_empty()
            && self.cookies.is_empty()
            && self.absent_cookies.is_empty()
            && self.body.is_none()
            && self.within.is_none()
    }

    /// Whether a status is all that is demanded.
    #[must_use]
    pub fn is_status_only(&self) -> bool {
        self.status.is_some() && self.demands_no_more()
    }

    /// Says all that is demanded, with the names that stand in it as they are written: two that say the same demand the same.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        let scope = Scope::default();
        let named = |name: &str, matcher: &Matcher| format!("{name}: {}", matcher.describe(&scope));
        let mut all: Vec<String> = self.status.iter().map(|status| status.describe(&scope)).collect();
        all.extend(self.headers.iter().map(|(name, matcher)| named(name, matcher)));
        all.extend(self.absent.iter().map(|(name, _)| format!("no {name}")));
        for cookie in &self.cookies {
            all.push(format!("cookie {}", cookie.name));
            all.extend(cookie.attributes.iter().map(|(name, matcher)| named(name, matcher)));
        }
        all.extend(self.absent_cookies.iter().map(|(name, _)| format!("no cookie {name}")));
        all.extend(self.body.iter().map(|body| match body {
            Body::Json(matcher) => named("json", matcher),
            Body::Text(matcher) => named("text", matcher),
            Body::Bytes(matcher) => named("body", matcher),
        }));
        all.extend(self.within.as_deref().map(|(limit, _)| format!("within {limit:?}")));
        all
    }

    /// The strings in it with their places, for checking the names that they use.
    #[must_use]
    pub fn texts(&self) -> Vec<(&Text, &Place)> {
        let headers = self.headers.iter().map(|(_, matcher)| matcher);
        let cookies =
            self.cookies.iter().flat_map(|cookie| cookie.attributes.iter().map(|(_, matcher)| matcher));
        let body = self.body.iter().map(Body::matcher);
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
    /// Says whether every expression in it has a value that can stand where it does.
    ///
    /// # Errors
    /// The first one that has none in this scope.
    pub(crate) fn check(&self, scope: &Scope) -> Result<(), TemplateError> {
        let mut texts = self.texts().into_iter().map(|(text, _)| text).filter(|text| !text.is_literal());
        texts.try_for_each(|text| text.json(scope).map(drop))
    }
}

impl Status {
    /// Whether a status is one of those that are allowed.
    #[must_use]
    pub fn allows(&self, status: u16, scope: &Scope) -> bool {
        self.choices.iter().any(|choice| choice.allows(status, scope))
    }

    /// Whether its statuses are known without a run.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.choices.iter().any(|choice| matches!(choice, StatusChoice::Computed(_)))
    }

    /// Puts the statuses in the place of expressions that have a value in this scope.
    ///
    /// # Errors
    /// A value that is no status, with the expression that has it.
    pub(crate) fn settle(&mut self, scope: impl Fn() -> Scope) -> Result<(), (String, Json)> {
        for choice in &mut self.choices {
            let StatusChoice::Computed(text) = &choice else { continue };
            let Ok(value) = text.json(&scope()) else { continue };
            *choice = StatusChoice::of(&value).ok_or_else(|| (text.written().to_owned(), value))?;
        }
        Ok(())
    }

    /// Whether it is one number and nothing else.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        matches!(*self.choices, [StatusChoice::Exactly(_)])
    }

    /// Says which are allowed: `401`, `4xx`, `200 or 204`.
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
    /// The status or class that a value is: a cell of a CSV file is text.
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
    /// What it is compared with.
    #[must_use]
    pub fn matcher(&self) -> &Matcher {
        match self {
            Self::Json(matcher) | Self::Text(matcher) | Self::Bytes(matcher) => matcher,
        }
    }
}

/// Returns the expectation that a step's `expect` describes.
///
/// # Errors
/// A value that is not of the format, or an unknown or wrong matcher, at its place.
pub(crate) fn compile(
    text: &ExpectText,
    source: &Arc<Source>,
    files: Files<'_>,
) -> Result<Expectation, Diagnostic> {
    let of_text = Setting { source, mode: Mode::Text, files };
    let names = |names: &[Located<String>]| {
        names.iter().map(|name| (name.value.clone(), name.place(source))).collect()
    };
    Ok(Expectation {
        status: text.status.as_ref().map(|node| compile_status(node, source)).transpose()?,
        headers: (text.headers.0.iter())
            .map(|(name, node)| Ok((name.value.clone(), matcher::compile(node, &of_text)?)))
            .collect::<Result<_, Diagnostic>>()?,
        absent: names(&text.absent),
        cookies: (text.cookies.0.iter())
            .map(|(name, node)| compile_cookie(name, node, &of_text))
            .collect::<Result<_, _>>()?,
        absent_cookies: names(&text.absent_cookies),
        body: compile_body(text, source, files)?,
        within: match &text.within {
            Some(within) => {
                let place = within.place(source);
                Some(Box::new((duration(&within.value, &place)?, place)))
            }
            None => None,
        },
    })
}

/// What is said of a value that is none.
pub(crate) const NO_STATUS: &str =
    "a status is a number from 100 to 599, a class such as 4xx, or a list of these";

/// Returns the statuses that a node allows.
///
/// # Errors
/// Anything but a number, a list of them, or a class.
pub(crate) fn compile_status(node: &Node, source: &Arc<Source>) -> Result<Status, Diagnostic> {
    let wrong = |node: &Node| Diagnostic::at(node.place(source), NO_STATUS);
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
    if node.tag.is_some() || !matches!(node.value, Value::Mapping(_)) {
        let value = matcher::compile(node, setting)?;
        return Ok(Cookie { name: name.value.clone(), place, attributes: [("value", value)].into() });
    }
    let mut members = Members::of(node, source, "a cookie")?;
    let mut attributes = Vec::new();
    for attribute in COOKIE_ATTRIBUTES {
        if let Some(node) = members.take(attribute) {
            // These two are there or not, however the boolean is spelled.
            let flag = matches!(attribute, "http-only" | "secure").then(|| node.with_plain_boolean());
            attributes.push((attribute, matcher::compile(flag.as_ref().unwrap_or(node), setting)?));
        }
    }
    members.finish()?;
    Ok(Cookie { name: name.value.clone(), place, attributes: attributes.into() })
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
    Ok(Some(match given.as_slice() {
        [] => return Ok(None),
        [("json", node)] => Body::Json(compile(node, Mode::Json)?),
        [("text", node)] => Body::Text(compile(node, Mode::Text)?),
        [(_, node)] => Body::Bytes(compile(node, Mode::Bytes)?),
        [(first, _), (second, node), ..] => {
            let message = format!("a body is expected in one form, and here are `{first}` and `{second}`");
            return Err(Diagnostic::at(node.place(source), message));
        }
    }))
}
