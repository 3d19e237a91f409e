//! Values on their way into the template library and out of it: a number keeps its digits where the library has no type for it.

use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Object, ObjectRepr, ValueKind};

use crate::json::{Json, Number};

/// A number with more digits than a float has: it renders as it is written.
#[derive(Debug)]
struct Exact(Number);

impl Object for Exact {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Returns a value as expressions use it.
pub(super) fn into_library(value: &Json) -> Value {
    match value {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => number_into_library(number),
        Json::String(text) => Value::from(text.as_str()),
        // It has no text; what keeps values refuses it.
        Json::Unpaired(written) => Value::from(&**written),
        Json::Array(items) => items.iter().map(into_library).collect(),
        Json::Object(members) => {
            Value::from_pairs(members.iter().map(|(name, value)| (name.as_str(), into_library(value))))
        }
    }
}

fn number_into_library(number: &Number) -> Value {
    let digits = number.written();
    if number.is_integer() {
        if let Ok(small) = digits.parse::<i64>() {
            return Value::from(small);
        }
        if let Ok(large) = digits.parse::<i128>() {
            return Value::from(large);
        }
    } else if let float = number.to_f64()
        && Number::parse(&float.to_string()).is_some_and(|rounded| rounded == *number)
    {
        return Value::from(float);
    }
    Value::from_object(Exact(number.clone()))
}

/// Returns what an expression has come to; none for what JSON has no form for.
pub(super) fn from_library(value: &Value) -> Option<Json> {
    if let Some(Exact(number)) = value.downcast_object_ref() {
        return Some(Json::Number(number.clone()));
    }
    Some(match value.kind() {
        ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => Json::Number(Number::parse(&value.to_string())?),
        ValueKind::String => Json::String(value.as_str()?.to_owned()),
        ValueKind::Seq | ValueKind::Iterable => {
            Json::Array(value.try_iter().ok()?.map(|item| from_library(&item)).collect::<Option<_>>()?)
        }
        ValueKind::Map => {
            let member =
                |name: Value| Some((name.as_str()?.to_owned(), from_library(&value.get_item(&name).ok()?)?));
            Json::Object(value.try_iter().ok()?.map(member).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}
