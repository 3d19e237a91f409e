//! The stage that an implementation has reached, and the next one.

use crate::events;
use crate::sandbox::Sandbox;

const UNPAINTED: &[&str] = &["--", "python3", "odd.py", "unpainted"];

#[test]
fn judges_an_implementation_at_its_stage() {
    let sandbox = Sandbox::odd();
    let at = |stage| sandbox.run(&[&["run", "--suite", "../suite", "--stage", stage], UNPAINTED].concat());
    assert_eq!(at("first").code, Some(0));
    assert_eq!(at("second").code, Some(1));
}

#[test]
fn report_lists_the_requirements_of_the_next_stage() {
    let sandbox = Sandbox::odd();
    let report =
        events::run(&sandbox, &[&["run", "--suite", "../suite", "--stage", "first"], UNPAINTED].concat());
    assert_eq!(report.footer["next"]["stage"], "second");
    assert_eq!(report.footer["next"]["requirements"][0]["id"], "HALF-4.1");
    let stdout = &report.finished.stdout;
    assert!(stdout.contains("The next stage, second, also requires"), "{stdout}");
    assert!(stdout.contains("From the second stage on the desk is painted."), "{stdout}");
}

#[test]
fn last_stage_has_no_next_stage() {
    let report = events::run(&Sandbox::odd(), &["run", "--suite", "../suite", "--", "python3", "odd.py"]);
    assert!(report.footer.get("next").is_none());
}

#[test]
fn unknown_stage_is_an_error_before_anything_starts() {
    let sandbox = Sandbox::odd();
    let stage = ["run", "--suite", "../suite", "--stage", "secnd"];
    let finished = sandbox.run(&[&stage, UNPAINTED].concat());
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert_eq!(finished.stderr, "error: the suite has no stage `secnd`\n  = did you mean `second`?\n");
    assert_eq!(finished.stdout, "");
}
