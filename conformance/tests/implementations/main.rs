//! Runs the whole suite against independent implementations: the Flask one, with old and current packages, and the Node one. Also compares
//! one of them with the reference server for random requests. Runs the suite for container registries against a registry.
//!
//! These tests need Node, docker-registry, and Python with network access to install Flask, so they run only on request: `cargo test -p conformance-http --test
//! implementations -- --ignored`. Packages are installed in `target/tmp`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use environment::{environment, targets};

mod differential;
mod environment;
mod registry;
mod variants;

#[test]
#[ignore = "installs Flask 1.1 from the package index"]
fn flask_with_the_original_packages_conforms() {
    let folder = targets("flask");
    let python = environment(&folder.join("requirements-course.txt"));
    conforms(&folder, &format!("{}/bin:", python.display()));
}

/// The program comes from a wheel, in a virtual environment, without cargo in `PATH`, and uses the suite that it contains.
#[test]
#[ignore = "installs the current Flask from the package index"]
fn flask_with_current_packages_conforms_by_wheel() {
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let folder = tempfile::tempdir().unwrap();
    let wheel = Command::new(packaging.join("python/debug-wheel"))
        .arg(env!("CARGO_BIN_EXE_conformance"))
        .arg(folder.path())
        .output()
        .unwrap();
    let wheel = String::from_utf8(wheel.stdout).unwrap();
    let tested = Command::new(packaging.join("test-wheel")).arg(wheel.trim()).output().unwrap();
    let stdout = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{stdout}{}", String::from_utf8_lossy(&tested.stderr));
}

#[test]
#[ignore = "needs Node"]
fn node_implementation_conforms() {
    conforms(&targets("node"), "");
}

/// Runs the suite against a target file of the repository, with `programs` first in `PATH`.
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

/// Returns all files below a folder, with their contents.
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
