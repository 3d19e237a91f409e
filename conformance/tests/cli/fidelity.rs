//! A curl command is what curl sends: a listening socket records the real curl and this program, command by command.
//!
//! Compared are the request line, the header fields without regard to their order, and the body; but for `Host`, the agent's version and
//! the boundary of a form. `fidelity.golden` says of each command whether both send the same bytes, so that what does not hold
//! stands there in view.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::golden;
use crate::program::{conformance, data};

/// A request, as its bytes say it.
#[derive(Debug, PartialEq, Eq)]
struct Sent {
    line: Vec<u8>,
    fields: Vec<Vec<u8>>,
    body: Vec<u8>,
}

/// What a command sends to the listener, none when it sends nothing.
fn sent(listener: &TcpListener, mut command: Command) -> Option<Sent> {
    listener.set_nonblocking(true).unwrap();
    let mut child =
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut sent = None;
    loop {
        match listener.accept() {
            Ok((stream, _)) => sent = Some(read(stream)),
            Err(_) if child.try_wait().unwrap().is_some() => return sent,
            Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

fn read(mut stream: TcpStream) -> Sent {
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut bytes = Vec::new();
    let mut more = |bytes: &mut Vec<u8>| {
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).unwrap();
        assert_ne!(length, 0, "the request breaks off");
        bytes.extend_from_slice(&buffer[..length]);
    };
    let end = loop {
        match bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            Some(end) => break end,
            None => more(&mut bytes),
        }
    };
    let head: Vec<Vec<u8>> =
        String::from_utf8_lossy(&bytes[..end]).split("\r\n").map(|line| line.as_bytes().to_vec()).collect();
    let lower = |line: &[u8]| String::from_utf8_lossy(line).to_ascii_lowercase();
    let length =
        head.iter().find_map(|line| lower(line).strip_prefix("content-length:")?.trim().parse().ok());
    while bytes.len() < end + 4 + length.unwrap_or(0) {
        more(&mut bytes);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    let boundary = head.iter().find_map(|line| Some(lower(line).split_once("boundary=")?.1.to_owned()));
    let plain = |bytes: &[u8]| match &boundary {
        Some(boundary) => lossless(bytes).replace(boundary.as_str(), "BOUNDARY").into_bytes(),
        None => bytes.to_vec(),
    };
    let own = |line: &&Vec<u8>| {
        let line = lower(line);
        !line.starts_with("host: 127.") && !line.starts_with("user-agent: curl/")
    };
    let mut fields: Vec<Vec<u8>> = head[1..].iter().filter(own).map(|line| plain(line)).collect();
    // curl's boundaries have had two lengths.
    fields.retain(|line| boundary.is_none() || !lower(line).starts_with("content-length:"));
    fields.sort();
    Sent { line: head[0].clone(), fields, body: plain(&bytes[end + 4..]) }
}

/// The command with the listener in the place of `h`.
fn address(command: &str, url: &str) -> String {
    let host = url.trim_start_matches("http://");
    command.replace("http://h", url).replace("secret@h", &format!("secret@{host}"))
}

fn lossless(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn shell(folder: &Path, line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(folder).env("LC_ALL", "C.UTF-8");
    command
}

#[test]
fn what_is_sent_is_what_curl_sends() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("text.txt"), "a b&c=d\nsecond\r\nümlaut").unwrap();
    fs::write(folder.path().join("empty.json"), "").unwrap();
    fs::write(folder.path().join("data.json"), "{\"a\": [1, 2]}\n").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let program = conformance(folder.path()).get_program().to_str().unwrap().to_owned();
    let commands = fs::read_to_string(data("fidelity.txt")).unwrap();
    let mut told = String::new();
    for command in commands.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let real = sent(&listener, shell(folder.path(), &format!("{} -s -m 20", address(command, &url))));
        let ours = sent(&listener, shell(folder.path(), &format!("'{program}' record {url} -- {command}")));
        let verdict = match (&real, &ours) {
            (Some(real), Some(ours)) if real == ours => "same   ",
            (_, None) => "refused",
            _ => "DIFFERS",
        };
        told.push_str(&format!("{verdict} {command}\n"));
    }
    golden::compare(&data("fidelity.golden"), &told).unwrap_or_else(|difference| panic!("{difference}"));
    assert!(told.lines().filter(|line| line.starts_with("same")).count() >= 80, "{told}");
}
