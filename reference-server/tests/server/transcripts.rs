//! Replays every curl exchange of the specification and compares the output of curl byte for byte.
//!
//! The files in `tests/transcripts/` have the exchanges as the specification prints them, with the e-mail addresses
//! restored.

use std::fs;
use std::path::Path;

use regex::Regex;

use crate::curl::error;
use crate::process::{self, BOB, BOB100, BOBSESSION, SESSION_AUTH, Server, folder};

/// Runs the commands of a transcript in order. The Session ID of a login replaces the printed one.
fn replay(server: &Server, name: &str, ids: &[(&str, &str)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(name);
    let mut transcript = fs::read_to_string(path).unwrap();
    for (printed, real) in ids {
        transcript = transcript.replace(printed, real);
    }
    let set_cookie = Regex::new("(?i)< Set-Cookie: (_my_session_id=[0-9a-f-]{36}); Path=/\r\n").unwrap();
    let cookie = Regex::new("_my_session_id=[0-9a-f-]{36}").unwrap();
    let mut session = None;
    let exchanges: Vec<_> = transcript.split("$ curl").skip(1).collect();
    assert!(!exchanges.is_empty());
    for exchange in exchanges {
        let (arguments, expected) = exchange.split_once('\n').unwrap();
        let expected: String = expected.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect();
        let mut line = format!("curl{arguments}");
        if let Some(session) = &session {
            line = cookie.replace(&line, session).into_owned();
        }
        let output = server.run_printed(&line);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{line}");
        if arguments.ends_with("-vvv") {
            let verbose = String::from_utf8(output.stderr).unwrap();
            assert!(verbose.to_lowercase().contains("< content-length: 210\r\n"), "{verbose}");
            session = Some(set_cookie.captures(&verbose).unwrap()[1].to_owned());
        }
    }
}

fn replay_with(users: &[[&str; 4]], environment: &[(&str, &str)], name: &str) {
    let folder = folder(users);
    replay(&Server::start(folder.path(), environment), name, &[]);
}

#[test]
fn basic_task_0_the_status_is_ok() {
    replay_with(&[], &[], "basic-0.txt");
}

#[test]
fn basic_task_1_unauthorized_is_401() {
    replay_with(&[], &[], "basic-1.txt");
}

#[test]
fn basic_task_2_forbidden_is_403() {
    replay_with(&[], &[], "basic-2.txt");
}

#[test]
fn basic_task_5_auth_finds_no_user() {
    replay_with(&[BOB], &[("AUTH_TYPE", "auth")], "basic-5.txt");
}

#[test]
fn basic_task_6_basic_auth_replaces_auth() {
    replay_with(&[BOB], &[("AUTH_TYPE", "basic_auth")], "basic-6.txt");
}

#[test]
fn basic_task_11_credentials_authenticate() {
    replay_with(&[BOB], &[("AUTH_TYPE", "basic_auth")], "basic-11.txt");
}

#[test]
fn basic_task_12_a_password_may_contain_colons() {
    replay_with(&[BOB, BOB100], &[("AUTH_TYPE", "basic_auth")], "basic-12.txt");
}

#[test]
fn session_task_0_me_is_the_authenticated_user() {
    replay_with(&[BOB], &[("AUTH_TYPE", "basic_auth")], "session-0.txt");
}

#[test]
fn session_task_1_session_auth_without_a_session_name() {
    replay_with(&[BOB], &[("AUTH_TYPE", "session_auth")], "session-1.txt");
}

#[test]
fn session_task_4_the_cookie_server_prints_the_cookie() {
    let folder = folder(&[]);
    let main_3 = process::example_program("main_3");
    replay(&Server::start_program(&main_3, folder.path(), SESSION_AUTH), "session-4.txt", &[]);
}

#[test]
fn session_task_5_an_unknown_session_is_forbidden() {
    replay_with(&[BOB], SESSION_AUTH, "session-5.txt");
}

#[test]
fn session_task_6_the_cookie_identifies_the_user() {
    let folder = folder(&[]);
    let main_4 = process::example_program("main_4");
    let server = Server::start_program(&main_4, folder.path(), SESSION_AUTH);
    let printed = Regex::new("^User with ID: ([0-9a-f-]{36}) has a Session ID: ([0-9a-f-]{36})\n$").unwrap();
    let ids = printed.captures(&server.printed).unwrap();
    let (user_id, session_id) =
        ("cf3ddee1-ff24-49e4-a40b-2540333fe992", "9d1648aa-da79-4692-8236-5f9d7f9e9485");
    replay(&server, "session-6.txt", &[(user_id, &ids[1]), (session_id, &ids[2])]);
}

#[test]
fn session_task_7_a_login_returns_the_user_and_sets_the_cookie() {
    replay_with(&[BOBSESSION], SESSION_AUTH, "session-7.txt");
}

#[test]
fn session_task_8_a_logout_ends_the_session() {
    replay_with(&[BOBSESSION], SESSION_AUTH, "session-8.txt");
}

#[test]
fn session_tasks_9_and_10_a_session_expires() {
    for auth_type in ["session_exp_auth", "session_db_auth"] {
        let folder = folder(&[BOBSESSION]);
        let environment =
            [("AUTH_TYPE", auth_type), ("SESSION_NAME", "_my_session_id"), ("SESSION_DURATION", "2")];
        let server = Server::start(folder.path(), &environment);
        let session_id = server.login().session_id();
        assert_eq!(server.with_session(&session_id, "/api/v1/users/me", &[]).status, 200);
        // The only wait for a real clock; a slow machine only makes it longer.
        std::thread::sleep(std::time::Duration::from_millis(2100));
        let response = server.with_session(&session_id, "/api/v1/users/me", &[]);
        assert_eq!(response.error(), error(403, "Forbidden"), "{auth_type}");
    }
}
