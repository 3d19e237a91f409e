//! The rules of the class `BasicAuth` (Basic tasks 6 to 12), with the printed calls of each.
//!
//! The printed calls with 89 are those with `None` here: see the module `auth`.

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

/// The e-mail address of the user that an `Authorization` header shows.
fn current_user(header: &[u8], users: &Store<User>) -> Option<String> {
    let request = request(&[(AUTHORIZATION, header)]);
    basic().current_user(Some(&request), users)?.email.clone()
}

#[test]
fn without_a_header_no_base64_is_extracted() {
    assert_eq!(basic().extract_base64_authorization_header(None), None);
}

#[test]
fn what_follows_basic_and_a_space_is_extracted() {
    assert_eq!(extracted("Basic Holberton"), Some("Holberton"));
    assert_eq!(extracted("Basic SG9sYmVydG9u"), Some("SG9sYmVydG9u"));
    assert_eq!(extracted("Basic SG9sYmVydG9uIFNjaG9vbA=="), Some("SG9sYmVydG9uIFNjaG9vbA=="));
    assert_eq!(extracted("Basic "), Some(""));
    assert_eq!(extracted("Basic  x"), Some(" x"));
}

#[test]
fn another_beginning_is_not_extracted() {
    for header in ["", "Holberton School", "Basic1234", "Basic", "basic x", "BASIC x", " Basic x", "Bearer x"]
    {
        assert_eq!(extracted(header), None, "{header}");
    }
}

#[test]
fn without_base64_nothing_is_decoded() {
    assert_eq!(basic().decode_base64_authorization_header(None), None);
}

#[test]
fn base64_is_decoded_as_utf_8() {
    assert_eq!(decoded("SG9sYmVydG9u").as_deref(), Some("Holberton"));
    assert_eq!(decoded("SG9sYmVydG9uIFNjaG9vbA==").as_deref(), Some("Holberton School"));
    assert_eq!(decoded("w6k=").as_deref(), Some("é"));
    assert_eq!(decoded("").as_deref(), Some(""));
}

#[test]
fn what_is_not_base64_is_not_decoded() {
    for text in ["Holberton School", "SG9sYmVydG9uIFNjaG9vbA", "SG9s YmVy", " SG9sYmVy", "SG9s=YmVy", "é"] {
        assert_eq!(decoded(text), None, "{text}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_not_decoded() {
    assert_eq!(decoded("test"), None);
}

#[test]
fn without_a_text_there_are_no_credentials() {
    assert_eq!(basic().extract_user_credentials(None), (None, None));
}

#[test]
fn without_a_colon_there_are_no_credentials() {
    assert_eq!(credentials("Holberton School"), (None, None));
    assert_eq!(credentials(""), (None, None));
}

#[test]
fn a_colon_separates_email_and_password() {
    assert_eq!(credentials("Holberton:School"), (Some("Holberton"), Some("School")));
    assert_eq!(credentials("bob@gmail.com:toto1234"), (Some("bob@gmail.com"), Some("toto1234")));
    assert_eq!(credentials(":"), (Some(""), Some("")));
}

#[test]
fn a_password_may_contain_a_colon() {
    assert_eq!(
        credentials("bob100@hbtn.io:H0lberton:School:98!"),
        (Some("bob100@hbtn.io"), Some("H0lberton:School:98!"))
    );
}

#[tokio::test]
async fn without_email_or_password_there_is_no_user() {
    let (_folder, users) = users(&[("bob@hbtn.io", "H0lbertonSchool98!")]).await;
    let basic = basic();
    assert!(basic.user_object_from_credentials(None, None, &users).is_none());
    assert!(basic.user_object_from_credentials(None, Some("H0lbertonSchool98!"), &users).is_none());
    assert!(basic.user_object_from_credentials(Some("bob@hbtn.io"), None, &users).is_none());
}

#[tokio::test]
async fn an_unknown_email_is_no_user() {
    let (_folder, nobody) = users(&[]).await;
    assert!(basic().user_object_from_credentials(Some("bob@hbtn.io"), Some("x"), &nobody).is_none());
    let (_folder, bob) = users(&[("bob@hbtn.io", "x")]).await;
    assert!(basic().user_object_from_credentials(Some("u3@gmail.com"), Some("x"), &bob).is_none());
    assert!(basic().user_object_from_credentials(Some("BOB@hbtn.io"), Some("x"), &bob).is_none());
}

#[tokio::test]
async fn a_wrong_password_is_no_user() {
    let (_folder, users) = users(&[("bob@hbtn.io", "x")]).await;
    assert!(basic().user_object_from_credentials(Some("bob@hbtn.io"), Some("y"), &users).is_none());
}

#[tokio::test]
async fn the_right_pair_is_the_user() {
    let (_folder, users) = users(&[("bob@hbtn.io", "x")]).await;
    let user = basic().user_object_from_credentials(Some("bob@hbtn.io"), Some("x"), &users).unwrap();
    assert_eq!(user.email.as_deref(), Some("bob@hbtn.io"));
}

#[tokio::test]
async fn of_two_users_with_one_email_the_older_is_meant() {
    let (_folder, users) = users(&[("bob@hbtn.io", "older"), ("bob@hbtn.io", "newer")]).await;
    assert!(basic().user_object_from_credentials(Some("bob@hbtn.io"), Some("older"), &users).is_some());
    assert!(basic().user_object_from_credentials(Some("bob@hbtn.io"), Some("newer"), &users).is_none());
}

#[tokio::test]
async fn the_tokens_of_the_specification_show_their_users() {
    let credentials = [("bob@hbtn.io", "H0lbertonSchool98!"), ("bob100@hbtn.io", "H0lberton:School:98!")];
    let (_folder, users) = users(&credentials).await;
    let bob = b"Basic Ym9iQGhidG4uaW86SDBsYmVydG9uU2Nob29sOTgh";
    assert_eq!(current_user(bob, &users).as_deref(), Some("bob@hbtn.io"));
    let bob100 = b"Basic Ym9iMTAwQGhidG4uaW86SDBsYmVydG9uOlNjaG9vbDo5OCE=";
    assert_eq!(current_user(bob100, &users).as_deref(), Some("bob100@hbtn.io"));
}

#[tokio::test]
async fn whatever_else_is_shown_shows_nobody() {
    let (_folder, users) = users(&[("bob@hbtn.io", "x")]).await;
    for header in [&b"Test"[..], b"", b"Basic", b"Basic test", b"Basic Ym9i", b"Basic \xff", b"\xff"] {
        assert_eq!(current_user(header, &users), None, "{header:?}");
    }
    assert!(basic().current_user(None, &users).is_none());
    assert!(basic().current_user(Some(&request(&[])), &users).is_none());
}
