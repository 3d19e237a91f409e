//! Tests of the checks of a request's head.

use super::*;

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
    let request = |version| Request::builder().uri("/").version(version).body(()).unwrap();
    assert!(check(&request(Version::HTTP_10)).is_ok());
    assert!(matches!(check(&request(Version::HTTP_11)), Err(Unfit::Refused(Rejection::BadRequest))));
}

#[test]
fn counts_the_size_of_fields_as_sent() {
    let request = |length| {
        // `Host: x`, `A: …` and their line ends.
        let filling = "x".repeat(length - 9 - 5);
        Request::builder().uri("/").header("Host", "x").header("A", filling).body(()).unwrap()
    };
    assert!(check(&request(MAX_FIELDS)).is_ok());
    assert!(matches!(check(&request(MAX_FIELDS + 1)), Err(Unfit::Refused(Rejection::FieldsTooLarge))));
}
