//! What a schema says of values that come in more than one shape. Their reader has no type of its own: the types here say the shapes, and a
//! test holds their keys to what the reader accepts.

use std::borrow::Cow;

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
