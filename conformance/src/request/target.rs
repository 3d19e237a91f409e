//! The target of a request: the path and the query as they stand in its first line.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What an address cannot hold (RFC 3986, section 2) and what would end its path and query.
const FOREIGN: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'#');

/// Returns a target as curl sends it: without the segments `.` and `..`, unless it stays `as_is`, the path percent-encoded where it
/// is not ASCII, and all else as it stands.
pub(super) fn of_curl(target: &str, as_is: bool) -> String {
    let target = target.split('#').next().unwrap_or_default();
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let path = if path.is_empty() { "/" } else { path };
    let path = if as_is { path.to_owned() } else { without_dots(path) };
    // curl refuses an address with a blank in it; a value of an expression can still bring one.
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

/// Returns a target as a mapping means it: as it stands, but for what no address can hold.
pub(super) fn of_mapping(target: &str) -> String {
    utf8_percent_encode(target, FOREIGN).to_string()
}

/// Adds a piece to the query of a target, as curl does it.
pub(super) fn append(target: &mut String, piece: &str) {
    match target.split_once('?') {
        None => target.push('?'),
        Some((_, query)) if query.is_empty() || query.ends_with('&') => {}
        Some(_) => target.push('&'),
    }
    target.push_str(piece);
}

/// RFC 3986, section 5.2.4.
pub(crate) fn without_dots(path: &str) -> String {
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
    fn dots_lead_where_curl_says() {
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
            ("", "/"),
        ] {
            assert_eq!(of_curl(written, false), sent);
        }
        assert_eq!(of_curl("/a/../b c\n", true), "/a/../b%20c%0a");
    }

    #[test]
    fn a_mapping_is_sent_as_it_stands_where_it_can() {
        assert_eq!(of_mapping("/a/../b?c='d'[e]"), "/a/../b?c='d'[e]");
        assert_eq!(of_mapping("/ü #\""), "/%C3%BC%20%23%22");
    }

    #[test]
    fn a_query_grows_as_curls_does() {
        for (written, whole) in [("/", "/?p"), ("/?", "/?p"), ("/?a", "/?a&p"), ("/?a&", "/?a&p")] {
            let mut target = written.to_owned();
            append(&mut target, "p");
            assert_eq!(target, whole);
        }
    }
}
