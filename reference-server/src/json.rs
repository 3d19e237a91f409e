//! Writes JSON as the course's Python does: in ASCII, and in responses with the white space of the transcripts.
//!
//! Members keep the order of the value; sorting them is the caller's task.

use std::fmt::Write as _;

use hyper::body::Bytes;
use serde::Serialize;

/// Serializes a value as a response body, byte for byte as in the transcripts.
///
/// Members are separated by comma, space and newline and indented by two spaces; a newline ends the body. The login
/// response of the transcripts has 210 bytes in this layout.
///
/// # Panics
/// If the value has no JSON form (a map whose keys are not strings); this crate has no such value.
pub(crate) fn body(value: &impl Serialize) -> Bytes {
    #[expect(clippy::expect_used, reason = "see # Panics")]
    let json = serde_json::to_string_pretty(value).expect("a value with a JSON form");
    // A string in JSON contains no line break, so this changes only the separators.
    (ascii(&json.replace(",\n", ", \n")) + "\n").into()
}

/// Escapes every character that is not printable ASCII, as Python's `ensure_ascii` does.
///
/// Outside of its strings, JSON has no such character except line breaks, which are kept.
pub(crate) fn ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, ' '..='~' | '\n') {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` cannot fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests;
