//! Whatever a curl command is, it is rejected with a position, or it becomes a request whose rendered command parses to the same request.
//!
//! The input also chooses options, quotes and values of another command. Where curl is installed, both send the same bytes. Without a
//! shell, since the text of a fuzzer is no command for one: the words are those that this program reads.
#![no_main]

use std::io;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use conformance_engine::http::{HttpClient, Reading, Transport};
use conformance_suite::request::{Prepared, Request};
use conformance_suite::source::{Source, Span};
use conformance_suite::template::Scope;
use conformance_suite::{curl, shell};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/cli/fidelity/generator.rs"]
mod generator;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/cli/fidelity/listener.rs"]
mod listener;

use listener::{Listener, Sent};

const ORIGIN: &str = "http://0.0.0.0:5000";

fuzz_target!(|text: &str| {
    // The input as one command of several lines, and each line as a command.
    let lines = text.lines().filter(|line| *line != text);
    for command in std::iter::once(text).chain(lines) {
        let request = read(command, ORIGIN).and_then(|request| request.prepare(&Scope::default()).ok());
        if let Some(request) = request {
            again(&request);
        }
    }
    if *HAS_CURL {
        compare(text);
    }
});

fn read(command: &str, origin: &str) -> Option<Request> {
    let source = Source::new("fuzz", command);
    let place = source.place(Span::new(0, command.len()));
    let files = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
    match curl::parse(command, origin, &files, &place) {
        Ok(request) => Some(request),
        Err(wrong) => {
            assert!(!wrong.to_string().is_empty());
            None
        }
    }
}

fn again(request: &Prepared) {
    let command = curl::render(request, ORIGIN, "");
    // Bytes that are not text are sent through a pipe or by printf; `${` would become an expression.
    if !command.starts_with("curl ") || command.contains("${") || command.contains("$(printf ") {
        return;
    }
    let repeated = read(&command, ORIGIN).unwrap_or_else(|| panic!("{command} is refused"));
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

static HAS_CURL: LazyLock<bool> =
    LazyLock::new(|| Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok());
static LISTENER: LazyLock<std::sync::Mutex<Listener>> = LazyLock::new(|| Listener::open().into());

/// Sends a command that the input chooses with curl and with this program.
fn compare(text: &str) {
    let listener = LISTENER.lock().expect("a lock that no panic has poisoned");
    let mut bytes = text.bytes();
    let mut choose = |below: usize| usize::from(bytes.next().unwrap_or_default()) % below;
    let values: Vec<&str> = text.lines().take(8).collect();
    let command = generator::command(&mut choose, &values).replace("http://h", &listener.url);
    let (Some(request), Ok(words)) = (read(&command, &listener.url), shell::split(&command)) else { return };
    let Some(ours) = sent(&request, &listener) else { return };
    let words = words.iter().skip(1).map(|word| word.text.replace("$${", "${"));
    let status = Command::new("curl")
        .args(["-s", "-m", "20"])
        .args(words)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    let real = listener.heard();
    assert!(
        status.is_ok()
            && real.len() == ours.len()
            && real.iter().zip(&ours).all(|(real, ours)| alike(real, ours)),
        "{command}\n{real:?}\n{ours:?}"
    );
}

/// Whether two requests are equal, except for an empty query and empty data, which versions of curl send differently.
fn alike(real: &Sent, ours: &Sent) -> bool {
    let plain = |sent: &Sent| {
        (
            sent.line.replace("? HTTP", " HTTP").replace("?&", "?"),
            sent.body.trim_start_matches('&').to_owned(),
        )
    };
    real.is(ours) || plain(real) == plain(ours)
}

fn sent(request: &Request, listener: &Listener) -> Option<Vec<Sent>> {
    let prepared = request.prepare(&Scope::default()).ok()?;
    let client = HttpClient::new(&listener.url, &Transport::default()).ok()?;
    let mut jar = request.jar.as_ref().map(|_| conformance_suite::jar::Jar::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(client.send(prepared, jar.as_mut(), Reading::Whole)).outcome.ok()?;
    Some(listener.heard())
}
