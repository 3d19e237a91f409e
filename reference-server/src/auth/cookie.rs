//! Reads one cookie from the headers of a request, as Flask's `request.cookies.get(name)` does.
//!
//! It accepts more than RFC 6265: a value may contain spaces (`C is fun`) and may be quoted.

use std::borrow::Cow;

use hyper::header::{COOKIE, HeaderMap};

/// Returns the value of the first cookie with this name.
///
/// White space around names and values is removed. The quotes of a quoted value are removed and its escapes are
/// decoded. A cookie without `=` has an empty value. Bytes that are not UTF-8 are replaced.
pub(super) fn get<'r>(headers: &'r HeaderMap, name: &str) -> Option<Cow<'r, str>> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|header| Cookies { rest: header.as_bytes() })
        .find(|(found, _)| *found == name.as_bytes())
        .map(|(_, value)| text(value))
}

/// An iterator over the cookies of one header: name, and value with its quotes.
struct Cookies<'r> {
    rest: &'r [u8],
}

impl<'r> Iterator for Cookies<'r> {
    type Item = (&'r [u8], &'r [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let name_end = find(self.rest, |byte| matches!(byte, b'=' | b';'));
        let (name, rest) = self.rest.split_at(name_end);
        let rest = rest.strip_prefix(b"=").unwrap_or(rest);
        let (value, rest) = rest.split_at(value_end(rest));
        self.rest = rest.strip_prefix(b";").unwrap_or(rest);
        Some((name.trim_ascii(), value.trim_ascii()))
    }
}

/// The end of a value: the next semicolon outside of quotes.
fn value_end(rest: &[u8]) -> usize {
    let plain_end = || find(rest, |byte| byte == b';');
    let start = rest.len() - rest.trim_ascii_start().len();
    if rest.get(start) != Some(&b'"') {
        return plain_end();
    }
    let mut escaped = false;
    let inside = &rest[start + 1..];
    let closing = find(inside, |byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    let Some(after) = inside.get(closing + 1..) else { return plain_end() };
    // Quotes count only if they enclose the whole value: in `"a" b` they are ordinary characters.
    let spaces = after.len() - after.trim_ascii_start().len();
    match after.get(spaces) {
        None | Some(b';') => start + 1 + closing + 1 + spaces,
        Some(_) => plain_end(),
    }
}

/// The index of the first byte that matches, or the length.
fn find(bytes: &[u8], mut matches: impl FnMut(u8) -> bool) -> usize {
    bytes.iter().position(|&byte| matches(byte)).unwrap_or(bytes.len())
}

fn text(value: &[u8]) -> Cow<'_, str> {
    let lossy = |bytes| str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    match value {
        [b'"', inside @ .., b'"'] if inside.contains(&b'\\') => {
            Cow::Owned(String::from_utf8_lossy(&unescape(inside)).into_owned())
        }
        [b'"', inside @ .., b'"'] => lossy(inside),
        _ => lossy(value),
    }
}

/// Decodes the escapes of a quoted value: `\073` is the byte with this octal number, `\x` is `x` for any other
/// character.
fn unescape(mut quoted: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(quoted.len());
    loop {
        quoted = match quoted {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] => {
                bytes.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                rest
            }
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
            [] => return bytes,
        };
    }
}

#[cfg(test)]
mod tests;
