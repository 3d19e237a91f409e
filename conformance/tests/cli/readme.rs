//! The commands in the README work as shown.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::data;

/// The section of the README under a heading.
fn section(heading: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, rest) = readme.split_once(&format!("## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap().to_owned()
}

/// The commands that a section shows.
fn commands(section: &str) -> &str {
    section.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0
}

/// Runs commands as a user who types them, up to the first failure.
fn typed(folder: &Path, commands: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_conformance")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-exc", commands]).current_dir(folder).env("PATH", path).stdin(Stdio::null());
    let output = shell.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{printed}");
    printed
}

#[test]
fn import_works_as_the_readme_shows() {
    let section = section("From a specification with transcripts to a running suite in two minutes");
    let folder = tempfile::tempdir().unwrap();
    for name in ["library.md", "desk.py"] {
        fs::copy(data("documents").join(name), folder.path().join(name)).unwrap();
    }
    let commands = commands(&section);
    assert_eq!(commands.lines().count(), 2, "{commands}");
    let output = typed(folder.path(), commands);
    assert!(output.contains("8 exchanges imported"), "{output}");
    assert!(output.contains("MUST 2/2 pass"), "{output}");
    // It prints the result of what the document contains …
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
    // … that a target is started for each environment, and that uncertain places are reported.
    let manifest = fs::read_to_string(folder.path().join("suite/suite.yaml")).unwrap();
    assert_eq!(manifest.matches("DESK_MODE: ").count(), 2, "{manifest}");
    let unsure = fs::read_dir(folder.path().join("suite")).unwrap().map(|entry| entry.unwrap().path());
    let unsure = unsure.map(|path| fs::read_to_string(path).unwrap().matches("# unsure: ").count());
    assert_eq!(
        unsure.sum::<usize>(),
        output.lines().filter(|line| line.starts_with("unsure ")).map(places).sum::<usize>(),
        "{output}"
    );
}

/// Returns the number of places that a remark of an import stands for: `unsure FILE:LINE: SENTENCE (4 places)`.
fn places(remark: &str) -> usize {
    let number = remark.rsplit_once(" (").and_then(|(_, end)| end.strip_suffix(" places)"));
    number.map_or(1, |number| number.parse().unwrap())
}

#[test]
fn document_of_the_readme_is_the_one_in_the_repository() {
    let section = section("From a specification with transcripts to a running suite in two minutes");
    let document = fs::read_to_string(data("documents/library.md")).unwrap();
    let mut rest = document.as_str();
    let shown: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(shown.len() >= 4, "{section}");
    for line in shown.into_iter().filter(|line| *line != "…") {
        let (_, after) =
            rest.split_once(line).unwrap_or_else(|| panic!("`{line}` is not in the document, or not there"));
        rest = after;
    }
}
