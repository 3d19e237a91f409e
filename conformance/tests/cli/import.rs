//! Sessions become scenarios: from a document that is not this project's own, and from the transcripts of the one that is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::golden;
use crate::program::{Finished, conformance_in, copy, data};

fn import(folder: &Path, document: &str, more: &[&str]) -> Finished {
    let document = data("documents").join(document);
    let document = document.to_str().unwrap();
    let arguments = [&["import", document, "--out", "suite"], more].concat();
    conformance_in(folder, &arguments)
}

/// Every file of a suite, one behind the other.
fn whole(folder: &Path) -> String {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let shown = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        format!("==> {name}\n{}", fs::read_to_string(path).unwrap())
    };
    files.iter().map(shown).collect()
}

#[test]
fn a_document_becomes_a_suite_and_says_what_it_does_not_tell() {
    let folder = tempfile::tempdir().unwrap();
    let finished = import(folder.path(), "library.md", &[]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(
        finished.stdout.contains("8 exchanges became steps, 1 commands were left out"),
        "{}",
        finished.stdout
    );
    assert!(finished.stderr.contains("library.md:55:"), "{}", finished.stderr);
    let golden = golden::compare(&data("documents/library.golden"), &whole(&folder.path().join("suite")));
    golden.unwrap_or_else(|difference| panic!("{difference}"));
}

#[test]
fn an_imported_suite_runs_as_it_is_against_what_it_describes() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(data("documents/desk.py"), folder.path().join("desk.py")).unwrap();
    assert_eq!(import(folder.path(), "library.md", &[]).code, Some(0));
    let finished = conformance_in(folder.path(), &["run", "--suite", "suite", "--", "python3", "desk.py"]);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    assert!(finished.stdout.contains("must 8 of 8"), "{}", finished.stdout);
}

#[test]
fn the_transcripts_of_the_specification_become_thirty_three_steps_that_pass_once_the_marked_places_are_filled()
 {
    let folder = tempfile::tempdir().unwrap();
    let suite = folder.path().join("suite");
    copy(&data("../../../scenarios"), &suite);
    let document = data("documents/session.md");
    let arguments = ["import", document.to_str().unwrap(), "--out", "suite/imported"];
    let finished = conformance_in(folder.path(), &arguments);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(
        finished.stdout.contains("33 exchanges became steps, 0 commands were left out"),
        "{}",
        finished.stdout
    );
    fill(&suite.join("imported"));
    let server = data("../targets/python/server.py");
    let finished = conformance_in(
        folder.path(),
        &[
            "run",
            "--suite",
            "suite",
            "--filter",
            "imported/*",
            "--verbose",
            "--",
            "python3",
            server.to_str().unwrap(),
        ],
    );
    let mut failed: Vec<&str> =
        finished.stdout.lines().filter_map(|line| line.strip_prefix("FAIL ")?.split(' ').next()).collect();
    failed.sort_unstable();
    failed.dedup();
    // A later task of the same document answers this one otherwise.
    assert_eq!(
        failed,
        ["imported/5-task-5::get-auth-session-login"],
        "{}{}",
        finished.stdout,
        finished.stderr
    );
    assert!(finished.stdout.contains("25 pass"), "{}", finished.stdout);
}

/// Fills the addresses that the document hides, and lets the list be longer: what a reader does at the places that are marked.
fn fill(folder: &Path) {
    let hidden = "[email\u{a0}protected]";
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let mut text = fs::read_to_string(&path).unwrap();
        for (line, address) in [
            ("\" -d \"password=test\"", "guillaume"),
            ("\" -d \"password=test\"", "bobsession"),
            ("\" -d \"password=fake", "bobsession"),
        ] {
            let count = if address == "guillaume" || line.contains("=test") { 1 } else { 9 };
            let with = format!("email={address}@hbtn.io{line}");
            text = text.replacen(&format!("{hidden}{line}"), &with, count);
        }
        text = text.replace(&format!("-d \"{hidden}\""), "-d \"email=guillaume@hbtn.io\"");
        text = text
            .replace("      json:\n        - created_at", "      json: !containing\n        - created_at");
        text = text.replace("      json:\n        -\n", "      json: !containing\n        -\n");
        if text.contains("\"password=fake pwd\"") && !text.contains("fixtures:") {
            text = text.replace("\n\nsteps:", "\nfixtures: [bobsession]\n\nsteps:");
        }
        fs::write(path, text).unwrap();
    }
}

#[test]
fn files_that_are_there_are_kept_unless_it_is_forced() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(import(folder.path(), "library.md", &[]).code, Some(0));
    let finished = import(folder.path(), "library.md", &[]);
    assert_eq!(finished.code, Some(2));
    assert!(
        finished.stderr.contains("is there already") && finished.stderr.contains("--force"),
        "{}",
        finished.stderr
    );
    assert_eq!(import(folder.path(), "library.md", &["--force"]).code, Some(0));
}

#[test]
fn a_recording_of_a_browser_becomes_a_suite() {
    let folder = tempfile::tempdir().unwrap();
    let recording = data("documents/recording.har");
    let finished =
        conformance_in(folder.path(), &["import", "--har", recording.to_str().unwrap(), "--out", "suite"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let golden = golden::compare(&data("documents/recording.golden"), &whole(&folder.path().join("suite")));
    golden.unwrap_or_else(|difference| panic!("{difference}"));
}

#[test]
fn a_document_without_sessions_and_a_file_that_is_no_recording_are_told_so() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.md"), "# Notes\n\nNothing.\n").unwrap();
    let finished = conformance_in(folder.path(), &["import", "notes.md", "--out", "suite"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("shows no curl command"), "{}", finished.stderr);
    let finished = conformance_in(folder.path(), &["import", "--har", "notes.md", "--out", "suite"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("is no recording"), "{}", finished.stderr);
    assert!(!folder.path().join("suite").exists());
}
