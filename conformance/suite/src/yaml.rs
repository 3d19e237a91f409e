//! Reads YAML into typed values that know their locations.
//!
//! [`read`] turns a [`Source`] into a value with [`Located`] and [`Node`] parts, or into [`Diagnostics`]. No other module knows
//! which crate parses YAML.

mod dash;
mod document;
mod explain;
pub mod layout;
mod measure;
mod outline;
pub mod page;
mod reader;
mod scalar;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::diagnostic::Diagnostics;
use crate::source::{Place, Source, Span};
use document::Document;
use measure::Measure;
pub use outline::Outline;
use reader::{LOCATED, NODE, Reader};

/// A value and the span of the file that it was read from.
#[derive(Debug, Clone)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

/// Any YAML value with its tag and location, for keys that allow several shapes.
#[derive(Debug, Clone)]
pub struct Node {
    /// The local tag with its `!`, for instance `!uuid`.
    pub tag: Option<String>,
    /// The value under the tag.
    pub value: Value,
    /// A boolean or a number as the file writes it: `True`, `0x1F`, `1.10`.
    written: Option<Box<str>>,
    span: Span,
}

/// The shapes of a [`Node`].
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`, `~`, or nothing at all, as after a bare tag.
    Null,
    /// `true` or `false`; `no` and `yes` are strings.
    Bool(bool),
    /// A number in JSON notation, with all its digits. `.inf` and `.nan`, which JSON does not have, are kept as written.
    Number(String),
    /// A string, quoted or plain.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Mapping(Vec<(Located<String>, Node)>),
}

/// A mapping with arbitrary keys, in the order of the file.
#[derive(Debug, Clone)]
pub struct Ordered<T>(pub Vec<(Located<String>, T)>);

/// A parsed YAML file.
pub struct Parsed<'a> {
    document: Document<'a>,
    source: &'a Arc<Source>,
}

/// Reads a file as `T`.
///
/// # Errors
/// Errors in the YAML or in its shape, with their locations.
pub fn read<T: DeserializeOwned>(source: &Arc<Source>) -> Result<T, Diagnostics> {
    Parsed::of(source)?.read()
}

impl<'a> Parsed<'a> {
    /// Parses a file.
    ///
    /// # Errors
    /// Invalid YAML, at the location of the error.
    pub fn of(source: &'a Arc<Source>) -> Result<Self, Diagnostics> {
        Ok(Self { document: Document::read(source)?, source })
    }

    /// Restores a file that was parsed before. Returns none if the outline belongs to another file.
    #[must_use]
    pub fn again(source: &'a Arc<Source>, outline: &'a Outline) -> Option<Self> {
        Some(Self { document: outline.document(source)?, source })
    }

    /// Returns an outline from which [`again`](Self::again) restores the file without parsing it.
    #[must_use]
    pub fn outline(&self) -> Outline {
        Outline::of(&self.document, self.source)
    }

    /// Deserializes the file as `T`.
    ///
    /// # Errors
    /// Errors in its shape, with their locations.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Diagnostics> {
        let read = T::deserialize(Reader::new(&self.document, &Measure::default()));
        read.map_err(|mistake| mistake.explain(self.source))
    }
}

/// Reads an optional node so that an explicit null differs from a missing key; for `#[serde(deserialize_with)]`.
///
/// # Errors
/// Those of the reader.
pub fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Node>, D::Error> {
    Node::deserialize(deserializer).map(Some)
}

impl<T> Located<T> {
    /// Returns the location of the value in its file.
    pub fn place(&self, source: &Arc<Source>) -> Place {
        source.place(self.span)
    }
}

impl Node {
    /// Returns the location of the node in its file, including its tag.
    #[must_use]
    pub fn place(&self, source: &Arc<Source>) -> Place {
        let Some(tag) = &self.tag else { return source.place(self.span) };
        let before = source.text().get(..self.span.start).unwrap_or("").trim_end();
        // After an alias, or with a comment or an anchor before the value, the tag is somewhere else.
        let Some(start) = before.strip_suffix(tag.as_str()).map(str::len) else {
            return source.place(self.span);
        };
        let end = if matches!(self.value, Value::Null) { before.len() } else { self.span.end };
        source.place(Span::new(start, end))
    }

    /// Returns the span of the value, without its tag.
    #[cfg(fuzzing)]
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Returns a copy without the tag.
    #[must_use]
    pub fn untagged(&self) -> Self {
        Self { tag: None, ..self.clone() }
    }

    /// Returns a scalar as the file writes it, without quotes; none for a list, a mapping and null.
    #[must_use]
    pub fn written(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            Value::Bool(_) | Value::Number(_) => self.written.as_deref(),
            Value::Null | Value::List(_) | Value::Mapping(_) => None,
        }
    }

    /// Returns a copy in which a boolean is written as `true` or `false`, whatever the file writes (`True`, `FALSE`).
    #[must_use]
    pub fn with_plain_boolean(&self) -> Self {
        match self.value {
            Value::Bool(value) => Self { written: Some(value.to_string().into()), ..self.clone() },
            _ => self.clone(),
        }
    }

    /// Returns the name of the node's shape for messages, such as "a string".
    #[must_use]
    pub fn shape(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
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
        deserializer.deserialize_tuple_struct(LOCATED, 3, LocatedVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple_struct(NODE, 5, NodeVisitor)
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

struct LocatedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LocatedVisitor<T> {
    type Value = Located<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value of a file")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let span = Span::new(part(&mut parts)?, part(&mut parts)?);
        Ok(Located { value: part(&mut parts)?, span })
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value of a file")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Node, A::Error> {
        let span = Span::new(part(&mut parts)?, part(&mut parts)?);
        let tag: String = part(&mut parts)?;
        let text: String = part(&mut parts)?;
        let value = match part(&mut parts)? {
            Value::Number(rounded) => Value::Number(scalar::number(&text).map_or(rounded, Cow::into_owned)),
            value => value,
        };
        let written = matches!(value, Value::Bool(_) | Value::Number(_)).then(|| text.into());
        Ok(Node { tag: (!tag.is_empty()).then_some(tag), value, written, span })
    }
}

fn part<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(parts: &mut A) -> Result<T, A::Error> {
    parts.next_element()?.ok_or_else(|| A::Error::custom("a value has no location"))
}
