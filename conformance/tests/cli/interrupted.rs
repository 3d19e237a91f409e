//! An interrupted run reports the finished steps in every report, and that the run is incomplete.

use rustix::process::Signal;
use serde_json::Value as Json;

use crate::program::Finished;
use crate::sandbox::Sandbox;

/// The steps that are finished before the target hangs, and a later one.
const SCENARIOS: [&str; 3] = ["2-dies", "4-hangs", "6-refuses"];
const WAITS: &str = r#"
format: 1
title: The desk answers, and then lets a guest wait
profile: desk
steps:
  - id: before
    title: the desk is open
    covers: [MOOD-1.1]
    request: curl "http://desk.example/before"
    expect: {status: 200}
  - id: hangs
    title: the desk answers a guest who waits
    covers: [MOOD-2.2]
    request: curl "http://desk.example/hang"
    expect: {status: 200}
"#;

#[test]
fn terminal_report_has_the_failures_so_far() {
    let (_, finished) = interrupted(Signal::INT, &[]);
    assert_eq!(finished.code, Some(130));
    let expected = [
        "FAIL desk/2-dies::question",
        "   the target exited with status 3\n",
        "interrupted after 4 of 6 steps; the other steps were not run\n",
        "steps: 2 pass, 1 inconclusive, 1 fail\n",
        ": MUST 1/2 pass\n",
    ];
    for expected in expected {
        assert!(finished.stdout.contains(expected), "{expected}\n{}", finished.stdout);
    }
    assert!(!finished.stdout.contains("6-refuses"), "{}", finished.stdout);
}

#[test]
fn json_lines_footer_is_interrupted_and_compare_rejects_it() {
    let (sandbox, finished) = interrupted(Signal::TERM, &["--report", "jsonl=../report.jsonl"]);
    assert_eq!(finished.code, Some(143));
    let report = sandbox.read("report.jsonl");
    let lines: Vec<Json> = report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let footer = lines.last().unwrap();
    assert_eq!((&footer["event"], &footer["interrupted"]), (&"footer".into(), &true.into()));
    assert_eq!(footer["exit"], 143);
    let ids: Vec<&str> = lines.iter().filter_map(|line| line["id"].as_str()).collect();
    assert_eq!(
        ids,
        ["desk/2-dies::before", "desk/2-dies::question", "desk/2-dies::after", "desk/4-hangs::before"]
    );
    let compared = sandbox.run(&["compare", "../report.jsonl"]);
    assert_eq!(compared.code, Some(2));
    assert!(compared.stderr.contains("its run was interrupted"), "{}", compared.stderr);
}

#[test]
fn every_report_says_interrupted() {
    let kinds = ["html", "junit", "tap", "badge"];
    let reports: Vec<String> = kinds.iter().map(|kind| format!("{kind}=../report.{kind}")).collect();
    let mut arguments: Vec<&str> = reports.iter().flat_map(|report| ["--report", report]).collect();
    arguments.extend(["--report", "github", "--write-deviations", "../known.yaml"]);
    let (sandbox, finished) = interrupted(Signal::INT, &arguments);
    let expected = "interrupted after 4 of 6 steps";
    assert!(
        finished
            .stdout
            .contains(&format!("::error title=A desk of many moods%3A python3 moody.py::{expected}\n"))
    );
    let html = sandbox.read("report.html");
    assert!(html.contains(expected) && html.contains("the desk survives the question"));
    let junit = sandbox.read("report.junit");
    assert!(
        junit.contains(&format!(r#"<error type="interrupted" message="{expected}">{expected}</error>"#)),
        "{junit}"
    );
    // Four steps, and the run itself.
    assert!(junit.contains(r#"tests="5" failures="1" errors="2""#), "{junit}");
    let tap = sandbox.read("report.tap");
    assert!(tap.starts_with("TAP version 14\n1..4\n") && tap.ends_with(&format!("Bail out! {expected}\n")));
    assert!(sandbox.read("report.badge").contains("inconclusive: MUST 1/2"));
    let known = sandbox.read("known.yaml");
    assert!(known.contains("desk/2-dies::question") && known.contains(expected), "{known}");
}

#[test]
fn an_unreached_known_failure_is_not_stale() {
    let known = "format: 1\ndeviations:\n  - {requirement: MOOD-2.4, reason: she is not on the list}\n";
    let sandbox = desk();
    sandbox.write("known.yaml", known);
    let finished = interrupt(&sandbox, Signal::INT, &["--deviations", "../known.yaml"]);
    assert!(!finished.stdout.contains("STALE"), "{}", finished.stdout);
}

/// It fails, waits, and cleans up: one cleanup step passes, one fails.
const CLEANS_UP: &str = r#"
format: 1
title: A guest waits, and whatever comes of it the desk is closed
profile: desk
steps:
  - id: before
    title: the desk is closed
    covers: [MOOD-1.1]
    request: curl "http://desk.example/before"
    expect: {status: 418}
  - id: hangs
    title: the desk answers a guest who waits
    covers: [MOOD-2.2]
    request: curl "http://desk.example/hang"
    expect: {status: 200}
  - id: behind
    title: the desk goes on
    request: curl "http://desk.example/behind"
    expect: {status: 200}
cleanup:
  - id: close
    title: the desk is closed
    request: curl "http://desk.example/shut"
    expect: {status: 200}
  - id: lock
    title: the door is locked
    request: curl "http://desk.example/lock"
    expect: {status: 423}
"#;

#[test]
fn cleanup_runs_and_its_failure_hides_no_other() {
    let sandbox = Sandbox::noted();
    sandbox.write("suite/desk/4-hangs.yaml", CLEANS_UP);
    let report = ["--report", "jsonl=../report.jsonl", "--filter", "4-hangs"];
    let run = sandbox.start(
        &[&["run", "--suite", "../suite", "--timeout", "3s"], &report[..], &["--", "python3", "moody.py"]]
            .concat(),
    );
    sandbox.await_file("hangs");
    run.signal(Signal::INT);
    let finished = run.finish();
    assert_eq!(finished.code, Some(130), "{finished:?}");
    let report = sandbox.read("report.jsonl");
    let lines = report.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let steps_run: Vec<String> = lines
        .filter_map(|line| Some(format!("{} {}", line["id"].as_str()?, line["verdict"].as_str()?)))
        .collect();
    // The running scenario may have created something, so its cleanup steps run.
    let all = ["before fail", "hangs fail", "close pass", "lock fail"];
    assert_eq!(steps_run, all.map(|step| format!("desk/4-hangs::{step}")));
    for failed in ["FAIL desk/4-hangs::before", "FAIL desk/4-hangs::lock"] {
        assert!(finished.stdout.contains(failed), "{}", finished.stdout);
    }
}

#[test]
fn each_compares_the_finished_implementations() {
    let sandbox = desk();
    for name in ["ann", "ben"] {
        std::fs::create_dir_all(sandbox.path("all").join(name)).unwrap();
        std::fs::copy(
            sandbox.path("implementation/moody.py"),
            sandbox.path("all").join(name).join("moody.py"),
        )
        .unwrap();
    }
    // The first implementation conforms; the second one hangs.
    sandbox.write("all/ann/moody.py", "import os, sys\nos.environ.pop('NOTES')\nos.execv(sys.executable, [sys.executable, '../../implementation/moody.py'])\n");
    let run = sandbox.start(&[
        "run",
        "--suite",
        "../suite",
        "--filter",
        "1-open",
        "--filter",
        "4-hangs",
        "--timeout",
        "30s",
        "--each",
        "../all",
        "--keep",
        "../kept",
        // An isolated program could not write the file that this test waits for.
        "--no-isolate",
        "--",
        "python3",
        "moody.py",
    ]);
    sandbox.await_file("hangs");
    run.signal(Signal::INT);
    let finished = run.finish();
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert!(finished.stderr.contains("interrupted after 1 of 2 implementations"), "{finished:?}");
    assert!(finished.stdout.contains("ann") && !finished.stdout.contains("ben"), "{finished:?}");
}

fn interrupted(signal: Signal, flags: &[&str]) -> (Sandbox, Finished) {
    let sandbox = desk();
    let finished = interrupt(&sandbox, signal, flags);
    (sandbox, finished)
}

fn desk() -> Sandbox {
    let sandbox = Sandbox::noted();
    sandbox.write("suite/desk/4-hangs.yaml", WAITS);
    sandbox
}

/// Interrupts a run while a request waits for its response.
fn interrupt(sandbox: &Sandbox, signal: Signal, flags: &[&str]) -> Finished {
    let filters: Vec<&str> = SCENARIOS.iter().flat_map(|scenario| ["--filter", scenario]).collect();
    let arguments = [&["run", "--suite", "../suite", "--timeout", "10m"], flags, &filters];
    let run = sandbox.start(&[&arguments.concat()[..], &["--", "python3", "moody.py"]].concat());
    sandbox.await_file("hangs");
    run.signal(signal);
    run.finish()
}
