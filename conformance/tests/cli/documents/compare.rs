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

#[test]
fn compare_shows_what_broke_and_what_was_fixed() {
    let folder = tempfile::tempdir().unwrap();
    let report = document("jsonl");
    // The footer without failures.
    let (steps, footer) = report.trim_end().rsplit_once('\n').unwrap();
    let footer = footer.replace("\"fail\"", "\"pass\"").replace("\"failed\"", "\"passed\"");
    fs::write(folder.path().join("good.jsonl"), format!("{steps}\n{footer}\n")).unwrap();
    fs::write(folder.path().join("bad.jsonl"), &report).unwrap();
    let compare = |before: &str, after: &str| {
        conformance_in(folder.path(), &["compare", "--before", before, "--after", after])
    };
    let broke = compare("good.jsonl", "bad.jsonl");
    assert_eq!(broke.code, Some(1), "{broke:?}");
    assert!(broke.stdout.starts_with("broke: ") && broke.stdout.contains("SESSION-7.6"), "{}", broke.stdout);
    let fixed = compare("bad.jsonl", "good.jsonl");
    assert_eq!((fixed.code, fixed.stdout.starts_with("fixed: ")), (Some(0), true), "{fixed:?}");
    let same = compare("bad.jsonl", "bad.jsonl");
    assert_eq!((same.code, same.stdout.as_str()), (Some(0), "nothing changed\n"));
}

#[test]
fn compare_does_not_mix_suites_or_selections() {
    let folder = tempfile::tempdir().unwrap();
    let report = document("jsonl");
    fs::write(folder.path().join("a.jsonl"), &report).unwrap();
    let mut header: serde_json::Value = serde_json::from_str(report.lines().next().unwrap()).unwrap();
    let rest = report.split_once('\n').unwrap().1;
    for (member, value, says) in [
        ("suite", "Another", "the suite: "),
        ("suite_version", "2", "the version of the suite: none and 2"),
        ("stage", "session-1", "the stage: "),
        ("suite_digest", "0000", "the files of the suite (SHA-256): "),
    ] {
        let kept = header[member].clone();
        header[member] = value.into();
        fs::write(folder.path().join("b.jsonl"), format!("{header}\n{rest}")).unwrap();
        header[member] = kept;
        let refused = conformance_in(folder.path(), &["compare", "a.jsonl", "b.jsonl"]);
        assert_eq!(refused.code, Some(2));
        assert!(
            refused.stderr.contains(says) && refused.stderr.contains("--force"),
            "{member}: {}",
            refused.stderr
        );
        let forced = conformance_in(folder.path(), &["compare", "--force", "a.jsonl", "b.jsonl"]);
        assert_eq!(forced.code, Some(0), "{forced:?}");
    }
    header["filters"] = serde_json::json!(["other"]);
    fs::write(folder.path().join("b.jsonl"), format!("{header}\n{rest}")).unwrap();
    let refused = conformance_in(folder.path(), &["compare", "a.jsonl", "b.jsonl"]);
    assert!(refused.stderr.contains("the filters: session/7-login, "), "{}", refused.stderr);
}

#[test]
fn any_report_becomes_any_other() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("run.jsonl"), document("jsonl")).unwrap();
    let merged = conformance_in(
        folder.path(),
        &["merge", "-q", "run.jsonl", "--report=junit=a/x.xml", "--report=csv=-"],
    );
    assert_eq!(merged.code, Some(1), "{merged:?}");
    assert!(merged.stdout.starts_with("requirement,level,clause,"), "{}", merged.stdout);
    assert_eq!(fs::read_to_string(folder.path().join("a/x.xml")).unwrap(), document("junit"));
    let compared = conformance_in(
        folder.path(),
        &["compare", "run.jsonl", "--report=html=p/{name}.html", "--html=t.html", "--csv=t.csv"],
    );
    assert_eq!(compared.code, Some(0), "{compared:?}");
    let pages: Vec<_> = fs::read_dir(folder.path().join("p")).unwrap().collect();
    assert_eq!(pages.len(), 1);
    assert!(fs::read_to_string(folder.path().join("t.html")).unwrap().contains("href=\"p/"));
    assert!(fs::read_to_string(folder.path().join("t.csv")).unwrap().contains("SESSION-7.6"));
}
