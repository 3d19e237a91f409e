//! Reads YAML into typed values that know their locations.
//!
//! [`read`] turns a [`Source`] into a value with [`Located`] and [`Node`] parts, or into [`Diagnostics`]. No other module knows
//! which crate parses YAML.

pub mod layout;
pub mod page;
mod reader;
mod syntax;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::diagnostic::Diagnostics;
use crate::source::{Place, Source, Span};
use reader::NodeReader;

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

/// Reads a file as `T`.
///
/// # Errors
/// Errors in the YAML or in its shape, with their locations.
pub fn read<T: DeserializeOwned>(source: &Arc<Source>) -> Result<T, Diagnostics> {
    let node = reader::tree(source)?;
    T::deserialize(NodeReader { node, source, key: None, is_entry: false })
        .map_err(|mistake| mistake.diagnostics(source))
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
        deserializer.deserialize_newtype_struct(reader::LOCATED, LocatedVisitor(PhantomData))
    }
}

struct LocatedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LocatedVisitor<T> {
    type Value = Located<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value of a file")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let span = reader::SPAN.get();
        Ok(Located { value: T::deserialize(deserializer)?, span })
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_unit_struct(reader::NODE, IgnoredAny)?;
        reader::ASKED.take().ok_or_else(|| D::Error::custom("expected a value of a YAML file"))
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
