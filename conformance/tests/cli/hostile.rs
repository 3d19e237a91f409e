//! Hostile and broken responses over a real socket: each has the right verdict, and none stops the run.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::events;
use crate::sandbox::Sandbox;

/// A response: its path, what the step expects besides status 200, what is sent, and a part of the finding (`None` if
/// the step passes).
type Row = (&'static str, &'static str, fn(&mut TcpStream), Option<&'static str>);

/// The label of a broken response describes what is wrong with the response.
const BROKE: &str = " response";
const LATE: &str = "no complete response within 2s";

/// Sorted by name, as in the report.
const ROWS: &[Row] = &[
    ("bomb-gzip", "json: {open: true}", gzip_bomb, Some("which the request did not ask for")),
    ("bomb-json", "json: {open: true}", deep_json, Some("is not JSON")),
    ("body-endless", "text: x", endless_body, Some("the body is larger than 16 MiB")),
    ("body-endless-unread", "", endless_body, None),
    ("body-half", "", |out| send(out, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), Some(BROKE)),
    ("body-half-chunk", "", |out| send(out, &chunked(b"64\r\nhalf")), Some(BROKE)),
    ("body-wrong-chunk", "", |out| send(out, &chunked(b"zz\r\nhalf\r\n")), Some(BROKE)),
    ("cookies-thousand", "cookies: {c999: {value: v999}}", thousand_cookies, None),
    ("head-flood", "", header_flood, Some(BROKE)),
    (
        "head-folded",
        "headers: {x-a: 1 2}",
        |out| send(out, b"HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n"),
        None,
    ),
    ("head-half", "", |out| send(out, b"HTTP/1.1 200 OK\r\nContent-Le"), Some(BROKE)),
    (
        "head-latin",
        "headers: {x-name: Zo\u{eb}}",
        |out| send(out, b"HTTP/1.1 200 OK\r\nX-Name: Zo\xeb\r\nContent-Length: 0\r\n\r\n"),
        None,
    ),
    (
        "head-nul",
        "",
        |out| send(out, b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n"),
        Some(BROKE),
    ),
    ("head-one-line", "", endless_line, Some(BROKE)),
    ("late", "", late, Some(LATE)),
    ("late-drops", "", drops, Some(LATE)),
    ("late-informs", "", informs, Some(LATE)),
    (
        "length-both",
        "",
        |out| send(out, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab"),
        Some(BROKE),
    ),
    (
        "length-long",
        "",
        |out| send(out, b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nab"),
        Some(BROKE),
    ),
    ("length-negative", "", |out| send(out, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab"), Some(BROKE)),
    // Bytes after the declared length belong neither to this response nor to the next one.
    (
        "length-short",
        "text: ab",
        |out| {
            send(
                out,
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
            );
        },
        None,
    ),
    ("length-word", "", |out| send(out, b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nab"), Some(BROKE)),
    (
        "redirect-circle",
        "",
        |out| send(out, b"HTTP/1.1 302 Found\r\nLocation: /redirect-circle\r\nContent-Length: 0\r\n\r\n"),
        Some("the target returned 302"),
    ),
    (
        "redirect-nowhere",
        "",
        |out| send(out, b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n"),
        Some("the target returned 302"),
    ),
    ("reset", "", |_| (), Some(BROKE)),
    ("reset-half", "", |out| send(out, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), Some(BROKE)),
    ("status-big", "", |out| send(out, b"HTTP/1.1 1000 OK\r\nContent-Length: 0\r\n\r\n"), Some(BROKE)),
    ("status-none", "", |out| send(out, b"HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), Some(BROKE)),
    (
        "utf-8-json",
        "json: {open: true}",
        |out| send(out, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\"\xff\xfe\x80\""),
        Some("is not JSON"),
    ),
    (
        "utf-8-text",
        "text: caf\u{e9}",
        |out| send(out, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ncaf\xe9"),
        Some("the body is"),
    ),
    ("well", "text: well", |out| send(out, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell"), None),
];

#[test]
fn every_response_has_the_right_verdict() {
    each_has_its_verdict("");
}

/// Requests and responses that an HTTP library would alter are sent without one.
#[test]
fn every_response_to_a_raw_request_has_the_right_verdict() {
    each_has_its_verdict("-H x-odd:1");
}

fn each_has_its_verdict(option: &str) {
    let sandbox = Sandbox::moody();
    for old in std::fs::read_dir(sandbox.path("suite/desk")).unwrap() {
        std::fs::remove_file(old.unwrap().path()).unwrap();
    }
    let manifest = "format: 1\ntitle: hostile\norigin: http://host.example\nprofiles: {any: {title: any}}\n";
    sandbox.write("suite/suite.yaml", manifest);
    let register =
        "format: 1\nrequirements:\n  - {id: HOST-1.1, level: must, clause: \"1\", text: The host answers.}\n";
    sandbox.write("suite/requirements.yaml", register);
    for (path, expected, ..) in ROWS {
        let scenario = format!(
            "format: 1\ntitle: {path}\nprofile: any\nsteps:\n  - id: answer\n    title: {path}\n    covers: [HOST-1.1]\n    \
             request: curl -L {option} \"http://host.example/{path}\"\n    expect:\n      status: 200\n      {expected}\n"
        );
        sandbox.write(&format!("suite/desk/{path}.yaml"), &scenario);
    }
    let url = format!("http://{}", listen());
    let report =
        events::run(&sandbox, &["run", "--suite", "../suite", "--timeout", "2s", "--jobs", "2", &url]);
    assert_eq!(report.finished.code, Some(1), "{:?}", report.finished);
    assert_eq!(report.steps.len(), ROWS.len());
    let wrong: Vec<String> = ROWS.iter().filter_map(|row| mismatch(row, &report)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let hops = report.step("desk/redirect-circle::answer")["exchange"]["hops"].as_array().unwrap().len();
    assert_eq!(hops, 50, "as many as curl follows");
}

fn mismatch((path, _, _, expected): &Row, report: &events::RunReport) -> Option<String> {
    let step = report.step(&format!("desk/{path}::answer"));
    let labels: Vec<&str> = step["findings"].as_array().map_or(Vec::new(), |findings| {
        findings.iter().map(|finding| finding["label"].as_str().unwrap()).collect()
    });
    let holds = match expected {
        None => step["verdict"] == "pass",
        Some(words) => step["verdict"] == "fail" && labels.iter().any(|label| label.contains(words)),
    };
    (!holds).then(|| format!("{path}: {} {labels:?} {}", step["verdict"], step["reason"]))
}

/// Serves every row under its path while the test runs.
fn listen() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            thread::spawn(move || serve(connection));
        }
    });
    address
}

/// Answers one request after the other. If a connection is dropped with unread bytes, the system resets it.
fn serve(mut connection: TcpStream) {
    loop {
        let mut head = [0; 4096];
        let Ok(read @ 1..) = connection.peek(&mut head) else { return };
        let text = String::from_utf8_lossy(&head[..read]).into_owned();
        let path = text.split_whitespace().nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
        let Some((path, _, answer, _)) = ROWS.iter().find(|(own, ..)| *own == path) else { return };
        if !path.starts_with("reset") {
            connection.read_exact(&mut head[..read]).unwrap();
        }
        answer(&mut connection);
        if !matches!(*path, "length-short" | "redirect-circle" | "well") {
            return;
        }
    }
}

fn send(out: &mut TcpStream, bytes: &[u8]) {
    // The client may close the connection early.
    out.write_all(bytes).ok();
}

fn chunked(chunks: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunks].concat()
}

/// A small body that would unpack to 1 GiB. It was not requested, so it must not be unpacked.
fn gzip_bomb(out: &mut TcpStream) {
    let body = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xec; 4096]].concat();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    send(out, &[head.as_bytes(), &body].concat());
}

fn deep_json(out: &mut TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    send(out, &[head.as_bytes(), "[".repeat(100_000).as_bytes()].concat());
}

fn endless_body(out: &mut TcpStream) {
    send(out, b"HTTP/1.1 200 OK\r\n\r\n");
    pour(out, &[b'x'; 4096]);
}

fn header_flood(out: &mut TcpStream) {
    send(out, b"HTTP/1.1 200 OK\r\n");
    pour(out, "X-Flood: water\r\n".repeat(4096).as_bytes());
}

fn endless_line(out: &mut TcpStream) {
    send(out, b"HTTP/1.1 200 OK\r\nX-Line: ");
    pour(out, &[b'x'; 4096]);
}

/// Writes until the client closes the connection.
fn pour(out: &mut TcpStream, bytes: &[u8]) {
    while out.write_all(bytes).is_ok() {}
}

fn thousand_cookies(out: &mut TcpStream) {
    let cookies: String = (0..1000).map(|number| format!("Set-Cookie: c{number}=v{number}\r\n")).collect();
    send(out, format!("HTTP/1.1 200 OK\r\n{cookies}Content-Length: 0\r\n\r\n").as_bytes());
}

fn late(out: &mut TcpStream) {
    thread::sleep(Duration::from_secs(3));
    send(out, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate");
}

/// Sends single bytes: each arrives soon, but the response never ends.
fn drops(out: &mut TcpStream) {
    send(out, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    while out.write_all(b"x").is_ok() {
        thread::sleep(Duration::from_millis(100));
    }
}

/// Sends informational responses without end.
fn informs(out: &mut TcpStream) {
    out.set_nonblocking(true).unwrap();
    loop {
        match out.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n") {
            Err(error) if error.kind() != ErrorKind::WouldBlock => return,
            _ => thread::sleep(Duration::from_millis(10)),
        }
    }
}
