//! Memory and reports are bounded, whatever a target sends.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use crate::fidelity::listener::Listener;
use crate::program::{conformance, scenarios};
use crate::sandbox::Sandbox;
use crate::simple;

/// The maximum memory of a run in KiB.
const MOST: usize = 256 * 1024;

/// The reports and their maximum sizes in MiB: bodies are truncated in all of them.
const REPORTS: [(&str, u64); 4] = [("html", 64), ("jsonl", 64), ("junit", 32), ("tap", 32)];

fn text(bytes: usize) -> Vec<u8> {
    let line = "A line of a text that a target sends, and another one.\n";
    line.bytes().cycle().take(bytes).collect()
}

fn nested(bytes: usize) -> Vec<u8> {
    let mut body = "{".to_owned();
    for number in 0.. {
        if body.len() > bytes {
            break;
        }
        body += &format!("\"{number}\":1,");
    }
    body.pop();
    (body + "}").into_bytes()
}

/// Waits for a process and returns its peak memory in KiB.
fn peak(mut child: Child) -> (ExitStatus, usize) {
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        // The high-water mark; it can be read only while the process exists.
        let status = fs::read_to_string(&status_file).unwrap_or_default();
        let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mark = mark.and_then(|mark| mark.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(mark.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            return (status, peak);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Runs the suite of this repository against a target that sends the same response to every request; returns the
/// sandbox with the reports.
fn run(body: Vec<u8>, filters: &[&str], jobs: &str) -> Sandbox {
    let body = Arc::new(body);
    let url = simple::serve(move |_| ("200 OK", body.to_vec()));
    let sandbox = Sandbox::empty();
    let mut command: Command = conformance(&sandbox.path("implementation"));
    command.args(["run", "--suite"]).arg(scenarios()).args(["--profile", "session", "--jobs", jobs, &url]);
    for (kind, _) in REPORTS {
        command.arg("--report").arg(format!("{kind}=../report.{kind}"));
    }
    for filter in filters {
        command.args(["--filter", filter]);
    }
    let output = |name: &str| fs::File::create(sandbox.path(name)).unwrap();
    command.args(["--report", "github"]).env("GITHUB_STEP_SUMMARY", sandbox.path("summary.md"));
    command.env("TMPDIR", sandbox.path("temporary")).stdout(output("stdout")).stderr(output("stderr"));
    let (status, peak) = peak(command.spawn().unwrap());
    assert_eq!(status.code(), Some(1), "{}", sandbox.read("stderr"));
    assert!(peak > 1024, "it was not measured: {peak}");
    assert!(peak < MOST, "{} MiB", peak / 1024);
    let size = |path: &Path| fs::metadata(path).unwrap().len() / 1024 / 1024;
    for (kind, most) in REPORTS {
        let size = size(&sandbox.path(&format!("report.{kind}")));
        assert!(size < most, "{kind} has {size} MiB");
    }
    assert!(size(&sandbox.path("summary.md")) < 1 && size(&sandbox.path("stdout")) < 1);
    eprintln!("peak {} MiB", peak / 1024);
    sandbox
}

#[test]
fn bodies_of_15_mebibytes_take_bounded_memory_and_are_cut_in_reports() {
    let sandbox = run(text(15 * 1024 * 1024), &["session/7-login"], "1");
    let lines = sandbox.read("report.jsonl");
    let steps = lines.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let received: Vec<Json> = steps.filter_map(|line| line["exchange"].get("received").cloned()).collect();
    assert!(!received.is_empty());
    for received in &received {
        assert_eq!(received["body"].as_str().map(str::len), Some(16 * 1024));
        // If no expectation uses the body, only the first MiB is read.
        let bytes = if received["cut"] == true { 1024 * 1024 } else { 15 * 1024 * 1024 };
        assert_eq!(received["bytes"], bytes);
        assert_eq!(received["sha256"].is_string(), received["cut"] != true);
    }
    let sha256 = received.iter().find_map(|received| received["sha256"].as_str()).unwrap();
    assert_eq!(sha256.len(), 64);
    let rest = format!("… 15,728,640 bytes in total, SHA-256 {sha256}");
    for name in ["report.html", "report.junit", "report.tap"] {
        assert!(sandbox.read(name).contains(&rest), "{name}");
    }
    // The terminal shows one failure of each cause.
    let cut = "… 1,048,576 bytes were read; the body is longer";
    let terminal = sandbox.read("stdout");
    assert!(terminal.contains(&rest) || terminal.contains(cut), "{terminal}");
}

#[test]
fn json_of_many_members_takes_bounded_memory_and_its_differences_are_counted() {
    let sandbox = run(nested(100 * 1024), &["session/"], "1");
    let lines = sandbox.read("report.jsonl");
    let steps = lines.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let mut most = 0;
    for step in steps.filter(|line| line["event"] == "step") {
        most = most.max(step["more_findings"].as_u64().unwrap_or(0));
        assert!(step["findings"].as_array().is_none_or(|findings| findings.len() <= 20));
    }
    assert!(most > 1000, "{most}");
}

#[test]
fn the_command_that_repeats_a_large_request_names_its_file() {
    let listener = Listener::open();
    let step = |id: &str, request: &str| {
        format!(
            "  - id: {id}\n    title: t\n    covers: [A-1.1]\n    request: {request}\n    expect: {{status: 404}}\n"
        )
    };
    let sandbox = simple::suite(&format!(
        "steps:\n{}{}{}{}",
        step("curl", "curl http://h.test/echo --data-binary @big"),
        step("mapping", "{method: PUT, path: /echo, body: !file big}"),
        step("long", &format!("{{method: POST, path: /echo, body: {}}}", "x".repeat(20_000))),
        step(
            "raw",
            &format!(
                "{{raw: \"POST / HTTP/1.1\\r\\nHost: h\\r\\nContent-Length: 20000\\r\\n\\r\\n{}\"}}",
                "x".repeat(20_000)
            )
        ),
    ));
    fs::write(sandbox.path("suite/t/big"), b"a\0\xff\n".repeat(500_000)).unwrap();
    let arguments =
        ["run", "--suite", "../suite", "--verbose", "--report", "jsonl=../o.jsonl", &listener.url];
    let finished = sandbox.run(&arguments);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stdout.len() < 20_000, "{} bytes", finished.stdout.len());
    let report = sandbox.read("o.jsonl");
    assert!(report.len() < 200_000, "{} bytes", report.len());
    let steps: Vec<Json> = report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut heard = listener.heard().into_iter();
    for (index, id) in ["curl", "mapping"].iter().enumerate() {
        let exchange = &steps[index + 1]["exchange"];
        assert_eq!(exchange["sent"]["bytes"], 2_000_000, "{id}");
        let again = exchange["again"].as_str().unwrap();
        assert!(again.contains(" --data-binary @../suite/t/big"), "{again}");
        let mut shell = Command::new("sh");
        shell.args(["-c", again]).current_dir(sandbox.path("implementation")).output().unwrap();
        let [second] = &listener.heard()[..] else { panic!("{again}") };
        assert!(heard.next().unwrap().called_curl().is(second), "{again}");
    }
    let again = |index: usize| steps[index]["exchange"]["again"].as_str().unwrap();
    assert!(
        again(3)
            .contains(" --data-binary @BODY  # BODY is a file with the 20,000 bytes of the body, SHA-256 ")
    );
    assert!(again(3).ends_with("; conformance run --filter t/a::long sends them"), "{}", again(3));
    assert!(again(4).starts_with("# raw request of 20,0"), "{}", again(4));
}

#[test]
#[ignore = "takes minutes"]
fn the_suite_takes_bounded_memory_whatever_a_target_sends() {
    for (name, body) in [("15 MiB of text", text(15 * 1024 * 1024)), ("100 KiB of JSON", nested(100 * 1024))]
    {
        for jobs in ["1", "4"] {
            eprintln!("{name}, {jobs} jobs");
            run(body.clone(), &[], jobs);
        }
    }
}
