//! Resolves a scalar without quotes to null, a boolean, a number or a string, as in the core schema of YAML 1.2.2 (section
//! 10.3.2).
//!
//! One difference: digits after a leading zero (`010`) are a string, because YAML 1.1 read them as octal and most are codes.
//! Numbers keep all their digits.

use std::borrow::Cow;

use granit_parser::Tag;

use crate::json::Number;

/// The value of a scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    /// In JSON notation if JSON has one: `31` for `0x1F`. Infinity and not-a-number are kept as written.
    Number(Cow<'a, str>),
    String(&'a str),
}

/// The type that one of YAML's own tags (`!!str`) gives a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Core {
    String,
    Null,
    Bool,
    Number,
}

impl Core {
    /// Returns the type that a tag stands for; none for a local tag.
    pub(super) fn of(tag: &Tag) -> Option<Self> {
        match tag.core_suffix() {
            Some("str") => Some(Self::String),
            Some("null") => Some(Self::Null),
            Some("bool") => Some(Self::Bool),
            Some("int" | "float") => Some(Self::Number),
            // A lone `!`.
            _ => (tag.parts() == ("", "!") || tag.parts() == ("!", "")).then_some(Self::String),
        }
    }
}

/// Resolves a scalar; `plain` means without quotes.
///
/// # Errors
/// The text does not fit its tag; the error says what is expected.
pub(super) fn resolve(text: &str, plain: bool, core: Option<Core>) -> Result<Scalar<'_>, &'static str> {
    match core {
        Some(Core::String) => Ok(Scalar::String(text)),
        Some(Core::Null) => Ok(Scalar::Null),
        Some(Core::Bool) => boolean(text).map(Scalar::Bool).ok_or("true or false"),
        Some(Core::Number) => number(text).map(Scalar::Number).ok_or("a number"),
        None if !plain => Ok(Scalar::String(text)),
        None if is_null(text) => Ok(Scalar::Null),
        None => Ok((boolean(text).map(Scalar::Bool))
            .or_else(|| number(text).map(Scalar::Number))
            .unwrap_or(Scalar::String(text))),
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Parses a boolean.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Parses a non-negative integer of at most 64 bits.
pub(super) fn whole(text: &str) -> Option<u64> {
    number(text)?.parse().ok()
}

/// Returns a number of the core schema in JSON notation, with all its digits. `.inf` and `.nan`, which JSON does not have, are
/// kept as written.
pub(super) fn number(text: &str) -> Option<Cow<'_, str>> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return None;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(text.into()),
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => return Some(text.into()),
        _ => {}
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        // The core schema allows no sign here.
        if let Some(digits) = text.strip_prefix(prefix) {
            return decimal(digits, radix).map(Cow::Owned);
        }
    }
    if unsigned.len() > 1 && unsigned.starts_with('0') && is_digits(unsigned) {
        return None;
    }
    if Number::parse(text).is_some() {
        return Some(text.into());
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => unsigned.split_at(at),
        None => (unsigned, ""),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !is_digits(before) {
        return None;
    }
    let point = if after.is_empty() { "" } else { "." };
    let sign = if text.starts_with('-') { "-" } else { "" };
    let significant = before.trim_start_matches('0');
    // YAML allows what JSON does not: a plus, `.5`, `5.` and leading zeros. Everything else is the same.
    let whole =
        if significant.is_empty() && !(before.is_empty() && after.is_empty()) { "0" } else { significant };
    let json = [sign, whole, point, after, exponent].concat();
    Number::parse(&json).is_some().then_some(Cow::Owned(json))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|digit| digit.is_ascii_digit())
}

/// Converts an integer of another radix to decimal; none if it has more than 1000 digits.
fn decimal(digits: &str, radix: u32) -> Option<String> {
    const MOST: usize = 1000;
    if digits.is_empty() || digits.len() > MOST {
        return None;
    }
    // The decimal digits, last one first.
    let mut number: Vec<u32> = Vec::new();
    for digit in digits.chars() {
        let mut carry = digit.to_digit(radix)?;
        for place in &mut number {
            carry += *place * radix;
            *place = carry % 10;
            carry /= 10;
        }
        while carry > 0 {
            number.push(carry % 10);
            carry /= 10;
        }
    }
    let text: String = number.iter().rev().filter_map(|digit| char::from_digit(*digit, 10)).collect();
    Some(if text.is_empty() { "0".to_owned() } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Scalar<'_> {
        resolve(text, true, None).unwrap()
    }

    #[test]
    fn resolves_plain_scalars_as_the_core_schema_says() {
        assert_eq!((plain(""), plain("~")), (Scalar::Null, Scalar::Null));
        assert_eq!(plain("True"), Scalar::Bool(true));
        for (text, json) in [
            ("200", "200"),
            ("+7", "7"),
            ("-0", "-0"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("0x0", "0"),
            ("-1", "-1"),
            ("18446744073709551616", "18446744073709551616"),
            ("-123456789012345678901234567890", "-123456789012345678901234567890"),
            ("0xFFFFFFFFFFFFFFFFFF", "4722366482869645213695"),
            ("0o7777777777777777777777777", "37778931862957161709567"),
            ("1.10", "1.10"),
            ("1E5", "1E5"),
            ("1e999", "1e999"),
            (".5", "0.5"),
            ("-.50", "-0.50"),
            ("5.", "5"),
            ("5.e3", "5e3"),
            ("+1.50e+3", "1.50e+3"),
            ("00.5", "0.5"),
            ("-.inf", "-.inf"),
            (".NaN", ".NaN"),
        ] {
            assert_eq!(plain(text), Scalar::Number(json.into()), "{text}");
        }
    }

    #[test]
    fn keeps_other_plain_scalars_as_strings() {
        for text in [
            "no",
            "yes",
            "on",
            "off",
            "y",
            "010",
            "-010",
            "0777",
            "01234",
            "+",
            "-",
            ".",
            "..",
            "inf",
            "nan",
            "NaN",
            "infinity",
            "+.nan",
            "1.2.3",
            "127.0.0.1",
            "0o9",
            "0o",
            "0xg",
            "0x",
            "0b10",
            "0B10",
            "0X1F",
            "-0x1F",
            "+0o17",
            "1_000",
            "1:30",
            "--1",
            "++1",
            "+-1",
            "1 2",
            "4xx",
            "2024-01-01",
            "truE",
            "nil",
            "e3",
            ".e3",
            "1e",
            "1e+",
            "1e5.5",
            "0x+1",
            "1e+-5",
        ] {
            assert_eq!(plain(text), Scalar::String(text), "{text}");
        }
    }

    #[test]
    fn quotes_and_tags_take_precedence() {
        assert_eq!(resolve("200", false, None), Ok(Scalar::String("200")));
        assert_eq!(resolve("200", true, Some(Core::String)), Ok(Scalar::String("200")));
        assert_eq!(resolve("200", false, Some(Core::Number)), Ok(Scalar::Number("200".into())));
        assert_eq!(resolve("x", true, Some(Core::Number)), Err("a number"));
    }
}
