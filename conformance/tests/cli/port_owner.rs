//! Another program on the port of a target: its responses are never judged in the target's place.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::events::{self, RunReport};
use crate::program::{data, unused_port};
use crate::sandbox::Sandbox;

const RUN: [&str; 5] = ["run", "--suite", "../suite", "--jobs", "1"];
const OPEN: &str =
    "- {id: open, title: t, covers: [PORT-1], request: {path: /}, expect: {status: 200, text: target}}";

#[test]
fn another_program_on_the_port_of_a_target_that_never_listens_is_not_judged() {
    let sandbox = sandbox(&[("a", "", OPEN)]);
    let _other = Other::start(&sandbox);
    let report = run(&sandbox, "never");
    assert_eq!(report.finished.code, Some(3), "{:?}", report.finished);
    assert_eq!(report.verdicts(), [("t/a::open", "inconclusive")]);
    assert_sentence(&report, "t/a::open");
}

#[test]
fn another_program_on_a_fixed_port_is_named() {
    let sandbox = sandbox(&[("a", "", OPEN)]);
    let port = unused_port();
    let target = format!(
        "format: 1\ntitle: t\ndirectory: implementation\nport: {port}\nenv: {{API_PORT: \"{port}\"}}\ncommand: python3 port.py never\n"
    );
    sandbox.write("target.yaml", &target);
    let _other = Other::start(&sandbox);
    let report = events::run(&sandbox, &[&RUN[..], &["--target", "../target.yaml"]].concat());
    assert_eq!(report.finished.code, Some(3), "{:?}", report.finished);
    assert_sentence(&report, "t/a::open");
    assert!(report.finished.stdout.contains(&format!("port {port}")), "{:?}", report.finished);
}

#[test]
fn a_program_that_takes_the_port_during_a_scenario_is_not_judged_and_the_next_scenario_has_a_new_target() {
    for path in ["gives", "leaves"] {
        let gives = format!(
            "- {{id: before, title: t, covers: [PORT-1], request: {{path: /}}, expect: {{text: target}}}}\n\
             - {{id: {path}, title: t, covers: [PORT-1], request: {{path: /{path}}}, expect: {{text: target}}}}\n\
             - {{id: after, title: t, covers: [PORT-1], request: {{path: /}}, expect: {{text: target}}}}\n\
             - {{id: race, title: t, covers: [PORT-1], race: 4, request: {{path: /}}, expect: {{text: target}}}}"
        );
        let sandbox = sandbox(&[("a", "", &gives), ("b", "", OPEN)]);
        let _other = Other::start(&sandbox);
        let report = run(&sandbox, "fine");
        let expected = [
            ("t/a::before", "pass"),
            // It is unknown which of the two has responded.
            (&*format!("t/a::{path}"), "inconclusive"),
            ("t/a::after", "inconclusive"),
            ("t/a::race", "inconclusive"),
            ("t/b::open", "pass"),
        ];
        assert_eq!(report.verdicts(), expected, "{:?}", report.finished);
        assert_sentence(&report, "t/a::after");
        assert_sentence(&report, "t/a::race");
    }
}

const RESTARTS: &str = "- {id: open, title: t, covers: [PORT-1], target: restart, request: {path: /}, expect: {status: 200, text: target}}";

#[test]
fn a_restart_that_loses_its_port_to_another_program_tries_another_port() {
    let sandbox = sandbox(&[("a", "isolated: true\n", RESTARTS)]);
    let _other = Other::start(&sandbox);
    let report = run(&sandbox, "once");
    assert_eq!(report.verdicts(), [("t/a::open", "pass")], "{:?}", report.finished);
    assert_eq!(report.finished.code, Some(0));
}

#[test]
fn a_restart_that_always_loses_its_port_is_inconclusive() {
    let sandbox = sandbox(&[("a", "isolated: true\n", RESTARTS), ("b", "", OPEN)]);
    let _other = Other::start(&sandbox);
    let report = run(&sandbox, "later");
    assert_eq!(
        report.verdicts(),
        [("t/a::open", "inconclusive"), ("t/b::open", "pass")],
        "{:?}",
        report.finished
    );
    assert_eq!(report.finished.code, Some(3));
    assert_sentence(&report, "t/a::open");
}

fn run(sandbox: &Sandbox, mood: &str) -> RunReport {
    events::run(sandbox, &[&RUN[..], &["--", "python3", "port.py", mood]].concat())
}

fn assert_sentence(report: &RunReport, step: &str) {
    let reason = report.step(step)["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("the started program does not listen on port "), "{reason}");
    assert!(reason.contains("; another process does: `") && reason.contains("(process "), "{reason}");
}

/// A sandbox with these scenarios: name, head and steps.
fn sandbox(scenarios: &[(&str, &str, &str)]) -> Sandbox {
    let sandbox = Sandbox::empty();
    let notes = sandbox.path("notes");
    fs::create_dir_all(sandbox.path("suite/t")).unwrap();
    fs::create_dir(&notes).unwrap();
    fs::copy(data("targets/port.py"), sandbox.path("implementation/port.py")).unwrap();
    sandbox.write(
        "suite/suite.yaml",
        "format: 1\ntitle: Ports\norigin: http://port.example\nlaunch:\n  env: {API_PORT: \"${port}\"}\n  ready: curl \"http://port.example/\"\n\
         profiles: {any: {}}\n",
    );
    sandbox.write(
        "suite/requirements.yaml",
        "format: 1\nrequirements:\n  - {id: PORT-1, level: must, clause: \"1\", text: It answers.}\n",
    );
    for (name, head, steps) in scenarios {
        let scenario = format!("format: 1\ntitle: {name}\nprofile: any\n{head}steps:\n{steps}\n");
        sandbox.write(&format!("suite/t/{name}.yaml"), &scenario);
    }
    sandbox.with("NOTES", notes.display().to_string())
}

/// Listens on every port that the target releases, and responds as the target does.
struct Other {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Other {
    fn start(sandbox: &Sandbox) -> Self {
        let (ends, notes) = (Arc::new(AtomicBool::new(false)), sandbox.path("notes"));
        let over = Arc::clone(&ends);
        let thread = thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                for port in given(&notes) {
                    // The runner may be checking whether the port is free.
                    let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) else { continue };
                    thread::spawn(move || listener.incoming().flatten().for_each(respond));
                    fs::write(notes.join(format!("taken-{port}")), "").unwrap();
                }
                thread::sleep(Duration::from_millis(5));
            }
        });
        Self { ends, thread: Some(thread) }
    }
}

/// Answers one request without a body, as the target does.
fn respond(connection: TcpStream) {
    let mut input = BufReader::new(connection);
    let mut line = String::new();
    while input.read_line(&mut line).is_ok_and(|length| length > 2) {
        line.clear();
    }
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ntarget";
    input.get_mut().write_all(response).ok();
}

/// The ports that were released and not taken.
fn given(notes: &Path) -> Vec<u16> {
    let names = fs::read_dir(notes).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let ports = names.filter_map(|name| name.to_str()?.strip_prefix("free-")?.parse().ok());
    ports.filter(|port| !PathBuf::from(notes).join(format!("taken-{port}")).exists()).collect()
}

impl Drop for Other {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.take().map(JoinHandle::join);
    }
}
