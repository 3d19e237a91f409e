//! `conformance list`: the requests that a run would send.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value as Json;

use crate::program::{Finished, conformance_in, data, scenarios};

/// Every step of the suite that is built into the program.
static ALL: LazyLock<Vec<Json>> = LazyLock::new(|| listed(&[]));

#[test]
fn json_list_has_the_same_members_in_each_step() {
    for step in ALL.iter() {
        let members: Vec<&String> = step.as_object().unwrap().keys().collect();
        assert_eq!(
            members,
            [
                "await",
                "file",
                "id",
                "line",
                "profile",
                "request",
                "requirements",
                "run",
                "scenario",
                "stage",
                "title",
                "until"
            ]
        );
        for text in ["file", "id", "profile", "scenario", "title", "stage"] {
            assert!(step[text].is_string(), "{text} of {step}");
        }
        assert!(
            [&step["request"], &step["run"], &step["await"]].iter().filter(|one| !one.is_null()).count() == 1,
            "{step}"
        );
        assert!(step["until"].is_string() || step["until"].is_null(), "{step}");
        assert!(step["line"].as_u64().is_some_and(|line| line > 1), "{step}");
        assert!(step["requirements"].as_array().unwrap().iter().all(Json::is_string), "{step}");
        let Some(request) = step["request"].as_object() else { continue };
        assert_eq!(request.keys().collect::<Vec<_>>(), ["body", "headers", "method", "path"]);
        assert!(request["method"].is_string() && request["path"].is_string(), "{step}");
        assert!(request["body"].is_string() || request["body"].is_null(), "{step}");
        let headers = request["headers"].as_array().unwrap();
        assert!(headers.iter().all(|pair| pair[0].is_string() && pair[1].is_string()), "{step}");
    }
}

#[test]
fn list_has_the_first_line_of_each_step() {
    for step in listed(&["--suite", &scenarios().display().to_string()]) {
        let text = std::fs::read_to_string(step["file"].as_str().unwrap()).unwrap();
        let line = text.lines().nth(usize::try_from(step["line"].as_u64().unwrap()).unwrap() - 1).unwrap();
        // The step of a sequence has its name after that of the step that uses the sequence, and its location in the
        // sequence's file.
        let name = step["id"].as_str().unwrap().rsplit(&[':', '/']).next().unwrap();
        assert_eq!(line.trim_start().trim_start_matches("- "), format!("id: {name}"));
    }
}

/// `exchanges.txt` has the exchanges in the order of the document: profile, request, and what differs from a plain one.
#[test]
fn lists_the_33_exchanges_of_the_session_document_in_order() {
    let files =
        ["0-me", "1-empty-session", "4-cookie", "5-before-request", "6-current-user", "7-login", "8-logout"];
    let filters: Vec<String> = files.iter().map(|file| format!("session/{file}::*")).collect();
    let flags: Vec<&str> = filters.iter().flat_map(|filter| ["--filter", filter]).collect();
    let requests: Vec<String> = listed(&flags).iter().map(line_of).collect();
    let exchanges = std::fs::read_to_string(data("exchanges.txt")).unwrap();
    let exchanges: Vec<&str> = exchanges.lines().collect();
    assert_eq!((requests.len(), exchanges.len()), (33, 33), "{requests:#?}");
    for (request, exchange) in requests.iter().zip(exchanges) {
        // A value that is known only during a run is listed as its expression.
        let (before, after) = exchange.split_once("<session>").unwrap_or((exchange, ""));
        let value = request.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let named = value.is_some_and(|value| value.starts_with("${") && exchange.contains("<session>"));
        assert!(value == Some("") || named, "{exchange} is listed as {request}");
    }
}

#[test]
fn lists_both_stages_of_a_replaced_exchange() {
    let stages: Vec<_> = ALL
        .iter()
        .filter(|step| line_of(step).ends_with("session GET /api/v1/auth_session/login"))
        .map(|step| (step["stage"].clone(), step["until"].clone()))
        .collect();
    assert!(stages.contains(&("session-5".into(), "session-7".into())), "{stages:?}");
    assert!(stages.contains(&("session-7".into(), Json::Null)), "{stages:?}");
}

#[test]
fn stage_selects_its_steps() {
    let early = listed(&["--stage", "session-6"]);
    let last = listed(&["--stage", "session-10"]);
    assert!(early.len() < last.len() && last.len() < ALL.len());
    let has = |steps: &[Json], scenario: &str| steps.iter().any(|step| step["scenario"] == scenario);
    assert!(has(&early, "session/6-current-user") && !has(&early, "session/7-login"));
    assert!(has(&last, "session/7-login"));
}

#[test]
fn profile_selects_its_steps() {
    let steps = listed(&["--profile", "main-3"]);
    assert!(!steps.is_empty() && steps.iter().all(|step| step["profile"] == "main-3"));
    let both = listed(&["--profile", "main-3,main-4"]);
    assert!(both.len() > steps.len());
}

#[test]
fn filter_matches_ids_patterns_and_requirements() {
    let ids = |filter: &str| -> Vec<String> {
        listed(&["--filter", filter]).iter().map(|step| step["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("7-login::wrong-password"), ["session/7-login::wrong-password"]);
    // A whole id selects only its step, although it is also a part of another id.
    assert_eq!(ids("basic/0-change::both"), ["basic/0-change::both"]);
    assert_eq!(ids("0-change::both"), ["basic/0-change::both", "basic/0-change::both-found"]);
    assert_eq!(
        ids("session/7-login::*-missing"),
        ["session/7-login::email-missing", "session/7-login::password-missing"]
    );
    let covering = listed(&["--filter", "SESSION-7.5"]);
    assert!(
        covering.iter().all(|step| step["requirements"].as_array().unwrap().contains(&"SESSION-7.5".into()))
    );
    assert!(covering.iter().any(|step| step["id"] == "session/7-login::wrong-password"));
}

#[test]
fn text_list_has_a_line_for_each_step() {
    let finished = list(&["--filter", "session/7-login"]);
    assert_eq!(finished.code, Some(0));
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(lines[0], "session/7-login (session)");
    assert!(
        lines[1].starts_with("  get ") && lines[1].contains(" GET /api/v1/auth_session/login "),
        "{}",
        lines[1]
    );
    assert_eq!(*lines.last().unwrap(), format!("{} steps", lines.len() - 2));
}

#[test]
fn filter_that_matches_nothing_lists_nothing() {
    let finished = list(&["--filter", "banana"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(4), ""));
    assert!(
        finished.stderr.starts_with("error: the filter `banana` matches no step\n  = "),
        "{}",
        finished.stderr
    );
}

#[test]
fn reports_a_filter_that_matches_nothing() {
    let finished = list(&["--filter", "7-login", "--filter", "banana"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(4), ""));
    assert!(
        finished.stderr.starts_with("error: the filter `banana` matches no step\n"),
        "{}",
        finished.stderr
    );
}

#[test]
fn rejects_an_invalid_filter() {
    let finished = list(&["--filter", "session/[7-login"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    assert!(
        finished.stderr.starts_with("error: the filter `session/[7-login` cannot be read: "),
        "{}",
        finished.stderr
    );
}

#[test]
fn unknown_stage_has_a_suggestion() {
    let finished = list(&["--stage", "sesion-7"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    assert_eq!(finished.stderr, "error: the suite has no stage `sesion-7`\n  = did you mean `session-7`?\n");
}

#[test]
fn unknown_profile_has_a_suggestion() {
    let finished = list(&["--profile", "main3"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    assert_eq!(finished.stderr, "error: the suite has no profile `main3`\n  = did you mean `main-3`?\n");
}

/// A request on one line: profile, method, path, fields that curl does not add itself, body.
fn line_of(step: &Json) -> String {
    let request = &step["request"];
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let mut line =
        format!("{} {} {}", text(&step["profile"]), text(&request["method"]), text(&request["path"]));
    // A step that runs a program sends no request.
    for pair in request["headers"].as_array().into_iter().flatten() {
        if !["User-Agent", "Accept", "Content-Type"].contains(&pair[0].as_str().unwrap()) {
            line.push_str(&format!(" [{}: {}]", text(&pair[0]), text(&pair[1])));
        }
    }
    if !request["body"].is_null() {
        line.push_str(&format!(" {}", text(&request["body"])));
    }
    line
}

fn listed(flags: &[&str]) -> Vec<Json> {
    let finished = list(&[&["--format", "json"], flags].concat());
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&finished.stdout).unwrap()
}

fn list(flags: &[&str]) -> Finished {
    conformance_in(Path::new("/"), &[&["list"], flags].concat())
}
