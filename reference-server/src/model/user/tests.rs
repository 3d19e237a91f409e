//! Tests of `models/user.py`.

use super::*;

fn user(email: Option<&str>, first_name: Option<&str>, last_name: Option<&str>) -> User {
    let mut user = User::new();
    user.email = email.map(str::to_owned);
    user.first_name = first_name.map(str::to_owned);
    user.last_name = last_name.map(str::to_owned);
    user
}

#[test]
fn id_is_a_random_version_4_uuid() {
    let (one, other) = (User::new(), User::new());
    assert_ne!(one.id, other.id);
    let uuid = uuid::Uuid::parse_str(&one.id).unwrap();
    assert_eq!(uuid.get_version_num(), 4);
    assert_eq!(uuid.to_string(), *one.id);
}

#[test]
fn stores_a_password_as_lower_case_sha_256() {
    let mut user = User::new();
    user.set_password(Some("fake pwd"));
    // printf 'fake pwd' | sha256sum
    let expected = "7a321db83885ebbe8358bc1160c803af6cc70c80aa8f750eeb9d21d5f8c75967";
    assert_eq!(user.password.as_deref(), Some(expected));
}

#[test]
fn rejects_other_passwords() {
    let mut user = User::new();
    user.set_password(Some("pässwörd"));
    assert!(user.is_valid_password(Some("pässwörd")));
    for other in ["", "Pässwörd", "pässwörd ", "passwort"] {
        assert!(!user.is_valid_password(Some(other)));
    }
}

#[test]
fn accepts_an_empty_password() {
    let mut user = User::new();
    user.set_password(Some(""));
    assert!(user.is_valid_password(Some("")));
    assert!(!user.is_valid_password(Some(" ")));
}

#[test]
fn a_missing_password_is_never_valid() {
    let mut user = User::new();
    assert!(!user.is_valid_password(Some("")));
    assert!(!user.is_valid_password(None));
    user.set_password(Some("x"));
    assert!(!user.is_valid_password(None));
    user.set_password(None);
    assert!(!user.is_valid_password(Some("x")));
}

#[test]
fn rejects_the_hash_as_password() {
    let mut user = User::new();
    user.set_password(Some("x"));
    let hash = user.password.clone();
    assert!(!user.is_valid_password(hash.as_deref()));
}

#[test]
fn response_has_six_sorted_members_and_no_password() {
    let mut user = user(Some("bob@hbtn.io"), None, None);
    user.set_password(Some("x"));
    let id = user.id.clone();
    let (created_at, updated_at) = (user.created_at, user.updated_at);
    assert_eq!(
        serde_json::to_string(&user.to_json()).unwrap(),
        format!(
            "{{\"created_at\":\"{created_at}\",\"email\":\"bob@hbtn.io\",\"first_name\":null,\
             \"id\":\"{id}\",\"last_name\":null,\"updated_at\":\"{updated_at}\"}}"
        )
    );
}

#[test]
fn response_of_the_transcript_has_210_bytes() {
    let user: User = serde_json::from_value(serde_json::json!({
        "id": "cf3ddee1-ff24-49e4-a40b-2540333fe992",
        "created_at": "2017-10-16T04:23:04",
        "updated_at": "2017-10-16T04:23:04",
        "email": "bobsession@hbtn.io",
        "_password": null,
        "first_name": null,
        "last_name": null,
    }))
    .unwrap();
    assert_eq!(json::body(&user.to_json()).len(), 210);
}

#[test]
fn a_stored_user_without_times_gets_the_current_time() {
    let user: User = serde_json::from_str(r#"{"id": "1", "email": null, "_password": null}"#).unwrap();
    assert!(user.created_at > "2024-01-01T00:00:00".parse().unwrap());
}

#[test]
fn display_name_falls_back_to_one_name_email_or_nothing() {
    let email = Some("bob@hbtn.io");
    assert_eq!(user(email, Some("Bob"), Some("Dylan")).display_name(), "Bob Dylan");
    assert_eq!(user(email, Some("Bob"), None).display_name(), "Bob");
    assert_eq!(user(email, None, Some("Dylan")).display_name(), "Dylan");
    assert_eq!(user(email, None, None).display_name(), "bob@hbtn.io");
    assert_eq!(user(None, None, None).display_name(), "");
}

#[test]
fn a_change_renders_the_response_again() {
    let mut user = user(Some("bob@hbtn.io"), None, None);
    let before = user.body();
    assert_eq!(before, json::body(&user.to_json()));
    user.first_name = Some("Bob".to_owned());
    user.touch(Timestamp::now());
    assert_ne!(user.body(), before);
    assert_eq!(user.body(), json::body(&user.to_json()));
}
