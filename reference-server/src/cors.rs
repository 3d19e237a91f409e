//! Lets pages of any origin read the answers, as `CORS(app, resources={r"/api/v1/*": {"origins": "*"}})`
//! does.
//!
//! In go the head of the request and the response that is about to leave; headers are added to the latter.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
};
use hyper::http::request::Parts;
use hyper::{Method, Response};

const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");
const ANY_METHOD: HeaderValue = HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");

/// Adds to an answer under `/api/v1` what a browser needs to show it to a page of another origin.
///
/// Without an `Origin` any origin is allowed; with one, that origin is named, and caches are told. A
/// preflight (an `OPTIONS` that names a method) also hears which methods and headers may follow.
pub(crate) fn after_request<B>(head: &Parts, path: &str, response: &mut Response<B>) {
    if !path.starts_with("/api/v1") {
        return;
    }
    let headers = response.headers_mut();
    match head.headers.get(ORIGIN) {
        None => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN);
        }
        Some(origin) => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(VARY, HeaderValue::from_name(ORIGIN));
        }
    }
    if head.method == Method::OPTIONS && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, ANY_METHOD);
        if let Some(names) = head.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
    }
}
