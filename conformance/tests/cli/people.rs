//! The report for people, as a whole: `told/` holds what it says.

use crate::golden;
use crate::program::{conformance_in, data};
use crate::sandbox::Sandbox;

#[test]
fn a_failing_step_is_told_with_requirement_place_evidence_and_how_to_see_it_again() {
    is_told("failing-step", &["--filter", "6-refuses"]);
}

#[test]
fn a_run_of_many_verdicts_is_told_failures_first_and_closes_with_requirements() {
    is_told("many-verdicts", &["--filter", "1-open", "--filter", "6-refuses", "--filter", "7-ticket"]);
}

#[test]
fn a_quiet_run_tells_what_it_came_to() {
    is_told("quiet", &["--quiet", "--filter", "1-open", "--filter", "6-refuses"]);
}

#[test]
fn every_requirement_is_told_with_its_verdict_where_that_is_asked_for() {
    is_told("requirements", &["--requirements", "--filter", "1-open", "--filter", "6-refuses"]);
}

#[test]
fn a_verbose_run_tells_every_step() {
    is_told("verbose", &["--verbose", "--filter", "1-open", "--filter", "6-refuses"]);
}

/// Steps whose matchers do not hold.
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
    title: bytes are told by length and digest
    request: curl http://todo.example/
    expect: {body: !all [!length 3, !sha256 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d]}
  - id: schema
    title: what a schema describes is told with its reason
    request: curl http://todo.example/people
    expect: {json: !each [!schema todo.json]}
"#;

#[test]
fn a_mismatch_names_the_path_what_was_expected_what_came_and_the_nearest_element() {
    let sandbox = Sandbox::todo();
    sandbox.write("suite/lists/mismatches.yaml", MISMATCHES);
    let arguments =
        ["run", "--suite", "../suite", "--filter", "lists/mismatches", "--", "python3", "server.py"];
    let told = golden::without_path(&golden::without_port(&sandbox.run(&arguments).stdout));
    golden::compare(&data("told/mismatches.txt"), &told).unwrap_or_else(|complaint| panic!("{complaint}"));
}

#[test]
fn what_a_schema_describes_is_expected_once_in_every_text() {
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
    for told in [finished.stdout, sandbox.read("junit.xml")] {
        assert_eq!(told.matches("expected  what todo.json describes").count(), 1, "{told}");
        assert_eq!(told.matches("what todo.json describes").count(), 1, "{told}");
        assert!(told.matches("violates the schema: Additional properties").count() >= 2, "{told}");
    }
}

#[test]
fn a_report_is_coloured_where_it_is_asked_to_be_and_says_the_same() {
    let coloured = told(&["--color", "always", "--filter", "6-refuses"]);
    assert!(coloured.contains("\x1b["), "{coloured}");
    assert_eq!(without_colour(&coloured), told(&["--color", "never", "--filter", "6-refuses"]));
}

fn is_told(name: &str, flags: &[&str]) {
    let file = data("told").join(name).with_extension("txt");
    golden::compare(&file, &told(flags)).unwrap_or_else(|complaint| panic!("{complaint}"));
}

fn told(flags: &[&str]) -> String {
    let arguments = [&["run", "--suite", "../suite"], flags, &["--", "python3", "moody.py"]].concat();
    golden::without_path(&golden::without_port(&Sandbox::moody().run(&arguments).stdout))
}

fn without_colour(text: &str) -> String {
    let mut plain = String::new();
    for (index, piece) in text.split("\x1b[").enumerate() {
        plain.push_str(if index == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    plain
}

#[test]
fn one_of_something_is_told_as_one() {
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
    let told = |arguments: &[&str]| conformance_in(folder.path(), arguments).stdout;
    let checked = told(&["check", "--suite", "suite"]);
    assert_eq!(checked, "A desk: 1 requirement, 1 scenario, 1 step, 1 profile; no errors\n");
    assert!(told(&["list", "--suite", "suite"]).ends_with("\n1 step\n"));
    assert!(
        told(&["coverage", "--suite", "suite"]).contains("must   1 requirement: 1 covered, 0 not tested\n")
    );
}
