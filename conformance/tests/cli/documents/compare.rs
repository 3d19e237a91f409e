//! Tests the comparison of several implementations.

use std::fs;

use super::document;
use crate::program::conformance_in;

#[test]
fn compares_reports_on_a_terminal_and_as_html() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["ann", "bob"] {
        fs::write(folder.path().join(format!("{name}.jsonl")), document("jsonl")).unwrap();
    }
    let finished =
        conformance_in(folder.path(), &["compare", "ann.jsonl", "bob.jsonl", "--html", "table.html"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("2 implementations"), "{}", finished.stdout);
    assert!(
        finished
            .stdout
            .lines()
            .any(|line| line.starts_with("SESSION-7.6 ") && line.matches('✕').count() == 2),
        "{}",
        finished.stdout
    );
    let page = fs::read_to_string(folder.path().join("table.html")).unwrap();
    assert!(page.contains("data-name=\"ann\"") && page.contains("data-id=\"SESSION-7.6\""));
}

#[test]
fn rejects_reports_without_a_footer() {
    let folder = tempfile::tempdir().unwrap();
    let whole = document("jsonl");
    let cut = whole.trim_end().rsplit_once('\n').unwrap().0;
    fs::write(folder.path().join("cut.jsonl"), cut).unwrap();
    fs::write(folder.path().join("torn.jsonl"), &whole[..whole.len() - 20]).unwrap();
    for name in ["cut.jsonl", "torn.jsonl"] {
        let finished = conformance_in(folder.path(), &["compare", name]);
        assert_eq!(finished.code, Some(2));
        assert_eq!(
            finished.stderr,
            format!(
                "error: the report {name} is incomplete: it has no footer\n  = the run did not end; run it again\n"
            )
        );
    }
    let finished = conformance_in(folder.path(), &["compare", "nowhere.jsonl"]);
    assert_eq!(
        (finished.code, finished.stderr.contains("cannot read the report")),
        (Some(2), true),
        "{finished:?}"
    );
}
