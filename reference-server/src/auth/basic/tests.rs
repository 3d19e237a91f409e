//! Tests of the class `BasicAuth` (Basic tasks 6 to 12), with the calls that the specification prints.
//!
//! The calls with 89 are those with `None` here: see the module `auth`.

use hyper::header::AUTHORIZATION;

use super::super::tests::{auth, request, users};
use super::*;
use crate::model::User;

fn basic() -> BasicAuth {
    BasicAuth::new(auth())
}

fn extracted(header: &str) -> Option<&str> {
    basic().extract_base64_authorization_header(Some(header))
}

fn decoded(base64: &str) -> Option<String> {
    basic().decode_base64_authorization_header(Some(base64))
}

fn credentials(decoded: &str) -> (Option<&str>, Option<&str>) {
    basic().extract_user_credentials(Some(decoded))
}

/// The e-mail address of the user whose credentials are in an `Authorization` header.
fn current_user(header: &[u8], users: &Store<User>) -> Option<String> {
    let request = request(&[(AUTHORIZATION, header)]);
    basic().current_user(Some(&request), users)?.email.clone()
}

#[test]
fn extracts_nothing_without_a_header() {
    assert_eq!(basic().extract_base64_authorization_header(None), None);
}

#[test]
fn extracts_base64_after_basic() {
    assert_eq!(extracted("Basic Holberton"), Some("Holberton"));
    assert_eq!(extracted("Basic SG9sYmVydG9u"), Some("SG9sYmVydG9u"));
    assert_eq!(extracted("Basic SG9sYmVydG9uIFNjaG9vbA=="), Some("SG9sYmVydG9uIFNjaG9vbA=="));
    assert_eq!(extracted("Basic "), Some(""));
    assert_eq!(extracted("Basic  x"), Some(" x"));
}

#[test]
fn extracts_nothing_from_another_scheme() {
    for header in ["", "Holberton School", "Basic1234", "Basic", "basic x", "BASIC x", " Basic x", "Bearer x"]
    {
        assert_eq!(extracted(header), None, "{header}");
    }
}

#[test]
fn decodes_nothing_without_base64() {
    assert_eq!(basic().decode_base64_authorization_header(None), None);
}

#[test]
fn decodes_base64_as_utf_8() {
    assert_eq!(decoded("SG9sYmVydG9u").as_deref(), Some("Holberton"));
    assert_eq!(decoded("SG9sYmVydG9uIFNjaG9vbA==").as_deref(), Some("Holberton School"));
    assert_eq!(decoded("w6k=").as_deref(), Some("é"));
    assert_eq!(decoded("").as_deref(), Some(""));
}

#[test]
fn rejects_invalid_base64() {
    for text in ["Holberton School", "SG9sYmVydG9uIFNjaG9vbA", "SG9s YmVy", " SG9sYmVy", "SG9s=YmVy", "é"] {
        assert_eq!(decoded(text), None, "{text}");
    }
}

#[test]
fn rejects_base64_of_invalid_utf_8() {
    assert_eq!(decoded("test"), None);
}

#[test]
fn no_credentials_without_text() {
    assert_eq!(basic().extract_user_credentials(None), (None, None));
}

#[test]
fn no_credentials_without_a_colon() {
    assert_eq!(credentials("Holberton School"), (None, None));
    assert_eq!(credentials(""), (None, None));
}

#[test]
fn splits_credentials_at_the_colon() {
    assert_eq!(credentials("Holberton:School"), (Some("Holberton"), Some("School")));
    assert_eq!(credentials("bob@gmail.com:toto1234"), (Some("bob@gmail.com"), Some("toto1234")));
    assert_eq!(credentials(":"), (Some(""), Some("")));
}

#[test]
fn password_may_contain_colons() {
    assert_eq!(
        credentials("bob100@hbtn.io:H0lberton:School:98!"),
        (Some("bob100@hbtn.io"), Some("H0lberton:School:98!"))
    );
}

#[tokio::test]
async fn no_user_without_email_or_password() {
    let (_folder, users) = users(&[("bob@hbtn.io", "H0lbertonSchool98!")]).await;
    let basic = basic();
    assert!(basic.user_object_from_credentials(None, None, &users).is_none());
    assert!(basic.user_object_from_credentials(None, Some("H0lbertonSchool98!"), &users).is_none());
    assert!(basic.user_object_from_credentials(Some("bob@hbtn.io"), None, &users).is_none());
}

#[tokio::test]
async fn no_user_for_an_unknown_email() {
    let (_folder, nobody) = users(&[]).await;
    assert!(basic().user_object_from_credentials(Some("bob@hbtn.io"), Some("x"), &nobody).is_none());
    let (_folder, bob) = users(&[("bob@hbtn.io", "x")]).await;
    assert!(basic().user_object_from_credentials(Some("u3@gmail.com"), Some("x"), &bob).is_none());
    assert!(basic().user_object_from_credentials(Some("BOB@hbtn.io"), Some("x"), &bob).is_none());
}

#[tokio::test]
async fn no_user_for_a_wrong_password() {
    let (_folder, users) = users(&[("bob@hbtn.io", "x")]).await;
    assert!(basic().user_object_from_credentials(Some("bob@hbtn.io"), Some("y"), &users).is_none());
}

#[tokio::test]
async fn finds_the_user() {
    let (_folder, users) = users(&[("bob@hbtn.io", "x")]).await;
    let user = basic().user_object_from_credentials(Some("bob@hbtn.io"), Some("x"), &users).unwrap();
    assert_eq!(user.email.as_deref(), Some("bob@hbtn.io"));
}

#[tokio::test]
async fn oldest_user_of_a_duplicate_email_wins() {
    let (_folder, users) = users(&[("bob@hbtn.io", "older"), ("bob@hbtn.io", "newer")]).await;
    assert!(basic().user_object_from_credentials(Some("bob@hbtn.io"), Some("older"), &users).is_some());
    assert!(basic().user_object_from_credentials(Some("bob@hbtn.io"), Some("newer"), &users).is_none());
}

#[tokio::test]
async fn finds_the_users_of_the_specification() {
    let credentials = [("bob@hbtn.io", "H0lbertonSchool98!"), ("bob100@hbtn.io", "H0lberton:School:98!")];
    let (_folder, users) = users(&credentials).await;
    let bob = b"Basic Ym9iQGhidG4uaW86SDBsYmVydG9uU2Nob29sOTgh";
    assert_eq!(current_user(bob, &users).as_deref(), Some("bob@hbtn.io"));
    let bob100 = b"Basic Ym9iMTAwQGhidG4uaW86SDBsYmVydG9uOlNjaG9vbDo5OCE=";
    assert_eq!(current_user(bob100, &users).as_deref(), Some("bob100@hbtn.io"));
}

#[tokio::test]
async fn finds_no_user_for_other_headers() {
    let (_folder, users) = users(&[("bob@hbtn.io", "x")]).await;
    for header in [&b"Test"[..], b"", b"Basic", b"Basic test", b"Basic Ym9i", b"Basic \xff", b"\xff"] {
        assert_eq!(current_user(header, &users), None, "{header:?}");
    }
    assert!(basic().current_user(None, &users).is_none());
    assert!(basic().current_user(Some(&request(&[])), &users).is_none());
}
