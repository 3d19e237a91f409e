//! Tests of the class `SessionAuth` (Session tasks 1, 2, 3, 6 and 8).
//!
//! The calls with 89 are those with `None` here: see the module `auth`.

use super::super::tests::{auth, request, users, with_session_cookie};
use super::*;
use crate::model::Model as _;

fn session_auth() -> SessionAuth {
    SessionAuth::new(auth())
}

fn open(session_auth: &SessionAuth, user_id: &str) -> String {
    session_auth.create_session(Some(user_id.into())).unwrap().to_string()
}

#[test]
fn starts_without_sessions() {
    assert!(session_auth().user_id_by_session_id().is_empty());
}

#[test]
fn extends_the_base_class() {
    let session_auth = session_auth();
    assert!(session_auth.auth().require_auth(Some("/api/v1/users"), Some(&["/api/v1/status/"])));
    assert!(session_auth.auth().authorization_header(None).is_none());
}

#[test]
fn creates_no_session_without_a_user_id() {
    let session_auth = session_auth();
    assert_eq!(session_auth.create_session(None), None);
    assert!(session_auth.user_id_by_session_id().is_empty());
}

#[test]
fn session_id_is_a_version_4_uuid() {
    let session_auth = session_auth();
    let session_id = open(&session_auth, "abcde");
    let uuid = Uuid::parse_str(&session_id).unwrap();
    assert_eq!((uuid.get_version_num(), uuid.to_string()), (4, session_id.clone()));
    assert_eq!(session_auth.user_id_by_session_id(), [(session_id, "abcde".to_owned())].into());
}

#[test]
fn a_user_may_have_several_sessions() {
    let session_auth = session_auth();
    let (one, other) = (open(&session_auth, "abcde"), open(&session_auth, "abcde"));
    assert_ne!(one, other);
    assert_eq!(session_auth.user_id_for_session_id(Some(&one)).as_deref(), Some("abcde"));
    assert_eq!(session_auth.user_id_for_session_id(Some(&other)).as_deref(), Some("abcde"));
}

#[test]
fn no_user_id_without_a_session_id() {
    assert_eq!(session_auth().user_id_for_session_id(None), None);
}

#[test]
fn no_user_id_for_an_unknown_session_id() {
    let session_auth = session_auth();
    open(&session_auth, "abcde");
    for unknown in ["doesntexist", "", "5535d4d7-3d77-4d06-8281-495dc3acfe76"] {
        assert_eq!(session_auth.user_id_for_session_id(Some(unknown)), None);
    }
}

#[test]
fn rejects_other_spellings_of_a_session_id() {
    let session_auth = session_auth();
    let session_id = open(&session_auth, "abcde");
    for other in [
        session_id.to_uppercase().replace(|digit: char| digit.is_ascii_digit(), "A"),
        session_id.replace('-', ""),
        format!("{{{session_id}}}"),
        format!("urn:uuid:{session_id}"),
        format!(" {session_id}"),
    ] {
        assert_eq!(session_auth.user_id_for_session_id(Some(&other)), None, "{other}");
    }
    assert!(SessionId::parse(Some("DF05B4E1-d117-444c-a0cc-ba0d167889c4")).is_none());
    assert!(SessionId::parse(Some("df05b4e1-d117-444c-a0cc-ba0d167889c4")).is_some());
}

#[tokio::test]
async fn session_cookie_identifies_the_user() {
    let (_folder, users) = users(&[("bobsession@hbtn.io", "fake pwd")]).await;
    let user = users.search("bobsession@hbtn.io").unwrap();
    let session_auth = session_auth();
    let session_id = open(&session_auth, user.id());
    let current_user = session_auth.current_user(Some(&with_session_cookie(session_id)), &users).unwrap();
    assert_eq!(current_user.id(), user.id());
}

#[tokio::test]
async fn no_user_without_a_known_cookie() {
    let (_folder, users) = users(&[("bobsession@hbtn.io", "fake pwd")]).await;
    let session_auth = session_auth();
    assert!(session_auth.current_user(None, &users).is_none());
    assert!(session_auth.current_user(Some(&request(&[])), &users).is_none());
    assert!(session_auth.current_user(Some(&with_session_cookie("Holberton")), &users).is_none());
}

#[tokio::test]
async fn no_user_for_the_session_of_a_deleted_user() {
    let (_folder, users) = users(&[]).await;
    let session_auth = session_auth();
    let session_id = open(&session_auth, "abcde");
    assert!(session_auth.current_user(Some(&with_session_cookie(session_id)), &users).is_none());
}

#[test]
fn destroys_nothing_without_a_session() {
    let session_auth = session_auth();
    open(&session_auth, "abcde");
    assert!(!session_auth.destroy_session(None));
    assert!(!session_auth.destroy_session(Some(&request(&[]))));
    assert!(!session_auth.destroy_session(Some(&with_session_cookie("Holberton"))));
    assert_eq!(session_auth.user_id_by_session_id().len(), 1);
}

#[test]
fn destroys_only_the_session_of_the_cookie() {
    let session_auth = session_auth();
    let (one, other) = (open(&session_auth, "abcde"), open(&session_auth, "abcde"));
    assert!(session_auth.destroy_session(Some(&with_session_cookie(&one))));
    assert_eq!(session_auth.user_id_for_session_id(Some(&one)), None);
    assert_eq!(session_auth.user_id_for_session_id(Some(&other)).as_deref(), Some("abcde"));
    assert!(!session_auth.destroy_session(Some(&with_session_cookie(&one))));
}
