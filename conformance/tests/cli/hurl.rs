//! Runs exported files with the real Hurl: `cargo test -p conformance-http --test cli hurl -- --ignored`, with hurl (<https://hurl.dev>) in
//! `PATH`.

mod judged;
mod suite;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::export::{Desk, imported};
use crate::fidelity::listener::{Listener, Sent};
use crate::golden;
use crate::program::{conformance_in, data};

/// Runs a file with these variables; returns whether it passed, and the output of Hurl.
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
fn exported_suite_passes_in_hurl() {
    let folder = imported();
    let exported = conformance_in(folder.path(), &["export", "--hurl", "--suite", "suite"]);
    fs::write(folder.path().join("suite.hurl"), &exported.stdout).unwrap();
    let desk = Desk::open();
    let (holds, output) = hurl(folder.path(), "suite.hurl", &target(&desk.url));
    assert!(holds && output.contains("Executed requests: 8"), "{output}\n{}", exported.stdout);
    let other = exported.stdout.replacen("HTTP 404", "HTTP 410", 1);
    fs::write(folder.path().join("other.hurl"), &other).unwrap();
    assert!(!hurl(folder.path(), "other.hurl", &target(&desk.url)).0, "Hurl has compared nothing");
}

#[test]
#[ignore = "needs hurl on the PATH"]
fn hurl_parses_every_form_of_exported_files() {
    let (holds, output) = hurl(&data("exported"), "all.hurl", &target("http://127.0.0.1:9"));
    assert!(!holds && output.contains("HTTP connection") && !output.contains("Parsing"), "{output}");
    assert!(output.contains("Executed requests: "), "{output}");
}

#[test]
#[ignore = "needs hurl on the PATH"]
fn hurl_sends_the_same_requests_as_curl() {
    let (folder, listener) = (tempfile::tempdir().unwrap(), Listener::open());
    let mut output = String::new();
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
            ([real], [sent]) if plain(real) == plain(sent) => {
                output.push_str(&format!("same     {command}\n"));
            }
            (_, []) if exported.contains("# This step is not in the file") => {
                output.push_str(&format!("left out {command}\n"));
            }
            // A comment in the file explains each difference.
            _ => output.push_str(&golden::without_port(&format!(
                "DIFFERS  {command}\n  curl {real:?}\n  hurl {sent:?}\n{}{}\n",
                comments(&exported),
                if sent.is_empty() { said.as_str() } else { "" }
            ))),
        }
    }
    let unsaid = output.split("DIFFERS").skip(1).filter(|one| !one.contains("  # Hurl ")).count();
    assert_eq!(unsaid, 0, "{output}");
    golden::compare(&data("hurl.golden"), &output).unwrap_or_else(|difference| panic!("{difference}"));
}

/// Returns the comments on differences between Hurl and curl.
fn comments(exported: &str) -> String {
    exported.lines().filter(|line| line.starts_with("# Hurl ")).map(|line| format!("  {line}\n")).collect()
}

fn target(url: &str) -> [String; 1] {
    [format!("target={url}")]
}

/// Returns a request without its user agent.
fn plain(sent: &Sent) -> (String, Vec<String>, String) {
    let named =
        |field: &&String| !field.starts_with("User-Agent: curl") && !field.starts_with("User-Agent: hurl/");
    (sent.line.clone(), sent.fields.iter().filter(named).cloned().collect(), sent.body.clone())
}

/// Returns the Hurl file for one command, if the command is valid.
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
