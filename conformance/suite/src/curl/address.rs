//! Parses the URL of a curl command into credentials, path and query.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::request::is_host;
use crate::template::{Text, leading, pieces};

/// The parts of a URL that a request uses.
pub(super) struct Address {
    /// The credentials before the host.
    pub(super) user: Option<Text>,
    /// The path and the query; begins with `/`, or with an expression.
    pub(super) target: String,
}

/// The beginning of the error for a URL that is not under the origin.
pub const ELSEWHERE: &str = "this URL is not under the origin of the suite";

/// Parses a URL under `origin`. With `globs`, curl expands brackets and braces to several URLs.
///
/// # Errors
/// A URL that is not under the origin, or that curl would not send unchanged.
pub(super) fn read(
    word: &str,
    origin: &str,
    globs: bool,
    reader: &Reader<'_>,
) -> Result<Address, Diagnostic> {
    // The value of an expression may be a URL, such as that of a Location.
    if let Some(first) = leading(word).filter(|first| first.starts_with("${")) {
        let after = &word[first.len()..];
        let after = if globs { without_globs(after, word, reader)? } else { after.to_owned() };
        let after = after.split('#').next().unwrap_or_default();
        check(after, word, reader)?;
        return Ok(Address { user: None, target: format!("{first}{after}") });
    }
    let (scheme, host_of_origin) = origin.split_once("://").unwrap_or(("http", origin));
    let rest = without_scheme(word, scheme);
    let (authority, after) = rest.split_at(authority_end(rest));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    // An expression after the host may be the path.
    let (host, computed) = match host.strip_prefix(host_of_origin) {
        Some(after) if after.starts_with("${") => (host_of_origin, after),
        _ => (host, ""),
    };
    if host.strip_prefix(host_of_origin).is_some_and(|after| after.starts_with("$${")) {
        return Err(reader
            .wrong(word, "the path of this URL does not begin with `/`")
            .help("shell variables are not expanded: write the value"));
    }
    if !is_host(host, host_of_origin, scheme) {
        let message = format!("{ELSEWHERE}, {origin}");
        return Err(reader
            .wrong(word, message)
            .help("write URLs with the `origin` in suite.yaml; requests replace it by the target's"));
    }
    let before = if computed.is_empty() && !after.starts_with('/') { "/" } else { computed };
    let mut target = [before, after].concat();
    if globs {
        // The fragment counts, although it is not sent.
        target = without_globs(&target, word, reader)?;
    }
    check(&target, word, reader)?;
    target.truncate(target.find('#').unwrap_or(target.len()));
    Ok(Address { user: user.map(|user| reader.text(&credentials(user))).transpose()?, target })
}

/// Returns the origin that a URL names, as curl completes it; `None` if it names no host.
pub(super) fn origin(word: &str) -> Option<String> {
    let scheme = match word.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") && rest.starts_with('/') => "https",
        _ => "http",
    };
    let rest = without_scheme(word, scheme);
    let host = rest[..authority_end(rest)].rsplit('@').next().unwrap_or_default();
    (!host.is_empty() && !host.contains("${")).then(|| format!("{scheme}://{host}"))
}

/// Removes the scheme, in any case and with one to three slashes, as curl does.
fn without_scheme<'w>(word: &'w str, scheme: &str) -> &'w str {
    let Some((named, rest)) = word.split_once(':') else { return word };
    let host = rest.trim_start_matches('/');
    let slashes = rest.len() - host.len();
    if named.eq_ignore_ascii_case(scheme) && (1..=3).contains(&slashes) { host } else { word }
}

/// Returns where the authority ends; expressions may contain its delimiters.
fn authority_end(rest: &str) -> usize {
    let mut at = 0;
    while let Some(one) = rest[at..].chars().next() {
        if matches!(one, '/' | '?' | '#') {
            break;
        }
        at += leading(&rest[at..]).map_or(one.len_utf8(), str::len);
    }
    at
}

/// Decodes the credentials of a URL.
fn credentials(written: &str) -> String {
    let decoded = |(is_expression, piece)| {
        if is_expression { Cow::Borrowed(piece) } else { percent_decode_str(piece).decode_utf8_lossy() }
    };
    pieces(written).into_iter().map(decoded).collect()
}

/// Removes the backslashes with which curl sends a bracket or a brace unchanged.
///
/// # Errors
/// A list or a range, for which curl would send several requests.
fn without_globs(target: &str, word: &str, reader: &Reader<'_>) -> Result<String, Diagnostic> {
    let mut plain = String::with_capacity(target.len());
    for (is_expression, piece) in pieces(target) {
        if is_expression {
            plain.push_str(piece);
            continue;
        }
        let mut rest = piece;
        while let Some(one) = rest.chars().next() {
            let length = match one {
                '\\' if rest[1..].starts_with(['[', ']', '{', '}']) => {
                    plain.push_str(&rest[1..2]);
                    2
                }
                '[' if rest.starts_with("[]") => {
                    plain.push_str("[]");
                    2
                }
                '[' | ']' | '{' | '}' => return Err(glob(rest, word, reader)),
                one => {
                    plain.push(one);
                    one.len_utf8()
                }
            };
            rest = &rest[length..];
        }
    }
    Ok(plain)
}

fn glob(rest: &str, word: &str, reader: &Reader<'_>) -> Diagnostic {
    let closing = if rest.starts_with('{') { '}' } else { ']' };
    let written = rest.find(closing).map_or(rest, |end| &rest[..=end]);
    let inside = written.trim_matches(['{', '}', '[', ']']);
    let is_list = inside.contains(',') || (rest.starts_with('[') && inside.contains('-'));
    if is_list {
        return reader
            .wrong(word, format!("curl sends several requests for `{written}`, but a step is one request"))
            .help("write a step for each URL, or -g to send the characters unchanged");
    }
    if rest.starts_with('{') && !inside.is_empty() {
        return reader.wrong(word, format!("curl would not send `{written}` in a URL unchanged")).help(
            format!("write a value for `{written}`, `${{name}}` for a variable, or -g to send the braces"),
        );
    }
    reader
        .wrong(word, format!("curl would not send `{}` in a URL unchanged", &rest[..1]))
        .help("write -g to send the character unchanged")
}

/// Checks that curl accepts a part of a URL.
///
/// # Errors
/// A space or a control character, at the location of `word`.
pub(super) fn check(part: &str, word: &str, reader: &Reader<'_>) -> Result<(), Diagnostic> {
    let refused = |one: char| one == ' ' || one.is_ascii_control();
    let mut literals = pieces(part).into_iter().filter(|(is_expression, _)| !is_expression);
    let Some(bad) = literals.find_map(|(_, piece)| piece.chars().find(|one| refused(*one))) else {
        return Ok(());
    };
    let message = format!("curl would not send `{}` in a URL unchanged", bad.escape_debug());
    Err(reader.wrong(word, message).help("percent-encode it"))
}
