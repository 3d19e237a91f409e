//! Undoes the encodings in which a secret may be sent, and keeps where each byte comes from.
//!
//! Servers differ in which characters they escape and how, so the text is decoded instead of the secret encoded in all ways.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A text with an encoding undone.
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// Offset in the original text of each byte and of the end.
    starts: Vec<usize>,
}

/// An encoding of characters inside of text.
#[derive(Debug, Clone, Copy)]
enum Encoding {
    /// `%20` (RFC 3986, section 2.1), and `%u20ac` as JavaScript's `escape` writes it.
    Percent,
    /// `%20` and `+` for a space.
    Form,
    /// Escapes with a backslash as JSON and programming languages write them; `\xFC` is a character.
    Backslash,
    /// The same; `\xFC` and `\374` are bytes.
    BackslashBytes,
    /// Character references of HTML and XML.
    Html,
    /// `=20` (RFC 2045, section 6.7).
    QuotedPrintable,
    /// Line breaks inside of base64 and hexadecimal text, and separators of hexadecimal bytes.
    Folded,
    /// Text in base64, such as the parts of a JSON Web Token.
    Base64,
}

const ENCODINGS: [Encoding; 8] = [
    Encoding::Percent,
    Encoding::Form,
    Encoding::Backslash,
    Encoding::BackslashBytes,
    Encoding::Html,
    Encoding::QuotedPrintable,
    Encoding::Folded,
    Encoding::Base64,
];

/// Maximum number of encodings inside of each other.
const DEPTH: usize = 3;
/// Minimum number of characters of base64 that are decoded.
const MIN_BASE64: usize = 12;
/// Maximum number of decoded texts, so that a hostile text does not take long.
const MOST: usize = 72;

/// Returns the text and the different texts that decoding it gives, up to three encodings deep: first one encoding several times, then
/// two different ones, then more as long as there is room.
pub(super) fn decoded(text: &str) -> Vec<Decoded> {
    let mut all = vec![Decoded { bytes: text.as_bytes().to_vec(), starts: (0..=text.len()).collect() }];
    let mut level = Vec::new();
    for encoding in ENCODINGS {
        let mut last = 0;
        for depth in 0..DEPTH {
            let Some(new) = all.get(last).and_then(|one| one.decode(encoding)) else { break };
            last = add(new, &mut all);
            if depth == 0 {
                level.push(last);
            }
        }
    }
    for _ in 1..DEPTH {
        let mut next = Vec::new();
        for index in level {
            for encoding in ENCODINGS {
                if all.len() < MOST
                    && let Some(new) = all.get(index).and_then(|one| one.decode(encoding))
                {
                    next.push(add(new, &mut all));
                }
            }
        }
        level = next;
    }
    all
}

/// Adds a text unless it is there already; returns its index.
fn add(new: Decoded, all: &mut Vec<Decoded>) -> usize {
    all.iter().position(|other| other.bytes == new.bytes).unwrap_or_else(|| {
        all.push(new);
        all.len() - 1
    })
}

impl Decoded {
    /// Returns the range of the original text for a range of the decoded one.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        let at = |index: usize| self.starts.get(index).or(self.starts.last()).copied().unwrap_or_default();
        at(range.start)..at(range.end)
    }

    /// Returns the text with this encoding undone; none if nothing is encoded.
    fn decode(&self, encoding: Encoding) -> Option<Self> {
        let mut new = Self { bytes: Vec::new(), starts: Vec::new() };
        let mut at = 0;
        while let Some(byte) = self.bytes.get(at) {
            let rest = self.bytes.get(at..)?;
            let start = *self.starts.get(at)?;
            if let Some((made, length)) = encoding.one(rest, &new.bytes) {
                if new.starts.is_empty() && at > 0 {
                    // Nothing was encoded up to here.
                    new.bytes = self.bytes.get(..at)?.to_vec();
                    new.starts = self.starts.get(..at)?.to_vec();
                }
                // Three bytes come from four characters of base64.
                let offset = |index| if matches!(encoding, Encoding::Base64) { index * 4 / 3 } else { 0 };
                let from = |index| self.starts.get(at + offset(index)).copied().unwrap_or(start);
                new.starts.extend((0..made.len()).map(from));
                new.bytes.extend(made);
                at += length.max(1);
                continue;
            }
            new.bytes.push(*byte);
            new.starts.push(start);
            at += 1;
        }
        new.starts.push(*self.starts.last()?);
        (new.bytes != self.bytes).then_some(new)
    }
}

impl Encoding {
    /// Returns the bytes of the escape at the beginning of a text, and the length of the escape. `before` is the decoded text before.
    fn one(self, text: &[u8], before: &[u8]) -> Option<(Vec<u8>, usize)> {
        match (self, text) {
            (Self::Percent | Self::Form, [b'%', rest @ ..]) | (Self::QuotedPrintable, [b'=', rest @ ..])
                if byte(rest).is_some() =>
            {
                Some((vec![byte(rest)?], 3))
            }
            (Self::Percent | Self::Form, [b'%', b'u', digits @ ..]) => {
                Some((utf8(char::from_u32(number(digits.get(..4)?)?)?), 6))
            }
            (Self::Form, [b'+', ..]) => Some((vec![b' '], 1)),
            (Self::Backslash | Self::BackslashBytes, [b'\\', rest @ ..]) => {
                let (made, length) = backslash(rest, matches!(self, Self::BackslashBytes))?;
                Some((made, length + 1))
            }
            (Self::Html, [b'&', rest @ ..]) => {
                let end = rest.iter().take(12).position(|byte| *byte == b';')?;
                let name = std::str::from_utf8(rest.get(..end)?).ok()?;
                Some((utf8(reference(name)?), end + 2))
            }
            (Self::QuotedPrintable, [b'=', b'\r', b'\n', ..]) => Some((Vec::new(), 3)),
            (Self::QuotedPrintable, [b'=', b'\n', ..]) => Some((Vec::new(), 2)),
            (Self::Folded, [b'\r', b'\n', next, ..]) if is_folded(before, *next) => Some((Vec::new(), 2)),
            (Self::Folded, [b'\n', next, ..]) if is_folded(before, *next) => Some((Vec::new(), 1)),
            (Self::Folded, [b' ' | b':' | b'-', rest @ ..]) if is_hexadecimal(before, rest) => {
                Some((Vec::new(), 1))
            }
            (Self::Base64, _) if !before.last().copied().is_some_and(is_base64) => base64(text),
            _ => None,
        }
    }
}

/// Whether a line break is between base64 or hexadecimal characters after a line full of them.
fn is_folded(before: &[u8], next: u8) -> bool {
    let may_be_base64 = |byte: &u8| is_base64(*byte) || *byte == b'=';
    let line = before.iter().rev().take(40);
    line.len() == 40 && may_be_base64(&next) && line.clone().all(may_be_base64)
}

/// Whether a separator is between two bytes in hexadecimal digits, as in `73:69`.
fn is_hexadecimal(before: &[u8], after: &[u8]) -> bool {
    let is_digit = u8::is_ascii_hexdigit;
    let is_byte = |text: &[u8]| matches!(text, [one, other] if is_digit(one) && is_digit(other));
    before.last_chunk::<2>().is_some_and(|last| is_byte(last))
        && after.first_chunk::<2>().is_some_and(|first| is_byte(first))
        && !after.get(2).is_some_and(is_digit)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Decodes the text in base64 at the beginning of a text, with or without padding; none if it is something else.
fn base64(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    static STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    static URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    let is_binary = |one: char| one < ' ' && !one.is_ascii_whitespace();
    let length = text.iter().position(|byte| !is_base64(*byte)).unwrap_or(text.len());
    if length < MIN_BASE64 {
        return None;
    }
    let (encoded, rest) = text.split_at(length);
    let is_of_urls = encoded.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let engine = if is_of_urls { &URL_SAFE } else { &STANDARD };
    let bytes = engine.decode(encoded).ok()?;
    let is_text = std::str::from_utf8(&bytes).is_ok_and(|text| !text.contains(is_binary));
    let padding = rest.iter().take(2).take_while(|byte| **byte == b'=').count();
    is_text.then_some((bytes, length + padding))
}

fn byte(digits: &[u8]) -> Option<u8> {
    u8::try_from(number(digits.get(..2)?)?).ok()
}

fn number(digits: &[u8]) -> Option<u32> {
    let digits =
        std::str::from_utf8(digits).ok().filter(|text| !text.is_empty() && !text.starts_with('+'))?;
    u32::from_str_radix(digits, 16).ok()
}

fn utf8(character: char) -> Vec<u8> {
    character.encode_utf8(&mut [0; 4]).as_bytes().to_vec()
}

/// Returns the bytes of an escape after its backslash, and its length without the backslash.
fn backslash(rest: &[u8], bytes: bool) -> Option<(Vec<u8>, usize)> {
    let control = |byte: u8| Some((vec![byte], 1));
    match rest {
        [b'n', ..] => control(b'\n'),
        [b'r', ..] => control(b'\r'),
        [b't', ..] => control(b'\t'),
        [b'b', ..] => control(8),
        [b'f', ..] => control(12),
        [b'v', ..] => control(11),
        [b'a', ..] => control(7),
        [b'e', ..] => control(27),
        [b'x', digits @ ..] => {
            let byte = byte(digits)?;
            Some((if bytes { vec![byte] } else { utf8(char::from(byte)) }, 3))
        }
        [b'u', b'{', digits @ ..] => {
            let end = digits.iter().take(9).position(|byte| *byte == b'}')?;
            Some((utf8(char::from_u32(number(digits.get(..end)?)?)?), end + 3))
        }
        [b'u', digits @ ..] => {
            let unit = number(digits.get(..4)?)?;
            if let Some(character) = char::from_u32(unit) {
                return Some((utf8(character), 5));
            }
            // A surrogate pair.
            let low = number(digits.get(4..)?.strip_prefix(b"\\u")?.get(..4)?)?;
            let units = [u16::try_from(unit).ok()?, u16::try_from(low).ok()?];
            let character = char::decode_utf16(units).next()?.ok()?;
            Some((utf8(character), 11))
        }
        [b'U', digits @ ..] => Some((utf8(char::from_u32(number(digits.get(..8)?)?)?), 9)),
        [b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..] if bytes => {
            let octal = std::str::from_utf8(rest.get(..3)?).ok()?;
            Some((vec![u8::from_str_radix(octal, 8).ok()?], 3))
        }
        // A shell keeps a space after a backslash.
        [other, ..] if other.is_ascii_punctuation() || *other == b' ' => control(*other),
        _ => None,
    }
}

/// Returns the character of a reference of HTML, without `&` and `;`.
fn reference(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    if let Some(index) = LATIN_1.split_whitespace().position(|own| own == name) {
        return char::from_u32(0xa0 + u32::try_from(index).ok()?);
    }
    NAMED.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, character)| *character)
}

const NAMED: [(&str, char); 36] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("sol", '/'),
    ("bsol", '\\'),
    ("equals", '='),
    ("plus", '+'),
    ("num", '#'),
    ("percnt", '%'),
    ("colon", ':'),
    ("semi", ';'),
    ("comma", ','),
    ("period", '.'),
    ("excl", '!'),
    ("quest", '?'),
    ("lpar", '('),
    ("rpar", ')'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("dollar", '$'),
    ("commat", '@'),
    ("ast", '*'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("verbar", '|'),
    ("hat", '^'),
    ("tab", '\t'),
    ("newline", '\n'),
];

/// Names of the characters from U+00A0 to U+00FF.
const LATIN_1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute \
    micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute \
    Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN \
    szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute \
    ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn undoes_every_encoding_of_web_stacks() {
        let secret = "p/a+b \"q\" ü '<& 😀";
        for text in [
            secret,
            r#"p\/a+b \"q\" \u00fc '<& \ud83d\ude00"#,
            r"p\u002fa\u002Bb \u0022q\u0022 ü \u0027\u003c\u0026 😀",
            r#"p/a+b \\\"q\\\" \\u00fc '<& \\uD83D\\uDE00"#,
            "p/a+b &quot;q&quot; ü &#39;&lt;&amp; 😀",
            "p&#x2F;a&#43;b&#32;&#34;q&#x22; &uuml; &#x27;&lt;&AMP; &#128512;",
            "p%2fa%2Bb+%22q%22+%c3%BC+%27%3C%26+%F0%9F%98%80",
            "p/a%2Bb%20%22q%22%20%C3%BC%20'<&%20%F0%9F%98%80",
            "p%252Fa%252Bb%2520%2522q%2522%2520%25C3%25BC%2520%2527%253C%2526%2520%25F0%259F%2598%2580",
            "p/a+b =22q=22 =C3=BC =\r\n'<& =F0=9F=98=80",
            r#"p/a+b "q" \xc3\xbc '<& \360\237\230\200"#,
            r#"p/a+b "q" \xfc '<& \U0001f600"#,
            "%70%2f%61%2b%62%20%22%71%22%20%u00fc%20%27%3c%26%20%F0%9F%98%80",
            "cC9hK2IgInEiIMO8ICc8JiDwn5iA",
            "cC9hK2IgXCJxXCIgXHUwMGZjICc8JiBcdWQ4M2RcdWRlMDA=",
            "cCUyRmElMkJiJTIwJTIycSUyMiUyMCVDMyVCQyUyMCUyNyUzQyUyNiUyMCVGMCU5RiU5OCU4MA",
            "Y0M5aEsySWdJbkVpSU1POElDYzhKaUR3bjVpQQ==",
        ] {
            let around = format!("before {text} after");
            let found = decoded(&around).into_iter().find_map(|view| {
                let at = view.bytes.windows(secret.len()).position(|part| part == secret.as_bytes())?;
                Some(around[view.original(&(at..at + secret.len()))].to_owned())
            });
            assert_eq!(found.as_deref(), Some(text));
        }
    }

    #[test]
    fn unfolds_base64_lines() {
        let line = "QUJD".repeat(19);
        let texts = decoded(&format!("x\n{line}\r\nREVG\nnext\n"));
        assert!(texts.iter().any(|one| String::from_utf8_lossy(&one.bytes).contains("QUJDREVG")));
    }

    #[test]
    fn finds_text_inside_of_base64() {
        let text = "x=eyJhIjoiczNjcmV0In0.abc";
        let found = decoded(text).into_iter().find_map(|view| {
            let at = view.bytes.windows(6).position(|part| part == b"s3cret")?;
            Some(text[view.original(&(at..at + 6))].to_owned())
        });
        assert_eq!(found.as_deref(), Some("czNjcmV0"));
    }

    #[test]
    fn joins_hexadecimal_bytes() {
        for text in ["73 69 6d 70", "73:69:6D:70", "73-69-6d-70"] {
            let found =
                |one: &super::Decoded| String::from_utf8_lossy(&one.bytes).to_lowercase() == "73696d70";
            assert!(decoded(text).iter().any(found), "{text}");
        }
    }

    #[test]
    fn decodes_hostile_text_in_bounded_steps() {
        let text = "%2525&amp;amp;\\\\\\\\u005c=3D=3D+".repeat(1000);
        assert!(decoded(&text).len() <= super::MOST);
        for text in [
            "%",
            "%C3",
            "\\",
            "\\u",
            "\\ud83d",
            "\\ud83d\\u",
            "\\u{",
            "&#",
            "&#x;",
            "&;",
            "=",
            "=\r",
            "\\x",
            "%é",
            "\\é",
        ] {
            assert_eq!(decoded(text).first().map(|one| one.bytes.clone()), Some(text.as_bytes().to_vec()));
        }
    }
}
