//! Matchers for the bytes of a body: length and digest.
//!
//! Bytes are not a JSON value, so they are compared with the body in the scope; a list or an object has none.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::amount::amount;
use crate::count::Count;
use crate::diagnostic::Diagnostic;
use crate::members::{parse_text, string};
use crate::source::{Place, Source};
use crate::template::{Scope, Text};
use crate::yaml::Node;

/// What the bytes must match.
#[derive(Debug, Clone)]
pub(super) enum Bytes {
    /// The number of bytes.
    Length(Count),
    /// The SHA-256 digest in hexadecimal.
    Sha256(Text),
}

impl Bytes {
    pub(super) fn holds(&self, scope: &Scope) -> bool {
        let Some(body) = &scope.body else { return false };
        match self {
            Self::Length(length) => length.allows(body.len()),
            Self::Sha256(digest) => {
                digest.render(scope).is_ok_and(|digest| digest.eq_ignore_ascii_case(&sha256(body)))
            }
        }
    }

    pub(super) fn describe(&self, scope: &Scope) -> String {
        match self {
            Self::Length(Count { least: 1, most: Some(1) }) => "a body of 1 byte".to_owned(),
            Self::Length(length) => format!("a body of {} bytes", length.describe()),
            Self::Sha256(digest) => {
                let digest = digest.render(scope).unwrap_or_else(|_| digest.written().to_owned());
                format!("a body whose SHA-256 is {digest}")
            }
        }
    }

    /// Describes the received bytes in the same terms.
    pub(super) fn received(&self, scope: &Scope) -> String {
        let body = scope.body.as_deref().unwrap_or_default();
        match self {
            Self::Length(_) => amount(body.len(), "byte"),
            Self::Sha256(_) => sha256(body),
        }
    }

    pub(super) fn text(&self) -> Option<&Text> {
        match self {
            Self::Length(_) => None,
            Self::Sha256(digest) => Some(digest),
        }
    }
}

/// Compiles a digest.
///
/// # Errors
/// A value that is neither 64 hexadecimal digits nor an expression.
pub(super) fn digest(node: &Node, source: &Arc<Source>, place: &Place) -> Result<Bytes, Diagnostic> {
    let written = string(node, source, "a digest")?;
    let text = parse_text(&written, place)?;
    let digits = written.len() == 64 && written.bytes().all(|byte| byte.is_ascii_hexdigit());
    if text.is_literal() && !digits {
        let message = "a SHA-256 digest has 64 hexadecimal digits";
        return Err(Diagnostic::at(place.clone(), message)
            .label(format!("this has {} characters", written.chars().count()))
            .help("use the output of `sha256sum FILE`"));
    }
    Ok(Bytes::Sha256(text))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
