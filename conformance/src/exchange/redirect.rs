//! Where a redirect leads, resolved as curl resolves it (`concat_url` and `dedotdotify` in its `lib/urlapi.c`).

use url::Url;

/// Where a `Location` leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// A path and query on the same origin.
    SameOrigin(String),
    /// Another host, port or scheme.
    Elsewhere,
    /// An address that cannot be read, and why.
    Malformed(&'static str),
}

/// Returns where `location` leads from the path and query `current` on the origin of `base`. Bytes beyond ASCII are percent-encoded,
/// and so are spaces: `%20` in the path, `+` in the query. A fragment is dropped.
pub(super) fn resolve(base: &Url, current: &str, location: &str) -> Destination {
    if location.contains(|one: char| one.is_ascii_control()) {
        return Destination::Malformed("it has a control character");
    }
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
    let target = match reference {
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
            if target.starts_with('/') { target.to_owned() } else { format!("/{target}") }
        }
        None => relative(current, location),
    };
    let target = target.split('#').next().unwrap_or_default();
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    Destination::SameOrigin(encode(&without_dot_segments(path), "%20") + &encode(query, "+"))
}

/// The scheme of an absolute address, and what follows its colon (RFC 3986, section 3.1).
fn split_scheme(location: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = location.split_once(':')?;
    let letters = |one: char| one.is_ascii_alphanumeric() || matches!(one, '+' | '-' | '.');
    let is_scheme =
        scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.chars().all(letters);
    (is_scheme && rest.starts_with('/')).then_some((scheme, rest))
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

/// RFC 3986, section 5.2.4.
fn without_dot_segments(path: &str) -> String {
    crate::request::without_dots(path)
}

fn encode(text: &str, space: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push_str(space),
            0x80.. => encoded.push_str(&format!("%{byte:02x}")),
            byte => encoded.push(char::from(byte)),
        }
    }
    encoded
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
            ("x:y", "/a/x:y"),
        ] {
            assert_eq!(
                resolve(&base, "/a/b?c", location),
                Destination::SameOrigin(target.to_owned()),
                "{location}"
            );
        }
        for location in [
            "http://h.test/x",
            "https://h.test:81/x",
            "http://other.test:81/",
            "//other.test/x",
            "ftp://h.test:81/",
        ] {
            assert_eq!(resolve(&base, "/a/b", location), Destination::Elsewhere, "{location}");
        }
        for location in ["http://h.test:99999/", "/a\u{7}b"] {
            assert!(matches!(resolve(&base, "/a/b", location), Destination::Malformed(_)), "{location}");
        }
    }
}
