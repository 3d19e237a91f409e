//! Targets that break during a run: what they did is judged.

use serde_json::Value as Json;

use crate::events;
use crate::sandbox::Sandbox;

#[test]
fn a_crashed_target_fails_the_step_and_is_restarted() {
    let sandbox = Sandbox::moody();
    let report = events::run(
        &sandbox,
        &[
            "run", "--suite", "../suite", "--filter", "2-dies", "--filter", "3-later", "--", "python3",
            "moody.py",
        ],
    );
    assert_eq!(report.finished.code, Some(1));
    assert_eq!(
        report.verdicts(),
        [
            ("desk/2-dies::before", "pass"),
            ("desk/2-dies::question", "fail"),
            ("desk/2-dies::after", "inconclusive"),
            ("desk/3-later::later", "pass"),
        ]
    );
    let died = report.step("desk/2-dies::question");
    assert_eq!(died["reason"], "the target exited with status 3");
    assert_eq!(died["printed"], "the desk cannot go on\n");
    assert_eq!(report.step("desk/2-dies::after")["reason"], "the target exited with status 3");
    assert!(
        report.finished.stdout.contains("\n   the target exited with status 3\n"),
        "{}",
        report.finished.stdout
    );
}

#[test]
fn a_request_without_a_response_times_out() {
    let report = fails("4-hangs", &["--timeout", "300ms"]);
    assert_eq!(label(&report, "desk/4-hangs::hangs"), "no complete response within 300ms");
}

#[test]
fn a_target_that_timed_out_is_restarted_for_later_scenarios() {
    let filters =
        ["1-open", "3-later", "4-hangs", "6-refuses"].iter().flat_map(|filter| ["--filter", filter]);
    let arguments = ["run", "--suite", "../suite", "--timeout", "2s"].into_iter().chain(filters);
    let arguments: Vec<&str> = arguments.chain(["--", "python3", "moody.py", "sulky"]).collect();
    let report = events::run(&Sandbox::moody(), &arguments);
    assert_eq!(report.finished.code, Some(1));
    assert_eq!(report.step("desk/1-open::open")["verdict"], "pass");
    assert_eq!(report.step("desk/3-later::later")["verdict"], "pass");
    assert_eq!(*label(&report, "desk/4-hangs::hangs"), "no complete response within 2s");
    assert_eq!(*label(&report, "desk/6-refuses::refuses"), "the target returned 403");
}

#[test]
fn an_invalid_or_truncated_response_fails_only_its_step() {
    let report = fails("5-garbage", &[]);
    let causes = [
        (
            "desk/5-garbage::garbage",
            "the response is not HTTP: it begins with `\\u{16}\\u{3}\\u{1} this is no HTTP…`",
        ),
        ("desk/5-garbage::cut", "the target closed the connection before the response was complete"),
        ("desk/5-garbage::close", "the target closed the connection without a response"),
    ];
    for (id, cause) in causes {
        assert_eq!(*label(&report, id), cause);
    }
}

#[test]
fn a_missing_capture_fails_the_capturing_step() {
    let report = run("7-ticket", &[]);
    // The ticket is a should, the door a must that nothing can be said of.
    assert_eq!(report.finished.code, Some(3));
    assert_eq!(
        report.verdicts(),
        [("desk/7-ticket::ticket", "fail"), ("desk/7-ticket::door", "inconclusive")]
    );
    assert_eq!(label(&report, "desk/7-ticket::ticket"), "the header `x-ticket` is missing");
    assert_eq!(
        report.step("desk/7-ticket::door")["reason"],
        "step `ticket` did not capture `ticket`: the header `x-ticket` is missing"
    );
}

#[test]
fn a_filtered_step_names_the_step_of_its_missing_capture() {
    let report = run("7-ticket::door", &[]);
    assert_eq!(report.finished.code, Some(3));
    assert_eq!(report.verdicts(), [("desk/7-ticket::door", "inconclusive")]);
    assert!(
        report.finished.stdout.contains(": step `ticket` did not capture `ticket`: "),
        "{}",
        report.finished.stdout
    );
}

fn run(filter: &str, flags: &[&str]) -> events::RunReport {
    let arguments =
        [&["run", "--suite", "../suite", "--filter", filter], flags, &["--", "python3", "moody.py"]];
    events::run(&Sandbox::moody(), &arguments.concat())
}

fn fails(filter: &str, flags: &[&str]) -> events::RunReport {
    let report = run(filter, flags);
    assert_eq!(report.finished.code, Some(1), "{}", report.finished.stdout);
    assert!(report.steps.iter().all(|step| step["verdict"] == "fail"), "{}", report.finished.stdout);
    report
}

/// The label of a step's first finding.
fn label<'a>(report: &'a events::RunReport, id: &str) -> &'a Json {
    &report.step(id)["findings"][0]["label"]
}
