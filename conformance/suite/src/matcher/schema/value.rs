//! Lets the schema library validate [`Json`] values, whose numbers keep all digits.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet, btree_map};
use std::fmt::Write as _;

use jsonschema::json::{Array, Json as Representation, JsonNumber, Node, NodeIdentity, Object};
use jsonschema::{JsonType, Keyword, ValidationError};
use serde_json::{Map, Value};

use crate::json::{Json, Number};

/// The representation of JSON by this program.
pub(super) struct Own;

impl Representation for Own {
    type Node<'a> = &'a Json;
    type PreparedKey = String;
    type StringBuffer = Json;

    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(buffer: &mut Json, string: &str, f: impl FnOnce(&Json) -> T) -> T {
        *buffer = Json::from(string);
        f(buffer)
    }
}

impl<'a> Node<'a, Own> for &'a Json {
    type Object = &'a BTreeMap<String, Json>;
    type Array = &'a [Json];
    type Number = &'a Number;

    fn as_object(&self) -> Option<Self::Object> {
        Json::as_object(self)
    }

    fn as_array(&self) -> Option<Self::Array> {
        Json::as_array(self)
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self {
            Json::String(text) => Some(Cow::Borrowed(text)),
            Json::Unpaired(_) => self.to_library().as_str().map(|text| Cow::Owned(text.to_owned())),
            _ => None,
        }
    }

    fn as_number(&self) -> Option<Self::Number> {
        Json::as_number(self)
    }

    fn as_boolean(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    fn json_type(&self) -> JsonType {
        match self {
            Json::Null => JsonType::Null,
            Json::Bool(_) => JsonType::Boolean,
            Json::Number(_) => JsonType::Number,
            Json::String(_) | Json::Unpaired(_) => JsonType::String,
            Json::Array(_) => JsonType::Array,
            Json::Object(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        equal(self, expected)
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(self.to_library())
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref::<Json>(self).addr()))
    }
}

impl<'a> Object<'a, Own> for &'a BTreeMap<String, Json> {
    type Node = &'a Json;
    type MemberName = &'a str;
    type MembersIter = Members<'a>;

    fn len(&self) -> usize {
        BTreeMap::len(self)
    }

    fn get(&self, key: &String) -> Option<&'a Json> {
        BTreeMap::get(self, key)
    }

    fn members(&self) -> Members<'a> {
        Members(self.iter())
    }
}

/// The members of an object.
pub(super) struct Members<'a>(btree_map::Iter<'a, String, Json>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a Json);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name.as_str(), value))
    }
}

impl<'a> Array<'a, Own> for &'a [Json] {
    type Node = &'a Json;
    type ElementsIter = std::slice::Iter<'a, Json>;

    fn len(&self) -> usize {
        <[Json]>::len(self)
    }

    fn elements(&self) -> Self::ElementsIter {
        self.iter()
    }

    fn is_unique(&self) -> bool {
        let mut seen = HashSet::new();
        self.iter().all(|item| {
            let mut text = String::new();
            canonical(item, &mut text);
            seen.insert(text)
        })
    }
}

impl JsonNumber for &Number {
    fn as_u64(&self) -> Option<u64> {
        self.is_integer().then(|| self.written().parse().ok()).flatten()
    }

    fn as_i64(&self) -> Option<i64> {
        self.is_integer().then(|| self.written().parse().ok()).flatten()
    }

    fn as_f64(&self) -> Option<f64> {
        self.to_library().as_f64()
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.written())
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        Cow::Owned(self.to_library())
    }

    fn is_integer(&self) -> bool {
        self.is_whole()
    }
}

/// Whether a value equals one of a schema, whose numbers have 64 bits.
fn equal(value: &Json, expected: &Value) -> bool {
    match (value, expected) {
        (Json::Number(own), Value::Number(number)) => {
            *own == Number::from(number.clone()) || (number.is_f64() && own.to_library() == *number)
        }
        (Json::Array(items), Value::Array(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(one, other)| equal(one, other))
        }
        (Json::Object(members), Value::Object(others)) => {
            members.len() == others.len()
                && members
                    .iter()
                    .all(|(name, value)| others.get(name).is_some_and(|other| equal(value, other)))
        }
        (Json::Array(_) | Json::Object(_), _) => false,
        _ => value.to_library() == *expected,
    }
}

/// Writes a text that is the same for two values only if they are equal.
fn canonical(value: &Json, out: &mut String) {
    // Writing to a string cannot fail.
    _ = match value {
        Json::Number(number) => write!(out, "{}", number.canonical()),
        Json::Array(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            write!(out, "]")
        }
        Json::Object(members) => {
            out.push('{');
            for (name, value) in members {
                _ = write!(out, "{}:", Json::from(name.as_str()));
                canonical(value, out);
                out.push(',');
            }
            write!(out, "}}")
        }
        other => write!(out, "{other}"),
    };
}

/// A numeric limit, compared exactly.
pub(super) struct Limit {
    keyword: &'static str,
    /// None for the boolean of draft 4, which modifies another limit.
    number: Option<Number>,
}

/// The keywords that compare a number with another.
pub(super) const LIMITS: [&str; 5] =
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];

impl Limit {
    /// Creates the limit of a keyword.
    pub(super) fn new(keyword: &'static str, schema: &Map<String, Value>, value: &Value) -> Self {
        // In draft 4, a boolean next to a limit makes it exclusive.
        let flagged = |name: &str| schema.get(name) == Some(&Value::Bool(true));
        let keyword = match keyword {
            "minimum" if flagged("exclusiveMinimum") => "exclusiveMinimum",
            "maximum" if flagged("exclusiveMaximum") => "exclusiveMaximum",
            keyword => keyword,
        };
        Self { keyword, number: value.as_number().map(|number| number.clone().into()) }
    }

    fn holds(&self, found: &Number) -> bool {
        let Some(limit) = &self.number else { return true };
        match self.keyword {
            "minimum" => found >= limit,
            "maximum" => found <= limit,
            "exclusiveMinimum" => found > limit,
            "exclusiveMaximum" => found < limit,
            _ => found.is_multiple_of(limit).unwrap_or_else(|| {
                let times = found.to_f64() / limit.to_f64();
                times.fract() == 0.0
            }),
        }
    }

    fn demand(&self) -> String {
        let number = self.number.as_ref().map(Number::written).unwrap_or_default();
        match self.keyword {
            "minimum" => format!("at least {number}"),
            "maximum" => format!("at most {number}"),
            "exclusiveMinimum" => format!("more than {number}"),
            "exclusiveMaximum" => format!("less than {number}"),
            _ => format!("a multiple of {number}"),
        }
    }
}

impl<'i> Keyword<'i, Own> for Limit {
    fn validate(&self, instance: &'i Json) -> Result<(), ValidationError<'i>> {
        match instance {
            Json::Number(number) if !self.holds(number) => {
                Err(ValidationError::custom(format!("{number} is not {}", self.demand())))
            }
            _ => Ok(()),
        }
    }

    fn is_valid(&self, instance: &'i Json) -> bool {
        !matches!(instance, Json::Number(number) if !self.holds(number))
    }
}
