//! Tests of the flags, the log and the signals.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Output;

use reference_server::settings::VARIABLES;

use crate::curl::{JSON, LOGIN, LOGOUT};
use crate::process::{BOBSESSION, SESSION_AUTH, Server, command, folder, server_program, with_server};

fn run(arguments: &[&str]) -> Output {
    let folder = folder(&[]);
    command(&server_program(), folder.path(), &[]).args(arguments).output().unwrap()
}

fn started(arguments: &[&str], test: impl FnOnce(Server)) {
    let folder = folder(&[BOBSESSION]);
    let mut command = command(&server_program(), folder.path(), SESSION_AUTH);
    command.args(arguments);
    test(Server::start_command(command));
}

/// Stops the server and returns the lines of its stderr.
fn log(server: Server) -> Vec<serde_json::Value> {
    server.signal("TERM");
    let (status, _, stderr) = server.wait();
    assert_eq!(status.code(), Some(0), "{stderr}");
    stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn help_and_manual_list_every_flag_and_variable() {
    for flag in ["--help", "--man"] {
        let output = run(&[flag]);
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap().replace('\\', "");
        // The page breaks lines.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in ["--log", "--harden", "--man", "--help", "--version"] {
            assert!(text.contains(word), "{flag} does not name {word}:\n{text}");
        }
        for [name, default, meaning] in VARIABLES {
            assert!(
                text.contains(name) && text.contains(default) && text.contains(meaning),
                "{flag}: {name}"
            );
        }
    }
}

#[test]
fn readme_lists_every_flag_and_variable() {
    let readme = include_str!("../../README.md");
    for [name, ..] in VARIABLES {
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
    }
    for flag in ["--log", "--harden", "--man"] {
        assert!(readme.contains(&format!("| `{flag}")), "{flag}");
    }
}

#[test]
fn rejects_a_wrong_flag_with_a_hint() {
    for (arguments, message) in [
        (&["--lgo", "info"], "unexpected argument '--lgo' found"),
        (&["--log", "loud"], "[possible values: error, warn, info, debug]"),
    ] {
        let output = run(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(message), "{output:?}");
    }
}

#[test]
fn harden_sets_the_security_attributes_of_the_cookie() {
    let attributes = |arguments: &[&str]| {
        let mut found = String::new();
        started(arguments, |server| {
            let login = server.login();
            let cookie = login.header("set-cookie").unwrap().to_owned();
            let session_id = cookie.split(['=', ';']).nth(1).unwrap();
            assert_eq!(server.with_session(session_id, "/api/v1/users/me", &[]).status, 200);
            assert_eq!(server.with_session(session_id, LOGOUT, &["-X", "DELETE"]).status, 200);
            found = cookie.split_once(';').unwrap().1.to_owned();
        });
        found
    };
    assert_eq!(attributes(&["--harden"]), " Path=/; HttpOnly; SameSite=Strict; Secure");
    assert_eq!(attributes(&[]), " Path=/");
}

#[test]
fn logs_nothing_without_the_flag() {
    started(&[], |server| {
        assert_eq!(server.curl("/api/v1/status", &[]).status, 200);
        assert_eq!(log(server), Vec::<serde_json::Value>::new());
    });
}

#[test]
fn info_logs_the_start_each_request_and_the_stop() {
    started(&["--log", "info"], |server| {
        server.curl("/api/v1/status?a=b", &[]);
        server.curl("/api/v1/users/%22%0a", &[]);
        let address = server.address.clone();
        let lines = log(server);
        let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["listening", "request", "request", "stopping"]);
        assert_eq!(lines[0]["address"], address);
        let request = |line: &serde_json::Value| {
            (line["level"].clone(), line["method"].clone(), line["path"].clone(), line["status"].clone())
        };
        assert_eq!(request(&lines[1]), ("INFO".into(), "GET".into(), "/api/v1/status".into(), 200.into()));
        assert_eq!(
            request(&lines[2]),
            ("INFO".into(), "GET".into(), "/api/v1/users/%22%0a".into(), 401.into())
        );
        assert_eq!(lines[1]["bytes"], 21);
        assert!(lines[1]["micros"].is_u64() && lines[1]["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
        let timestamp = lines[1]["timestamp"].as_str().unwrap();
        assert!(timestamp.starts_with("20") && timestamp.ends_with('Z'), "{timestamp}");
    });
}

#[test]
fn each_level_logs_less_than_the_next() {
    let mut counts = Vec::new();
    for level in ["error", "warn", "info", "debug"] {
        started(&["--log", level], |server| {
            server.curl("/api/v1/status", &[]);
            let mut stream = TcpStream::connect(&server.address).unwrap();
            stream.write_all(b"garbage\r\n\r\n").unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
            let lines = log(server);
            counts.push(lines.len());
        });
    }
    assert_eq!(counts[..2], [0, 1]);
    assert_eq!(counts[2], 4, "listening, one request, one malformed request, stopping");
    assert!(counts[3] >= counts[2]);
}

#[test]
fn a_password_never_reaches_the_log() {
    let secret = "fake pwd";
    let encoded = "Ym9ic2Vzc2lvbkBoYnRuLmlvOmZha2UgcHdk";
    started(&["--log", "debug"], |server| {
        let login = server.login();
        let session_id = login.session_id();
        server.curl(LOGIN, &["-d", "email=bobsession@hbtn.io", "-d", "password=fake pwd2"]);
        server.curl(LOGIN, &["-F", "email=bobsession@hbtn.io", "-F", "password=fake pwd"]);
        server.curl(&format!("{LOGIN}?password=fake%20pwd&fake+pwd"), &["-X", "POST"]);
        server.curl("/api/v1/users/me", &["-u", "bobsession@hbtn.io:fake pwd"]);
        server.with_session(
            &session_id,
            "/api/v1/users",
            &["-H", JSON, "-d", r#"{"email":"a","password":"fake pwd"}"#],
        );
        server.with_session(
            &session_id,
            "/api/v1/users",
            &["-H", JSON, "-d", r#"{"email":"a","password":"fake pwd""#],
        );
        // A malformed request is logged without its content.
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(b"password=fake pwd\r\nfake pwd: fake pwd\r\n\r\n").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        server.signal("TERM");
        let (_, stdout, stderr) = server.wait();
        assert!(stderr.lines().count() > 8, "{stderr}");
        for secret in [secret, "fake%20pwd", "fake+pwd", encoded, &session_id, BOBSESSION[3]] {
            assert!(!stderr.contains(secret) && !stdout.contains(secret), "{secret}: {stderr}");
        }
    });
}

#[test]
fn no_response_contains_a_password_or_its_hash() {
    with_server(&[], |server| {
        let id = BOBSESSION[0];
        let user = format!("/api/v1/users/{id}");
        let json = |body: &'static str| ["-H", JSON, "-d", body];
        let mut responses = vec![
            server.curl("/api/v1/users", &json(r#"{"email":"a","password":"fake pwd"}"#)),
            server.curl("/api/v1/users", &json(r#"{"email":7,"password":"fake pwd"}"#)),
            server.curl(LOGIN, &["-d", "email=bobsession@hbtn.io", "-d", "password=fake pwd"]),
            server.curl(LOGIN, &["-d", "email=nobody@hbtn.io", "-d", "password=fake pwd"]),
            server.curl(
                &user,
                &[&["-X", "PUT"][..], &json(r#"{"first_name":"B","password":"fake pwd"}"#)].concat(),
            ),
            server.curl(
                &user,
                &[&["-X", "PUT"][..], &json(r#"{"first_name":7,"_password":"fake pwd"}"#)].concat(),
            ),
        ];
        for path in
            ["status", "stats", "unauthorized", "forbidden", "users", "users/me", "auth_session/login"]
        {
            responses.push(server.curl(&format!("/api/v1/{path}"), &[]));
        }
        responses.push(server.curl(&user, &[]));
        responses.push(server.curl(LOGOUT, &["-X", "DELETE"]));
        responses.push(server.curl(&user, &["-X", "DELETE"]));
        assert!(
            responses.iter().any(|response| response.status == 200)
                && responses.iter().any(|response| response.status == 201)
        );
        for response in responses {
            let text = format!("{response:?}").to_ascii_lowercase();
            // The message of a failed login contains the word; no other body may.
            let word =
                text.replace("password missing", "").replace("wrong password", "").contains("password");
            assert!(!word && !text.contains("fake pwd") && !text.contains(BOBSESSION[3]), "{text}");
        }
    });
}

#[test]
fn sigterm_closes_idle_connections_and_finishes_the_request_in_flight() {
    let folder = folder(&[]);
    let server = Server::start(folder.path(), &[]);
    let mut idle = TcpStream::connect(&server.address).unwrap();
    idle.write_all(b"GET /api/v1/stats HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut response = Vec::new();
    while !response.ends_with(b"}\n") {
        let mut byte = [0];
        idle.read_exact(&mut byte).unwrap();
        response.push(byte[0]);
    }
    let body = br#"{"email": "last@hbtn.io", "password": "in time"}"#;
    let head = format!(
        "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut in_flight = TcpStream::connect(&server.address).unwrap();
    in_flight.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    in_flight.read_exact(&mut interim).unwrap();

    server.signal("TERM");
    // The idle connection is closed although the other one is in use.
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    in_flight.write_all(body).unwrap();
    let mut response = String::new();
    in_flight.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 201 Created\r\n"), "{response}");
    assert!(response.contains("connection: close\r\n") && response.contains("last@hbtn.io"), "{response}");
    drop(in_flight);
    let (status, _, stderr) = server.wait();
    assert_eq!(status.code(), Some(0), "{stderr}");
}

#[test]
fn survives_sighup_and_broken_pipes() {
    started(&["--log", "debug"], |mut server| {
        server.close_stderr();
        server.signal("HUP");
        for _ in 0..3 {
            // One client disconnects during its request, another one during the response.
            for request in [
                "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            ] {
                TcpStream::connect(&server.address).unwrap().write_all(request.as_bytes()).unwrap();
            }
            assert_eq!(server.curl("/api/v1/status", &[]).status, 200);
        }
    });
}
