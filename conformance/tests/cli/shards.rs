//! Tests runs that are split into shards, and merged reports.

use std::collections::BTreeSet;
use std::fs;

use regex::Regex;
use serde_json::Value as Json;

use crate::program::{Finished, conformance_in, scenarios};
use crate::sandbox::Sandbox;

const DESK: &[&str] = &["run", "--suite", "../suite", "--timeout", "1s"];
const TARGET: &[&str] = &["--", "python3", "moody.py"];

#[test]
fn each_scenario_is_in_exactly_one_shard() {
    let folder = tempfile::tempdir().unwrap();
    let suite = scenarios().display().to_string();
    let list = |flags: &[&str]| {
        let finished = conformance_in(
            folder.path(),
            &[&["list", "--suite", &suite, "--stage", "session-10", "--format", "json"], flags].concat(),
        );
        let entries: Vec<Json> = serde_json::from_str(&finished.stdout).unwrap();
        entries.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut left: BTreeSet<String> = list(&[]).into_iter().collect();
    let all = left.len();
    for shard in ["1/5", "2/5", "3/5", "4/5", "5/5"] {
        let own = list(&["--shard", shard]);
        assert_eq!(own, list(&["--shard", shard]));
        assert!(own.len() > all / 20, "{shard} has {} of {all}", own.len());
        for id in own {
            assert!(left.remove(&id), "{id} is in two shards");
        }
    }
    assert!(left.is_empty(), "{left:?} are in none");
}

#[test]
fn merged_report_equals_that_of_a_single_run() {
    let sandbox = Sandbox::moody();
    let whole = run(&sandbox, &["--verbose", "--report", "jsonl=../whole.jsonl"]);
    for shard in 1..=3 {
        run(&sandbox, &["--shard", &format!("{shard}/3"), "--report", &format!("jsonl=../{shard}.jsonl")]);
    }
    let kinds = ["jsonl", "html", "junit", "tap", "badge"];
    let reports: Vec<String> = kinds.iter().map(|kind| format!("{kind}=../merged.{kind}")).collect();
    let flags: Vec<&str> = reports.iter().flat_map(|report| ["--report", report]).collect();
    // The order of the reports does not matter.
    let merge = ["merge", "--verbose", "../2.jsonl", "../3.jsonl", "../1.jsonl"];
    let merged = sandbox.run(&[&merge, &flags[..]].concat());
    assert_eq!(merged.code, whole.code, "{merged:?}");
    // Restarts of the target depend on the scenarios that share it.
    let comparable = |text: &str| -> Vec<String> {
        comparable(text)
            .lines()
            .filter(|line| !line.contains("was started again"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(comparable(&merged.stdout), comparable(&whole.stdout));
    let events = |name: &str| {
        let lines =
            sandbox.read(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Json>>();
        let (header, footer) = (lines.first().unwrap().clone(), lines.last().unwrap().clone());
        let steps: Vec<(Json, Json)> =
            lines.iter().map(|line| (line["id"].clone(), line["verdict"].clone())).collect();
        (
            steps,
            header["steps"].clone(),
            footer["requirements"].clone(),
            footer["steps"].clone(),
            footer["exit"].clone(),
        )
    };
    assert_eq!(events("merged.jsonl"), events("whole.jsonl"));
    assert!(sandbox.read("merged.html").contains("the desk survives the question"));
    assert!(sandbox.read("merged.junit").contains("desk/2-dies"));
    assert!(sandbox.read("merged.tap").contains("not ok 3 - desk/2-dies::question"));
    // Empty lines, CRLF and a byte order mark are accepted.
    for shard in 1..=3 {
        let report = sandbox.read(&format!("{shard}.jsonl"));
        let report = match shard {
            1 => report + "\n",
            2 => report.replace('\n', "\r\n") + " \r\n\r\n",
            _ => format!("\u{feff}\n{report}"),
        };
        sandbox.write(&format!("odd-{shard}.jsonl"), &report);
    }
    let odd =
        ["merge", "../odd-1.jsonl", "../odd-2.jsonl", "../odd-3.jsonl", "--report", "jsonl=../odd.jsonl"];
    let odd = sandbox.run(&odd);
    assert_eq!(odd.code, whole.code, "{odd:?}");
    assert_eq!(events("odd.jsonl"), events("whole.jsonl"));
    sandbox.write("odd.jsonl", &format!("{}\n\n", sandbox.read("odd.jsonl")));
    assert_eq!(sandbox.run(&["compare", "../odd.jsonl"]).code, Some(0));
    // A complete report can be compared; a part is reported as a part.
    assert_eq!(sandbox.run(&["compare", "../merged.jsonl"]).code, Some(0));
    let compared = sandbox.run(&["compare", "../1.jsonl"]);
    assert!(compared.stderr.contains("is of shard 1 of 3"), "{compared:?}");
}

#[test]
fn rejects_reports_that_do_not_form_a_whole() {
    let sandbox = Sandbox::moody();
    let desk = |flags: &[&str]| {
        run(
            &sandbox,
            &[flags, &["--filter", "1-open", "--filter", "3-later", "--filter", "7-ticket"]].concat(),
        )
    };
    desk(&["--shard", "1/2", "--report", "jsonl=../a.jsonl"]);
    desk(&["--shard", "2/2", "--report", "jsonl=../b.jsonl"]);
    desk(&["--shard", "2/3", "--report", "jsonl=../third.jsonl"]);
    desk(&["--report", "jsonl=../whole.jsonl"]);
    run(&sandbox, &["--filter", "1-open", "--shard", "2/2", "--report", "jsonl=../other.jsonl"]);
    let b = sandbox.read("b.jsonl");
    let first = b.lines().next().unwrap();
    sandbox.write("suite.jsonl", &b.replacen("A desk of many moods", "A chair", 1));
    sandbox.write("target.jsonl", &b.replacen("python3 moody.py", "node moody.js", 1));
    sandbox.write("cut.jsonl", &format!("{first}\n"));
    sandbox.write("half.jsonl", &b[..b.len() - 20]);
    sandbox.write("interrupted.jsonl", &b.replacen("\"exit\":", "\"interrupted\":true,\"exit\":", 1));
    sandbox.write("newer.jsonl", &b.replacen("\"version\":1", "\"version\":99", 1));
    sandbox.write(
        "swapped.jsonl",
        &Regex::new(r#""positions":\[\d+"#).unwrap().replace(&b, r#""positions":[77"#),
    );
    sandbox.write(
        "short.jsonl",
        &b.lines().filter(|line| !line.contains("\"event\":\"step\"")).collect::<Vec<_>>().join("\n"),
    );
    sandbox.write("place.jsonl", &b.replacen("\"column\":", "\"column\":99999999999", 1));
    sandbox.write("garbage.jsonl", "{}\n[]\n");
    sandbox.write("empty.jsonl", "");
    fs::write(sandbox.path("bytes.jsonl"), [0xff, 0xfe, b'\n']).unwrap();
    for (second, says) in [
        ("a", "both of shard 1 of 2"),
        ("third", "third.jsonl is one of 3 shards, and ../a.jsonl one of 2"),
        ("whole", "whole.jsonl is not of a shard"),
        ("other", "are not parts of the same run"),
        ("suite", "is of the suite “A chair”"),
        ("target", "is of the target “node moody.js”"),
        ("cut", "is incomplete: it has no footer"),
        ("half", "is incomplete: it has no footer"),
        ("interrupted", "its run was interrupted"),
        ("newer", "has version 99"),
        ("swapped", "the shards do not fit together"),
        ("short", "its scenarios are not those of its shard"),
        ("place", "is not a report: line 2: the line or column is out of range"),
        ("garbage", "is not a report: line 1"),
        ("empty", "it has no header"),
        ("bytes", "cannot read the report"),
        ("nowhere", "cannot read the report"),
    ] {
        let refused = sandbox.run(&[
            "merge",
            "../a.jsonl",
            &format!("../{second}.jsonl"),
            "--report",
            "tap=../out.tap",
        ]);
        assert_eq!(refused.code, Some(2), "{second}: {refused:?}");
        assert!(
            refused.stderr.starts_with("error: ") && refused.stderr.contains(says),
            "{second}: {}",
            refused.stderr
        );
        assert!(!sandbox.path("out.tap").exists() && refused.stdout.is_empty());
    }
    let missing = sandbox.run(&["merge", "../a.jsonl"]);
    assert!(missing.stderr.contains("the report of shard 2 of 2 is missing"), "{missing:?}");
    assert_eq!(sandbox.run(&["merge", "../a.jsonl", "../b.jsonl"]).code, Some(3), "the door is unclear");
}

#[test]
fn empty_shard_is_not_a_failure() {
    let sandbox = Sandbox::moody();
    for shard in ["1/2", "2/2"] {
        let report = format!("jsonl=../{}.jsonl", &shard[..1]);
        let finished = run(&sandbox, &["--filter", "1-open", "--shard", shard, "--report", &report]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    let merged = sandbox.run(&["merge", "../1.jsonl", "../2.jsonl"]);
    assert_eq!(merged.code, Some(0), "{merged:?}");
    assert!(merged.stdout.contains("steps: 1 pass"), "{merged:?}");
}

#[test]
fn split_by_timings_is_deterministic() {
    let sandbox = Sandbox::moody();
    run(&sandbox, &["--report", "jsonl=../before.jsonl"]);
    for shard in ["1/2", "2/2"] {
        let report = format!("jsonl=../{}.jsonl", &shard[..1]);
        run(&sandbox, &["--shard", shard, "--shard-by", "../before.jsonl", "--report", &report]);
    }
    let before = sandbox.run(&["merge", "../1.jsonl", "../2.jsonl"]);
    assert_eq!(before.code, Some(1), "{before:?}");
    let wrong = run(&sandbox, &["--shard", "1/2", "--shard-by", "moody.py"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("moody.py is not a report"), "{wrong:?}");
    let wrong = run(&sandbox, &["--shard", "3/2"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("expected N/OF, for example 2/5"), "{wrong:?}");
}

fn run(sandbox: &Sandbox, flags: &[&str]) -> Finished {
    sandbox.run(&[DESK, flags, TARGET].concat())
}

/// Removes ports from a text report, which differ between runs.
fn comparable(report: &str) -> String {
    let ports = Regex::new(r"127\.0\.0\.1:\d+|--port \d+").unwrap();
    ports.replace_all(report, "host").into_owned()
}
