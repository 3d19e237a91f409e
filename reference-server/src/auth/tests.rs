//! The rules of the class `Auth` (Basic tasks 3, 4, 5 and 13, Session task 4), and what the auth tests share.

use hyper::Request;
use hyper::http::HeaderName;
use tempfile::TempDir;

use super::*;
use crate::store::{Directory, Store};

/// The head of a request with some headers.
pub(super) fn request(headers: &[(HeaderName, &[u8])]) -> Parts {
    let mut request = Request::new(());
    for (name, value) in headers {
        request.headers_mut().append(name, HeaderValue::from_bytes(value).unwrap());
    }
    request.into_parts().0
}

/// A base that knows the session's cookie by the name of the transcripts.
pub(super) fn auth() -> Auth {
    Auth::new(Some("_my_session_id".to_owned()))
}

/// The head of a request that carries a Session ID.
pub(super) fn with_session_cookie(session_id: impl std::fmt::Display) -> Parts {
    request(&[(hyper::header::COOKIE, format!("_my_session_id={session_id}").as_bytes())])
}

/// A store of users with these e-mail addresses and passwords, and the folder it lives in.
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
fn no_path_requires_auth() {
    assert!(auth().require_auth(None, None));
    assert!(auth().require_auth(None, Some(&[])));
    assert!(auth().require_auth(None, Some(&["/api/v1/status/"])));
}

#[test]
fn every_path_requires_auth_when_no_path_is_excluded() {
    assert!(auth().require_auth(Some("/api/v1/status/"), None));
    assert!(requires_auth("/api/v1/status/", &[]));
}

#[test]
fn an_excluded_path_requires_none_with_or_without_its_final_slash() {
    assert!(!requires_auth("/api/v1/status/", &["/api/v1/status/"]));
    assert!(!requires_auth("/api/v1/status", &["/api/v1/status/"]));
    assert!(!requires_auth("/api/v1/stats/", &["/api/v1/status/", "/api/v1/stats"]));
}

#[test]
fn a_path_that_is_not_in_the_list_requires_auth() {
    assert!(requires_auth("/api/v1/users", &["/api/v1/status/"]));
    assert!(requires_auth("/api/v1/users", &["/api/v1/status/", "/api/v1/stats"]));
}

#[test]
fn a_path_that_only_begins_like_an_excluded_one_requires_auth() {
    for path in ["/api/v1/stat", "/api/v1/statuses", "/api/v1/status/x", "/api/v1/status//", "", "/"] {
        assert!(requires_auth(path, &["/api/v1/status/"]), "{path}");
    }
}

#[test]
fn an_entry_that_ends_in_a_star_excludes_whatever_begins_like_it() {
    assert!(requires_auth("/api/v1/users", &["/api/v1/stat*"]));
    assert!(!requires_auth("/api/v1/status", &["/api/v1/stat*"]));
    assert!(!requires_auth("/api/v1/stats", &["/api/v1/stat*"]));
    assert!(!requires_auth("/api/v1/stats/", &["/api/v1/users/", "/api/v1/stat*"]));
    assert!(!requires_auth("/api/v1/stat", &["/api/v1/stat*"]));
    assert!(requires_auth("/api/v1/sta", &["/api/v1/stat*"]));
}

#[test]
fn without_a_request_there_is_no_authorization_header() {
    assert_eq!(auth().authorization_header(None), None);
}

#[test]
fn without_the_header_there_is_no_authorization_header() {
    assert_eq!(auth().authorization_header(Some(&request(&[]))), None);
}

#[test]
fn an_authorization_header_is_returned_as_it_is() {
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
fn without_a_request_there_is_no_session_cookie() {
    assert_eq!(auth().session_cookie(None), None);
}

#[test]
fn the_session_cookie_is_the_one_that_session_name_names() {
    let request = with_session_cookie("Hello");
    assert_eq!(auth().session_cookie(Some(&request)).as_deref(), Some("Hello"));
    assert_eq!(Auth::new(Some("another".to_owned())).session_cookie(Some(&request)), None);
}

#[test]
fn without_session_name_there_is_never_a_session_cookie() {
    assert_eq!(Auth::new(None).session_cookie(Some(&with_session_cookie("Hello"))), None);
}

#[test]
fn the_base_class_recognises_nobody() {
    assert!(auth().current_user(None).is_none());
    assert!(auth().current_user(Some(&request(&[(AUTHORIZATION, b"Test")]))).is_none());
}
