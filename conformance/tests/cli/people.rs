//! Golden files of the terminal report, in `terminal/`.

use crate::golden;
use crate::program::{conformance_in, data};
use crate::sandbox::Sandbox;

#[test]
fn failing_step_has_requirement_location_evidence_and_command() {
    assert_report("failing-step", &["--filter", "6-refuses"]);
}

#[test]
fn failures_come_first_and_requirements_last() {
    assert_report("many-verdicts", &["--filter", "1-open", "--filter", "6-refuses", "--filter", "7-ticket"]);
}

#[test]
fn quiet_prints_only_the_summary() {
    assert_report("quiet", &["--quiet", "--filter", "1-open", "--filter", "6-refuses"]);
}

#[test]
fn requirements_flag_lists_every_requirement() {
    assert_report("requirements", &["--requirements", "--filter", "1-open", "--filter", "6-refuses"]);
}

#[test]
fn verbose_prints_every_step() {
    assert_report("verbose", &["--verbose", "--filter", "1-open", "--filter", "6-refuses"]);
}

/// Steps whose matchers fail.
const MISMATCHES: &str = r#"format: 1
title: Nothing is as it should be
profile: whole
fixtures: [alice, bob]
steps:
  - id: nearest
    title: the nearest element is named
    request: curl http://todo.example/people
    expect: {json: !unordered [{id: "${bob.id}", name: bob}, {id: "${alice.id}", name: alicia}]}
  - id: not
    title: what must not be is named
    request: curl http://todo.example/
    expect: {json: {name: !not [todo, list], version: !all [!starts_with "1", !length 4]}}
  - id: numbers
    title: a number is exact, or off by so much
    request: curl http://todo.example/numbers
    expect: {json: !subset {big: 9007199254740992, pi: !about {value: 3.2, within: 0.01}}}
  - id: headers
    title: a field that comes once is not two
    request: curl http://todo.example/old-session
    expect: {headers: {set-cookie: !unordered [seen=1, !starts_with sid=]}}
  - id: bytes
    title: shows bytes as length and digest
    request: curl http://todo.example/
    expect: {body: !all [!length 3, !sha256 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d]}
  - id: schema
    title: shows the reason of a schema mismatch
    request: curl http://todo.example/people
    expect: {json: !each [!schema todo.json]}
"#;

#[test]
fn mismatch_has_path_expected_actual_and_nearest_element() {
    let sandbox = Sandbox::todo();
    sandbox.write("suite/lists/mismatches.yaml", MISMATCHES);
    let arguments =
        ["run", "--suite", "../suite", "--filter", "lists/mismatches", "--", "python3", "server.py"];
    let report = golden::without_port(&sandbox.run(&arguments).stdout);
    golden::compare(&data("terminal/mismatches.txt"), &report)
        .unwrap_or_else(|complaint| panic!("{complaint}"));
}

#[test]
fn schema_is_named_once_in_every_report() {
    let sandbox = Sandbox::todo();
    sandbox.write("suite/lists/mismatches.yaml", MISMATCHES);
    let finished = sandbox.run(&[
        "run",
        "--suite",
        "../suite",
        "--filter",
        "mismatches::schema",
        "--report",
        "junit=../junit.xml",
        "--",
        "python3",
        "server.py",
    ]);
    for report in [finished.stdout, sandbox.read("junit.xml")] {
        assert_eq!(report.matches("expected  a value that matches todo.json").count(), 1, "{report}");
        assert_eq!(report.matches("a value that matches todo.json").count(), 1, "{report}");
        assert!(report.matches("violates the schema: ").count() >= 2, "{report}");
    }
}

#[test]
fn color_does_not_change_the_text() {
    let coloured = terminal_report(&["--color", "always", "--filter", "6-refuses"]);
    assert!(coloured.contains("\x1b["), "{coloured}");
    assert_eq!(without_colour(&coloured), terminal_report(&["--color", "never", "--filter", "6-refuses"]));
}

fn assert_report(name: &str, flags: &[&str]) {
    let file = data("terminal").join(name).with_extension("txt");
    golden::compare(&file, &terminal_report(flags)).unwrap_or_else(|complaint| panic!("{complaint}"));
}

fn terminal_report(flags: &[&str]) -> String {
    let arguments = [&["run", "--suite", "../suite"], flags, &["--", "python3", "moody.py"]].concat();
    golden::without_port(&Sandbox::moody().run(&arguments).stdout)
}

fn without_colour(text: &str) -> String {
    let mut plain = String::new();
    for (index, piece) in text.split("\x1b[").enumerate() {
        plain.push_str(if index == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    plain
}

#[test]
fn counts_of_one_are_singular() {
    let folder = tempfile::tempdir().unwrap();
    let suite = folder.path().join("suite");
    std::fs::create_dir_all(suite.join("desk")).unwrap();
    for (file, text) in [
        ("suite.yaml", "format: 1\ntitle: A desk\norigin: http://desk.example\nprofiles: {open: {}}\n"),
        (
            "requirements.yaml",
            "format: 1\nrequirements: [{id: DESK-1.1, level: must, clause: 1. Answers, text: It answers.}]\n",
        ),
        (
            "desk/a.yaml",
            "format: 1\ntitle: It answers\nprofile: open\nsteps:\n  - {id: a, title: it answers, covers: [DESK-1.1], \
             request: curl http://desk.example/, expect: {status: 200, text: hello}}\n",
        ),
    ] {
        std::fs::write(suite.join(file), text).unwrap();
    }
    let stdout = |arguments: &[&str]| conformance_in(folder.path(), arguments).stdout;
    let checked = stdout(&["check", "--suite", "suite"]);
    assert_eq!(checked, "A desk: 1 requirement, 1 scenario, 1 step, 1 profile; no errors, 1 warning\n");
    assert!(stdout(&["list", "--suite", "suite"]).ends_with("\n1 step\n"));
    assert!(
        stdout(&["coverage", "--suite", "suite"]).contains("must   1 requirement: 1 covered, 0 not tested\n")
    );
}
