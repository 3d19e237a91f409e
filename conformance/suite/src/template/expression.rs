//! Compiles and evaluates one expression, the text between `${` and `}`.
//!
//! Names with members are looked up here; everything else is compiled by the library. Equal expressions are compiled once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use minijinja::value::Object;
use minijinja::{ErrorKind, Value};

use super::known::is_function;
use super::{ENVIRONMENT, FILTERS, Scope, TemplateError, cause, syntax, value};

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Expression {
    /// The expression as written, with its braces.
    pub(super) written: String,
    /// The names that it uses, dotted.
    pub(super) names: Vec<String>,
    /// The functions that it calls.
    pub(super) calls: Vec<String>,
    meaning: Meaning,
}

#[derive(Debug)]
enum Meaning {
    /// A name and its members.
    Path(Vec<String>),
    Compiled(minijinja::Expression<'static, 'static>),
}

/// Cache of compiled expressions, so that a suite that uses one a hundred thousand times stores it once.
static KNOWN: LazyLock<RwLock<HashMap<String, Arc<Expression>>>> = LazyLock::new(RwLock::default);
/// Maximum size of the cache.
const MOST_KNOWN: usize = 10_000;

/// Words that look like names but are keywords of the library.
const WORDS: [&str; 12] =
    ["true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if"];

/// Maximum length of an expression in bytes. The library parses nested operators recursively, and thousands of them overflow the
/// stack.
const LONGEST: usize = 1000;

/// Checks the length of an expression or a block.
///
/// # Errors
/// It is too long.
pub(super) fn check_length(written: &str) -> Result<(), TemplateError> {
    if written.len() <= LONGEST {
        return Ok(());
    }
    Err(TemplateError::new(written, format!("is longer than {LONGEST} bytes")))
}

impl Expression {
    /// Compiles an expression with its braces.
    ///
    /// # Errors
    /// An invalid expression.
    pub(super) fn read(written: &str) -> Result<Arc<Self>, TemplateError> {
        if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(written) {
            return Ok(Arc::clone(known));
        }
        let expression = Arc::new(Self::parse(written)?);
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_KNOWN {
            known.insert(written.to_owned(), Arc::clone(&expression));
        }
        Ok(expression)
    }

    fn parse(written: &str) -> Result<Self, TemplateError> {
        let inside = written[2..written.len() - 1].trim();
        if let Some(path) = path(inside) {
            return Ok(Self {
                written: written.to_owned(),
                names: vec![inside.to_owned()],
                calls: Vec::new(),
                meaning: Meaning::Path(path),
            });
        }
        check_length(written)?;
        let compile = |text: &str| ENVIRONMENT.compile_expression_owned(text.to_owned());
        let compiled = compile(inside).map_err(|error| TemplateError::unreadable(written, &error))?;
        let syntax = syntax::read(inside);
        if let Some(filter) = syntax.filters.iter().find(|filter| !FILTERS.contains(filter)) {
            return Err(TemplateError::unfiltered(written, filter));
        }
        let mut names: Vec<String> = compiled.undeclared_variables(true).into_iter().collect();
        names.extend(syntax.sliced.iter().map(|name| (*name).to_owned()));
        names.retain(|name| !is_function(name));
        names.sort();
        names.dedup();
        let calls = syntax.calls.iter().map(|name| (*name).to_owned()).collect();
        let compiled = compile(&syntax.rewritten).unwrap_or(compiled);
        Ok(Self { written: written.to_owned(), names, calls, meaning: Meaning::Compiled(compiled) })
    }

    /// Returns the error of an expression that cannot have a value in any scope: because of an unknown function or test, a wrong number
    /// of arguments, too much memory or time, or, without a name, for any other reason.
    pub(super) fn impossible(&self, scope: &Scope) -> Option<TemplateError> {
        let Meaning::Compiled(compiled) = &self.meaning else { return None };
        let error = compiled.eval(context(scope)).err()?;
        let impossible = [
            ErrorKind::OutOfFuel,
            ErrorKind::UnknownFunction,
            ErrorKind::UnknownTest,
            ErrorKind::MissingArgument,
            ErrorKind::TooManyArguments,
        ];
        let is_constant = self.names.is_empty();
        (is_constant || impossible.contains(&error.kind()))
            .then(|| TemplateError::unreadable(&self.written, &error))
    }

    /// Evaluates the expression.
    ///
    /// # Errors
    /// It has no value in this scope.
    pub(super) fn value(&self, scope: &Scope) -> Result<Value, TemplateError> {
        let failed = |cause: &str| TemplateError::valueless(&self.written, cause);
        let value = match &self.meaning {
            Meaning::Path(path) => look_up(path, scope),
            Meaning::Compiled(compiled) => compiled.eval(context(scope)),
        };
        let value = value.map_err(|error| match error.detail() {
            Some(fault) if value::is_misplaced(&error) => TemplateError::misplaced(&self.written, fault),
            _ => failed(&cause(&error)),
        })?;
        if value.is_undefined() { Err(failed("the name is undefined")) } else { Ok(value) }
    }
}

/// Returns the parts of a dotted name, if the expression is nothing else.
fn path(inside: &str) -> Option<Vec<String>> {
    let is_name = |part: &str| {
        let mut letters = part.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let parts: Vec<String> = inside.split('.').map(str::to_owned).collect();
    let first = parts.first()?.as_str();
    let own = !WORDS.contains(&first) && !is_function(first) && first != "loop" && first != "self";
    (own && parts.iter().all(|part| is_name(part))).then_some(parts)
}

fn look_up(path: &[String], scope: &Scope) -> Result<Value, minijinja::Error> {
    let Some((first, members)) = path.split_first() else { return Ok(Value::UNDEFINED) };
    let value = scope.names.get(first).cloned().unwrap_or(Value::UNDEFINED);
    members.iter().try_fold(value, |value, member| value.get_attr(member))
}

/// Returns the names of a scope as a context of the library.
pub(super) fn context(scope: &Scope) -> Value {
    Value::from_object(Names(Arc::clone(&scope.names)))
}

#[derive(Debug)]
struct Names(Arc<std::collections::BTreeMap<String, Value>>);

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).cloned()
    }
}
