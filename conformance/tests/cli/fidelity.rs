//! Compares the requests of this program with those of the real curl, command by command, on a listening socket.
//!
//! All requests of a command are compared byte for byte: request line, header fields in any order, and body. Only the version in the user
//! agent and form boundaries may differ. `fidelity.golden` lists for each command whether both send the same bytes or both refuse it, or
//! the message with which this program refuses what curl sends.

pub(crate) mod listener;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

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
    let output = Command::new(shell)
        .args(["-c", &format!("curl() {{ command curl -s -m 20 \"$@\"; }}\n{command}")])
        .stdin(Stdio::null())
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    drop(output);
    listener.heard()
}

/// Runs a command with this program; returns its requests or its error message.
fn ours(command: &str, origin: &str, folder: &Path, listener: &Listener) -> Result<Vec<Sent>, String> {
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
    ("curl http://h/ -T text.txt", UPLOAD),
    ("curl -T data.json http://h/a", UPLOAD),
    ("curl -T data.json http://h/a/", UPLOAD),
    ("curl -T data.json 'http://h/?x=1'", UPLOAD),
    ("curl -T data.json -X POST http://h/a", UPLOAD),
    ("curl -T data.json -G http://h/a", UPLOAD),
    ("curl -T two.txt -H 'Content-Type: a/b' http://h/a", UPLOAD),
    ("curl --digest -u a:b http://h/a -T data.json", UPLOAD),
];

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

/// Options with a value, for generated commands.
const OPTIONS: &[&str] = &[
    "-d ",
    "--data-raw ",
    "--data-binary ",
    "--data-urlencode ",
    "--data-urlencode n=",
    "--json ",
    "-G --data-urlencode q=",
    "--url-query q=",
    "-F a=",
    "--form-string a=",
    "-H X-A:",
    "-b c=",
    "-A ",
    "-e ",
    "-u a:",
    "--oauth2-bearer ",
    "-X PUT -d",
    "-I -G --data-urlencode ",
];

const VALUES: &[&str] = &[
    "plain",
    "a b",
    "a=b&c=d",
    "{\"a\": [1, \"x\"]}",
    "it's",
    "100% $ {x} `",
    "back\\slash\\",
    "ümlaut €",
    "semi;colon,comma",
    "<tag attr=\"v\">",
    "#not a comment",
    "*?[a-z]~!",
    " padded ",
    "%41%zz+",
];

/// Quotes a value in each way of a shell.
fn quotations(value: &str) -> [String; 4] {
    let escaped = |special: &str| -> String {
        value.chars().flat_map(|one| special.contains(one).then_some('\\').into_iter().chain([one])).collect()
    };
    [
        format!("'{}'", value.replace('\'', r"'\''")),
        format!("\"{}\"", escaped("$`\"\\")),
        format!("$'{}'", escaped("'\\")),
        escaped(" \"'$`\\{}[]<>&;|()*?#!~"),
    ]
}

#[test]
fn generated_commands_send_the_same_requests_as_curl() {
    let (folder, listener) = (files(), Listener::open());
    let mut number = 0;
    for (index, option) in OPTIONS.iter().enumerate() {
        for (other, value) in VALUES.iter().enumerate() {
            // Each option meets each value, and each way to quote.
            let quoted = &quotations(value)[(index + other) % 4];
            let command = format!("curl http://h/a {option}{quoted}");
            let real = real(&command, "http://h", folder.path(), &listener);
            match ours(&command, "http://h", folder.path(), &listener) {
                Ok(ours) => assert!(same(&real, &ours), "{command}\n{real:?}\n{ours:?}"),
                Err(message) => assert!(real.is_empty(), "{command}\n{real:?}\n{message}"),
            }
            number += 1;
        }
    }
    assert!(number > 200, "{number} commands");
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
