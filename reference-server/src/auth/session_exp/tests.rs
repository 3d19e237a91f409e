//! Tests of the class `SessionExpAuth` (Session task 9). The time is a parameter, so no test waits.

use super::super::tests::{auth, request, with_session_cookie};
use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn lasting(seconds: i64) -> SessionExpAuth {
    SessionExpAuth::new(auth(), seconds)
}

/// Creates a session at a time and returns its Session ID.
fn open(auth: &SessionExpAuth, now: Instant) -> String {
    auth.create_session_at(Some("abcde".into()), now).unwrap().to_string()
}

#[test]
fn creates_no_session_without_a_user_id() {
    assert_eq!(lasting(60).create_session(None), None);
}

#[test]
fn no_user_id_without_a_known_session_id() {
    let auth = lasting(60);
    auth.create_session(Some("abcde".into()));
    assert_eq!(auth.user_id_for_session_id(None), None);
    assert_eq!(auth.user_id_for_session_id(Some("doesntexist")), None);
    assert_eq!(auth.user_id_for_session_id(Some("5535d4d7-3d77-4d06-8281-495dc3acfe76")), None);
}

#[test]
fn session_expires_after_its_duration() {
    let (auth, start) = (lasting(60), Instant::now());
    let session_id = open(&auth, start);
    let user_id = |after| auth.user_id_for_session_id_at(Some(&session_id), start + after);
    assert_eq!(user_id(Duration::ZERO).as_deref(), Some("abcde"));
    assert_eq!(user_id(10 * SECOND).as_deref(), Some("abcde"));
    assert_eq!(user_id(60 * SECOND).as_deref(), Some("abcde"));
    assert_eq!(user_id(60 * SECOND + Duration::from_millis(1)), None);
    assert_eq!(user_id(61 * SECOND), None);
}

#[test]
fn duration_of_0_or_less_never_expires() {
    for duration in [0, -1, i64::MIN] {
        let (auth, start) = (lasting(duration), Instant::now());
        let session_id = open(&auth, start);
        let later = start + Duration::from_secs(1_000_000_000);
        assert_eq!(auth.user_id_for_session_id_at(Some(&session_id), later).as_deref(), Some("abcde"));
    }
}

#[test]
fn accepts_a_very_long_duration() {
    let auth = lasting(i64::MAX);
    let session_id = auth.create_session(Some("abcde".into())).unwrap().to_string();
    assert_eq!(auth.user_id_for_session_id(Some(&session_id)).as_deref(), Some("abcde"));
}

#[test]
fn a_session_is_destroyed_once() {
    let auth = lasting(60);
    let session_id = auth.create_session(Some("abcde".into())).unwrap();
    assert!(auth.destroy_session(Some(&with_session_cookie(session_id))));
    assert!(!auth.destroy_session(Some(&with_session_cookie(session_id))));
    assert_eq!(auth.user_id_for_session_id(Some(&session_id.to_string())), None);
}

#[test]
fn destroys_nothing_without_a_live_session() {
    let auth = lasting(60);
    let Some(long_ago) = Instant::now().checked_sub(61 * SECOND) else {
        return; // On some systems `Instant` cannot go back before the boot.
    };
    let session_id = open(&auth, long_ago);
    assert!(!auth.destroy_session(None));
    assert!(!auth.destroy_session(Some(&request(&[]))));
    assert!(!auth.destroy_session(Some(&with_session_cookie("Holberton"))));
    assert!(!auth.destroy_session(Some(&with_session_cookie(session_id))));
}

#[test]
fn removes_abandoned_expired_sessions() {
    let (auth, start) = (lasting(1), Instant::now());
    for second in 0..10_000 {
        open(&auth, start + second * SECOND);
    }
    assert!(auth.user_id_by_session_id.read().len() < 100);
}

#[test]
fn keeps_live_sessions_when_removing_expired_ones() {
    let (auth, start) = (lasting(60), Instant::now());
    let session_ids: Vec<_> = (0..1000).map(|_| open(&auth, start)).collect();
    assert!(
        session_ids
            .iter()
            .all(|session_id| auth.user_id_for_session_id_at(Some(session_id), start).is_some())
    );
}
