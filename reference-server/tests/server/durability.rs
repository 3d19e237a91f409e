//! Tests that acknowledged changes survive every end of the server.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::curl::{JSON, LOGOUT};
use crate::process::{BOB, BOBSESSION, Server, folder, journal, users_file};

#[test]
fn changes_survive_a_restart() {
    let folder = folder(&[BOB, BOBSESSION]);
    let server = Server::start(folder.path(), &[]);
    let new_user = r#"{"email": "eve@hbtn.io", "password": "pwd", "last_name": "É"}"#;
    let created = server.curl("/api/v1/users", &["-H", JSON, "-d", new_user]).json();
    let bob = format!("/api/v1/users/{}", BOB[0]);
    let updated = server.curl(&bob, &["-X", "PUT", "-H", JSON, "-d", r#"{"first_name": "Bob"}"#]).json();
    server.curl(&format!("/api/v1/users/{}", BOBSESSION[0]), &["-X", "DELETE"]);
    server.kill();

    let server = Server::start(folder.path(), &[]);
    assert_eq!(server.curl("/api/v1/users", &[]).json(), serde_json::json!([updated, created]));
}

#[test]
fn a_stop_leaves_only_the_file_of_the_course() {
    let folder = folder(&[BOB]);
    let server = Server::start(folder.path(), &[]);
    rename_bob(&server);
    server.signal("TERM");
    assert!(server.wait().0.success());

    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_bob_is_renamed(folder.path());
}

#[test]
fn file_of_an_idle_server_has_every_change() {
    let folder = folder(&[BOB]);
    let server = Server::start(folder.path(), &[]);
    rename_bob(&server);
    while journal(folder.path()).exists() {
        thread::sleep(Duration::from_millis(10));
    }
    assert_bob_is_renamed(folder.path());
    server.kill();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn rename_bob(server: &Server) {
    let bob = format!("/api/v1/users/{}", BOB[0]);
    server.curl(&bob, &["-X", "PUT", "-H", JSON, "-d", r#"{"first_name": "É"}"#]);
}

fn assert_bob_is_renamed(folder: &Path) {
    let content = fs::read_to_string(users_file(folder)).unwrap();
    assert!(content.is_ascii());
    let users: serde_json::Value = serde_json::from_str(&content).unwrap();
    let stored = &users[BOB[0]];
    assert_eq!((&stored["id"], &stored["email"]), (&BOB[0].into(), &BOB[2].into()));
    assert_eq!((&stored["created_at"], &stored["_password"]), (&BOB[1].into(), &BOB[3].into()));
    assert_eq!((&stored["first_name"], &stored["last_name"]), (&"É".into(), &serde_json::Value::Null));
    assert_eq!(stored.as_object().unwrap().len(), 7);
}

#[test]
fn only_stored_sessions_survive_a_restart() {
    for (auth_type, status) in [("session_db_auth", 200), ("session_auth", 403), ("session_exp_auth", 403)] {
        let folder = folder(&[BOBSESSION]);
        let environment = [("AUTH_TYPE", auth_type), ("SESSION_NAME", "_my_session_id")];
        let server = Server::start(folder.path(), &environment);
        let session_id = server.login().session_id();
        server.kill();

        let server = Server::start(folder.path(), &environment);
        assert_eq!(server.with_session(&session_id, "/api/v1/users/me", &[]).status, status, "{auth_type}");
    }
}

#[test]
fn a_logout_survives_a_restart() {
    let folder = folder(&[BOBSESSION]);
    let environment = [("AUTH_TYPE", "session_db_auth"), ("SESSION_NAME", "_my_session_id")];
    let server = Server::start(folder.path(), &environment);
    let session_id = server.login().session_id();
    let logout = server.with_session(&session_id, LOGOUT, &["-X", "DELETE"]);
    assert_eq!((logout.status, logout.body.as_str()), (200, "{}\n"));
    server.kill();

    let server = Server::start(folder.path(), &environment);
    assert_eq!(server.with_session(&session_id, "/api/v1/users/me", &[]).status, 403);
}
