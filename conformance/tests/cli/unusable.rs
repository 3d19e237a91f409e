//! Unusable targets: exit code 3, one message with the reason, and no verdicts.

use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

use crate::events;
use crate::golden::without_port;
use crate::program::unused_port;
use crate::sandbox::Sandbox;
use crate::simple;

const OPEN: &[&str] = &["run", "--suite", "../suite", "--filter", "desk/1-open"];

/// A suite without `launch.ready`: `check` warns of it, and a run in which it matters says what to write.
#[test]
fn refused_request_of_a_started_target_without_a_readiness_check_has_the_remedy() {
    let sandbox = simple::suite(
        "steps:\n  - {id: one, title: t, covers: [A-1.1], request: curl http://h.test/, expect: {status: 200}}\n",
    );
    let manifest = sandbox.read("suite/suite.yaml");
    sandbox.write("suite/suite.yaml", &format!("{manifest}launch: {{env: {{PORT: \"${{port}}\"}}}}\n"));
    let finished = sandbox.run(&["run", "--suite", "../suite", "--", "sleep", "100"]);
    assert_eq!(finished.code, Some(3));
    let remedy = "nothing waited until the target listens: write `ready: curl http://h.test/` under `launch` in suite.yaml";
    assert!(finished.stdout.contains(remedy), "{}", finished.stdout);
}

#[test]
fn unreachable_target_has_one_message() {
    let port = unused_port();
    let url = format!("http://127.0.0.1:{port}");
    let report = events::run(&Sandbox::moody(), &["run", "--suite", "../suite", &url]);
    assert_eq!(report.finished.code, Some(3));
    assert_eq!(
        without_port(&report.finished.stdout),
        "A desk of many moods: 12 steps against http://127.0.0.1:PORT\n\n\
         INCONCLUSIVE 12 steps in desk: no connection to the target: Connection refused (os error 111) \
         (http://127.0.0.1:PORT)\n\
         steps: 12 inconclusive\n\
         inconclusive: no step could be judged\n"
    );
    assert!(
        report.steps.iter().all(|step| step["verdict"] == "inconclusive" && step["exchange"] == Json::Null)
    );
}

#[test]
fn rejects_an_invalid_address() {
    for address in ["127.0.0.1:5000", "localhost", "ftp://127.0.0.1", "http://127.0.0.1:5000/?a=b"] {
        let finished = Sandbox::moody().run(&["run", "--suite", "../suite", address]);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{address}");
        assert!(finished.stderr.contains("write it as http://host:port"), "{}", finished.stderr);
    }
}

#[test]
fn missing_program_is_named() {
    assert_eq!(
        reason(&Sandbox::moody(), &["--", "no-such-program", "--port"]),
        "there is no program `no-such-program` in any folder of PATH"
    );
}

#[test]
fn non_executable_program_is_named() {
    assert_eq!(
        reason(&Sandbox::moody(), &["--", "./moody.py"]),
        "`./moody.py` cannot be executed: ./moody.py is not an executable file (chmod +x?)"
    );
}

#[test]
fn missing_implementation_folder_is_named() {
    let sandbox = Sandbox::moody();
    sandbox.write("target.yaml", "format: 1\ntitle: A desk\ndirectory: nowhere\ncommand: python3 moody.py\n");
    assert_eq!(
        reason(&sandbox, &["--target", "../target.yaml"]),
        "cannot read ../nowhere as a directory: No such file or directory (os error 2)"
    );
}

#[test]
fn exited_target_is_reported_with_its_last_output() {
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
         inconclusive: no step could be judged\n"
    );
}

#[test]
fn times_out_if_the_target_never_listens() {
    assert_eq!(reason_at_start("deaf"), "the target did not listen on $DESK_PORT within 3s");
}

#[test]
fn port_of_a_target_that_ignores_its_port_is_named() {
    for isolation in ["--no-isolate", "--isolate=bubblewrap"] {
        let sandbox = Sandbox::moody();
        let reason = reason(&sandbox, &[isolation, "--", "python3", "moody.py", "elsewhere"]);
        let port = reason.strip_prefix("your server listens on ");
        let port = port.and_then(|rest| rest.strip_suffix(" instead of $DESK_PORT"));
        assert!(port.is_some_and(|port| port.parse::<u16>().is_ok()), "{isolation}: {reason}");
    }
}

#[test]
fn times_out_if_a_started_target_accepts_and_never_responds() {
    assert_eq!(
        reason_at_start("mute"),
        "the target sent no HTTP response on $DESK_PORT within 3s and printed nothing"
    );
}

#[test]
fn times_out_if_a_started_target_sends_garbage() {
    assert_eq!(
        reason_at_start("babbling"),
        "the target sent no HTTP response on $DESK_PORT within 3s and printed nothing"
    );
}

#[test]
fn times_out_if_a_running_target_never_responds() {
    let sandbox = Sandbox::moody();
    let server = Server::start(&sandbox, "mute");
    assert_eq!(
        without_port(&reason(&sandbox, &["--timeout", "300ms", &server.url])),
        "no complete response within 300ms (http://127.0.0.1:PORT)"
    );
}

#[test]
fn rejects_a_running_target_that_sends_garbage() {
    let sandbox = Sandbox::moody();
    let server = Server::start(&sandbox, "babbling");
    assert_eq!(
        without_port(&reason(&sandbox, &[&server.url])),
        "the response is not HTTP: it begins with `\\u{16}\\u{3}\\u{1} this is no HTTP…` (http://127.0.0.1:PORT)"
    );
}

/// The reason why the only step of a run is inconclusive if the target has this mood and 3 s to start.
fn reason_at_start(mood: &str) -> String {
    let sandbox = Sandbox::moody();
    let target = format!(
        "format: 1\ntitle: A desk\ndirectory: implementation\nstart: 3s\ncommand: python3 moody.py {mood}\n"
    );
    sandbox.write("target.yaml", &target);
    without_port(&reason(&sandbox, &["--timeout", "300ms", "--target", "../target.yaml"]))
}

/// Runs one inconclusive step and returns the reason, which is also all that the terminal report contains.
fn reason(sandbox: &Sandbox, target: &[&str]) -> String {
    let report = events::run(sandbox, &[OPEN, target].concat());
    let finished = &report.finished;
    assert_eq!(finished.code, Some(3), "{}", finished.stdout);
    // Standard error has the progress, and does not say that anything passes.
    assert!(
        !finished.stderr.contains("pass") || finished.stderr.contains("0 of 1 step"),
        "{}",
        finished.stderr
    );
    assert_eq!(report.verdicts(), [("desk/1-open::open", "inconclusive")]);
    let reason = report.steps[0]["reason"].as_str().unwrap();
    let sentence = format!("\nINCONCLUSIVE 1 step in desk: {reason}\n");
    assert!(finished.stdout.contains(&sentence), "{}", finished.stdout);
    assert!(finished.stdout.ends_with("\ninconclusive: no step could be judged\n"), "{}", finished.stdout);
    reason.to_owned()
}

/// A target that runs before and after the program.
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

#[test]
fn answers_a_forgotten_separator_with_the_command_that_was_meant() {
    let sandbox = Sandbox::moody();
    for (arguments, meant) in [
        (
            vec!["run", "--jobs", "2", "python3", "-m", "moody"],
            "write: conformance run --jobs 2 -- python3 -m moody\n",
        ),
        (vec!["run", "python3 -m moody"], "write: conformance run -- python3 -m moody\n"),
        (vec!["run", "--", "python3 -m moody"], "conformance run … -- python3 -m moody\n"),
        (vec!["run", "127.0.0.1:5000"], "conformance run http://127.0.0.1:5000\n"),
        (vec!["run"], "conformance run --target FILE "),
    ] {
        let finished = sandbox.run(&arguments);
        assert_eq!(finished.code, Some(2), "{}", finished.stderr);
        assert!(finished.stderr.contains(meant), "{}", finished.stderr);
    }
}

#[test]
fn one_start_that_fails_like_another_ends_the_run() {
    let sandbox = Sandbox::moody();
    let script = "import os\n\nimport no_such_module\n";
    sandbox.write("implementation/broken.py", script);
    let finished = sandbox.run(&["run", "--suite", "../suite", "--", "python3", "broken.py"]);
    assert_eq!(finished.code, Some(3));
    let line = finished.stdout.lines().nth(2).unwrap();
    assert!(
        line.contains(": ModuleNotFoundError: No module named 'no_such_module' at broken.py:3; is the virtual environment active"),
        "{}",
        finished.stdout
    );
    assert_eq!(finished.stdout.matches("INCONCLUSIVE").count(), 1, "{}", finished.stdout);
}

#[test]
fn a_path_out_of_the_folder_is_explained() {
    let sandbox = Sandbox::moody();
    let command = "exec ../tools/server --port 1";
    let finished = sandbox.run(&["run", "--suite", "../suite", "--", "sh", "-c", command]);
    assert_eq!(finished.code, Some(3));
    assert!(finished.stdout.contains("; is the file in the folder of the target?"), "{}", finished.stdout);
}
