//! Unusual targets that conform: slow, forking, verbose, on another address, with another protocol version.

use std::net::TcpListener;

use crate::program::Finished;
use crate::sandbox::Sandbox;

#[test]
fn waits_for_a_target_that_listens_after_ten_seconds() {
    conforms(&["slow", "10"]);
}

#[test]
fn stops_a_target_that_serves_from_a_child() {
    conforms(&["reloads"]);
}

#[test]
fn reads_the_output_of_a_target_that_prints_megabytes() {
    conforms(&["loud"]);
}

#[test]
fn finds_a_target_on_every_address() {
    conforms(&["anywhere"]);
}

#[test]
fn finds_a_target_on_ipv6_only() {
    if TcpListener::bind(("::1", 0)).is_ok() {
        conforms(&["six"]);
    }
}

#[test]
fn accepts_a_target_that_closes_every_connection() {
    conforms(&["closes"]);
}

#[test]
fn accepts_http_1_0() {
    conforms(&["old"]);
}

#[test]
fn accepts_a_target_with_other_data() {
    conforms(&["crowded"]);
}

#[test]
fn reports_a_port_used_by_another_program() {
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
    let expected = format!("another program listens on port {port}, which this target needs");
    assert!(finished.stdout.contains(&expected), "{}", finished.stdout);
}

fn conforms(oddity: &[&str]) {
    let sandbox = Sandbox::odd();
    let Finished { code, stdout, .. } =
        sandbox.run(&[&["run", "--suite", "../suite", "--", "python3", "odd.py"], oddity].concat());
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("6 pass"), "{stdout}");
}
