//! Serializes a request to bytes (RFC 9112, sections 2 and 3).
//!
//! Field names keep their case, targets keep their bytes, and no field is added that a step removes. A raw request is
//! sent exactly as its step gives it.

use super::connection::Route;
use super::error::TransportError;
use conformance_suite::request::{Header, HttpVersion, Prepared};

/// A serialized request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// Written first: the head, with a small body.
    pub(super) first: Vec<u8>,
    /// Written next: a large body, or one that waits for `100 Continue`.
    pub(super) rest: &'a [u8],
    /// Terminator of a chunked body.
    pub(super) end: &'static [u8],
    /// Whether `rest` waits for `100 Continue` (RFC 9110, section 10.1.1).
    pub(super) expects_continue: bool,
    /// Whether the request has a body.
    pub(super) has_body: bool,
    /// Whether the response to it never has a body (RFC 9112, section 6.3).
    pub(super) is_head: bool,
}

/// Maximum size of a body that is written together with the head, in bytes.
const SMALL_BODY: usize = 16 * 1024;

impl<'a> Message<'a> {
    /// Serializes a request. `target` is its path and query on the wire.
    ///
    /// # Errors
    /// [`TransportError::InvalidRequest`] if a value contains a line break or another forbidden character.
    pub(super) fn new(request: &'a Prepared, target: &str, route: &Route) -> Result<Self, TransportError> {
        let is_head = request.method == "HEAD";
        if let Some(raw) = &request.raw {
            let (first, rest) = (Vec::new(), raw.as_slice());
            return Ok(Self { first, rest, end: b"", expects_continue: false, has_body: true, is_head });
        }
        check(request)?;
        let mut first = head(request, target, route);
        let body = request.body.as_deref();
        let mut rest = body.unwrap_or_default();
        let mut end: &[u8] = b"";
        if body.is_some() && is_chunked(request) {
            if !rest.is_empty() {
                first.extend_from_slice(format!("{:x}\r\n", rest.len()).as_bytes());
            }
            end = if rest.is_empty() { b"0\r\n\r\n" } else { b"\r\n0\r\n\r\n" };
        }
        let expects_continue = body.is_some()
            && request.headers.iter().any(|header| {
                header.is("expect") && header.value.trim().eq_ignore_ascii_case("100-continue")
            });
        if !expects_continue && rest.len() <= SMALL_BODY {
            first.extend_from_slice(rest);
            first.extend_from_slice(end);
            (rest, end) = (b"", b"");
        }
        Ok(Self { first, rest, end, expects_continue, has_body: body.is_some(), is_head })
    }
}

/// Serializes the request line and the header fields, including the final empty line.
fn head(request: &Prepared, target: &str, route: &Route) -> Vec<u8> {
    let Prepared { method, headers, body, .. } = request;
    let mut head = Vec::with_capacity(512);
    let version: &[u8] = if request.version == HttpVersion::Http10 { b" HTTP/1.0" } else { b" HTTP/1.1" };
    let (path, query) = target.split_at(target.find('?').map_or(target.len(), |at| at + 1));
    let query = request.query.as_deref().unwrap_or(query.as_bytes());
    for part in [method.as_bytes(), b" ", route.before_target().as_bytes(), path.as_bytes(), query, version] {
        head.extend_from_slice(part);
    }
    head.extend_from_slice(b"\r\n");
    let mut line = |parts: &[&str]| {
        for part in parts {
            head.extend_from_slice(part.as_bytes());
        }
        head.extend_from_slice(b"\r\n");
    };
    let adds = |name: &str| {
        let without = request.without.iter().any(|own| own.eq_ignore_ascii_case(name));
        !without && !headers.iter().any(|header| header.is(name))
    };
    if adds("host") {
        line(&["Host: ", &route.host()]);
    }
    if let Some(credentials) = route.credentials() {
        line(&["Proxy-Authorization: ", &credentials]);
    }
    let length = body.as_ref().filter(|_| !is_chunked(request) && adds("content-length"));
    let length = length.map(|body| body.len().to_string());
    let (first, last) = headers.split_at(headers.len().saturating_sub(request.after_length));
    for Header { name, gap, value } in first {
        line(&[name, ":", if value.is_empty() { "" } else { gap }, value]);
    }
    if let Some(length) = length {
        line(&["Content-Length: ", &length]);
    }
    for Header { name, gap, value } in last {
        line(&[name, ":", if value.is_empty() { "" } else { gap }, value]);
    }
    line(&[]);
    head
}

fn is_chunked(request: &Prepared) -> bool {
    let coded = |header: &Header| {
        header.is("transfer-encoding") && header.value.to_ascii_lowercase().contains("chunked")
    };
    request.headers.iter().any(coded)
}

/// Checks that no interpolated value breaks out of its line.
fn check(request: &Prepared) -> Result<(), TransportError> {
    let breaks = |text: &str| text.contains(['\r', '\n', '\0']);
    let Prepared { method, target, headers, .. } = request;
    let cause = if let Some(Header { name, .. }) = headers.iter().find(|header| breaks(&header.value)) {
        format!("the value of the header `{name}` contains a control character")
    } else if let Some(Header { name, .. }) = headers.iter().find(|header| breaks(&header.name)) {
        format!("`{name}` is not a header name")
    } else if method.is_empty() || method.contains(|one: char| one.is_whitespace() || one.is_control()) {
        format!("`{method}` is not a valid method")
    } else if breaks(target) || target.contains(' ') || !(target.starts_with('/') || request.any_target()) {
        format!("`{target}` is not a valid request target: it must start with `/` and contain no spaces")
    } else {
        return Ok(());
    };
    Err(TransportError::InvalidRequest(cause))
}
