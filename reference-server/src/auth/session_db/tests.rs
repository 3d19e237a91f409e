//! Tests of the class `SessionDBAuth` (Session task 10).

use std::fs;
use std::path::Path;

use super::super::tests::{auth, request, with_session_cookie};
use super::*;
use crate::store::Directory;

fn lasting(seconds: i64, folder: &Path) -> SessionDbAuth {
    SessionDbAuth::new(auth(), seconds, Directory::open(folder).unwrap().store().unwrap())
}

async fn open(auth: &SessionDbAuth) -> String {
    auth.create_session(Some("abcde".into())).await.unwrap().unwrap().to_string()
}

/// Writes a stored session in the course's format.
fn write(folder: &Path, created_at: &str) {
    let session = format!(
        r#"{{"1": {{"id": "1", "created_at": "{created_at}", "updated_at": "{created_at}",
                 "user_id": "abcde", "session_id": "doesexist"}}}}"#
    );
    fs::write(folder.join(".db_UserSession.json"), session).unwrap();
}

#[tokio::test]
async fn creates_no_session_without_a_user_id() {
    let folder = tempfile::tempdir().unwrap();
    let auth = lasting(60, folder.path());
    assert_eq!(auth.create_session(None).await.unwrap(), None);
    assert_eq!(auth.user_sessions.count(), 0);
}

#[tokio::test]
async fn session_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let session_id = open(&lasting(60, folder.path())).await;
    let auth = lasting(60, folder.path());
    assert_eq!(auth.user_id_for_session_id(Some(&session_id)).as_deref(), Some("abcde"));
}

#[tokio::test]
async fn a_stored_session_has_five_attributes() {
    let folder = tempfile::tempdir().unwrap();
    let session_id = open(&lasting(60, folder.path())).await;
    let content = fs::read(folder.path().join(".db_UserSession.json")).unwrap();
    let content: serde_json::Value = serde_json::from_slice(&content).unwrap();
    let (id, attributes) = content.as_object().unwrap().iter().next().unwrap();
    let names: Vec<_> = attributes.as_object().unwrap().keys().collect();
    assert_eq!(names, ["created_at", "id", "session_id", "updated_at", "user_id"]);
    assert_eq!((&attributes["id"], &attributes["user_id"]), (&id.as_str().into(), &"abcde".into()));
    assert_eq!(attributes["session_id"], session_id);
}

#[tokio::test]
async fn no_user_id_without_a_known_session_id() {
    let folder = tempfile::tempdir().unwrap();
    let auth = lasting(60, folder.path());
    open(&auth).await;
    assert_eq!(auth.user_id_for_session_id(None), None);
    assert_eq!(auth.user_id_for_session_id(Some("doesntexist")), None);
}

#[test]
fn session_expires_after_its_duration() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "2017-10-16T04:23:04");
    let auth = lasting(60, folder.path());
    let is_live = |now: &str| auth.user_session(Some("doesexist"), now.parse().unwrap()).is_some();
    assert!(is_live("2017-10-16T04:23:04"));
    assert!(is_live("2017-10-16T04:24:04"));
    assert!(!is_live("2017-10-16T04:24:05"));
    assert_eq!(auth.user_id_for_session_id(Some("doesexist")), None);
}

#[test]
fn duration_of_0_or_less_never_expires() {
    for duration in [0, -1, i64::MIN] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "2017-10-16T04:23:04");
        let auth = lasting(duration, folder.path());
        assert_eq!(auth.user_id_for_session_id(Some("doesexist")).as_deref(), Some("abcde"));
    }
}

#[tokio::test]
async fn a_destroyed_session_stays_destroyed() {
    let folder = tempfile::tempdir().unwrap();
    let auth = lasting(60, folder.path());
    let session_id = open(&auth).await;
    let request = with_session_cookie(&session_id);
    assert!(auth.destroy_session(Some(&request)).await.unwrap());
    assert!(!auth.destroy_session(Some(&request)).await.unwrap());
    drop(auth);
    assert_eq!(lasting(60, folder.path()).user_id_for_session_id(Some(&session_id)), None);
}

#[tokio::test]
async fn destroys_nothing_without_a_live_session() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "2017-10-16T04:23:04");
    let auth = lasting(60, folder.path());
    assert!(!auth.destroy_session(None).await.unwrap());
    assert!(!auth.destroy_session(Some(&request(&[]))).await.unwrap());
    assert!(!auth.destroy_session(Some(&with_session_cookie("doesntexist"))).await.unwrap());
    assert!(!auth.destroy_session(Some(&with_session_cookie("doesexist"))).await.unwrap());
}

#[tokio::test]
async fn no_session_if_the_write_fails() {
    let folder = tempfile::tempdir().unwrap();
    let auth = lasting(60, folder.path());
    fs::create_dir(folder.path().join(".db_UserSession.journal")).unwrap();
    assert!(auth.create_session(Some("abcde".into())).await.is_err());
    assert_eq!(auth.user_sessions.count(), 0);
}

#[tokio::test]
async fn removes_expired_sessions_at_the_threshold() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "2017-10-16T04:23:04");
    let auth = lasting(60, folder.path());
    auth.next_sweep.store(1, Ordering::Relaxed);
    let session_id = open(&auth).await;
    assert_eq!(auth.user_sessions.count(), 1);
    assert!(auth.user_id_for_session_id(Some(&session_id)).is_some());
    assert_eq!(auth.next_sweep.load(Ordering::Relaxed), MIN_SWEEP);
}
