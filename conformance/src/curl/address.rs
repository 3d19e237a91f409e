//! The address of a curl command: what stands behind the specification's origin.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::template::{Text, pieces};

/// What an address says.
pub(super) struct Address {
    /// The credentials in front of the host.
    pub(super) user: Option<Text>,
    /// The path and the query; begins with `/`, or with an expression.
    pub(super) target: String,
}

/// Reads an address under `origin`. With `globs`, curl takes brackets and braces for several addresses.
///
/// # Errors
/// An address that is not under the origin, or that curl would not send as it stands.
pub(super) fn read(
    word: &str,
    origin: &str,
    globs: bool,
    reader: &Reader<'_>,
) -> Result<Address, Diagnostic> {
    let (scheme, host_of_origin) = origin.split_once("://").unwrap_or(("http", origin));
    let rest = word.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://")).unwrap_or(word);
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(authority_end);
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    // Behind the host an expression may stand for the path.
    let (host, computed) = match host.strip_prefix(host_of_origin) {
        Some(behind) if behind.starts_with("${") => (host_of_origin, behind),
        _ => (host, ""),
    };
    if host != host_of_origin {
        let message = format!("this address is not under the specification's origin {origin}");
        return Err(reader
            .wrong(word, message)
            .help("the origin is named in suite.yaml; the target's takes its place"));
    }
    let behind = behind.split('#').next().unwrap_or_default();
    let before = if computed.is_empty() && !behind.starts_with('/') { "/" } else { computed };
    let target = [before, behind].concat();
    check(&target, globs, word, reader)?;
    Ok(Address { user: user.map(|user| reader.text(&credentials(user))).transpose()?, target })
}

/// The credentials of an address, decoded.
fn credentials(written: &str) -> String {
    let decoded = |(is_expression, piece)| {
        if is_expression { Cow::Borrowed(piece) } else { percent_decode_str(piece).decode_utf8_lossy() }
    };
    pieces(written).into_iter().map(decoded).collect()
}

/// Says whether a part of an address is sent as it is written.
///
/// # Errors
/// What curl refuses, or sends as several addresses, with the caret under `word`.
pub(super) fn check(part: &str, globs: bool, word: &str, reader: &Reader<'_>) -> Result<(), Diagnostic> {
    let refused = |one: char| one == ' ' || one.is_ascii_control() || (globs && "[]{}".contains(one));
    if !part.contains(refused) {
        return Ok(());
    }
    let mut literals = pieces(part).into_iter().filter(|(is_expression, _)| !is_expression);
    let Some(bad) = literals.find_map(|(_, piece)| piece.chars().find(|one| refused(*one))) else {
        return Ok(());
    };
    let wrong = reader
        .wrong(word, format!("curl would not send `{}` in an address as it stands", bad.escape_debug()));
    Err(wrong.help(if "[]{}".contains(bad) {
        "lists and ranges of addresses are not honoured: -g takes the character as it stands"
    } else {
        "percent-encode it"
    }))
}
