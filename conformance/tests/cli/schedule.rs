//! When targets start and scenarios run: a target that takes a second to start makes the order visible in the duration.

use std::fs;

use crate::events::{self, Told};
use crate::sandbox::Sandbox;

/// A target that takes a second to start.
const SLOW: [&str; 4] = ["--", "sh", "-c", "sleep 1; exec python3 moody.py"];

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
        // The longest chain comes last in the plan: one second for its target, and two for the scenario.
        ("c/3-waits", "profile: c\nisolated: true", "2s"),
    ];
    let sandbox = sandbox(&stories);
    let report = run(&sandbox, &["--jobs", "8"]);
    assert_eq!(report.finished.code, Some(0), "{:?}", report.finished);
    // In sequence, seven targets and the pause would take nine seconds.
    assert!(milliseconds(&report) < 7000.0, "{}", report.footer);
    let links = report.footer["critical_path"]["links"].as_array().unwrap();
    let named: Vec<_> = links.iter().map(|link| (link["start"].as_bool(), link["name"].as_str())).collect();
    let chain = [(Some(true), Some("c for c/3-waits")), (Some(false), Some("c/3-waits"))];
    assert_eq!(named, chain, "{}", report.footer);
    assert!(report.finished.stdout.contains("Critical path: "), "{}", report.finished.stdout);
    assert!(report.finished.stdout.contains("  start of the target of c for c/3-waits\n"));
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
    let (one, many) = (run(&sandbox, &["--jobs", "1"]), run(&sandbox, &["--jobs", "16"]));
    // In sequence, they would take five seconds to start.
    assert!(milliseconds(&one) < 5000.0, "{}", one.footer);
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
    let report = run(&sandbox(&stories), &["--jobs", "4"]);
    let links = report.footer["critical_path"]["links"].as_array().unwrap();
    assert_eq!(links.iter().filter(|link| link["start"] == true).count(), 1, "{}", report.footer);
    assert!(milliseconds(&report) < 4000.0, "{}", report.footer);
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

fn milliseconds(report: &Told) -> f64 {
    report.footer["milliseconds"].as_f64().unwrap()
}
