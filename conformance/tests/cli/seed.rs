//! Tests targets that are already running: their fixtures, and messages about missing ones.

use std::process::Command;

use crate::events;
use crate::program::{conformance_in, data};
use crate::sandbox::Sandbox;
use crate::server::Server;

const LEFT: &[&str] = &["run", "--suite", "../suite", "--profile", "left"];

#[test]
fn missing_fixture_is_reported_once_and_affects_only_its_steps() {
    let server = Server::start(&["empty"]);
    let run = events::run(&Sandbox::odd(), &[LEFT, &[&*server.url()]].concat());
    assert_eq!(run.finished.code, Some(3));
    assert_eq!(run.step("desk/1-left::answers")["verdict"], "pass");
    assert_eq!(run.step("desk/3-guests::ann")["verdict"], "inconclusive");
    let sentence = "the target does not hold the fixture `ann` (`conformance seed` prints what it must hold)";
    assert_eq!(run.finished.stdout.matches(sentence).count(), 1, "{}", run.finished.stdout);
}

#[test]
fn finds_fixtures_with_ids_assigned_by_the_target() {
    let server = Server::start(&["renumbered"]);
    let run = events::run(&Sandbox::odd(), &[LEFT, &[&*server.url()]].concat());
    let ann = run.step("desk/3-guests::ann");
    assert_eq!((&ann["verdict"], &ann["exchange"]["sent"]["target"]), (&"pass".into(), &"/guests/77".into()));
}

#[test]
fn ignores_additional_data_of_the_target() {
    let server = Server::start(&["crowded"]);
    let finished = Sandbox::odd().run(&[LEFT, &[&*server.url()]].concat());
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
}

#[test]
fn prints_the_fixture_files() {
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
fn printed_curl_commands_create_the_fixtures() {
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
fn writes_fixture_files_but_does_not_overwrite() {
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
fn suggests_similar_profile_names() {
    let seed = conformance_in(&data("suites/halves"), &["seed", "--suite", ".", "--profile", "lefft"]);
    assert_eq!(seed.code, Some(2));
    assert!(seed.stderr.contains("did you mean `left`?"), "{}", seed.stderr);
}
