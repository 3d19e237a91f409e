//! JSON Schemas of values that can have several shapes. The reader has no types for them; a test checks that the keys here are
//! those that the reader accepts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json, json};

use crate::yaml::{Located, Node, Ordered};

/// A curl command, pasted from the specification, or a mapping.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Request")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum RequestShape {
    /// A curl command: sends what curl would send.
    Curl(String),
    /// The exact bytes to send.
    Raw(RawParts),
    /// The parts of a request.
    Mapping(Box<RequestParts>),
}

/// A request, byte for byte.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct RawParts {
    /// The bytes to send: a text, `!file path`, or `!base64 text`.
    raw: String,
}

/// The parts of a request.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct RequestParts {
    /// The method; the default is GET.
    #[schemars(default)]
    method: Option<String>,
    /// The name of one of `origins` in suite.yaml, if it is not sent to the target itself.
    origin: Option<String>,
    /// The path after the origin; begins with `/`.
    path: String,
    /// Query parameters to add, by name. A list sends the name once for each value.
    query: Option<BTreeMap<String, TextsShape>>,
    /// Header fields by name. A list sends one field for each value.
    headers: Option<BTreeMap<String, TextsShape>>,
    /// Cookies by name.
    cookies: Option<Map<String, Json>>,
    /// Basic authentication.
    basic: Option<Credentials>,
    /// Maximum number of redirects to follow.
    follow: Option<u32>,
    /// Version of HTTP. With 2, the request is sent over HTTP/2 in any case.
    http_version: Option<HttpVersionShape>,
    /// A form, percent-encoded. A list sends the name once for each value.
    form: Option<BTreeMap<String, TextsShape>>,
    /// A JSON body.
    json: Option<Json>,
    /// The parts of a multipart form by name, with files.
    multipart: Option<Map<String, Json>>,
    /// A body: text, `!file path`, or `!base64 text`.
    body: Option<String>,
}

/// A text, or a list of texts to send under one name.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Texts")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum TextsShape {
    /// One text.
    One(TextShape),
    /// Several texts.
    Several(Vec<TextShape>),
}

/// A text; numbers and booleans are sent as written.
pub(crate) struct TextShape;

impl JsonSchema for TextShape {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text; numbers and booleans are sent as written.",
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

/// The OpenAPI description of the API.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "OpenApi")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum OpenApiShape {
    /// Its file.
    File(String),
    /// Its file, and how it is used.
    Options(OpenApiOptions),
}

/// An OpenAPI description and how it is used.
#[derive(JsonSchema)]
#[schemars(rename = "OpenApiOptions", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct OpenApiOptions {
    /// Its file, relative to the suite.
    file: String,
    /// The level of the requirement that every exchange matches the description: `must` by default.
    level: Option<LevelShape>,
    /// Whether members, fields and parameters that it does not mention are violations: `false` by default.
    strict: Option<bool>,
}

/// A level.
#[derive(JsonSchema)]
#[schemars(rename = "Level", rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum LevelShape {
    /// Violations fail the run.
    Must,
    /// Violations are reported.
    Should,
    /// Violations are reported.
    May,
}

/// A name, or a list of names.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Names")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum NamesShape {
    /// One name.
    One(String),
    /// Several names.
    Several(Vec<String>),
}

/// The allowed statuses: a number, a class such as `4xx`, `${…}`, or a list of these.
pub(crate) struct StatusShape;

impl JsonSchema for StatusShape {
    fn schema_name() -> Cow<'static, str> {
        "Status".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = json!([{ "type": "integer", "minimum": 100, "maximum": 599 }, { "type": "string", "pattern": "^([1-5]xx|\\$\\{.*\\})$" }]);
        json_schema!({
            "description": "The allowed statuses: a number, a class such as `4xx`, `${…}`, or a list of these.",
            "anyOf": [one[0], one[1], { "type": "array", "items": { "anyOf": one }, "minItems": 1 }],
        })
    }
}

/// Where to take a value from: one of these.
#[derive(JsonSchema)]
#[schemars(rename = "Capture", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct CaptureShape {
    /// The value of a cookie that the response sets, by name.
    cookie: Option<String>,
    /// A member of the JSON body, by JSON Pointer (`/id`) or `JSONPath` (`$[?@.name == 'b'].id`, the first value).
    json: Option<String>,
    /// A header field, by name.
    header: Option<String>,
    /// A pattern to find in the body: takes the first group, or the whole match if it has no group.
    text: Option<String>,
    /// A pattern to find in the cookie, header or string of the body: takes the first group, or the whole match if it has no
    /// group. If a header occurs several times, the first one that matches is used.
    pattern: Option<String>,
    /// The status, as a number: `true`.
    status: Option<bool>,
    /// The time until the response was complete, as a number.
    duration: Option<UnitShape>,
    /// Whether reports redact the value.
    secret: Option<bool>,
}

/// Where to take a value of a program from: one of these.
#[derive(JsonSchema)]
#[schemars(rename = "PrintedCapture", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct PrintedCaptureShape {
    /// A member of the JSON on standard output, by JSON Pointer or `JSONPath`.
    json: Option<String>,
    /// A pattern to find in standard output: takes the first group, or the whole match if it has no group.
    stdout: Option<String>,
    /// A pattern to find in standard error: takes the first group, or the whole match if it has no group.
    stderr: Option<String>,
    /// The exit code, as a number: `true`.
    exit: Option<bool>,
    /// A pattern to find in the string of the JSON.
    pattern: Option<String>,
    /// Whether reports redact the value.
    secret: Option<bool>,
}

/// A program to run in the folder of the target.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Run")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum RunShape {
    /// The command, split into words as a shell would do it.
    Line(String),
    /// The words of the command.
    Words(Vec<String>),
    /// The command with input and files.
    Mapping(RunParts),
}

/// A program with its input and files.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct RunParts {
    /// The command: a line, or a list of words. `${files}` is the folder of the copied files.
    command: NamesShape,
    /// What the program reads from standard input; nothing by default.
    stdin: Option<String>,
    /// Files of the suite to copy, relative to the scenario.
    files: Option<Vec<String>>,
    /// Files that the folder of the target must have; without them, the step is skipped.
    needs: Option<Vec<String>>,
}

/// What the output of a program must match: a text, a matcher, or a mapping.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Printed")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum PrintedShape {
    /// The exact text, with its last newline.
    Text(TextShape),
    /// One of `text`, `lines` and `json`.
    Mapping(PrintedParts),
    /// A matcher of a list or of null.
    Other(Json),
}

/// How the output is compared: one of these.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct PrintedParts {
    /// The output as text.
    text: Option<Json>,
    /// The lines of the output: a list with one entry for each line, or another matcher of that list.
    lines: Option<Json>,
    /// The output, parsed as JSON.
    json: Option<Json>,
}

/// A unit of time.
#[derive(JsonSchema)]
#[schemars(rename = "Unit", rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum UnitShape {
    /// Whole milliseconds.
    Ms,
    /// Seconds, with a fraction.
    S,
}

/// A capture, or the name of a capture that the sequence of the step gives.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Kept")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum KeptShape {
    /// Where to take the value from.
    Capture(CaptureShape),
    /// Where to take the value from, in a step with `run`.
    Printed(PrintedCaptureShape),
    /// The name of a capture of the sequence.
    Given(String),
}

/// The schema of a located value is the schema of the value.
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

/// Whether connections are reused for later requests.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "its variants are the words of the format")]
pub(crate) enum Connections {
    /// Each request opens a connection, as each curl command does.
    Fresh,
    /// A connection is reused if the previous exchange was complete and valid.
    Reuse,
}

/// A version of HTTP.
pub(crate) struct HttpVersionShape;

impl JsonSchema for HttpVersionShape {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HttpVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": [1.1, 2, "1.1", "2"] })
    }
}
