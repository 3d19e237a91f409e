//! Tests generated schemas, completions and manual pages, and watch mode.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::program::{conformance_in, data};
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
fn manual_pages_have_every_option_of_run() {
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
fn completion_scripts_ask_the_program() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]).stdout;
        assert!(
            script.contains("CONFORMANCE_COMPLETE") && script.contains("conformance"),
            "{shell}: {script}"
        );
    }
}

#[test]
fn bash_completes_options_and_names_of_the_suite() {
    let todo = data("../suites/todo").display().to_string();
    let completed = |words: &str| completed_by_bash(words);
    assert!(completed("run --sh").iter().any(|candidate| candidate == "--show-secrets"));
    assert_eq!(completed("run --stage session-1"), ["session-1", "session-10"]);
    assert_eq!(completed("serve --profile stored-"), ["stored-endless", "stored-expiry"]);
    assert_eq!(completed("run --profile open,stored-en"), ["open,stored-endless"]);
    assert_eq!(completed("list --filter session/7-l"), ["session/7-login"]);
    assert_eq!(completed("list --filter session/7-login::wr"), ["session/7-login::wrong-password"]);
    assert_eq!(completed("list --filter BASIC-13."), ["BASIC-13.1"]);
    assert_eq!(completed("run --report h"), ["html=", "har="]);
    assert!(completed("run --report html=/").contains(&"html=/tmp/".to_owned()));
    assert_eq!(completed(&format!("run --suite {todo} --profile w")), ["whole"]);
    assert_eq!(completed("run --suite /no/such/folder --profile w"), [""; 0]);
}

/// Returns the candidates of bash for the last of the words behind the program's name.
fn completed_by_bash(words: &str) -> Vec<String> {
    let script = r#"
        eval "$(conformance completions bash)"
        COMP_WORDS=(conformance "$@"); COMP_CWORD=$#; COMP_TYPE=9
        _clap_complete_conformance conformance "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_conformance")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let bash = std::process::Command::new("bash")
        .args(["-c", script, "bash"])
        .args(words.split(' '))
        .env("PATH", path)
        .output()
        .unwrap();
    let candidates = String::from_utf8(bash.stdout).unwrap();
    candidates.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
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
