//! When targets start and scenarios play: a target that takes a second to start shows it on the clock.

use std::fs;

use crate::events::{self, Told};
use crate::sandbox::Sandbox;

/// A target that takes a second to start, whatever else it does.
const SLOW: [&str; 4] = ["--", "sh", "-c", "sleep 1; exec python3 moody.py"];

/// A scenario: its file, what is true of it, and the pause before its step.
type Story = (&'static str, &'static str, &'static str);

#[test]
fn scenarios_of_all_profiles_run_at_once_and_targets_start_while_others_run() {
    let stories = [
        ("a/1-shares", "profile: a", "0s"),
        ("a/2-shares", "profile: a", "0s"),
        ("a/3-alone", "profile: a\nisolated: true", "0s"),
        ("b/1-shares", "profile: b", "0s"),
        ("b/2-alone", "profile: b\nisolated: true", "0s"),
        ("c/1-alone", "profile: c\nisolated: true", "0s"),
        ("c/2-alone", "profile: c\nisolated: true", "0s"),
        // The longest chain is the last of the plan: a second for its target, and two in the story.
        ("c/3-waits", "profile: c\nisolated: true", "2s"),
    ];
    let sandbox = sandbox(&stories);
    let told = run(&sandbox, &["--jobs", "8"]);
    assert_eq!(told.finished.code, Some(0), "{:?}", told.finished);
    // One after the other seven targets and the pause take nine seconds.
    assert!(milliseconds(&told) < 7000.0, "{}", told.footer);
    let links = told.footer["critical_path"]["links"].as_array().unwrap();
    let named: Vec<_> = links.iter().map(|link| (link["start"].as_bool(), link["name"].as_str())).collect();
    let chain = [(Some(true), Some("c for c/3-waits")), (Some(false), Some("c/3-waits"))];
    assert_eq!(named, chain, "{}", told.footer);
    assert!(told.finished.stdout.contains("Critical path: "), "{}", told.finished.stdout);
    assert!(told.finished.stdout.contains("  start of the target of c for c/3-waits\n"));
}

#[test]
fn with_one_job_isolated_targets_are_started_ahead_of_need_and_the_order_stays() {
    let stories = [
        ("a/1-alone", "profile: a\nisolated: true", "0s"),
        ("a/2-alone", "profile: a\nisolated: true", "0s"),
        ("a/3-alone", "profile: a\nisolated: true", "0s"),
        ("a/4-alone", "profile: a\nisolated: true", "0s"),
        ("a/5-waits", "profile: a", "1s"),
    ];
    let sandbox = sandbox(&stories);
    let (one, many) = (run(&sandbox, &["--jobs", "1"]), run(&sandbox, &["--jobs", "16"]));
    // One after the other they take five seconds to start.
    assert!(milliseconds(&one) < 5000.0, "{}", one.footer);
    let planned =
        ["a/1-alone::open", "a/2-alone::open", "a/3-alone::open", "a/4-alone::open", "a/5-waits::open"];
    assert_eq!((one.ids(), many.ids()), (planned.to_vec(), planned.to_vec()));
}

#[test]
fn a_shared_target_is_started_once_for_all_that_change_nothing() {
    let stories: Vec<Story> = vec![
        ("a/1", "profile: a", "0s"),
        ("a/2", "profile: a", "0s"),
        ("a/3", "profile: a", "0s"),
        ("a/4", "profile: a", "0s"),
    ];
    let told = run(&sandbox(&stories), &["--jobs", "4"]);
    let links = told.footer["critical_path"]["links"].as_array().unwrap();
    assert_eq!(links.iter().filter(|link| link["start"] == true).count(), 1, "{}", told.footer);
    assert!(milliseconds(&told) < 4000.0, "{}", told.footer);
}

fn sandbox(stories: &[Story]) -> Sandbox {
    let sandbox = Sandbox::moody();
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

fn run(sandbox: &Sandbox, flags: &[&str]) -> Told {
    events::run(sandbox, &[&["run", "--suite", "../suite", "--verbose"], flags, &SLOW].concat())
}

fn milliseconds(told: &Told) -> f64 {
    told.footer["milliseconds"].as_f64().unwrap()
}
