//! Writes JSON as the course's Python does: in ASCII, and in responses with the white space of the transcripts.
//!
//! Members keep the order of the value; sorting them is the caller's task.

use std::io::{self, Write};

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// Serializes a value as a response body, byte for byte as in the transcripts.
///
/// Members are separated by comma, space and newline and indented by two spaces; a newline ends the body. The login
/// response of the transcripts has 210 bytes in this layout.
///
/// # Panics
/// If the value has no JSON form (a map whose keys are not strings); this crate has no such value.
pub(crate) fn body(value: &impl Serialize) -> Bytes {
    let mut body = Vec::with_capacity(256);
    let mut serializer = Serializer::with_formatter(&mut body, ResponseFormatter(PrettyFormatter::new()));
    #[expect(clippy::expect_used, reason = "writing to memory does not fail, see # Panics for the rest")]
    value.serialize(&mut serializer).expect("a value with a JSON form");
    body.push(b'\n');
    body.into()
}

/// Creates a serializer for files, which have one line.
pub(crate) fn file_serializer<W: Write>(writer: W) -> Serializer<W, FileFormatter> {
    Serializer::with_formatter(writer, FileFormatter)
}

/// The layout of a file: ASCII without white space.
pub(crate) struct FileFormatter;

impl Formatter for FileFormatter {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        write_ascii(writer, text)
    }
}

/// The layout of a response: the usual one of `serde_json`, but with a space after each comma, and ASCII.
struct ResponseFormatter(PrettyFormatter<'static>);

impl Formatter for ResponseFormatter {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        write_comma(writer, first)?;
        self.0.begin_array_value(writer, true)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        write_comma(writer, first)?;
        self.0.begin_object_key(writer, true)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        write_ascii(writer, text)
    }
}

/// What separates a member from the one before it; `PrettyFormatter` writes the line break and the indentation.
fn write_comma<W: ?Sized + Write>(writer: &mut W, first: bool) -> io::Result<()> {
    if first { Ok(()) } else { writer.write_all(b", ") }
}

/// Writes every character that is not printable ASCII as UTF-16 escapes, as Python's `ensure_ascii` does.
fn write_ascii<W: ?Sized + Write>(writer: &mut W, mut text: &str) -> io::Result<()> {
    while let Some(at) = text.find(|character| !matches!(character, ' '..='~')) {
        let (plain, rest) = text.split_at(at);
        writer.write_all(plain.as_bytes())?;
        let mut characters = rest.chars();
        if let Some(character) = characters.next() {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        text = characters.as_str();
    }
    writer.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests;
