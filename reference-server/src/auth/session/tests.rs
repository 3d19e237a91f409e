//! The rules of the class `SessionAuth` (Session tasks 1, 2, 3, 6 and 8).
//!
//! The printed calls with 89 are those with `None` here: see the module `auth`.

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
fn at_first_there_are_no_sessions() {
    assert!(session_auth().user_id_by_session_id().is_empty());
}

#[test]
fn the_base_class_is_inherited() {
    let session_auth = session_auth();
    assert!(session_auth.auth().require_auth(Some("/api/v1/users"), Some(&["/api/v1/status/"])));
    assert!(session_auth.auth().authorization_header(None).is_none());
}

#[test]
fn without_a_user_id_no_session_is_created() {
    let session_auth = session_auth();
    assert_eq!(session_auth.create_session(None), None);
    assert!(session_auth.user_id_by_session_id().is_empty());
}

#[test]
fn a_session_id_is_a_version_4_uuid_and_the_key_of_the_user_id() {
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
fn without_a_session_id_there_is_no_user_id() {
    assert_eq!(session_auth().user_id_for_session_id(None), None);
}

#[test]
fn an_unknown_session_id_has_no_user_id() {
    let session_auth = session_auth();
    open(&session_auth, "abcde");
    for unknown in ["doesntexist", "", "5535d4d7-3d77-4d06-8281-495dc3acfe76"] {
        assert_eq!(session_auth.user_id_for_session_id(Some(unknown)), None);
    }
}

#[test]
fn a_session_id_is_known_only_as_it_was_handed_out() {
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
async fn the_cookie_of_a_session_is_its_user() {
    let (_folder, users) = users(&[("bobsession@hbtn.io", "fake pwd")]).await;
    let user = users.search("bobsession@hbtn.io").unwrap();
    let session_auth = session_auth();
    let session_id = open(&session_auth, user.id());
    let current_user = session_auth.current_user(Some(&with_session_cookie(session_id)), &users).unwrap();
    assert_eq!(current_user.id(), user.id());
}

#[tokio::test]
async fn no_request_no_cookie_and_an_unknown_cookie_are_nobody() {
    let (_folder, users) = users(&[("bobsession@hbtn.io", "fake pwd")]).await;
    let session_auth = session_auth();
    assert!(session_auth.current_user(None, &users).is_none());
    assert!(session_auth.current_user(Some(&request(&[])), &users).is_none());
    assert!(session_auth.current_user(Some(&with_session_cookie("Holberton")), &users).is_none());
}

#[tokio::test]
async fn the_session_of_a_user_who_is_gone_is_nobody() {
    let (_folder, users) = users(&[]).await;
    let session_auth = session_auth();
    let session_id = open(&session_auth, "abcde");
    assert!(session_auth.current_user(Some(&with_session_cookie(session_id)), &users).is_none());
}

#[test]
fn without_request_cookie_or_session_there_is_nothing_to_destroy() {
    let session_auth = session_auth();
    open(&session_auth, "abcde");
    assert!(!session_auth.destroy_session(None));
    assert!(!session_auth.destroy_session(Some(&request(&[]))));
    assert!(!session_auth.destroy_session(Some(&with_session_cookie("Holberton"))));
    assert_eq!(session_auth.user_id_by_session_id().len(), 1);
}

#[test]
fn a_destroyed_session_is_gone_and_the_others_stay() {
    let session_auth = session_auth();
    let (one, other) = (open(&session_auth, "abcde"), open(&session_auth, "abcde"));
    assert!(session_auth.destroy_session(Some(&with_session_cookie(&one))));
    assert_eq!(session_auth.user_id_for_session_id(Some(&one)), None);
    assert_eq!(session_auth.user_id_for_session_id(Some(&other)).as_deref(), Some("abcde"));
    assert!(!session_auth.destroy_session(Some(&with_session_cookie(&one))));
}
