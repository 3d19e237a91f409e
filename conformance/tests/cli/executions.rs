//! Steps that run a program in place of a request.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::events::{self, RunReport};
use crate::sandbox::Sandbox;

const SUITE: &str = "format: 1\ntitle: Tools\norigin: http://tools.example\nlaunch: {env: {PORT: \"${port}\"}}\nsecrets: [password]\n\
     profiles: {plain: {env: {MODE: plain}}}\n";
const SERVER: &str = "import http.server, os\n\
    http.server.HTTPServer((\"127.0.0.1\", int(os.environ[\"PORT\"])), http.server.SimpleHTTPRequestHandler).serve_forever()\n";

/// A sandbox with a web server and a scenario of these steps.
fn sandbox(steps: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("implementation/server.py", SERVER);
    fs::create_dir_all(sandbox.path("suite/tools")).unwrap();
    sandbox.write("suite/suite.yaml", SUITE);
    sandbox.write(
        "suite/requirements.yaml",
        "format: 1\nrequirements:\n  - {id: T-1, level: must, clause: Tools, text: Tools work.}\n",
    );
    sandbox.write("suite/tools/say.sh", "echo \"said $MODE\"\n");
    sandbox
        .write("suite/tools/tool.yaml", &format!("format: 1\ntitle: Tools\nprofile: plain\nsteps:\n{steps}"));
    sandbox
}

fn run(sandbox: &Sandbox, options: &[&str]) -> RunReport {
    let suite = ["run", "--suite", "../suite", "--color", "never"];
    events::run(sandbox, &[&suite, options, &["--", "python3", "server.py"]].concat())
}

fn step(id: &str, rest: &str) -> String {
    format!("  - {{id: {id}, title: a tool works, covers: [T-1], {rest}}}\n")
}

/// The labels of the mismatches of a step.
fn labels(report: &RunReport, id: &str) -> Vec<String> {
    let findings = report.step(&format!("tools/tool::{id}"))["findings"].as_array().cloned();
    let label = |finding: &serde_json::Value| finding["label"].as_str().unwrap().to_owned();
    findings.unwrap_or_default().iter().map(label).collect()
}

#[test]
fn runs_in_the_folder_of_the_target_with_its_environment() {
    let steps = [
        step("files", "run: ls, expect: {stdout: {lines: !containing [server.py]}}"),
        step(
            "own",
            "run: {command: 'sh \"${files}/say.sh\"', files: [say.sh]}, expect: {stdout: \"said plain\\n\"}",
        ),
        step("input", "run: {command: wc -l, stdin: \"a\\nb\\n\"}, expect: {stdout: !regex '^ *2\\s$'}"),
        step("writes", "run: touch made"),
        step("keeps", "run: {command: ls made, needs: [made]}"),
    ];
    let sandbox = sandbox(&steps.concat());
    let report = run(&sandbox, &["--verbose"]);
    assert_eq!(report.finished.code, Some(0), "{}", report.finished.stdout);
    let own = &report.step("tools/tool::own")["execution"];
    assert_eq!(own["command"], "sh '${files}/say.sh'");
    assert_eq!((&own["exit"], &own["stdout"]["text"]), (&0.into(), &"said plain\n".into()));
}

#[test]
fn exit_code_is_0_unless_another_one_is_expected() {
    let steps = [
        step("fails", "run: \"sh -c 'echo no such tool >&2; exit 3'\""),
        step("expected", "run: \"sh -c 'exit 3'\", expect: {exit: 3}"),
        step("killed", "run: \"sh -c 'kill -9 $$'\""),
        step("lines", "run: \"printf 'a\\\\nb\\\\n'\", expect: {stdout: {lines: [a, c, d]}}"),
        step("text", "run: printf 'an element', expect: {stdout: the element}"),
        step("no-json", "run: echo text, expect: {stdout: {json: {a: 1}}}"),
        step("no-value", "run: echo text, capture: {id: {stdout: 'id: (.*)'}}"),
    ];
    let sandbox = sandbox(&steps.concat());
    let report = run(&sandbox, &["--report", "junit=../junit.xml", "--report", "html=../report.html"]);
    assert_eq!(report.finished.code, Some(1));
    assert_eq!(labels(&report, "fails"), ["the program exited with status 3: no such tool"]);
    assert_eq!(labels(&report, "expected"), Vec::<String>::new());
    assert!(labels(&report, "killed")[0].contains("killed by signal 9"), "{:?}", labels(&report, "killed"));
    let lines = labels(&report, "lines");
    assert!(lines.iter().any(|label| label == "stdout has 2 lines"), "{lines:?}");
    assert!(lines.iter().any(|label| label == "line 2 of stdout is \"b\""), "{lines:?}");
    assert_eq!(labels(&report, "text"), ["stdout is \"an element\""]);
    assert!(labels(&report, "no-json")[0].starts_with("stdout is not JSON"));
    assert_eq!(labels(&report, "no-value"), ["stdout does not match /id: (.*)/"]);
    for shown in [report.finished.stdout.clone(), sandbox.read("junit.xml"), sandbox.read("report.html")] {
        assert!(shown.contains("no such tool") && shown.contains("exit code 3"), "{shown}");
    }
}

#[test]
fn program_that_does_not_end_is_killed_with_its_children() {
    let steps = step("slow", "timeout: 300ms, run: \"sh -c 'sleep 600 & echo $! >child; wait'\"")
        + &step("child", "run: cat child, capture: {pid: {stdout: '(\\d+)'}}")
        + &step("gone", "run: \"sh -c 'ps -o stat= -p ${pid} | grep -v Z'\", expect: {exit: 1}");
    let sandbox = sandbox(&steps);
    let report = run(&sandbox, &[]);
    assert_eq!(labels(&report, "slow"), ["the program did not end within 300ms"]);
    assert_eq!(report.step("tools/tool::gone")["verdict"], "pass");
}

#[test]
fn output_is_bounded() {
    let steps = step("long", "run: head -c 2000000 /dev/zero, expect: {stdout: !any }");
    let report = run(&sandbox(&steps), &[]);
    assert_eq!(labels(&report, "long"), ["the program printed more than 1,048,576 bytes to stdout"]);
    let stdout = &report.step("tools/tool::long")["execution"]["stdout"];
    assert!(stdout["text"].as_str().unwrap().len() <= 16 * 1024 && stdout["cut"] == true, "{stdout}");
}

#[test]
fn is_skipped_without_its_files_and_inconclusive_without_its_program() {
    let steps = step("lacks", "run: {command: ls, needs: [api/auth.py]}")
        + &step("unknown", "run: no-such-tool-anywhere");
    let report = run(&sandbox(&steps), &[]);
    let reason = |id: &str| report.step(&format!("tools/tool::{id}"))["reason"].clone();
    assert_eq!(report.step("tools/tool::lacks")["verdict"], "skipped");
    assert_eq!(reason("lacks"), "the folder of the target has no `api/auth.py`");
    assert_eq!(report.step("tools/tool::unknown")["verdict"], "inconclusive");
    let unknown = reason("unknown").as_str().unwrap().to_owned();
    assert!(unknown.starts_with("the program does not start: there is no program `no-such-tool-anywhere`"));
}

#[test]
fn is_skipped_for_a_url() {
    let sandbox = sandbox(&step("here", "run: ls"));
    let port = crate::program::unused_port();
    let mut server = std::process::Command::new("python3")
        .args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()])
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let limit = Instant::now() + Duration::from_mins(1);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < limit {
        thread::sleep(Duration::from_millis(20));
    }
    let url = format!("http://127.0.0.1:{port}");
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "--profile", "plain", &url]);
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(report.step("tools/tool::here")["verdict"], "skipped");
    let reason = report.step("tools/tool::here")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("only possible with a target that is started"), "{reason}");
}

#[test]
fn secrets_are_redacted_and_control_characters_escaped() {
    let steps =
        step(
            "shown",
            "run: {command: cat, stdin: \"{\\\"password\\\": \\\"open sesame\\\"}\"}, expect: {stdout: x}",
        ) + &step("token", "run: echo token-of-the-tool, capture: {token: {stdout: '(\\S+)', secret: true}}")
            + &step("again", "run: \"printf '\\\\033[2J${token}'\", expect: {stdout: x}");
    let sandbox = sandbox(&steps);
    let report =
        run(&sandbox, &["--trace", "--report", "html=../report.html", "--report", "tap=../report.tap"]);
    let shown = [
        report.finished.stdout.clone(),
        sandbox.read("report.html"),
        sandbox.read("report.tap"),
        sandbox.read("report.jsonl"),
    ];
    for text in shown {
        // The first step of the suite contains the password itself; a report redacts it there, too.
        assert!(!text.contains("open sesame") && !text.contains("token-of-the-tool\\n"), "{text}");
        assert!(!text.contains("\u{1b}[2J"), "{text}");
    }
}

#[test]
fn mistakes_are_named() {
    for (mistake, message) in [
        ("run: ls, request: {path: /}", "a step with `run` sends no request, so `request` is not allowed"),
        ("run: ls, expect: {status: 200}", "`status` is not allowed in a step with `run`"),
        ("request: {path: /}, expect: {stdout: a}", "`stdout` is only allowed in a step with `run`"),
        ("run: {stdin: a}", "`run` needs a `command`"),
        ("run: {command: ls, files: [none.py]}", "cannot read none.py"),
        ("run: {command: ls, files: [../../none.py]}", "outside of the suite"),
        ("run: 'ls \"', capture: {}", "a quote in this command is never closed"),
        ("run: ls, capture: {a: {header: x}}", "unknown key `header`"),
        ("run: ls, expect: {exit: [0, 1]}", "`exit` must be a number or a matcher"),
        ("request: {path: \"/${files}\"}", "files"),
    ] {
        let sandbox = sandbox(&step("wrong", mistake));
        let checked = sandbox.run(&["check", "--suite", "../suite"]);
        assert_eq!(checked.code, Some(2), "{mistake}");
        assert!(checked.stderr.contains(message), "{mistake}: {}", checked.stderr);
    }
}

#[test]
fn is_isolated_like_the_target() {
    let sandbox = sandbox("");
    let outside = sandbox.path("suite/escape").display().to_string();
    let steps = step("outside", &format!("run: [touch, {outside}], expect: {{exit: !not 0}}"))
        + &step("inside", "run: {command: 'sh \"${files}/say.sh\"', files: [say.sh], stdin: a}");
    let scenario = sandbox.read("suite/tools/tool.yaml") + &steps;
    sandbox.write("suite/tools/tool.yaml", &scenario);
    let report = run(&sandbox, &["--isolate"]);
    if report.finished.stderr.contains("cannot be isolated") {
        return;
    }
    assert_eq!(report.finished.code, Some(0), "{}", report.finished.stdout);
}
