//! Invalid files: each file of `wrong/` has one mistake, and the file next to it has the message of the program.
//!
//! The folder says which file it is of the suite in `suites/plain`: one more scenario (with a schema of the same name), the
//! manifest or the register in place of the right one, or a target file for it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::golden;
use crate::program::{Finished, conformance_in, copy, data};

#[test]
fn reports_each_mistake_in_a_scenario_once_with_its_location() {
    each("scenario", |folder, file| {
        fs::copy(file, folder.join("suite/desk/wrong.yaml")).unwrap();
        let schema = file.with_extension("json");
        if schema.exists() {
            fs::copy(schema, folder.join("suite/desk/wrong.json")).unwrap();
        }
        conformance_in(folder, &["check", "--suite", "suite"])
    });
}

#[test]
fn reports_each_mistake_in_a_manifest_once_with_its_location() {
    each("manifest", |folder, file| {
        fs::copy(file, folder.join("suite/suite.yaml")).unwrap();
        conformance_in(folder, &["check", "--suite", "suite"])
    });
}

#[test]
fn reports_each_mistake_in_a_register_once_with_its_location() {
    each("register", |folder, file| {
        fs::copy(file, folder.join("suite/requirements.yaml")).unwrap();
        conformance_in(folder, &["check", "--suite", "suite"])
    });
}

#[test]
fn reports_each_mistake_in_a_target_file_once_with_its_location() {
    each("target", |folder, file| {
        fs::copy(file, folder.join("target.yaml")).unwrap();
        conformance_in(folder, &["run", "--suite", "suite", "--target", "target.yaml"])
    });
}

/// Runs the program on every wrong file of a kind, within an otherwise valid suite.
fn each(kind: &str, show: impl Fn(&Path, &Path) -> Finished) {
    let mut complaints = Vec::new();
    for file in wrong_files(kind) {
        let folder = right_suite();
        let finished = show(folder.path(), &file);
        complaints.extend(complaint(&file, &finished));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

/// A folder with a valid `suite`.
fn right_suite() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&data("suites/plain"), &folder.path().join("suite"));
    folder
}

fn wrong_files(kind: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(data("wrong").join(kind)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// What is wrong with the program's message about a wrong file.
fn complaint(file: &Path, finished: &Finished) -> Option<String> {
    let name = file.display();
    let Finished { code, stdout, stderr } = finished;
    if *code != Some(2) || !stdout.is_empty() {
        return Some(format!("{name}: exit {code:?}\n{stdout}{stderr}"));
    }
    let messages = stderr.lines().filter(|line| line.starts_with("error: ")).count();
    let places = stderr.lines().filter(|line| line.trim_start().starts_with("--> ")).count();
    if (messages, places) != (1, 1) {
        return Some(format!("{name}: {messages} messages, {places} places\n{stderr}"));
    }
    golden::compare(&file.with_extension("stderr"), stderr).err()
}

#[test]
fn every_message_belongs_to_a_wrong_file() {
    for kind in ["scenario", "manifest", "register", "target"] {
        let entries = fs::read_dir(data("wrong").join(kind)).unwrap().map(|entry| entry.unwrap().path());
        let messages = entries.filter(|path| path.extension().is_some_and(|ending| ending == "stderr"));
        for message in messages {
            assert!(message.with_extension("yaml").exists(), "{} is left over", message.display());
        }
    }
}

#[test]
fn the_suite_that_is_made_wrong_is_right() {
    let folder = right_suite();
    let finished = conformance_in(folder.path(), &["check", "--suite", "suite"]);
    // It has a fixture and a profile that only wrong files use.
    let warnings = finished.stderr.lines().filter(|line| line.starts_with("warning: "));
    assert_eq!((finished.code, warnings.count()), (Some(0), 2), "{}", finished.stderr);
}
