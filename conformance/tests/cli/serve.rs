//! `conformance serve`: starts a target as a run does, and keeps it until a signal.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::sandbox::Sandbox;

#[test]
fn serves_a_profile_with_its_fixtures_until_a_signal() {
    let sandbox = Sandbox::python();
    let arguments = [
        "serve",
        "--profile",
        "session",
        "--filter",
        "session/7-login",
        "--show-secrets",
        "--",
        "python3",
        "server.py",
    ];
    let mut child = sandbox
        .command(&arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().unwrap();
    let head: Vec<String> = lines.by_ref().take_while(|line| line != "press Ctrl-C to stop").collect();
    assert_eq!(head[0], "profile session: AUTH_TYPE=session_auth SESSION_NAME=_my_session_id");
    let user = head.iter().find(|line| line.starts_with("  bobsession ")).unwrap();
    assert!(user.contains("password=\"fake pwd\""), "{user}");
    let login = format!("{url}/api/v1/auth_session/login");
    let form = "email=bobsession@hbtn.io&password=fake pwd";
    let sent = Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", form, &login])
        .output();
    assert_eq!(String::from_utf8(sent.unwrap().stdout).unwrap(), "200");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let after = Command::new("curl").args(["-s", &login]).output().unwrap();
    assert_eq!(after.status.code(), Some(7), "the target still runs");
}

#[test]
fn redacts_passwords_and_names_why_a_target_does_not_start() {
    let sandbox = Sandbox::python();
    let mut child = sandbox
        .command(&["serve", "--profile", "session", "--", "python3", "server.py"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut head = String::new();
    while !head.ends_with("to stop\n") {
        assert_ne!(out.read_line(&mut head).unwrap(), 0, "{head}");
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    out.read_to_string(&mut head).unwrap();
    child.wait().unwrap();
    assert!(head.contains("password=<redacted>") && !head.contains("fake pwd"), "{head}");
    let finished = sandbox.run(&["serve", "--profile", "session", "--", "python3", "no_such_file.py"]);
    assert_eq!(finished.code, Some(3), "{}", finished.stderr);
    assert!(finished.stderr.contains("can't open file"), "{}", finished.stderr);
}
