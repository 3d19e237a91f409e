//! Tests of the limits, and that a client above them does not affect others.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::curl::error;
use crate::process::{BOB, Server, folder};

/// Sends bytes and returns everything received until the server closes the connection.
fn send(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(request).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn a_body_above_1_mib_is_413() {
    let folder = folder(&[]);
    let server = Server::start(folder.path(), &[]);
    let post = |length: usize, framing: &str| {
        let frame = r#"{"email":"","x":""}"#.len();
        let body = format!(r#"{{"email":"","x":"{}"}}"#, "x".repeat(length - frame));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), body).unwrap();
        let data = format!("@{}", file.path().display());
        let arguments = ["-H", "Content-Type: application/json", "-H", framing, "--data-binary", &data];
        server.curl("/api/v1/users", &arguments).error()
    };
    for framing in ["X: y", "Transfer-Encoding: chunked"] {
        assert_eq!(post(1024 * 1024, framing), error(400, "email missing"));
        assert_eq!(post(1024 * 1024 + 1, framing), error(413, "Content too large"));
    }
}

#[test]
fn a_head_above_the_limit_is_431() {
    let folder = folder(&[]);
    let server = Server::start(folder.path(), &[]);
    let request = format!("GET /api/v1/status HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(40 * 1024));
    let mut stream = TcpStream::connect(&server.address).unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(request.as_bytes());
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 431");
    assert_eq!(server.curl("/api/v1/status", &[]).status, 200);
}

#[test]
fn other_protocols_are_400() {
    let folder = folder(&[]);
    let server = Server::start(folder.path(), &[]);
    for garbage in [
        "garbage\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ] {
        let response = send(&server, garbage.as_bytes());
        assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{garbage:?}: {response}");
    }
    assert_eq!(server.curl("/api/v1/status", &[]).status, 200);
}

#[test]
fn the_response_survives_a_late_refused_body() {
    let folder = folder(&[BOB]);
    let server = Server::start(folder.path(), &[("AUTH_TYPE", "basic_auth")]);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream
        .write_all(
            b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n",
        )
        .unwrap();
    stream.write_all(b"late").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{response}");
}

#[test]
fn a_refused_post_is_answered_before_its_body_and_the_close_is_announced() {
    let folder = folder(&[BOB]);
    let server = Server::start(folder.path(), &[("AUTH_TYPE", "basic_auth")]);
    for framing in ["Content-Length: 5", "Content-Length: 900000", "Transfer-Encoding: chunked"] {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        write!(stream, "POST /api/v1/users HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n").unwrap();
        // The body is never sent. The server closes its side after the response.
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{framing}: {response}");
        assert!(response.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{framing}: {response}");
    }
}

#[test]
fn bodies_of_all_connections_together_have_a_limit() {
    let folder = folder(&[]);
    let server = Server::start(folder.path(), &[]);
    let head = "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n";
    let almost = vec![b'x'; 1024 * 1024 - 1];
    let body = format!(r#"{{"x": "{}"}}"#, "x".repeat(2000));
    let small = || server.curl("/api/v1/users", &["-H", "Content-Type: application/json", "-d", &body]);
    let mut waiting = Vec::new();
    let refusal = loop {
        assert!(waiting.len() < 400, "no body was refused");
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        // The server may refuse it before all of it is sent.
        let _ = stream.write_all(&almost);
        waiting.push(stream);
        // Whole bodies are refused too, once the others have arrived.
        let response = small();
        if response.status != 400 {
            break response;
        }
    };
    assert!(waiting.len() >= 200, "{}", waiting.len());
    assert_eq!(refusal.error(), error(503, "Service unavailable"));
    drop(waiting);
    while small().status != 400 {}
}

#[test]
fn no_100_continue_for_a_refused_body() {
    let folder = folder(&[BOB]);
    let server = Server::start(folder.path(), &[("AUTH_TYPE", "basic_auth")]);
    let head = b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    let response = send(&server, head);
    assert!(response.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{response}");
    assert!(response.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{response}");
}

#[test]
fn serves_next_to_ten_thousand_idle_connections() {
    // Both ends of a connection need a descriptor. The server is a process of its own and starts with the limit that
    // most shells set.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let allowed = limit.maximum.map_or(usize::MAX, |maximum| usize::try_from(maximum).unwrap());
    let crowd = 10_000.min(allowed - 500);
    let folder = folder(&[]);
    let server = Server::start_as(&["sh", "-c", "ulimit -S -n 1024; exec \"$0\""], folder.path(), &[]);
    let idle: Vec<_> = (0..crowd)
        .map(|number| {
            let mut stream = TcpStream::connect(&server.address).unwrap();
            let beginnings: [&[u8]; 4] =
                [b"", b"GET /api", b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n", b"PO"];
            stream.write_all(beginnings[number % 4]).unwrap();
            if number % 500 == 0 {
                assert_eq!(server.curl("/api/v1/status", &[]).status, 200);
            }
            stream
        })
        .collect();
    assert_eq!(server.curl("/api/v1/status", &[]).status, 200);
    drop(idle);
    assert_eq!(server.curl("/api/v1/status", &[]).status, 200);
}

#[test]
fn a_connection_above_the_system_limit_is_503() {
    let folder = folder(&[]);
    let server = Server::start_as(&["sh", "-c", "ulimit -n 200; exec \"$0\""], folder.path(), &[]);
    let mut idle = Vec::new();
    let refusal = loop {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        if &start != b"HTTP/1.1 200" {
            let mut rest = String::new();
            stream.read_to_string(&mut rest).unwrap();
            break String::from_utf8_lossy(&start).into_owned() + &rest;
        }
        idle.push(stream);
    };
    assert_eq!(idle.len(), 200 - 128);
    assert!(refusal.starts_with("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"), "{refusal}");
    drop(idle);
    // The permits are free again once the server has noticed.
    while server.curl("/api/v1/status", &[]).status != 200 {}
}
