//! Reads a file as a tree of [`Node`]s, and deserializes that tree with serde.
//!
//! This is our own code on top of the events of `granit-parser`. `serde-saphyr`, which is built on the same parser, reads straight
//! into Rust types: it stops at the first error, reads numbers of untyped values as 64-bit floats (`1.10` and `1E5` must keep
//! their digits), and hides the parser's errors, from which the messages here are made.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Tag};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error, IntoDeserializer, Visitor};

use super::syntax::{MOST_VALUES, TOO_DEEP, empty, syntax_error, too_large};
use super::syntax::{curl_in_braces, without_blank};
use super::{Located, Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::json::Number;
use crate::source::{Source, Span};

/// Maximum number of bytes of text, including repetitions by aliases: four times the maximum size of a file.
const MOST_TEXT: usize = 32 * 1024 * 1024;
/// Maximum nesting depth.
const DEEPEST: usize = 64;

type Members = Vec<(Located<String>, Node)>;

/// Reads a file as a tree.
///
/// # Errors
/// Invalid YAML, duplicate keys, and more than the limits, with their locations.
pub(super) fn tree(source: &Arc<Source>) -> Result<Node, Diagnostics> {
    let mut reader = TreeReader::new(source)?;
    let read = reader.node(0);
    let mut errors = reader.duplicates;
    match errors.keep(read) {
        Some(node) => errors.into_result(node),
        None => Err(errors),
    }
}

/// Builds a tree from the events of the parser.
struct TreeReader<'s> {
    source: &'s Arc<Source>,
    /// The events of the document's values.
    events: Vec<(Event<'s>, Span)>,
    /// Index of the next event.
    at: usize,
    /// Index of the event with each anchor. An alias reads the events again from there.
    anchors: HashMap<usize, usize>,
    /// Indices of the lists and mappings being read.
    open: Vec<usize>,
    /// The span of the outermost alias being expanded, which is the location of all values in it.
    alias: Option<Span>,
    values: usize,
    text: usize,
    duplicates: Diagnostics,
}

impl<'s> TreeReader<'s> {
    /// Parses a file, without building values.
    fn new(source: &'s Arc<Source>) -> Result<Self, Diagnostic> {
        let (mut events, mut anchors, mut documents, mut values) = (Vec::new(), HashMap::new(), 0, 0);
        for event in Parser::new_from_str(source.text()) {
            let (event, at) = event.map_err(|error| syntax_error(source, &error))?;
            let span = at.byte_range().map_or_else(Span::default, |range| Span::new(range.start, range.end));
            let anchor = match &event {
                Event::DocumentStart(..) if documents > 0 => {
                    let second = Diagnostic::at(source.place(span), "a second document begins here");
                    return Err(second.help("a file holds one document: at most one `---`, at the beginning"));
                }
                Event::DocumentStart(..) => {
                    documents += 1;
                    continue;
                }
                Event::Scalar(_, _, anchor, _)
                | Event::SequenceStart(_, anchor, _)
                | Event::MappingStart(_, anchor, _) => *anchor,
                Event::Alias(_) | Event::SequenceEnd | Event::MappingEnd => 0,
                _ => continue,
            };
            if anchor != 0 {
                anchors.insert(anchor, events.len());
            }
            values += usize::from(!matches!(event, Event::SequenceEnd | Event::MappingEnd));
            if values > MOST_VALUES {
                return Err(too_large(source, span));
            }
            events.push((event, span));
        }
        if events.is_empty() {
            return Err(empty(source));
        }
        let (alias, duplicates) = (None, Diagnostics::default());
        Ok(Self { source, events, at: 0, anchors, open: Vec::new(), alias, values: 0, text: 0, duplicates })
    }

    /// The next event. The events of a value are complete, so there is one in every value.
    fn peek(&self) -> (&Event<'s>, Span) {
        self.events.get(self.at).map_or((&Event::StreamEnd, Span::default()), |(event, span)| (event, *span))
    }

    fn error(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(self.source.place(self.alias.unwrap_or(span)), message)
    }

    /// Reads the next value.
    fn node(&mut self, depth: usize) -> Result<Node, Diagnostic> {
        let (event, span) = self.peek();
        let place = self.alias.unwrap_or(span);
        let mut node = Node { tag: None, value: Value::Null, written: None, span: place };
        match event {
            Event::Alias(anchor) => {
                let anchor = *anchor;
                let outer = self.alias.replace(place);
                let node = self.at_anchor(anchor, span, |reader| reader.node(depth));
                self.alias = outer;
                return node;
            }
            Event::Scalar(text, style, _, tag) => {
                let (value, plain) = (scalar(text, *style == ScalarStyle::Plain, tag.as_deref()), text.len());
                let value = value.map_err(|what| self.error(span, format!("expected {what}")))?;
                if matches!(value, Value::Bool(_) | Value::Number(_)) {
                    node.written = Some(text.as_ref().into());
                }
                (node.value, node.tag) = (value, tag.as_deref().and_then(local));
                self.text += plain;
                self.at += 1;
            }
            Event::SequenceStart(_, _, tag) => {
                node.tag = tag.as_deref().and_then(local);
                if self.alias.is_none() {
                    node.span = self.list_span(span);
                }
                node.value = Value::List(self.inside(span, depth, |reader, list: &mut Vec<Node>| {
                    list.push(reader.node(depth + 1)?);
                    Ok(())
                })?);
            }
            Event::MappingStart(_, _, tag) => {
                node.tag = tag.as_deref().and_then(local);
                node.value = Value::Mapping(self.members(span, depth)?);
            }
            // No other event begins a value.
            _ => self.at += 1,
        }
        self.values += 1;
        if self.values > MOST_VALUES || self.text > MOST_TEXT {
            return Err(too_large(self.source, place));
        }
        Ok(node)
    }

    /// Reads the elements of a list or the members of a mapping one by one.
    fn inside<T: Default>(
        &mut self,
        span: Span,
        depth: usize,
        mut one: impl FnMut(&mut Self, &mut T) -> Result<(), Diagnostic>,
    ) -> Result<T, Diagnostic> {
        if depth >= DEEPEST {
            return Err(self.error(span, TOO_DEEP));
        }
        self.open.push(self.at);
        self.at += 1;
        let mut all = T::default();
        while !matches!(self.peek().0, Event::SequenceEnd | Event::MappingEnd | Event::StreamEnd) {
            one(self, &mut all)?;
        }
        self.at += 1;
        self.open.pop();
        Ok(all)
    }

    /// Reads a mapping; the members of merged mappings (`<<`) come last.
    fn members(&mut self, span: Span, depth: usize) -> Result<Members, Diagnostic> {
        let mut merged = Members::new();
        let mut members = self.inside(span, depth, |reader, members: &mut Members| {
            if matches!(reader.peek().0, Event::Scalar(key, ScalarStyle::Plain, _, None) if key == "<<") {
                reader.at += 1;
                return reader.merge(&mut merged, depth + 1);
            }
            let key = reader.node(depth + 1)?;
            let Some(text) = key.written() else { return Err(reader.error(key.span, "expected a string")) };
            let key = Located { value: text.to_owned(), span: key.span };
            members.push((key, reader.node(depth + 1)?));
            Ok(())
        })?;
        let mut known: HashMap<String, Span> = HashMap::new();
        for (key, _) in &members {
            let first = *known.entry(key.value.clone()).or_insert(key.span);
            // In an alias, the duplicate was reported before.
            if first != key.span && self.alias.is_none() {
                let twice = self.error(key.span, format!("duplicate key `{}`", key.value));
                self.duplicates.push(twice.help(format!("the first is at {}", self.source.place(first))));
            }
        }
        let mut known: HashSet<String> = known.into_keys().collect();
        members.extend(merged.into_iter().filter(|(key, _)| known.insert(key.value.clone())));
        Ok(members)
    }

    /// Reads a mapping, or a list of mappings, whose members are merged into another mapping. They keep their own locations.
    fn merge(&mut self, merged: &mut Members, depth: usize) -> Result<(), Diagnostic> {
        let (event, span) = self.peek();
        match event {
            Event::Alias(anchor) => {
                let anchor = *anchor;
                self.at_anchor(anchor, span, |reader| reader.merge(merged, depth))
            }
            Event::SequenceStart(..) => {
                self.inside(span, depth, |reader, (): &mut ()| reader.merge(merged, depth + 1))
            }
            Event::MappingStart(..) => {
                merged.extend(self.members(span, depth)?);
                Ok(())
            }
            _ => Err(self.error(span, "expected a mapping")),
        }
    }

    /// Reads the value with an anchor in place of an alias.
    fn at_anchor<T>(
        &mut self,
        anchor: usize,
        span: Span,
        read: impl FnOnce(&mut Self) -> Result<T, Diagnostic>,
    ) -> Result<T, Diagnostic> {
        // The parser has already rejected an alias without an anchor.
        let target = self.anchors.get(&anchor).copied().unwrap_or_default();
        if self.open.contains(&target) {
            return Err(self.error(span, "this alias is inside the value that it repeats"));
        }
        let next = self.at + 1;
        self.at = target;
        let value = read(self);
        self.at = next;
        value
    }

    /// Returns where a list begins: at its bracket or its first dash. For a list that is not indented further than its key, the
    /// parser reports the start of the first element.
    fn list_span(&self, span: Span) -> Span {
        let first = self.events.get(self.at + 1).filter(|(event, _)| !matches!(event, Event::SequenceEnd));
        let Some((_, first)) = first.filter(|_| span.start == span.end) else { return span };
        // The dash at this position may belong to a nested list.
        let begins = is_dash(self.source.text(), span.start) && first.start != span.start;
        match dash_before(self.source.text(), span.start).filter(|_| !begins) {
            Some(dash) => Span::new(dash, dash),
            None => span,
        }
    }
}

/// Whether the dash of a list element is at this position.
fn is_dash(text: &str, at: usize) -> bool {
    let after = text.get(at..).and_then(|text| text.strip_prefix('-'));
    after.is_some_and(|after| after.is_empty() || after.starts_with(is_space))
}

/// Returns the position of the dash of the element whose value begins at `value`. Only blanks, comments, a tag and an anchor are
/// between them.
pub(super) fn dash_before(text: &str, value: usize) -> Option<usize> {
    let mut end = value.min(text.len());
    loop {
        let start = text[..end].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let line = &text[start..end];
        let begins_word = |at: &usize| *at == 0 || line[..*at].ends_with(is_space);
        let comment = line.match_indices('#').map(|(at, _)| at).find(begins_word);
        let line = &line[..comment.unwrap_or(line.len())];
        // Skip the dash of a block header (`|-`) and of a name.
        let mut dashes = line.rmatch_indices('-').map(|(at, _)| at);
        match dashes.find(|at| is_dash(line, *at) && begins_word(at)) {
            Some(at) => return Some(start + at),
            None => end = start.checked_sub(1)?,
        }
    }
}

/// Whether a character is white space or a byte order mark.
fn is_space(one: char) -> bool {
    one.is_whitespace() || one == '\u{feff}'
}

/// Returns a local tag as it is written; none for YAML's own tags (`!!str`).
fn local(tag: &Tag) -> Option<String> {
    let (handle, suffix) = tag.parts();
    (handle == "!" && !suffix.is_empty()).then(|| ["!", suffix].concat())
}

/// Resolves a scalar as in the core schema of YAML 1.2.2 (section 10.3.2); `plain` means without quotes. One difference: digits
/// after a leading zero (`010`) are a string, because YAML 1.1 read them as octal and most are codes.
///
/// # Errors
/// The text does not fit its tag; the error says what is expected.
pub(super) fn scalar(text: &str, plain: bool, tag: Option<&Tag>) -> Result<Value, &'static str> {
    let string = || Value::String(text.to_owned());
    match tag.map(|tag| (tag.core_suffix(), tag.parts())) {
        Some((Some("str"), _) | (_, ("", "!") | ("!", ""))) => Ok(string()),
        Some((Some("null"), _)) => Ok(Value::Null),
        Some((Some("bool"), _)) => boolean(text).map(Value::Bool).ok_or("true or false"),
        Some((Some("int" | "float"), _)) => number(text).map(Value::Number).ok_or("a number"),
        _ if !plain => Ok(string()),
        _ if matches!(text, "" | "~" | "null" | "Null" | "NULL") => Ok(Value::Null),
        _ => Ok(boolean(text)
            .map(Value::Bool)
            .or_else(|| number(text).map(Value::Number))
            .unwrap_or_else(string)),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Returns a number of the core schema in JSON notation, with all its digits. `.inf` and `.nan`, which JSON does not have, are
/// kept as written.
fn number(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(text.to_owned()),
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => return Some(text.to_owned()),
        _ => {}
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        // The core schema allows no sign here.
        if let Some(digits) = text.strip_prefix(prefix) {
            let is_number = digits.starts_with(|first: char| first.is_digit(radix));
            let number = u128::from_str_radix(digits, radix).ok().filter(|_| is_number);
            return number.map(|number| number.to_string());
        }
    }
    let is_digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if unsigned.len() > 1 && unsigned.starts_with('0') && is_digits(unsigned) {
        return None;
    }
    // YAML allows what JSON does not: a plus, `.5`, `5.` and leading zeros. Everything else is the same.
    let (mantissa, exponent) = unsigned.split_at(unsigned.find(['e', 'E']).unwrap_or(unsigned.len()));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !is_digits(before) || (before.is_empty() && after.is_empty()) {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let whole = match before.trim_start_matches('0') {
        "" => "0",
        significant => significant,
    };
    let point = if after.is_empty() { "" } else { "." };
    let json = [sign, whole, point, after, exponent].concat();
    Number::parse(&json).is_some().then_some(json)
}

/// The name under which [`Node`] asks for a node, and [`Located`] for a value with its span. serde's data model has neither.
pub(super) const NODE: &str = "conformance::yaml::Node";
pub(super) const LOCATED: &str = "conformance::yaml::Located";

thread_local! {
    /// The node that [`Node`] asked for.
    pub(super) static ASKED: Cell<Option<Node>> = const { Cell::new(None) };
    /// The span of the value that [`Located`] asked for.
    pub(super) static SPAN: Cell<Span> = const { Cell::new(Span { start: 0, end: 0 }) };
}

/// Deserializes a node.
pub(super) struct NodeReader<'s> {
    pub(super) node: Node,
    pub(super) source: &'s Arc<Source>,
    /// The key of the mapping whose value the node is.
    pub(super) key: Option<&'static str>,
    /// Whether the node is a member of that value, under a name that the suite chooses.
    pub(super) is_entry: bool,
}

/// The keys whose values have a shape that is often missed, each with an example.
const FORMS: [(&str, &str); 28] = [
    ("retry", "retry: {for: 2s}"),
    ("headers", "headers: {Location: /notes/1}"),
    ("cookies", "cookies: {session: !any }"),
    ("race", "race: 16"),
    ("repeat", "repeat: 5"),
    ("stages", "stages: [draft, final]"),
    ("features", "features: [uploads]"),
    ("secrets", "secrets: [password]"),
    ("env", "env: {PORT: \"${port}\"}"),
    ("origins", "origins: {admin: \"http://api.example:8081\"}"),
    ("absent", "absent: [etag]"),
    ("absent_cookies", "absent_cookies: [session]"),
    ("gives", "gives: [session]"),
    ("cleanup", "cleanup: [{id: …, title: …, request: …}], with a `-` before each step"),
    ("together", "together: [{request: …}, {request: …}], with a `-` before each request"),
    ("profiles", "profiles: {open: {title: without accounts}}"),
    ("variables", "variables: {token: {env: API_TOKEN}}"),
    ("steps", "steps: [{id: …, title: …, request: …}], with a `-` before each step"),
    ("covers", "covers: [N-1]"),
    ("fixtures", "fixtures: [bob] in a scenario, and fixtures: {bob: {name: Bob}} in suite.yaml"),
    ("tags", "tags: [slow]"),
    ("requires", "requires: [uploads]"),
    ("capture", "capture: {id: {json: /id}}"),
    ("expect", "expect: {status: 200}"),
    ("timely", "timely: {after: login, within: 4s}"),
    ("overall", "overall: {distinct: {json: /id}}"),
    ("with", "with: {who: bob}"),
    ("launch", "launch: {env: {PORT: \"${port}\"}}"),
];

/// Returns a key and how its value is written.
fn form_of(key: &str) -> Option<(&'static str, &'static str)> {
    FORMS.into_iter().find(|(own, _)| *own == key)
}

impl NodeReader<'_> {
    fn expected(&self, what: &str) -> Mistake {
        let error = Diagnostic::at(self.source.place(self.node.span), format!("expected {what}"));
        // Lines of a file with this value would only repeat what the form shows.
        if let Some((key, form)) = self.key.and_then(form_of) {
            let kind = if what == "a whole number" { "a number" } else { what };
            let of = if self.is_entry { "an entry of " } else { "" };
            let place = self.source.place(self.node.span);
            if let Some(missing) = without_blank(self.node.written().unwrap_or_default(), &place) {
                return Mistake::Located(missing.into());
            }
            let error = Diagnostic::at(place, format!("{of}`{key}` must be {kind}"));
            return Mistake::Located(error.help(format!("such as `{form}`")).into());
        }
        Mistake::Located(match what {
            "a list" => error.help("write a list as [a, b], or with a `-` before each element").into(),
            _ => error.into(),
        })
    }

    /// Returns a non-negative integer of at most 64 bits, which may be in quotes.
    fn integer<T: TryFrom<u64>>(&self, what: &str) -> Result<T, Mistake> {
        let number = self.node.written().and_then(number).and_then(|number| number.parse::<u64>().ok());
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| self.expected(what))
    }

    /// Deserializes a mapping with these keys, or with any keys.
    fn mapping<'de, V: Visitor<'de>>(
        self,
        known: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        /// Report at most this many unknown keys; more suggest the wrong type of file.
        const MOST_UNKNOWN: usize = 20;
        let (source, mut span) = (self.source, self.node.span);
        let Value::Mapping(members) = self.node.value else { return Err(self.expected("a mapping")) };
        if let Some(known) = known {
            let mut errors = Diagnostics::default();
            let unknown = members.iter().filter(|(key, _)| !known.contains(&key.value.as_str()));
            for (key, _) in unknown.take(MOST_UNKNOWN) {
                let (name, place) = (&key.value, key.place(source));
                let before = name.split(':').next().unwrap_or_default();
                let missing = without_blank(name, &place).filter(|_| known.contains(&before));
                let missing = missing.or_else(|| curl_in_braces(&place));
                errors.push(missing.unwrap_or_else(|| {
                    let unknown = Diagnostic::at(place, format!("unknown key `{name}`"));
                    unknown.suggest(name, known.iter().copied())
                }));
            }
            errors.into_result(()).map_err(Mistake::Located)?;
            // The location of a missing key is the first one.
            span = members.first().map_or(span, |(key, _)| key.span);
        }
        let outer = self.key;
        let members = members.into_iter().map(|(Located { value, span }, node)| {
            let (form, is_entry) = match known {
                Some(_) => (form_of(&value).map(|(key, _)| key), false),
                None => (outer, true),
            };
            let key = Node { tag: None, value: Value::String(value), written: None, span };
            let key = NodeReader { node: key, source, key: None, is_entry: false };
            (key, NodeReader { node, source, key: form, is_entry })
        });
        visitor.visit_map(MapDeserializer::new(members)).map_err(|mistake| mistake.at(source, span))
    }
}

impl IntoDeserializer<'_, Mistake> for NodeReader<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for NodeReader<'_> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let (source, span) = (self.source, self.node.span);
        let read = match self.node.value {
            Value::List(_) => return self.deserialize_seq(visitor),
            Value::Mapping(_) => return self.mapping(None, visitor),
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => visitor.visit_f64(number.parse().unwrap_or(f64::NAN)),
            Value::String(text) => visitor.visit_string(text),
        };
        read.map_err(|mistake: Mistake| mistake.at(source, span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if matches!(self.node.value, Value::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        const WHAT: &str = "true or false";
        visitor.visit_bool(self.node.written().and_then(boolean).ok_or_else(|| self.expected(WHAT))?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_u16(self.integer("a number from 0 to 65535")?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_u32(self.integer("a whole number")?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_u64(self.integer("a whole number")?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let text = self.node.written().ok_or_else(|| self.expected("a string"))?;
        visitor.visit_str(text).map_err(|mistake: Mistake| mistake.at(self.source, self.node.span))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let (source, span) = (self.source, self.node.span);
        let Value::List(list) = self.node.value else { return Err(self.expected("a list")) };
        let elements = list.into_iter().map(|node| NodeReader { node, source, key: None, is_entry: false });
        visitor.visit_seq(SeqDeserializer::new(elements)).map_err(|mistake| mistake.at(source, span))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.mapping(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        self.mapping(Some(fields), visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        if name == NODE {
            ASKED.set(Some(self.node));
        }
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let (source, span) = (self.source, self.node.span);
        if name == LOCATED {
            SPAN.set(span);
        }
        visitor.visit_newtype_struct(self).map_err(|mistake| mistake.at(source, span))
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u128 f32 f64 char bytes byte_buf unit tuple tuple_struct enum ignored_any
    }
}

/// Why a node cannot be deserialized.
#[derive(Debug, thiserror::Error)]
pub(super) enum Mistake {
    #[error("{0}")]
    Located(Diagnostics),
    #[error("the key `{0}` is missing")]
    MissingKey(&'static str),
    /// Any other message of serde.
    #[error("{0}")]
    Other(String),
}

impl Mistake {
    /// Adds a location to an error that has none.
    fn at(self, source: &Arc<Source>, span: Span) -> Self {
        let at = |message: String| Diagnostic::at(source.place(span), message);
        let located = match self {
            Self::Located(_) => return self,
            Self::Other(message) => at(message),
            Self::MissingKey(key @ "format") => at(format!("the key `{key}` is missing"))
                .label("before this")
                .help("start the file with `format: 1`"),
            Self::MissingKey(key) => {
                let empty = source.text().get(span.start..).is_some_and(|text| text.starts_with('{'));
                let label = if empty { "in this mapping" } else { "in the mapping with this key" };
                at(format!("the key `{key}` is missing")).label(label)
            }
        };
        Self::Located(located.into())
    }

    /// Returns the errors, at the beginning of the file if they have no location.
    pub(super) fn diagnostics(self, source: &Arc<Source>) -> Diagnostics {
        match self.at(source, Span::default()) {
            Self::Located(errors) => errors,
            other => Diagnostic::new(other.to_string()).into(),
        }
    }
}

impl Error for Mistake {
    fn custom<T: Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::MissingKey(field)
    }
}
