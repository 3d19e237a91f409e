//! `conformance doctor`, `--version`, and the instructions for completions.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::program::{conformance, conformance_in};

#[test]
fn doctor_prints_what_works_and_exits_with_0() {
    let finished = conformance_in(Path::new("."), &["doctor"]);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    for name in ["suite", "shell", "scratch", "network", "bubblewrap", "landlock", "curl", "python3"] {
        let line = finished.stdout.lines().find(|line| line.split_whitespace().nth(1) == Some(name));
        assert!(line.is_some_and(|line| line.starts_with("  ok ") || line.starts_with("  -  ")), "{name}");
    }
    assert!(finished.stdout.contains("built in: "), "{}", finished.stdout);
    assert!(finished.stdout.contains(&std::env::temp_dir().display().to_string()), "{}", finished.stdout);
}

#[test]
fn doctor_fails_if_no_scratch_folder_can_be_created() {
    let output = conformance(Path::new(".")).arg("doctor").env("TMPDIR", "/missing/folder").output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    let line = stdout.lines().find(|line| line.contains(" scratch ")).unwrap();
    assert!(line.starts_with("  FAILS") && line.contains("/missing/folder"), "{line}");
    assert!(line.contains("set TMPDIR"), "{line}");
}

#[test]
fn doctor_names_an_invalid_suite() {
    let sandbox = TempDir::new().unwrap();
    fs::write(sandbox.path().join("suite.yaml"), "title: [").unwrap();
    let finished = conformance_in(sandbox.path(), &["doctor", "--suite", "."]);
    assert_eq!(finished.code, Some(1), "{}", finished.stdout);
    let line = finished.stdout.lines().find(|line| line.contains(" suite ")).unwrap();
    assert!(line.starts_with("  FAILS") && line.contains("conformance check"), "{line}");
}

/// A program in `PATH` is not trusted: its version cannot control the terminal, and it may hang.
#[test]
fn doctor_escapes_versions_and_stops_programs_that_hang() {
    use std::os::unix::fs::PermissionsExt as _;

    let sandbox = TempDir::new().unwrap();
    for (name, script) in [("curl", "printf '\\033[31m::error::x\\n'"), ("hurl", "exec sleep 600")] {
        let path = sandbox.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", sandbox.path().display(), std::env::var("PATH").unwrap());
    let output = conformance(Path::new(".")).arg("doctor").env("PATH", path).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(!stdout.contains('\x1b'), "{stdout}");
    assert!(stdout.contains("\\x1b[31m"), "{stdout}");
    let line = stdout.lines().find(|line| line.contains(" hurl ")).unwrap();
    assert!(line.contains("prints no version"), "{line}");
}

#[test]
fn version_begins_with_that_of_the_package() {
    let finished = conformance_in(Path::new("."), &["--version"]);
    assert!(
        finished.stdout.starts_with(concat!("conformance ", env!("CARGO_PKG_VERSION"))),
        "{}",
        finished.stdout
    );
}

#[test]
fn help_of_completions_says_where_to_put_the_script() {
    let finished = conformance_in(Path::new("."), &["completions", "--help"]);
    for place in ["bash-completion/completions/conformance", "_conformance", "completions/conformance.fish"] {
        assert!(finished.stdout.contains(place), "{}", finished.stdout);
    }
}
