//! What a schema says of values that come in more than one shape. Their reader has no type of its own: the types here say the shapes, and a
//! test holds their keys to what the reader accepts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json, json};

use crate::yaml::{Located, Node, Ordered};

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
    /// More of the query, by name. A list sends the name once for each of its values.
    query: Option<BTreeMap<String, TextsShape>>,
    /// Header fields by name. A list sends a field for each of its values.
    headers: Option<BTreeMap<String, TextsShape>>,
    /// Cookies by name.
    cookies: Option<Map<String, Json>>,
    /// Basic authentication.
    basic: Option<Credentials>,
    /// How many redirections are followed.
    follow: Option<u32>,
    /// A form, percent-encoded. A list sends the name once for each of its values.
    form: Option<BTreeMap<String, TextsShape>>,
    /// A body as JSON.
    json: Option<Json>,
    /// A form of parts by name, with files.
    multipart: Option<Map<String, Json>>,
    /// A body: text, `!file path`, or `!base64 text`.
    body: Option<String>,
}

/// A text, or a list of texts: one for each time that the name is sent.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Texts")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum TextsShape {
    /// One.
    One(TextShape),
    /// Several.
    Several(Vec<TextShape>),
}

/// A text: a number and a boolean are sent as they are written.
pub(crate) struct TextShape;

impl JsonSchema for TextShape {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text; a number or a boolean is sent as it is written.",
            "type": ["string", "number", "boolean"],
        })
    }
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

/// Whether scenarios may use one process of the target at the same time.
#[derive(JsonSchema)]
#[schemars(rename = "Concurrency", rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum ConcurrencyShape {
    /// One scenario at a time uses a process; with `--jobs`, several processes are started. The default.
    Exclusive,
    /// Up to `--jobs` scenarios use one process at the same time.
    Shared,
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

/// Whether connections are kept for later requests.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "its variants are the words of the format")]
pub(crate) enum Connections {
    /// Each request has a connection of its own, as each curl command has.
    Fresh,
    /// A connection is used again if the exchange before it was clean.
    Reuse,
}
