//! Generates JSON Schemas for editors from the types that read a suite and from the [events](conformance_engine::event) of a report.

use std::collections::BTreeMap;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

use conformance_engine::event::Event;
use conformance_suite::format::{ManifestText, RegisterText, ScenarioText, SequenceText};
use conformance_suite::matcher;
use conformance_suite::request;

/// Returns the schema of a scenario file.
#[must_use]
pub(crate) fn scenario() -> Schema {
    titled(schemars::schema_for!(ScenarioText), "A scenario")
}

/// Returns the schema of a file below `sequences/`.
#[must_use]
pub(crate) fn sequence() -> Schema {
    titled(schemars::schema_for!(SequenceText), "A sequence")
}

/// Returns the schema of `suite.yaml`.
#[must_use]
pub(crate) fn manifest() -> Schema {
    titled(schemars::schema_for!(ManifestText), "The manifest of a suite")
}

/// Returns the schema of `requirements.yaml`.
#[must_use]
pub(crate) fn register() -> Schema {
    titled(schemars::schema_for!(RegisterText), "The requirements of a suite")
}

/// Returns the schema of a line of a JSON Lines report.
#[must_use]
pub(crate) fn report() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    titled(settings.into_generator().into_root_schema_for::<Event>(), "A line of a report")
}

/// Returns the settings that make an editor's YAML server accept the matchers, in the form of VS Code's `.vscode/settings.json`;
/// `folder` is the path of the suite.
#[must_use]
pub(crate) fn editor(folder: &str) -> Json {
    let kinds = ["scalar", "sequence", "mapping"];
    let tags: Vec<String> = matcher::known()
        .chain(request::TAGS)
        .flat_map(|tag| kinds.map(|kind| format!("{tag} {kind}")))
        .collect();
    let mut schemas = Map::new();
    for (schema, files) in [
        ("suite", json!([format!("{folder}/suite.yaml")])),
        ("requirements", json!([format!("{folder}/requirements.yaml")])),
        ("sequence", json!([format!("{folder}/sequences/**/*.yaml")])),
        // All files except sequences.
        ("scenario", json!([format!("{folder}/*/**/*.yaml"), format!("!{folder}/sequences/**/*.yaml")])),
    ] {
        schemas.insert(format!("./{folder}/schema/{schema}.json"), files);
    }
    json!({ "yaml.customTags": tags, "yaml.schemas": schemas })
}

/// Returns a schema or settings as text with sorted keys, whatever order the libraries of this build keep.
#[must_use]
pub(crate) fn text(value: &Json) -> String {
    format!("{:#}\n", in_order(value))
}

fn in_order(value: &Json) -> Json {
    match value {
        Json::Object(members) => {
            let sorted: BTreeMap<&String, &Json> = members.iter().collect();
            Json::Object(sorted.into_iter().map(|(name, member)| (name.clone(), in_order(member))).collect())
        }
        Json::Array(items) => items.iter().map(in_order).collect(),
        scalar => scalar.clone(),
    }
}

fn titled(mut schema: Schema, title: &str) -> Schema {
    schema.insert("title".to_owned(), title.into());
    schema
}

#[cfg(test)]
mod tests;
