//! Tests that an interrupted run stops its target and removes its files, even if the target ignores signals.

use rustix::process::Signal;

use crate::sandbox::{Sandbox, Started};

const HANGS: &[&str] = &["run", "--suite", "../suite", "--filter", "4-hangs", "--timeout", "10m", "--"];

#[test]
fn cleans_up_after_sigint() {
    ends_without_a_trace(Signal::INT, 130);
}

#[test]
fn cleans_up_after_sigterm() {
    ends_without_a_trace(Signal::TERM, 143);
}

#[test]
fn cleans_up_after_sighup() {
    ends_without_a_trace(Signal::HUP, 129);
}

#[test]
fn cleans_up_if_interrupted_while_the_target_starts() {
    let sandbox = Sandbox::noted();
    let run = sandbox.start(&["run", "--suite", "../suite", "--", "python3", "moody.py", "deaf"]);
    sandbox.await_file("deaf");
    run.signal(Signal::INT);
    assert_eq!(run.finish().code, Some(130));
}

#[test]
fn leaves_no_process_after_sigkill() {
    let sandbox = Sandbox::noted();
    let mut run = hanging(&sandbox);
    run.signal(Signal::KILL);
    assert_eq!(run.wait().code, None);
    sandbox.assert_no_process();
    run.assert_implementation_unchanged();
}

#[test]
fn killed_run_leaves_earlier_reports_as_they_were() {
    let sandbox = Sandbox::noted();
    sandbox.write("report.jsonl", "earlier");
    sandbox.write("report.html", "earlier");
    let reports = ["--report", "jsonl=../report.jsonl", "--report", "html=../report.html"];
    let begin = &HANGS[..HANGS.len() - 1];
    let mut run = sandbox.start(&[begin, &reports, &["--", "python3", "moody.py"]].concat());
    sandbox.await_file("hangs");
    run.signal(Signal::KILL);
    assert_eq!(run.wait().code, None);
    sandbox.assert_no_process();
    assert_eq!([sandbox.read("report.jsonl"), sandbox.read("report.html")], ["earlier", "earlier"]);
}

#[test]
fn stops_a_target_that_ignores_signals() {
    let sandbox = Sandbox::moody();
    let arguments =
        ["run", "--suite", "../suite", "--filter", "1-open", "--", "python3", "moody.py", "stubborn"];
    assert_eq!(sandbox.run(&arguments).code, Some(0));
}

fn ends_without_a_trace(signal: Signal, code: i32) {
    let sandbox = Sandbox::noted();
    let run = hanging(&sandbox);
    run.signal(signal);
    let finished = run.finish();
    assert_eq!(finished.code, Some(code), "{finished:?}");
}

/// Starts a run that hangs in a request without response. The target ignores signals and has child processes.
fn hanging(sandbox: &Sandbox) -> Started<'_> {
    let run = sandbox.start(&[HANGS, &["python3", "moody.py", "stubborn"]].concat());
    sandbox.await_file("hangs");
    let sleeping = sandbox.processes().iter().filter(|command| command.starts_with("sleep")).count();
    assert_eq!(sleeping, 2, "{:?}", sandbox.processes());
    run
}
