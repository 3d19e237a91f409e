//! Compares the requests of this program with those of the real curl, command by command, on a listening socket.
//!
//! All requests of a command are compared byte for byte: request line, header fields in any order, and body. Only the version in the user
//! agent and form boundaries may differ. `fidelity.golden` lists for each command whether both send the same bytes or both refuse it, or
//! the message with which this program refuses what curl sends.

pub(crate) mod listener;

use std::fs;
use std::path::Path;
use std::process::Command;

use conformance_engine::http::{HttpClient, Reading, Transport};
use conformance_suite::curl;
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
    let command =
        command.replace(origin, &listener.url).replace(&after_user(origin), &after_user(&listener.url));
    // Not every shell supports `$'…'`.
    let shell = if command.contains("$'") { "bash" } else { "sh" };
    let output = Command::new(shell)
        .args(["-c", &format!("{command} -s -m 20")])
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
    let prepared = request.prepare(&Scope::default()).unwrap();
    let wire = HttpClient::new(&listener.url, &Transport::default()).unwrap();
    let mut jar = request.jar.as_ref().map(|_| conformance_suite::jar::Jar::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime
        .block_on(wire.send(prepared, jar.as_mut(), Reading::Whole))
        .outcome
        .map_err(|transport_error| transport_error.to_string())?;
    Ok(listener.heard())
}

fn same(real: &[Sent], ours: &[Sent]) -> bool {
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
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    fs::write(folder.join("bytes"), (0..=255).collect::<Vec<u8>>()).unwrap();
    fs::write(folder.join("large"), "0123456789abcdef".repeat(80 * 1024)).unwrap();
}

#[test]
fn sends_the_same_requests_as_curl() {
    let (folder, listener) = (files(), Listener::open());
    let commands = fs::read_to_string(data("fidelity.txt")).unwrap();
    let mut report = String::new();
    for command in commands.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let real = real(command, "http://h", folder.path(), &listener);
        let verdict = match ours(command, "http://h", folder.path(), &listener) {
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
