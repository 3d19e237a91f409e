//! Checks the head of a request for what RFC 9112 requires and hyper leaves to the server.

use hyper::header::{COOKIE, EXPECT, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{Method, Uri, Version};

use crate::reply::{Rejection, Reply};

/// The maximum length of a request target in bytes; the response to a longer one is 414 (RFC 9110 §15.5.15).
pub const MAX_URL: usize = 8 * 1024;

/// The maximum total size of the header fields in bytes; the response to more is 431 (RFC 6585 §5).
pub const MAX_FIELDS: usize = 32 * 1024;

/// The maximum total size of the `Cookie` fields in bytes; the response to more is 431.
pub const MAX_COOKIES: usize = 8 * 1024;

/// The methods that the server supports, for `OPTIONS *`.
const ALLOW: &str = "DELETE, GET, HEAD, OPTIONS, POST, PUT";

/// The reply to a request that must not reach the application; `None` if it may.
///
/// After a rejection the connection is closed.
pub(super) fn early_reply(head: &Parts) -> Option<Reply> {
    match fields(&head.headers, head.version).and_then(|()| target(&head.method, &head.uri)) {
        Err(rejection) => Some(Reply::from(rejection).and_close()),
        // Asks for the methods of the whole server (RFC 9112 §3.2.4).
        Ok(()) if head.uri.path() == "*" => Some(Reply::options(ALLOW)),
        Ok(()) => None,
    }
}

/// Checks the length of the target, and its form, which depends on the method (RFC 9112 §3.2).
fn target(method: &Method, uri: &Uri) -> Result<(), Rejection> {
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    if target.len() > MAX_URL {
        return Err(Rejection::UrlTooLong);
    }
    match (method, target) {
        // After `CONNECT` the client would send to a tunnel, which does not exist.
        (&Method::CONNECT, "") => Err(Rejection::NotImplemented),
        (&Method::OPTIONS, "*") => Ok(()),
        (method, target) if target.starts_with('/') && method != Method::CONNECT => Ok(()),
        _ => Err(Rejection::BadRequest),
    }
}

/// Checks the fields that concern the message itself, and the size of all fields.
fn fields(fields: &HeaderMap, version: Version) -> Result<(), Rejection> {
    let (mut length, mut cookies, mut hosts, mut codings) = (0, 0, 0, 0);
    for (name, value) in fields {
        length += name.as_str().len() + ": ".len() + value.len() + "\r\n".len();
        match *name {
            COOKIE => cookies += value.len(),
            HOST => {
                hosts += 1;
                host(value)?;
            }
            TRANSFER_ENCODING => {
                codings += 1;
                transfer_encoding(value)?;
            }
            EXPECT if version >= Version::HTTP_11 => expect(value)?,
            _ => {}
        }
    }
    if length > MAX_FIELDS || cookies > MAX_COOKIES {
        return Err(Rejection::FieldsTooLarge);
    }
    // Exactly one `Host`; HTTP/1.0 may omit it (RFC 9112 §3.2).
    if hosts > 1 || codings > 1 || (hosts == 0 && version >= Version::HTTP_11) {
        return Err(Rejection::BadRequest);
    }
    Ok(())
}

/// Accepts only a host with or without a port.
fn host(value: &HeaderValue) -> Result<(), Rejection> {
    if is_host(value.as_bytes()) { Ok(()) } else { Err(Rejection::BadRequest) }
}

/// Accepts only a single `chunked`. hyper has checked that it comes last (RFC 9112 §6.1, §7).
fn transfer_encoding(value: &HeaderValue) -> Result<(), Rejection> {
    let codings = value.as_bytes();
    if codings.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let is_chunked = |coding: &[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"chunked");
    if codings.split(|&byte| byte == b',').all(is_chunked) {
        Err(Rejection::BadRequest)
    } else {
        Err(Rejection::NotImplemented)
    }
}

/// Accepts only `100-continue`, the one expectation that is defined (RFC 9110 §10.1.1).
fn expect(value: &HeaderValue) -> Result<(), Rejection> {
    if value.as_bytes().eq_ignore_ascii_case(b"100-continue") {
        Ok(())
    } else {
        Err(Rejection::ExpectationFailed)
    }
}

/// Whether a value is `uri-host [ ":" port ]`, which may be empty (RFC 9110 §7.2, RFC 3986 §3.2.2).
///
/// The content of brackets is not validated: no address is derived from it.
fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value.iter().rposition(|&byte| byte == b':' || byte == b']') {
        Some(at) if value[at] == b':' => (&value[..at], &value[at + 1..]),
        _ => (value, [].as_slice()),
    };
    let address = host.strip_prefix(b"[").map(|rest| rest.strip_suffix(b"]"));
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(byte);
    port.iter().all(u8::is_ascii_digit)
        && match address {
            Some(None) => false,
            Some(Some(address)) => address.iter().all(|byte| *byte == b':' || is_name(byte)),
            None => host.iter().all(is_name),
        }
}

#[cfg(test)]
mod tests;
