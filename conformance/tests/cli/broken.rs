//! Targets that break in the middle of a run: what they did is an answer, and is judged.

use serde_json::Value as Json;

use crate::events;
use crate::sandbox::Sandbox;

#[test]
fn a_target_that_dies_fails_the_step_and_is_started_again_for_the_next_scenario() {
    let sandbox = Sandbox::moody();
    let told = events::run(
        &sandbox,
        &[
            "run", "--suite", "../suite", "--filter", "2-dies", "--filter", "3-later", "--", "python3",
            "moody.py",
        ],
    );
    assert_eq!(told.finished.code, Some(1));
    assert_eq!(
        told.verdicts(),
        [
            ("desk/2-dies::before", "pass"),
            ("desk/2-dies::question", "fail"),
            ("desk/2-dies::after", "inconclusive"),
            ("desk/3-later::later", "pass"),
        ]
    );
    let died = told.step("desk/2-dies::question");
    assert_eq!(died["reason"], "the target exited with status 3");
    assert_eq!(died["printed"], "the desk cannot go on\n");
    assert_eq!(told.step("desk/2-dies::after")["reason"], "the target exited with status 3");
    assert!(
        told.finished.stdout.contains("\n   the target exited with status 3\n"),
        "{}",
        told.finished.stdout
    );
}

#[test]
fn a_request_that_is_never_answered_fails_after_the_time_that_one_answer_may_take() {
    let told = fails("4-hangs", &["--timeout", "300ms"]);
    assert_eq!(label(&told, "desk/4-hangs::hangs"), "no complete response within 300ms");
}

#[test]
fn a_target_that_has_fallen_silent_is_started_again_for_the_scenarios_behind_it() {
    let filters =
        ["1-open", "3-later", "4-hangs", "6-refuses"].iter().flat_map(|filter| ["--filter", filter]);
    let arguments = ["run", "--suite", "../suite", "--timeout", "2s"].into_iter().chain(filters);
    let arguments: Vec<&str> = arguments.chain(["--", "python3", "moody.py", "sulky"]).collect();
    let told = events::run(&Sandbox::moody(), &arguments);
    assert_eq!(told.finished.code, Some(1));
    assert_eq!(told.step("desk/1-open::open")["verdict"], "pass");
    assert_eq!(told.step("desk/3-later::later")["verdict"], "pass");
    assert_eq!(*label(&told, "desk/4-hangs::hangs"), "no complete response within 2s");
    assert_eq!(*label(&told, "desk/6-refuses::refuses"), "the target returned 403");
}

#[test]
fn an_answer_that_is_no_http_or_breaks_off_fails_its_step_alone() {
    let told = fails("5-garbage", &[]);
    let causes = [
        (
            "desk/5-garbage::garbage",
            "the response is not HTTP: it begins with `\\u{16}\\u{3}\\u{1} this is no HTTP…`",
        ),
        ("desk/5-garbage::cut", "the target closed the connection before the response was complete"),
        ("desk/5-garbage::close", "the target closed the connection without a response"),
    ];
    for (id, cause) in causes {
        assert_eq!(*label(&told, id), cause);
    }
}

#[test]
fn a_capture_that_is_not_made_fails_the_step_that_owes_it() {
    let told = run("7-ticket", &[]);
    // The ticket is a should, the door a must that nothing can be said of.
    assert_eq!(told.finished.code, Some(3));
    assert_eq!(told.verdicts(), [("desk/7-ticket::ticket", "fail"), ("desk/7-ticket::door", "inconclusive")]);
    assert_eq!(label(&told, "desk/7-ticket::ticket"), "the header `x-ticket` is missing");
    assert_eq!(
        told.step("desk/7-ticket::door")["reason"],
        "step `ticket` did not capture `ticket`: the header `x-ticket` is missing"
    );
}

#[test]
fn a_step_that_was_asked_for_alone_still_says_who_owes_it_a_capture() {
    let told = run("7-ticket::door", &[]);
    assert_eq!(told.finished.code, Some(3));
    assert_eq!(told.verdicts(), [("desk/7-ticket::door", "inconclusive")]);
    assert!(
        told.finished.stdout.contains(": step `ticket` did not capture `ticket`: "),
        "{}",
        told.finished.stdout
    );
}

fn run(filter: &str, flags: &[&str]) -> events::Told {
    let arguments =
        [&["run", "--suite", "../suite", "--filter", filter], flags, &["--", "python3", "moody.py"]];
    events::run(&Sandbox::moody(), &arguments.concat())
}

fn fails(filter: &str, flags: &[&str]) -> events::Told {
    let told = run(filter, flags);
    assert_eq!(told.finished.code, Some(1), "{}", told.finished.stdout);
    assert!(told.steps.iter().all(|step| step["verdict"] == "fail"), "{}", told.finished.stdout);
    told
}

/// What a step is said to have got in place of what it expects.
fn label<'a>(told: &'a events::Told, id: &str) -> &'a Json {
    &told.step(id)["findings"][0]["label"]
}
