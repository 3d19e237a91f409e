//! Writes JSON as the course's Python does: ASCII only, in two layouts.
//!
//! Keys keep the order of the value; sorting them is the caller's task.

use std::{io, mem};

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Serializes a value as a response body, byte for byte as in the transcripts.
///
/// Members are separated by comma, space and newline and indented by two spaces; a newline ends the body. The login
/// response of the transcripts has 210 bytes in this layout.
///
/// # Panics
/// If the value has no JSON form (a map whose keys are not strings); this crate has no such value.
pub(crate) fn to_answer(value: &impl Serialize) -> Bytes {
    let mut bytes = Vec::with_capacity(256);
    let mut serializer = Serializer::with_formatter(&mut bytes, Indented::default());
    #[expect(clippy::expect_used, reason = "writing to memory does not fail, see # Panics for the rest")]
    value.serialize(&mut serializer).expect("a value with a JSON form");
    bytes.push(b'\n');
    bytes.into()
}

/// Creates a serializer for the layout of files, which is one line.
pub(crate) fn file_serializer<W: io::Write>(writer: W) -> Serializer<W, OneLine> {
    Serializer::with_formatter(writer, OneLine)
}

/// The layout of a file.
pub(crate) struct OneLine;

impl Formatter for OneLine {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_ascii(writer, fragment)
    }
}

/// The layout of a response body. Tracks the depth, and whether the current list or object has members yet.
#[derive(Default)]
struct Indented {
    depth: usize,
    has_members: bool,
}

impl Indented {
    fn open<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_members = false;
        writer.write_all(bracket)
    }

    /// Ends a list or object; the enclosing one then has at least one member.
    fn close<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if mem::replace(&mut self.has_members, true) {
            self.new_line(writer)?;
        }
        writer.write_all(bracket)
    }

    fn member<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.has_members = true;
        if !first {
            writer.write_all(b", ")?;
        }
        self.new_line(writer)
    }

    fn new_line<W: ?Sized + io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for Indented {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.member(writer, first)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.member(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_ascii(writer, fragment)
    }
}

/// Python's `ensure_ascii`: writes every character that is not printable ASCII as UTF-16 escapes.
fn write_ascii<W: ?Sized + io::Write>(writer: &mut W, mut text: &str) -> io::Result<()> {
    // The check of the whole text is vectorised, and most texts need no escapes.
    if text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~')) {
        return writer.write_all(text.as_bytes());
    }
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
