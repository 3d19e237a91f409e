//! Adds CORS headers, as `CORS(app, resources={r"/api/v1/*": {"origins": "*"}})` does.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
};
use hyper::http::request::Parts;
use hyper::{Method, Response};

const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");
const ANY_METHOD: HeaderValue = HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");

/// Adds the CORS headers to a response under `/api/v1`.
///
/// The response allows any origin; if the request has an `Origin`, it repeats that origin and adds `Vary`. The response
/// to a preflight (an `OPTIONS` that names a method) also lists the allowed methods and headers.
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
