//! Templates: `${…}` in strings.
//!
//! A [`Text`] is a string with expressions, compiled when the suite is loaded; a [`Scope`] holds the values of names while a
//! scenario runs. The language has only expressions: no loops and no conditions. ([`render`], for the files of the launch
//! contract, also has blocks.) No other module knows which crate evaluates templates.

mod expression;
mod functions;
mod known;
mod syntax;
mod value;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};

use crate::json::Json;
use expression::{Expression, check_length, context};
pub use known::is_function;
pub(crate) use known::{FILTERS, FUNCTIONS, form_of};
use syntax::expression_end;
pub(crate) use syntax::{leading, pieces};

/// A string that may contain `${…}`.
#[derive(Debug, Clone)]
pub struct Text(Form);

#[derive(Debug, Clone)]
enum Form {
    /// A string without expressions.
    Literal(Arc<str>),
    Parted(Arc<Parted>),
}

#[derive(Debug)]
struct Parted {
    written: Box<str>,
    parts: Box<[Part]>,
    /// Whether it is used as text, so that a lone expression becomes a string too.
    in_text: bool,
}

/// The values of names: captures, fixtures, and output of the target. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    names: Arc<BTreeMap<String, Value>>,
    /// When the request was sent and when the response that is judged was complete.
    pub times: Option<[std::time::SystemTime; 2]>,
    /// The body of the response that is judged, if it is compared as bytes.
    pub body: Option<Arc<[u8]>>,
}

/// Why an expression has no value.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{}` {fault}", shortened(written))]
pub struct TemplateError {
    written: String,
    fault: String,
    /// The unknown filter, if that is the cause.
    unknown: Option<String>,
    /// Whether it has a value that cannot be inserted into text.
    misplaced: bool,
}

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    Expression(Arc<Expression>),
}

/// Shortens an expression to fit into a message.
fn shortened(written: &str) -> String {
    const LONGEST: usize = 100;
    match written.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &written[..end]),
        None => written.to_owned(),
    }
}

impl TemplateError {
    /// The expression as written, with its braces.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The unknown filter, if that is the cause.
    #[must_use]
    pub fn unknown_filter(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    /// Creates an error for a value that is not allowed in its position; `fault` continues the sentence that begins with the
    /// expression.
    pub(crate) fn unfit(written: &str, fault: &str) -> Self {
        Self::new(written, fault.to_owned())
    }

    fn new(written: &str, fault: String) -> Self {
        Self { written: written.to_owned(), fault, unknown: None, misplaced: false }
    }

    /// Creates an error for a value that cannot be inserted into text.
    fn misplaced(written: &str, fault: &str) -> Self {
        Self { misplaced: true, ..Self::new(written, fault.to_owned()) }
    }

    /// Whether its closing brace is missing.
    pub(crate) fn is_open(&self) -> bool {
        self.fault == OPEN
    }

    /// Returns the unknown function, if that is the cause.
    pub(crate) fn unknown_function(&self) -> Option<&str> {
        self.fault.strip_prefix(UNKNOWN_FUNCTION)?.strip_suffix('`')
    }

    /// Whether the expression has a value that cannot be inserted into text: null, a list or an object.
    pub(crate) fn is_misplaced(&self) -> bool {
        self.misplaced
    }

    fn unreadable(written: &str, error: &Error) -> Self {
        Self::new(written, format!("is invalid: {}", cause(error)))
    }

    fn unfiltered(written: &str, filter: &str) -> Self {
        let fault = format!("is invalid: {UNKNOWN_FILTER}{filter}`");
        Self { unknown: Some(filter.to_owned()), ..Self::new(written, fault) }
    }

    fn valueless(written: &str, cause: &str) -> Self {
        Self::new(written, format!("has no value: {cause}"))
    }
}

impl Text {
    /// Parses a string as written in a file.
    ///
    /// # Errors
    /// A `${` without its `}`, an invalid expression or an unknown filter.
    pub fn parse(written: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = written;
        while let Some((start, is_escaped)) = opening(rest) {
            let (literal, opened) = rest.split_at(start);
            if is_escaped {
                parts.push(Part::Literal(format!("{literal}${{")));
                rest = &opened["$${".len()..];
                continue;
            }
            let inside = &opened[2..];
            let Some(end) = expression_end(inside) else {
                let written = opened.lines().next().unwrap_or(opened);
                return Err(TemplateError::new(written, OPEN.to_owned()));
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            parts.push(Part::Expression(Expression::read(&opened[..end + 3])?));
            rest = &inside[end + 1..];
        }
        if parts.is_empty() {
            return Ok(Self::literal(written));
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self(Form::Parted(Arc::new(Parted {
            written: written.into(),
            parts: parts.into(),
            in_text: false,
        }))))
    }

    /// Marks the string as text, for instance a path or a header field: [`json`](Self::json) then returns a string even for a
    /// lone expression of another type.
    #[must_use]
    pub fn in_text(self) -> Self {
        match self.0 {
            Form::Literal(_) => self,
            Form::Parted(parted) => Self(Form::Parted(Arc::new(match Arc::try_unwrap(parted) {
                Ok(parted) => Parted { in_text: true, ..parted },
                Err(shared) => {
                    Parted { written: shared.written.clone(), parts: shared.parts.clone(), in_text: true }
                }
            }))),
        }
    }

    /// Creates a string without expressions from any text.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self(Form::Literal(text.into()))
    }

    /// The string as written in the file.
    #[must_use]
    pub fn written(&self) -> &str {
        match &self.0 {
            Form::Literal(text) => text,
            Form::Parted(parted) => &parted.written,
        }
    }

    /// Whether it has no expressions, so that its value does not depend on the scope.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.parts().is_none()
    }

    /// Returns the expression at its beginning, as written.
    #[must_use]
    pub fn head(&self) -> Option<&str> {
        match self.parts()?.first()? {
            Part::Expression(expression) => Some(&expression.written),
            Part::Literal(_) => None,
        }
    }

    /// Returns the names in its expressions, dotted (`bob.email`), each with its expression as written.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.expressions().flat_map(|one| one.names.iter().map(|name| (one.written.as_str(), name.as_str())))
    }

    fn parts(&self) -> Option<&[Part]> {
        match &self.0 {
            Form::Literal(_) => None,
            Form::Parted(parted) => Some(&parted.parts),
        }
    }

    /// Returns the expression that is the whole string and keeps its type.
    fn sole(&self) -> Option<&Expression> {
        match &self.0 {
            Form::Parted(parted) if !parted.in_text => match &*parted.parts {
                [Part::Expression(expression)] => Some(expression),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the functions that its expressions call.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        self.expressions().flat_map(|one| one.calls.iter().map(String::as_str))
    }

    /// Returns the expressions that always have the same value, as written. A text with an operator, or with a character
    /// that cannot be written otherwise, is not among them.
    pub(crate) fn constants(&self) -> impl Iterator<Item = &str> {
        let special = ['$', '{', '}', '\\', '[', ']', '*', '~', '|', '+'];
        let needs = move |text: &str| text.contains(['\'', '"']) && text[2..text.len() - 1].contains(special);
        self.expressions()
            .filter(move |one| one.names.is_empty() && one.calls.is_empty() && !needs(&one.written))
            .map(|one| one.written.as_str())
    }

    /// Returns the expressions that use a name or call a function, as written.
    pub(crate) fn variable_expressions(&self) -> impl Iterator<Item = &str> {
        let uses = |one: &&Expression| !one.names.is_empty() || !one.calls.is_empty();
        self.expressions().filter(uses).map(|one| one.written.as_str())
    }

    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts().unwrap_or_default().iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Expression(expression) => Some(&**expression),
        })
    }

    /// Returns the error of an expression that cannot have a value in any scope, because of an unknown function or test.
    #[must_use]
    pub fn impossible(&self, scope: &Scope) -> Option<TemplateError> {
        self.expressions().find_map(|expression| expression.impossible(scope))
    }

    /// Evaluates the expressions and returns the string.
    ///
    /// # Errors
    /// An expression without a value in this scope.
    pub fn render(&self, scope: &Scope) -> Result<String, TemplateError> {
        self.render_with(scope, str::to_owned)
    }

    /// Like [`render`](Self::render), but inserts `change` of each value.
    ///
    /// # Errors
    /// An expression without a value in this scope.
    pub(crate) fn render_with(
        &self,
        scope: &Scope,
        change: impl Fn(&str) -> String,
    ) -> Result<String, TemplateError> {
        let Some(parts) = self.parts() else { return Ok(self.written().to_owned()) };
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Expression(expression) => {
                    let value = expression.value(scope)?;
                    let misplaced = |fault| TemplateError::misplaced(&expression.written, fault);
                    text.push_str(&change(&value::text(&value).map_err(misplaced)?));
                }
            }
        }
        Ok(text)
    }

    /// Returns the value as JSON: an expression that is the whole string keeps its type, unless it is used [in
    /// text](Self::in_text). Everything else is a string.
    ///
    /// # Errors
    /// An expression without a value in this scope.
    pub fn json(&self, scope: &Scope) -> Result<Json, TemplateError> {
        match self.sole() {
            Some(expression) => {
                let value = expression.value(scope)?;
                value::from_library(&value).ok_or_else(|| {
                    TemplateError::valueless(
                        &expression.written,
                        "it cannot be converted to JSON, or is too large",
                    )
                })
            }
            None => self.render(scope).map(Json::String),
        }
    }
}

impl Scope {
    /// Sets the value of a name.
    pub fn set(&mut self, name: impl Into<String>, value: &Json) {
        Arc::make_mut(&mut self.names).insert(name.into(), value::into_library(value));
    }

    /// Makes `uuid()` and `random()` follow a key: equal keys give equal sequences of values.
    pub fn seed(&mut self, key: &str) {
        let random = Value::from_object(functions::Random::new(key));
        Arc::make_mut(&mut self.names).insert(functions::RANDOM.to_owned(), random);
    }

    /// Returns the scope for a response that was complete at a time, to a request that was sent at a time.
    #[must_use]
    pub fn at(self, sent: std::time::SystemTime, received: std::time::SystemTime) -> Self {
        Self { times: Some([sent, received]), ..self }
    }

    /// Returns the scope for a response with this body.
    #[must_use]
    pub fn of(self, body: &[u8]) -> Self {
        Self { body: Some(body.into()), ..self }
    }
}

/// Renders a template with expressions and blocks (`${…}` and `<% … %>`), for the files of the launch contract.
///
/// # Errors
/// The message of the template library, with the line.
pub fn render(template: &str, scope: &Scope) -> Result<String, String> {
    check_lengths(template)?;
    ENVIRONMENT.render_str(&rewritten(template), context(scope)).map_err(|error| with_line(&error))
}

/// Rewrites the expressions of a template so that they produce the same text as those of a scenario.
fn rewritten(template: &str) -> String {
    let piece = |(is_expression, piece): (bool, &str)| {
        let inside =
            piece.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).filter(|_| is_expression);
        inside.map_or_else(|| piece.to_owned(), |inside| format!("${{{}}}", syntax::read(inside).rewritten))
    };
    pieces(template).into_iter().map(piece).collect()
}

/// Returns the unknown filter in an error message of [`render`].
pub(crate) fn unknown_filter_in(cause: &str) -> Option<&str> {
    Some(cause.strip_prefix(UNKNOWN_FILTER)?.split_once('`')?.0)
}

/// The error message about a missing brace.
const OPEN: &str = "has no closing brace";
/// The beginning of an error message about an unknown function.
const UNKNOWN_FUNCTION: &str = "is invalid: unknown function `";
/// The beginning of an error message about an unknown filter.
const UNKNOWN_FILTER: &str = "unknown filter `";

/// Returns the names that a template takes from its scope.
///
/// # Errors
/// The message of the template library, with the line.
pub fn free_names(template: &str) -> Result<Vec<String>, String> {
    check_lengths(template)?;
    let template = ENVIRONMENT.template_from_str(template).map_err(|error| with_line(&error))?;
    let names = template.undeclared_variables(false).into_iter();
    Ok(names.filter(|name| !is_function(name)).collect())
}

/// Checks the length of every expression and block of a template.
fn check_lengths(template: &str) -> Result<(), String> {
    let mut rest = template;
    while let Some(start) = rest.find("${").into_iter().chain(rest.find("<%")).min() {
        let inside = &rest[start + 2..];
        let end = if rest[start..].starts_with('$') { expression_end(inside) } else { inside.find("%>") };
        let end = end.unwrap_or(inside.len());
        check_length(&rest[start..start + 2 + end]).map_err(|error| error.to_string())?;
        rest = &inside[end..];
    }
    Ok(())
}

fn with_line(error: &Error) -> String {
    let line = error.line().map(|line| format!(" (line {line} of the template)")).unwrap_or_default();
    format!("{}{line}", cause(error))
}

/// The budget of one evaluation, so that no expression needs unlimited memory or time: operations, or 64 bytes of data each.
const FUEL: u64 = 500_000;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .variable_delimiters("${", "}")
        .block_delimiters("<%", "%>")
        .comment_delimiters("<#", "#>")
        .keep_trailing_newline(true)
        .build();
    // Cannot fail: the three pairs of delimiters differ and none is empty.
    environment.set_syntax(syntax.unwrap_or_default());
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    value::set_up(&mut environment);
    functions::set_up(&mut environment);
    environment
});

fn cause(error: &Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "it is too long, or needs too many operations".to_owned(),
        (ErrorKind::UndefinedError, None) => "the name is undefined".to_owned(),
        (ErrorKind::UnknownFunction, Some(detail)) => match detail.strip_suffix(" is unknown") {
            Some(function) => format!("unknown function `{function}`"),
            None => detail.to_owned(),
        },
        (ErrorKind::UnknownFilter, Some(detail)) => {
            let filter = detail.strip_prefix("filter ").and_then(|rest| rest.strip_suffix(" is unknown"));
            filter.map_or_else(|| detail.to_owned(), |filter| format!("{UNKNOWN_FILTER}{filter}`"))
        }
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    }
}

/// Returns where the first expression begins, or the first `$${`, which is a literal `${`; the flag says which.
fn opening(text: &str) -> Option<(usize, bool)> {
    // Most texts have no dollar, and searching for one character is faster than for two.
    let mut dollars = text.match_indices('$').map(|(at, _)| at);
    dollars.find_map(|at| match &text[at + 1..] {
        after if after.starts_with('{') => Some((at, false)),
        after if after.starts_with("${") => Some((at, true)),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
