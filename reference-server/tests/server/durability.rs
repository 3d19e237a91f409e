//! What was acknowledged is on disk, however the server ends.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::thread;

use crate::curl::{JSON, LOGOUT, error};
use crate::process::{BOB, BOBSESSION, SESSION_AUTH, Server, folder, users_file};

/// The ids of all users.
fn user_ids(server: &Server) -> BTreeSet<String> {
    let users = server.curl("/api/v1/users", &[]).json();
    users.as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

/// Creates users on one connection until the server is gone, and notes the id of each that was acknowledged.
fn create_users(address: &str, acknowledged: &Mutex<BTreeSet<String>>) {
    let Ok(mut stream) = TcpStream::connect(address) else { return };
    let Ok(mut reader) = stream.try_clone().map(BufReader::new) else { return };
    let body = r#"{"email": "bob@hbtn.io", "password": "pwd"}"#;
    let request = format!(
        "POST /api/v1/users HTTP/1.1\r\nHost: x\r\n{JSON}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    while stream.write_all(request.as_bytes()).is_ok() {
        let Some(user_id) = created_user(&mut reader) else { return };
        acknowledged.lock().unwrap().insert(user_id);
    }
}

/// The id in a whole answer; `None` when there is none any more.
fn created_user(reader: &mut impl BufRead) -> Option<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
        let line = line.trim_end().to_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let user: serde_json::Value = serde_json::from_slice(&body).unwrap();
    Some(user["id"].as_str().unwrap().to_owned())
}

#[test]
fn no_acknowledged_user_is_lost_when_the_server_is_killed_in_a_storm_of_writes() {
    let folder = folder(&[BOB]);
    for round in 1..=5 {
        let server = Server::start(folder.path(), &[]);
        let before = user_ids(&server);
        let address = server.address.clone();
        let acknowledged = Mutex::new(BTreeSet::new());
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| create_users(&address, &acknowledged));
            }
            while acknowledged.lock().unwrap().len() < 17 * round {
                thread::yield_now();
            }
            server.kill();
        });

        let after = user_ids(&Server::start(folder.path(), &[]));
        let acknowledged = acknowledged.into_inner().unwrap();
        let lost: Vec<_> = before.union(&acknowledged).filter(|id| !after.contains(*id)).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?}");
    }
}

#[test]
fn changes_are_there_after_a_restart() {
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
fn a_file_is_left_that_the_course_can_read() {
    let folder = folder(&[BOB]);
    let server = Server::start(folder.path(), &[]);
    let bob = format!("/api/v1/users/{}", BOB[0]);
    server.curl(&bob, &["-X", "PUT", "-H", JSON, "-d", r#"{"first_name": "É"}"#]);
    server.kill();

    let content = std::fs::read_to_string(users_file(folder.path())).unwrap();
    assert!(content.is_ascii());
    let users: serde_json::Value = serde_json::from_str(&content).unwrap();
    let stored = &users[BOB[0]];
    assert_eq!((&stored["id"], &stored["email"]), (&BOB[0].into(), &BOB[2].into()));
    assert_eq!((&stored["created_at"], &stored["_password"]), (&BOB[1].into(), &BOB[3].into()));
    assert_eq!((&stored["first_name"], &stored["last_name"]), (&"É".into(), &serde_json::Value::Null));
    assert_eq!(stored.as_object().unwrap().len(), 7);
}

#[test]
fn stored_sessions_outlive_the_process_and_other_sessions_do_not() {
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
fn a_logout_outlives_the_process_too() {
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

#[test]
fn a_change_that_cannot_be_stored_is_a_500_and_changes_nothing_until_it_can() {
    let folder = folder(&[BOB, BOBSESSION]);
    let server = Server::start(folder.path(), SESSION_AUTH);
    let session_id = server.login().session_id();
    let ask = |path: &str, arguments: &[&str]| server.with_session(&session_id, path, arguments);
    // A folder in the way of the draft; permissions would not stop a test that root runs.
    let obstacle = folder.path().join(".db_User.json.tmp");
    std::fs::create_dir(&obstacle).unwrap();

    let new_user = ["-H", JSON, "-d", r#"{"email": "eve@hbtn.io", "password": "pwd"}"#];
    let bob = format!("/api/v1/users/{}", BOB[0]);
    let failed = error(500, "Internal server error");
    assert_eq!(ask("/api/v1/users", &new_user).error(), failed);
    assert_eq!(ask(&bob, &["-X", "PUT", "-H", JSON, "-d", r#"{"first_name": "Bob"}"#]).error(), failed);
    assert_eq!(ask(&bob, &["-X", "DELETE"]).error(), failed);
    assert_eq!(ask(&bob, &[]).json()["first_name"], serde_json::Value::Null);
    assert_eq!(ask("/api/v1/stats", &[]).json()["users"], 2);

    std::fs::remove_dir(&obstacle).unwrap();
    assert_eq!(ask("/api/v1/users", &new_user).status, 201);
    server.signal("TERM");
    let (_, _, stderr) = server.wait();
    assert!(
        stderr.starts_with("the file /") && stderr.contains(".db_User.json cannot be written: "),
        "{stderr}"
    );
}

#[test]
fn a_server_whose_stderr_nobody_reads_survives_a_full_disk_too() {
    let folder = folder(&[BOB]);
    let mut server = Server::start(folder.path(), &[]);
    server.close_stderr();
    let obstacle = folder.path().join(".db_User.json.tmp");
    std::fs::create_dir(&obstacle).unwrap();
    let bob = format!("/api/v1/users/{}", BOB[0]);
    assert_eq!(server.curl(&bob, &["-X", "DELETE"]).status, 500);
    std::fs::remove_dir(&obstacle).unwrap();
    assert_eq!(server.curl(&bob, &["-X", "DELETE"]).status, 200);
}
