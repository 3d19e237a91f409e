//! Makes private parsers accessible to the fuzz targets.
//!
//! Built only under `cfg(fuzzing)`, which `cargo fuzz` sets. The properties that must hold are in `fuzz/fuzz_targets`.

use hyper::Method;
use serde_json::Value;

/// Parses a body as a form and returns its fields.
#[must_use]
pub fn form(content_type: &str, content: &[u8]) -> Vec<(String, String)> {
    crate::body::Form::parse(content_type, content).0
}

/// Parses a body as JSON.
#[must_use]
pub fn json(content_type: &str, content: &[u8]) -> Option<Value> {
    crate::body::parse_json(content_type, content)
}

/// Serializes a value as responses do.
#[must_use]
pub fn shown(value: &Value) -> Vec<u8> {
    crate::json::body(value).into()
}

/// The name of the route for a method and a percent-encoded path.
#[must_use]
pub fn route(method: &Method, path: &str) -> String {
    format!("{:?}", crate::router::route(method, &crate::app::decoded(path)))
}

/// Whether a percent-encoded path needs no authentication.
#[must_use]
pub fn is_open(path: &str) -> bool {
    let auth = crate::auth::Auth::new(None);
    !auth.require_auth(Some(&crate::app::decoded(path)), Some(crate::app::EXCLUDED_PATHS))
}
