//! Target files: commands for each profile, free ports, captured output, and hooks around a start.

use crate::events;
use crate::program::{Finished, unused_port};
use crate::sandbox::Sandbox;

fn run(sandbox: &Sandbox, file: &str) -> Finished {
    sandbox.write("implementation/target.yaml", &format!("format: 1\ntitle: a desk\n{file}"));
    sandbox.run(&["run", "--suite", "../suite", "--target", "target.yaml"])
}

#[test]
fn profile_has_its_own_command_and_captures_output() {
    let file = "command: python3 odd.py\nprofiles:\n  apart: {command: python3 odd.py apart}\n";
    let finished = run(&Sandbox::odd(), file);
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    assert!(finished.stdout.contains("7 pass"), "{}", finished.stdout);
}

#[test]
fn fixed_port_serializes_scenarios() {
    let port = unused_port();
    let file = format!("command: python3 odd.py fixed {port}\nport: {port}\n");
    let finished = run(&Sandbox::odd(), &file);
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
}

#[test]
fn setup_and_teardown_run_around_each_start() {
    let sandbox = Sandbox::odd();
    let log = sandbox.path("log");
    let note = |word: &str| {
        format!("sh -c 'echo {word} $DESK_HALF $(test -f odd.py && echo here) >> {}'", log.display())
    };
    let file = format!("command: python3 odd.py\nsetup: {:?}\nteardown: [{:?}]\n", note("up"), note("down"));
    let finished = run(&sandbox, &file);
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    let mut lines: Vec<String> = sandbox.read("log").lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["down left here", "down right here", "up left here", "up right here"]);
}

#[test]
fn failed_setup_is_reported_with_its_output() {
    let file = "command: python3 odd.py\nsetup: \"sh -c 'echo fatal: no table; exit 7'\"\n";
    let finished = run(&Sandbox::odd(), file);
    assert_eq!(finished.code, Some(3), "{}", finished.stdout);
    let expected = "exited with status 7: fatal: no table";
    assert!(finished.stdout.contains(expected), "{}", finished.stdout);
}

#[test]
fn build_runs_once_in_a_copy_for_all_starts() {
    let sandbox = Sandbox::odd();
    let log = sandbox.path("log");
    let build = format!("sh -c 'cp odd.py made.py; echo built >> {}'", log.display());
    let finished = run(&sandbox, &format!("command: python3 made.py\nbuild: [{build:?}]\n"));
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    assert_eq!(sandbox.read("log"), "built\n");
}

#[test]
fn profile_with_a_missing_file_is_not_supported() {
    let sandbox = Sandbox::odd();
    let file = "command: python3 odd.py\nprofiles:\n  apart: {command: python3 main.py, needs: [main.py]}\n";
    sandbox.write("implementation/target.yaml", &format!("format: 1\ntitle: a desk\n{file}"));
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "--target", "target.yaml"]);
    assert_eq!(report.finished.code, Some(0));
    let word = report.step("desk/5-apart::word");
    assert_eq!(
        (&word["verdict"], &word["reason"]),
        (&"skipped".into(), &"the implementation has no `main.py`".into())
    );
}

#[test]
fn rejects_port_zero() {
    let finished = run(&Sandbox::odd(), "command: python3 odd.py\nport: 0\n");
    assert_eq!(finished.code, Some(2), "{}", finished.stderr);
    assert!(finished.stderr.contains("target.yaml:4:7"), "{}", finished.stderr);
}
