//! Targets that are odd and conform all the same: slow, forking, loud, on another address, of another protocol.

use std::net::TcpListener;

use crate::program::Finished;
use crate::sandbox::Sandbox;

#[test]
fn a_target_that_takes_ten_seconds_to_listen_is_waited_for() {
    conforms(&["slow", "10"]);
}

#[test]
fn a_target_that_serves_from_a_child_is_ended_with_it() {
    conforms(&["reloads"]);
}

#[test]
fn a_target_that_prints_megabytes_is_read_all_the_while() {
    conforms(&["loud"]);
}

#[test]
fn a_target_on_every_address_is_found() {
    conforms(&["anywhere"]);
}

#[test]
fn a_target_that_listens_on_ipv6_only_is_found() {
    if TcpListener::bind(("::1", 0)).is_ok() {
        conforms(&["six"]);
    }
}

#[test]
fn a_target_that_closes_every_connection_after_one_answer_conforms() {
    conforms(&["closes"]);
}

#[test]
fn a_target_that_speaks_http_1_0_conforms() {
    conforms(&["old"]);
}

#[test]
fn a_target_holds_others_than_the_fixtures_and_conforms() {
    conforms(&["crowded"]);
}

#[test]
fn a_port_that_another_program_has_taken_is_told_and_that_program_is_not_judged() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let sandbox = Sandbox::odd();
    let command = format!("python3 odd.py fixed {port}");
    sandbox.write(
        "implementation/target.yaml",
        &format!("format: 1\ntitle: stubborn\ncommand: {command}\nport: {port}\n"),
    );
    let finished = sandbox.run(&["run", "--suite", "../suite", "--target", "target.yaml"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let told = format!("another program listens on port {port}, which this target needs");
    assert!(finished.stdout.contains(&told), "{}", finished.stdout);
}

fn conforms(oddity: &[&str]) {
    let sandbox = Sandbox::odd();
    let Finished { code, stdout, .. } =
        sandbox.run(&[&["run", "--suite", "../suite", "--", "python3", "odd.py"], oddity].concat());
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("6 pass"), "{stdout}");
}
