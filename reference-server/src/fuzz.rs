//! Doors for the fuzz targets, into rooms that are closed to everybody else.
//!
//! It is built under `cfg(fuzzing)` only, which `cargo fuzz` sets. Each door goes into one room; what must hold behind it is said in
//! `fuzz/fuzz_targets`.

use hyper::Method;
use serde_json::Value;

/// The fields of a body as a form.
#[must_use]
pub fn form(content_type: &str, content: &[u8]) -> Vec<(String, String)> {
    crate::body::Form::parse(content_type, content).0
}

/// A body as JSON.
#[must_use]
pub fn json(content_type: &str, content: &[u8]) -> Option<Value> {
    crate::body::parse_json(content_type, content)
}

/// A value as an answer shows it.
#[must_use]
pub fn shown(value: &Value) -> Vec<u8> {
    crate::json::to_answer(value).into()
}

/// The name of the route that a method and a path as it was sent lead to.
#[must_use]
pub fn route(method: &Method, path: &str) -> String {
    format!("{:?}", crate::router::route(method, &crate::app::decoded(path)))
}

/// Whether the gate lets everybody pass to a path as it was sent.
#[must_use]
pub fn is_open(path: &str) -> bool {
    let auth = crate::auth::Auth::new(None);
    !auth.require_auth(Some(&crate::app::decoded(path)), Some(crate::app::EXCLUDED_PATHS))
}
