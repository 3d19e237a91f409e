//! A target that is already running: what it must hold, and what is said when it does not.

use std::process::Command;

use crate::events;
use crate::program::{conformance_in, data};
use crate::sandbox::Sandbox;
use crate::server::Server;

const LEFT: &[&str] = &["run", "--suite", "../suite", "--profile", "left"];

#[test]
fn a_fixture_that_is_missing_is_one_sentence_and_only_its_steps_are_inconclusive() {
    let server = Server::start(&["empty"]);
    let told = events::run(&Sandbox::odd(), &[LEFT, &[&*server.url()]].concat());
    assert_eq!(told.finished.code, Some(3));
    assert_eq!(told.step("desk/1-left::answers")["verdict"], "pass");
    assert_eq!(told.step("desk/3-guests::ann")["verdict"], "inconclusive");
    let sentence = "the target does not hold the fixture `ann` (`conformance seed` prints what it must hold)";
    assert_eq!(told.finished.stdout.matches(sentence).count(), 1, "{}", told.finished.stdout);
}

#[test]
fn a_fixture_that_the_target_has_given_an_id_of_its_own_is_known_by_it() {
    let server = Server::start(&["renumbered"]);
    let told = events::run(&Sandbox::odd(), &[LEFT, &[&*server.url()]].concat());
    let ann = told.step("desk/3-guests::ann");
    assert_eq!((&ann["verdict"], &ann["exchange"]["sent"]["target"]), (&"pass".into(), &"/guests/77".into()));
}

#[test]
fn a_target_that_holds_others_too_conforms() {
    let server = Server::start(&["crowded"]);
    let finished = Sandbox::odd().run(&[LEFT, &[&*server.url()]].concat());
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
}

#[test]
fn the_files_are_printed_as_the_launch_contract_has_them() {
    let halves = data("suites/halves");
    let seed = conformance_in(&halves, &["seed", "--suite", "."]);
    assert_eq!(seed.code, Some(0));
    assert!(
        seed.stdout.starts_with("==> guests.json <==\n[{\"id\": 1, \"name\": \"Ann\""),
        "{}",
        seed.stdout
    );
    let right = conformance_in(&halves, &["seed", "--suite", ".", "--profile", "right"]);
    assert_eq!(right.stdout, "==> guests.json <==\n[]\n");
}

#[test]
fn the_curl_commands_run_in_a_shell_and_say_what_no_request_makes() {
    let seed = conformance_in(
        &data("suites/halves"),
        &["seed", "--suite", ".", "--format", "curl", "http://127.0.0.1:9/below"],
    );
    assert!(seed.stdout.contains("curl http://127.0.0.1:9/below/guests"), "{}", seed.stdout);
    assert!(seed.stdout.contains("# bo: no request makes it without `password`"), "{}", seed.stdout);
    let checked = Command::new("sh").args(["-n", "-c", &seed.stdout]).status().unwrap();
    assert!(checked.success());
}

#[test]
fn files_are_written_into_a_folder_once() {
    let folder = tempfile::tempdir().unwrap();
    let suite = data("suites/halves");
    let into = folder.path().to_str().unwrap();
    assert_eq!(conformance_in(&suite, &["seed", "--suite", ".", "--into", into]).code, Some(0));
    assert!(folder.path().join("guests.json").exists());
    let again = conformance_in(&suite, &["seed", "--suite", ".", "--into", into]);
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("guests.json: File exists"), "{}", again.stderr);
}

#[test]
fn a_profile_that_is_misspelt_is_told() {
    let seed = conformance_in(&data("suites/halves"), &["seed", "--suite", ".", "--profile", "lefft"]);
    assert_eq!(seed.code, Some(2));
    assert!(seed.stderr.contains("did you mean `left`?"), "{}", seed.stderr);
}
