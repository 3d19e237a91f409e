//! A target that starts in one profile but not in another, and one that starts in none.

use crate::events;
use crate::sandbox::Sandbox;

#[test]
fn unstarted_profile_fails_its_requirements() {
    let report =
        events::run(&Sandbox::odd(), &["run", "--suite", "../suite", "--", "python3", "odd.py", "left"]);
    assert_eq!(report.finished.code, Some(1));
    assert_eq!(report.step("desk/1-left::answers")["verdict"], "pass");
    assert_eq!(report.step("desk/3-guests::ann")["verdict"], "pass");
    for step in ["desk/2-right::answers", "desk/2-right::again"] {
        let step = report.step(step);
        assert_eq!(step["verdict"], "fail");
        let reason =
            "OSError: the right half is locked (the target exited with status 1 before it responded)";
        assert_eq!(step["reason"], reason);
        assert_eq!(step["printed"], "OSError: the right half is locked");
    }
}

#[test]
fn unstarted_profile_is_reported_once_with_the_last_output() {
    let finished = Sandbox::odd().run(&["run", "--suite", "../suite", "--", "python3", "odd.py", "left"]);
    let words = "OSError: the right half is locked (the target exited";
    assert!(finished.stdout.contains(words), "{}", finished.stdout);
    assert!(finished.stdout.contains("printed   OSError: the right half is locked"), "{}", finished.stdout);
}

#[test]
fn unstarted_first_profile_fails_if_a_later_one_starts() {
    // The verdict on the first profile is known only when the target has started in the second one.
    let sandbox = Sandbox::odd();
    sandbox.write(
        "implementation/target.yaml",
        "format: 1\ntitle: right only\ncommand: python3 odd.py\nprofiles:\n  left: {command: python3 odd.py lacks}\n",
    );
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "--target", "target.yaml"]);
    assert_eq!(report.finished.code, Some(1));
    assert_eq!(report.step("desk/1-left::answers")["verdict"], "fail");
    assert_eq!(report.step("desk/2-right::answers")["verdict"], "pass");
}

#[test]
fn a_profile_that_does_not_respond_in_time_is_inconclusive() {
    // The target may only be slow in this profile.
    let sandbox = Sandbox::odd();
    sandbox.write(
        "implementation/target.yaml",
        "format: 1\ntitle: left only\ncommand: python3 odd.py\nprofiles:\n  right: {command: sleep 60, start: 300ms}\n",
    );
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "--target", "target.yaml"]);
    assert_eq!(report.step("desk/1-left::answers")["verdict"], "pass");
    let step = report.step("desk/2-right::answers");
    let reason = "the target did not listen on $DESK_PORT within 300ms and printed nothing; does it get as far as the line that starts the server?";
    assert_eq!((&step["verdict"], &step["reason"]), (&"inconclusive".into(), &reason.into()));
}

#[test]
fn a_missing_package_is_reported_first() {
    let finished = Sandbox::odd().run(&["run", "--suite", "../suite", "--", "python3", "odd.py", "lacks"]);
    assert_eq!(finished.code, Some(3));
    let line = finished.stdout.lines().find(|line| line.starts_with("INCONCLUSIVE")).unwrap();
    assert_eq!(
        line,
        "INCONCLUSIVE 6 steps in left, right: ModuleNotFoundError: No module named 'a_package_that_nobody_has' at odd.py:96; \
         is the virtual environment active, and is the package installed? (the target exited with status 1 before it responded)"
    );
}

#[test]
fn unstarted_profile_fails_no_requirement_of_an_earlier_stage() {
    let sandbox = Sandbox::odd();
    // This profile starts at the second stage. HALF-1.1 belongs to the first stage and to the profile that starts.
    sandbox.write(
        "suite/desk/2-right.yaml",
        "format: 1
title: The right half
profile: right
since: second
steps:
  - {id: enter, title: somebody comes in, setup: true, request: {path: /right}, expect: {status: 200}}
  - {id: own, title: the right half answers, covers: [HALF-2.1], request: {path: /right}, expect: {status: 200}}
  - {id: both, title: both answer, covers: [HALF-1.1, HALF-2.1], request: {path: /right}, expect: {status: 200}}
  - {id: left, title: so does the left, covers: [HALF-1.1], request: {path: /left}, expect: {status: 200}}
",
    );
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "--", "python3", "odd.py", "left"]);
    assert_eq!(report.finished.code, Some(1));
    let verdicts = ["enter", "own", "both", "left"].map(|step| {
        let step = report.step(&format!("desk/2-right::{step}"));
        (step["verdict"].clone(), step["covers"].clone())
    });
    let (right, none) = (serde_json::json!({"HALF-2.1": "must"}), serde_json::json!({}));
    let fail = ("fail".into(), right);
    let skipped = ("skipped".into(), none);
    assert_eq!(verdicts, [skipped.clone(), fail.clone(), fail, skipped]);
    let verdict = |id: &str| report.requirement(id)["verdict"].clone();
    assert_eq!((verdict("HALF-1.1"), verdict("HALF-2.1")), ("pass".into(), "fail".into()));
}

#[test]
fn unstarted_profile_leaves_what_depends_on_a_requirement_inconclusive() {
    let sandbox = Sandbox::odd();
    sandbox.write(
        "suite/desk/2-right.yaml",
        "format: 1
title: The right half
profile: right
steps:
  - {id: own, title: it answers, covers: [HALF-2.1], setup: true, request: {path: /right}, expect: {status: 200}}
  - {id: apart, title: it has a word, covers: [HALF-3.1], request: {path: /word}, expect: {status: 200}}
",
    );
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "--", "python3", "odd.py", "left"]);
    assert_eq!(report.step("desk/2-right::own")["verdict"], "fail");
    assert_eq!(report.step("desk/2-right::apart")["verdict"], "inconclusive");
    assert_eq!(report.step("desk/2-right::apart")["waits_for"], "desk/2-right::own");
}

#[test]
fn precondition_that_does_not_hold_skips_the_rest_of_its_scenario() {
    let sandbox = Sandbox::odd();
    let scenario = |expected: &str| {
        format!(
            "format: 1
title: The cellar
profile: left
steps:
  - {{id: before, title: the left half answers, covers: [HALF-1.1], request: {{path: /left}}, expect: {{status: 200}}}}
  - {{id: cellar, title: there is a cellar, precondition: true, request: {{path: /cellar}}, expect: {{status: {expected}}}}}
  - {{id: after, title: it answers, covers: [HALF-2.1], request: {{path: /left}}, expect: {{status: 418}}}}
"
        )
    };
    sandbox.write("suite/desk/2-right.yaml", &scenario("404"));
    let run = ["run", "--suite", "../suite", "--profile", "left", "--", "python3", "odd.py", "left"];
    let report = events::run(&sandbox, &run);
    assert_eq!(report.finished.code, Some(0), "{}", report.finished.stdout);
    assert_eq!(report.step("desk/2-right::before")["verdict"], "pass");
    for step in ["cellar", "after"] {
        let step = report.step(&format!("desk/2-right::{step}"));
        assert_eq!(step["verdict"], "skipped");
        assert_eq!(step["reason"], "the precondition `cellar` failed: the target returned 200");
    }
    assert_eq!(report.requirement("HALF-2.1")["verdict"], "skipped");

    sandbox.write("suite/desk/2-right.yaml", &scenario("200"));
    let report = events::run(&sandbox, &run);
    assert_eq!(report.finished.code, Some(1));
    assert_eq!(report.step("desk/2-right::cellar")["verdict"], "pass");
    assert_eq!(report.step("desk/2-right::after")["verdict"], "fail");
}

#[test]
fn unstarted_profile_skips_what_has_a_precondition() {
    let sandbox = Sandbox::odd();
    sandbox.write(
        "suite/desk/2-right.yaml",
        "format: 1
title: The right half
profile: right
steps:
  - {id: own, title: the right half answers, covers: [HALF-2.1], request: {path: /right}, expect: {status: 200}}
  - {id: open, title: it is open, precondition: true, request: {path: /right}, expect: {status: 200}}
  - {id: guests, title: it has guests, covers: [HALF-1.2], request: {path: /guests}, expect: {status: 200}}
",
    );
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "--", "python3", "odd.py", "left"]);
    let verdicts =
        ["own", "open", "guests"].map(|id| report.step(&format!("desk/2-right::{id}"))["verdict"].clone());
    assert_eq!(verdicts, ["fail", "skipped", "skipped"]);
    assert_eq!(report.requirement("HALF-1.2")["verdict"], "pass");
    // A target that starts in no profile is not judged.
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "--", "python3", "odd.py", "lacks"]);
    assert_eq!(report.finished.code, Some(3));
    assert_eq!(report.step("desk/2-right::guests")["verdict"], "inconclusive");
}
