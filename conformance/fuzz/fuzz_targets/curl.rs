//! Whatever a curl command is, it is rejected with a position, or it becomes a request whose rendered command parses to the same request.
#![no_main]

use std::io;

use conformance_suite::curl;
use conformance_suite::request::{Prepared, Request};
use conformance_suite::source::{Source, Span};
use conformance_suite::template::Scope;
use libfuzzer_sys::fuzz_target;

const ORIGIN: &str = "http://0.0.0.0:5000";

fuzz_target!(|text: &str| {
    // The input as one command of several lines, and each line as a command.
    let lines = text.lines().filter(|line| *line != text);
    for command in std::iter::once(text).chain(lines) {
        if let Some(request) = read(command).and_then(|request| request.prepare(&Scope::default()).ok()) {
            again(&request);
        }
    }
});

fn read(command: &str) -> Option<Request> {
    let source = Source::new("fuzz", command);
    let place = source.place(Span::new(0, command.len()));
    let files = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
    match curl::parse(command, ORIGIN, &files, &place) {
        Ok(request) => Some(request),
        Err(wrong) => {
            assert!(!wrong.to_string().is_empty());
            None
        }
    }
}

fn again(request: &Prepared) {
    let command = curl::render(request, ORIGIN, "");
    // Bytes that are not text are sent through a pipe; `${` would become an expression.
    if !command.starts_with("curl ") || command.contains("${") {
        return;
    }
    let repeated = read(&command).unwrap_or_else(|| panic!("{command} is refused"));
    let repeated = repeated.prepare(&Scope::default()).expect("a request without expressions");
    assert_eq!(said(request), said(&repeated), "{command}");
}

/// The bytes on the wire, independent of the order of header fields; redirected requests have no command.
fn said(request: &Prepared) -> (&str, &str, Vec<String>, Option<String>) {
    let Prepared { method, target, headers, body, .. } = request;
    let mut fields: Vec<String> =
        headers.iter().map(|header| format!("{}:{}{}", header.name, header.gap, header.value)).collect();
    fields.sort();
    (method, target, fields, body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned()))
}
