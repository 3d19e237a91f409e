//! Exported files, run by the real Hurl: `cargo test -p conformance --test cli hurl -- --ignored`, with hurl (<https://hurl.dev>) on the PATH.

mod judged;
mod suite;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::export::{Desk, imported};
use crate::fidelity::listener::{Listener, Sent};
use crate::golden;
use crate::program::{conformance_in, data};

/// Runs a file with these variables and returns whether all of it holds, with what Hurl says.
fn hurl(folder: &Path, file: &str, variables: &[String]) -> (bool, String) {
    let output = Command::new("hurl")
        .args(["--test", "--no-cookie-store", "--continue-on-error", file])
        .args(variables.iter().flat_map(|variable| ["--variable", variable]))
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| {
            panic!("hurl does not start ({error}): https://hurl.dev says how to have it")
        });
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
#[ignore = "needs hurl on the PATH"]
fn an_exported_suite_holds_when_hurl_runs_it() {
    let folder = imported();
    let exported = conformance_in(folder.path(), &["export", "--hurl", "--suite", "suite"]);
    fs::write(folder.path().join("suite.hurl"), &exported.stdout).unwrap();
    let desk = Desk::open();
    let (holds, told) = hurl(folder.path(), "suite.hurl", &target(&desk.url));
    assert!(holds && told.contains("Executed requests: 8"), "{told}\n{}", exported.stdout);
    let other = exported.stdout.replacen("HTTP 404", "HTTP 410", 1);
    fs::write(folder.path().join("other.hurl"), &other).unwrap();
    assert!(!hurl(folder.path(), "other.hurl", &target(&desk.url)).0, "Hurl has compared nothing");
}

#[test]
#[ignore = "needs hurl on the PATH"]
fn every_form_of_an_exported_file_is_one_that_hurl_reads() {
    let (holds, told) = hurl(&data("exported"), "all.hurl", &target("http://127.0.0.1:9"));
    assert!(!holds && told.contains("HTTP connection") && !told.contains("Parsing"), "{told}");
    assert!(told.contains("Executed requests: "), "{told}");
}

#[test]
#[ignore = "needs hurl on the PATH"]
fn hurl_sends_of_an_exported_request_what_curl_sends() {
    let (folder, listener) = (tempfile::tempdir().unwrap(), Listener::open());
    let mut told = String::new();
    for command in fs::read_to_string(data("fidelity.txt")).unwrap().lines() {
        if !command.starts_with("curl ") || command.contains("/to/") {
            continue;
        }
        crate::fidelity::write_files(&folder.path().join("suite/desk"));
        let real = crate::fidelity::real(command, "http://h", &folder.path().join("suite/desk"), &listener);
        let Some(exported) = exported(folder.path(), command) else { continue };
        fs::write(folder.path().join("one.hurl"), &exported).unwrap();
        let (_, said) = hurl(folder.path(), "one.hurl", &target(&listener.url));
        let sent = listener.heard();
        match (real.as_slice(), sent.as_slice()) {
            ([real], [sent]) if plain(real) == plain(sent) => told.push_str(&format!("same     {command}\n")),
            (_, []) if exported.contains("# This step is not in the file") => {
                told.push_str(&format!("left out {command}\n"));
            }
            // Each is told in the file by a comment.
            _ => told.push_str(&golden::without_port(&format!(
                "DIFFERS  {command}\n  curl {real:?}\n  hurl {sent:?}\n{}{}\n",
                comments(&exported),
                if sent.is_empty() { said.as_str() } else { "" }
            ))),
        }
    }
    let unsaid = told.split("DIFFERS").skip(1).filter(|one| !one.contains("  # Hurl ")).count();
    assert_eq!(unsaid, 0, "{told}");
    golden::compare(&data("hurl.golden"), &told).unwrap_or_else(|difference| panic!("{difference}"));
}

/// What the file says of what Hurl does otherwise.
fn comments(exported: &str) -> String {
    exported.lines().filter(|line| line.starts_with("# Hurl ")).map(|line| format!("  {line}\n")).collect()
}

fn target(url: &str) -> [String; 1] {
    [format!("target={url}")]
}

/// A request without what Hurl calls itself.
fn plain(sent: &Sent) -> (String, Vec<String>, String) {
    let named =
        |field: &&String| !field.starts_with("User-Agent: curl") && !field.starts_with("User-Agent: hurl/");
    (sent.line.clone(), sent.fields.iter().filter(named).cloned().collect(), sent.body.clone())
}

/// A file of Hurl with one command, if it can be read.
fn exported(folder: &Path, command: &str) -> Option<String> {
    let quoted = serde_json::to_string(command).unwrap().replace("${", "${'${'}");
    for (name, text) in [
        ("suite.yaml", "format: 1\ntitle: One\norigin: http://h\nprofiles: {all: {}}\n".to_owned()),
        ("requirements.yaml", "format: 1\nrequirements: []\n".to_owned()),
        (
            "desk/one.yaml",
            format!(
                "format: 1\ntitle: One\nprofile: all\nsteps:\n  - id: one\n    title: one\n    request: {quoted}\n"
            ),
        ),
    ] {
        fs::write(folder.join("suite").join(name), text).unwrap();
    }
    let finished = conformance_in(folder, &["export", "--hurl", "--suite", "suite"]);
    (finished.code == Some(0)).then_some(finished.stdout)
}
