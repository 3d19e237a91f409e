//! Scenarios that share a target: one at a time for each process, unless the suite allows more.

use std::fs;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::events::{self, RunReport};
use crate::program::{data, unused_port};
use crate::sandbox::Sandbox;

const COMMAND: [&str; 3] = ["--", "python3", "careful.py"];

#[test]
fn scenarios_with_many_jobs_never_use_one_process_at_the_same_time() {
    let sandbox = sandbox("", &many("path: /alone"));
    let report = run(&sandbox, &["--jobs", "8"]);
    assert_all(&report, "pass");
    assert_eq!(report.steps.len(), 48);
}

#[test]
fn scenarios_never_use_a_running_target_at_the_same_time() {
    let sandbox = sandbox("", &many("path: /alone"));
    let server = Server::start(&sandbox);
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "--jobs", "8", &server.url]);
    assert_all(&report, "pass");
}

#[test]
fn a_suite_can_allow_scenarios_to_use_one_process_at_the_same_time() {
    let sandbox = sandbox("concurrency: shared\n", &many("path: /together"));
    assert_all(&run(&sandbox, &["--jobs", "8"]), "pass");
    assert_eq!(starts(&sandbox), 1);
    let sandbox = self::sandbox("concurrency: often\n", &many("path: /together"));
    let finished = sandbox.run(&["check", "--suite", "../suite"]);
    assert_eq!(finished.code, Some(2));
    assert!(
        finished.stderr.contains("often") && finished.stderr.contains("exclusive"),
        "{}",
        finished.stderr
    );
}

#[test]
fn requests_of_a_race_are_still_sent_at_the_same_time() {
    let races = [("a".to_owned(), step("race", "race: 8, request: {path: /together}"))];
    assert_all(&run(&sandbox("", &races), &[]), "pass");
}

#[test]
fn while_one_scenario_waits_another_one_uses_another_process() {
    let waits = |name: &str| (name.to_owned(), step("waits", "wait: 5s, request: {path: /alone}"));
    let sandbox = sandbox("", &[waits("a"), waits("b")]);
    assert_all(&run(&sandbox, &[]), "pass");
    assert_eq!(starts(&sandbox), 2);
}

const LOSES: &str = "- {id: put, title: t, covers: [ONE], request: {method: PUT, path: /value, body: kept}, expect: {status: 200}}\n\
                     - {id: hang, title: t, covers: [ONE], request: {path: /hang}, expect: {status: 200}}";
const READS: &str = "- {id: get, title: t, covers: [ONE], request: {path: /value}, expect: {text: kept}}";

#[test]
fn a_restart_after_a_timeout_is_reported_with_the_loss_of_stored_state() {
    let sandbox = sandbox("", &[("a".to_owned(), LOSES.to_owned()), ("b".to_owned(), READS.to_owned())]);
    let report = run(&sandbox, &["--timeout", "3s"]);
    assert_eq!(report.verdicts(), [("t/a::put", "pass"), ("t/a::hang", "fail"), ("t/b::get", "fail")]);
    let note = "the target of profile `any` was started again, because the step t/a::hang timed out; data stored before is lost";
    assert_eq!(report.step("t/b::get")["restarted"], note);
    assert!(report.step("t/a::hang")["restarted"].is_null());
    assert_eq!(report.footer["notes"], serde_json::json!([note]));
    let stdout = &report.finished.stdout;
    assert!(stdout.contains(&format!("   note      {note}\n")), "{stdout}");
    assert!(stdout.contains(&format!("\nnote: {note}\n")), "{stdout}");
}

#[test]
fn a_step_that_was_not_selected_is_not_recorded_when_a_restart_fails() {
    let sandbox = sandbox("", &[]);
    let step = |id: &str, more: &str| {
        format!("- {{id: {id}, title: t, {more}request: {{path: /alone}}, expect: {{status: 200}}}}\n")
    };
    let scenario = format!(
        "format: 1\ntitle: t\nprofile: any\nisolated: true\nsteps:\n{}{}cleanup:\n{}{}",
        step("first", "covers: [ONE], "),
        step("later", "covers: [ONE], target: restart, "),
        step("restarts", "target: restart, "),
        step("closes", ""),
    );
    sandbox.write("suite/t/a.yaml", &scenario);
    let script = "test -e came-up && exit 3; touch came-up; exec python3 careful.py";
    let report = events::run(
        &sandbox,
        &["run", "--suite", "../suite", "--filter", "t/a::first", "--", "sh", "-c", script],
    );
    assert_eq!(report.verdicts(), [("t/a::first", "pass")]);
    assert_eq!((report.finished.code, &report.header["steps"]), (Some(0), &1.into()));
}

/// A response that takes minutes to judge.
const SLOW: &str = "request: {path: \"/list?150000\"}, expect: {json: !schema many.json}";

#[test]
fn an_interrupt_does_not_wait_for_a_response_that_is_being_judged() {
    let sandbox =
        sandbox("", &[("a".to_owned(), format!("- {{id: slow, title: t, covers: [ONE], {SLOW}}}\n"))]);
    let run = sandbox.start(&[&["run", "--suite", "../suite"], &COMMAND[..]].concat());
    sandbox.await_file("notes/listed");
    std::thread::sleep(std::time::Duration::from_secs(1));
    run.signal(Signal::INT);
    let finished = run.finish();
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert!(finished.stdout.contains("interrupted after 0 of 1 step"), "{finished:?}");
}

#[test]
fn a_second_interrupt_ends_the_program_while_a_cleanup_step_waits_or_is_judged() {
    for (step, file) in [("request: {path: /hang}, expect: {status: 200}", "hangs"), (SLOW, "listed")] {
        let steps = format!(
            "{}cleanup:\n- {{id: slow, title: t, {step}}}\n",
            self::step("open", "request: {path: /alone}") + "\n"
        );
        let sandbox = sandbox("", &[("a".to_owned(), steps)]);
        let run =
            sandbox.start(&[&["run", "--suite", "../suite", "--timeout", "10m"], &COMMAND[..]].concat());
        sandbox.await_file(&format!("notes/{file}"));
        std::thread::sleep(std::time::Duration::from_secs(1));
        run.signal(Signal::INT);
        std::thread::sleep(std::time::Duration::from_millis(200));
        run.signal(Signal::INT);
        let mut run = run;
        assert_eq!(run.wait().code, Some(130));
        sandbox.assert_no_process();
        sandbox.assert_no_temporary_file();
    }
}

#[test]
fn the_folder_of_a_killed_run_is_removed_by_the_next() {
    let sandbox = sandbox("", &[("a".to_owned(), step("hang", "request: {path: /hang}"))]);
    let mut run =
        sandbox.start(&[&["run", "--suite", "../suite", "--timeout", "10m"], &COMMAND[..]].concat());
    sandbox.await_file("notes/hangs");
    run.signal(Signal::KILL);
    run.wait();
    sandbox.assert_no_process();
    assert_eq!(fs::read_dir(sandbox.path("temporary")).unwrap().count(), 1);
    sandbox.write("suite/t/a.yaml", &scenario("a", &step("open", "request: {path: /alone}")));
    // Also asserts that no temporary file is left.
    assert_eq!(self::run(&sandbox, &[]).finished.code, Some(0));
}

fn run(sandbox: &Sandbox, flags: &[&str]) -> RunReport {
    events::run(sandbox, &[&["run", "--suite", "../suite"], flags, &COMMAND].concat())
}

fn assert_all(report: &RunReport, verdict: &str) {
    let wrong: Vec<_> = report.verdicts().into_iter().filter(|(_, one)| *one != verdict).collect();
    assert!(wrong.is_empty() && !report.steps.is_empty(), "{wrong:?}\n{}", report.finished.stdout);
}

fn starts(sandbox: &Sandbox) -> usize {
    let names = fs::read_dir(sandbox.path("notes")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with("started-")).count()
}

fn step(id: &str, more: &str) -> String {
    format!("- {{id: {id}, title: t, covers: [ONE], {more}, expect: {{status: 200}}}}")
}

/// Scenarios whose steps all send this request.
fn many(request: &str) -> Vec<(String, String)> {
    let request = format!("request: {{{request}}}");
    let steps = ["one", "two", "three", "four"].map(|id| step(id, &request)).join("\n");
    (10..22).map(|name| (name.to_string(), steps.clone())).collect()
}

fn scenario(name: &str, steps: &str) -> String {
    format!("format: 1\ntitle: {name}\nprofile: any\nsteps:\n{steps}\n")
}

fn sandbox(manifest: &str, scenarios: &[(String, String)]) -> Sandbox {
    let sandbox = Sandbox::empty();
    let notes = sandbox.path("notes");
    fs::create_dir_all(sandbox.path("suite/t")).unwrap();
    fs::create_dir(&notes).unwrap();
    fs::copy(data("targets/careful.py"), sandbox.path("implementation/careful.py")).unwrap();
    sandbox.write(
        "suite/suite.yaml",
        &format!(
            "format: 1\ntitle: Shared\norigin: http://shared.example\nlaunch:\n  env: {{API_PORT: \"${{port}}\"}}\n  \
             ready: curl \"http://shared.example/\"\nprofiles: {{any: {{}}}}\n{manifest}"
        ),
    );
    sandbox.write(
        "suite/requirements.yaml",
        "format: 1\nrequirements:\n  - {id: ONE, level: must, clause: \"1\", text: It responds.}\n",
    );
    let bounds: Vec<String> = (0..2000).map(|bound| format!(r#"{{"minimum": -{bound}}}"#)).collect();
    sandbox.write("suite/t/many.json", &format!(r#"{{"items": {{"allOf": [{}]}}}}"#, bounds.join(",")));
    for (name, steps) in scenarios {
        sandbox.write(&format!("suite/t/{name}.yaml"), &scenario(name, steps));
    }
    sandbox.with("NOTES", notes.display().to_string())
}

/// The target, started before the program.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(sandbox: &Sandbox) -> Self {
        let port = unused_port();
        let child = Command::new("python3")
            .arg(sandbox.path("implementation/careful.py"))
            .env("API_PORT", port.to_string())
            .env("NOTES", sandbox.path("notes"))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, url: format!("http://127.0.0.1:{port}") };
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
