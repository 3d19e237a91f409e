//! A small suite against a listener that responds by path, for tests of what follows from verdicts.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use crate::sandbox::Sandbox;

/// A status line and a body.
pub(crate) type Reply = (&'static str, Vec<u8>);

/// Serves while the test runs, one request for each connection; `reply` gets the path. Returns the URL.
pub(crate) fn serve(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let reply = Arc::new(reply);
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let reply = Arc::clone(&reply);
            // The client may close the connection early.
            thread::spawn(move || one(connection, &*reply).ok());
        }
    });
    url
}

fn one(connection: TcpStream, reply: &dyn Fn(&str) -> Reply) -> std::io::Result<()> {
    let mut input = BufReader::new(connection.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    input.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
    while !line.trim().is_empty() {
        line.clear();
        input.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    std::io::copy(&mut input.take(length), &mut std::io::sink())?;
    let (status, body) = reply(&path);
    let mut connection = connection;
    let kind = if body.starts_with(b"{") { "application/json" } else { "text/plain" };
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    connection.write_all(&body)
}

/// A sandbox whose folder `suite` has the requirements A-1.1 (must), A-1.2 (should) and A-1.3 (may), and one scenario,
/// `t/a`, with these steps.
pub(crate) fn suite(steps: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    std::fs::create_dir_all(sandbox.path("suite/t")).unwrap();
    sandbox.write(
        "suite/suite.yaml",
        "format: 1\ntitle: S\norigin: http://h.test\nfeatures: [moon]\nprofiles: {p: {title: p}}\n",
    );
    let mut register = "format: 1\nrequirements:\n".to_owned();
    for (id, level) in [("A-1.1", "must"), ("A-1.2", "should"), ("A-1.3", "may")] {
        let untested = if steps.contains(id) { "" } else { ", untested: no step" };
        register += &format!("  - {{id: {id}, level: {level}, clause: 1. A, text: {level}{untested}}}\n");
    }
    sandbox.write("suite/requirements.yaml", &register);
    sandbox.write("suite/t/a.yaml", &format!("format: 1\ntitle: a\nprofile: p\n{steps}"));
    sandbox
}
