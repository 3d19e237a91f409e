//! Decodes text by the charset of its media type.

use std::borrow::Cow;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};

/// Decodes content to text: by a UTF-16 byte order mark, or else by the charset of its media type, or else as UTF-8.
///
/// # Errors
/// The charset is unknown, or the bytes are invalid in it; the message is one sentence.
pub(super) fn decode<'a>(content: &'a [u8], media_type: Option<&str>) -> Result<Cow<'a, str>, String> {
    let label = media_type.and_then(charset);
    let encoding = encoding(content, label.as_deref())?;
    if encoding == UTF_8 {
        // A UTF-8 byte order mark is part of the text.
        return std::str::from_utf8(content).map(Cow::Borrowed).map_err(|_| match &label {
            Some(_) => "the body is not UTF-8, which is its charset".to_owned(),
            None => "the body is not UTF-8, and its media type names no charset".to_owned(),
        });
    }
    let (text, malformed) = encoding.decode_with_bom_removal(content);
    if malformed {
        Err(format!("the body is not {}, which is its charset", encoding.name()))
    } else {
        Ok(text)
    }
}

/// Decodes JSON to text. Also returns the name of its encoding if that is not UTF-8. Valid UTF-8 is decoded as such,
/// whatever its media type says (RFC 8259, section 11).
///
/// # Errors
/// The encoding is unknown; the message is one sentence.
pub(super) fn decode_json<'a>(
    content: &'a [u8],
    media_type: Option<&str>,
) -> Result<(Cow<'a, str>, Option<&'static str>), String> {
    let label = media_type.and_then(charset);
    let wide = match content {
        [0, 0, 0xfe, 0xff, ..] | [0xff, 0xfe, 0, 0, ..] | [0, 0, 0, _, ..] | [_, 0, 0, 0, ..] => {
            return Err("it is in UTF-32, and JSON is in UTF-8".to_owned());
        }
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] => Some(encoding(content, None)?),
        // JSON begins with an ASCII character.
        [0, _, ..] => Some(UTF_16BE),
        [_, 0, ..] => Some(UTF_16LE),
        _ => None,
    };
    let encoding = match (wide, std::str::from_utf8(content)) {
        (None, Ok(text)) => return Ok((Cow::Borrowed(text), None)),
        (Some(wide), _) => wide,
        (None, Err(error)) => match label.as_deref().map(|label| encoding(content, Some(label))) {
            None => return Err(format!("it is not UTF-8: {error}")),
            Some(Err(wrong)) => return Err(wrong),
            Some(Ok(encoding)) if encoding == UTF_8 => return Err(format!("it is not UTF-8: {error}")),
            Some(Ok(encoding)) => encoding,
        },
    };
    let (text, malformed) = encoding.decode_with_bom_removal(content);
    if malformed {
        return Err(format!("it is neither UTF-8 nor {}", encoding.name()));
    }
    Ok((text, Some(encoding.name())))
}

fn encoding(content: &[u8], label: Option<&str>) -> Result<&'static Encoding, String> {
    match Encoding::for_bom(content) {
        Some((encoding, _)) if encoding != UTF_8 => return Ok(encoding),
        _ => {}
    }
    let Some(label) = label else { return Ok(UTF_8) };
    match Encoding::for_label(label.as_bytes()) {
        // The encoding `replacement` decodes nothing.
        Some(encoding) if encoding != REPLACEMENT => Ok(encoding),
        _ => Err(format!("the charset `{label}` of the body is unknown")),
    }
}

/// Returns the parameter `charset` of a media type (RFC 9110, section 8.3.1).
fn charset(media_type: &str) -> Option<String> {
    parameters(media_type).find(|(name, _)| name.eq_ignore_ascii_case("charset")).map(|(_, value)| value)
}

/// Returns the parameters of a media type, with quoted values unquoted.
fn parameters(media_type: &str) -> impl Iterator<Item = (&str, String)> {
    let mut rest = media_type.split_once(';').map_or("", |(_, rest)| rest);
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = rest.find(['=', ';']).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end)?;
            let Some(value) = after.strip_prefix('=') else {
                rest = after.strip_prefix(';').unwrap_or_default();
                continue;
            };
            let (value, more) = if let Some(quoted) = value.trim_start().strip_prefix('"') {
                unquote(quoted)
            } else {
                let (value, more) = value.split_once(';').unwrap_or((value, ""));
                (value.trim().to_owned(), more)
            };
            rest = more;
            return Some((name.trim(), value));
        }
        None
    })
}

/// Returns an unquoted value, and what follows its closing quote and semicolon.
fn unquote(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, one)) = characters.next() {
        match one {
            '"' => {
                let after = quoted.get(at + 1..).unwrap_or_default();
                return (value, after.split_once(';').map_or("", |(_, more)| more));
            }
            '\\' => value.extend(characters.next().map(|(_, one)| one)),
            one => value.push(one),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content: &[u8], media_type: &str) -> Result<String, String> {
        decode(content, Some(media_type).filter(|media_type| !media_type.is_empty())).map(Cow::into_owned)
    }

    #[test]
    fn decodes_text_by_charset_of_media_type() {
        for (content, media_type, expected) in [
            (&b"caf\xe9"[..], "text/plain; charset=iso-8859-1", "café"),
            (b"caf\xe9", "text/plain;charset=\"ISO-8859-1\"", "café"),
            (b"caf\xe9", "text/plain; a=\"x;y\\\"\"; b; Charset = latin1 ; c=d", "café"),
            (b"\x93\xfa\x96{", "text/html; charset=Shift_JIS", "日本"),
            (b"\x80 5", "text/plain; charset=windows-1252", "€ 5"),
            ("café".as_bytes(), "text/plain", "café"),
            ("café".as_bytes(), "", "café"),
            ("café".as_bytes(), "text/plain; charset=UTF8", "café"),
            (b"\xff\xfea\0", "text/plain", "a"),
            (b"\xfe\xff\0a", "text/plain; charset=utf-16", "a"),
            (b"a\0", "text/plain; charset=utf-16le", "a"),
            (b"\xef\xbb\xbfa", "text/plain; charset=utf-8", "\u{feff}a"),
        ] {
            assert_eq!(text(content, media_type).as_deref(), Ok(expected), "{media_type}");
        }
    }

    #[test]
    fn reports_unknown_or_wrong_charset() {
        for (content, media_type, expected) in [
            (&b"a"[..], "text/plain; charset=klingon", "the charset `klingon` of the body is unknown"),
            (b"a", "text/plain; charset=iso-2022-kr", "the charset `iso-2022-kr` of the body is unknown"),
            (b"\x93", "text/plain; charset=shift_jis", "the body is not Shift_JIS, which is its charset"),
            (b"\xe9", "text/plain; charset=utf-8", "the body is not UTF-8, which is its charset"),
            (b"\xe9", "text/plain", "the body is not UTF-8, and its media type names no charset"),
        ] {
            assert_eq!(text(content, media_type).unwrap_err(), expected, "{media_type}");
        }
    }

    #[test]
    fn decodes_json_in_other_encodings() {
        let decoded = |content: &[u8], media_type: &str| {
            decode_json(content, Some(media_type)).map(|(text, name)| (text.into_owned(), name))
        };
        let json = "application/json";
        let wide: Vec<u8> = "{\"é\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let ok = |name| Ok(("{\"é\":1}".to_owned(), name));
        assert_eq!(decoded(&wide, json), ok(Some("UTF-16LE")));
        assert_eq!(
            decoded(&[&[0xff, 0xfe], &*wide].concat(), "application/json; charset=utf-16"),
            ok(Some("UTF-16LE"))
        );
        assert_eq!(decoded(b"{\"\xe9\":1}", "application/json; charset=latin1"), ok(Some("windows-1252")));
        assert_eq!(decoded("{\"é\":1}".as_bytes(), "application/json; charset=latin1"), ok(None));
        assert_eq!(decoded("{\"é\":1}".as_bytes(), "application/json; charset=klingon"), ok(None));
        assert!(decoded(b"\"\xe9\"", json).unwrap_err().starts_with("it is not UTF-8"));
        assert!(decoded(b"{\0\0\0", json).unwrap_err().contains("UTF-32"));
        assert_eq!(decoded(b"1", json), Ok(("1".to_owned(), None)));
    }
}
