//! Tests generated schemas, completions and manual pages, and watch mode.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::program::conformance_in;
use crate::sandbox::Sandbox;

fn run(arguments: &[&str]) -> crate::program::Finished {
    conformance_in(&std::env::temp_dir(), arguments)
}

#[test]
fn printed_schemas_match_the_checked_in_files() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for (name, path) in [
        ("scenario", "scenarios/schema/scenario.json"),
        ("suite", "scenarios/schema/suite.json"),
        ("requirements", "scenarios/schema/requirements.json"),
        ("report", "conformance/schema/report.json"),
        ("editor", ".vscode/settings.json"),
    ] {
        let kept = std::fs::read_to_string(format!("{root}/{path}")).unwrap();
        assert!(run(&["schema", name]).stdout == kept, "{path}");
    }
    assert_eq!(run(&["schema", "nothing"]).code, Some(2));
}

#[test]
fn completions_and_manual_pages_have_every_option_of_run() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]).stdout;
        assert!(script.contains("show-secrets") && script.contains("watch"), "{shell}");
    }
    let page = run(&["man", "run"]).stdout;
    assert!(page.contains(".TH conformance-run 1") && page.contains("\\-\\-show\\-secrets"), "{page}");
    assert!(run(&["man"]).stdout.contains(".TH conformance 1"));
    let unknown = run(&["man", "runn"]);
    assert_eq!(
        (unknown.code, unknown.stderr.contains("did you mean `run`?")),
        (Some(2), true),
        "{unknown:?}"
    );
}

#[test]
fn watch_reruns_failed_steps_after_a_change() {
    let sandbox = Sandbox::python().with("FAULT", "login-wrong-password-403");
    let arguments = ["run", "-q", "--watch", "--filter", "session/7-login", "--", "python3", "server.py"];
    let mut started = sandbox.start(&arguments);
    await_rounds(&sandbox, 1);
    let first = sandbox.read("stdout");
    let mut server = OpenOptions::new().append(true).open(sandbox.path("implementation/server.py")).unwrap();
    writeln!(server, "# changed").unwrap();
    await_rounds(&sandbox, 2);
    started.signal(Signal::INT);
    let finished = started.wait();
    assert_eq!(finished.code, Some(130));
    assert!(first.contains("steps: ") && first.contains(" pass"), "{first}");
    let second = finished.stdout.strip_prefix(&first).unwrap();
    assert!(second.contains("steps: 1 fail\n"), "{second}");
    sandbox.assert_no_process();
    sandbox.assert_no_temporary_file();
}

fn await_rounds(sandbox: &Sandbox, rounds: usize) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while sandbox.read("stderr").matches("waiting for changes").count() < rounds {
        assert!(Instant::now() < deadline, "{}", sandbox.read("stderr"));
        thread::sleep(Duration::from_millis(20));
    }
}
