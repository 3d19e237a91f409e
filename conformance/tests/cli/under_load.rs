//! Load tests: one wrong response among many is found, counted and shown in full.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value as Json;

use crate::sandbox::Sandbox;

/// A target that counts its requests.
#[derive(Default)]
struct Counter {
    /// The number of the request that gets a wrong response.
    wrong_at: usize,
    asked: AtomicUsize,
    once: AtomicUsize,
    altering: AtomicUsize,
    altered_at_once: AtomicUsize,
}

#[test]
fn finds_one_wrong_response_among_many() {
    one_in(300, "3s");
}

#[test]
#[ignore = "takes minutes"]
fn finds_one_wrong_response_in_a_million() {
    one_in(1_000_000, "8m");
}

fn one_in(number: usize, time: &str) {
    let (url, counter) = Counter { wrong_at: number, ..Counter::default() }.listen();
    let sandbox = host(&[("well", "GET /well")]);
    let finished = sandbox.run(&[
        "run",
        "--suite",
        "../suite",
        "--for",
        time,
        "--jobs",
        "8",
        "--report",
        "jsonl=../load.jsonl",
        &url,
    ]);
    let asked = counter.asked.load(Ordering::SeqCst);
    assert!(asked > number, "{asked} requests are too few");
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let expected = [
        "FAIL desk/well::well",
        "the body is \"wrong\"",
        "1 changed their verdict",
        "  1 changed\n",
        "reproduce curl http://",
    ];
    for expected in expected {
        assert!(finished.stdout.contains(expected), "{expected}\n{}", finished.stdout);
    }
    let lines: Vec<Json> =
        sandbox.read("load.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["header", "step", "step", "load", "footer"]);
    assert_eq!(lines[2]["exchange"]["received"]["body"], "wrong");
    let load = &lines[3];
    // The first two runs come before the load.
    assert_eq!(load["exchanges"], asked - 2);
    assert_eq!(load["kept"], asked - 3);
    assert_eq!(load["steps"][0]["exchanges"], asked - 2);
    assert!(load["steps"][0]["p50"].as_f64().unwrap() <= load["steps"][0]["max"].as_f64().unwrap());
}

#[test]
fn excludes_unrepeatable_scenarios_with_the_reason() {
    let (url, _) = Counter::default().listen();
    let sandbox = host(&[
        ("well", "GET /well"),
        ("once", "POST /once"),
        ("waits", "GET /well\n    wait: 10ms"),
        ("alone", "isolated GET /well"),
    ]);
    let load_report = load(&sandbox, &["--for", "200ms", &url]);
    let left_out: Vec<(&str, &str)> = (load_report["left_out"].as_array().unwrap().iter())
        .map(|one| (one["scenario"].as_str().unwrap(), one["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        left_out,
        [
            ("desk/alone", "isolated scenario: it needs its own server"),
            ("desk/waits", "it waits"),
            ("desk/once", "its step `once` is fail in the second run and pass in the first"),
        ]
    );
    assert_eq!(load_report["scenarios"], 1);
    assert_eq!(load_report["exchanges"], load_report["kept"]);
}

#[test]
fn scenarios_with_side_effects_never_run_twice_at_once() {
    let (url, counter) = Counter::default().listen();
    let sandbox = host(&[("alters", "PUT /alter")]);
    let load_report = load(&sandbox, &["--for", "500ms", "--jobs", "16", &url]);
    assert!(load_report["exchanges"].as_u64().unwrap() > 2, "{load_report}");
    assert_eq!(counter.altered_at_once.load(Ordering::SeqCst), 1);
}

#[test]
fn a_target_that_exits_ends_the_load() {
    let sandbox = Sandbox::noted();
    let flags = [
        "run", "--suite", "../suite", "--filter", "2-dies", "--filter", "1-open", "--for", "1s", "--jobs",
        "2",
    ];
    let load_report = events_of(&sandbox, &[&flags[..], &["--", "python3", "moody.py"]].concat(), Some(1));
    // It crashes in its first run too, so this verdict does not change.
    let dies = load_report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["id"] == "desk/2-dies::question")
        .unwrap();
    assert_eq!((&dies["verdict"], dies["kept"].as_u64() > Some(0)), (&"fail".into(), true), "{load_report}");
}

#[test]
fn an_interrupted_load_reports_what_was_done() {
    let sandbox = Sandbox::noted();
    let run = sandbox.start(&[
        "run", "--suite", "../suite", "--filter", "1-open", "--for", "10m", "--", "python3", "moody.py",
        "fine",
    ]);
    sandbox.await_file("listens");
    thread::sleep(Duration::from_secs(2));
    run.signal(Signal::INT);
    let finished = run.finish();
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert!(finished.stdout.contains("Load test") && finished.stdout.contains("interrupted"), "{finished:?}");
}

fn load(sandbox: &Sandbox, flags: &[&str]) -> Json {
    events_of(sandbox, &[&["run", "--suite", "../suite"], flags].concat(), Some(0))
}

/// Runs the program and returns the load member of its report.
fn events_of(sandbox: &Sandbox, arguments: &[&str], code: Option<i32>) -> Json {
    let report = ["run", "--report", "jsonl=../load.jsonl"];
    let finished = sandbox.run(&[&report, &arguments[1..]].concat());
    assert_eq!(finished.code, code, "{finished:?}");
    let report = sandbox.read("load.jsonl");
    let mut lines = report.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    lines.find(|line| line["event"] == "load").unwrap()
}

/// A sandbox with scenarios of one step: name, and method and path.
fn host(scenarios: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::moody();
    for old in std::fs::read_dir(sandbox.path("suite/desk")).unwrap() {
        std::fs::remove_file(old.unwrap().path()).unwrap();
    }
    let manifest = "format: 1\ntitle: load\norigin: http://host.example\nprofiles: {any: {title: any}}\n";
    sandbox.write("suite/suite.yaml", manifest);
    let register =
        "format: 1\nrequirements:\n  - {id: HOST-1.1, level: must, clause: \"1\", text: The host is well.}\n";
    sandbox.write("suite/requirements.yaml", register);
    for (name, request) in scenarios {
        let isolated = if request.starts_with("isolated") { "isolated: true\n" } else { "" };
        let request = request.trim_start_matches("isolated ");
        let (method, path) = request.split_once(' ').unwrap();
        let (path, more) = path.split_once('\n').unwrap_or((path, ""));
        let scenario = format!(
            "format: 1\ntitle: {name}\nprofile: any\n{isolated}steps:\n  - id: {name}\n    title: {name}\n    covers: [HOST-1.1]\n\
             {more}\n    request: {{method: {method}, path: {path}}}\n    expect: {{status: 200, text: well}}\n"
        );
        sandbox.write(&format!("suite/desk/{name}.yaml"), &scenario);
    }
    sandbox
}

impl Counter {
    /// Serves while the test runs.
    fn listen(self) -> (String, Arc<Self>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let counter = Arc::new(self);
        let shared = Arc::clone(&counter);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let counter = Arc::clone(&shared);
                thread::spawn(move || counter.serve(connection));
            }
        });
        (url, counter)
    }

    fn serve(&self, mut connection: TcpStream) {
        connection.set_nodelay(true).unwrap();
        let mut input = BufReader::new(connection.try_clone().unwrap());
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                // The client closes the connection at the end.
                if !matches!(input.read_until(b'\n', &mut head), Ok(1..)) {
                    return;
                }
            }
            let head = String::from_utf8(head).unwrap();
            let (status, body) = self.answer(head.split(' ').nth(1).unwrap());
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
            if connection.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, path: &str) -> (&'static str, &'static str) {
        match path {
            "/once" if self.once.fetch_add(1, Ordering::SeqCst) > 0 => ("409 Conflict", "there is one"),
            "/alter" => {
                let at_once = self.altering.fetch_add(1, Ordering::SeqCst) + 1;
                self.altered_at_once.fetch_max(at_once, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(5));
                self.altering.fetch_sub(1, Ordering::SeqCst);
                ("200 OK", "well")
            }
            _ if self.asked.fetch_add(1, Ordering::SeqCst) + 1 == self.wrong_at => ("200 OK", "wrong"),
            _ => ("200 OK", "well"),
        }
    }
}
