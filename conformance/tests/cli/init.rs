//! `init` writes a suite that runs.

use std::fs;

use crate::program::{conformance_in, data};

#[test]
fn init_writes_a_suite_without_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let finished = conformance_in(folder.path(), &["init", "my suite"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stdout.contains("conformance run --suite 'my suite' -- COMMAND"), "{}", finished.stdout);
    let checked = conformance_in(folder.path(), &["check", "--strict", "--suite", "my suite"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""));
    let server = "exec python3 -m http.server --bind 127.0.0.1 \"$PORT\"";
    let run = ["run", "--suite", "my suite", "--", "sh", "-c", server];
    let finished = conformance_in(folder.path(), &run);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    assert!(finished.stdout.contains("steps: 2 pass"), "{}", finished.stdout);
    let again = conformance_in(folder.path(), &["init", "my suite"]);
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("is not an empty folder; nothing was written"), "{}", again.stderr);
}

#[test]
fn init_imports_a_document() {
    let folder = tempfile::tempdir().unwrap();
    let document = data("documents/library.md");
    let finished = conformance_in(folder.path(), &["init", "suite", "--from", document.to_str().unwrap()]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(folder.path().join("suite/2-loans.yaml").exists());
}

#[test]
fn requirement_without_a_step_is_a_warning_and_an_error_with_strict() {
    let folder = tempfile::tempdir().unwrap();
    conformance_in(folder.path(), &["init", "suite"]);
    let register = folder.path().join("suite/requirements.yaml");
    let text = fs::read_to_string(&register).unwrap().replace(", untested: an example of a reason", "");
    fs::write(&register, text).unwrap();
    let checked = conformance_in(folder.path(), &["check", "--suite", "suite"]);
    assert_eq!(checked.code, Some(0));
    assert!(
        checked.stderr.contains("warning: no step covers the requirement `PAGES-3`"),
        "{}",
        checked.stderr
    );
    let checked = conformance_in(folder.path(), &["check", "--strict", "--suite", "suite"]);
    assert_eq!(checked.code, Some(2));
    assert!(checked.stderr.contains("error: no step covers the requirement `PAGES-3`"), "{}", checked.stderr);
}
