//! Converts values to and from the template library. Numbers keep digits that the library cannot hold, and values are inserted
//! into text in the notation of JSON and YAML.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{DynObject, Object, ObjectRepr, Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, Value};

use crate::json::{Json, Number};

/// The filter that makes a text, which is part of the language.
pub(super) const TEXT: &str = "string";
/// The filters that [`syntax`](super::syntax) inserts into expressions: one converts the elements of a list to text, one converts
/// to numbers that the library can calculate with, and one to numbers that are compared exactly.
pub(super) const TEXTS: &str = "_texts";
pub(super) const NUMBER: &str = "_number";
pub(super) const EXACT: &str = "_exact";

/// A number that the library would not render as written.
#[derive(Debug)]
struct Exact(Number);

impl Object for Exact {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.0.to_f64() != 0.0
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        other.downcast_ref::<Self>().map(|other| self.0.cmp(&other.0))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Adds the filters that convert values to text and numbers, and a formatter for values in text.
pub(super) fn set_up(environment: &mut Environment<'_>) {
    environment.set_formatter(|out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value| {
        match text(value) {
            _ if value.is_undefined() => minijinja::escape_formatter(out, state, value),
            Ok(text) => out.write_str(&text).map_err(Error::from),
            Err(fault) => Err(misplaced(fault)),
        }
    });
    environment.add_filter(TEXT, to_text);
    environment.add_filter(TEXTS, |state: &State<'_, '_>, value: &Value| match value.kind() {
        ValueKind::Seq => {
            state.consume_fuel(length(value))?;
            value.try_iter()?.map(|item| to_text(&item)).collect::<Result<Value, _>>()
        }
        _ => Ok(value.clone()),
    });
    environment.add_filter(NUMBER, |state: &State<'_, '_>, value: &Value| {
        each(state, value, &|value| match value.downcast_object_ref() {
            Some(Exact(number)) => of_library(number),
            None => value.clone(),
        })
    });
    environment.add_filter(EXACT, |state: &State<'_, '_>, value: &Value| {
        each(state, value, &|value| match value.kind() {
            ValueKind::Number => Number::parse(&value.to_string())
                .map_or_else(|| value.clone(), |one| Value::from_object(Exact(one))),
            _ => value.clone(),
        })
    });
    environment.add_filter("tojson", to_json);
    environment.add_filter("pprint", |state: &State<'_, '_>, value: &Value| {
        charge(state, value)?;
        Ok::<_, Error>(minijinja::filters::pprint(value))
    });
    for name in ["default", "d"] {
        environment.add_filter(name, |state: &State<'_, '_>, value: &Value, others: Rest<Value>| {
            // In YAML, null means that there is no value.
            let value = if value.is_none() { &Value::UNDEFINED } else { value };
            minijinja::filters::default(state, value, others)
        });
    }
}

/// Returns a value as text.
///
/// # Errors
/// Null, a list or an object; the message continues the sentence that begins with the expression.
pub(super) fn text(value: &Value) -> Result<Cow<'_, str>, &'static str> {
    if let Some(text) = value.as_str() {
        return Ok(text.into());
    }
    match value.kind() {
        ValueKind::Bool => Ok(if value.is_true() { "true" } else { "false" }.into()),
        ValueKind::None => Err("puts null into a text: `| default('…')` replaces it, `| tojson` writes null"),
        ValueKind::Seq | ValueKind::Iterable => {
            Err("puts a list into a text: `| join(', ')` or `| tojson` makes a text of it")
        }
        ValueKind::Map => Err("puts an object into a text: `| tojson` makes a text of it"),
        _ => Ok(value.to_string().into()),
    }
}

/// Whether an error of the library comes from [`text`].
pub(super) fn is_misplaced(error: &Error) -> bool {
    error.detail().is_some_and(|detail| detail.starts_with("puts ") && detail.contains(" into a text: "))
}

/// Wraps an error of [`text`] in one of the library.
fn misplaced(fault: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, fault)
}

/// Converts a value to text.
///
/// # Errors
/// An undefined value, and those of [`text`].
pub(super) fn to_text(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    text(value).map(Value::from).map_err(misplaced)
}

/// Marks the digits of a number while the library writes JSON. Private-use characters, which no template contains.
const DIGITS: [&str; 2] = ["\u{E010}", "\u{E011}"];

/// Maximum number of spaces for a level of JSON.
const DEEPEST: i64 = 100;

/// The library's filter, with all digits of numbers.
fn to_json(
    state: &State<'_, '_>,
    value: &Value,
    indent: Option<Value>,
    named: minijinja::value::Kwargs,
) -> Result<Value, Error> {
    let spaces = indent.clone().or_else(|| named.peek::<Value>("indent").ok());
    if spaces.is_some_and(|spaces| spaces.as_i64().is_some_and(|spaces| spaces > DEEPEST)) {
        let message = format!("`indent` is larger than {DEEPEST}");
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    let [open, close] = DIGITS;
    let marked = deep(state, value, &|value| match value.downcast_object_ref() {
        Some(Exact(number)) => Value::from(format!("{open}{number}{close}")),
        None => value.clone(),
    })?;
    let json = minijinja::filters::tojson(&marked, indent, named)?;
    let json = json.to_string().replace(&format!("\"{open}"), "").replace(&format!("{close}\""), "");
    Ok(Value::from_safe_string(json))
}

fn length(value: &Value) -> u64 {
    value.len().map_or(0, |length| length as u64)
}

/// Applies `change` to a value, or to the elements of a list.
fn each(state: &State<'_, '_>, value: &Value, change: &dyn Fn(&Value) -> Value) -> Result<Value, Error> {
    match (value.kind(), value.try_iter()) {
        (ValueKind::Seq, Ok(items)) => {
            state.consume_fuel(length(value))?;
            Ok(items.map(|item| change(&item)).collect())
        }
        _ => Ok(change(value)),
    }
}

/// Charges the evaluation for a value and everything inside it, before the library writes all of it.
fn charge(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    deep(state, value, &|_| Value::UNDEFINED).map(drop)
}

/// Applies `change` to a value and everything inside it.
///
/// # Errors
/// There are too many values, or texts that are too long.
fn deep(state: &State<'_, '_>, value: &Value, change: &dyn Fn(&Value) -> Value) -> Result<Value, Error> {
    state.consume_fuel(1 + value.as_str().map_or(0, |text| text.len() as u64 / 64))?;
    match (value.kind(), value.try_iter()) {
        (ValueKind::Seq | ValueKind::Iterable, Ok(items)) => {
            items.map(|item| deep(state, &item, change)).collect()
        }
        (ValueKind::Map, Ok(names)) => {
            let member = |name: Value| {
                let member = value.get_item(&name).unwrap_or_default();
                Ok((name, deep(state, &member, change)?))
            };
            Ok(Value::from_pairs(names.map(member).collect::<Result<Vec<_>, Error>>()?))
        }
        _ => Ok(change(value)),
    }
}

/// Converts JSON to a value of the library.
pub(super) fn into_library(value: &Json) -> Value {
    match value {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => number_into_library(number),
        Json::String(text) => Value::from(text.as_str()),
        // It is not valid text; captures reject it.
        Json::Unpaired(written) => Value::from(&**written),
        Json::Array(items) => items.iter().map(into_library).collect(),
        Json::Object(members) => {
            Value::from_pairs(members.iter().map(|(name, value)| (name.as_str(), into_library(value))))
        }
    }
}

fn number_into_library(number: &Number) -> Value {
    let value = of_library(number);
    if value.to_string() == number.written() { value } else { Value::from_object(Exact(number.clone())) }
}

/// Returns the nearest number that the library can calculate with.
fn of_library(number: &Number) -> Value {
    let digits = number.written();
    if number.is_integer() {
        if let Ok(small) = digits.parse::<i64>() {
            return Value::from(small);
        }
        if let Ok(large) = digits.parse::<i128>() {
            return Value::from(large);
        }
    }
    Value::from(number.to_f64())
}

/// Maximum number of values in a value, as in a file.
const MOST_VALUES: usize = 250_000;

/// Converts a value of the library to JSON, if possible.
pub(super) fn from_library(value: &Value) -> Option<Json> {
    from_library_up_to(&mut { MOST_VALUES }, value)
}

/// Converts a value, and subtracts the number of values in it from `most`.
fn from_library_up_to(most: &mut usize, value: &Value) -> Option<Json> {
    *most = most.checked_sub(1)?;
    if let Some(Exact(number)) = value.downcast_object_ref() {
        return Some(Json::Number(number.clone()));
    }
    Some(match value.kind() {
        ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => Json::Number(Number::parse(&value.to_string())?),
        ValueKind::String => Json::String(value.as_str()?.to_owned()),
        ValueKind::Seq | ValueKind::Iterable => Json::Array(
            value.try_iter().ok()?.map(|item| from_library_up_to(most, &item)).collect::<Option<_>>()?,
        ),
        ValueKind::Map => {
            let member = |name: Value| {
                let member = from_library_up_to(most, &value.get_item(&name).ok()?)?;
                Some((name.as_str()?.to_owned(), member))
            };
            Json::Object(value.try_iter().ok()?.map(member).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}
