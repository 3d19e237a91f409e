//! Tests the coverage of a small suite.

use std::fs;

use super::{Coverage, Printed, Specification};
use crate::import::{self, Wanted};
use conformance_suite::source::Source;
use conformance_suite::suite::{Folder, Suite};

/// Loads a suite about a desk that hands out keys.
fn suite() -> Suite {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "suite.yaml",
        "format: 1\ntitle: A desk\norigin: http://desk:80\nstages: [one]\nprofiles: {open: {title: it is open}}\n\
         fixtures: {ann: {name: Ann Lee, word: sesame}}\n",
    );
    write(
        "requirements.yaml",
        "format: 1\nrequirements:\n  - {id: DESK-1.1, level: must, clause: 1. Keys, text: A guest gets a key.}\n  \
         - {id: DESK-1.2, level: may, clause: 1. Keys, text: The desk is brown., untested: Nobody sees it.}\n",
    );
    write(
        "desk/1-keys.yaml",
        r#"format: 1
title: A guest asks for a key
profile: open
fixtures: [ann]
steps:
  - id: nameless
    title: a guest without a name gets none
    covers: [DESK-1.1]
    request: curl "http://desk:80/keys" -XPOST
    expect: {status: 400, json: {error: name missing}}
  - id: key
    title: a guest gets one
    covers: [DESK-1.1]
    request: curl "http://desk:80/keys" -XPOST -d "name=${ann.name}" -d "word=${ann.word}"
    expect: {status: 200, cookies: {key: {value: !any }}}
    capture: {key: {cookie: key}}
  - id: hall
    title: it opens the hall
    covers: [DESK-1.1]
    request: curl "http://desk:80/hall" --cookie "key=${key}"
    expect: {status: 200}
"#,
    );
    Suite::load(&Folder::Directory(folder.path().to_owned())).unwrap()
}

fn missing(document: &str) -> Vec<String> {
    let read = Specification::read(&Source::new("notes.md", document), &suite(), &|_| {
        Err(std::io::ErrorKind::NotFound.into())
    });
    read.missing().map(|printed| printed.missing.clone().unwrap()).collect()
}

#[test]
fn step_with_the_same_request_covers_an_exchange() {
    let document = "```\n$ curl \"http://desk:80/keys\" -XPOST\n{\"error\": \"name missing\"}\n```\n";
    assert_eq!(missing(document), [""; 0]);
}

#[test]
fn captures_and_hidden_emails_match_anything() {
    let document = "```\n$ curl \"http://desk:80/keys\" -XPOST -d \"name=[email\u{a0}protected]\" -d \"word=sesame\"\n\
        $ curl \"http://desk:80/hall\" --cookie \"key=df05b4e1\"\n```\n";
    assert_eq!(missing(document), [""; 0]);
}

#[test]
fn compares_requests_in_other_spellings() {
    let folder = tempfile::tempdir().unwrap();
    let document = "```\n$ curl http://h.test:81/a -F a=b\n```\n".to_owned();
    let more = "```\n$ curl http://H.TEST:81/b -H 'Referer: http://h.test:81/c'\n{\"self\": \"http://h.test:81/b\"}\n```\n";
    let source = Source::new("notes.md", document + more);
    let files = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let wanted =
        Wanted { origin: None, profile: None, suite: None, files: &files, shape: false, present: &|_| None };
    for (name, text) in import::document(&source, &wanted).unwrap().files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let suite = Suite::load(&Folder::Directory(folder.path().to_owned())).unwrap();
    let read = Specification::read(&source, &suite, &files);
    let missing: Vec<&Printed> = read.missing().collect();
    assert!(missing.is_empty() && read.exchanges.len() == 2, "{missing:?}");
}

#[test]
fn method_path_header_and_body_must_match() {
    for request in [
        "http://desk:80/keys -XLOCK",
        "http://desk:80/keys/x -XPOST",
        "http://desk:80/keys -XPOST -H \"X-A: 1\"",
        "http://desk:80/keys -XPOST -d \"nam=a\"",
    ] {
        assert_eq!(
            missing(&format!("```\n$ curl {request}\n```\n")),
            ["no step sends this request"],
            "{request}"
        );
    }
}

#[test]
fn reports_a_different_response_to_the_same_request() {
    let document = "```\n$ curl http://desk:80/keys -XPOST\n{\"error\": \"no name\"}\n```\n";
    let missing = missing(document);
    assert!(missing[0].starts_with("no step expects this response; `desk/1-keys"), "{missing:?}");
}

#[test]
fn reports_commands_that_cannot_be_parsed() {
    let missing = missing("```\n$ curl https://get.elsewhere.io/\n```\n");
    assert!(missing[0].contains("not under the origin of the suite"), "{missing:?}");
}

#[test]
fn requirement_has_steps_or_a_reason() {
    let coverage = Coverage::new(&suite(), None);
    let steps: Vec<usize> = coverage.requirements.iter().map(|requirement| requirement.steps.len()).collect();
    assert_eq!(steps, [3, 0]);
    assert_eq!(coverage.requirements[1].untested.as_deref(), Some("Nobody sees it."));
    let mut text = Vec::new();
    coverage.write_markdown(&mut text).unwrap();
    assert!(String::from_utf8(text).unwrap().contains("| DESK-1.1 | must |"));
}
