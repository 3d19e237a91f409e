//! Tests the HTML reports in a real browser: clicks, keys, filters, links, themes, narrow screens, print and accessibility.
//!
//! Needs Node, Chromium (set `CHROMIUM` if it is not `/usr/bin/chromium`) and `npm ci` in this folder, so it runs only on request: `cargo
//! test -p conformance-http --test browser -- --ignored`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}

/// Runs the browser tests of one page against the pages in a folder.
fn browse(file: &str, pages: &Path) {
    let done = Command::new("node")
        .current_dir(here())
        .arg("--test")
        .arg(file)
        .env("PAGES", pages)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{output}{}", String::from_utf8_lossy(&done.stderr));
    println!("{output}");
}

#[test]
#[ignore = "needs Chromium and `npm ci` in this folder"]
fn report_page_works_in_a_browser() {
    let pages = tempfile::tempdir().unwrap();
    let report = format!("html={}", pages.path().join("report.html").display());
    let file = |kind: &str| format!("--report={kind}={}", pages.path().join(kind).display());
    let others = ["ctrf", "junit", "tap", "har"].map(file);
    // Two targets, one with missing members and one correct otherwise: the report has failures, passes and skipped steps.
    let done = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .current_dir(here().join("../targets/python"))
        .args(["run", "-q", "--jobs", "4", "--report", &report])
        .args(&others)
        .args([
            "--filter",
            "session/7-",
            "--filter",
            "session/8-",
            "--filter",
            "session/4-",
            "--filter",
            "basic/0-users",
        ])
        .args(["--", "python3", "server.py"])
        .env("FAULT", "user-times-missing")
        .status()
        .unwrap();
    assert_eq!(done.code(), Some(1));
    browse("report.test.mjs", pages.path());
    browse("readers.test.mjs", pages.path());
}

#[test]
#[ignore = "needs Chromium and `npm ci` in this folder"]
fn comparison_of_fifty_implementations_works_in_a_browser() {
    let pages = tempfile::tempdir().unwrap();
    compare(pages.path(), "matrix.html", 50, 200);
    // The accessibility checks look at each cell for milliseconds, so they get a page with fewer of the same.
    compare(pages.path(), "small.html", 8, 40);
    browse("matrix.test.mjs", pages.path());
}

/// Compares fictitious implementations of a number of requirements in a page of this name.
fn compare(folder: &Path, page: &str, implementations: usize, requirements: usize) {
    let names = (0..implementations).map(|index| format!("implementation-{index:02}"));
    let reports = names.enumerate().map(|(index, name)| implementation(folder, &name, index, requirements));
    let done = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .arg("compare")
        .args(reports.collect::<Vec<PathBuf>>())
        .arg("--html")
        .arg(folder.join(page))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
#[ignore = "needs Chromium and `npm ci` in this folder"]
fn site_works_in_a_browser() {
    let pages = tempfile::tempdir().unwrap();
    // The second site is written over the first one, so it shows what changed.
    for round in [0, 1] {
        let names = ["ada", "Jörg Müller & Söhne, a name that is longer than the others", "=1+1", UNUSABLE];
        let reports = names
            .iter()
            .enumerate()
            .map(|(index, name)| implementation(pages.path(), name, index + round, 40));
        let done = Command::new(env!("CARGO_BIN_EXE_conformance"))
            .arg("compare")
            .args(reports.collect::<Vec<PathBuf>>())
            .arg("--site")
            .arg(pages.path().join("site"))
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    browse("site.test.mjs", pages.path());
}

/// Name of an implementation that does not start.
const UNUSABLE: &str = "cannot start";

/// Writes the report of a fictitious implementation and returns its path. The variant decides what fails.
fn implementation(folder: &Path, name: &str, variant: usize, requirements: usize) -> PathBuf {
    let is_unusable = name == UNUSABLE;
    let verdict = |number: usize| match (number * 7 + variant * 13) % 23 {
        _ if is_unusable => "inconclusive",
        0 | 1 if !number.is_multiple_of(4) => "fail",
        2 if !number.is_multiple_of(4) => "inconclusive",
        _ => "pass",
    };
    let level = |number: usize| ["must", "must", "should", "may"][number % 4];
    let id = |number: usize| format!("PART-{}.{}", number / 10, number % 10 + 1);
    let mut lines = vec![json!({
        "event": "header", "version": 1, "conformance": "0", "suite": "Made up", "started": "2020-01-01T00:00:00Z",
        "target": name, "stage": null, "steps": requirements,
    })];
    lines.extend((0..requirements).map(|number| step(number, &id(number), level(number), verdict(number))));
    for line in lines.iter_mut().skip(1).filter(|_| is_unusable) {
        (line["unstarted"], line["exchange"]) = (true.into(), Json::Null);
        line["reason"] = "ModuleNotFoundError: No module named 'flask' at app.py:1".into();
    }
    let standings: Vec<Json> = (0..requirements)
        .map(|number| {
            let text = format!("The sentence of the requirement number {number}, as long as such sentences commonly are.");
            json!({ "id": id(number), "level": level(number), "clause": format!("{}. Part", number / 10), "text": text,
                "verdict": verdict(number) })
        })
        .collect();
    let exit = if is_unusable { 3 } else { 1 };
    lines.push(
        json!({ "event": "footer", "steps": {}, "requirements": standings, "exit": exit, "milliseconds": 1.0 }),
    );
    let path = folder.join(format!("{name}.jsonl"));
    fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    path
}

fn step(number: usize, requirement: &str, level: &str, verdict: &str) -> Json {
    let place = json!({ "file": "part.yaml", "line": number + 1, "column": 1, "width": 1 });
    let finding =
        json!({ "place": place, "label": "the target returned 500", "expected": "200", "received": "500" });
    json!({
        "event": "step", "id": format!("part/{number}::step"), "scenario": format!("part/{number}"), "profile": "open",
        "title": "a made-up step", "verdict": verdict, "covers": { requirement: level }, "place": place,
        "source": { "line": number + 1, "text": "- id: step" }, "tries": 1, "milliseconds": 1.0,
        "findings": if verdict == "fail" { vec![finding] } else { vec![] },
        "exchange": {
            "sent": { "method": "GET", "target": format!("/path/{number}</script>"), "headers": [["Accept", "*/*"]], "body": null },
            "received": { "status": 500, "headers": [["content-type", "text/html"]], "body": "<script>alert(1)</script>".repeat(20),
                "milliseconds": 1.0 },
            "again": "curl http://127.0.0.1/path",
        },
    })
}
