//! Reads a file of cookies (`-b FILE`): the Netscape format, or `Set-Cookie` fields.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the cookies in a file that curl sends to a path on `host`, joined by `; `: longer paths, domains and names come first.
pub(super) fn pairs(file: &str, host: &str, path: &str, is_secure: bool) -> Option<String> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let mut found: Vec<Cookie<'_>> = file
        .lines()
        .filter_map(|line| netscape(line).or_else(|| set_cookie(line)))
        .filter(|cookie| {
            let domain = cookie.domain.trim_start_matches('.');
            let below = || host.strip_suffix(domain).is_some_and(|front| front.ends_with('.'));
            cookie.domain.is_empty() || host.eq_ignore_ascii_case(domain) || (cookie.reaches_below && below())
        })
        .filter(|cookie| {
            let rest = path.strip_prefix(cookie.path.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
        .filter(|cookie| (is_secure || !cookie.is_secure) && (cookie.expires == 0 || cookie.expires > now))
        .collect();
    found
        .sort_by_key(|cookie| std::cmp::Reverse((cookie.path.len(), cookie.domain.len(), cookie.name.len())));
    let pairs: Vec<String> = found.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}

struct Cookie<'l> {
    domain: &'l str,
    reaches_below: bool,
    path: &'l str,
    is_secure: bool,
    /// Seconds since 1970; 0 for the end of the session.
    expires: u64,
    name: &'l str,
    value: &'l str,
}

/// Reads a line of seven columns.
fn netscape(line: &str) -> Option<Cookie<'_>> {
    let line = line.strip_prefix("#HttpOnly_").unwrap_or(line);
    let mut columns = line.split('\t');
    let mut next = || columns.next();
    let (domain, below, path, secure, expires, name) = (next()?, next()?, next()?, next()?, next()?, next()?);
    (!domain.starts_with('#')).then_some(Cookie {
        domain,
        reaches_below: below.eq_ignore_ascii_case("true"),
        path,
        is_secure: secure.eq_ignore_ascii_case("true"),
        expires: expires.parse().ok()?,
        name,
        value: next().unwrap_or_default(),
    })
}

/// Reads a `Set-Cookie` field as printed by `curl -i`. Without a domain it is sent to every host, as in curl.
fn set_cookie(line: &str) -> Option<Cookie<'_>> {
    let (field, rest) = line.split_once(':')?;
    if !field.eq_ignore_ascii_case("set-cookie") {
        return None;
    }
    let mut parts = rest.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let mut cookie =
        Cookie { domain: "", reaches_below: true, path: "/", is_secure: false, expires: 0, name, value };
    for part in parts {
        match part.split_once('=').unwrap_or((part, "")) {
            (name, value) if name.eq_ignore_ascii_case("domain") => cookie.domain = value,
            (name, value) if name.eq_ignore_ascii_case("path") => cookie.path = value,
            (name, _) if name.eq_ignore_ascii_case("secure") => cookie.is_secure = true,
            _ => {}
        }
    }
    Some(cookie)
}
