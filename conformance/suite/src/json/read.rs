//! Parses JSON (RFC 8259). Numbers keep their digits; strings may have lone surrogates; repeated members are reported.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Json, Number, escape};

/// Why bytes are not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// A parsed JSON text.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The value; with the last of several members with the same name.
    pub value: Json,
    /// Where objects have several members with the same name.
    pub repeated: Repeated,
    /// The encoding, if it is not UTF-8.
    pub encoding: Option<&'static str>,
}

/// Members whose name occurs more than once in an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repeated {
    /// The JSON Pointers of the first of them, without duplicates.
    pub pointers: Vec<String>,
    /// The number of further ones.
    pub more: usize,
}

/// Maximum nesting depth.
const DEEPEST: usize = 200;
/// Maximum number of values.
const MOST_VALUES: usize = 1_000_000;
/// Maximum number of repeated members to report.
const MOST_NAMED: usize = 5;

/// Parses bytes.
///
/// # Errors
/// Bytes that are not JSON in UTF-8, nest deeper than 200 levels or have more than a million values.
pub fn read(bytes: &[u8]) -> Result<Json, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|error| Unreadable(format!("it is not UTF-8: {error}")))?;
    parse(text).map(|document| document.value)
}

/// Parses a text.
///
/// # Errors
/// Text that is not JSON, nests deeper than 200 levels or has more than a million values.
pub fn parse(text: &str) -> Result<Document, Unreadable> {
    if text.starts_with('\u{feff}') {
        return Err(Unreadable(
            "it begins with a byte order mark (RFC 8259, section 8.1, forbids it)".to_owned(),
        ));
    }
    let mut parser = Parser { text, at: 0, values: 0, repeated: Repeated::default() };
    let value = parser.value(0)?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(Document { value, repeated: parser.repeated, encoding: None }),
        Some(_) => Err(parser.error("trailing characters")),
    }
}

impl Unreadable {
    /// Creates an error with another message.
    pub(crate) fn because(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    values: usize,
    repeated: Repeated,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Skips a byte, if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        let comes = self.peek() == Some(byte);
        self.at += usize::from(comes);
        comes
    }

    fn error(&self, what: &str) -> Unreadable {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let what = if self.peek().is_none() { format!("unexpected end ({what})") } else { what.to_owned() };
        Unreadable(format!("{what} at line {line} column {column}"))
    }

    fn value(&mut self, depth: usize) -> Result<Json, Unreadable> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(Unreadable(format!("it has more than {MOST_VALUES} values")));
        }
        if depth > DEEPEST {
            return Err(Unreadable(format!("it nests deeper than {DEEPEST} levels")));
        }
        self.skip_space();
        match self.peek() {
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'"') => Ok(match self.string()? {
                Contents::Whole(text) => Json::String(text),
                Contents::Unpaired(written) => Json::Unpaired(written.into()),
            }),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.object(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.error("expected a value")),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Unreadable> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.error("expected a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Json, Unreadable> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|one: char| !matches!(one, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
        let written = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let number = Number::parse(written).ok_or_else(|| self.error("malformed number"))?;
        self.at += written.len();
        Ok(Json::Number(number))
    }

    fn list(&mut self, depth: usize) -> Result<Json, Unreadable> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            let known = self.repeated.pointers.len();
            items.push(self.value(depth + 1)?);
            self.within(known, || (items.len() - 1).to_string());
            self.skip_space();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.error("expected `,` or `]`"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, Unreadable> {
        self.at += 1;
        let begin = self.repeated.pointers.len();
        let mut members = BTreeMap::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.error("expected the name of a member"));
            }
            let (Contents::Whole(name) | Contents::Unpaired(name)) = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.error("expected `:`"));
            }
            let known = self.repeated.pointers.len();
            let value = self.value(depth + 1)?;
            self.within(known, || escape(&name));
            match members.entry(name) {
                Entry::Vacant(free) => drop(free.insert(value)),
                Entry::Occupied(mut taken) => {
                    self.repeat(begin, format!("/{}", escape(taken.key())));
                    taken.insert(value);
                }
            }
            self.skip_space();
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err(self.error("expected `,` or `}`"));
            }
        }
    }

    /// Records a repeated member of the object whose pointers begin at `begin`.
    fn repeat(&mut self, begin: usize, pointer: String) {
        if self.repeated.pointers.get(begin..).unwrap_or_default().contains(&pointer) {
            return;
        }
        if self.repeated.pointers.len() < MOST_NAMED {
            self.repeated.pointers.push(pointer);
        } else {
            self.repeated.more += 1;
        }
    }

    /// Prefixes the pointers found in a value with the location of that value.
    fn within(&mut self, known: usize, place: impl FnOnce() -> String) {
        let found = self.repeated.pointers.get_mut(known..).unwrap_or_default();
        if !found.is_empty() {
            let place = place();
            for pointer in found {
                *pointer = format!("/{place}{pointer}");
            }
        }
    }

    fn string(&mut self) -> Result<Contents, Unreadable> {
        self.at += 1;
        let mut text = String::new();
        let mut unpaired = Vec::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest.find(|one: char| matches!(one, '"' | '\\') || one < ' ').unwrap_or(rest.len());
            text.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    break;
                }
                Some(b'\\') => match self.escaped()? {
                    Ok(one) => text.push(one),
                    Err(unit) => unpaired.push((text.len(), unit)),
                },
                Some(_) => return Err(self.error("control character in a string")),
                None => return Err(self.error("expected `\"`")),
            }
        }
        if unpaired.is_empty() {
            return Ok(Contents::Whole(text));
        }
        let mut written = String::new();
        let mut from = 0;
        for (at, unit) in unpaired {
            written.push_str(&inside(text.get(from..at).unwrap_or_default()));
            written.push_str(&format!("\\u{unit:04x}"));
            from = at;
        }
        written.push_str(&inside(text.get(from..).unwrap_or_default()));
        Ok(Contents::Unpaired(written))
    }

    /// Parses an escape: a character, or a lone surrogate.
    fn escaped(&mut self) -> Result<Result<char, u16>, Unreadable> {
        self.at += 1;
        let one = match self.peek() {
            Some(one @ (b'"' | b'\\' | b'/')) => char::from(one),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unit().map(|unit| self.paired(unit)),
            _ => return Err(self.error("malformed escape")),
        };
        self.at += 1;
        Ok(Ok(one))
    }

    /// Parses `uXXXX`.
    fn unit(&mut self) -> Result<u16, Unreadable> {
        let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let unit = digits.and_then(|digits| u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        let unit = unit.ok_or_else(|| self.error("malformed escape"))?;
        self.at += 5;
        Ok(unit)
    }

    /// Combines a high surrogate with the low surrogate after it, if there is one.
    fn paired(&mut self, unit: u16) -> Result<char, u16> {
        if let Some(one) = char::from_u32(unit.into()) {
            return Ok(one);
        }
        let begin = self.at;
        if unit < 0xdc00
            && self.take(b'\\')
            && self.peek() == Some(b'u')
            && let Ok(low) = self.unit()
            && let [Ok(one)] = char::decode_utf16([unit, low]).collect::<Vec<_>>().as_slice()
        {
            return Ok(*one);
        }
        self.at = begin;
        Err(unit)
    }
}

/// Returns the text of a string in which a noncharacter, which no text contains, replaces each lone surrogate.
pub(super) fn without_surrogates(written: &str) -> String {
    let mut parser = Parser { text: written, at: 0, values: 0, repeated: Repeated::default() };
    let mut text = String::new();
    while let Some(rest) = parser.text.get(parser.at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.find('\\').unwrap_or(rest.len());
        text.push_str(rest.get(..plain).unwrap_or_default());
        parser.at += plain;
        if plain < rest.len() {
            text.push(parser.escaped().map_or('\u{ffff}', |one| one.unwrap_or('\u{ffff}')));
        }
    }
    text
}

/// The contents of a string.
enum Contents {
    Whole(String),
    /// With its escapes, because it has a lone surrogate.
    Unpaired(String),
}

/// Escapes a text as inside a JSON string.
fn inside(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}
