//! An implementation with one fault at a time: the suite finds each fault, attributes it to the right requirement and
//! shows the line of the scenario that fails.

use serde_json::Value as Json;

use crate::events;
use crate::program::scenarios;
use crate::sandbox::Sandbox;

/// What a fault breaks: the step, its requirement, and the start of the line that fails.
struct Broken {
    step: &'static str,
    requirement: &'static str,
    line: &'static str,
}

#[test]
fn finds_nothing_without_a_fault() {
    let filters = ALL.iter().flat_map(|(_, broken)| ["--filter", broken.step]);
    let report = run(&Sandbox::python(), &filters.collect::<Vec<_>>());
    assert_eq!(report.finished.code, Some(0), "{}", report.finished.stdout);
    for (_, broken) in ALL {
        assert_eq!(report.step(broken.step)["verdict"], "pass");
    }
}

#[test]
fn finds_403_for_a_wrong_password() {
    is_found("login-wrong-password-403");
}

#[test]
fn finds_a_logout_without_effect() {
    is_found("logout-deletes-nothing");
}

#[test]
fn finds_a_cookie_without_path() {
    is_found("cookie-without-path");
}

#[test]
fn finds_a_numeric_session_id() {
    is_found("session-id-number");
}

#[test]
fn finds_missing_credentials_treated_as_invalid() {
    is_found("gate-403-for-401");
}

#[test]
fn finds_a_password_split_at_the_last_colon() {
    is_found("basic-last-colon");
}

#[test]
fn finds_a_list_of_users_wrapped_in_an_object() {
    is_found("users-wrapped");
}

#[test]
fn finds_a_login_with_an_incomplete_user() {
    is_found("login-answers-id");
}

#[test]
fn finds_routing_before_authentication() {
    is_found("gate-after-routing");
}

#[test]
fn finds_an_expired_session_that_still_works() {
    is_found("expiry-never");
}

#[test]
fn finds_a_cookie_cut_at_the_first_space_in_a_separate_program() {
    is_found("cookie-cut-at-space");
}

const ALL: &[(&str, Broken)] = &[
    (
        "login-wrong-password-403",
        Broken { step: "session/7-login::wrong-password", requirement: "SESSION-7.5", line: "status: 401" },
    ),
    (
        "logout-deletes-nothing",
        Broken { step: "session/8-logout::forbidden", requirement: "SESSION-8.2", line: "status: 403" },
    ),
    (
        "cookie-without-path",
        Broken {
            step: "session/7-login::cookie",
            requirement: "SESSION-7.7",
            line: "_my_session_id: {value: ",
        },
    ),
    (
        "session-id-number",
        Broken {
            step: "session/2-sessions::random-id",
            requirement: "SESSION-2.1",
            line: "_my_session_id: {value: ",
        },
    ),
    (
        "gate-403-for-401",
        Broken { step: "session/5-before-request::me-bare", requirement: "SESSION-5.2", line: "status: 401" },
    ),
    (
        "basic-last-colon",
        Broken { step: "basic/12-colons::users", requirement: "BASIC-12.1", line: "status: 200" },
    ),
    ("users-wrapped", Broken { step: "basic/0-empty::list", requirement: "BASIC-0.4", line: "json: []" }),
    (
        "login-answers-id",
        Broken { step: "session/7-login::user", requirement: "SESSION-7.6", line: "email: " },
    ),
    (
        "gate-after-routing",
        Broken { step: "basic/4-excluded-paths::below", requirement: "BASIC-4.2", line: "status: 401" },
    ),
    (
        "expiry-never",
        Broken { step: "session/9-expiry::after-the-end", requirement: "SESSION-9.3", line: "status: 403" },
    ),
    (
        "cookie-cut-at-space",
        Broken { step: "session/4-cookie::spaces", requirement: "SESSION-4.3", line: "text: " },
    ),
];

fn is_found(fault: &str) {
    let (_, broken) = ALL.iter().find(|(name, _)| *name == fault).unwrap();
    let report = run(&Sandbox::python().with("FAULT", fault), &["--filter", broken.step]);
    assert_eq!((report.finished.code, report.footer["exit"].as_u64()), (Some(1), Some(1)));
    let step = report.step(broken.step);
    assert_eq!((&step["verdict"], &step["covers"][broken.requirement]), (&"fail".into(), &"must".into()));
    let place = &step["findings"][0]["place"];
    assert!(line_at(place).starts_with(broken.line), "{place}");
    assert!(place["line"].as_u64() > step["place"]["line"].as_u64(), "{step}");

    let standings = report.footer["requirements"].as_array().unwrap();
    let standing = standings.iter().find(|standing| standing["id"] == broken.requirement).unwrap();
    assert_eq!(standing["verdict"], "fail");

    let place = format!("--> {}:{}:{}\n", place["file"].as_str().unwrap(), place["line"], place["column"]);
    for shown in [broken.step, &format!("{} (must)", broken.requirement), &place] {
        assert!(report.finished.stdout.contains(shown), "{shown}: {}", report.finished.stdout);
    }
}

fn run(sandbox: &Sandbox, flags: &[&str]) -> events::RunReport {
    sandbox.write(
        "target.yaml",
        "format: 1\ntitle: The API in Python\ndirectory: implementation\ncommand: python3 server.py\n\
         profiles:\n  main-3: {command: python3 main_3.py}\n",
    );
    let suite = scenarios().display().to_string();
    events::run(sandbox, &[&["run", "--suite", &suite, "--target", "../target.yaml"], flags].concat())
}

/// The trimmed line of a scenario.
fn line_at(place: &Json) -> String {
    let file = place["file"].as_str().unwrap();
    let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
    std::fs::read_to_string(file).unwrap().lines().nth(line - 1).unwrap().trim().to_owned()
}
