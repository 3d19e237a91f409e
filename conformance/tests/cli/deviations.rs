//! Known failures do not fail the run; a listed failure that now passes does.

use crate::events;
use crate::program::Finished;
use crate::sandbox::Sandbox;
use crate::simple;

const RUN: &[&str] = &["run", "--suite", "../suite"];

fn with(entries: &str, mood: &str) -> Finished {
    let sandbox = Sandbox::odd();
    sandbox.write("known.yaml", &format!("format: 1\ndeviations:\n{entries}"));
    sandbox.run(&[RUN, &["--deviations", "../known.yaml", "--", "python3", "odd.py", mood]].concat())
}

const PAINT: &str = "  - step: desk/6-paint::paint\n    reason: the painter is ill\n";

#[test]
fn a_known_failure_does_not_fail_the_run_and_shows_its_reason() {
    let finished = with(PAINT, "unpainted");
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    assert!(finished.stdout.contains("KNOWN desk/6-paint::paint: the painter is ill"), "{}", finished.stdout);
    assert!(finished.stdout.contains("1 requirement with known failures"), "{}", finished.stdout);
}

#[test]
fn a_deviation_may_name_a_requirement() {
    let finished = with("  - requirement: HALF-4.1\n    reason: no paint\n", "unpainted");
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
}

#[test]
fn an_unexpected_pass_fails_the_run_and_names_the_line() {
    let finished = with(PAINT, "fine");
    assert_eq!(finished.code, Some(1), "{}", finished.stdout);
    let expected = "STALE ../known.yaml:3:11: the step `desk/6-paint::paint` passes now";
    assert!(finished.stdout.contains(expected), "{}", finished.stdout);
}

#[test]
fn an_unknown_failure_fails_the_run_despite_known_ones() {
    let entries = "  - step: desk/2-right::*\n    reason: locked for ever\n";
    let finished = with(entries, "unpainted");
    assert_eq!(finished.code, Some(1), "{}", finished.stdout);
}

#[test]
fn rejects_an_entry_that_matches_nothing() {
    let finished = with("  - step: desk/6-paint::pant\n    reason: x\n", "fine");
    assert_eq!(finished.code, Some(2), "{}", finished.stdout);
    assert!(finished.stderr.contains("this matches no step of the suite"), "{}", finished.stderr);
    assert!(finished.stderr.contains("known.yaml:3:11"), "{}", finished.stderr);
    assert!(finished.stderr.contains("did you mean `desk/6-paint::paint`?"), "{}", finished.stderr);
}

#[test]
fn rejects_a_deviation_without_a_reason() {
    let finished = with("  - step: desk/6-paint::paint\n    reason: ''\n", "fine");
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("a deviation needs a reason"), "{}", finished.stderr);
}

#[test]
fn writes_a_deviations_file_that_then_passes() {
    let sandbox = Sandbox::odd();
    let odd = ["--", "python3", "odd.py", "unpainted"];
    let begun = sandbox.run(&[RUN, &["--write-deviations", "../known.yaml"], &odd].concat());
    assert_eq!(begun.code, Some(1), "{}", begun.stdout);
    let written = sandbox.read("known.yaml");
    assert!(written.contains("- step: \"desk/6-paint::paint\""), "{written}");
    assert!(written.contains("to be examined: the target returned 404"), "{written}");
    let known = events::run(&sandbox, &[RUN, &["--deviations", "../known.yaml"], &odd].concat());
    assert_eq!(known.finished.code, Some(0), "{}", known.finished.stdout);
    assert_eq!(known.step("desk/6-paint::paint")["verdict"], "fail");
    let again = sandbox.run(&[RUN, &["--write-deviations", "../known.yaml"], &odd].concat());
    assert_eq!(again.code, Some(2), "what is there may hold reasons");
}

#[test]
fn an_unusable_target_is_not_a_known_failure() {
    let finished = with("  - step: '*'\n    reason: everything\n", "lacks");
    assert_eq!(finished.code, Some(3), "{}", finished.stdout);
}

#[test]
fn written_ids_of_rows_and_odd_file_names_are_read_again() {
    let url = simple::serve(|_| ("500 Internal Server Error", Vec::new()));
    let sandbox = simple::suite(
        "steps:\n  - id: s\n    title: s\n    covers: [A-1.1]\n    rows: [{row: email}, {row: name}]\n    request: {path: /}\n    expect: {status: 200}\n",
    );
    for name in ["[ab]", "{a,b}", "*", "a?", "back\\slash", "say \"it\"", "#x: y", "é 😀", "- x", "new\nline"]
    {
        let text = "format: 1\ntitle: a\nprofile: p\nsteps:\n  - id: s\n    title: \"two\\nlines # and more\"\n    covers: [A-1.1]\n    \
                    request: {path: /}\n    expect: {status: 200}\n";
        sandbox.write(&format!("suite/t/{name}.yaml"), text);
    }
    let begun = sandbox.run(&[RUN, &["--write-deviations", "../known.yaml", &url]].concat());
    assert_eq!(begun.code, Some(1), "{begun:?}");
    let known = sandbox.run(&[RUN, &["--deviations", "../known.yaml", &url]].concat());
    assert_eq!(known.code, Some(0), "{known:?}\n{}", sandbox.read("known.yaml"));
    assert!(
        known.stdout.contains("KNOWN t/a::s[email]") && known.stdout.contains("KNOWN t/[ab]::s"),
        "{}",
        known.stdout
    );
}
