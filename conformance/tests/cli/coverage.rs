//! Tests `conformance coverage`: which steps cover which requirements, and which exchanges of a document no step covers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::program::{Finished, conformance_in, data};

fn coverage(arguments: &[&str]) -> Finished {
    conformance_in(Path::new("."), &[&["coverage"], arguments].concat())
}

fn against(document: &str) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.md"), document).unwrap();
    conformance_in(folder.path(), &["coverage", "--spec", "notes.md"])
}

#[test]
fn every_exchange_of_the_session_document_has_a_step() {
    let document = data("specifications/session.md").display().to_string();
    let finished = coverage(&["--spec", &document]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.ends_with("none of 33 exchanges without a step\n"), "{}", finished.stdout);
}

#[test]
fn exchanges_are_covered_by_the_scenario_of_their_task() {
    let document = data("specifications/session.md").display().to_string();
    let finished = coverage(&["--spec", &document, "--format", "json"]);
    let whole: Json = serde_json::from_str(&finished.stdout).unwrap();
    let tasks = BTreeMap::from([
        ("0. Task 0", "session/0-"),
        ("1. Task 1", "session/1-"),
        ("4. Task 4", "session/4-"),
        ("5. Task 5", "session/5-"),
        ("6. Task 6", "session/6-"),
        ("7. Task 7", "session/7-"),
        ("8. Task 8", "session/8-"),
    ]);
    for exchange in whole["specification"]["exchanges"].as_array().unwrap() {
        let task = tasks[exchange["heading"].as_str().unwrap()];
        let steps = exchange["steps"].as_array().unwrap();
        assert!(steps.iter().any(|step| step["id"].as_str().unwrap().starts_with(task)), "{exchange}");
    }
}

#[test]
fn covers_exactly_what_import_reads() {
    let folder = tempfile::tempdir().unwrap();
    let text = "```\n$ echo a > note.txt\n$ curl http://h.test/a -d @note.txt\nok\n$ curl http://h.test/b\n{\"a\": 1}\n{\"a\": 2}\n$ curl http://h.test/c\n{\"a\": 1, // one\n}\n```\n";
    fs::write(folder.path().join("a.md"), text).unwrap();
    let finished = conformance_in(folder.path(), &["import", "a.md", "--out", "suite"]);
    assert!(finished.stdout.contains("3 exchanges imported, 0 commands left out"), "{}", finished.stdout);
    let finished = conformance_in(folder.path(), &["coverage", "--suite", "suite", "--spec", "a.md"]);
    assert!(finished.stdout.ends_with("a.md: none of 3 exchanges without a step\n"), "{}", finished.stdout);
}

#[test]
fn reports_the_line_of_an_exchange_without_a_step() {
    let finished =
        against("# More\n\n```\n$ curl \"http://0.0.0.0:5000/api/v1/teapot\"\nshort and stout\n```\n");
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.stdout.contains("not covered: notes.md:4: no step sends this request\n"),
        "{}",
        finished.stdout
    );
    assert!(finished.stdout.ends_with("notes.md: 1 of 1 exchange without a step\n"), "{}", finished.stdout);
}

#[test]
fn rejects_documents_without_exchanges() {
    assert_eq!(against("# Nothing\n").code, Some(4));
    let finished = coverage(&["--spec", "nowhere.md"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("cannot read the document nowhere.md"), "{}", finished.stderr);
}

#[test]
fn writes_text_markdown_and_json() {
    let text = coverage(&[]).stdout;
    assert!(text.contains("\n  SESSION-7.2    must "), "{text}");
    assert!(text.contains("\n      session/7-"), "{text}");
    let markdown = coverage(&["--format", "markdown"]).stdout;
    assert!(markdown.contains("\n| SESSION-7.2 | must | "), "{markdown}");
    let whole: Json = serde_json::from_str(&coverage(&["--format", "json"]).stdout).unwrap();
    for requirement in whole["requirements"].as_array().unwrap() {
        let covered = !requirement["steps"].as_array().unwrap().is_empty();
        assert_ne!(covered, requirement["untested"].is_string(), "{requirement}");
    }
}

#[test]
fn untested_requirements_in_the_readme_match_the_register() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let readme = fs::read_to_string(scenarios.join("README.md")).unwrap();
    let section = readme.split("## Not tested, and why").nth(1).unwrap();
    let listed: BTreeMap<String, [String; 3]> = (section.lines())
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|row| row.split(" | ").map(str::to_owned).collect::<Vec<_>>())
        .filter(|cells| cells.len() == 4 && cells[0] != "id")
        .map(|cells| (cells[0].clone(), [cells[1].clone(), cells[2].clone(), cells[3].clone()]))
        .collect();
    let suite = scenarios.display().to_string();
    let whole: Json =
        serde_json::from_str(&coverage(&["--suite", &suite, "--format", "json"]).stdout).unwrap();
    let requirements = whole["requirements"].as_array().unwrap();
    for requirement in requirements {
        let has_steps = !requirement["steps"].as_array().unwrap().is_empty();
        assert_ne!(has_steps, requirement["untested"].is_string(), "{requirement}");
    }
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let untested: BTreeMap<String, [String; 3]> = (requirements.iter())
        .filter(|requirement| requirement["untested"].is_string())
        .map(|one| (text(&one["id"]), [text(&one["level"]), text(&one["text"]), text(&one["untested"])]))
        .collect();
    assert_eq!(listed, untested);
}

#[test]
fn coverage_reads_a_document_as_import_does() {
    let folder = tempfile::tempdir().unwrap();
    let document = data("documents/library.md").display().to_string();
    let import = conformance_in(folder.path(), &["import", &document, "--out", "suite"]);
    assert_eq!(import.code, Some(0), "{}", import.stderr);
    let finished = conformance_in(folder.path(), &["coverage", "--suite", "suite", "--spec", &document]);
    assert!(finished.stdout.ends_with("1 of 9 exchanges without a step\n"), "{}", finished.stdout);
    assert!(finished.stdout.contains("curl option `--ntlm` is not supported"), "{}", finished.stdout);
}
