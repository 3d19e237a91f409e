//! The checked-in schemas are those of the types; `BLESS=1` regenerates them.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::*;
use conformance_suite::source::Source;
use conformance_suite::yaml::{self, Node};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn assert_unchanged(path: &str, value: &Json) {
    let path = root().join(path);
    let text = text(value);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{} is stale; BLESS=1 regenerates it", path.display());
}

#[test]
fn checked_in_schemas_match_the_types() {
    assert_unchanged("scenarios/schema/scenario.json", scenario().as_value());
    assert_unchanged("scenarios/schema/sequence.json", sequence().as_value());
    assert_unchanged("scenarios/schema/suite.json", manifest().as_value());
    assert_unchanged("scenarios/schema/requirements.json", register().as_value());
    assert_unchanged("conformance/schema/report.json", report().as_value());
}

#[test]
fn checked_in_editor_settings_list_every_matcher() {
    assert_unchanged(".vscode/settings.json", &editor("scenarios"));
}

#[test]
fn request_schema_has_the_keys_that_the_reader_accepts() {
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
fn every_key_has_a_description() {
    fn look(value: &Json, path: &str, bare: &mut Vec<String>) {
        match value {
            Json::Object(members) => {
                for (name, property) in
                    members.get("properties").and_then(Json::as_object).into_iter().flatten()
                {
                    // Several shapes share one description.
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
