//! If the reader of the output, such as `head`, closes its pipe, the program goes on: it exits with its usual code and writes the
//! other reports.

use std::io::{PipeWriter, pipe};
use std::process::Command;

use crate::program::conformance;
use crate::sandbox::Sandbox;

/// A pipe whose reader has closed it.
fn closed() -> PipeWriter {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    writer
}

/// Runs a command with a closed standard output and asserts its exit code.
fn exits_with(code: i32, mut command: Command) {
    let output = command.stdout(closed()).stderr(std::process::Stdio::piped()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {stderr}");
    assert!(!stderr.contains("panicked") && !stderr.contains("roken pipe"), "{command:?}: {stderr}");
}

#[test]
fn commands_that_print_exit_with_their_usual_code() {
    for arguments in [
        &["--help"][..],
        &["help", "run"],
        &["--version"],
        &["list"],
        &["list", "--format", "json"],
        &["check"],
        &["coverage"],
        &["schema", "report"],
        &["completions", "bash"],
        &["man", "run"],
        &["seed"],
        &["export", "--curl"],
    ] {
        let mut command = conformance(std::path::Path::new("."));
        command.args(arguments);
        exits_with(0, command);
    }
}

#[test]
fn run_keeps_its_exit_code_and_its_other_reports() {
    let sandbox = Sandbox::moody();
    let run = |filter, flags: &[&str]| {
        let arguments = [&["run", "--suite", "../suite", "--filter", filter], flags].concat();
        sandbox.command(&[&arguments[..], &["--", "python3", "moody.py"]].concat())
    };
    exits_with(0, run("1-open", &["--report", "jsonl=../passes.jsonl"]));
    exits_with(1, run("2-dies", &["--verbose", "--report", "jsonl=../fails.jsonl"]));
    for report in ["passes.jsonl", "fails.jsonl"] {
        let text = sandbox.read(report);
        assert!(text.lines().last().unwrap().contains(r#""event":"footer""#), "{report}: {text}");
    }
    for kind in ["tap", "jsonl", "junit", "html"] {
        exits_with(1, run("2-dies", &["--report", &format!("{kind}=-")]));
    }
}

#[test]
fn run_goes_on_without_standard_error() {
    let sandbox = Sandbox::moody();
    let run = ["run", "--suite", "../suite", "--filter", "2-dies", "--", "python3", "moody.py"];
    let status = sandbox.command(&run).stderr(closed()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(sandbox.read("stdout").contains("FAIL desk/2-dies::question"), "{}", sandbox.read("stdout"));
}
