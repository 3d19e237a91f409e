//! Stores the structure of a parsed file in three or four bytes per value, so that it can be read again without the parser, which
//! takes two thirds of the time.
//!
//! A scalar whose text appears unchanged in the file is stored as its span only.

use std::borrow::Cow;

use super::document::{Document, Entry, Kind};
use super::scalar::Core;
use crate::source::{Source, Span};

/// The values of a file, without most of their text.
#[derive(Debug)]
pub struct Outline(Box<[u8]>);

/// The kind of a value, in the lowest two bits of its first byte.
const SCALAR: u8 = 0;
const LIST: u8 = 1;
const MAPPING: u8 = 2;
const ALIAS: u8 = 3;
/// Flags above: a scalar without quotes; a scalar whose text appears in the file; a value with a local tag.
const PLAIN: u8 = 1 << 2;
const IN_FILE: u8 = 1 << 3;
const TAGGED: u8 = 1 << 4;
/// Shift of the bits above: YAML's own tag of a scalar, counted from 1.
const CORE: u8 = 5;
const CORES: [Core; 4] = [Core::String, Core::Null, Core::Bool, Core::Number];

impl Outline {
    /// Creates the outline of a file.
    pub(super) fn of(document: &Document<'_>, source: &Source) -> Self {
        let mut bytes = Vec::with_capacity(document.len() * 5);
        let mut before = 0;
        for index in 0..document.len() {
            let entry = document.entry(index);
            let mut head = if entry.tag.is_some() { TAGGED } else { 0 };
            let mut own_text: Option<&str> = None;
            let mut number = None;
            match &entry.kind {
                Kind::Scalar { text, plain, core } => {
                    let core = core.and_then(|core| CORES.iter().position(|own| *own == core));
                    head |= core.map_or(0, |core| low(core + 1) << CORE);
                    head |= if *plain { SCALAR | PLAIN } else { SCALAR };
                    if text_at(source, entry.span, *plain) == Some(text) {
                        head |= IN_FILE;
                    } else {
                        own_text = Some(text);
                    }
                }
                Kind::List => (head, number) = (head | LIST, Some(entry.next - index)),
                Kind::Mapping => (head, number) = (head | MAPPING, Some(entry.next - index)),
                Kind::Alias(target) => (head, number) = (head | ALIAS, Some(*target)),
            }
            bytes.push(head);
            // Most values begin after the previous one and end after they begin.
            write_signed(&mut bytes, entry.span.start, before);
            write_signed(&mut bytes, entry.span.end, entry.span.start);
            before = entry.span.start;
            if let Some(number) = number {
                write(&mut bytes, number);
            }
            for text in entry.tag.as_deref().into_iter().chain(own_text) {
                write(&mut bytes, text.len());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        Self(bytes.into())
    }

    /// Restores the document. Returns none if the outline belongs to another file.
    pub(super) fn document<'a>(&'a self, source: &'a Source) -> Option<Document<'a>> {
        let mut rest = Rest(&self.0);
        let mut entries = Vec::with_capacity(self.0.len() / 3);
        let mut before = 0;
        while let Some(head) = rest.byte() {
            let start = rest.signed(before)?;
            let span = Span::new(start, rest.signed(start)?);
            before = start;
            let index = entries.len();
            let number = if head & 3 == SCALAR { 0 } else { rest.number()? };
            let tag = if head & TAGGED == 0 { None } else { Some(rest.text()?.into()) };
            let kind = match head & 3 {
                SCALAR => {
                    let plain = head & PLAIN != 0;
                    let text = if head & IN_FILE == 0 { rest.text()? } else { text_at(source, span, plain)? };
                    let core = usize::from(head >> CORE).checked_sub(1).and_then(|core| CORES.get(core));
                    Kind::Scalar { text: Cow::Borrowed(text), plain, core: core.copied() }
                }
                LIST => Kind::List,
                MAPPING => Kind::Mapping,
                _ => Kind::Alias(number),
            };
            let next = if matches!(kind, Kind::List | Kind::Mapping) { index + number } else { index + 1 };
            entries.push(Entry { kind, tag, span, next });
        }
        Some(Document::of(entries))
    }
}

/// Returns the text of the file at a scalar's span, without its quotes.
fn text_at(source: &Source, span: Span, plain: bool) -> Option<&str> {
    let inset = usize::from(!plain);
    source.text().get(span.start + inset..span.end.checked_sub(inset)?)
}

/// Writes a number in groups of seven bits, lowest first; the eighth bit is set except in the last byte.
fn write(bytes: &mut Vec<u8>, number: usize) {
    let mut rest = number;
    while rest >= 0x80 {
        bytes.push(low(rest) | 0x80);
        rest >>= 7;
    }
    bytes.push(low(rest));
}

fn low(number: usize) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or_default()
}

/// Writes the difference between two numbers, with its sign in the lowest bit.
fn write_signed(bytes: &mut Vec<u8>, number: usize, from: usize) {
    write(bytes, number.abs_diff(from) << 1 | usize::from(number < from));
}

/// The unread part of an outline.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Some(number)
    }

    fn signed(&mut self, from: usize) -> Option<usize> {
        let number = self.number()?;
        if number & 1 == 0 { from.checked_add(number >> 1) } else { from.checked_sub(number >> 1) }
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn restores_the_document() {
        let file = r#"# A file.
plain: a text  # and why
quoted: ["b\n", 'it''s', 'c', "", ~, -1.5, !!str 7, !uuid , !length 3]
list:
- &a {x: é, y: {}}
- *a
folded: >-
  one
  two
empty:
? [a key]
: ! x
"#;
        assert!(assert_same(file) < 5);
        let source = Source::new("f.yaml", file);
        let outline = Outline::of(&Document::read(&source).unwrap(), &source);
        assert!(outline.document(&Source::new("f.yaml", "")).is_none());
    }

    #[test]
    fn restores_every_scenario_of_this_repository() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
        let mut folders = vec![folder];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "yaml") {
                    assert_same(&std::fs::read_to_string(&path).unwrap());
                    files += 1;
                }
            }
        }
        assert!(files > 50, "{files}");
    }

    /// Checks that a file is restored unchanged, and returns the size of its outline in bytes per value.
    fn assert_same(file: &str) -> usize {
        let source = Source::new("f.yaml", file);
        let document = Document::read(&source).unwrap();
        let outline = Outline::of(&document, &source);
        let again = outline.document(&source).unwrap();
        assert_eq!(again.len(), document.len());
        for index in 0..document.len() {
            assert_eq!(format!("{:?}", again.entry(index)), format!("{:?}", document.entry(index)));
        }
        outline.0.len() / document.len()
    }

    #[test]
    fn reads_back_numbers_of_any_size() {
        for (number, from) in [(0, 0), (63, 0), (64, 0), (5, 70_000), (usize::MAX >> 1, 0)] {
            let mut bytes = Vec::new();
            write_signed(&mut bytes, number, from);
            assert_eq!(Rest(&bytes).signed(from), Some(number));
        }
    }
}
