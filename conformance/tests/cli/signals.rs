//! A run that is ended from outside leaves nothing, whatever its target does about it.

use rustix::process::Signal;

use crate::sandbox::{Sandbox, Started};

const HANGS: &[&str] = &["run", "--suite", "../suite", "--filter", "4-hangs", "--timeout", "10m", "--"];

#[test]
fn an_interrupted_run_leaves_nothing() {
    ends_without_a_trace(Signal::INT, 130);
}

#[test]
fn a_terminated_run_leaves_nothing() {
    ends_without_a_trace(Signal::TERM, 143);
}

#[test]
fn a_run_whose_terminal_is_closed_leaves_nothing() {
    ends_without_a_trace(Signal::HUP, 129);
}

#[test]
fn a_run_that_is_interrupted_while_its_target_comes_up_leaves_nothing() {
    let sandbox = Sandbox::noted();
    let run = sandbox.start(&["run", "--suite", "../suite", "--", "python3", "moody.py", "deaf"]);
    sandbox.await_file("deaf");
    run.signal(Signal::INT);
    assert_eq!(run.finish().code, Some(130));
}

#[test]
fn a_killed_run_leaves_no_process() {
    let sandbox = Sandbox::noted();
    let mut run = hanging(&sandbox);
    run.signal(Signal::KILL);
    assert_eq!(run.wait().code, None);
    sandbox.assert_no_process();
    run.assert_implementation_unchanged();
}

#[test]
fn a_run_that_ends_by_itself_ends_a_stubborn_target_too() {
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

/// A run in the middle of a request that its target never answers. The target hears no signal and has children.
fn hanging(sandbox: &Sandbox) -> Started<'_> {
    let run = sandbox.start(&[HANGS, &["python3", "moody.py", "stubborn"]].concat());
    sandbox.await_file("hangs");
    let sleeping = sandbox.processes().iter().filter(|command| command.starts_with("sleep")).count();
    assert_eq!(sleeping, 2, "{:?}", sandbox.processes());
    run
}
