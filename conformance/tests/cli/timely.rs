//! `timely`: a response that comes too late is never judged, and the scenario is played again.

use std::fs;

use serde_json::Value as Json;

use crate::events::{self, RunReport};
use crate::program::data;
use crate::sandbox::Sandbox;
use crate::scripted::Server;

const LOGIN: &str = "- {id: login, title: t, covers: [ONE], request: {method: POST, path: /login}}\n";

#[test]
fn a_scenario_with_a_late_response_is_played_again_and_judged() {
    let steps = step("late", "timely: {after: login, within: 8s}", "/slow?1,8200", "status: 200");
    let sandbox = started(&(LOGIN.to_owned() + &steps + &step("next", "", "/", "status: 200")));
    let report = run_started(&sandbox, &[]);
    assert_eq!(report.verdicts(), [("t/a::login", "pass"), ("t/a::late", "pass"), ("t/a::next", "pass")]);
    assert_eq!((report.finished.code, starts(&sandbox)), (Some(0), 2));
    let remark = report.step("t/a::late")["remarks"][0].as_str().unwrap();
    assert!(remark.starts_with("the scenario was played again, because the response came "), "{remark}");
    assert!(report.finished.stdout.contains(remark), "{}", report.finished.stdout);
    let note = "the target of profile `any` was started again, because the response of the step t/a::late came too late to be \
                judged; data stored before is lost";
    assert_eq!(report.footer["notes"], serde_json::json!([note]));
}

#[test]
fn a_step_that_is_late_every_time_is_inconclusive_whether_its_response_is_right_or_wrong() {
    let timely = "timely: {after: login, within: 200ms}";
    let steps = [
        LOGIN,
        &step(
            "right",
            &format!("{timely}, capture: {{length: {{header: content-length}}}}"),
            "/slow?99,300",
            "status: 403",
        ),
        &step("wrong", timely, "/slow?99,300", "status: 200"),
        &step("uses", "", "/?${length}", "status: 200"),
        &step("fails", "", "/", "status: 404"),
    ];
    let sandbox = started(&steps.concat());
    let report = run_started(&sandbox, &[]);
    let (inconclusive, fail) = ("inconclusive", "fail");
    let verdicts: Vec<&str> = report.verdicts().into_iter().map(|(_, verdict)| verdict).collect();
    assert_eq!(verdicts, ["pass", inconclusive, inconclusive, inconclusive, fail]);
    assert_eq!((report.finished.code, starts(&sandbox)), (Some(1), 6));
    for id in ["right", "wrong"] {
        let reason = reason(&report, id);
        let ends = "after the step `login`, and the step counts only within 200ms; the machine or the target is too slow";
        assert!(reason.starts_with("the response came ") && reason.ends_with(ends), "{reason}");
    }
    assert!(reason(&report, "uses").starts_with("step `right` did not capture `length`: the response came "));
    assert_eq!(report.step("t/a::right")["remarks"].as_array().unwrap().len(), 5);

    let report = run_started(&sandbox, &["--filter", "t/a::wrong"]);
    assert_eq!((report.verdicts(), report.finished.code), (vec![("t/a::wrong", inconclusive)], Some(3)));
}

#[test]
fn on_a_running_target_only_a_scenario_that_leaves_no_change_is_played_again() {
    let late = step("late", "timely: {after: login, within: 200ms}", "/late", "status: 200");
    let cleanup = |status| format!("cleanup:\n{}", step("undo", "", "/undo", &format!("status: {status}")));
    let read_only = LOGIN.replace("method: POST, ", "");
    for (login, cleanup, plays) in [
        (LOGIN, String::new(), 1),
        (LOGIN, cleanup(200), 6),
        (LOGIN, cleanup(404), 1),
        (&read_only, String::new(), 6),
    ] {
        let (report, server) = run_url(&format!("{login}{late}{cleanup}"), &[]);
        assert_eq!(report.step("t/a::late")["verdict"], "inconclusive", "{login} {cleanup}");
        assert_eq!(sent(&server, "login"), plays, "{login} {cleanup}");
    }
}

#[test]
fn a_late_response_is_neither_retried_nor_written_to_the_suite() {
    let timely = "retry: {for: 1m}, timely: {after: login, within: 200ms}";
    let steps = LOGIN.to_owned() + &step("late", timely, "/late", "status: 404");
    let (report, server) = run_url(&steps, &["--bless", "--filter", "t/a::late"]);
    assert_eq!(report.step("t/a::late")["verdict"], "inconclusive");
    assert_eq!(sent(&server, "late"), 1);
    assert!(!report.finished.stdout.contains("404"), "{}", report.finished.stdout);
}

#[test]
fn all_responses_of_a_race_must_be_timely() {
    let timely = "race: 3, timely: {after: login, within: 200ms}";
    let (report, server) = run_url(&(LOGIN.to_owned() + &step("late", timely, "/late", "status: 200")), &[]);
    assert_eq!((&report.step("t/a::late")["verdict"], sent(&server, "late")), (&"inconclusive".into(), 3));
}

#[test]
fn a_timely_step_is_not_sent_if_the_earlier_step_was_not() {
    let login = LOGIN.replace("title: t", "title: t, requires: [logins]");
    let steps = login + &step("late", "timely: {after: login, within: 1m}", "/late", "status: 200");
    let (report, server) = run_url(&steps, &[]);
    assert_eq!(report.verdicts(), [("t/a::login", "skipped"), ("t/a::late", "inconclusive")]);
    assert_eq!(
        reason(&report, "late"),
        "the step `login` was not sent, and this step counts only within 60s after it"
    );
    assert_eq!(sent(&server, "late"), 0);
}

/// Runs a scenario against a running target, in which `/late` responds after 300 ms.
fn run_url(steps: &str, flags: &[&str]) -> (RunReport, Server) {
    let server = Server::start(&[("late", "wait 300 ok"), ("*", "ok")]);
    let url = server.url();
    let sandbox = sandbox(steps);
    let report = events::run(&sandbox, &[&["run", "--suite", "../suite"], flags, &[&url]].concat());
    assert_eq!(sandbox.read("suite/t/a.yaml"), scenario(steps));
    (report, server)
}

fn sent(server: &Server, name: &str) -> usize {
    server.requests().iter().filter(|request| request.name == name).count()
}

fn run_started(sandbox: &Sandbox, flags: &[&str]) -> RunReport {
    events::run(sandbox, &[&["run", "--suite", "../suite"], flags, &["--", "python3", "slow.py"]].concat())
}

fn starts(sandbox: &Sandbox) -> usize {
    fs::read_dir(sandbox.path("notes")).unwrap().count()
}

fn reason<'a>(report: &'a RunReport, step: &str) -> &'a str {
    report.step(&format!("t/a::{step}"))["reason"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", Json::from(report.steps.clone())))
}

fn step(id: &str, more: &str, path: &str, expect: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!("{more}, ") };
    format!(
        "- {{id: {id}, title: t, covers: [ONE], {more}request: {{path: \"{path}\"}}, expect: {{{expect}}}}}\n"
    )
}

fn scenario(steps: &str) -> String {
    format!("format: 1\ntitle: a\nprofile: any\nsteps:\n{steps}")
}

fn started(steps: &str) -> Sandbox {
    let sandbox = sandbox(steps);
    fs::create_dir(sandbox.path("notes")).unwrap();
    fs::copy(data("targets/slow.py"), sandbox.path("implementation/slow.py")).unwrap();
    let notes = sandbox.path("notes").display().to_string();
    sandbox.with("NOTES", notes)
}

fn sandbox(steps: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    fs::create_dir_all(sandbox.path("suite/t")).unwrap();
    sandbox.write(
        "suite/suite.yaml",
        "format: 1\ntitle: Slow\norigin: http://slow.example\nlaunch:\n  env: {API_PORT: \"${port}\"}\n  \
         ready: curl \"http://slow.example/\"\nfeatures: [logins]\nprofiles: {any: {}}\n",
    );
    sandbox.write(
        "suite/requirements.yaml",
        "format: 1\nrequirements:\n  - {id: ONE, level: must, clause: \"1\", text: It responds.}\n",
    );
    sandbox.write("suite/t/a.yaml", &scenario(steps));
    sandbox
}

#[test]
fn the_earlier_step_may_be_a_row_or_use_a_sequence() {
    let steps = [
        "- {use: enter, id: first}\n",
        &step("first-late", "timely: {after: first, within: 200ms}", "/late", "status: 200"),
        &step("row", "rows: [{row: a}, {row: b}]", "/", "status: 200"),
        &step("row-late", "timely: {after: \"row[b]\", within: 200ms}", "/late", "status: 200"),
        &step("each", "rows: [{row: a}, {row: b}], timely: {after: row, within: 1m}", "/", "status: 200"),
    ];
    let sandbox = sandbox(&steps.concat());
    fs::create_dir(sandbox.path("suite/sequences")).unwrap();
    let sequence = format!(
        "format: 1\ntitle: s\nsteps:\n{}{}",
        step("one", "", "/", "status: 200"),
        step("two", "timely: {after: one, within: 1m}", "/", "status: 200")
    );
    sandbox.write("suite/sequences/enter.yaml", &sequence);
    let server = Server::start(&[("late", "wait 300 ok"), ("*", "ok")]);
    let report = events::run(&sandbox, &["run", "--suite", "../suite", &server.url()]);
    let late: Vec<_> = report.verdicts().into_iter().filter(|(_, verdict)| *verdict != "pass").collect();
    assert_eq!(late, [("t/a::first-late", "inconclusive"), ("t/a::row-late", "inconclusive")]);
    assert!(reason(&report, "first-late").contains("after the step `first/one`, "));
    assert!(reason(&report, "row-late").contains("after the step `row[b]`, "));
}
