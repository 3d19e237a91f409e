//! Resolves redirects as curl does (`concat_url` and `dedotdotify` in its `lib/urlapi.c`).

use percent_encoding::percent_decode_str;
use url::Url;

use conformance_suite::request::without_dots;

/// Destination of a `Location`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// Path and query on the same origin, with the credentials `user:password` in the URL, if any.
    SameOrigin { target: String, credentials: Option<String> },
    /// Another host, port or scheme.
    Elsewhere,
    /// An address that cannot be read, and why.
    Malformed(&'static str),
}

/// Resolves `location` against the path and query `current` on the origin of `base`. Non-ASCII bytes and spaces are
/// percent-encoded; in the query, a space becomes `+`. A fragment and an empty query are dropped, and so are the
/// segments `.` and `..` unless `as_is` is set.
pub(super) fn resolve(base: &Url, current: &str, location: &[u8], as_is: bool) -> Destination {
    if location.iter().any(u8::is_ascii_control) {
        return Destination::Malformed("it has a control character");
    }
    let location: &str = &ascii(location);
    let scheme = base.scheme();
    let reference = if let Some((named, rest)) = split_scheme(location) {
        if !named.eq_ignore_ascii_case(scheme) {
            return Destination::Elsewhere;
        }
        // curl accepts one to three slashes after the scheme.
        let authority = rest.trim_start_matches('/');
        if rest.len() - authority.len() > 3 || authority.len() == rest.len() {
            return Destination::Malformed("it has no `//` after its scheme");
        }
        Some(authority)
    } else {
        location.strip_prefix("//")
    };
    let (target, credentials) = match reference {
        Some(rest) => {
            let (authority, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            let Ok(origin) = Url::parse(&format!("{scheme}://{authority}")) else {
                return Destination::Malformed("its host or port cannot be read");
            };
            let same = origin.host() == base.host()
                && origin.port_or_known_default() == base.port_or_known_default();
            if !same {
                return Destination::Elsewhere;
            }
            let credentials = authority.rsplit_once('@').map(|(credentials, _)| {
                let credentials = percent_decode_str(credentials).decode_utf8_lossy().into_owned();
                if credentials.contains(':') { credentials } else { credentials + ":" }
            });
            let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
            (target, credentials)
        }
        None => (relative(current, location), None),
    };
    let target = target.split('#').next().unwrap_or_default();
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let path = if as_is { path.to_owned() } else { without_dots(path) };
    let query = if query == "?" { "" } else { query };
    Destination::SameOrigin { target: path.replace(' ', "%20") + &query.replace(' ', "+"), credentials }
}

/// Splits a URL into its scheme and what follows the colon (RFC 3986, section 3.1). Like curl, takes any text before a
/// colon for a scheme.
fn split_scheme(location: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = location.split_once(':')?;
    let letters = |one: char| one.is_ascii_alphanumeric() || matches!(one, '+' | '-' | '.');
    let is_scheme =
        scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.chars().all(letters);
    is_scheme.then_some((scheme, rest))
}

/// Percent-encodes the non-ASCII bytes of a URL.
fn ascii(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii() {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}

/// Resolves a reference without a host against a path and query.
fn relative(current: &str, location: &str) -> String {
    let path = current.split('?').next().unwrap_or_default();
    match location.as_bytes().first() {
        Some(b'/') => location.to_owned(),
        Some(b'?' | b'#') => format!("{path}{location}"),
        _ => {
            let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
            format!("{folder}{location}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_resolved_as_curl_resolves_them() {
        let base = Url::parse("http://h.test:81/").unwrap();
        for (location, target) in [
            ("/x", "/x"),
            ("x", "/a/x"),
            ("./x", "/a/x"),
            ("../x", "/x"),
            ("../../x", "/x"),
            ("?q=1", "/a/b?q=1"),
            ("#part", "/a/b"),
            ("x y?z w", "/a/x%20y?z+w"),
            ("/ü?ü", "/%c3%bc?%c3%bc"),
            ("/x/../y/./z", "/y/z"),
            ("http://h.test:81/x#part", "/x"),
            ("HTTP://H.TEST:81", "/"),
            ("http://h.test:81?q", "/?q"),
            ("//h.test:81/x", "/x"),
            ("http:/h.test:81/x", "/x"),
            ("x?", "/a/x"),
        ] {
            let target = target.to_owned();
            let expected = Destination::SameOrigin { target, credentials: None };
            assert_eq!(resolve(&base, "/a/b?c", location.as_bytes(), false), expected, "{location}");
        }
        for location in [
            "http://h.test/x",
            "https://h.test:81/x",
            "http://other.test:81/",
            "//other.test/x",
            "ftp://h.test:81/",
        ] {
            assert_eq!(
                resolve(&base, "/a/b", location.as_bytes(), false),
                Destination::Elsewhere,
                "{location}"
            );
        }
        for location in ["http://h.test:99999/", "/a\u{7}b", "http:x"] {
            assert!(
                matches!(resolve(&base, "/a/b", location.as_bytes(), false), Destination::Malformed(_)),
                "{location}"
            );
        }
    }

    #[test]
    fn location_keeps_its_bytes_dots_and_credentials_as_in_curl() {
        let base = Url::parse("http://h.test:81/").unwrap();
        let to = |location: &[u8], as_is| match resolve(&base, "/a/b", location, as_is) {
            Destination::SameOrigin { target, credentials } => (target, credentials),
            other => panic!("{other:?}"),
        };
        assert_eq!(to(b"/caf\xe9", false).0, "/caf%e9");
        assert_eq!(to(b"/x/../y", true).0, "/x/../y");
        assert_eq!(to(b"http://a:b@h.test:81/x", false), ("/x".to_owned(), Some("a:b".to_owned())));
    }
}
