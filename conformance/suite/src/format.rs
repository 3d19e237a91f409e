//! The types of the files of a suite, as they are written: format 1.
//!
//! They hold the values of the YAML with their locations and decide nothing; names are resolved when a suite is compiled.

mod scenario;
mod shape;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{Located, Node, Ordered};
use shape::{ConcurrencyShape, OpenApiShape, RequestShape, StatusShape};

pub use scenario::{ExpectText, OutcomeText, OverallText, ScenarioText, SequenceText, StepText, TimelyText};

/// The version of the format that this program reads.
pub(crate) const FORMAT: u32 = 1;

/// `suite.yaml`: what applies to the whole suite.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestText {
    /// The version of the format: 1.
    pub(crate) format: Located<u32>,
    /// The title of the API under test.
    pub(crate) title: String,
    /// The version of the suite, for reports.
    #[serde(default)]
    pub(crate) version: Option<String>,
    /// The origin that the specification uses. Requests replace it by the origin of the target.
    pub(crate) origin: Located<String>,
    /// More origins by name, such as an admin port. Requests to them are sent to the addresses that the target has for them.
    #[serde(default)]
    pub(crate) origins: Ordered<Located<String>>,
    /// The stages of an implementation, first to last.
    #[serde(default)]
    pub(crate) stages: Vec<Located<String>>,
    /// How to start an implementation and load its fixtures.
    #[serde(default)]
    pub(crate) launch: LaunchText,
    /// Whether each request has its own connection (`fresh`, the default) or connections are reused (`reuse`).
    #[serde(default)]
    #[schemars(with = "Option<shape::Connections>")]
    pub(crate) connections: Option<Located<String>>,
    /// Whether scenarios may use one process of the target at the same time: `exclusive` (default) or `shared`.
    #[serde(default)]
    #[schemars(with = "Option<ConcurrencyShape>")]
    pub(crate) concurrency: Option<Located<String>>,
    /// The configurations that a target can run in.
    pub(crate) profiles: Ordered<ProfileText>,
    /// Named data that a target holds before the steps run.
    #[serde(default)]
    pub(crate) fixtures: Ordered<Node>,
    /// Values that the user passes in, by name: a default value, or a mapping with `default`, `env` and `secret`.
    #[serde(default)]
    pub(crate) variables: Ordered<Node>,
    /// Features that a target may or may not offer.
    #[serde(default)]
    pub(crate) features: Vec<Located<String>>,
    /// Names of members and fields whose values are redacted in reports.
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
    /// The OpenAPI description that every exchange is checked against: a file, or a mapping with `file`, `level` and `strict`.
    #[serde(default)]
    #[schemars(with = "Option<OpenApiShape>")]
    pub(crate) openapi: Option<Node>,
}

/// The launch contract.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaunchText {
    /// Environment variables. The values may use `${host}`, `${port}` and `${scratch}`.
    #[serde(default)]
    pub(crate) env: Ordered<Located<String>>,
    /// The readiness request: the target is ready once it responds with any status.
    #[serde(default)]
    #[schemars(with = "Option<RequestShape>")]
    pub(crate) ready: Option<Node>,
    /// Files to write into the working directory: templates over `fixtures`.
    #[serde(default)]
    pub(crate) files: Ordered<Located<String>>,
    /// Glob patterns of the implementation's own data files, which are not copied into the scratch folder.
    #[serde(default)]
    pub(crate) data: Vec<Located<String>>,
    /// How to create a fixture through the API.
    #[serde(default)]
    pub(crate) create: Option<CreateText>,
}

/// How to create a fixture through the API.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateText {
    /// The profile in which the API allows it.
    pub(crate) profile: Located<String>,
    /// The request, in which `fixture` is the fixture.
    pub(crate) request: Node,
    /// Members that a fixture must have to be created this way.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    /// Members that no request can set.
    #[serde(default)]
    pub(crate) refuses: Vec<String>,
}

/// One configuration.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileText {
    /// A short description.
    #[serde(default)]
    pub(crate) title: Option<String>,
    /// The environment variables that select it.
    #[serde(default)]
    pub(crate) env: Ordered<Located<String>>,
    /// `own` if it is a separate program, which only a target file can name.
    #[serde(default)]
    pub(crate) launch: Option<Located<String>>,
    /// Its own readiness request.
    #[serde(default)]
    #[schemars(with = "Option<RequestShape>")]
    pub(crate) ready: Option<Node>,
    /// Whether the files of the launch contract are written for it.
    #[serde(default)]
    pub(crate) files: Option<bool>,
    /// Values to capture from the output of the program: a pattern with one group for each name.
    #[serde(default)]
    pub(crate) output: Ordered<Located<String>>,
    /// The features that a target offers in it.
    #[serde(default)]
    pub(crate) features: Vec<Located<String>>,
    /// How to check through the API that a fixture exists.
    #[serde(default)]
    pub(crate) present: Option<PresentText>,
}

/// A request about one `fixture`, and the status that means that it exists.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresentText {
    /// The request.
    #[schemars(with = "RequestShape")]
    pub(crate) request: Node,
    /// The status.
    #[schemars(with = "StatusShape")]
    pub(crate) status: Node,
    /// The member that identifies the fixture if the response is a list.
    #[serde(default)]
    pub(crate) by: Option<String>,
    /// The members that an implementation may generate itself; the one that identifies the fixture comes first.
    #[serde(default)]
    pub(crate) learn: Vec<String>,
}

/// `requirements.yaml`: the requirements of the specification.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterText {
    /// The version of the format: 1.
    pub(crate) format: Located<u32>,
    /// The requirements, in the order of the specification.
    pub(crate) requirements: Vec<RequirementText>,
}

/// One requirement.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequirementText {
    /// Its id, which is never reused: `SESSION-7.2`.
    pub(crate) id: Located<String>,
    /// must, should or may.
    pub(crate) level: Located<String>,
    /// The clause of the specification that it comes from.
    pub(crate) clause: String,
    /// The requirement in one sentence.
    pub(crate) text: String,
    /// Why no step covers it.
    #[serde(default)]
    pub(crate) untested: Option<Located<String>>,
    /// Points for a grade. Default: 1 for a must, 0 for others.
    #[serde(default)]
    pub(crate) points: Option<Located<f64>>,
    /// Whether graders show the result only after the deadline.
    #[serde(default)]
    pub(crate) hidden: bool,
}

/// The file of `--points`: points and visibility of requirements, for grading.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointsText {
    /// The version of the format: 1.
    pub(crate) format: Located<u32>,
    /// The entries, each about one requirement, one clause, or all ids that a pattern matches. Later entries take precedence.
    pub(crate) points: Vec<PointsEntryText>,
}

/// Points of some requirements.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PointsEntryText {
    /// The id of a requirement.
    #[serde(default)]
    pub(crate) requirement: Option<Located<String>>,
    /// A clause, or its beginning before a colon: each requirement of it.
    #[serde(default)]
    pub(crate) clause: Option<Located<String>>,
    /// A glob pattern for ids, such as `SESSION-*`.
    #[serde(default)]
    pub(crate) pattern: Option<Located<String>>,
    /// Points of each requirement.
    #[serde(default)]
    pub(crate) points: Option<Located<f64>>,
    /// Whether graders show the result only after the deadline.
    #[serde(default)]
    pub(crate) hidden: Option<bool>,
}
