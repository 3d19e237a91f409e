//! Tests of the class `Auth` (Basic tasks 3, 4, 5 and 13, Session task 4), and helpers for the other tests of `auth`.

use hyper::Request;
use hyper::http::HeaderName;
use tempfile::TempDir;

use super::*;
use crate::store::{Directory, Store};

/// Creates the head of a request with some headers.
pub(super) fn request(headers: &[(HeaderName, &[u8])]) -> Parts {
    let mut request = Request::new(());
    for (name, value) in headers {
        request.headers_mut().append(name, HeaderValue::from_bytes(value).unwrap());
    }
    request.into_parts().0
}

/// An `Auth` with the cookie name of the transcripts.
pub(super) fn auth() -> Auth {
    Auth::new(Some("_my_session_id".to_owned()))
}

/// Creates the head of a request with a Session ID.
pub(super) fn with_session_cookie(session_id: impl std::fmt::Display) -> Parts {
    request(&[(hyper::header::COOKIE, format!("_my_session_id={session_id}").as_bytes())])
}

/// Creates a store of users with these e-mail addresses and passwords, and its folder.
pub(super) async fn users(credentials: &[(&str, &str)]) -> (TempDir, Store<User>) {
    let folder = tempfile::tempdir().unwrap();
    let users: Store<User> = Directory::open(folder.path()).unwrap().store().unwrap();
    for (email, password) in credentials {
        let mut user = User::new();
        user.email = Some((*email).to_owned());
        user.set_password(Some(password));
        users.save(user).await.unwrap();
    }
    (folder, users)
}

fn requires_auth(path: &str, excluded_paths: &[&str]) -> bool {
    auth().require_auth(Some(path), Some(excluded_paths))
}

#[test]
fn a_missing_path_requires_auth() {
    assert!(auth().require_auth(None, None));
    assert!(auth().require_auth(None, Some(&[])));
    assert!(auth().require_auth(None, Some(&["/api/v1/status/"])));
}

#[test]
fn every_path_requires_auth_without_exclusions() {
    assert!(auth().require_auth(Some("/api/v1/status/"), None));
    assert!(requires_auth("/api/v1/status/", &[]));
}

#[test]
fn excluded_path_ignores_the_final_slash() {
    assert!(!requires_auth("/api/v1/status/", &["/api/v1/status/"]));
    assert!(!requires_auth("/api/v1/status", &["/api/v1/status/"]));
    assert!(!requires_auth("/api/v1/stats/", &["/api/v1/status/", "/api/v1/stats"]));
}

#[test]
fn other_path_requires_auth() {
    assert!(requires_auth("/api/v1/users", &["/api/v1/status/"]));
    assert!(requires_auth("/api/v1/users", &["/api/v1/status/", "/api/v1/stats"]));
}

#[test]
fn excluded_path_is_not_a_prefix() {
    for path in ["/api/v1/stat", "/api/v1/statuses", "/api/v1/status/x", "/api/v1/status//", "", "/"] {
        assert!(requires_auth(path, &["/api/v1/status/"]), "{path}");
    }
}

#[test]
fn final_star_excludes_a_prefix() {
    assert!(requires_auth("/api/v1/users", &["/api/v1/stat*"]));
    assert!(!requires_auth("/api/v1/status", &["/api/v1/stat*"]));
    assert!(!requires_auth("/api/v1/stats", &["/api/v1/stat*"]));
    assert!(!requires_auth("/api/v1/stats/", &["/api/v1/users/", "/api/v1/stat*"]));
    assert!(!requires_auth("/api/v1/stat", &["/api/v1/stat*"]));
    assert!(requires_auth("/api/v1/sta", &["/api/v1/stat*"]));
}

#[test]
fn authorization_header_of_no_request_is_none() {
    assert_eq!(auth().authorization_header(None), None);
}

#[test]
fn missing_authorization_header_is_none() {
    assert_eq!(auth().authorization_header(Some(&request(&[]))), None);
}

#[test]
fn authorization_header_is_unchanged() {
    let shown = |value| {
        let request = request(&[(AUTHORIZATION, value)]);
        auth().authorization_header(Some(&request)).map(|value| value.as_bytes().to_vec())
    };
    assert_eq!(shown(b"Test"), Some(b"Test".to_vec()));
    assert_eq!(shown(b"Basic  x "), Some(b"Basic  x ".to_vec()));
    assert_eq!(shown(b""), Some(b"".to_vec()));
    assert_eq!(shown(b"\xff"), Some(b"\xff".to_vec()));
}

#[test]
fn session_cookie_of_no_request_is_none() {
    assert_eq!(auth().session_cookie(None), None);
}

#[test]
fn session_name_selects_the_cookie() {
    let request = with_session_cookie("Hello");
    assert_eq!(auth().session_cookie(Some(&request)).as_deref(), Some("Hello"));
    assert_eq!(Auth::new(Some("another".to_owned())).session_cookie(Some(&request)), None);
}

#[test]
fn session_cookie_without_session_name_is_none() {
    assert_eq!(Auth::new(None).session_cookie(Some(&with_session_cookie("Hello"))), None);
}

#[test]
fn base_class_finds_no_user() {
    assert!(auth().current_user(None).is_none());
    assert!(auth().current_user(Some(&request(&[(AUTHORIZATION, b"Test")]))).is_none());
}
