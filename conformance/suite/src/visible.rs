//! Formats text for messages: escapes invisible characters and cuts long text.

use std::borrow::Cow;
use std::fmt::{self, Write};

use unicode_security::confusable_detection::skeleton;

use crate::json::Json;
use crate::source::{Place, Span};

/// Maximum size of a value in a message, in bytes.
pub const LONGEST: usize = 4096;
/// Maximum distance by which a cut moves back to the beginning of a word, because half a secret would not be redacted.
const MAX_WORD: usize = 512;
/// Size of the common text to show before the first difference of two long texts, in bytes.
const CONTEXT: usize = 80;

/// Returns a value as JSON with invisible characters escaped, cut to [`LONGEST`].
#[must_use]
pub fn json(value: &Json) -> String {
    let mut out = Limited::default();
    let whole = write_json(value, &mut out).is_ok();
    out.end(whole)
}

/// Returns a text in quotes with invisible characters escaped, cut to [`LONGEST`].
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = Limited::default();
    let whole = write_quoted(text, &mut out).is_ok();
    out.end(whole)
}

/// Returns a text unchanged, or in quotes if it has invisible characters; cut to [`LONGEST`].
#[must_use]
pub fn text(text: &str) -> String {
    let begin = floor(text, LONGEST);
    let blank_end = text.ends_with([' ', '\t', '\n']) || text.starts_with([' ', '\t', '\n']);
    if blank_end || begin.chars().any(|one| is_invisible(one) && !matches!(one, '\n' | '\t')) {
        return quoted(text);
    }
    cut(text, LONGEST).into_owned()
}

/// Formats a value with `Display`, like [`text`].
#[must_use]
pub(crate) fn display(value: &impl fmt::Display) -> String {
    let mut out = Limited::default();
    let whole = write!(out, "{value}").is_ok();
    text(&out.end(whole))
}

/// Returns two different texts in quotes. Long ones are cut around their first difference.
#[must_use]
pub(crate) fn pair(expected: &str, received: &str) -> (String, String) {
    if expected.len() <= LONGEST && received.len() <= LONGEST {
        return distinguish(quoted(expected), quoted(received));
    }
    let shared = expected.bytes().zip(received.bytes()).take_while(|(one, other)| one == other).count();
    let begin = expected.floor_char_boundary(shared.saturating_sub(CONTEXT));
    let window = |text: &str| match text.get(begin..) {
        Some(rest) if begin > 0 => format!("…{}", quoted(rest)),
        _ => quoted(text),
    };
    distinguish(window(expected), window(received))
}

/// Returns the part of a long text around its first difference from another one, with at most `longest` characters.
#[must_use]
pub fn around<'t>(text: &'t str, other: &str, longest: usize) -> Cow<'t, str> {
    if text.chars().nth(longest).is_none() {
        return Cow::Borrowed(text);
    }
    let shared = text.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let skipped = if shared < longest / 2 { 0 } else { shared - longest / 3 };
    let mut rest = text.chars().skip(skipped);
    let shown: String = rest.by_ref().take(longest).collect();
    let (before, after) = (if skipped > 0 { "…" } else { "" }, if rest.next().is_some() { "…" } else { "" });
    Cow::Owned(format!("{before}{shown}{after}"))
}

/// Returns the part of the place of a long text that begins at its first difference from another one, if the file has the text as it is.
#[must_use]
pub(crate) fn place_of_difference(place: Place, text: &str, other: &str) -> Place {
    let shared = text.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let shared = text.floor_char_boundary(shared);
    let whole = place.find(text).span();
    if text.len() <= CONTEXT || shared < CONTEXT / 2 || whole.start > place.span().start + 1 {
        return place;
    }
    place.source().place(Span::new(whole.start + shared, whole.end))
}

/// Escapes the characters that are not ASCII if two texts look alike.
#[must_use]
pub fn distinguish(expected: String, received: String) -> (String, String) {
    let alike = !(expected.is_ascii() && received.is_ascii()) && skeleton(&expected).eq(skeleton(&received));
    if alike { (escaped(&expected), escaped(&received)) } else { (expected, received) }
}

/// Cuts a text between two words and appends an ellipsis.
#[must_use]
pub fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest {
        return Cow::Borrowed(text);
    }
    let begin = floor(text, longest);
    let word = |one: char| one.is_alphanumeric() || "-_.~+/=%".contains(one);
    let kept = begin.trim_end_matches(word);
    // A longer run of characters is not a word.
    let kept = if begin.len() - kept.len() > MAX_WORD { begin } else { kept };
    Cow::Owned(format!("{kept}…"))
}

fn floor(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest)).unwrap_or(text)
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for one in text.chars() {
        // Writing to a string cannot fail.
        _ = if one.is_ascii() || one == '…' { out.write_char(one) } else { write_escape(one, &mut out) };
    }
    out
}

fn write_json(value: &Json, out: &mut Limited) -> fmt::Result {
    match value {
        Json::Null | Json::Bool(_) => write!(out, "{value}"),
        Json::Number(number) => out.write_str(number.written()),
        Json::String(text) => write_quoted(text, out),
        Json::Unpaired(written) => write!(out, "\"{written}\" (a string with a lone surrogate)"),
        Json::Array(items) => {
            out.write_char('[')?;
            for (index, item) in items.iter().enumerate() {
                out.write_str(if index == 0 { "" } else { "," })?;
                write_json(item, out)?;
            }
            out.write_char(']')
        }
        Json::Object(members) => {
            out.write_char('{')?;
            for (index, (name, value)) in members.iter().enumerate() {
                out.write_str(if index == 0 { "" } else { "," })?;
                write_quoted(name, out)?;
                out.write_char(':')?;
                write_json(value, out)?;
            }
            out.write_char('}')
        }
    }
}

fn write_quoted(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    for one in text.chars() {
        match one {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            one if is_invisible(one) => write_escape(one, out)?,
            one => out.write_char(one)?,
        }
    }
    out.write_char('"')
}

/// Writes the JSON escape of a character.
fn write_escape(one: char, out: &mut impl Write) -> fmt::Result {
    one.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))
}

/// Whether a character is invisible or changes how others are displayed: controls, spaces other than U+0020, and default ignorable
/// characters of Unicode.
fn is_invisible(one: char) -> bool {
    one.is_control()
        || (one != ' ' && one.is_whitespace())
        || matches!(one,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{8e2}'
            | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A string of limited size.
#[derive(Default)]
struct Limited(String);

impl Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let space = LONGEST.saturating_sub(self.0.len());
        self.0.push_str(floor(text, space));
        if text.len() <= space { Ok(()) } else { Err(fmt::Error) }
    }
}

impl Limited {
    fn end(self, whole: bool) -> String {
        if whole { self.0 } else { cut(&format!("{} ", self.0), self.0.len()).into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn escapes_invisible_characters() {
        assert_eq!(quoted("a\u{a0}b\u{200b}"), r#""a\u00a0b\u200b""#);
        assert_eq!(quoted("\u{feff}{\r\n\t\u{ad}\u{202e}x\u{7f}"), r#""\ufeff{\r\n\t\u00ad\u202ex\u007f""#);
        assert_eq!(quoted("\u{e0041}\u{fe0f}\u{3000}"), r#""\udb40\udc41\ufe0f\u3000""#);
        assert_eq!(quoted("café 日本 a\\\"b\u{0}"), "\"café 日本 a\\\\\\\"b\\u0000\"");
        assert_eq!(text("a b"), "a b");
        assert_eq!(text("a b "), "\"a b \"");
        assert_eq!(text("a\rb"), "\"a\\rb\"");
    }

    #[test]
    fn distinguishes_texts_that_look_alike() {
        let apart = |one: &str, other: &str| pair(one, other);
        assert_eq!(apart("paypal", "p\u{430}ypal"), (r#""paypal""#.into(), r#""p\u0430ypal""#.into()));
        assert_eq!(apart("café", "cafe\u{301}"), (r#""caf\u00e9""#.into(), r#""cafe\u0301""#.into()));
        assert_eq!(apart("日本", "日木"), ("\"日本\"".into(), "\"日木\"".into()));
        assert_eq!(apart("café", "cafe"), ("\"café\"".into(), "\"cafe\"".into()));
    }

    #[test]
    fn cuts_long_texts_around_their_first_difference() {
        let (one, other) = (format!("{}x", "ab ".repeat(10_000)), format!("{}y", "ab ".repeat(10_000)));
        let (expected, received) = pair(&one, &other);
        assert!(expected.len() < 200 && expected.ends_with("ab x\""), "{expected}");
        assert!(received.starts_with("…\"") && received.ends_with("ab y\""), "{received}");
        let huge = Json::Array(vec![Json::from("x y"); 1_000_000]);
        assert!(json(&huge).len() <= LONGEST + 10 && json(&huge).ends_with('…'));
    }

    #[test]
    fn shows_the_surroundings_of_the_first_difference() {
        let (one, other) = ("y".repeat(400) + "x end", "y".repeat(500));
        let shown = around(&one, &other, 60);
        assert_eq!(shown, format!("…{}x end", "y".repeat(20)));
        assert_eq!(around(&other, &one, 60), format!("…{}…", "y".repeat(60)));
        assert_eq!(around(&other, "z", 60), format!("{}…", "y".repeat(60)));
        assert_eq!(around("short", "other", 60), "short");
        let source = Source::new("a.yaml", format!("t: \"{one}\"\n"));
        let place = source.place(Span::new(3, 5 + one.len()));
        assert_eq!(place_of_difference(place.clone(), &one, &other).to_string(), "a.yaml:1:405");
        assert_eq!(place_of_difference(place, &one, "z").to_string(), "a.yaml:1:4");
    }

    #[test]
    fn does_not_cut_inside_a_word() {
        let secret = "s3cr3t".repeat(20);
        assert_eq!(cut(&format!("the token {secret}"), 30), "the token …");
        assert_eq!(cut(&"x".repeat(2000), 1000).len(), 1000 + '…'.len_utf8());
        assert_eq!(cut("short", 30), "short");
    }
}
