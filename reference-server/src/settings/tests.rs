//! Tests of the values of each variable.

use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::read(|name| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| OsString::from(value))
    })
}

fn message(variables: &[(&str, &str)]) -> String {
    read(variables).expect_err("an invalid value").to_string()
}

#[test]
fn defaults_without_variables() {
    let settings = read(&[]).unwrap();
    assert_eq!((settings.api_host.as_str(), settings.api_port), ("0.0.0.0", 5000));
    assert_eq!((settings.auth_type, settings.session_name, settings.session_duration), (None, None, 0));
}

#[test]
fn reads_every_variable() {
    let settings = read(&[
        ("API_HOST", "127.0.0.1"),
        ("API_PORT", "0"),
        ("AUTH_TYPE", "session_exp_auth"),
        ("SESSION_NAME", "_my_session_id"),
        ("SESSION_DURATION", "60"),
    ]);
    let expected = Settings {
        api_host: "127.0.0.1".to_owned(),
        api_port: 0,
        auth_type: Some(AuthType::SessionExpAuth),
        session_name: Some("_my_session_id".to_owned()),
        session_duration: 60,
        harden: false,
    };
    assert_eq!(settings, Ok(expected));
}

#[test]
fn accepts_five_auth_types() {
    let named = |name| read(&[("AUTH_TYPE", name)]).unwrap().auth_type;
    assert_eq!(named("auth"), Some(AuthType::Auth));
    assert_eq!(named("basic_auth"), Some(AuthType::BasicAuth));
    assert_eq!(named("session_auth"), Some(AuthType::SessionAuth));
    assert_eq!(named("session_exp_auth"), Some(AuthType::SessionExpAuth));
    assert_eq!(named("session_db_auth"), Some(AuthType::SessionDbAuth));
}

#[test]
fn rejects_an_unknown_auth_type_and_lists_the_names() {
    assert_eq!(
        message(&[("AUTH_TYPE", "basic")]),
        "AUTH_TYPE is \"basic\": expected auth, basic_auth, session_auth, session_exp_auth or session_db_auth; or unset the variable"
    );
}

#[test]
fn rejects_an_empty_auth_type() {
    assert!(message(&[("AUTH_TYPE", "")]).starts_with("AUTH_TYPE is \"\":"));
}

#[test]
fn rejects_an_invalid_port() {
    for port in ["", "http", "-1", "65536", "5000.0", " 5000"] {
        assert_eq!(
            message(&[("API_PORT", port)]),
            format!("API_PORT is {port:?}: expected an integer from 0 to 65535")
        );
    }
}

#[test]
fn rejects_an_empty_host() {
    assert!(message(&[("API_HOST", " ")]).starts_with("API_HOST is \" \":"));
}

#[test]
fn rejects_an_invalid_session_name() {
    for name in ["", "a b", "a=b", "a;b", "é"] {
        assert!(message(&[("SESSION_NAME", name)]).starts_with("SESSION_NAME is "), "{name:?}");
    }
}

#[test]
fn rejects_a_variable_that_is_not_unicode() {
    use std::os::unix::ffi::OsStringExt as _;
    let error = Settings::read(|name| (name == "AUTH_TYPE").then(|| OsString::from_vec(vec![b'a', 0xff])));
    assert!(error.expect_err("not UTF-8").to_string().starts_with("AUTH_TYPE is "));
}

#[test]
fn a_session_duration_that_is_not_an_integer_is_0() {
    let duration = |text| read(&[("SESSION_DURATION", text)]).unwrap().session_duration;
    assert_eq!([duration(""), duration("1.5"), duration("soon")], [0, 0, 0]);
    assert_eq!([duration("60"), duration(" 60 "), duration("+60"), duration("-1")], [60, 60, 60, -1]);
}
