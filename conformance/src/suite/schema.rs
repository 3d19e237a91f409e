//! The format as JSON Schema, for editors: generated from the types that read it.
//!
//! Where the format takes more than one shape, the reader has no type of its own; the types here say those shapes. A test holds
//! their keys to what the reader accepts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json, json};

use super::format::{ManifestText, RegisterText, ScenarioText, SequenceText};
use crate::event::Event;
use crate::matcher;
use crate::request;
use crate::yaml::{Located, Node, Ordered};

/// Returns the schema of a scenario file.
#[must_use]
pub fn scenario() -> Schema {
    titled(schemars::schema_for!(ScenarioText), "A scenario")
}

/// Returns the schema of a file below `sequences/`.
#[must_use]
pub fn sequence() -> Schema {
    titled(schemars::schema_for!(SequenceText), "A sequence")
}

/// Returns the schema of `suite.yaml`.
#[must_use]
pub fn manifest() -> Schema {
    titled(schemars::schema_for!(ManifestText), "The manifest of a suite")
}

/// Returns the schema of `requirements.yaml`.
#[must_use]
pub fn register() -> Schema {
    titled(schemars::schema_for!(RegisterText), "The register of a suite")
}

/// Returns the schema of a line of a report as JSON Lines.
#[must_use]
pub fn report() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    titled(settings.into_generator().into_root_schema_for::<Event>(), "A line of a report")
}

/// Returns the settings with which an editor's YAML server knows the matchers, in the form that VS Code keeps in
/// `.vscode/settings.json`; `folder` is where the suite stands.
#[must_use]
pub fn editor(folder: &str) -> Json {
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
        // Whatever is no sequence.
        ("scenario", json!([format!("{folder}/*/**/*.yaml"), format!("!{folder}/sequences/**/*.yaml")])),
    ] {
        schemas.insert(format!("./{folder}/schema/{schema}.json"), files);
    }
    json!({ "yaml.customTags": tags, "yaml.schemas": schemas })
}

/// Returns a schema or settings as they are checked in and printed: with their keys in alphabetical order, whatever order
/// the libraries of this build keep.
#[must_use]
pub fn text(value: &Json) -> String {
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

/// A curl command, pasted as the specification prints it, or a mapping.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Request")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum RequestShape {
    /// A curl command: it means what curl would send.
    Curl(String),
    /// All that is sent.
    Raw(RawParts),
    /// The parts of a request.
    Mapping(Box<RequestParts>),
}

/// A request byte by byte.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct RawParts {
    /// What goes over the socket: the lines of a text, `!file path`, or `!base64 text`.
    raw: String,
}

/// The parts of a request.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct RequestParts {
    /// The method; GET unless it is said.
    #[schemars(default)]
    method: Option<String>,
    /// The path behind the origin; begins with `/`.
    path: String,
    /// More of the query, by name.
    query: Option<Map<String, Json>>,
    /// Header fields by name.
    headers: Option<Map<String, Json>>,
    /// Cookies by name.
    cookies: Option<Map<String, Json>>,
    /// Basic authentication.
    basic: Option<Credentials>,
    /// How many redirections are followed.
    follow: Option<u32>,
    /// A form, percent-encoded.
    form: Option<Map<String, Json>>,
    /// A body as JSON.
    json: Option<Json>,
    /// A form of parts by name, with files.
    multipart: Option<Map<String, Json>>,
    /// A body: text, `!file path`, or `!base64 text`.
    body: Option<String>,
}

/// The credentials of Basic authentication.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Credentials {
    /// The user.
    user: String,
    /// The password.
    password: String,
}

/// A name, or a list of names.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Names")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum NamesShape {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// Statuses that are allowed: a number, a class such as `4xx`, `${…}`, or a list of these.
pub(crate) struct StatusShape;

impl JsonSchema for StatusShape {
    fn schema_name() -> Cow<'static, str> {
        "Status".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = json!([{ "type": "integer", "minimum": 100, "maximum": 599 }, { "type": "string", "pattern": "^([1-5]xx|\\$\\{.*\\})$" }]);
        json_schema!({
            "description": "Statuses that are allowed: a number, a class such as `4xx`, `${…}`, or a list of these.",
            "anyOf": [one[0], one[1], { "type": "array", "items": { "anyOf": one }, "minItems": 1 }],
        })
    }
}

/// Where a value is taken from: one of these.
#[derive(JsonSchema)]
#[schemars(rename = "Capture", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct CaptureShape {
    /// A cookie that is set, by name.
    cookie: Option<String>,
    /// A member of the body, by JSON Pointer.
    json: Option<String>,
    /// A header field, by name.
    header: Option<String>,
    /// What a pattern finds in the body: its first group, or the whole of it where it has none.
    text: Option<String>,
    /// The part that is kept of a cookie, a header or a string of the body: what the first group of this pattern finds, or the
    /// whole of it where it has none. Of a header that comes several times, the first that matches is taken.
    pattern: Option<String>,
    /// Whether no report shows it.
    secret: Option<bool>,
}

/// A capture; of a step that uses a sequence, the name of one that the sequence hands back.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Kept")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum KeptShape {
    /// Where it is taken from.
    Capture(CaptureShape),
    /// The name that the sequence gives it.
    Given(String),
}

/// A value with its place is described as the value.
impl<T: JsonSchema> JsonSchema for Located<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl JsonSchema for Node {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

impl<T: JsonSchema> JsonSchema for Ordered<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Map_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<T>() })
    }
}

#[cfg(test)]
mod tests;
