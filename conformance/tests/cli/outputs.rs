//! What a target sends and prints, and names of files and titles, control no terminal, no CI system and no reader of a report.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use conformance_report::report::FORMATS;
use conformance_suite::safe::is_unsafe;

use crate::program::data;
use crate::sandbox::Sandbox;

const TARGET: &[&str] = &["--", "python3", "hostile.py"];
/// A title with control characters and a command of a shell, as YAML.
const TITLE: &str = r#""t\ntouch pwned; #\e[31m\r::error::title ##[x]""#;

fn hostile() -> Sandbox {
    let sandbox = Sandbox::empty();
    let summary = sandbox.path("summary.md").display().to_string();
    let sandbox = sandbox.with("GITHUB_STEP_SUMMARY", summary);
    fs::copy(data("targets/hostile.py"), sandbox.path("implementation/hostile.py")).unwrap();
    fs::create_dir_all(sandbox.path("suite/all")).unwrap();
    sandbox.write(
        "suite/suite.yaml",
        &format!(
            "format: 1\ntitle: {TITLE}\norigin: http://host.example\nprofiles: {{any: {{title: any}}}}\n\
             launch: {{env: {{API_PORT: \"${{port}}\"}}, ready: curl http://host.example/ready}}\n"
        ),
    );
    sandbox.write(
        "suite/requirements.yaml",
        &format!(
            "format: 1\nrequirements:\n  - {{id: ALL-1.1, level: must, clause: {TITLE}, text: {TITLE}}}\n"
        ),
    );
    let steps: String = (["small", "large"].iter())
        .map(|name| {
            format!(
                "  - id: {name}\n    title: {TITLE}\n    covers: [ALL-1.1]\n    request: {{path: /{name}, headers: {{X-T: \"x\\x15touch PWNED\\x0f\"}}}}\n    \
                 expect: {{text: \"ok\\e[31m\"}}\n"
            )
        })
        .collect();
    let curl = "  - id: curl\n    title: t\n    request: >-\n      curl http://host.example/curl -H 'X-T: ##[error]x'\n      \
                -d $'a\\n::error::data\\n ::add-mask::x'\n    expect: {status: 200}\n";
    sandbox.write(
        "suite/all/text.yaml",
        &format!("format: 1\ntitle: {TITLE}\nprofile: any\nsteps:\n{steps}{curl}"),
    );
    sandbox
}

/// Asserts that a text has no control character, and that the log of a CI system has no command in it.
fn assert_harmless(what: &str, text: &str) {
    for line in text.split('\n') {
        assert!(!line.contains(is_unsafe), "{what}: {line:?}");
        assert!(!line.trim_start().starts_with("::"), "{what}: {line:?}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "{what}: {line:?}");
    }
}

#[test]
fn no_mode_of_the_terminal_report_shows_control_characters_or_workflow_commands() {
    let sandbox = hostile();
    for flags in [
        &[][..],
        &["--quiet"],
        &["--verbose"],
        &["--trace"],
        &["--requirements"],
        &["--report", "tap=-"],
        &["--report", "html=-"],
        &["--report", "junit=-"],
        &["--report", "jsonl=-"],
        &["--report", "badge=-"],
        &["--for", "300ms"],
    ] {
        let finished = sandbox.run(&[&["run", "--suite", "../suite"], flags, TARGET].concat());
        assert_eq!(finished.code, Some(1), "{flags:?}: {}", finished.stderr);
        let what = flags.join(" ");
        assert_harmless(&what, &finished.stdout);
        assert_harmless(&what, &finished.stderr);
        let shows_body = !flags.contains(&"--quiet") && finished.stdout.contains("must 1 of 1 hold");
        assert_eq!(
            shows_body,
            !["--quiet", "--report badge=-", "--for 300ms"].contains(&&*what) || shows_body
        );
        if flags.is_empty() {
            assert!(finished.stdout.contains("\\x1b[2J\\x1b[H"), "{}", finished.stdout);
        }
    }
    for arguments in [&["list"][..], &["check"], &["coverage"], &["coverage", "--format", "markdown"]] {
        let finished = sandbox.run(&[arguments, &["--suite", "../suite"]].concat());
        assert_harmless(arguments[0], &finished.stdout);
        assert_harmless(arguments[0], &finished.stderr);
    }
}

#[test]
fn github_gets_its_own_commands_only_and_a_summary_below_its_limit() {
    let sandbox = hostile();
    // Another program has written to the summary.
    sandbox.write("summary.md", &"x".repeat(1024 * 1024 - 1500));
    let run = ["run", "--suite", "../suite", "--report", "github"];
    let finished = sandbox.run(&[&run, TARGET].concat());
    let commands: Vec<&str> =
        finished.stdout.lines().filter(|line| line.trim_start().starts_with("::")).collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    assert!(commands.iter().all(|line| line.starts_with("::error file=")), "{commands:?}");
    assert!(!finished.stdout.contains(is_unsafe), "{:?}", finished.stdout);
    let summary = sandbox.read("summary.md");
    assert!(summary.len() <= 1024 * 1024, "{}", summary.len());
    assert!(summary.contains("Left out: "), "{}", &summary[summary.len() - 600..]);
    sandbox.write("summary.md", "");
    sandbox.run(&[&run, TARGET].concat());
    let summary = sandbox.read("summary.md");
    assert!(!summary.contains(is_unsafe) && !summary.contains("Left out: "));
    assert!(summary.contains("\\x1b[2J") && summary.contains("````text"), "{summary}");
}

#[test]
fn reports_are_valid_for_their_readers() {
    let variables = FORMATS.iter().flat_map(|format| format.variables);
    let sandbox = variables.fold(hostile(), |sandbox, name| sandbox.with(name, "set"));
    let reports = FORMATS.each_ref().map(|format| format!("--report={0}=../report.{0}", format.name));
    let mut arguments = vec!["run", "--suite", "../suite"];
    arguments.extend(reports.iter().map(String::as_str));
    sandbox.run(&[&arguments, TARGET].concat());
    for format in &FORMATS {
        let text = sandbox.read(&format!("report.{}", format.name));
        assert!(!text.contains(is_unsafe), "{}", format.name);
    }
    // A reader of XML and one of YAML 1.1, if the latter is installed.
    let script = "import sys, xml.dom.minidom\n\
        for name in ('junit', 'badge'): xml.dom.minidom.parse(f'../report.{name}')\n\
        try: import yaml\n\
        except ImportError: sys.exit()\n\
        for block in open('../report.tap', encoding='utf-8').read().split('  ---\\n')[1:]:\n  \
          read = yaml.safe_load(block.split('\\n  ...\\n')[0].rstrip('\\n'))\n  \
          assert 'must 1 of 1 hold' in read['evidence'], read\n";
    let done =
        Command::new("python3").args(["-c", script]).current_dir(sandbox.path("implementation")).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let html = sandbox.read("report.html");
    assert!(
        html.contains(
            "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-"
        )
    );
    assert!(!html.contains(" style=\"") && !html.contains("<script>alert"));
    // Escape sequences of the output are removed, and those of a body are shown.
    let printed = html.split("aria-label=\"What the target printed\">").nth(1).unwrap();
    assert!(printed.starts_with("must 1 of 1 hold\n"), "{}", &printed[..80]);
    assert!(html.contains("\\x1b[2J\\x1b[Hmust 1 of 1 hold"));
}

#[test]
fn text_of_a_suite_and_of_a_target_is_no_command_of_a_shell() {
    let sandbox = hostile();
    for format in ["--curl", "--hurl"] {
        let exported = sandbox.run(&["export", format, "--suite", "../suite"]);
        assert_eq!(exported.code, Some(0), "{}", exported.stderr);
        assert_harmless(format, &exported.stdout);
        assert!(exported.stdout.lines().all(|line| !line.starts_with("touch")), "{}", exported.stdout);
        let folder = sandbox.path("temporary");
        let mut shell = Command::new("sh");
        shell.args(["-c", &exported.stdout, "sh", "http://127.0.0.1:1"]).current_dir(&folder);
        shell.output().unwrap();
        assert!(!folder.join("pwned").exists(), "{}", exported.stdout);
    }
    let report = "--report=jsonl=../report.jsonl";
    sandbox.run(&[&["run", "--suite", "../suite", report], TARGET].concat());
    let lines = sandbox.read("report.jsonl");
    let step: serde_json::Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
    let again = step["exchange"]["again"].as_str().unwrap();
    assert!(again.contains("$(printf '\\025')") && !again.contains(is_unsafe), "{again}");
}

#[test]
fn names_of_implementations_are_shown_and_have_reports_of_their_own() {
    let sandbox = hostile();
    let names = ["h/x_y/z", "h/x/y_z", "h/a/\u{1b}[31m::b", "h/a/c\n::error::d\n[1 of 9] e"];
    for name in names {
        let folder = sandbox.path("implementation").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::copy(data("targets/hostile.py"), folder.join("hostile.py")).unwrap();
    }
    let each = ["run", "--suite", "../suite", "--each", "h/*/*", "--keep", "../kept"];
    let finished = sandbox.run(&[&each, TARGET].concat());
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert_harmless("--each", &finished.stdout);
    assert_harmless("--each", &finished.stderr);
    let tables = ["index.html", "results.csv", "grades.csv"];
    assert_eq!(fs::read_dir(sandbox.path("kept")).unwrap().count(), names.len() + tables.len());
    for table in tables {
        assert!(sandbox.read(&format!("kept/{table}")).contains("a/\\x1b[31m::b"), "{table}");
    }
    assert!(finished.stdout.contains("a/\\x1b[31m::b"), "{}", finished.stdout);
    assert!(finished.stderr.contains("] a/c ::error::d [1 of 9] e\n"), "{}", finished.stderr);
    for report in fs::read_dir(sandbox.path("kept")).unwrap() {
        let name = report.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains(|one| one == '\n' || is_unsafe(one)), "{name:?}");
    }
}

#[test]
fn serve_shows_what_the_target_prints_without_secrets_and_commands() {
    let sandbox = hostile();
    let serve = ["serve", "--profile", "any", "--suite", "../suite", "--", "python3", "hostile.py"];
    let mut serving = sandbox.start(&serve);
    let printed = |name: &str| fs::read_to_string(sandbox.path(name)).unwrap_or_default();
    let wait = || std::thread::sleep(std::time::Duration::from_millis(20));
    while !printed("stdout").contains("press Ctrl-C") {
        wait();
    }
    let stdout = printed("stdout");
    let (address, _) = stdout.strip_prefix("http://").unwrap().split_once('\n').unwrap();
    let mut connection = std::net::TcpStream::connect(address).unwrap();
    connection.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    while !printed("stderr").contains("ok 7 - forged") {
        wait();
    }
    serving.signal(rustix::process::Signal::INT);
    let finished = serving.wait();
    assert_harmless("serve", &finished.stdout);
    assert_harmless("serve", &finished.stderr);
}

#[test]
fn a_run_removes_unfinished_reports_of_killed_runs_only() {
    let sandbox = hostile();
    let locked = fs::File::create(sandbox.path(".conformance-locked")).unwrap();
    locked.lock().unwrap();
    fs::create_dir(sandbox.path(".conformance-folder")).unwrap();
    let reports = ["--report", "html=../o.html", "--report", "jsonl=../o.jsonl"];
    let arguments = [&["run", "--suite", "../suite", "--for", "1m"], &reports[..], TARGET].concat();
    let temporary = || {
        let entries = fs::read_dir(sandbox.path(".")).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.starts_with(".conformance-")).collect();
        names.sort();
        names
    };
    let mut child = sandbox.command(&arguments).spawn().unwrap();
    while temporary().len() < 4 {
        assert!(child.try_wait().unwrap().is_none(), "the run ended");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(temporary().len(), 4);
    let finished =
        sandbox.command(&[&["run", "--suite", "../suite"], &reports[..], TARGET].concat()).status().unwrap();
    assert_eq!(finished.code(), Some(1));
    assert_eq!(temporary(), [".conformance-folder", ".conformance-locked"]);
    drop(locked);
}
