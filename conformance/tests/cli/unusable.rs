//! Targets that cannot be used: exit 3, one sentence that says why, and nothing judged.

use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

use crate::events;
use crate::golden::without_port;
use crate::program::unused_port;
use crate::sandbox::Sandbox;

const OPEN: &[&str] = &["run", "--suite", "../suite", "--filter", "desk/1-open"];

#[test]
fn a_target_that_is_not_there_is_told_in_one_sentence_and_nothing_is_sent() {
    let port = unused_port();
    let url = format!("http://127.0.0.1:{port}");
    let told = events::run(&Sandbox::moody(), &["run", "--suite", "../suite", &url]);
    assert_eq!(told.finished.code, Some(3));
    assert_eq!(
        without_port(&told.finished.stdout),
        "A desk of many moods: 12 steps against http://127.0.0.1:PORT\n\n\
         INCONCLUSIVE 12 steps in desk: no connection to the target: Connection refused (os error 111) \
         (http://127.0.0.1:PORT)\n\
         steps: 12 inconclusive\n\
         nothing could be judged\n"
    );
    assert!(
        told.steps.iter().all(|step| step["verdict"] == "inconclusive" && step["exchange"] == Json::Null)
    );
}

#[test]
fn an_address_that_is_none_is_a_wrong_flag() {
    for address in ["127.0.0.1:5000", "localhost", "ftp://127.0.0.1", "http://127.0.0.1:5000/?a=b"] {
        let finished = Sandbox::moody().run(&["run", "--suite", "../suite", address]);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{address}");
        assert!(finished.stderr.contains("write it as http://host:port"), "{}", finished.stderr);
    }
}

#[test]
fn a_program_that_is_not_there_is_told_by_its_name() {
    assert_eq!(
        reason(&Sandbox::moody(), &["--", "no-such-program", "--port"]),
        "there is no program `no-such-program` in any folder of PATH"
    );
}

#[test]
fn a_program_that_may_not_be_executed_is_told_by_its_name() {
    assert_eq!(
        reason(&Sandbox::moody(), &["--", "./moody.py"]),
        "`./moody.py` cannot be executed: ./moody.py is not an executable file (chmod +x?)"
    );
}

#[test]
fn an_implementation_that_has_no_folder_is_told_by_its_path() {
    let sandbox = Sandbox::moody();
    sandbox.write("target.yaml", "format: 1\ntitle: A desk\ndirectory: nowhere\ncommand: python3 moody.py\n");
    assert_eq!(
        reason(&sandbox, &["--target", "../target.yaml"]),
        "cannot read ../nowhere as a directory: No such file or directory (os error 2)"
    );
}

#[test]
fn a_target_that_ends_before_it_answers_is_told_with_its_last_words() {
    let sandbox = Sandbox::moody();
    let finished = sandbox.run(&[OPEN, &["--", "python3", "moody.py", "dead"]].concat());
    assert_eq!(finished.code, Some(3));
    assert_eq!(
        finished.stdout,
        "A desk of many moods: 1 step against python3 moody.py dead\n\n\
         INCONCLUSIVE 1 step in desk: the target exited with status 1 before it responded\n     \
         desk/1-open::open\n   \
         printed   the desk has no drawers\n\
         steps: 1 inconclusive\n\
         nothing could be judged\n"
    );
}

#[test]
fn a_target_that_never_listens_is_given_up() {
    assert_eq!(reason_at_start("deaf"), "the target did not listen on the assigned port within 3s");
}

#[test]
fn a_target_that_takes_connections_at_its_start_and_never_answers_is_given_up() {
    assert_eq!(reason_at_start("mute"), "the target sent no HTTP response on the assigned port within 3s");
}

#[test]
fn a_target_that_answers_garbage_at_its_start_is_given_up() {
    assert_eq!(
        reason_at_start("babbling"),
        "the target sent no HTTP response on the assigned port within 3s"
    );
}

#[test]
fn a_running_target_that_never_answers_is_given_up_after_the_time_for_one_answer() {
    let sandbox = Sandbox::moody();
    let server = Server::start(&sandbox, "mute");
    assert_eq!(
        without_port(&reason(&sandbox, &["--timeout", "300ms", &server.url])),
        "no complete response within 300ms (http://127.0.0.1:PORT)"
    );
}

#[test]
fn a_running_target_that_answers_garbage_is_no_target() {
    let sandbox = Sandbox::moody();
    let server = Server::start(&sandbox, "babbling");
    assert_eq!(
        without_port(&reason(&sandbox, &[&server.url])),
        "the response is not HTTP: it begins with `\\u{16}\\u{3}\\u{1} this is no HTTP…` (http://127.0.0.1:PORT)"
    );
}

/// Why the one step of a run stays inconclusive on a target with this mood, which has 3 s to come up.
fn reason_at_start(mood: &str) -> String {
    let sandbox = Sandbox::moody();
    let target = format!(
        "format: 1\ntitle: A desk\ndirectory: implementation\nstart: 3s\ncommand: python3 moody.py {mood}\n"
    );
    sandbox.write("target.yaml", &target);
    without_port(&reason(&sandbox, &["--timeout", "300ms", "--target", "../target.yaml"]))
}

/// Runs one step, which stays inconclusive, and returns why: all that the report for people says, too.
fn reason(sandbox: &Sandbox, target: &[&str]) -> String {
    let told = events::run(sandbox, &[OPEN, target].concat());
    let finished = &told.finished;
    assert_eq!(finished.code, Some(3), "{}", finished.stdout);
    // Standard error says how far the run has come, and does not say that anything holds.
    assert!(["", "1 of 1 step, 1 inconclusive\n"].contains(&finished.stderr.as_str()), "{}", finished.stderr);
    assert_eq!(told.verdicts(), [("desk/1-open::open", "inconclusive")]);
    let reason = told.steps[0]["reason"].as_str().unwrap();
    let sentence = format!("\nINCONCLUSIVE 1 step in desk: {reason}\n");
    assert!(finished.stdout.contains(&sentence), "{}", finished.stdout);
    assert!(finished.stdout.ends_with("\nnothing could be judged\n"), "{}", finished.stdout);
    reason.to_owned()
}

/// A target that runs before the program does, and after it.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(sandbox: &Sandbox, mood: &str) -> Self {
        let port = unused_port();
        let child = Command::new("python3")
            .arg(sandbox.path("implementation/moody.py"))
            .arg(mood)
            .env("DESK_PORT", port.to_string())
            .env("NOTES", sandbox.path(""))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, url: format!("http://127.0.0.1:{port}") };
        sandbox.await_file("listens");
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
