//! What a scalar without quotes is: nothing, true or false, a number, a string (YAML 1.2.2, section 10.3.2).
//!
//! Untyped `no` and `010` mean what they say: strings. In goes a text, out comes a [`Scalar`].

use granit_parser::Tag;

/// What a text means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    String(&'a str),
}

/// What a tag of YAML's own makes of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Core {
    String,
    Null,
    Bool,
    Number,
}

impl Core {
    /// Returns what a tag says of a scalar; a local one says nothing.
    pub(super) fn of(tag: &Tag) -> Option<Self> {
        match tag.core_suffix() {
            Some("str") => Some(Self::String),
            Some("null") => Some(Self::Null),
            Some("bool") => Some(Self::Bool),
            Some("int" | "float") => Some(Self::Number),
            // `!` alone.
            _ => (tag.parts() == ("", "!") || tag.parts() == ("!", "")).then_some(Self::String),
        }
    }
}

/// Returns what a scalar means; `plain` is one without quotes.
///
/// # Errors
/// A text that is not what its tag says, by what is expected there.
pub(super) fn resolve(text: &str, plain: bool, core: Option<Core>) -> Result<Scalar<'_>, &'static str> {
    match core {
        Some(Core::String) => Ok(Scalar::String(text)),
        Some(Core::Null) => Ok(Scalar::Null),
        Some(Core::Bool) => boolean(text).map(Scalar::Bool).ok_or("true or false"),
        Some(Core::Number) => number(text).ok_or("a number"),
        None if !plain => Ok(Scalar::String(text)),
        None if is_null(text) => Ok(Scalar::Null),
        None => Ok(boolean(text).map(Scalar::Bool).or_else(|| number(text)).unwrap_or(Scalar::String(text))),
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Returns what a text says of something that is so or not.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Returns a whole number that is not negative.
pub(super) fn whole(text: &str) -> Option<u64> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let radix = |prefix: &str, radix: u32| {
        let digits = unsigned.strip_prefix(prefix)?;
        u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))
    };
    if unsigned.len() > 1 && unsigned.starts_with('0') {
        return radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2));
    }
    unsigned.parse().ok().filter(|_| !unsigned.starts_with('+'))
}

fn number(text: &str) -> Option<Scalar<'static>> {
    let signed = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !signed.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let zeros = signed.len() > 1 && signed.starts_with('0');
    if zeros && signed.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    if let Some(number) = whole(text) {
        return Some(Scalar::Unsigned(number));
    }
    if let Some(number) = text.strip_prefix('-').and_then(whole) {
        // The smallest has no counterpart above zero.
        return Some(0_i64.checked_sub_unsigned(number).map_or_else(|| float(text), Scalar::Signed));
    }
    let infinite = match signed {
        ".inf" | ".Inf" | ".INF" => Some(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        _ => None,
    };
    match infinite {
        Some(number) => Some(Scalar::Float(if text.starts_with('-') { -number } else { number })),
        None => text.parse().ok().map(Scalar::Float),
    }
}

/// A whole number beyond 64 bits, rounded.
fn float(text: &str) -> Scalar<'static> {
    Scalar::Float(text.parse().unwrap_or(f64::NEG_INFINITY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_scalar_is_what_it_looks_like() {
        for (text, meaning) in [
            ("", Scalar::Null),
            ("~", Scalar::Null),
            ("True", Scalar::Bool(true)),
            ("200", Scalar::Unsigned(200)),
            ("+7", Scalar::Unsigned(7)),
            ("0", Scalar::Unsigned(0)),
            ("0x1F", Scalar::Unsigned(31)),
            ("-1", Scalar::Signed(-1)),
            ("-9223372036854775808", Scalar::Signed(i64::MIN)),
            ("-9223372036854775809", Scalar::Float(-9_223_372_036_854_775_808.0)),
            ("18446744073709551616", Scalar::Float(18_446_744_073_709_551_616.0)),
            ("1e3", Scalar::Float(1000.0)),
            (".5", Scalar::Float(0.5)),
            ("-.inf", Scalar::Float(f64::NEG_INFINITY)),
            ("1e999", Scalar::Float(f64::INFINITY)),
        ] {
            assert_eq!(resolve(text, true, None), Ok(meaning), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_something_else_stays_a_string() {
        for text in [
            "no",
            "yes",
            "on",
            "y",
            "010",
            "-010",
            "+",
            "-",
            ".",
            "..",
            "inf",
            "nan",
            "NaN",
            "infinity",
            "1.2.3",
            "127.0.0.1",
            "0o9",
            "0xg",
            "--1",
            "++1",
            "+-1",
            "1 2",
            "4xx",
            "2024-01-01",
            "truE",
            "nil",
            "e3",
        ] {
            assert_eq!(resolve(text, true, None), Ok(Scalar::String(text)), "{text}");
        }
    }

    #[test]
    fn quotes_and_tags_decide_before_the_looks() {
        assert_eq!(resolve("200", false, None), Ok(Scalar::String("200")));
        assert_eq!(resolve("200", true, Some(Core::String)), Ok(Scalar::String("200")));
        assert_eq!(resolve("200", false, Some(Core::Number)), Ok(Scalar::Unsigned(200)));
        assert_eq!(resolve("x", true, Some(Core::Number)), Err("a number"));
    }
}
