//! Checks the head of a request for what RFC 9112 requires and hyper leaves to the server.

use hyper::header::{COOKIE, EXPECT, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use hyper::{Method, Request, Uri, Version};

use crate::reply::{Rejection, Reply};

/// The maximum length of a request target in bytes; a longer one is answered with 414 (RFC 9110 §15.5.15).
pub const MAX_URL: usize = 8 * 1024;

/// The maximum total size of the header fields in bytes; more are answered with 431 (RFC 6585 §5).
pub const MAX_FIELDS: usize = 32 * 1024;

/// The maximum total size of the `Cookie` fields in bytes; more are answered with 431.
pub const MAX_COOKIES: usize = 8 * 1024;

/// The methods that the server supports, for `OPTIONS *`.
const ALLOW: &str = "DELETE, GET, HEAD, OPTIONS, POST, PUT";

/// A request that is answered without the application.
#[derive(Debug)]
pub(super) enum Unfit {
    /// The request is rejected, and the connection is closed.
    Refused(Rejection),
    /// `OPTIONS *`: asks for the methods of the whole server (RFC 9112 §3.2.4).
    Asterisk,
}

impl From<Unfit> for Reply {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Refused(rejection) => Self::from(rejection).and_close(),
            Unfit::Asterisk => Self::options(ALLOW),
        }
    }
}

/// Checks whether the application may handle a request.
///
/// # Errors
/// What to answer instead.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Unfit> {
    fields(request.headers(), request.version()).map_err(Unfit::Refused)?;
    target(request.method(), request.uri())
}

/// Checks the form of the target, which depends on the method (RFC 9112 §3.2), and its length.
fn target(method: &Method, uri: &Uri) -> Result<(), Unfit> {
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    if target.len() > MAX_URL {
        return Err(Unfit::Refused(Rejection::UrlTooLong));
    }
    if target.starts_with('/') && method != Method::CONNECT {
        return Ok(());
    }
    Err(match (method, target) {
        // After `CONNECT` the client would send to a tunnel, which does not exist.
        (&Method::CONNECT, "") => Unfit::Refused(Rejection::NotImplemented),
        (&Method::OPTIONS, "*") => Unfit::Asterisk,
        _ => Unfit::Refused(Rejection::BadRequest),
    })
}

/// Checks the fields that concern the message itself.
fn fields(fields: &HeaderMap, version: Version) -> Result<(), Rejection> {
    let (mut hosts, mut codings, mut length, mut cookies) = (0, 0, 0, 0);
    for (name, value) in fields {
        length += name.as_str().len() + value.len() + ": \r\n".len();
        if name == HOST {
            hosts += 1;
            if !is_host(value.as_bytes()) {
                return Err(Rejection::BadRequest);
            }
        } else if name == COOKIE {
            cookies += value.len();
        } else if name == TRANSFER_ENCODING {
            codings += 1;
            transfer_encoding(value)?;
        } else if name == EXPECT && version >= Version::HTTP_11 {
            expect(value)?;
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

/// The bytes that are allowed in a host name; a table, because every request is checked.
const NAME_BYTES: [bool; 256] = {
    let mut bytes = [false; 256];
    let (mut byte, others) = (0_u8, b"-._~%!$&'()*+;=");
    while byte < 128 {
        bytes[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < others.len() {
        bytes[others[at] as usize] = true;
        at += 1;
    }
    bytes
};

/// Whether a value is `uri-host [ ":" port ]`, which may be empty (RFC 9110 §7.2, RFC 3986 §3.2.2).
///
/// The content of brackets is not validated: no address is derived from it.
fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value.iter().rposition(|&byte| byte == b':' || byte == b']') {
        Some(at) if value[at] == b':' => (&value[..at], &value[at + 1..]),
        _ => (value, [].as_slice()),
    };
    let address = host.strip_prefix(b"[").map(|rest| rest.strip_suffix(b"]"));
    let is_name = |&byte: &u8| NAME_BYTES[usize::from(byte)];
    port.iter().all(u8::is_ascii_digit)
        && match address {
            Some(None) => false,
            Some(Some(address)) => address.iter().all(|byte| *byte == b':' || is_name(byte)),
            None => host.iter().all(is_name),
        }
}

#[cfg(test)]
mod tests;
