//! What the README shows is what happens: its commands are run as they stand there.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::data;

/// The part of the README under a heading.
fn section(heading: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, rest) = readme.split_once(&format!("## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap().to_owned()
}

/// The commands that a part shows.
fn commands(section: &str) -> &str {
    section.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0
}

/// Runs commands one behind the other, as somebody who types them, up to the first that fails.
fn typed(folder: &Path, commands: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_conformance")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-exc", commands]).current_dir(folder).env("PATH", path).stdin(Stdio::null());
    let output = shell.output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    told
}

#[test]
fn the_way_from_a_document_to_a_running_suite_is_as_the_readme_says() {
    let section = section("From a specification with transcripts to a running suite in two minutes");
    let folder = tempfile::tempdir().unwrap();
    for name in ["library.md", "desk.py"] {
        fs::copy(data("documents").join(name), folder.path().join(name)).unwrap();
    }
    let commands = commands(&section);
    assert_eq!(commands.lines().count(), 2, "{commands}");
    let told = typed(folder.path(), commands);
    assert!(told.contains("8 exchanges became steps"), "{told}");
    assert!(told.contains("MUST 8/8 pass"), "{told}");
    // It says what it makes of what stands in the document …
    let loans = fs::read_to_string(folder.path().join("suite/2-loans.yaml")).unwrap();
    for made in [
        "desk: {cookie: desk}",
        "value: !uuid",
        "since: !datetime",
        "id: {json: /id}",
        r"due: !regex '^\d{4}-\d\d-\d\d$'",
    ] {
        assert!(loans.contains(made), "{made}\n{loans}");
    }
    // … that a target is started for each environment, and that each place that is unsure is told.
    let manifest = fs::read_to_string(folder.path().join("suite/suite.yaml")).unwrap();
    assert_eq!(manifest.matches("DESK_MODE: ").count(), 2, "{manifest}");
    let unsure = fs::read_dir(folder.path().join("suite")).unwrap().map(|entry| entry.unwrap().path());
    let unsure = unsure.map(|path| fs::read_to_string(path).unwrap().matches("# unsure: ").count());
    assert_eq!(
        unsure.sum::<usize>(),
        told.lines().filter(|line| line.starts_with("unsure ")).count(),
        "{told}"
    );
}

#[test]
fn what_the_readme_shows_of_the_document_stands_in_it() {
    let section = section("From a specification with transcripts to a running suite in two minutes");
    let document = fs::read_to_string(data("documents/library.md")).unwrap();
    let mut rest = document.as_str();
    let shown: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(shown.len() >= 4, "{section}");
    for line in shown.into_iter().filter(|line| *line != "…") {
        let (_, after) = rest
            .split_once(line)
            .unwrap_or_else(|| panic!("`{line}` does not stand in the document, or not there"));
        rest = after;
    }
}
