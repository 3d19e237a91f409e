//! The suite of the to-do list uses each key and each matcher of the language, and the reference describes each.
//!
//! The list comes from the program itself (`conformance schema`), so that this test fails for a new key until it is
//! used and described.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;
use serde_json::Value as Json;

use crate::program::{conformance_in, data};

#[test]
fn to_do_list_uses_every_key_and_matcher() {
    let suite = texts(&data("../suites/todo"));
    let unused: Vec<String> = keys().into_iter().filter(|key| !is_key(key, &suite)).collect();
    assert_eq!(unused, Vec::<String>::new());
    let unused: Vec<String> = tags().into_iter().filter(|tag| !is_tag(tag, &suite)).collect();
    assert_eq!(unused, Vec::<String>::new());
}

#[test]
fn reference_describes_every_key_and_matcher() {
    let page = fs::read_to_string(data("../../../scenarios/README.md")).unwrap();
    // Examples do not count, nor does the section of untested parts.
    let page = page.split("## Not tested").next().unwrap_or_default();
    let prose: String = page.split("```").step_by(2).collect();
    let code = Regex::new("`[^`\n]+`").unwrap();
    let described: String = code.find_iter(&prose).map(|code| format!("{} ", code.as_str())).collect();
    let missing: Vec<String> = keys().into_iter().filter(|key| !is_word(key, &described)).collect();
    assert_eq!(missing, Vec::<String>::new());
    let missing: Vec<String> = tags().into_iter().filter(|tag| !is_tag(tag, &described)).collect();
    assert_eq!(missing, Vec::<String>::new());
}

/// Every key of every kind of file.
fn keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for file in ["scenario", "sequence", "suite", "requirements"] {
        properties(&schema(file), &mut keys);
    }
    assert!(keys.contains("steps") && keys.contains("distinct") && keys.contains("untested"));
    keys
}

/// Every matcher, and every tag of a request.
fn tags() -> BTreeSet<String> {
    let settings = schema("editor");
    let tags = settings["yaml.customTags"].as_array().unwrap().iter();
    let tags: BTreeSet<String> =
        tags.map(|tag| tag.as_str().unwrap().split(' ').next().unwrap().to_owned()).collect();
    assert!(tags.contains("!uuid") && tags.contains("!base64"));
    tags
}

fn schema(file: &str) -> Json {
    let printed = conformance_in(Path::new("."), &["schema", file]);
    serde_json::from_str(&printed.stdout).unwrap()
}

fn properties(schema: &Json, keys: &mut BTreeSet<String>) {
    match schema {
        Json::Object(members) => {
            keys.extend(
                members
                    .get("properties")
                    .and_then(Json::as_object)
                    .into_iter()
                    .flat_map(|own| own.keys().cloned()),
            );
            members.values().for_each(|member| properties(member, keys));
        }
        Json::Array(items) => items.iter().for_each(|item| properties(item, keys)),
        _ => {}
    }
}

/// The YAML files of a folder, concatenated, without comments.
fn texts(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&texts(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let lines = fs::read_to_string(path).unwrap();
            text.extend(
                lines
                    .lines()
                    .filter(|line| !line.trim_start().starts_with('#'))
                    .map(|line| format!("{line}\n")),
            );
        }
    }
    text
}

fn is_key(key: &str, suite: &str) -> bool {
    Regex::new(&format!(r"(?m)(^\s*|- |[{{,]\s*){}:( |$)", regex::escape(key))).unwrap().is_match(suite)
}

fn is_word(key: &str, described: &str) -> bool {
    Regex::new(&format!(r"\b{}\b", regex::escape(key))).unwrap().is_match(described)
}

fn is_tag(tag: &str, text: &str) -> bool {
    Regex::new(&format!(r"{}\b", regex::escape(tag))).unwrap().is_match(text)
}
