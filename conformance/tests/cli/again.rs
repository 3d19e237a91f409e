//! The bytes on the wire are those of the scenario file, and the `reproduce` command of a step sends the request again.

use std::fs;
use std::process::Command;

use crate::events::{self, RunReport};
use crate::fidelity::listener::{Listener, Sent};
use crate::golden;
use crate::program::{copy, data};
use crate::sandbox::Sandbox;

/// Runs the suite of all requests against a listener; returns the report and the received requests.
fn all(listener: &Listener, options: &[&str]) -> (Sandbox, RunReport, Vec<Sent>) {
    let sandbox = Sandbox::odd();
    copy(&data("suites/wire"), &sandbox.path("wire"));
    let report =
        events::run(&sandbox, &[&["run", "--suite", "../wire"], options, &[&*listener.url]].concat());
    let received = listener.heard();
    assert_eq!(report.steps.len(), received.len(), "{}", report.finished.stdout);
    (sandbox, report, received)
}

#[test]
fn every_request_is_sent_byte_for_byte() {
    let listener = Listener::open();
    let (_sandbox, report, received) = all(&listener, &[]);
    assert_eq!(report.finished.code, Some(0), "{}", report.finished.stdout);
    let mut text = String::new();
    for (step, sent) in report.steps.iter().zip(received) {
        let version = concat!("conformance/", env!("CARGO_PKG_VERSION"));
        let fields = sent.fields.iter().map(|field| format!("  {field:?}\n")).collect::<String>();
        let fields = fields.replace(version, "conformance/VERSION");
        text.push_str(&format!(
            "{}\n  {:?}\n{fields}  {:?}\n\n",
            step["id"].as_str().unwrap(),
            sent.line,
            sent.body
        ));
    }
    golden::compare(&data("suites/wire/sent.txt"), &golden::without_port(&text))
        .unwrap_or_else(|difference| panic!("{difference}"));
}

#[test]
fn the_reproduce_command_of_every_step_sends_its_request_again() {
    let listener = Listener::open();
    let (sandbox, report, received) = all(&listener, &["--show-secrets"]);
    for (step, first) in report.steps.iter().zip(received) {
        let again = step["exchange"]["again"].as_str().unwrap();
        let output = Command::new("sh")
            .args(["-c", again])
            .current_dir(sandbox.path("implementation"))
            .output()
            .unwrap();
        let second = listener.heard();
        let [second] = second.as_slice() else { panic!("{again}\n{output:?}\n{second:?}") };
        let first = first.called_curl();
        assert!(first.is(second), "{again}\n{first:?}\n{second:?}");
    }
}

#[test]
fn reproduce_command_of_a_raw_request_has_no_secret() {
    let listener = Listener::open();
    let sandbox = Sandbox::odd();
    copy(&data("suites/wire"), &sandbox.path("wire"));
    fs::write(
        sandbox.path("wire/requests/all.yaml"),
        "format: 1\ntitle: a\nprofile: only\nsteps:\n  - id: raw\n    title: b\n    covers: [WIRE-1.1]\n    request:\n      raw: |\n        GET / HTTP/1.1\n        \
         Authorization: Basic c2VjcmV0\n        Cookie: sid=0123456789abcdef\n    expect: {status: 201}\n",
    )
    .unwrap();
    let report = events::run(&sandbox, &["run", "--suite", "../wire", &listener.url]);
    assert_eq!(report.finished.code, Some(1));
    let record = report.steps[0]["exchange"].to_string();
    assert!(!record.contains("c2VjcmV0") && !record.contains("0123456789abcdef"), "{record}");
    assert!(record.contains("telnet://"), "{record}");
}
