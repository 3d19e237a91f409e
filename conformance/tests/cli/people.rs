//! The report for people, as a whole: `told/` holds what it says.

use crate::golden;
use crate::program::data;
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
