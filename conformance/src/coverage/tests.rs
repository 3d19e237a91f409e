//! Coverage of the suite inside the program, and what is found of documents in it.

use std::path::Path;

use super::{Coverage, Specification};
use crate::source::Source;
use crate::suite::{Folder, Suite};

fn suite() -> Suite {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    Suite::load(&Folder::Directory(folder)).unwrap()
}

fn missing(document: &str) -> Vec<String> {
    let read = Specification::read(&Source::new("notes.md", document), &suite());
    read.missing().map(|printed| printed.missing.clone().unwrap()).collect()
}

const LOGIN: &str = "http://0.0.0.0:5000/api/v1/auth_session/login";

#[test]
fn an_exchange_is_encoded_by_a_step_that_sends_the_same() {
    let document = format!("```\n$ curl \"{LOGIN}\" -XPOST\n{{\"error\": \"email missing\"}}\n```\n");
    assert_eq!(missing(&document), [""; 0]);
}

#[test]
fn what_only_a_run_knows_is_taken_for_anything() {
    let cookie = "--cookie \"_my_session_id=df05b4e1-d117-444c-a0cc-ba0d167889c4\"";
    let document = format!(
        "```\n$ curl \"{LOGIN}\" -XPOST -d \"email=[email\u{a0}protected]\" -d \"password=fake pwd\"\n$ curl \"http://0.0.0.0:5000/api/v1/users/me\" {cookie}\n```\n"
    );
    assert_eq!(missing(&document), [""; 0]);
}

#[test]
fn another_method_path_header_or_body_is_another_request() {
    for request in [
        format!("\"{LOGIN}\" -XLOCK"),
        format!("\"{LOGIN}/x\" -XPOST"),
        format!("\"{LOGIN}\" -XPOST -H \"X-A: 1\""),
        format!("\"{LOGIN}\" -XPOST -d \"mail=a\""),
    ] {
        assert_eq!(
            missing(&format!("```\n$ curl {request}\n```\n")),
            ["no step sends this request"],
            "{request}"
        );
    }
}

#[test]
fn another_answer_to_the_same_request_is_told() {
    let document = format!("```\n$ curl \"{LOGIN}\" -XPOST\n{{\"error\": \"mail missing\"}}\n```\n");
    let missing = missing(&document);
    assert!(missing[0].starts_with("no step expects this answer; `session/7-"), "{missing:?}");
}

#[test]
fn a_command_that_cannot_be_read_is_told_with_the_reason() {
    let missing = missing("```\n$ curl http://elsewhere/\n```\n");
    assert!(missing[0].contains("not under the specification's origin"), "{missing:?}");
}

#[test]
fn every_requirement_is_covered_or_says_why_not() {
    let coverage = Coverage::new(&suite(), None);
    for requirement in &coverage.requirements {
        assert_ne!(requirement.steps.is_empty(), requirement.untested.is_none(), "{}", requirement.id);
    }
    let all: usize = coverage.levels.iter().map(|count| count.requirements).sum();
    assert_eq!(all, coverage.requirements.len());
    let mut text = Vec::new();
    coverage.write_markdown(&mut text).unwrap();
    assert!(String::from_utf8(text).unwrap().contains("| SESSION-7.2 | must |"));
}
