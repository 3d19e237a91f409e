//! Tests of the checks of a request's head.

use hyper::Request;
use hyper::http::request::Builder;

use super::*;

/// The status with which a request is rejected.
fn status(request: Builder) -> Option<u16> {
    let (head, ()) = request.body(()).unwrap().into_parts();
    early_reply(&head).map(|reply| reply.into_response().status().as_u16())
}

#[test]
fn accepts_only_valid_hosts() {
    for host in [
        "",
        "x",
        "example.com",
        "example.com:80",
        "x:",
        "127.0.0.1:5000",
        "[::1]",
        "[::1]:80",
        "a%20b",
        "_x~",
    ] {
        assert!(is_host(host.as_bytes()), "{host}");
    }
    for host in [
        "x y", "a@x", "x/y", "x,y", "x:a", "x:1:2", "::1", "[::1", "::1]", "[::1]x", "[a]b]", "[x y]", "é",
        "x?",
    ] {
        assert!(!is_host(host.as_bytes()), "{host}");
    }
}

#[test]
fn only_http_1_0_may_omit_host() {
    let status = |version| status(Request::builder().uri("/").version(version));
    assert_eq!(status(Version::HTTP_10), None);
    assert_eq!(status(Version::HTTP_11), Some(400));
}

#[test]
fn counts_the_size_of_fields_as_sent() {
    let status = |length| {
        // `Host: x`, `A: …` and their line ends.
        let filling = "x".repeat(length - 9 - 5);
        status(Request::builder().uri("/").header("Host", "x").header("A", filling))
    };
    assert_eq!(status(MAX_FIELDS), None);
    assert_eq!(status(MAX_FIELDS + 1), Some(431));
}
