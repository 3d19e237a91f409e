//! Links and contents of the book.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::{Value as Json, json};

use super::{pages, repository};

#[test]
fn contents_list_every_page_once() {
    let summary = fs::read_to_string(repository("docs/SUMMARY.md")).unwrap();
    let link = Regex::new(r"\]\(([^)]+)\)").unwrap();
    let listed: Vec<String> = link.captures_iter(&summary).map(|found| found[1].to_owned()).collect();
    let files = pages().into_iter().filter(|page| page.parent().unwrap().ends_with("docs"));
    let files: BTreeSet<String> =
        files.map(|page| page.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), files);
    assert_eq!(listed.len(), files.len(), "{listed:?}");
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    let others = [
        "scenarios/README.md",
        "conformance/README.md",
        "reference-server/README.md",
        "CONTRIBUTING.md",
        "docs/SUMMARY.md",
    ];
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages().into_iter().chain(others.map(repository)) {
        for target in links(&fs::read_to_string(&page).unwrap()) {
            seen += 1;
            if let Err(reason) = leads(&page, &target) {
                wrong.push(format!("{}: {target}: {reason}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 100, "{seen}");
}

/// The targets of links and pictures outside of code, without those of the web.
fn links(page: &str) -> Vec<String> {
    let prose = without_code(page);
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let targets = link.captures_iter(&prose).map(|found| found[1].to_owned());
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
}

/// Leaves out blocks and spans of code.
fn without_code(page: &str) -> String {
    let prose: String = page.split("\n```").step_by(2).collect::<Vec<_>>().join("\n");
    Regex::new("`[^`\n]*`").unwrap().replace_all(&prose, "").into_owned()
}

fn leads(page: &Path, target: &str) -> Result<(), &'static str> {
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let file = if path.is_empty() { page.to_owned() } else { page.parent().unwrap().join(path) };
    if !file.exists() {
        return Err("no such file");
    }
    match anchor {
        Some(anchor) if !anchors(&included(&file)).contains(anchor) => Err("no such heading"),
        _ => Ok(()),
    }
}

/// The text of a page, with that of files that it includes.
fn included(page: &Path) -> String {
    let text = fs::read_to_string(page).unwrap();
    let include = Regex::new(r"\{\{#include ([^:}]+)[^}]*\}\}").unwrap();
    let others = include
        .captures_iter(&text)
        .map(|found| fs::read_to_string(page.parent().unwrap().join(&found[1])).unwrap());
    others.fold(text.clone(), |text, other| text + &other)
}

/// The anchors of headings, as GitHub and mdBook make them.
fn anchors(page: &str) -> BTreeSet<String> {
    let prose = page.split("\n```").step_by(2).collect::<Vec<_>>().join("\n");
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = kept.chars().filter(|one| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_'));
        kept.map(|one| if one == ' ' { '-' } else { one }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn links_out_of_the_book_lead_to_a_page_or_become_text() {
    let page = "[a](../scenarios/README.md#keys) [b](../docs/tls.md) [c](../Makefile) [d](ci.md)\n```\n[e](../Makefile)\n```\n";
    let book = json!([{}, {"items": [{"Chapter": {"content": page, "sub_items": []}}]}]);
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("book.json");
    fs::write(&input, book.to_string()).unwrap();
    let mut script = Command::new("python3");
    script
        .arg(repository("docs/links.py"))
        .stdin(File::open(input).unwrap())
        .env_remove("CONFORMANCE_REPOSITORY");
    let corrected: Json = serde_json::from_slice(&script.output().unwrap().stdout).unwrap();
    let expected = "[a](language.md#keys) [b](tls.md) c [d](ci.md)\n```\n[e](../Makefile)\n```\n";
    assert_eq!(corrected["items"][0]["Chapter"]["content"], expected);
}
