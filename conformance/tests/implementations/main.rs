//! The whole suite against implementations that share nothing with this repository's Rust: the course in Flask, in both of its
//! generations, and the API in Node. And random requests to one of them and to the reference server at once.
//!
//! They need Python with a network to install Flask, and Node, so they run on request:
//! `cargo test -p conformance --test implementations -- --ignored`. What was installed stays in `target/tmp`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use environment::{environment, targets};

mod differential;
mod environment;

#[test]
#[ignore = "installs Flask 1.1 from the package index"]
fn the_course_in_the_flask_of_its_days_conforms() {
    flask("requirements-course.txt");
}

#[test]
#[ignore = "installs the current Flask from the package index"]
fn the_course_in_the_current_flask_conforms() {
    flask("requirements-current.txt");
}

#[test]
#[ignore = "needs Node"]
fn the_api_in_node_conforms() {
    conforms(&targets("node"), "");
}

/// Runs the suite against the Flask target with the packages of one generation.
fn flask(requirements: &str) {
    let folder = targets("flask");
    let python = environment(&folder.join(requirements));
    conforms(&folder, &format!("{}/bin:", python.display()));
}

/// Runs the suite against a shipped target file, with `programs` before everything else in PATH.
fn conforms(folder: &Path, programs: &str) {
    let before = files(folder);
    let path = format!("{programs}{}", std::env::var("PATH").unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(["run", "--jobs", "4", "--color", "never", "--target"])
        .arg(folder.join("target.yaml"))
        .arg("--suite")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios"))
        .env("PATH", path)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    assert!(before == files(folder), "the implementation's folder was written to");
}

/// Every file below a folder, with its content.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.insert(entry.path(), fs::read(entry.path()).unwrap());
        }
    }
    found
}
