//! What comes over the wire, byte for byte, and what must come back: answered or closed as RFC 9112 says, with
//! nothing read past it.
//!
//! A [`Row`] is a sentence, the bytes that are sent, the statuses that come back and whether the connection
//! stays. Wherever a request could be smuggled behind another, it is `GET /api/v1/forbidden`: a 403 that the
//! row does not name has been answered from bytes that were none of the server's business.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::process::{Server, folder};

mod framing;
mod head;
mod limit;
mod target;
mod upgrade;

/// What becomes of the connection when the answers have come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It takes another request.
    Open,
    /// The server closes it, without being asked for anything more.
    Closed,
}
use Then::{Closed, Open};

/// A sentence, the bytes sent, the statuses of the answers, and what becomes of the connection.
type Row = (&'static str, Vec<u8>, &'static [u16], Then);

/// Asked where a connection should still be good for a request; nothing else is answered 401.
const PROBE: &[u8] = b"GET /api/v1/unauthorized HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// No answer takes that long: whoever waits longer has waited for nothing.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn every_row_is_answered_or_closed_as_it_says_and_nothing_is_read_past_it() {
    let folder = folder(&[]);
    let server = Server::start(folder.path(), &[]);
    let rows: Vec<Row> =
        [framing::rows(), head::rows(), limit::rows(), target::rows(), upgrade::rows()].concat();
    assert!(rows.len() >= 60, "only {} rows", rows.len());
    let address = &server.address;
    let wrong: Vec<_> = std::thread::scope(|scope| {
        let rows: Vec<_> = rows.iter().map(|row| (row.0, scope.spawn(move || check(address, row)))).collect();
        let checked = rows.into_iter().map(|(sentence, row)| (sentence, row.join().unwrap()));
        checked.filter_map(|(sentence, row)| Some(format!("{sentence}: {}", row.err()?))).collect()
    });
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// A row in which each line ends as HTTP's lines do.
fn row(sentence: &'static str, sent: &str, answers: &'static [u16], then: Then) -> Row {
    (sentence, sent.as_bytes().to_vec(), answers, then)
}

/// Sends a row's bytes; says what was not as it should be.
fn check(address: &str, (_, sent, expected, then): &Row) -> Result<(), String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The server may have closed before it took all: what it answered is what counts.
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
    let mut answers = statuses(&received);
    if *then == Open && answers.pop() != Some(401) {
        return Err(format!("the connection was closed after {:?}", statuses(&received)));
    }
    if answers != *expected {
        return Err(format!("{answers:?} came back instead of {expected:?}"));
    }
    Ok(())
}

fn read(stream: &mut TcpStream, received: &mut Vec<u8>) -> Result<usize, String> {
    let mut bytes = [0; 8 * 1024];
    let length = stream
        .read(&mut bytes)
        .map_err(|error| format!("after {:?} came an error: {error}", statuses(received)))?;
    received.extend_from_slice(&bytes[..length]);
    Ok(length)
}

/// The statuses of all answers that are whole. The answer to `HEAD` is one without its body; no body of this
/// server begins like an answer.
fn statuses(mut received: &[u8]) -> Vec<u16> {
    let mut statuses = Vec::new();
    while let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&received[..end]).to_ascii_lowercase();
        let status = head.strip_prefix("http/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("an answer begins with {head:?}"));
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
