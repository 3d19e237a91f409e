//! Parses the URL of a curl command into credentials, path and query.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::template::{Text, pieces};

/// The parts of a URL that a request uses.
pub(super) struct Address {
    /// The credentials before the host.
    pub(super) user: Option<Text>,
    /// The path and the query; begins with `/`, or with an expression.
    pub(super) target: String,
}

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
    let (scheme, host_of_origin) = origin.split_once("://").unwrap_or(("http", origin));
    let rest = word.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://")).unwrap_or(word);
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(authority_end);
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    // An expression after the host may be the path.
    let (host, computed) = match host.strip_prefix(host_of_origin) {
        Some(after) if after.starts_with("${") => (host_of_origin, after),
        _ => (host, ""),
    };
    if host != host_of_origin {
        let message = format!("this URL is not under the origin of the suite, {origin}");
        return Err(reader
            .wrong(word, message)
            .help("write URLs with the `origin` in suite.yaml; requests replace it by the target's"));
    }
    let after = after.split('#').next().unwrap_or_default();
    let before = if computed.is_empty() && !after.starts_with('/') { "/" } else { computed };
    let target = [before, after].concat();
    check(&target, globs, word, reader)?;
    Ok(Address { user: user.map(|user| reader.text(&credentials(user))).transpose()?, target })
}

/// Decodes the credentials of a URL.
fn credentials(written: &str) -> String {
    let decoded = |(is_expression, piece)| {
        if is_expression { Cow::Borrowed(piece) } else { percent_decode_str(piece).decode_utf8_lossy() }
    };
    pieces(written).into_iter().map(decoded).collect()
}

/// Checks that curl sends a part of a URL unchanged.
///
/// # Errors
/// A character that curl rejects or expands, at the location of `word`.
pub(super) fn check(part: &str, globs: bool, word: &str, reader: &Reader<'_>) -> Result<(), Diagnostic> {
    let refused = |one: char| one == ' ' || one.is_ascii_control() || (globs && "[]{}".contains(one));
    if !part.contains(refused) {
        return Ok(());
    }
    let mut literals = pieces(part).into_iter().filter(|(is_expression, _)| !is_expression);
    let Some(bad) = literals.find_map(|(_, piece)| piece.chars().find(|one| refused(*one))) else {
        return Ok(());
    };
    let wrong =
        reader.wrong(word, format!("curl would not send `{}` in a URL unchanged", bad.escape_debug()));
    Err(wrong.help(if "[]{}".contains(bad) {
        "lists and ranges of URLs are not supported; -g sends the character unchanged"
    } else {
        "percent-encode it"
    }))
}
