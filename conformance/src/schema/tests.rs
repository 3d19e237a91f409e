//! The schemas that are checked in are those of the types; `BLESS=1` writes them anew.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::*;
use crate::source::Source;
use crate::yaml::{self, Node};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn held(path: &str, value: &Json) {
    let path = root().join(path);
    let text = text(value);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{} is stale; BLESS=1 writes it anew", path.display());
}

#[test]
fn the_schemas_that_are_checked_in_are_those_of_the_types() {
    held("scenarios/schema/scenario.json", scenario().as_value());
    held("scenarios/schema/sequence.json", sequence().as_value());
    held("scenarios/schema/suite.json", manifest().as_value());
    held("scenarios/schema/requirements.json", register().as_value());
    held("conformance/schema/report.json", report().as_value());
}

#[test]
fn the_editor_settings_that_are_checked_in_know_every_matcher() {
    held(".vscode/settings.json", &editor("scenarios"));
}

#[test]
fn the_parts_of_a_request_are_those_that_the_reader_takes() {
    let source = Source::new("a.yaml", "zzzzzzzzzzzzzzzz: 1\n");
    let node: Node = yaml::read(&source).unwrap();
    let message =
        request::compile_mapping(&node, &source, &|path| std::fs::read(path)).unwrap_err().to_string();
    let (_, known) = message.split_once("known here: ").expect("the reader says what it takes");
    let mut known: Vec<&str> = known.trim().split(", ").collect();
    known.sort_unstable();
    let schema = scenario();
    let described = schema.pointer("/$defs/RequestParts/properties").and_then(Json::as_object).unwrap();
    let mut described: Vec<&str> = described.keys().map(String::as_str).chain(["raw"]).collect();
    described.sort_unstable();
    assert_eq!(known, described);
}

#[test]
fn every_key_of_the_format_is_described() {
    fn look(value: &Json, path: &str, bare: &mut Vec<String>) {
        match value {
            Json::Object(members) => {
                for (name, property) in
                    members.get("properties").and_then(Json::as_object).into_iter().flatten()
                {
                    // One of several shapes is described as a whole.
                    if property.get("description").or(members.get("description")).is_none() {
                        bare.push(format!("{path}.{name}"));
                    }
                }
                members.iter().for_each(|(name, value)| look(value, &format!("{path}/{name}"), bare));
            }
            Json::Array(items) => items.iter().for_each(|item| look(item, path, bare)),
            _ => {}
        }
    }
    let mut bare = Vec::new();
    for schema in [scenario(), sequence(), manifest(), register()] {
        look(schema.as_value(), "", &mut bare);
    }
    assert_eq!(bare, Vec::<String>::new());
}
