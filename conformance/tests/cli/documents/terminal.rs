//! Tests the text report.

use super::DOCUMENTS;
use crate::sandbox::Sandbox;

fn login(arguments: &[&str], fault: &str) -> crate::program::Finished {
    let sandbox = Sandbox::python().with("FAULT", fault);
    let filtered = ["--filter", "session/7-login", "--", "python3", "server.py"];
    sandbox.run(&[&["run"], arguments, &filtered].concat())
}

#[test]
fn reports_failures_with_one_cause_once() {
    let finished = login(&[], "login-errors-200");
    assert_eq!(finished.stdout.matches("\nFAIL ").count(), 1, "{}", finished.stdout);
    assert!(
        finished.stdout.contains("\nFix first\n  1. POST /api/v1/auth_session/login: 200, expected "),
        "{}",
        finished.stdout
    );
    let verbose = login(&["--verbose"], "login-errors-200");
    assert!(verbose.stdout.matches("\n   reproduce ").count() > 1, "{}", verbose.stdout);
}

#[test]
fn orders_causes() {
    let stdout = &DOCUMENTS.finished.stdout;
    let list = stdout.split("Fix first\n").nth(1).unwrap_or_else(|| panic!("{stdout}"));
    let musts: Vec<usize> = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.contains(" MUST affected)"))
        .map(|line| line.rsplit(", ").next().unwrap().split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(musts.len() > 1 && musts.is_sorted_by(|left, right| left >= right), "{list}");
}

#[test]
fn names_the_request_and_the_requirement_of_each_cause() {
    let sandbox = Sandbox::python().with("FAULT", "auth-type-ignored");
    let filters = ["--filter", "basic/4-*", "--filter", "basic/5-*"];
    let stdout = sandbox.run(&[&["run"], &filters[..], &["--", "python3", "server.py"]].concat()).stdout;
    let list = stdout.split("Fix first\n").nth(1).unwrap_or_else(|| panic!("{stdout}"));
    let first: Vec<&str> = list.lines().take(2).collect();
    assert!(first[0].contains(" /") && first[0].contains(", expected 40"), "{stdout}");
    assert!(first[1].ends_with(')') && first[1].contains("(BASIC-"), "{stdout}");
    let closing = stdout.lines().find(|line| line.starts_with("fix first: ")).unwrap();
    assert!(first[0].ends_with(closing.trim_start_matches("fix first: ")), "{closing}: {first:?}");
}

#[test]
fn reports_blocked_steps_once_with_the_failed_step() {
    let finished = login(&["--filter", "session/8-*"], "login-no-cookie");
    let lines = finished.stdout.lines().filter(|line| line.starts_with("BLOCKED ")).collect::<Vec<_>>();
    assert_eq!(lines.len(), 1, "{}", finished.stdout);
    assert!(lines[0].ends_with(" steps not run: a step that they depend on failed"), "{lines:?}");
    assert_eq!(finished.stdout.matches("\nFAIL ").count(), 1, "{}", finished.stdout);
}

#[test]
fn shows_only_mismatched_members_with_their_paths() {
    let finished = login(&[], "user-times-missing");
    let differs: Vec<&str> =
        finished.stdout.lines().skip_while(|line| !line.contains("differs")).take(3).collect();
    assert!(differs[0].contains("/created_at") && differs[1].contains("/updated_at"), "{differs:?}");
    assert!(!differs[2].contains("expected"), "{differs:?}");
}

#[test]
fn summary_counts_by_task_and_names_the_next() {
    let stdout = &DOCUMENTS.finished.stdout;
    assert!(stdout.lines().any(|line| line.starts_with("7. New view for Session Authentication ") && line.contains("MUST ")));
    assert!(stdout.contains("; start with “"), "{stdout}");
}

#[test]
fn trace_prints_requests_and_responses_in_full() {
    let finished = login(&["--trace"], "login-errors-200");
    for part in [
        "> POST /api/v1/auth_session/login",
        "> User-Agent: curl/",
        "< 200 after ",
        "< content-type: application/json",
    ] {
        assert!(finished.stdout.contains(part), "{part}: {}", finished.stdout);
    }
}

#[test]
fn colour_is_off_without_a_terminal() {
    assert!(!DOCUMENTS.finished.stdout.contains('\u{1b}'));
    assert!(login(&["--color", "always"], "login-errors-200").stdout.contains('\u{1b}'));
    let sandbox = Sandbox::python().with("NO_COLOR", "1").with("CLICOLOR_FORCE", "1");
    let finished = sandbox.run(&["run", "--filter", "basic/0-status", "--", "python3", "server.py"]);
    assert!(!finished.stdout.contains('\u{1b}'), "{}", finished.stdout);
}

#[test]
fn progress_is_printed_in_lines_or_not_at_all() {
    let slow = |flags: &[&str]| {
        let sandbox = Sandbox::noted();
        let mut scenario = sandbox.read("suite/desk/1-open.yaml");
        let step = scenario.split_once("steps:\n").unwrap().1.to_owned();
        for number in 0..3 {
            let more = step.replace("- id: open", &format!("- id: open-{number}\n    wait: 1100ms"));
            scenario.push_str(&more);
        }
        sandbox.write("suite/desk/1-open.yaml", &scenario);
        let run = ["run", "--suite", "../suite", "--filter", "desk/1-open"];
        sandbox.run(&[&run, flags, &["--", "python3", "moody.py"]].concat())
    };
    let stderr = slow(&[]).stderr;
    assert!(stderr.ends_with("4 of 4 steps, all pass\n"), "{stderr}");
    assert!(stderr.lines().all(|line| line.contains(" of 4 steps, ")), "{stderr}");
    assert_eq!(slow(&["--quiet"]).stderr, "");
}
