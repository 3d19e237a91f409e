//! Tests of HTTP/1.1 on the wire: each request is answered or the connection is closed as RFC 9112 says, and no later
//! bytes are read.
//!
//! A [`Row`] has a title, the bytes to send, the expected statuses and whether the connection stays open. Where a
//! request could be smuggled after another one, it is `GET /api/v1/forbidden`: an unexpected 403 shows that the server
//! answered bytes that it must not parse as a request.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::process::{Server, folder};

mod framing;
mod head;
mod limit;
mod target;
mod upgrade;

/// The state of the connection after the responses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It accepts another request.
    Open,
    /// The server closes it.
    Closed,
}
use Then::{Closed, Open};

/// Title, bytes to send, statuses of the responses, state of the connection.
type Row = (&'static str, Vec<u8>, &'static [u16], Then);

/// Sent to check that a connection is still usable; no other request is answered with 401.
const PROBE: &[u8] = b"GET /api/v1/unauthorized HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Far above the time of any response.
const TIMEOUT: Duration = Duration::from_secs(20);

#[test]
fn every_row_gets_the_expected_responses() {
    let folder = folder(&[]);
    let server = Server::start(folder.path(), &[]);
    let rows: Vec<Row> =
        [framing::rows(), head::rows(), limit::rows(), target::rows(), upgrade::rows()].concat();
    assert!(rows.len() >= 60, "only {} rows", rows.len());
    let address = &server.address;
    let wrong: Vec<_> = std::thread::scope(|scope| {
        let rows: Vec<_> = rows.iter().map(|row| (row.0, scope.spawn(move || check(address, row)))).collect();
        let checked = rows.into_iter().map(|(title, row)| (title, row.join().unwrap()));
        checked.filter_map(|(title, row)| Some(format!("{title}: {}", row.err()?))).collect()
    });
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn a_client_that_closes_its_side_gets_the_response() {
    let folder = folder(&[]);
    let server = Server::start(folder.path(), &[]);
    let body = r#"{"email": "eve@hbtn.io", "password": "pwd"}"#;
    let length = body.len();
    let head = "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json";
    let mut stream = TcpStream::connect(&server.address).unwrap();
    write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 201 Created\r\n"), "{response}");
}

/// A row whose text has CRLF line ends.
fn row(title: &'static str, sent: &str, responses: &'static [u16], then: Then) -> Row {
    (title, sent.as_bytes().to_vec(), responses, then)
}

/// Sends the bytes of a row and returns what differs from the expectation.
fn check(address: &str, (_, sent, expected, then): &Row) -> Result<(), String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    // The server may close before it has read everything; only its responses count.
    let _ = stream.write_all(sent);
    let mut received = Vec::new();
    if *then == Open {
        while statuses(&received).len() < expected.len() {
            if read(&mut stream, &mut received)? == 0 {
                break;
            }
        }
        let _ = stream.write_all(PROBE);
    }
    while read(&mut stream, &mut received)? > 0 {}
    let mut responses = statuses(&received);
    if *then == Open && responses.pop() != Some(401) {
        return Err(format!("the connection was closed after {:?}", statuses(&received)));
    }
    if responses != *expected {
        return Err(format!("received {responses:?}, expected {expected:?}"));
    }
    Ok(())
}

fn read(stream: &mut TcpStream, received: &mut Vec<u8>) -> Result<usize, String> {
    let mut bytes = [0; 8 * 1024];
    let length =
        stream.read(&mut bytes).map_err(|error| format!("after {:?}: {error}", statuses(received)))?;
    received.extend_from_slice(&bytes[..length]);
    Ok(length)
}

/// The statuses of the complete responses. A response to `HEAD` has no body: the next bytes are those of another
/// response, and no body of this server starts like one.
fn statuses(mut received: &[u8]) -> Vec<u16> {
    let mut statuses = Vec::new();
    while let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&received[..end]).to_ascii_lowercase();
        let status = head.strip_prefix("http/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("unexpected start of a response: {head:?}"));
        received = &received[end + 4..];
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(0, |length| length.trim().parse().unwrap());
        if !received.starts_with(b"HTTP/1.") {
            let Some(rest) = received.get(length..) else { break };
            received = rest;
        }
        statuses.push(status);
    }
    statuses
}
