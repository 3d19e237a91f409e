//! What a file consists of, in three or four bytes for each of its values: enough to read it again without its parser, which takes two
//! thirds of the time.
//!
//! In goes a [`Document`], out comes an [`Outline`], and with the text of the same file a document again. A scalar whose text stands in the
//! file as it is read is told by its place alone.

use std::borrow::Cow;

use super::document::{Document, Entry, Kind};
use super::scalar::Core;
use crate::source::{Source, Span};

/// The values of a file, without most of their text.
#[derive(Debug)]
pub struct Outline(Box<[u8]>);

/// What the lowest two bits of a value's first byte say that it is.
const SCALAR: u8 = 0;
const LIST: u8 = 1;
const MAPPING: u8 = 2;
const ALIAS: u8 = 3;
/// The bits above: a scalar without quotes; one whose text stands in the file; a value with a tag of its own.
const PLAIN: u8 = 1 << 2;
const STANDS: u8 = 1 << 3;
const TAGGED: u8 = 1 << 4;
/// Above these stands which of YAML's own tags a scalar has, counted from 1.
const CORE: u8 = 5;
const CORES: [Core; 4] = [Core::String, Core::Null, Core::Bool, Core::Number];

impl Outline {
    /// Returns the outline of a file.
    pub(super) fn of(document: &Document<'_>, source: &Source) -> Self {
        let mut bytes = Vec::with_capacity(document.len() * 5);
        let mut before = 0;
        for index in 0..document.len() {
            let entry = document.entry(index);
            let mut head = if entry.tag.is_some() { TAGGED } else { 0 };
            let mut said: Option<&str> = None;
            let mut number = None;
            match &entry.kind {
                Kind::Scalar { text, plain, core } => {
                    let core = core.and_then(|core| CORES.iter().position(|own| *own == core));
                    head |= core.map_or(0, |core| low(core + 1) << CORE);
                    head |= if *plain { SCALAR | PLAIN } else { SCALAR };
                    if standing(source, entry.span, *plain) == Some(text) {
                        head |= STANDS;
                    } else {
                        said = Some(text);
                    }
                }
                Kind::List => (head, number) = (head | LIST, Some(entry.next - index)),
                Kind::Mapping => (head, number) = (head | MAPPING, Some(entry.next - index)),
                Kind::Alias(target) => (head, number) = (head | ALIAS, Some(*target)),
            }
            bytes.push(head);
            // Most begin behind the one before them, and end behind their beginning.
            write_signed(&mut bytes, entry.span.start, before);
            write_signed(&mut bytes, entry.span.end, entry.span.start);
            before = entry.span.start;
            if let Some(number) = number {
                write(&mut bytes, number);
            }
            for text in entry.tag.as_deref().into_iter().chain(said) {
                write(&mut bytes, text.len());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        Self(bytes.into())
    }

    /// Returns the document again. None where this is the outline of another file.
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
                    let text = if head & STANDS == 0 { rest.text()? } else { standing(source, span, plain)? };
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

/// What stands at a scalar's place, within its quotes where it has some.
fn standing(source: &Source, span: Span, plain: bool) -> Option<&str> {
    let inset = usize::from(!plain);
    source.text().get(span.start + inset..span.end.checked_sub(inset)?)
}

/// Writes a number, seven bits a byte, the lowest first; the last byte has no eighth.
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

/// Writes how far a number is from another, with its sign in the lowest bit.
fn write_signed(bytes: &mut Vec<u8>, number: usize, from: usize) {
    write(bytes, number.abs_diff(from) << 1 | usize::from(number < from));
}

/// What is not read yet of an outline.
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
    fn what_is_read_from_an_outline_is_what_was_read_from_the_file() {
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
    fn every_scenario_of_this_repository_comes_back() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
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

    /// Says whether a file comes back. Returns how many bytes its outline has for each value.
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
    fn numbers_of_any_size_come_back() {
        for (number, from) in [(0, 0), (63, 0), (64, 0), (5, 70_000), (usize::MAX >> 1, 0)] {
            let mut bytes = Vec::new();
            write_signed(&mut bytes, number, from);
            assert_eq!(Rest(&bytes).signed(from), Some(number));
        }
    }
}
