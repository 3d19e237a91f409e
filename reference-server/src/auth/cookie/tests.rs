//! Tests of cookie parsing. Each row was verified with Flask 3.1.

use hyper::header::HeaderValue;

use super::*;

/// The value of the cookie `s` in one header.
fn value(header: &[u8]) -> Option<String> {
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::from_bytes(header).unwrap());
    get(&headers, "s").map(Cow::into_owned)
}

#[test]
fn reads_a_value_unchanged() {
    assert_eq!(value(b"s=Hello").as_deref(), Some("Hello"));
    assert_eq!(value(b"t=1; s=a=b; u=2").as_deref(), Some("a=b"));
    assert_eq!(value(b"s=%20x").as_deref(), Some("%20x"));
    assert_eq!(value(b"s=a,s=b").as_deref(), Some("a,s=b"));
    assert_eq!(value(br"s=a\073").as_deref(), Some(r"a\073"));
}

#[test]
fn trims_only_outer_spaces() {
    assert_eq!(value(b"s=C is fun").as_deref(), Some("C is fun"));
    assert_eq!(value(b" s = a ; t=1").as_deref(), Some("a"));
}

#[test]
fn first_of_duplicate_cookies_wins() {
    assert_eq!(value(b"s=a; s=b").as_deref(), Some("a"));
}

#[test]
fn accepts_an_empty_cookie() {
    for header in [&b"s="[..], b"s", b"t=1;s;u=2", b"s=\"\""] {
        assert_eq!(value(header).as_deref(), Some(""), "{header:?}");
    }
}

#[test]
fn compares_the_whole_name_case_sensitively() {
    for header in [&b"S=1"[..], b"ss=1", b"t=s=1", b"", b";;", b"=s"] {
        assert_eq!(value(header), None, "{header:?}");
    }
    assert_eq!(value(b"=x; s=1").as_deref(), Some("1"));
}

#[test]
fn removes_quotes() {
    assert_eq!(value(b"s=\"C is fun\"").as_deref(), Some("C is fun"));
    assert_eq!(value(b"s=\"a;b\"; t=1").as_deref(), Some("a;b"));
    assert_eq!(value(b"t=\"x;s=1\"; s=2").as_deref(), Some("2"));
    assert_eq!(value(b"s= \"a\" ; t=1").as_deref(), Some("a"));
}

#[test]
fn decodes_escapes_in_quotes() {
    assert_eq!(value(br#"s="a\073b""#).as_deref(), Some("a;b"));
    assert_eq!(value(br#"s="a\"b\\""#).as_deref(), Some(r#"a"b\"#));
    assert_eq!(value(br#"s="\303\251""#).as_deref(), Some("é"));
    assert_eq!(value(br#"s="\477""#).as_deref(), Some("477"));
}

#[test]
fn inner_quotes_are_literal() {
    assert_eq!(value(b"s=\"").as_deref(), Some("\""));
    assert_eq!(value(b"s=\"a\" b").as_deref(), Some("\"a\" b"));
    assert_eq!(value(b"s=\"ab; t=\"c\"").as_deref(), Some("\"ab"));
    assert_eq!(value(b"s=\"a\" \"b;c\"").as_deref(), Some("\"a\" \"b"));
}

#[test]
fn replaces_invalid_utf_8() {
    assert_eq!(value("s=é".as_bytes()).as_deref(), Some("é"));
    assert_eq!(value(b"s=\xff").as_deref(), Some("\u{fffd}"));
    assert_eq!(value(br#"s="\377""#).as_deref(), Some("\u{fffd}"));
}

#[test]
fn finds_a_cookie_in_a_second_header() {
    let mut headers = HeaderMap::new();
    headers.append(COOKIE, HeaderValue::from_static("t=1"));
    headers.append(COOKIE, HeaderValue::from_static("s=2"));
    assert_eq!(get(&headers, "s").as_deref(), Some("2"));
}
