//! Mistakes in a suite end a run before anything is started. (`wrong.rs` has each mistake with its message.)

use std::fs;

use crate::program::{copy, data};
use crate::sandbox::Sandbox;

#[test]
fn rejects_an_empty_folder() {
    let sandbox = Sandbox::noted();
    fs::remove_dir_all(sandbox.path("suite")).unwrap();
    fs::create_dir(sandbox.path("suite")).unwrap();
    assert_eq!(
        refused(&sandbox, &[]),
        "error: the file ../suite/suite.yaml does not exist\n  \
         = a suite is a folder that holds suite.yaml, requirements.yaml and folders of scenarios\n"
    );
}

#[test]
fn rejects_a_missing_folder() {
    let sandbox = Sandbox::noted();
    fs::remove_dir_all(sandbox.path("suite")).unwrap();
    assert_eq!(
        refused(&sandbox, &[]),
        "error: cannot read the suite `../suite`: No such file or directory (os error 2)\n  \
         = --suite names a folder that holds suite.yaml, requirements.yaml and folders of scenarios\n"
    );
}

#[test]
fn rejects_a_suite_without_scenarios() {
    let sandbox = Sandbox::noted();
    fs::remove_dir_all(sandbox.path("suite/desk")).unwrap();
    sandbox.write("suite/requirements.yaml", "format: 1\nrequirements: []\n");
    assert_eq!(
        refused(&sandbox, &[]),
        "error: the suite `../suite` has no scenarios\n  \
         = a scenario is a .yaml file in a subfolder of the suite\n"
    );
}

#[test]
fn reports_a_file_that_is_ignored_because_of_its_extension() {
    let sandbox = Sandbox::noted();
    fs::rename(sandbox.path("suite/desk/1-open.yaml"), sandbox.path("suite/desk/1-open.yml")).unwrap();
    assert_eq!(
        refused(&sandbox, &[]),
        "error: ../suite/desk/1-open.yml is ignored: suite files must end in .yaml\n  = rename the file, or move it out of the suite\n"
    );
}

#[test]
fn unknown_key_has_its_line_and_a_suggestion() {
    let sandbox = Sandbox::noted();
    misspell(&sandbox, "status: 200", "stauts: 200");
    assert_eq!(
        refused(&sandbox, &[]),
        "error: unknown key `stauts`\n  \
         --> ../suite/desk/1-open.yaml:12:7\n   \
         |\n\
         12 |       stauts: 200\n   \
         |       ^^^^^^ did you mean `status`?\n"
    );
}

#[test]
fn reports_all_unknown_keys_of_a_mapping() {
    let sandbox = Sandbox::noted();
    misspell(&sandbox, "status: 200", "stauts: 200\n      jsno: {}");
    let message = refused(&sandbox, &[]);
    assert!(message.contains("unknown key `stauts`") && message.contains("unknown key `jsno`"), "{message}");
}

#[test]
fn merge_keys_do_not_override() {
    let sandbox = Sandbox::noted();
    let merged = "status: 200\n      headers:\n        <<: &kept {content-type: !any , x-not-there: !any }\n        x-not-there: !any ";
    misspell(&sandbox, "status: 200", merged);
    let finished = sandbox.run(&["check", "--suite", "../suite"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    misspell(&sandbox, "<<: &kept {content-type", "<<: &kept {content-type: 1, content-type");
    assert!(refused(&sandbox, &[]).contains("duplicate key `content-type`"));
    misspell(&sandbox, "&kept {content-type: 1, content-type: !any , x-not-there: !any }", "4");
    assert!(refused(&sandbox, &[]).contains("expected a mapping"));
}

#[test]
fn rejects_a_recursive_alias() {
    let sandbox = Sandbox::noted();
    misspell(&sandbox, "{open: true}", "&all {open: [*all]}");
    assert!(refused(&sandbox, &[]).contains("this alias is inside the value that it repeats"));
}

#[test]
fn unknown_matcher_has_a_suggestion() {
    let sandbox = Sandbox::noted();
    misspell(&sandbox, "{open: true}", "{open: !boolaen }");
    assert_eq!(
        refused(&sandbox, &[]),
        "error: unknown matcher `!boolaen`\n  \
         --> ../suite/desk/1-open.yaml:13:20\n   \
         |\n\
         13 |       json: {open: !boolaen }\n   \
         |                    ^^^^^^^^ did you mean `!boolean`?\n"
    );
}

#[test]
fn unknown_capture_is_reported_at_its_use() {
    let sandbox = Sandbox::noted();
    misspell(&sandbox, "/open\"", "/open?ticket=${ticket}\"");
    assert_eq!(
        refused(&sandbox, &[]),
        "error: unknown name `${ticket}`: no earlier step captures `ticket`, and no fixture has this name\n  \
         --> ../suite/desk/1-open.yaml:10:52\n   \
         |\n\
         10 |     request: curl \"http://desk.example/open?ticket=${ticket}\"\n   \
         |                                                    ^^^^^^^^^\n  \
         = known here: ann\n"
    );
}

#[test]
fn reports_all_mistakes_at_once() {
    let sandbox = Sandbox::noted();
    misspell(&sandbox, "status: 200", "stauts: 200");
    copy(&data("wrong/scenario"), &sandbox.path("suite/more"));
    let message = refused(&sandbox, &[]);
    assert!(message.matches("error: ").count() > 80, "{message}");
}

#[test]
fn unknown_profile_has_a_suggestion() {
    assert_eq!(
        refused(&Sandbox::noted(), &["--profile", "dsek"]),
        "error: the suite has no profile `dsek`\n  = did you mean `desk`?\n"
    );
}

#[test]
fn a_running_target_needs_a_profile() {
    let finished = Sandbox::python().run(&["run", "http://127.0.0.1:1"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    let (sentence, remedy) = finished.stderr.split_once('\n').unwrap();
    assert_eq!(sentence, "error: a running target has one profile; name it with `--profile`");
    assert!(remedy.starts_with("  = profiles of the suite: open, auth, basic, session, "), "{remedy}");
}

#[test]
fn filter_that_matches_nothing_runs_nothing() {
    let sandbox = Sandbox::noted();
    let finished =
        sandbox.run(&["run", "--suite", "../suite", "--filter", "banana", "--", "python3", "moody.py"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(4), ""));
    assert!(
        finished.stderr.starts_with("error: the filter `banana` matches no step\n"),
        "{}",
        finished.stderr
    );
    assert!(!sandbox.path("listens").exists());
}

/// The error message for an invalid run, whose target is never started.
fn refused(sandbox: &Sandbox, flags: &[&str]) -> String {
    let arguments = [&["run", "--suite", "../suite"], flags, &["--", "python3", "moody.py"]].concat();
    let finished = sandbox.run(&arguments);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{}", finished.stderr);
    assert!(!sandbox.path("listens").exists());
    finished.stderr
}

/// Replaces a text in the first scenario.
fn misspell(sandbox: &Sandbox, right: &str, wrong: &str) {
    let text = sandbox.read("suite/desk/1-open.yaml");
    assert!(text.contains(right));
    sandbox.write("suite/desk/1-open.yaml", &text.replace(right, wrong));
}
