//! The report for people.

use super::DOCUMENTS;
use crate::sandbox::Sandbox;

fn login(arguments: &[&str], fault: &str) -> crate::program::Finished {
    let sandbox = Sandbox::python().with("FAULT", fault);
    let filtered = ["--filter", "session/7-login", "--", "python3", "server.py"];
    sandbox.run(&[&["run"], arguments, &filtered].concat())
}

#[test]
fn failures_of_one_cause_are_told_once() {
    let finished = login(&[], "login-errors-200");
    assert_eq!(finished.stdout.matches("\nFAIL ").count(), 1, "{}", finished.stdout);
    assert!(
        finished.stdout.contains("fail likewise (POST /api/v1/auth_session/login: the target returned 200)"),
        "{}",
        finished.stdout
    );
    let verbose = login(&["--verbose"], "login-errors-200");
    assert!(verbose.stdout.matches("\n   again ").count() > 1, "{}", verbose.stdout);
}

#[test]
fn several_causes_are_put_in_order() {
    let stdout = &DOCUMENTS.finished.stdout;
    let list = stdout.split("What to mend first\n").nth(1).unwrap_or_else(|| panic!("{stdout}"));
    let musts: Vec<usize> = list
        .lines()
        .take_while(|line| line.contains(" must)"))
        .map(|line| line.rsplit(", ").next().unwrap().split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(musts.len() > 1 && musts.is_sorted_by(|left, right| left >= right), "{list}");
}

#[test]
fn an_answer_that_hardly_ever_comes_is_one_thing_to_mend() {
    let sandbox = Sandbox::python().with("FAULT", "auth-type-ignored");
    let filters = ["--filter", "basic/4-*", "--filter", "basic/5-*"];
    let stdout = sandbox.run(&[&["run"], &filters[..], &["--", "python3", "server.py"]].concat()).stdout;
    let list = stdout.split("What to mend first\n").nth(1).unwrap_or_else(|| panic!("{stdout}"));
    let first: Vec<&str> = list.lines().take(2).collect();
    for status in ["401", "403"] {
        let said = format!("answers that should be {status} are ");
        assert!(first.iter().any(|line| line.contains(&said)), "{stdout}");
    }
    let closing = stdout.lines().find(|line| line.starts_with("mend first: ")).unwrap();
    assert!(first[0].ends_with(closing.trim_start_matches("mend first: ")), "{closing}: {first:?}");
}

#[test]
fn what_waits_for_a_step_that_fails_is_put_to_its_account_and_told_once() {
    let finished = login(&["--filter", "session/8-*"], "login-no-cookie");
    let told = finished.stdout.lines().filter(|line| line.starts_with("INCONCLUSIVE ")).collect::<Vec<_>>();
    assert_eq!(told.len(), 1, "{}", finished.stdout);
    assert!(told[0].ends_with(" steps wait for steps that fail, and were not tried"), "{told:?}");
    assert_eq!(finished.stdout.matches("\nFAIL ").count(), 1, "{}", finished.stdout);
}

#[test]
fn only_the_members_that_differ_are_shown_with_their_paths() {
    let finished = login(&[], "user-times-missing");
    let differs: Vec<&str> =
        finished.stdout.lines().skip_while(|line| !line.contains("differs")).take(3).collect();
    assert!(differs[0].contains("/created_at") && differs[1].contains("/updated_at"), "{differs:?}");
    assert!(differs[2].contains("sent"), "{differs:?}");
}

#[test]
fn the_end_counts_by_task_and_says_how_far_it_has_come() {
    let stdout = &DOCUMENTS.finished.stdout;
    assert!(stdout.lines().any(|line| line.starts_with("7. New view for Session Authentication ") && line.contains("must ")));
    assert!(
        stdout.contains("tasks hold; the first that does not is “Basic 0, Starter code”: must "),
        "{stdout}"
    );
}

#[test]
fn a_trace_tells_both_messages_whole() {
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
fn colour_is_for_terminals_unless_it_is_asked_for() {
    assert!(!DOCUMENTS.finished.stdout.contains('\u{1b}'));
    assert!(login(&["--color", "always"], "login-errors-200").stdout.contains('\u{1b}'));
    let sandbox = Sandbox::python().with("NO_COLOR", "1").with("CLICOLOR_FORCE", "1");
    let finished = sandbox.run(&["run", "--filter", "basic/0-status", "--", "python3", "server.py"]);
    assert!(!finished.stdout.contains('\u{1b}'), "{}", finished.stdout);
}

#[test]
fn progress_goes_line_by_line_where_nothing_can_move_and_nowhere_when_it_is_not_wanted() {
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
    assert!(stderr.ends_with("4 of 4 steps, all hold\n"), "{stderr}");
    assert!(stderr.lines().all(|line| line.contains(" of 4 steps, ")), "{stderr}");
    assert_eq!(slow(&["--quiet"]).stderr, "");
}
