//! No report shows what is secret, whatever the target does with it; unless it is asked to.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use conformance::options::ReportKind;

use crate::program::{copy, data};
use crate::sandbox::Sandbox;

/// The email addresses and passwords of the fixtures in `suites/gossip`.
const GUESTS: [(&str, &str); 2] =
    [("ann@desk.example", "correct horse battery"), ("ben@desk.example", "staple:50%&more")];

#[test]
fn no_report_shows_what_a_gossiping_target_sends_back() {
    let (reports, sessions) = gossip(&[]);
    assert!(sessions.len() >= 11);
    for (report, text) in &reports {
        for secret in secrets().iter().chain(&sessions) {
            let lines: Vec<&str> = text.lines().filter(|line| line.contains(secret)).collect();
            assert!(lines.is_empty(), "{report} shows {secret}:\n{}", lines.join("\n"));
        }
        // Those that show no exchange have nothing to leave out.
        let bare = ["report.badge", "known.yaml", "stderr", "comparison"].contains(report);
        assert!(bare || text.contains("redacted"), "{report} shows nothing of what it leaves out:\n{text}");
    }
}

#[test]
fn reports_show_secrets_where_they_are_asked_to() {
    let (reports, sessions) = gossip(&["--show-secrets"]);
    let jsonl = &reports.iter().find(|(report, _)| *report == "report.jsonl").unwrap().1;
    let text = &reports.iter().find(|(report, _)| *report == "stdout").unwrap().1;
    for secret in
        ["correct horse battery", "staple:50%&more", "YW5uQGRlc2suZXhhbXBsZTpjb3JyZWN0IGhvcnNlIGJhdHRlcnk="]
    {
        assert!(jsonl.contains(secret) && text.contains(secret), "{secret}");
    }
    // The first is that of the request for readiness, which is in no report.
    assert!(sessions[1..].iter().all(|session| jsonl.contains(session)));
}

#[test]
fn no_report_of_the_suite_shows_a_password_or_a_stored_session() {
    let sandbox = Sandbox::python().with("FAULT", "password-md5");
    let report = format!("jsonl={}", sandbox.path("report.jsonl").display());
    let arguments = [
        "run",
        "--jobs",
        "8",
        "--profile",
        "basic,session,stored",
        "--report",
        &report,
        "--",
        "python3",
        "server.py",
    ];
    let finished = sandbox.run(&arguments);
    assert_eq!(finished.code, Some(1));
    let users = [
        ("bob@hbtn.io", "H0lbertonSchool98!"),
        ("bob100@hbtn.io", "H0lberton:School:98!"),
        ("bobsession@hbtn.io", "fake pwd"),
        ("ada@hbtn.io", "analytical engine"),
        ("zoe@hbtn.io", "pässwörd"),
    ];
    let mut secrets: Vec<String> =
        users.iter().flat_map(|(email, password)| forms(email, password)).collect();
    secrets.push("0c5a7e1b-2d4f-4f6a-8b9c-1d3e5f7a9b0c".to_owned());
    for text in [&finished.stdout, &sandbox.read("report.jsonl")] {
        for secret in &secrets {
            let lines: Vec<&str> = text.lines().filter(|line| line.contains(secret)).collect();
            assert!(lines.is_empty(), "{secret}:\n{}", lines.join("\n"));
        }
    }
}

/// Runs the gossip with every report that there is and every exchange traced, and returns what each says and the sessions that
/// the target has made.
fn gossip(flags: &[&str]) -> (Vec<(&'static str, String)>, Vec<String>) {
    let sandbox = Sandbox::noted();
    let summary = sandbox.path("summary.md").display().to_string();
    let sandbox = sandbox.with("GITHUB_STEP_SUMMARY", summary);
    copy(&data("suites/gossip"), &sandbox.path("gossip"));
    std::fs::copy(data("targets/gossip.py"), sandbox.path("implementation/gossip.py")).unwrap();
    let reports = ReportKind::ALL.map(|(kind, _)| format!("--report={kind}=../report.{kind}"));
    let arguments =
        ["run", "--suite", "../gossip", "--trace", "--report=github", "--write-deviations=../known.yaml"];
    let target = ["--", "python3", "gossip.py"];
    let reports: Vec<&str> = reports.iter().map(String::as_str).collect();
    let finished = sandbox.run(&[&arguments, &reports[..], flags, &target].concat());
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    let compared = sandbox.run(&["compare", "../report.jsonl", "--html", "../table.html"]);
    assert_eq!(compared.code, Some(0), "{}", compared.stderr);
    let files = [
        "report.jsonl",
        "report.html",
        "report.junit",
        "report.tap",
        "report.badge",
        "summary.md",
        "known.yaml",
        "table.html",
    ];
    assert!(reports.len() <= files.len() - 3, "a kind of report that no test looks into: {reports:?}");
    let mut told: Vec<_> = files.iter().map(|file| (*file, sandbox.read(file))).collect();
    told.extend([("stdout", finished.stdout), ("stderr", finished.stderr), ("comparison", compared.stdout)]);
    let sessions = sandbox.read("sessions").lines().map(str::to_owned).collect();
    (told, sessions)
}

fn secrets() -> Vec<String> {
    GUESTS.iter().flat_map(|(email, password)| forms(email, password)).collect()
}

/// A password in the forms in which it travels.
fn forms(email: &str, password: &str) -> Vec<String> {
    let encoded: String =
        (password.bytes())
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
    vec![
        password.to_owned(),
        encoded,
        password.replace(' ', "+"),
        BASE64_STANDARD.encode(password),
        BASE64_STANDARD.encode(format!("{email}:{password}")),
    ]
}
