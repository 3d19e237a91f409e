//! Target files: a command for each profile, a port that nobody chooses, what is captured, and what runs around a start.

use crate::events;
use crate::program::{Finished, unused_port};
use crate::sandbox::Sandbox;

fn run(sandbox: &Sandbox, file: &str) -> Finished {
    sandbox.write("implementation/target.yaml", &format!("format: 1\ntitle: a desk\n{file}"));
    sandbox.run(&["run", "--suite", "../suite", "--target", "target.yaml"])
}

#[test]
fn a_profile_has_a_command_of_its_own_and_what_it_prints_is_used() {
    let file = "command: python3 odd.py\nprofiles:\n  apart: {command: python3 odd.py apart}\n";
    let finished = run(&Sandbox::odd(), file);
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    assert!(finished.stdout.contains("7 pass"), "{}", finished.stdout);
}

#[test]
fn a_target_on_a_fixed_port_runs_one_scenario_after_the_other() {
    let port = unused_port();
    let file = format!("command: python3 odd.py fixed {port}\nport: {port}\n");
    let finished = run(&Sandbox::odd(), &file);
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
}

#[test]
fn setup_runs_before_each_start_and_teardown_after_each_stop_in_the_targets_own_folder() {
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
fn a_setup_that_fails_is_told_with_its_words_and_judges_nothing() {
    let file = "command: python3 odd.py\nsetup: \"sh -c 'echo fatal: no table; exit 7'\"\n";
    let finished = run(&Sandbox::odd(), file);
    assert_eq!(finished.code, Some(3), "{}", finished.stdout);
    let told = "exited with status 7: fatal: no table";
    assert!(finished.stdout.contains(told), "{}", finished.stdout);
}

#[test]
fn a_build_runs_once_in_a_copy_and_each_start_has_what_it_made() {
    let sandbox = Sandbox::odd();
    let log = sandbox.path("log");
    let build = format!("sh -c 'cp odd.py made.py; echo built >> {}'", log.display());
    let finished = run(&sandbox, &format!("command: python3 made.py\nbuild: [{build:?}]\n"));
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    assert_eq!(sandbox.read("log"), "built\n");
}

#[test]
fn a_profile_that_needs_a_file_which_is_not_there_is_not_offered() {
    let sandbox = Sandbox::odd();
    let file = "command: python3 odd.py\nprofiles:\n  apart: {command: python3 main.py, needs: [main.py]}\n";
    sandbox.write("implementation/target.yaml", &format!("format: 1\ntitle: a desk\n{file}"));
    let told = events::run(&sandbox, &["run", "--suite", "../suite", "--target", "target.yaml"]);
    assert_eq!(told.finished.code, Some(0));
    let word = told.step("desk/5-apart::word");
    assert_eq!(
        (&word["verdict"], &word["reason"]),
        (&"skipped".into(), &"the implementation has no `main.py`".into())
    );
}

#[test]
fn a_port_of_zero_is_wrong_on_paper() {
    let finished = run(&Sandbox::odd(), "command: python3 odd.py\nport: 0\n");
    assert_eq!(finished.code, Some(2), "{}", finished.stderr);
    assert!(finished.stderr.contains("target.yaml:4:7"), "{}", finished.stderr);
}
