//! Reports for programs are complete or absent, and in the order of the plan.

use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::{fs, io};

use rustix::process::Signal;
use serde_json::Value as Json;

use crate::events;
use crate::program::conformance_in;
use crate::sandbox::Sandbox;

const DESK: &[&str] = &["--", "python3", "moody.py"];

#[test]
fn a_report_has_a_header_a_line_for_each_step_and_a_footer() {
    let run_report = events::run(
        &Sandbox::moody(),
        &[&["run", "--suite", "../suite", "--timeout", "500ms"], DESK].concat(),
    );
    let header = &run_report.header;
    assert_eq!((&header["version"], &header["suite"]), (&1.into(), &"A desk of many moods".into()));
    assert_eq!(header["target"], "python3 moody.py");
    assert_eq!(header["steps"].as_u64(), Some(run_report.steps.len() as u64));
    assert_eq!(run_report.steps.len(), 12);

    let counts = run_report.footer["steps"].as_object().unwrap();
    for (verdict, count) in counts {
        let steps = run_report.verdicts().iter().filter(|(_, own)| own == verdict).count();
        assert_eq!(count.as_u64(), Some(steps as u64), "{verdict}");
    }
    let ids: Vec<&Json> =
        run_report.footer["requirements"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, ["MOOD-1.1", "MOOD-2.1", "MOOD-2.2", "MOOD-2.3", "MOOD-2.4", "MOOD-3.1", "MOOD-3.2"]);
    assert_eq!(run_report.footer["exit"].as_i64(), run_report.finished.code.map(i64::from));
}

#[test]
fn report_has_the_steps_in_plan_order() {
    let filters = ["--filter", "basic/5-*", "--filter", "session/7-*", "--filter", "basic/0-users*"];
    let listed = conformance_in(
        "/".as_ref(),
        &[&["list", "--format", "json", "--stage", "session-10"], &filters[..]].concat(),
    );
    let listed: Vec<Json> = serde_json::from_str(&listed.stdout).unwrap();
    let planned: Vec<&str> = listed.iter().map(|step| step["id"].as_str().unwrap()).collect();
    assert!(planned.len() > 50);
    for jobs in ["1", "3", "16"] {
        let arguments = [&["run", "--jobs", jobs], &filters[..], &["--", "python3", "server.py"]].concat();
        let run_report = events::run(&Sandbox::python(), &arguments);
        assert_eq!(run_report.finished.code, Some(0), "{}", run_report.finished.stdout);
        assert_eq!(run_report.ids(), planned, "--jobs {jobs}");
    }
}

#[test]
fn creates_the_folder_of_a_report() {
    let sandbox = Sandbox::moody();
    let arguments =
        ["run", "--suite", "../suite", "--filter", "::open", "--report", "tap=../new/er/report.tap"];
    let finished = sandbox.run(&[&arguments, DESK].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(sandbox.read("new/er/report.tap").starts_with("TAP version 14"));
}

#[test]
fn rejects_a_report_below_a_file() {
    for kind in ["jsonl", "html", "junit", "tap", "badge", "ctrf", "csv", "gradescope"] {
        let sandbox = Sandbox::noted();
        sandbox.write("nowhere", "");
        let report = format!("{kind}=../nowhere/report");
        let finished = sandbox.run(&[&["run", "--suite", "../suite", "--report", &report], DESK].concat());
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
        let sentence = "error: cannot write the report ../nowhere/report: ";
        assert!(finished.stderr.starts_with(sentence), "{}", finished.stderr);
        assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
        assert!(!sandbox.path("listens").exists());
    }
}

#[test]
fn rejects_a_folder_as_report() {
    let sandbox = Sandbox::noted();
    let finished =
        sandbox.run(&[&["run", "--suite", "../suite", "--report", "jsonl=../temporary"], DESK].concat());
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    let sentence = "error: cannot write the report ../temporary: it is a directory, not a file\n";
    assert_eq!(finished.stderr, sentence);
    assert!(!sandbox.path("listens").exists());
}

#[test]
fn report_does_not_replace_special_files() {
    let sandbox = Sandbox::noted();
    let _socket = UnixListener::bind(sandbox.path("socket")).unwrap();
    let finished =
        sandbox.run(&[&["run", "--suite", "../suite", "--report", "jsonl=../socket"], DESK].concat());
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    assert_eq!(finished.stderr, "error: cannot write the report ../socket: it is a socket, not a file\n");
    assert!(fs::metadata(sandbox.path("socket")).unwrap().file_type().is_socket());
}

#[test]
fn report_replaces_an_older_one_atomically() {
    let sandbox = with_older_report();
    let arguments = ["run", "--suite", "../suite", "--filter", "1-open"];
    assert_eq!(sandbox.run(&[&arguments, REPORT, DESK].concat()).code, Some(0));
    let lines = sandbox.read("reports/report.jsonl");
    assert_eq!(lines.lines().count(), 3);
    assert_eq!(files_next_to(&sandbox), ["report.jsonl"]);
}

#[test]
fn report_keeps_a_symlink() {
    let sandbox = with_older_report();
    symlink("reports/report.jsonl", sandbox.path("link")).unwrap();
    let arguments = ["run", "--suite", "../suite", "--filter", "1-open", "--report", "jsonl=../link"];
    assert_eq!(sandbox.run(&[&arguments, DESK].concat()).code, Some(0));
    assert!(sandbox.path("link").is_symlink());
    assert_eq!(sandbox.read("reports/report.jsonl").lines().count(), 3);
}

#[test]
fn report_keeps_a_dangling_symlink() {
    let sandbox = with_older_report();
    symlink("reports/new.jsonl", sandbox.path("link")).unwrap();
    symlink("link", sandbox.path("link-to-link")).unwrap();
    let arguments = ["run", "--suite", "../suite", "--filter", "1-open", "--report", "jsonl=../link-to-link"];
    assert_eq!(sandbox.run(&[&arguments, DESK].concat()).code, Some(0));
    assert!(sandbox.path("link").is_symlink() && sandbox.path("link-to-link").is_symlink());
    assert_eq!(sandbox.read("reports/new.jsonl").lines().count(), 3);
}

#[test]
fn rejects_a_symlink_loop() {
    let sandbox = Sandbox::noted();
    symlink("one", sandbox.path("two")).unwrap();
    symlink("two", sandbox.path("one")).unwrap();
    let finished = sandbox.run(&[&["run", "--suite", "../suite", "--report", "tap=../one"], DESK].concat());
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stderr.contains("too many levels of symbolic links"), "{finished:?}");
}

#[test]
fn report_on_stdout_is_alone_there() {
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let sandbox = Sandbox::noted();
        let report = format!("jsonl={name}");
        let arguments = ["run", "--suite", "../suite", "--filter", "1-open", "--report", &report];
        let finished = sandbox.run(&[&arguments, DESK].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let events: Vec<Json> =
            finished.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.len(), 3, "{name}: {finished:?}");
        assert!(finished.stderr.contains("steps: 1 pass"), "{name}: {finished:?}");
        assert!(!sandbox.path("implementation/-").exists());
    }
    for (kind, begins) in
        [("junit", "<?xml"), ("tap", "TAP version 14"), ("html", "<!doctype"), ("badge", "<svg")]
    {
        let sandbox = Sandbox::noted();
        let report = format!("{kind}=-");
        let arguments = ["run", "--suite", "../suite", "--filter", "1-open", "--report", &report];
        let finished = sandbox.run(&[&arguments, DESK].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(finished.stdout.starts_with(begins) && !finished.stdout.contains("steps: "), "{finished:?}");
    }
}

#[test]
fn rejects_two_reports_on_stdout() {
    let sandbox = Sandbox::noted();
    let reports = ["run", "--suite", "../suite", "--report", "jsonl=-", "--report", "tap=/dev/stdout"];
    let finished = sandbox.run(&[&reports, DESK].concat());
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(
        finished.stderr.starts_with("error: only one report can be written to standard output"),
        "{finished:?}"
    );
    assert!(!sandbox.path("listens").exists());
}

#[test]
fn rejects_two_reports_in_one_file() {
    let sandbox = Sandbox::noted();
    symlink("one", sandbox.path("link")).unwrap();
    for second in ["tap=../one", "tap=.././one", "tap=../link", "jsonl=../implementation/../one"] {
        let reports = ["run", "--suite", "../suite", "--report", "html=../one", "--report", second];
        let finished = sandbox.run(&[&reports, DESK].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.starts_with("error: two reports would be written to "), "{finished:?}");
    }
    let some = ["run", "--suite", "../suite", "--filter", "desk/1-open"];
    let devices = ["--report", "html=/dev/null", "--report", "tap=/dev/null"];
    assert_eq!(sandbox.run(&[&some, &devices[..], DESK].concat()).code, Some(0));
    let full = ["--report", "tap=/dev/full"];
    let finished = sandbox.run(&[&some, &full[..], DESK].concat());
    assert!(finished.stderr.contains("/dev/full: No space left on device"), "{finished:?}");
}

#[test]
fn writes_to_devices_and_pipes() {
    let sandbox = Sandbox::noted();
    assert!(std::process::Command::new("mkfifo").arg(sandbox.path("pipe")).status().unwrap().success());
    let pipe = sandbox.path("pipe");
    let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
    let arguments = ["run", "--suite", "../suite", "--filter", "1-open"];
    let reports = ["--report", "jsonl=../pipe", "--report", "html=/dev/null", "--report", "tap=/dev/stderr"];
    let finished = sandbox.run(&[&arguments[..], &reports, DESK].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(reader.join().unwrap().lines().count(), 3);
    assert!(finished.stderr.contains("ok 1 - desk/1-open::open"), "{finished:?}");
    assert!(fs::metadata(sandbox.path("pipe")).unwrap().file_type().is_fifo());
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn closed_stdout_does_not_end_the_run() {
    let sandbox = with_older_report();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let arguments = ["run", "--suite", "../suite", "--filter", "1-open", "--verbose"];
    let status = sandbox.command(&[&arguments, REPORT, DESK].concat()).stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(sandbox.read("reports/report.jsonl").lines().count(), 3);
}

#[test]
fn rejected_run_keeps_an_older_report() {
    let sandbox = with_older_report();
    let wrong = ["run", "--suite", "../suite", "--profile", "nobody"];
    assert_eq!(sandbox.run(&[&wrong, REPORT, DESK].concat()).code, Some(2));
    let nothing = ["run", "--suite", "../suite", "--filter", "nothing"];
    assert_eq!(sandbox.run(&[&nothing, REPORT, DESK].concat()).code, Some(4));
    assert_eq!(sandbox.read("reports/report.jsonl"), "older\n");
    assert_eq!(files_next_to(&sandbox), ["report.jsonl"]);
}

#[test]
fn interrupted_run_replaces_an_older_report_atomically() {
    for signal in [Signal::INT, Signal::TERM] {
        let sandbox = with_older_report();
        let arguments = ["run", "--suite", "../suite", "--timeout", "10m"];
        let run = sandbox.start(&[&arguments, REPORT, DESK].concat());
        sandbox.await_file("hangs");
        run.signal(signal);
        run.finish();
        let report = sandbox.read("reports/report.jsonl");
        let (first, last) = (report.lines().next().unwrap(), report.lines().last().unwrap());
        assert!(first.contains("\"header\"") && last.contains("\"interrupted\":true"), "{report}");
        assert_eq!(files_next_to(&sandbox), ["report.jsonl"]);
    }
}

#[test]
fn killed_run_keeps_an_older_report() {
    let sandbox = with_older_report();
    let arguments = ["run", "--suite", "../suite", "--timeout", "10m"];
    let mut run = sandbox.start(&[&arguments, REPORT, DESK].concat());
    sandbox.await_file("hangs");
    run.signal(Signal::KILL);
    run.wait();
    assert_eq!(sandbox.read("reports/report.jsonl"), "older\n");
    sandbox.assert_no_process();
}

const REPORT: &[&str] = &["--report", "jsonl=../reports/report.jsonl"];

/// A sandbox with the report of an earlier run in a folder of its own.
fn with_older_report() -> Sandbox {
    let sandbox = Sandbox::noted();
    fs::create_dir(sandbox.path("reports")).unwrap();
    sandbox.write("reports/report.jsonl", "older\n");
    sandbox
}

fn files_next_to(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path("reports")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
