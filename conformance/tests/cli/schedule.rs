//! When targets start and scenarios run: each target notes when its start begins and when it ends, a second later.

use std::fs;

use crate::events::{self, RunReport};
use crate::sandbox::Sandbox;

/// A target that takes a second to start, and writes a letter when its start begins and another when it ends.
const SLOW: [&str; 4] =
    ["--", "sh", "-c", "printf b >> \"$STARTS\"; sleep 1; printf e >> \"$STARTS\"; exec python3 moody.py"];

/// A scenario: its file, its properties, and the pause before its step.
type Story = (&'static str, &'static str, &'static str);

#[test]
fn profiles_run_concurrently_and_targets_start_ahead() {
    let stories = [
        ("a/1-shares", "profile: a", "0s"),
        ("a/2-shares", "profile: a", "0s"),
        ("a/3-alone", "profile: a\nisolated: true", "0s"),
        ("b/1-shares", "profile: b", "0s"),
        ("b/2-alone", "profile: b\nisolated: true", "0s"),
        ("c/1-alone", "profile: c\nisolated: true", "0s"),
        ("c/2-alone", "profile: c\nisolated: true", "0s"),
        ("c/3-waits", "profile: c\nisolated: true", "2s"),
    ];
    let sandbox = sandbox(&stories);
    let report = run(&sandbox, &["--jobs", "8"]);
    assert_eq!(report.finished.code, Some(0), "{:?}", report.finished);
    let starts = sandbox.read("starts");
    assert_eq!(starts.matches('b').count(), 7, "{starts}");
    assert!(starts.contains("bb"), "no two starts overlapped: {starts}");
}

#[test]
fn one_job_starts_isolated_targets_ahead_in_order() {
    let stories = [
        ("a/1-alone", "profile: a\nisolated: true", "0s"),
        ("a/2-alone", "profile: a\nisolated: true", "0s"),
        ("a/3-alone", "profile: a\nisolated: true", "0s"),
        ("a/4-alone", "profile: a\nisolated: true", "0s"),
        ("a/5-waits", "profile: a", "1s"),
    ];
    let sandbox = sandbox(&stories);
    let one = run(&sandbox, &["--jobs", "1"]);
    let starts = sandbox.read("starts");
    assert!(starts.contains("bb"), "no two starts overlapped: {starts}");
    let many = run(&sandbox, &["--jobs", "16"]);
    let planned =
        ["a/1-alone::open", "a/2-alone::open", "a/3-alone::open", "a/4-alone::open", "a/5-waits::open"];
    assert_eq!((one.ids(), many.ids()), (planned.to_vec(), planned.to_vec()));
}

#[test]
fn read_only_scenarios_share_one_target() {
    let stories: Vec<Story> = vec![
        ("a/1", "profile: a", "0s"),
        ("a/2", "profile: a", "0s"),
        ("a/3", "profile: a", "0s"),
        ("a/4", "profile: a", "0s"),
    ];
    let sandbox = sandbox(&stories);
    let report = run(&sandbox, &["--jobs", "1"]);
    assert_eq!(report.finished.code, Some(0), "{:?}", report.finished);
    assert_eq!(sandbox.read("starts"), "be", "{}", report.footer);
}

fn sandbox(stories: &[Story]) -> Sandbox {
    let sandbox = Sandbox::moody();
    let starts = sandbox.path("starts").display().to_string();
    let sandbox = sandbox.with("STARTS", starts);
    fs::remove_dir_all(sandbox.path("suite/desk")).unwrap();
    let manifest = "format: 1\ntitle: Desks\norigin: http://desk.example\nlaunch:\n  env: {DESK_PORT: \"${port}\"}\n  \
                    ready: curl \"http://desk.example/\"\n  files: {guests.json: \"[]\"}\nprofiles: {a: {}, b: {}, c: {}}\n";
    sandbox.write("suite/suite.yaml", manifest);
    sandbox.write(
        "suite/requirements.yaml",
        "format: 1\nrequirements:\n  - {id: DESK-1, level: must, clause: \"1\", text: It is open.}\n",
    );
    for (file, head, wait) in stories {
        let path = format!("suite/{file}.yaml");
        fs::create_dir_all(sandbox.path(&path).parent().unwrap()).unwrap();
        let steps = format!(
            "steps:\n  - id: open\n    title: it is open\n    covers: [DESK-1]\n    wait: {wait}\n    \
             request: curl \"http://desk.example/open\"\n    expect: {{status: 200, json: {{open: true}}}}\n"
        );
        sandbox.write(&path, &format!("format: 1\ntitle: {file}\n{head}\n{steps}"));
    }
    sandbox
}

fn run(sandbox: &Sandbox, flags: &[&str]) -> RunReport {
    events::run(sandbox, &[&["run", "--suite", "../suite", "--verbose"], flags, &SLOW].concat())
}
