//! Compares the requests of this program with those of the real curl, command by command, on a listening socket.
//!
//! All requests of a command are compared byte for byte: request line, header fields in any order, and body. Only the version in the user
//! agent and form boundaries may differ. `fidelity.golden` lists for each command whether both send the same bytes or both refuse it, or
//! the message with which this program refuses what curl sends.

pub(crate) mod generator;
pub(crate) mod listener;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use conformance_engine::http::{HttpClient, Reading, Transport};
use conformance_suite::curl;
use conformance_suite::request::Request;
use conformance_suite::source::{Source, Span};
use conformance_suite::template::Scope;
use conformance_suite::yaml::{self, Node, Value};

use crate::golden;
use crate::program::{data, scenarios};
use listener::{Listener, Sent};

/// Runs a command with the real curl, with the address of the listener in place of the origin.
pub(crate) fn real(command: &str, origin: &str, folder: &Path, listener: &Listener) -> Vec<Sent> {
    let host = |url: &str| url.trim_start_matches("http://").to_owned();
    let after_user = |url: &str| format!("@{}/", host(url));
    let command = command
        .replace(origin, &listener.url)
        .replace(&origin.replace("http", "HTTP"), &listener.url.replace("http", "HTTP"))
        .replace(&after_user(origin), &after_user(&listener.url))
        .replace("$${", "${");
    // Not every shell supports `$'…'` and `<<<`.
    let shell = if command.contains("$'") || command.contains("<<<") { "bash" } else { "sh" };
    let curl = std::env::var("CURL").unwrap_or_else(|_| "curl".to_owned());
    let output = Command::new(shell)
        .args(["-c", &format!("curl() {{ command {curl} -s -m 20 \"$@\"; }}\n{command}")])
        .stdin(Stdio::null())
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", folder)
        .output()
        .unwrap();
    drop(output);
    listener.heard()
}

/// Runs a command with this program; returns its requests or its error message.
pub(crate) fn ours(
    command: &str,
    origin: &str,
    folder: &Path,
    listener: &Listener,
) -> Result<Vec<Sent>, String> {
    let place = Source::new("scenario.yaml", command).place(Span::new(0, command.len()));
    let files = |name: &str| fs::read(folder.join(name));
    let request = curl::parse(command, origin, &files, &place).map_err(|wrong| wrong.to_string())?;
    sent(&request, listener)
}

/// Sends a request with this program.
pub(crate) fn sent(request: &Request, listener: &Listener) -> Result<Vec<Sent>, String> {
    let prepared = request.prepare(&Scope::default()).map_err(|wrong| wrong.to_string())?;
    let wire = HttpClient::new(&listener.url, &Transport::default()).unwrap();
    let mut jar = request.jar.as_ref().map(|_| conformance_suite::jar::Jar::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime
        .block_on(wire.send(prepared, jar.as_mut(), Reading::Whole))
        .outcome
        .map_err(|transport_error| transport_error.to_string())?;
    Ok(listener.heard())
}

pub(crate) fn same(real: &[Sent], ours: &[Sent]) -> bool {
    real.len() == ours.len() && real.iter().zip(ours).all(|(real, ours)| real.is(ours))
}

fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    folder
}

/// Writes the files that the commands refer to.
pub(crate) fn write_files(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (name, text) in [
        ("text.txt", "a b&c=d\nsecond\r\nümlaut"),
        ("empty.json", ""),
        ("data.json", "{\"a\": [1, 2]}\n"),
        ("page.HTML", "<p>\n"),
        ("fields", "X-File: 1\nx-two:2\n"),
        ("loose", "X-A: 1\nno colon\n\nX-B: 2\n"),
        ("two.txt", "one\r\ntwo\n"),
        ("nul", "one\0two\nthree\n"),
        ("ca.pem", ""),
        (
            "jar.txt",
            "# Netscape HTTP Cookie File\n\
             127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tabc\n\
             h\tFALSE\t/\tFALSE\t0\tsession\tabc\n\
             #HttpOnly_127.0.0.1\tFALSE\t/a\tFALSE\t0\tdeep\t1\n\
             #HttpOnly_h\tFALSE\t/a\tFALSE\t0\tdeep\t1\n\
             other.test\tFALSE\t/\tFALSE\t0\tother\t1\n\
             127.0.0.1\tFALSE\t/\tFALSE\t1\told\t1\n\
             h\tFALSE\t/\tFALSE\t1\told\t1\n\
             127.0.0.1\tFALSE\t/b\tFALSE\t0\tpath\t1\n\
             h\tFALSE\t/b\tFALSE\t0\tpath\t1\n",
        ),
        (
            ".netrc",
            "machine 127.0.0.1 login bob password \"p w:1\"\nmachine h login bob password \"p w:1\"\n\
             machine 127.0.0.1 login eve password e\nmachine h login eve password e\n",
        ),
        ("other.netrc", "machine elsewhere login a password b\ndefault login any password x\n"),
        (
            "opts",
            "# options\nheader = \"X-A: 1\"\n-d x=1\n  data-urlencode: \"n=a b\" # more\n-A \"agent ${x}\"\n",
        ),
        ("headers.txt", "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/; Max-Age=100\r\nX: y\r\n"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    fs::write(folder.join("latin1"), b"a=\xff\xfe").unwrap();
    fs::write(folder.join("bytes"), (0..=255).collect::<Vec<u8>>()).unwrap();
    fs::write(folder.join("large"), "0123456789abcdef".repeat(80 * 1024)).unwrap();
}

/// Commands that curl 8.11.1, which this program imitates, sends differently from curl 7.88.1 of Debian 12, which runs here.
const NEWER: &[(&str, &str)] = &[
    ("curl http://h/a -d @nul", "curl 7.88.1 ends each line at a NUL; 8.11.1 only drops the NUL"),
    ("curl -O http://h/", "curl 8.11.1 has a default for the name of the file"),
    ("curl --http2 http://h/a", "the window in HTTP2-Settings is larger in curl 8.11.1"),
    ("curl 'http://h/?'", EMPTY),
    ("curl http://h/ --data-binary '' -d b", EMPTY),
    ("curl http://h/ -d '' -d a", EMPTY),
    ("curl http://h/a -d @empty.json -d b", EMPTY),
    ("curl http://h/ -T text.txt", UPLOAD),
    ("curl -T data.json http://h/a", UPLOAD),
    ("curl -T data.json http://h/a/", UPLOAD),
    ("curl -T data.json 'http://h/?x=1'", UPLOAD),
    ("curl -T data.json -X POST http://h/a", UPLOAD),
    ("curl -T data.json -G http://h/a", UPLOAD),
    ("curl -T two.txt -H 'Content-Type: a/b' http://h/a", UPLOAD),
    ("curl --digest -u a:b http://h/a -T data.json", UPLOAD),
];

const EMPTY: &str = "curl 7.88.1 sends an empty query as `?`, and empty data before other data as `&`";

const UPLOAD: &str =
    "curl 7.88.1 sends `Expect: 100-continue` with every upload; 8.1 and later only above 1 MiB";

#[test]
fn sends_the_same_requests_as_curl() {
    let (folder, listener) = (files(), Listener::open());
    let commands = fs::read_to_string(data("fidelity.txt")).unwrap();
    let mut report = String::new();
    for command in commands.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        // A line of the list is one command of several lines.
        let lines = &command.replace('⏎', "\n");
        let real = real(lines, "http://h", folder.path(), &listener);
        let newer = NEWER.iter().find(|(known, _)| *known == command).map(|(_, reason)| *reason);
        let verdict = match ours(lines, "http://h", folder.path(), &listener) {
            Ok(ours) if newer.is_some() && !same(&real, &ours) => {
                let ours = format!("{ours:?}").replace(listener.url.trim_start_matches("http://"), "h");
                format!("newer    {command}\n  {}\n  {ours}\n", newer.unwrap_or_default())
            }
            Ok(ours) if real.is_empty() => format!("DIFFERS  {command}\n  {ours:?}\n"),
            Ok(ours) if same(&real, &ours) => format!("same     {command}\n"),
            Ok(ours) => format!("DIFFERS  {command}\n  {real:?}\n  {ours:?}\n"),
            Err(_) if real.is_empty() => format!("neither  {command}\n"),
            Err(message) => format!("refused  {command}\n{message}\n"),
        };
        report.push_str(&verdict);
    }
    golden::compare(&data("fidelity.golden"), &report).unwrap_or_else(|difference| panic!("{difference}"));
    assert!(!report.contains("DIFFERS"), "{report}");
    assert!(report.lines().filter(|line| line.starts_with("same")).count() >= 150, "{report}");
}

/// Why this program refuses generated commands that curl sends.
const REFUSALS: &[&str] = &[
    "this header field has no colon",
    "invalid header field name",
    "invalid HTTP method",
    "has a line end or a NUL",
    "contains a control character",
    "is not a valid request target",
    "is not a header field",
    "cannot read a file here",
    "cannot read the file",
    "curl sends no Range field with a body",
    "this command has a second URL",
];

/// `CURL_COMMANDS=n` compares n commands, `CURL_SEED=n` begins with another one, `CURL=PATH` compares with another curl.
#[test]
fn generated_commands_send_the_same_requests_as_curl() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let (count, seed) = (number("CURL_COMMANDS").unwrap_or(300), number("CURL_SEED").unwrap_or(1));
    let end = seed + count;
    let (next, same, differences) = (AtomicU64::new(seed), AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let (folder, listener) = (files(), Listener::open());
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    match generated(seed, folder.path(), &listener) {
                        Ok(sent) => drop(same.fetch_add(sent.into(), Ordering::Relaxed)),
                        Err(difference) => differences.lock().unwrap().push(difference),
                    }
                }
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    let same = same.into_inner();
    println!("{count} commands, {same} sent by both");
    assert!(same > count / 3, "{same} of {count} commands are sent");
}

/// Compares the command of a seed. Returns whether both send it.
fn generated(seed: u64, folder: &Path, listener: &Listener) -> Result<bool, String> {
    let mut state = seed;
    // The sequence of SplitMix64.
    let mut choose = |below: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap()
    };
    let command = generator::command(&mut choose, &[]);
    let real = real(&command, "http://h", folder, listener);
    match ours(&command, "http://h", folder, listener) {
        Ok(ours) if same(&real, &ours) => Ok(true),
        Ok(ours) if same_but_for_empty(real.clone(), ours.clone()) => Ok(true),
        Ok(ours) => Err(format!("{seed}: {command}\n  curl: {real:?}\n  here: {ours:?}")),
        Err(_) if real.is_empty() => Ok(false),
        Err(message) if REFUSALS.iter().any(|known| message.contains(known)) => Ok(false),
        Err(message) => Err(format!("{seed}: {command}\n  curl: {real:?}\n  here: {message}")),
    }
}

/// Whether two lists of requests are equal except for an empty query or empty data at the beginning, which curl 7.88.1 sends as `?`
/// and `&`, and curl 8.11.1 leaves out.
fn same_but_for_empty(mut real: Vec<Sent>, mut ours: Vec<Sent>) -> bool {
    for sent in real.iter_mut().chain(&mut ours) {
        sent.line = sent.line.replace("?&", "?").replace("? HTTP/", " HTTP/");
        let is_form = sent.fields.iter().any(|field| field.ends_with("application/x-www-form-urlencoded"));
        if is_form && sent.body.starts_with('&') {
            let whole = format!("Content-Length: {}", sent.body.chars().count());
            sent.body.remove(0);
            let rest = format!("Content-Length: {}", sent.body.chars().count());
            sent.fields.iter_mut().filter(|field| **field == whole).for_each(|field| field.clone_from(&rest));
        }
    }
    same(&real, &ours)
}

/// Collects all curl commands in a folder of YAML files, with the name of the file.
fn commands(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            commands(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let name = path.to_str().unwrap();
            let node: Node = yaml::read(&Source::new(name, fs::read_to_string(&path).unwrap())).unwrap();
            strings(&node, &mut |text| {
                if text.starts_with("curl ") {
                    found.push((name.to_owned(), text.to_owned()));
                }
            });
        }
    }
}

fn strings(node: &Node, visit: &mut impl FnMut(&str)) {
    match &node.value {
        Value::String(text) => visit(text),
        Value::List(list) => list.iter().for_each(|node| strings(node, visit)),
        Value::Mapping(members) => members.iter().for_each(|(_, node)| strings(node, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces each expression in a command by a value with characters that are special in shells, URLs and forms, as far as a URL allows.
fn valued(command: &str) -> String {
    let mut valued = String::new();
    let mut rest = command;
    while let Some((before, after)) = rest.split_once("${") {
        valued.push_str(before);
        valued.push_str("v+1é@x.y:z");
        rest = after.split_once('}').unwrap().1;
    }
    valued + rest
}

#[test]
fn curl_commands_of_both_suites_send_the_same_requests_as_curl() {
    let listener = Listener::open();
    let todo = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites/todo");
    let mut number = 0;
    for suite in [scenarios(), todo] {
        let manifest: Node =
            yaml::read(&Source::new("suite.yaml", fs::read_to_string(suite.join("suite.yaml")).unwrap()))
                .unwrap();
        let Value::Mapping(members) = &manifest.value else { panic!("a manifest is a mapping") };
        let origin = members.iter().find(|(key, _)| key.value == "origin").unwrap();
        let Value::String(origin) = &origin.1.value else { panic!("an origin is a string") };
        let mut found = Vec::new();
        commands(&suite, &mut found);
        for (file, command) in found {
            let command = valued(&command);
            let folder = Path::new(&file).parent().unwrap();
            let real = real(&command, origin, folder, &listener);
            let ours =
                ours(&command, origin, folder, &listener).unwrap_or_else(|wrong| panic!("{file}: {wrong}"));
            assert!(!real.is_empty() && same(&real, &ours), "{file}: {command}\n{real:?}\n{ours:?}");
            number += 1;
        }
    }
    assert!(number >= 400, "{number} commands");
}
