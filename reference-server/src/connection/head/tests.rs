//! Bytes in, the heads of requests out, or what is wrong with them.

use super::*;

#[test]
fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
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
fn a_head_without_fields_is_fit_only_in_http_1_0() {
    let request = |version| Request::builder().uri("/").version(version).body(()).unwrap();
    assert!(check(&request(Version::HTTP_10)).is_ok());
    assert!(matches!(check(&request(Version::HTTP_11)), Err(Unfit::Refused(Rejection::BadRequest))));
}

#[test]
fn fields_are_counted_as_they_were_sent() {
    let request = |length| {
        // `Host: x`, `A: …` and the ends of their lines.
        let filling = "x".repeat(length - 9 - 5);
        Request::builder().uri("/").header("Host", "x").header("A", filling).body(()).unwrap()
    };
    assert!(check(&request(MAX_FIELDS)).is_ok());
    assert!(matches!(check(&request(MAX_FIELDS + 1)), Err(Unfit::Refused(Rejection::FieldsTooLarge))));
}
