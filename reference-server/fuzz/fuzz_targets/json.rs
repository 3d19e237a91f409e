//! Fuzzes JSON bodies. Property: a valid value survives a round trip through a response. The input is a content type, a
//! line feed, and the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reference_server::fuzz::{json, shown};
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let Ok(content_type) = str::from_utf8(&input[..at]) else { return };
    let content = input.get(at + 1..).unwrap_or_default();
    let _ = json(content_type, content);
    let Some(value) = json("application/json", content) else { return };
    let answer = shown(&value);
    assert!(answer.is_ascii() && answer.ends_with(b"\n"));
    let read = json("application/json", &answer);
    if is_exact(&value) {
        assert_eq!(read, Some(value));
    }
});

/// Whether every number is a 64-bit integer: others are rounded, and no response contains one.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(elements) => elements.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        _ => true,
    }
}
