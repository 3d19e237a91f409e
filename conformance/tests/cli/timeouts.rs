//! Requests without a response: how many timeouts end a run.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value as Json;

use crate::events;
use crate::sandbox::Sandbox;

#[test]
fn only_timeouts_in_a_row_end_a_run() {
    let sandbox = sandbox(40);
    let url = serve(|request| request % 4 == 3);
    let run_report = events::run(&sandbox, &["run", "--suite", "../suite", "--timeout", "1s", &url]);
    let unsent =
        run_report.verdicts().into_iter().filter(|(_, verdict)| !["pass", "fail"].contains(verdict)).count();
    let failed = run_report.verdicts().into_iter().filter(|(_, verdict)| *verdict == "fail").count();
    assert!(unsent == 0 && failed > 8, "{:?}", run_report.verdicts());
}

#[test]
fn eight_timeouts_in_a_row_end_a_run() {
    let sandbox = sandbox(12);
    let url = serve(|request| request >= 2);
    let run_report = events::run(&sandbox, &["run", "--suite", "../suite", "--timeout", "1s", &url]);
    let verdicts: Vec<&str> = run_report.verdicts().into_iter().map(|(_, verdict)| verdict).collect();
    assert_eq!(verdicts[2..], [vec!["fail"; 8], vec!["inconclusive"; 2]].concat());
    assert_eq!(run_report.steps[11]["reason"], "no more requests were sent after 8 consecutive timeouts");
}

#[test]
fn a_load_run_lasts_its_time_and_reports_its_timeouts() {
    let sandbox = sandbox(2);
    let url = serve(|request| request > 10 && request % 2 == 0);
    let flags = ["--for", "3s", "--jobs", "8", "--timeout", "200ms", "--report", "jsonl=../load.jsonl"];
    let finished = sandbox.run(&[&["run", "--suite", "../suite"], &flags[..], &[&url]].concat());
    let report = sandbox.read("load.jsonl");
    let lines = report.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let load = lines.into_iter().find(|line| line["event"] == "load").unwrap();
    assert!(load["timeouts"].as_u64() > Some(8) && load["seconds"].as_f64() >= Some(3.0), "{load}");
    assert!(load["ended"].is_null(), "{load}");
    let timeouts = &load["timeouts"];
    assert!(finished.stdout.contains(&format!("  {timeouts} requests timed out, ")), "{}", finished.stdout);
}

#[test]
#[cfg(target_os = "linux")]
fn silence_of_a_target_without_a_processor_is_inconclusive() {
    let sandbox = sandbox(1);
    let launch = "launch: {env: {PORT: '${port}'}, ready: {path: /ready}}\n";
    sandbox.write("suite/suite.yaml", &format!("{MANIFEST}{launch}"));
    sandbox.write("implementation/server.py", SLOW);
    let verdict = |mood| {
        let run = ["run", "--suite", "../suite", "--timeout", "2s", "--", "python3", "server.py", mood];
        let step = events::run(&sandbox, &run).steps.remove(0);
        (step["verdict"].as_str().unwrap().to_owned(), step["reason"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(verdict("sleeps").0, "fail");
    assert_eq!(
        verdict("starves"),
        (
            "inconclusive".to_owned(),
            "no complete response within 2s, but the target waited for a processor most of the time; the \
             machine is too slow"
                .to_owned()
        )
    );
}

/// Responds to the request that asks whether it is ready, and to no other. When it starves, it runs more programs than there are
/// processors.
const SLOW: &str = r#"
import os, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        Handler.asked += 1
        if Handler.asked > 1 and sys.argv[1] == "starves":
            for _ in range(8 * os.cpu_count()):
                subprocess.Popen([sys.executable, "-c", "while True: pass"])
        if Handler.asked > 1:
            time.sleep(600)
        self.send_response(200)
        self.end_headers()

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#;

const MANIFEST: &str = "format: 1\ntitle: Timeouts\norigin: http://time.example\nprofiles: {any: {}}\n";

/// A suite with one scenario of `steps` steps.
fn sandbox(steps: usize) -> Sandbox {
    let sandbox = Sandbox::empty();
    std::fs::create_dir_all(sandbox.path("suite/t")).unwrap();
    sandbox.write("suite/suite.yaml", MANIFEST);
    let register =
        "format: 1\nrequirements:\n  - {id: ONE, level: must, clause: \"1\", text: It responds.}\n";
    sandbox.write("suite/requirements.yaml", register);
    let mut scenario = "format: 1\ntitle: t\nprofile: any\nsteps:\n".to_owned();
    for step in 0..steps {
        writeln!(
            scenario,
            "- {{id: step-{step}, title: t, covers: [ONE], request: {{path: /}}, expect: {{status: 200}}}}"
        )
        .unwrap();
    }
    sandbox.write("suite/t/a.yaml", &scenario);
    sandbox
}

/// Serves while the test runs; never responds to the requests, counted from 0, that `is_silent` selects.
fn serve(is_silent: fn(usize) -> bool) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let requests = Arc::clone(&requests);
            thread::spawn(move || respond(connection, &requests, is_silent));
        }
    });
    url
}

fn respond(mut connection: TcpStream, requests: &AtomicUsize, is_silent: fn(usize) -> bool) {
    let mut input = BufReader::new(connection.try_clone().unwrap());
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if !matches!(input.read_until(b'\n', &mut head), Ok(1..)) {
                return;
            }
        }
        let silent = is_silent(requests.fetch_add(1, Ordering::SeqCst));
        if !silent && connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}
