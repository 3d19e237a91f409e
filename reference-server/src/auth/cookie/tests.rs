//! What Werkzeug reads, row by row: each was tried with Flask 3.1.

use hyper::header::HeaderValue;

use super::*;

/// The value of the cookie `s` in one header.
fn value(header: &[u8]) -> Option<String> {
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::from_bytes(header).unwrap());
    get(&headers, "s").map(Cow::into_owned)
}

#[test]
fn a_value_is_read_as_it_is() {
    assert_eq!(value(b"s=Hello").as_deref(), Some("Hello"));
    assert_eq!(value(b"t=1; s=a=b; u=2").as_deref(), Some("a=b"));
    assert_eq!(value(b"s=%20x").as_deref(), Some("%20x"));
    assert_eq!(value(b"s=a,s=b").as_deref(), Some("a,s=b"));
    assert_eq!(value(br"s=a\073").as_deref(), Some(r"a\073"));
}

#[test]
fn spaces_in_a_value_stay_and_around_it_go() {
    assert_eq!(value(b"s=C is fun").as_deref(), Some("C is fun"));
    assert_eq!(value(b" s = a ; t=1").as_deref(), Some("a"));
}

#[test]
fn the_first_of_two_is_meant() {
    assert_eq!(value(b"s=a; s=b").as_deref(), Some("a"));
}

#[test]
fn a_cookie_may_be_empty() {
    for header in [&b"s="[..], b"s", b"t=1;s;u=2", b"s=\"\""] {
        assert_eq!(value(header).as_deref(), Some(""), "{header:?}");
    }
}

#[test]
fn a_name_is_compared_whole_and_by_case() {
    for header in [&b"S=1"[..], b"ss=1", b"t=s=1", b"", b";;", b"=s"] {
        assert_eq!(value(header), None, "{header:?}");
    }
    assert_eq!(value(b"=x; s=1").as_deref(), Some("1"));
}

#[test]
fn quotes_around_a_value_are_taken_off() {
    assert_eq!(value(b"s=\"C is fun\"").as_deref(), Some("C is fun"));
    assert_eq!(value(b"s=\"a;b\"; t=1").as_deref(), Some("a;b"));
    assert_eq!(value(b"t=\"x;s=1\"; s=2").as_deref(), Some("2"));
    assert_eq!(value(b"s= \"a\" ; t=1").as_deref(), Some("a"));
}

#[test]
fn what_is_escaped_in_quotes_is_put_back() {
    assert_eq!(value(br#"s="a\073b""#).as_deref(), Some("a;b"));
    assert_eq!(value(br#"s="a\"b\\""#).as_deref(), Some(r#"a"b\"#));
    assert_eq!(value(br#"s="\303\251""#).as_deref(), Some("é"));
    assert_eq!(value(br#"s="\477""#).as_deref(), Some("477"));
}

#[test]
fn quotes_that_are_not_around_the_value_are_letters() {
    assert_eq!(value(b"s=\"").as_deref(), Some("\""));
    assert_eq!(value(b"s=\"a\" b").as_deref(), Some("\"a\" b"));
    assert_eq!(value(b"s=\"ab; t=\"c\"").as_deref(), Some("\"ab"));
    assert_eq!(value(b"s=\"a\" \"b;c\"").as_deref(), Some("\"a\" \"b"));
}

#[test]
fn bytes_that_are_not_utf_8_are_replaced() {
    assert_eq!(value("s=é".as_bytes()).as_deref(), Some("é"));
    assert_eq!(value(b"s=\xff").as_deref(), Some("\u{fffd}"));
    assert_eq!(value(br#"s="\377""#).as_deref(), Some("\u{fffd}"));
}

#[test]
fn a_cookie_in_a_second_header_is_found() {
    let mut headers = HeaderMap::new();
    headers.append(COOKIE, HeaderValue::from_static("t=1"));
    headers.append(COOKIE, HeaderValue::from_static("s=2"));
    assert_eq!(get(&headers, "s").as_deref(), Some("2"));
}
