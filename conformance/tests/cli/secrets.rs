//! No report shows secrets, whatever the target does with them, unless `--show-secrets` is given.

use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use conformance_report::report::FORMATS;
use rustix::process::Signal;

use crate::program::{copy, data};
use crate::sandbox::Sandbox;

/// The email addresses and passwords of the fixtures in `suites/gossip`.
const GUESTS: [(&str, &str); 2] =
    [("ann@desk.example", "correct horse battery"), ("ben@desk.example", "staple:50%&more")];

#[test]
fn no_report_shows_secrets_that_the_target_echoes() {
    let (reports, sessions) = gossip(&[]);
    assert!(sessions.len() >= 11);
    for (report, text) in &reports {
        for secret in secrets().iter().chain(&sessions) {
            let lines: Vec<&str> = text.lines().filter(|line| line.contains(secret)).collect();
            assert!(lines.is_empty(), "{report} shows {secret}:\n{}", lines.join("\n"));
        }
        // Reports without exchanges have nothing to redact.
        let bare = ["report.badge", "report.csv", "report.classroom50", "known.yaml", "stderr", "comparison"]
            .contains(report);
        assert!(bare || text.contains("redacted"), "{report} shows nothing of what it leaves out:\n{text}");
    }
}

#[test]
fn show_secrets_flag_shows_secrets() {
    let (reports, sessions) = gossip(&["--show-secrets"]);
    let jsonl = &reports.iter().find(|(report, _)| *report == "report.jsonl").unwrap().1;
    let text = &reports.iter().find(|(report, _)| *report == "stdout").unwrap().1;
    for secret in
        ["correct horse battery", "staple:50%&more", "YW5uQGRlc2suZXhhbXBsZTpjb3JyZWN0IGhvcnNlIGJhdHRlcnk="]
    {
        assert!(jsonl.contains(secret) && text.contains(secret), "{secret}");
    }
    // The first session is that of the readiness request, which is in no report.
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

#[test]
fn no_mode_shows_a_secret() {
    for flags in [
        &[][..],
        &["--quiet"],
        &["--verbose"],
        &["--requirements"],
        &["--verbose", "--color", "always"],
        &["--for", "1s", "--jobs", "2", "--trace"],
        &["--bless", "--filter", "secrets"],
    ] {
        let sandbox = gossiping();
        let finished = sandbox.run(&[RUN, flags, TARGET].concat());
        assert_eq!(finished.code, Some(1), "{flags:?}: {}", finished.stderr);
        let what = flags.join(" ");
        assert_discreet(&sandbox, &[(&what, finished.stdout), (&what, finished.stderr)]);
    }
}

#[test]
fn merged_shards_show_no_secret() {
    let variables = FORMATS.iter().flat_map(|format| format.variables);
    let sandbox = variables.fold(gossiping(), |sandbox, name| sandbox.with(name, "set"));
    for shard in ["1/2", "2/2"] {
        let report = format!("jsonl=../{}.jsonl", &shard[..1]);
        sandbox.run(&[RUN, &["--shard", shard, "--report", &report], TARGET].concat());
    }
    let reports = FORMATS.each_ref().map(|format| format!("--report={0}=../merged.{0}", format.name));
    let arguments: Vec<&str> = ["merge", "../1.jsonl", "../2.jsonl", "--trace", "--report=github"]
        .into_iter()
        .chain(reports.iter().map(String::as_str))
        .collect();
    let merged = sandbox.run(&arguments);
    // The report for Classroom 50 makes the program exit with 0.
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
    let files = FORMATS.each_ref().map(|format| format!("merged.{}", format.name));
    let mut texts: Vec<(&str, String)> =
        files.iter().map(|file| (file.as_str(), sandbox.read(file))).collect();
    texts.extend(["1.jsonl", "2.jsonl", "summary.md"].map(|file| (file, sandbox.read(file))));
    texts.push(("merge", merged.stdout));
    assert_discreet(&sandbox, &texts);
}

#[test]
fn a_watched_run_shows_no_secret_in_any_round() {
    let sandbox = gossiping();
    let mut started = sandbox.start(&[RUN, &["--watch", "--trace"], TARGET].concat());
    for round in 1..=2 {
        let deadline = Instant::now() + Duration::from_mins(1);
        while sandbox.read("stderr").matches("waiting for changes").count() < round {
            assert!(Instant::now() < deadline, "{}", sandbox.read("stderr"));
            thread::sleep(Duration::from_millis(20));
        }
        sandbox
            .write("gossip/desk/secrets.yaml", &(sandbox.read("gossip/desk/secrets.yaml") + "# changed\n"));
    }
    started.signal(Signal::INT);
    let finished = started.wait();
    assert_eq!(finished.code, Some(130), "{}", finished.stderr);
    assert!(finished.stdout.contains("redacted"), "{}", finished.stdout);
    assert_discreet(&sandbox, &[("stdout", finished.stdout), ("stderr", finished.stderr)]);
}

/// The target prints a session before it sends it: while one step fails, other scenarios have sessions that no response has shown yet.
#[test]
fn scenarios_that_share_a_target_show_no_session_of_another() {
    for (concurrency, flags) in [
        ("exclusive", &["--for", "3s", "--jobs", "8"][..]),
        ("shared", &["--trace", "--verbose", "--jobs", "8"]),
    ] {
        let sandbox = Sandbox::noted();
        std::fs::copy(data("targets/sessions.py"), sandbox.path("implementation/sessions.py")).unwrap();
        std::fs::create_dir_all(sandbox.path("own/all")).unwrap();
        sandbox.write(
            "own/suite.yaml",
            &format!(
                "format: 1\ntitle: sessions\norigin: http://h.test\nconcurrency: {concurrency}\nprofiles: {{any: {{title: any}}}}\n\
                 launch: {{env: {{API_PORT: \"${{port}}\"}}, ready: curl http://h.test/}}\n"
            ),
        );
        sandbox.write("own/requirements.yaml", "format: 1\nrequirements: []\n");
        for scenario in 0..16 {
            sandbox.write(
                &format!("own/all/s{scenario}.yaml"),
                "format: 1\ntitle: log in\nprofile: any\nsteps:\n\
                 - {id: login, title: log in, request: {method: POST, path: /login}, expect: {status: 200}, \
                 capture: {session: {cookie: sid, secret: true}}}\n\
                 - {id: use, title: use it, request: {path: /, headers: {X-Session: \"${session}\"}}, expect: {status: 200}}\n",
            );
        }
        let reports = ["--report=jsonl=../o.jsonl", "--report=html=../o.html"];
        let run = ["run", "--suite", "../own"];
        let target = ["--", "python3", "sessions.py"];
        let finished = sandbox.run(&[&run, flags, &reports, &target].concat());
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        let (jsonl, html) = (sandbox.read("o.jsonl"), sandbox.read("o.html"));
        assert!(jsonl.contains("new session <redacted>"), "no step failed while another scenario logged in");
        for session in sandbox.read("sessions").lines() {
            for (what, text) in [("stdout", &finished.stdout), ("o.jsonl", &jsonl), ("o.html", &html)] {
                assert!(!text.contains(session), "{concurrency}: {what} shows {session}");
            }
        }
    }
}

const RUN: &[&str] = &["run", "--suite", "../gossip"];
const TARGET: &[&str] = &["--", "python3", "gossip.py"];

/// A sandbox with `gossip.py` and its suite.
fn gossiping() -> Sandbox {
    let sandbox = Sandbox::noted();
    let summary = sandbox.path("summary.md").display().to_string();
    let sandbox = sandbox.with("GITHUB_STEP_SUMMARY", summary);
    copy(&data("suites/gossip"), &sandbox.path("gossip"));
    std::fs::copy(data("targets/gossip.py"), sandbox.path("implementation/gossip.py")).unwrap();
    sandbox
}

/// Asserts that no text contains a secret of the fixtures or a session of the target.
fn assert_discreet(sandbox: &Sandbox, texts: &[(&str, String)]) {
    let sessions = sandbox.read("sessions");
    for (what, text) in texts {
        for secret in secrets().iter().map(String::as_str).chain(sessions.lines()) {
            let lines: Vec<&str> = text.lines().filter(|line| line.contains(secret)).collect();
            assert!(lines.is_empty(), "`{what}` shows {secret}:\n{}", lines.join("\n"));
        }
    }
}

/// Runs the gossip suite with every report and with all exchanges traced; returns the reports and the sessions that the
/// target has created.
fn gossip(flags: &[&str]) -> (Vec<(&'static str, String)>, Vec<String>) {
    let variables = FORMATS.iter().flat_map(|format| format.variables);
    let sandbox = variables.fold(gossiping(), |sandbox, name| sandbox.with(name, "set"));
    let reports = FORMATS.each_ref().map(|format| format!("--report={0}=../report.{0}", format.name));
    let arguments =
        ["run", "--suite", "../gossip", "--trace", "--report=github", "--write-deviations=../known.yaml"];
    let target = ["--", "python3", "gossip.py"];
    let reports: Vec<&str> = reports.iter().map(String::as_str).collect();
    let finished = sandbox.run(&[&arguments, &reports[..], flags, &target].concat());
    // The report for Classroom 50 makes the program exit with 0.
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let compared = sandbox.run(&["compare", "../report.jsonl", "--html", "../table.html"]);
    assert_eq!(compared.code, Some(0), "{}", compared.stderr);
    let files = [
        "report.jsonl",
        "report.html",
        "report.junit",
        "report.tap",
        "report.ctrf",
        "report.csv",
        "report.gradescope",
        "report.classroom50",
        "report.codegrade",
        "report.badge",
        "report.har",
        "summary.md",
        "known.yaml",
        "table.html",
    ];
    assert!(reports.len() <= files.len() - 3, "a kind of report that no test looks into: {reports:?}");
    let mut texts: Vec<_> = files.iter().map(|file| (*file, sandbox.read(file))).collect();
    texts.extend([("stdout", finished.stdout), ("stderr", finished.stderr), ("comparison", compared.stdout)]);
    let sessions = sandbox.read("sessions").lines().map(str::to_owned).collect();
    (texts, sessions)
}

fn secrets() -> Vec<String> {
    GUESTS.iter().flat_map(|(email, password)| forms(email, password)).collect()
}

/// A password in every encoding in which it is sent.
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

/// The arguments of the target and of the run are in the header of every report and in the commands that reproduce a failure.
#[test]
fn secret_in_the_arguments_of_the_target_is_not_shown() {
    let sandbox = Sandbox::noted();
    let manifest = sandbox.read("suite/suite.yaml") + "variables: {tok: {secret: true}}\n";
    sandbox.write("suite/suite.yaml", &manifest);
    let kinds: Vec<&str> =
        FORMATS.iter().map(|format| format.name).filter(|name| *name != "classroom50").collect();
    let reports: Vec<String> = kinds.iter().map(|kind| format!("--report={kind}=../report.{kind}")).collect();
    let run = ["run", "--suite", "../suite", "--var", "tok=t0psecret-arg", "--filter", "desk/5-garbage"];
    let reports: Vec<&str> = reports.iter().map(String::as_str).collect();
    let more = [
        "--write-deviations",
        "../known.yaml",
        "--",
        "python3",
        "moody.py",
        "fine",
        "--token",
        "t0psecret-arg",
    ];
    let finished = sandbox.run(&[&run, &reports[..], &more].concat());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let shown = kinds.iter().map(|kind| format!("report.{kind}")).chain(["known.yaml".to_owned()]);
    let shown = shown.map(|name| sandbox.read(&name));
    for text in shown.chain([finished.stdout.clone(), finished.stderr.clone()]) {
        assert!(!text.contains("t0psecret-arg"), "{text}");
    }
    let command = "conformance run --filter desk/5-garbage";
    for report in ["tap", "junit", "ctrf"] {
        let text = sandbox.read(&format!("report.{report}"));
        assert!(
            text.contains(command) && text.contains("conformance serve --profile desk"),
            "{report}: {text}"
        );
    }
    assert!(finished.stdout.contains("--var 'tok=<redacted>'"), "{}", finished.stdout);
}

#[test]
fn errors_of_the_command_line_do_not_repeat_the_credentials_of_a_url() {
    let sandbox = Sandbox::noted();
    for arguments in [
        &["run", "http://bob:s3cret-pw@127.0.0.1:1"][..],
        &["run", "ftp://bob:s3cret-pw@127.0.0.1:1/x"],
        &["run", "--proxy", "ftp://bob:s3cret-pw@127.0.0.1:1", "http://127.0.0.1:1"],
    ] {
        let finished = sandbox.run(arguments);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(!finished.stderr.contains("s3cret-pw"), "{}", finished.stderr);
        assert!(finished.stderr.contains("<redacted>@127.0.0.1:1"), "{}", finished.stderr);
    }
}
