//! The request target: the path and the query in the request line.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Characters that are not allowed in a URL (RFC 3986, section 2), or that would end the path and query.
const FOREIGN: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'#');

/// Returns a target as curl sends it: without the segments `.` and `..` (unless `as_is`) and without an empty query, with non-ASCII
/// characters of the path percent-encoded, and otherwise unchanged.
pub(super) fn of_curl(target: &str, as_is: bool) -> String {
    let target = target.split('#').next().unwrap_or_default();
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let path = if path.is_empty() { "/" } else { path };
    let query = if query == "?" { "" } else { query };
    let path = if as_is { path.to_owned() } else { without_dots(path) };
    // curl rejects a URL with a blank, but the value of an expression can contain one.
    let ends = |one: char| one.is_ascii_control() || one == ' ';
    let encoded = |text: &str, is: &dyn Fn(char) -> bool| -> String {
        let mut letters = [0; 4];
        let piece = |one: char| match one.encode_utf8(&mut letters) {
            letter if is(one) => letter.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            letter => letter.to_owned(),
        };
        text.chars().map(piece).collect()
    };
    encoded(&path, &|one| ends(one) || !one.is_ascii()) + &encoded(query, &ends)
}

/// Percent-encodes the characters of a target that are not allowed in a URL.
pub(super) fn of_mapping(target: &str) -> String {
    utf8_percent_encode(target, FOREIGN).to_string()
}

/// Writes the percent-encodings of a text in lower case, as curl does when it composes a query (before 8.22).
pub(super) fn lower_escapes(piece: &str) -> String {
    let mut lower = String::with_capacity(piece.len());
    let mut rest = piece;
    while let Some(at) = rest.find('%') {
        let end = rest.len().min(at + 3);
        let is_escape =
            rest.as_bytes()[at + 1..end].iter().filter(|byte| byte.is_ascii_hexdigit()).count() == 2;
        let taken = if is_escape { end } else { at + 1 };
        lower.push_str(&rest[..at]);
        lower.push_str(&rest[at..taken].to_ascii_lowercase());
        rest = &rest[taken..];
    }
    lower + rest
}

/// First of the characters that stand for bytes that are not UTF-8 while a target is composed: the last 128 of Unicode, for private use.
const STAND_IN: u32 = 0x10_ff80;

/// Returns a text in which a character stands for each byte that is not UTF-8.
pub(super) fn with_stand_ins(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let stand_in = |byte: &u8| char::from_u32(STAND_IN + u32::from(*byte & 0x7f));
        text.extend(chunk.invalid().iter().filter_map(stand_in));
    }
    text
}

/// Returns the target with percent-encoded bytes instead of the characters that stand for them, and the bytes of its query.
pub(super) fn without_stand_ins(target: &str) -> (String, Vec<u8>) {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let byte = |one: char| u8::try_from(u32::from(one).checked_sub(STAND_IN)?).ok().map(|low| low | 0x80);
    let (mut shown, mut bytes) = (String::with_capacity(target.len()), Vec::with_capacity(query.len()));
    for one in target.chars() {
        match byte(one) {
            Some(byte) => shown.push_str(&format!("%{byte:02x}")),
            None => shown.push(one),
        }
    }
    for one in query.chars() {
        match byte(one) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(one.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    (shown, bytes)
}

/// Returns the path and the query of a URL under an origin, which may have a path of its own.
pub(super) fn below(url: &str, origin: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (own_scheme, own) = origin.split_once("://")?;
    let (host, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (own_host, base) = own.split_at(own.find('/').unwrap_or(own.len()));
    if !scheme.eq_ignore_ascii_case(own_scheme) || !is_host(host, own_host, scheme) {
        return None;
    }
    let target = target.split('#').next().unwrap_or_default();
    let after = target.strip_prefix(base.trim_end_matches('/'))?;
    match after {
        "" => Some("/".to_owned()),
        query if query.starts_with('?') => Some(format!("/{query}")),
        path => path.starts_with('/').then(|| path.to_owned()),
    }
}

/// Whether a host is that of an origin, ignoring case and the default port.
pub(crate) fn is_host(host: &str, origin: &str, scheme: &str) -> bool {
    let default = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    let plain = |host: &str| host.strip_suffix(default).unwrap_or(host).to_ascii_lowercase();
    host == origin || plain(host) == plain(origin)
}

/// Adds a parameter to the query of a target, as curl does.
pub(super) fn append(target: &mut String, piece: &str) {
    if piece.is_empty() {
        return;
    }
    match target.split_once('?') {
        None => target.push('?'),
        Some((_, query)) if query.is_empty() || query.ends_with('&') => {}
        Some(_) => target.push('&'),
    }
    target.push_str(piece);
}

/// Removes dot segments (RFC 3986, section 5.2.4).
#[must_use]
pub fn without_dots(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut kept: Vec<&str> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let last = index + 1 == segments.len();
        match *segment {
            "." => {}
            ".." => drop(kept.pop()),
            segment => {
                kept.push(segment);
                continue;
            }
        }
        if last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_dot_segments_as_curl_does() {
        for (written, sent) in [
            ("/a/../b/./c", "/b/c"),
            ("/a/./..", "/"),
            ("/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/b/.", "/a/b/"),
            ("/a//b", "/a//b"),
            ("/a/%2e%2e/b?x=/../c", "/a/%2e%2e/b?x=/../c"),
            ("/ü?ü", "/%c3%bc?ü"),
            ("/a#part", "/a"),
            ("?x", "/?x"),
            ("/a?", "/a"),
            ("", "/"),
        ] {
            assert_eq!(of_curl(written, false), sent);
        }
        assert_eq!(of_curl("/a/../b c\n", true), "/a/../b%20c%0a");
    }

    #[test]
    fn encodes_only_invalid_characters_of_a_mapping() {
        assert_eq!(of_mapping("/a/../b?c='d'[e]"), "/a/../b?c='d'[e]");
        assert_eq!(of_mapping("/ü #\""), "/%C3%BC%20%23%22");
    }

    #[test]
    fn appends_to_a_query_as_curl_does() {
        for (written, whole) in [("/", "/?p"), ("/?", "/?p"), ("/?a", "/?a&p"), ("/?a&", "/?a&p")] {
            let mut target = written.to_owned();
            append(&mut target, "p");
            assert_eq!(target, whole);
        }
    }
}
