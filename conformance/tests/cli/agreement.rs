//! The exit code and all reports agree on the verdict of a step.

use crate::sandbox::Sandbox;
use crate::simple;

const REPORTS: &[&str] = &[
    "junit=../o.xml",
    "tap=../o.tap",
    "badge=../o.svg",
    "html=../o.html",
    "jsonl=../o.jsonl",
    "ctrf=../o.ctrf",
    "github",
];

/// Runs a suite with every report; returns the exit code and the terminal report.
fn run(sandbox: &Sandbox, url: &str, more: &[&str]) -> (i32, String) {
    let mut arguments = vec!["run", "--suite", "../suite", url];
    arguments.extend(REPORTS.iter().flat_map(|report| ["--report", report]));
    arguments.extend(more);
    let finished = sandbox.run(&arguments);
    (finished.code.unwrap_or_else(|| panic!("{finished:?}")), finished.stdout + &finished.stderr)
}

fn server() -> String {
    simple::serve(|path| match path {
        "/fail" => ("500 Internal Server Error", b"no".to_vec()),
        _ => ("200 OK", b"{\"a\": 1}".to_vec()),
    })
}

/// The number after `name="` in the first line that contains it.
fn count(xml: &str, name: &str) -> usize {
    let at = xml.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
    xml[at..].split('"').next().unwrap().parse().unwrap()
}

const VERDICTS: [&str; 4] = ["pass", "fail", "inconclusive", "skipped"];
const COVERS: [&str; 4] = ["A-1.1", "A-1.2", "A-1.3", ""];
const ROLES: [&str; 3] = ["plain", "setup", "cleanup"];

#[test]
fn exit_code_junit_tap_badge_github_and_html_agree() {
    let url = server();
    for verdict in VERDICTS {
        for covers in COVERS {
            for known in [false, true] {
                for role in ROLES {
                    one(&url, verdict, covers, known, role);
                }
            }
        }
    }
}

fn one(url: &str, verdict: &str, covers: &str, known: bool, role: &str) {
    let what = format!("{verdict}, covers [{covers}], known {known}, {role}");
    let path = match verdict {
        "fail" => "/fail",
        // An expression without a value when the step is to be sent.
        "inconclusive" => "/${thing.none}",
        _ => "/pass",
    };
    let mut step = format!(
        "  - id: s\n    title: s\n    covers: [{covers}]\n    request: {{path: \"{path}\"}}\n    expect: {{status: 200}}\n"
    );
    step += if role == "setup" { "    setup: true\n" } else { "" };
    step += if verdict == "skipped" { "    requires: [moon]\n" } else { "" };
    let section = if role == "cleanup" { "cleanup:\n" } else { "" };
    let make = "steps:\n  - id: make\n    title: make\n    request: {path: /make}\n    expect: {status: 200}\n    capture: {thing: {json: \"\"}}\n";
    let sandbox = simple::suite(&format!("{make}{section}{step}"));
    sandbox.write("known.yaml", "format: 1\ndeviations:\n  - step: t/a::s\n    reason: we know\n");
    let deviations: &[&str] = if known { &["--deviations", "../known.yaml"] } else { &[] };
    let (code, stdout) = run(&sandbox, url, deviations);

    let counts = covers.is_empty() || covers == "A-1.1";
    let wrong = matches!(verdict, "fail" | "inconclusive");
    let expected = match verdict {
        // A stale deviation fails the run.
        "pass" if known => 1,
        "fail" if counts && !known => 1,
        "inconclusive" if counts && !known => 3,
        _ => 0,
    };
    assert_eq!(code, expected, "{what}\n{stdout}");

    let junit = sandbox.read("o.xml");
    assert_eq!(count(&junit, "failures"), usize::from(code == 1), "{what}\n{junit}");
    assert_eq!(count(&junit, "errors"), usize::from(code == 3), "{what}\n{junit}");
    let skipped = verdict == "skipped" || wrong && code == 0;
    assert_eq!(count(&junit, "skipped"), usize::from(skipped), "{what}\n{junit}");
    assert_eq!(junit.matches("<skipped").count(), usize::from(skipped), "{what}\n{junit}");
    assert_eq!(junit.matches("<failure").count(), usize::from(code == 1), "{what}\n{junit}");
    assert_eq!(junit.matches("<error").count(), usize::from(code == 3), "{what}\n{junit}");

    let tap = sandbox.read("o.tap");
    let tests: Vec<&str> =
        tap.lines().filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).collect();
    assert!(tap.contains(&format!("\n1..{}\n", tests.len())), "{what}\n{tap}");
    let counted = tests.iter().filter(|line| line.starts_with("not ok") && !line.contains("# TODO"));
    assert_eq!(counted.count(), usize::from(code != 0), "{what}\n{tap}");
    let line = tests.iter().find(|line| line.contains("t/a::s")).unwrap();
    match verdict {
        "pass" => assert_eq!(*line, "ok 2 - t/a::s - s"),
        "skipped" => assert!(line.starts_with("ok 2 - t/a::s - s # SKIP "), "{what}\n{tap}"),
        _ if known => assert_eq!(*line, "not ok 2 - t/a::s - s # TODO known: we know"),
        _ if !counts => {
            assert!(line.starts_with("not ok 2 - t/a::s - s # TODO ") && line.ends_with("covers no MUST"));
        }
        _ => assert_eq!(*line, "not ok 2 - t/a::s - s"),
    }

    let ctrf: serde_json::Value = serde_json::from_str(&sandbox.read("o.ctrf")).unwrap();
    let summary = &ctrf["results"]["summary"];
    assert_eq!(summary["failed"], usize::from(code == 1), "{what}\n{ctrf}");
    assert_eq!(
        ctrf["results"]["tests"].as_array().map(Vec::len).map(Into::into),
        Some(summary["tests"].clone())
    );
    assert_eq!(stdout.contains("1 deviation is stale"), verdict == "pass" && known, "{what}\n{stdout}");

    let colour = match code {
        0 => "#1a7f37",
        1 => "#c62828",
        _ => "#8a6100",
    };
    assert!(sandbox.read("o.svg").contains(colour), "{what}");
    assert_eq!(stdout.matches("::error").count(), usize::from(code != 0), "{what}\n{stdout}");
    let warned = wrong && !counts && !known;
    assert_eq!(stdout.matches("::warning").count(), usize::from(warned), "{what}\n{stdout}");

    let html = sandbox.read("o.html");
    let class = match code {
        0 => "passes",
        1 => "fails",
        _ => "inconclusive",
    };
    assert!(html.contains(&format!("<p class=\"verdict {class}\">")), "{what}");
    let outcome = match verdict {
        "pass" => "passed",
        "skipped" => "skipped",
        _ if known => "known",
        "fail" if counts => "failed",
        "fail" => "optional-failed",
        _ if counts => "inconclusive",
        _ => "optional-inconclusive",
    };
    assert!(html.contains(&format!("data-outcome=\"{outcome}\"")), "{what}");
    let attention = html.matches(" data-attention=\"\"").count();
    assert_eq!(attention, usize::from(wrong && !known), "{what}");

    // A step that covers no requirement is named next to the counts of requirements.
    let named = |line: &str| line.contains("1 step that covers no requirement") && line.contains("t/a::s");
    let named = stdout.lines().any(named);
    assert_eq!(named, covers.is_empty() && wrong && !known, "{what}\n{stdout}");
    let events = sandbox.read("o.jsonl");
    assert_eq!(events.contains("\"uncovered\":[{\"id\":\"t/a::s\""), named, "{what}");

    // The same holds for a report that is read again.
    let compared = sandbox.run(&["compare", "../o.jsonl"]).stdout;
    let mark = if outcome.ends_with("failed") { "✕" } else { "?" };
    let row = |line: &str| line.starts_with("A-1.") && line.contains(covers) && line.contains(mark);
    assert_eq!(compared.lines().any(row), wrong && !known && !covers.is_empty(), "{what}\n{compared}");
}

#[test]
fn deviation_of_an_inconclusive_step_does_not_fail_the_run() {
    let sandbox = simple::suite(
        "steps:\n  - id: a\n    title: a\n    covers: [A-1.1]\n    request: {path: /x}\n    expect: {status: 200}\n    capture: {x: {header: x-none}}\n\
         \x20 - id: s\n    title: s\n    covers: [A-1.1]\n    request: {path: \"/${x}\"}\n    expect: {status: 200}\n",
    );
    sandbox.write(
        "known.yaml",
        "format: 1\ndeviations:\n  - {step: \"t/a::a\", reason: one}\n  - {step: \"t/a::s\", reason: two}\n",
    );
    let (code, stdout) = run(&sandbox, &server(), &["--deviations", "../known.yaml"]);
    assert_eq!(code, 0, "{stdout}");
    let junit = sandbox.read("o.xml");
    assert_eq!((count(&junit, "failures"), count(&junit, "errors"), count(&junit, "skipped")), (0, 0, 2));
    let tap = sandbox.read("o.tap");
    assert!(tap.contains("not ok 1 - t/a::a - a # TODO known: one\n"), "{tap}");
    assert!(tap.contains("not ok 2 - t/a::s - s # TODO known: two\n"), "{tap}");
}

#[test]
fn requirement_with_a_known_failure_and_an_inconclusive_step_is_inconclusive() {
    let sandbox = simple::suite(
        "steps:\n  - id: make\n    title: make\n    covers: [A-1.2]\n    request: {path: /make}\n    expect: {status: 200}\n    capture: {thing: {json: \"\"}}\n\
         \x20 - id: a\n    title: a\n    covers: [A-1.1]\n    request: {path: /fail}\n    expect: {status: 200}\n\
         \x20 - id: b\n    title: b\n    covers: [A-1.1]\n    request: {path: \"/${thing.none}\"}\n    expect: {status: 200}\n",
    );
    sandbox.write("known.yaml", "format: 1\ndeviations:\n  - {step: \"t/a::a\", reason: one}\n");
    let (code, stdout) = run(&sandbox, &server(), &["--deviations", "../known.yaml"]);
    assert_eq!(code, 3, "{stdout}");
    assert!(stdout.contains("inconclusive A-1.1") && !stdout.contains("with known failures"), "{stdout}");
    assert_eq!(count(&sandbox.read("o.xml"), "errors"), 1);
}

#[test]
fn junit_and_tap_report_the_attempts_of_a_step() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let url = simple::serve(move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 | 1 => ("503 Service Unavailable", Vec::new()),
        _ => ("200 OK", Vec::new()),
    });
    let sandbox = simple::suite(
        "steps:\n  - id: s\n    title: s\n    covers: [A-1.1]\n    retry: {for: 1m, every: 1ms}\n    request: {path: /}\n    expect: {status: 200}\n",
    );
    let (code, stdout) = run(&sandbox, &url, &[]);
    assert_eq!(code, 0, "{stdout}");
    assert!(sandbox.read("o.jsonl").contains("\"tries\":3"));
    let (junit, tap) = (sandbox.read("o.xml"), sandbox.read("o.tap"));
    assert!(junit.contains("\ntried 3 times in ") && junit.contains(", flaky"), "{junit}");
    assert!(sandbox.read("o.jsonl").contains("\"flaky\":true"));
    assert!(
        stdout.contains("FLAKY t/a::s: passed after a retry") && stdout.contains("1 pass (1 flaky)"),
        "{stdout}"
    );
    assert!(tap.contains("ok 1 - t/a::s - s\n  ---\n  tries: 3\n  flaky: true\n  ...\n"), "{tap}");
}

#[test]
fn the_paths_of_github_annotations_are_relative_to_the_workspace() {
    let sandbox = simple::suite(
        "steps:\n  - id: s\n    title: s\n    covers: [A-1.1]\n    request: {path: /fail}\n    expect: {status: 200}\n",
    );
    let workspace = sandbox.path("");
    let sandbox = sandbox.with("GITHUB_WORKSPACE", workspace.display().to_string());
    std::fs::create_dir(sandbox.path("implementation/s")).unwrap();
    crate::program::copy(&sandbox.path("suite"), &sandbox.path("implementation/s"));
    let url = server();
    let stdout = sandbox.run(&["run", "--suite", "s", "--report", "github", &url]).stdout;
    assert!(stdout.contains("::error file=implementation/s/t/a.yaml,line=9,"), "{stdout}");
    let stdout = sandbox.run(&["run", "--suite", "../suite", "--report", "github", &url]).stdout;
    assert!(stdout.contains("::error file=suite/t/a.yaml,line=9,"), "{stdout}");
}
