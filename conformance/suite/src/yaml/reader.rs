//! Implements a serde deserializer over a [`Document`].
//!
//! Two types need more than serde's data model offers and ask for it by name: [`LOCATED`] for a value with its location, [`NODE`]
//! for one with its tag and text as well. They receive it as the elements of a tuple.

use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};

use super::document::{Document, Kind, Member};
use super::explain::{Mistake, Wrong};
use super::measure::{DEEPEST, Measure};
use super::scalar::{self, Scalar};
use crate::source::Span;

/// The name of a tuple of the start, the end (exclusive) and the value.
pub(super) const LOCATED: &str = "conformance::yaml::Located";
/// The name of a tuple of the start, the end (exclusive), the tag (or empty), the text of a null, a boolean or a number (else
/// empty), and the value.
pub(super) const NODE: &str = "conformance::yaml::Node";

/// Reads one value of a document.
#[derive(Clone, Copy)]
pub(super) struct Reader<'d, 'a> {
    document: &'d Document<'a>,
    /// Counts what has been read.
    measure: &'d Measure,
    index: usize,
    /// The span of the alias that led here.
    alias: Option<Span>,
    depth: usize,
}

impl<'d, 'a> Reader<'d, 'a> {
    /// Creates a reader of a whole document.
    pub(super) fn new(document: &'d Document<'a>, measure: &'d Measure) -> Self {
        Self { document, measure, index: 0, alias: None, depth: 0 }
    }

    fn at(self, index: usize) -> Self {
        let alias = self.alias.or_else(|| {
            let entry = self.document.entry(index);
            matches!(entry.kind, Kind::Alias(_)).then_some(entry.span)
        });
        Self { index: self.document.resolve(index), alias, ..self }
    }

    fn span(self) -> Span {
        self.alias.unwrap_or(self.document.entry(self.index).span)
    }

    /// Creates a reader of a value inside this one, and counts the value.
    fn next(self, index: usize) -> Result<Self, Mistake> {
        let next = self.at(index);
        next.measure.value(next.span())?;
        if let Kind::Scalar { text, .. } = &next.document.entry(next.index).kind {
            next.measure.text(text, next.span())?;
        }
        Ok(next)
    }

    /// Creates a reader one level deeper.
    fn inside(self) -> Result<Self, Mistake> {
        if self.depth >= DEEPEST {
            return Err(Wrong::TooDeep.at(self.span()));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    /// Adds the current location to an error that has none.
    fn placed<T>(self, result: Result<T, Mistake>) -> Result<T, Mistake> {
        result.map_err(|mistake| mistake.or_at(self.span()))
    }

    fn expected(self, what: &'static str) -> Mistake {
        Wrong::Expected(what).at(self.span())
    }

    fn scalar(self) -> Result<Scalar<'d>, Mistake> {
        match &self.document.entry(self.index).kind {
            Kind::Scalar { text, plain, core } => {
                scalar::resolve(text, *plain, *core).map_err(|what| self.expected(what))
            }
            _ => Err(self.expected("one value")),
        }
    }

    /// Returns the text of a scalar, whatever its type.
    fn text(self, what: &'static str) -> Result<&'d str, Mistake> {
        match &self.document.entry(self.index).kind {
            Kind::Scalar { text, .. } => Ok(text),
            _ => Err(self.expected(what)),
        }
    }

    fn list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let inside = self.inside()?;
        let elements = self.document.elements(self.index);
        self.placed(visitor.visit_seq(Elements { reader: inside, elements }))
    }

    fn members(self) -> Result<Vec<Member>, Mistake> {
        self.document.members(self.index, self.measure)
    }

    fn mapping<'de, V: Visitor<'de>>(self, members: Vec<Member>, visitor: V) -> Result<V::Value, Mistake> {
        let members = Members { reader: self.inside()?, left: members.into_iter(), value: self.index };
        self.placed(visitor.visit_map(members))
    }

    fn number<T: TryFrom<u64>>(self, what: &'static str) -> Result<T, Mistake> {
        let number = scalar::whole(self.text(what)?).and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.expected(what))
    }
}

impl<'de> Deserializer<'de> for Reader<'_, '_> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let entry = self.document.entry(self.index);
        match entry.kind {
            Kind::List => self.list(visitor),
            Kind::Mapping => self.mapping(self.members()?, visitor),
            _ => self.placed(match self.scalar()? {
                Scalar::Null => visitor.visit_unit(),
                Scalar::Bool(value) => visitor.visit_bool(value),
                // serde has no numbers of arbitrary precision. A node takes the digits from its text.
                Scalar::Number(number) => visitor.visit_f64(number.parse().unwrap_or(f64::NAN)),
                Scalar::String(text) => visitor.visit_str(text),
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let scalar = matches!(self.document.entry(self.index).kind, Kind::Scalar { .. });
        if scalar && self.scalar()? == Scalar::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        const WHAT: &str = "true or false";
        let value = scalar::boolean(self.text(WHAT)?).ok_or_else(|| self.expected(WHAT))?;
        visitor.visit_bool(value)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_u16(self.number("a number from 0 to 65535")?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_u32(self.number("a whole number")?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_u64(self.number("a whole number")?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        const WHAT: &str = "a string";
        let text = self.text(WHAT)?;
        if self.scalar()? == Scalar::Null {
            return Err(self.expected(WHAT));
        }
        self.placed(visitor.visit_str(text))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.document.entry(self.index).kind {
            Kind::List => self.list(visitor),
            _ => Err(self.expected("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.document.entry(self.index).kind {
            Kind::Mapping => self.mapping(self.members()?, visitor),
            _ => Err(self.expected("a mapping")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        /// Report at most this many unknown keys; more suggest the wrong file type.
        const MOST_UNKNOWN: usize = 20;
        let Kind::Mapping = self.document.entry(self.index).kind else {
            return Err(self.expected("a mapping"));
        };
        let members = self.members()?;
        let mut unknown = Vec::new();
        for (key, _) in &members {
            let key = self.at(*key);
            let text = key.text("a string")?;
            if !fields.contains(&text) && unknown.len() < MOST_UNKNOWN {
                unknown.push((text.to_owned(), key.span()));
            }
        }
        if !unknown.is_empty() {
            return Err(Wrong::UnknownKeys(unknown, fields).into());
        }
        // The location of a mapping in block style is its first key.
        let first = members.first().map_or(self.span(), |(key, _)| self.at(*key).span());
        let members = Members { reader: self.inside()?, left: members.into_iter(), value: self.index };
        visitor.visit_map(members).map_err(|mistake| mistake.or_at(first))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match name {
            LOCATED | NODE => {
                let parts = Parts { reader: self, tagged: name == NODE, next: 0 };
                self.placed(visitor.visit_seq(parts))
            }
            _ => self.deserialize_tuple(length, visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u128 f32 f64 char bytes byte_buf unit unit_struct tuple enum ignored_any
    }
}

/// The elements of a list.
struct Elements<'d, 'a, I> {
    reader: Reader<'d, 'a>,
    elements: I,
}

impl<'de, I: Iterator<Item = usize>> SeqAccess<'de> for Elements<'_, '_, I> {
    type Error = Mistake;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mistake> {
        self.elements.next().map(|index| seed.deserialize(self.reader.next(index)?)).transpose()
    }
}

/// The members of a mapping.
struct Members<'d, 'a> {
    reader: Reader<'d, 'a>,
    left: std::vec::IntoIter<Member>,
    /// The value of the last key read.
    value: usize,
}

impl<'de> MapAccess<'de> for Members<'_, '_> {
    type Error = Mistake;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mistake> {
        let Some((key, value)) = self.left.next() else { return Ok(None) };
        self.value = value;
        let key = self.reader.next(key)?;
        key.placed(seed.deserialize(key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Mistake> {
        let value = self.reader.next(self.value)?;
        value.placed(seed.deserialize(value))
    }
}

/// A value with its location, and with its tag and text if `tagged`.
struct Parts<'d, 'a> {
    reader: Reader<'d, 'a>,
    tagged: bool,
    next: usize,
}

impl<'de> SeqAccess<'de> for Parts<'_, '_> {
    type Error = Mistake;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mistake> {
        let part = self.next;
        self.next += 1;
        let span = self.reader.span();
        match part {
            0 => seed.deserialize((span.start as u64).into_deserializer()),
            1 => seed.deserialize((span.end as u64).into_deserializer()),
            2 if self.tagged => {
                let tag = self.reader.document.entry(self.reader.index).tag.as_deref();
                seed.deserialize(tag.unwrap_or_default().into_deserializer())
            }
            3 if self.tagged => {
                let text = match &self.reader.document.entry(self.reader.index).kind {
                    Kind::Scalar { text, .. } if !matches!(self.reader.scalar()?, Scalar::String(_)) => text,
                    _ => "",
                };
                seed.deserialize(text.into_deserializer())
            }
            _ => seed.deserialize(self.reader),
        }
        .map(Some)
    }
}
