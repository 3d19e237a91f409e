//! The one door to the YAML reader.
//!
//! In goes a [`Source`], out comes a typed value whose parts know where they stand ([`Located`], [`Node`]), or one
//! [`Diagnostic`] in our own words. No other module knows which crate reads YAML.

mod explain;
pub(crate) mod layout;
pub(crate) mod page;

use std::marker::PhantomData;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{NonFiniteFloatPolicy, Spanned, Tagged};

use crate::diagnostic::Diagnostic;
use crate::json::Number;
use crate::source::{Place, Source, Span};

/// A value and the stretch of the file that it was read from.
#[derive(Debug, Clone)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// Any YAML value with its tag and its place: what the format reads where more than one shape is allowed.
#[derive(Debug, Clone)]
pub struct Node {
    /// The local tag with its `!`, for instance `!uuid`.
    pub tag: Option<String>,
    /// The value under the tag.
    pub value: Value,
    span: Span,
}

/// The shapes of a [`Node`].
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`, `~`, or nothing at all (as behind a bare tag).
    Null,
    /// `true` or `false`; `no` and `yes` are strings.
    Bool(bool),
    /// A number, as the reader gives it: [`Node::digits`] are those of the file.
    Number(String),
    /// A string, quoted or plain.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Mapping(Vec<(Located<String>, Node)>),
}

/// A mapping of free names, in the order of the file.
#[derive(Debug, Clone)]
pub struct Ordered<T>(pub Vec<(Located<String>, T)>);

/// Reads a file as `T`.
///
/// # Errors
/// The first thing that is wrong with the YAML or with its shape, at its place.
pub fn read<T: DeserializeOwned>(source: &Arc<Source>) -> Result<T, Diagnostic> {
    // Untyped `no` and `010` mean what they say: strings.
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        with_snippet: false,
        // A number may be beyond all floats: its digits are taken from the file.
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    serde_saphyr::from_str_with_options(source.text(), options)
        .map_err(|error| explain::explain(source, &error))
}

/// Reads a node that may be left out but not mistaken for absent when it is null: for `#[serde(deserialize_with)]`.
///
/// # Errors
/// Those of the reader.
pub fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Node>, D::Error> {
    Node::deserialize(deserializer).map(Some)
}

impl<T> Located<T> {
    /// Returns where the value stands in its file.
    pub fn place(&self, source: &Arc<Source>) -> Place {
        source.place(self.span)
    }
}

impl Node {
    /// Returns where the node stands in its file, its tag included.
    #[must_use]
    pub fn place(&self, source: &Arc<Source>) -> Place {
        let Some(tag) = &self.tag else { return source.place(self.span) };
        let before = source.text().get(..self.span.start).unwrap_or("").trim_end();
        let start = if before.ends_with(tag.as_str()) { before.len() - tag.len() } else { self.span.start };
        let end = if matches!(self.value, Value::Null) { start + tag.len() } else { self.span.end };
        source.place(Span::new(start, end))
    }

    /// Returns the value without its tag.
    #[must_use]
    pub fn untagged(&self) -> Self {
        Self { tag: None, ..self.clone() }
    }

    /// Returns the digits of a number as they stand in the file, where they are a number of JSON: the reader has rounded what
    /// has more than 64 bits.
    #[must_use]
    pub fn digits<'a>(&'a self, source: &'a Source) -> Option<&'a str> {
        let Value::Number(read) = &self.value else { return None };
        let written = source.text().get(self.span.start..self.span.end).unwrap_or(read).trim();
        let written = written.rsplit(char::is_whitespace).next().unwrap_or(written);
        let unsigned = written.strip_prefix('+').unwrap_or(written);
        Some(if Number::parse(unsigned).is_some() { unsigned } else { read })
    }

    /// Names the node's shape in a message: "a string", "a list"…
    #[must_use]
    pub fn shape(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::List(list) if list.is_empty() => "an empty list",
            Value::List(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { span: span_of(spanned.referenced), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Tagged<Value>>::deserialize(deserializer)?;
        let Tagged(value, tag) = spanned.value;
        // YAML's own tags (`!!str`) have done their work by now.
        let tag = tag.filter(|tag| tag.starts_with('!'));
        Ok(Self { tag, value, span: span_of(spanned.referenced) })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OrderedVisitor(PhantomData))
    }
}

struct OrderedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OrderedVisitor<T> {
    type Value = Ordered<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key()? {
            entries.push((key, access.next_value()?));
        }
        Ok(Ordered(entries))
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = access.next_element()? {
            list.push(node);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = access.next_key::<Located<String>>()? {
            members.push((key, access.next_value()?));
        }
        Ok(Value::Mapping(members))
    }
}

fn span_of(location: serde_saphyr::Location) -> Span {
    let span = location.span();
    let start = span.byte_offset().unwrap_or_else(|| span.offset());
    let length = span.byte_len().unwrap_or_else(|| span.len());
    let narrow = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Span::new(narrow(start), narrow(start.saturating_add(length)))
}
