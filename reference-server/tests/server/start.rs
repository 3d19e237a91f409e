//! Tests of the start, of failed starts and of the stop.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use crate::curl::JSON;
use crate::process::{
    BOB, BOBSESSION, SESSION_AUTH, Server, folder, journal, run, server_program, users_file,
};

/// The error message of a failed start; asserts that stdout is empty.
fn start_error(folder: &Path, environment: &[(&str, &str)]) -> String {
    let output = run(&server_program(), folder, environment);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_invalid_variable_is_named() {
    let folder = folder(&[]);
    for (variable, value, message) in [
        (
            "AUTH_TYPE",
            "token_auth",
            "error: AUTH_TYPE is \"token_auth\": expected auth, basic_auth, session_auth, session_exp_auth or \
             session_db_auth; or unset the variable\n",
        ),
        ("API_PORT", "http", "error: API_PORT is \"http\": expected an integer from 0 to 65535\n"),
        ("API_HOST", "", "error: API_HOST is \"\": expected an address or a host name\n"),
        (
            "SESSION_NAME",
            "my session",
            "error: SESSION_NAME is \"my session\": a cookie name consists of letters, digits and \
             !#$%&'*+-.^_`|~\n",
        ),
    ] {
        assert_eq!(start_error(folder.path(), &[(variable, value)]), message);
    }
}

#[test]
fn accepts_a_session_duration_that_is_not_an_integer() {
    let folder = folder(&[]);
    Server::start(folder.path(), &[("AUTH_TYPE", "session_exp_auth"), ("SESSION_DURATION", "soon")]);
}

#[test]
fn a_port_in_use_is_named_with_its_host() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let message = start_error(folder(&[]).path(), &[("API_PORT", &port)]);
    let start = format!("error: cannot listen on API_HOST 127.0.0.1 and API_PORT {port}: ");
    assert!(message.starts_with(&start), "{message}");
}

#[test]
fn a_corrupt_file_is_named_and_not_overwritten() {
    let folder = folder(&[]);
    fs::write(users_file(folder.path()), "{\"a\":\n").unwrap();
    let message = start_error(folder.path(), &[]);
    let ending =
        ".db_User.json is corrupt and was not changed: EOF while parsing a value at line 2 column 0\n";
    assert!(message.starts_with("error: the file /") && message.ends_with(ending), "{message}");
    assert_eq!(fs::read_to_string(users_file(folder.path())).unwrap(), "{\"a\":\n");
}

#[test]
fn a_corrupt_journal_is_named_and_not_overwritten() {
    let folder = folder(&[BOB]);
    // The second line is valid: it starts with half the SHA-256 of `{}`.
    let content = "corrupt\n44136fa355b3678a1146ad16f7e8649e {}\n";
    fs::write(journal(folder.path()), content).unwrap();
    let message = start_error(folder.path(), &[]);
    let middle = ".db_User.journal is corrupt at line 1 and was not changed: wrong checksum";
    assert!(message.starts_with("error: the journal /") && message.contains(middle), "{message}");
    assert_eq!(fs::read_to_string(journal(folder.path())).unwrap(), content);
}

#[test]
fn a_journal_of_another_file_prevents_the_start() {
    let before = folder(&[BOB]);
    let server = Server::start(before.path(), &[]);
    let bob = format!("/api/v1/users/{}", BOB[0]);
    // An idle server has no journal, so it is copied right after a response.
    let kept = loop {
        assert_eq!(server.curl(&bob, &["-X", "PUT", "-H", JSON, "-d", "{}"]).status, 200);
        if let Ok(kept) = fs::read(journal(before.path())) {
            break kept;
        }
    };
    let after = folder(&[BOB, BOBSESSION]);
    fs::write(journal(after.path()), &kept).unwrap();
    let file = fs::read(users_file(after.path())).unwrap();
    let message = start_error(after.path(), &[]);
    assert!(message.contains(".db_User.journal belongs to another version of /"), "{message}");
    assert_eq!(fs::read(users_file(after.path())).unwrap(), file);
    assert_eq!(fs::read(journal(after.path())).unwrap(), kept);

    fs::remove_file(journal(after.path())).unwrap();
    assert_eq!(Server::start(after.path(), &[]).curl("/api/v1/stats", &[]).json()["users"], 2);
}

#[test]
fn a_corrupt_session_file_matters_only_for_stored_sessions() {
    let folder = folder(&[]);
    fs::write(folder.path().join(".db_UserSession.json"), "[]").unwrap();
    assert!(
        start_error(folder.path(), &[("AUTH_TYPE", "session_db_auth")])
            .contains(".db_UserSession.json is corrupt")
    );
    Server::start(folder.path(), SESSION_AUTH);
}

#[test]
fn a_second_process_in_the_same_folder_cannot_start() {
    let folder = folder(&[BOB]);
    let first = Server::start(folder.path(), &[]);
    let message = start_error(folder.path(), &[]);
    let path = folder.path().canonicalize().unwrap();
    let expected = format!("error: the directory {} is in use by another server\n", path.display());
    assert_eq!(message, expected);
    assert_eq!(first.curl("/api/v1/stats", &[]).json()["users"], 1);
    first.kill();
    Server::start(folder.path(), &[]);
}

#[test]
fn prints_only_its_address() {
    let folder = folder(&[]);
    let server = Server::start(folder.path(), &[]);
    server.curl("/api/v1/status", &[]);
    server.curl("/api/v1/nope", &[]);
    assert_eq!(server.printed, "");
    server.signal("TERM");
    let (status, stdout, stderr) = server.wait();
    assert_eq!((status.code(), stdout.as_str(), stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn sigint_and_sigterm_finish_requests_in_flight() {
    for signal in ["INT", "TERM"] {
        let folder = folder(&[]);
        let server = Server::start(folder.path(), &[]);
        let mut in_flight = TcpStream::connect(&server.address).unwrap();
        let head = "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                    Content-Length: 28\r\nExpect: 100-continue\r\n\r\n";
        in_flight.write_all(head.as_bytes()).unwrap();
        // The server asks for the body: from here on the request is in flight.
        let mut continued = [0; 25];
        in_flight.read_exact(&mut continued).unwrap();
        assert_eq!(&continued, b"HTTP/1.1 100 Continue\r\n\r\n");

        server.signal(signal);
        while TcpStream::connect(&server.address).is_ok() {
            std::thread::yield_now();
        }

        in_flight.write_all(b"{\"email\":\"a\",\"password\":\"b\"}").unwrap();
        let mut response = String::new();
        in_flight.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 201 Created\r\n"), "{response}");
        assert_eq!(server.wait().0.code(), Some(0));
    }
}
