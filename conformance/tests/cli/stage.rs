//! How far along an implementation has come, and what comes next.

use crate::events;
use crate::sandbox::Sandbox;

const UNPAINTED: &[&str] = &["--", "python3", "odd.py", "unpainted"];

#[test]
fn an_implementation_is_judged_at_the_stage_to_which_it_has_come() {
    let sandbox = Sandbox::odd();
    let at = |stage| sandbox.run(&[&["run", "--suite", "../suite", "--stage", stage], UNPAINTED].concat());
    assert_eq!(at("first").code, Some(0));
    assert_eq!(at("second").code, Some(1));
}

#[test]
fn the_report_says_what_the_next_stage_would_demand() {
    let sandbox = Sandbox::odd();
    let told =
        events::run(&sandbox, &[&["run", "--suite", "../suite", "--stage", "first"], UNPAINTED].concat());
    assert_eq!(told.footer["next"]["stage"], "second");
    assert_eq!(told.footer["next"]["requirements"][0]["id"], "HALF-4.1");
    let stdout = &told.finished.stdout;
    assert!(stdout.contains("The next stage, second, also requires"), "{stdout}");
    assert!(stdout.contains("From the second stage on the desk is painted."), "{stdout}");
}

#[test]
fn at_the_last_stage_nothing_comes_next() {
    let told = events::run(&Sandbox::odd(), &["run", "--suite", "../suite", "--", "python3", "odd.py"]);
    assert!(told.footer.get("next").is_none());
}
