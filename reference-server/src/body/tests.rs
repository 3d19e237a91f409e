//! Tests of forms and JSON bodies.

use super::*;

fn value(content: &[u8]) -> Option<String> {
    Form::parse("application/x-www-form-urlencoded", content).get("p").map(str::to_owned)
}

#[test]
fn reads_every_encoding_of_a_space() {
    for content in [&b"p=fake pwd"[..], b"p=fake+pwd", b"p=fake%20pwd"] {
        assert_eq!(value(content).as_deref(), Some("fake pwd"));
    }
}

#[test]
fn decodes_a_value_once() {
    assert_eq!(value(b"p=bob%40hbtn.io").as_deref(), Some("bob@hbtn.io"));
    assert_eq!(value(b"p=%2541").as_deref(), Some("%41"));
    assert_eq!(value("p=%C3%A9é".as_bytes()).as_deref(), Some("éé"));
    assert_eq!(value(b"p=%zz%4").as_deref(), Some("%zz%4"));
}

#[test]
fn replaces_invalid_utf_8() {
    assert_eq!(value(b"p=%ff").as_deref(), Some("\u{fffd}"));
    assert_eq!(value(b"p=\xff").as_deref(), Some("\u{fffd}"));
}

#[test]
fn first_of_duplicate_fields_wins() {
    assert_eq!(value(b"p=1&p=2").as_deref(), Some("1"));
}

#[test]
fn distinguishes_empty_and_missing_fields() {
    assert_eq!(value(b"p=").as_deref(), Some(""));
    assert_eq!(value(b"p").as_deref(), Some(""));
    assert_eq!(value(b""), None);
    assert_eq!(value(b"q=1;p=2"), None);
}

#[test]
fn other_content_types_have_no_fields() {
    let fields = |content_type| Form::parse(content_type, b"p=1").get("p").is_some();
    assert!(fields("Application/X-WWW-Form-Urlencoded; charset=utf-8"));
    for other in ["", "text/plain", "application/json", "multipart/form-data"] {
        assert!(!fields(other), "{other}");
    }
}

#[test]
fn requires_a_json_content_type() {
    for json in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"] {
        assert!(is_json(json), "{json}");
    }
    for other in ["", "text/json", "application/jsonp", "application/x-www-form-urlencoded", "text/x+json"] {
        assert!(!is_json(other), "{other}");
    }
}
