//! A curl command is what curl sends: a listening socket records the real curl and this program, command by command.
//!
//! Compared is every request that a command makes, byte for byte: the request line, the header fields without regard to their order, and
//! the body; but for the agent's version, and the boundary of a form. `fidelity.golden` says of each command whether both send the
//! same bytes, or both refuse it, or what this program says where it refuses what curl sends.

pub(crate) mod listener;

use std::fs;
use std::path::Path;
use std::process::Command;

use conformance::curl;
use conformance::http::{HttpClient, Reading, Transport};
use conformance::source::{Source, Span};
use conformance::template::Scope;
use conformance::yaml::{self, Node, Value};

use crate::golden;
use crate::program::{data, scenarios};
use listener::{Listener, Sent};

/// What a command means to curl: the words of a shell, with the listener in the place of the origin.
pub(crate) fn real(command: &str, origin: &str, folder: &Path, listener: &Listener) -> Vec<Sent> {
    let host = |url: &str| url.trim_start_matches("http://").to_owned();
    let behind = |url: &str| format!("@{}/", host(url));
    let command = command.replace(origin, &listener.url).replace(&behind(origin), &behind(&listener.url));
    // `$'…'` is none of every shell's words.
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

/// What it means here, or what is said against it.
fn ours(command: &str, origin: &str, folder: &Path, listener: &Listener) -> Result<Vec<Sent>, String> {
    let place = Source::new("scenario.yaml", command).place(Span::new(0, command.len()));
    let files = |name: &str| fs::read(folder.join(name));
    let request = curl::parse(command, origin, &files, &place).map_err(|wrong| wrong.to_string())?;
    let prepared = request.prepare(&Scope::default()).unwrap();
    let wire = HttpClient::new(&listener.url, &Transport::default()).unwrap();
    let mut jar = request.jar.as_ref().map(|_| conformance::jar::Jar::default());
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

/// Writes the files that the commands of the table name.
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
fn what_is_sent_is_what_curl_sends() {
    let (folder, listener) = (files(), Listener::open());
    let commands = fs::read_to_string(data("fidelity.txt")).unwrap();
    let mut told = String::new();
    for command in commands.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let real = real(command, "http://h", folder.path(), &listener);
        let verdict = match ours(command, "http://h", folder.path(), &listener) {
            Ok(ours) if real.is_empty() => format!("DIFFERS  {command}\n  {ours:?}\n"),
            Ok(ours) if same(&real, &ours) => format!("same     {command}\n"),
            Ok(ours) => format!("DIFFERS  {command}\n  {real:?}\n  {ours:?}\n"),
            Err(_) if real.is_empty() => format!("neither  {command}\n"),
            Err(message) => format!("refused  {command}\n{message}\n"),
        };
        told.push_str(&verdict);
    }
    golden::compare(&data("fidelity.golden"), &told).unwrap_or_else(|difference| panic!("{difference}"));
    assert!(!told.contains("DIFFERS"), "{told}");
    assert!(told.lines().filter(|line| line.starts_with("same")).count() >= 150, "{told}");
}

/// Every curl command in a folder of YAML, with the file that it is in.
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

fn strings(node: &Node, tell: &mut impl FnMut(&str)) {
    match &node.value {
        Value::String(text) => tell(text),
        Value::List(list) => list.iter().for_each(|node| strings(node, tell)),
        Value::Mapping(members) => members.iter().for_each(|(_, node)| strings(node, tell)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The command with a value in the place of each expression: one with letters that a shell, an address and a form all have a mind about,
/// as far as an address can hold them.
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
fn every_curl_command_of_both_suites_sends_what_curl_sends() {
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
