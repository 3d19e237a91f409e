//! An implementation that is not ours, with one fault at a time: each is found, blamed on the right requirement, and shown at the
//! line of the scenario that it breaks.

use serde_json::Value as Json;

use crate::events;
use crate::program::scenarios;
use crate::sandbox::Sandbox;

/// What a fault breaks: the step, the requirement that the step covers, and how the line begins that no longer holds.
struct Broken {
    step: &'static str,
    requirement: &'static str,
    line: &'static str,
}

#[test]
fn a_target_without_a_fault_conforms() {
    let filters = ALL.iter().flat_map(|(_, broken)| ["--filter", broken.step]);
    let told = run(&Sandbox::python(), &filters.collect::<Vec<_>>());
    assert_eq!(told.finished.code, Some(0), "{}", told.finished.stdout);
    for (_, broken) in ALL {
        assert_eq!(told.step(broken.step)["verdict"], "pass");
    }
}

#[test]
fn a_wrong_password_that_is_answered_403_is_found() {
    is_found("login-wrong-password-403");
}

#[test]
fn a_logout_that_ends_nothing_is_found() {
    is_found("logout-deletes-nothing");
}

#[test]
fn a_cookie_without_its_path_is_found() {
    is_found("cookie-without-path");
}

#[test]
fn a_session_id_that_is_a_number_is_found() {
    is_found("session-id-number");
}

#[test]
fn a_gate_that_takes_nothing_for_something_useless_is_found() {
    is_found("gate-403-for-401");
}

#[test]
fn a_password_cut_at_its_last_colon_is_found() {
    is_found("basic-last-colon");
}

#[test]
fn a_list_of_users_inside_an_object_is_found() {
    is_found("users-wrapped");
}

#[test]
fn a_login_that_answers_a_part_of_the_user_is_found() {
    is_found("login-answers-id");
}

#[test]
fn a_route_that_is_told_before_the_gate_is_found() {
    is_found("gate-after-routing");
}

#[test]
fn an_ended_session_that_goes_on_is_found() {
    is_found("expiry-never");
}

#[test]
fn a_cookie_cut_at_its_first_space_is_found_in_a_program_of_its_own() {
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
    let told = run(&Sandbox::python().with("FAULT", fault), &["--filter", broken.step]);
    assert_eq!((told.finished.code, told.footer["exit"].as_u64()), (Some(1), Some(1)));
    let step = told.step(broken.step);
    assert_eq!((&step["verdict"], &step["covers"][broken.requirement]), (&"fail".into(), &"must".into()));
    let place = &step["findings"][0]["place"];
    assert!(line_at(place).starts_with(broken.line), "{place}");
    assert!(place["line"].as_u64() > step["place"]["line"].as_u64(), "{step}");

    let standings = told.footer["requirements"].as_array().unwrap();
    let standing = standings.iter().find(|standing| standing["id"] == broken.requirement).unwrap();
    assert_eq!(standing["verdict"], "fail");

    let place = format!("--> {}:{}:{}\n", place["file"].as_str().unwrap(), place["line"], place["column"]);
    for shown in [broken.step, &format!("{} (must)", broken.requirement), &place] {
        assert!(told.finished.stdout.contains(shown), "{shown}: {}", told.finished.stdout);
    }
}

fn run(sandbox: &Sandbox, flags: &[&str]) -> events::Told {
    sandbox.write(
        "target.yaml",
        "format: 1\ntitle: The API in Python\ndirectory: implementation\ncommand: python3 server.py\n\
         profiles:\n  main-3: {command: python3 main_3.py}\n",
    );
    let suite = scenarios().display().to_string();
    events::run(sandbox, &[&["run", "--suite", &suite, "--target", "../target.yaml"], flags].concat())
}

/// The line of a scenario, without what is around it.
fn line_at(place: &Json) -> String {
    let file = place["file"].as_str().unwrap();
    let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
    std::fs::read_to_string(file).unwrap().lines().nth(line - 1).unwrap().trim().to_owned()
}
