//! The files of a suite as they are written: format 1.
//!
//! These types are the format. They hold what the YAML says with its places and decide nothing; what names mean is found
//! out when they are compiled.

mod scenario;
mod shape;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{Located, Node, Ordered};
use shape::{RequestShape, StatusShape};

pub(crate) use scenario::{ExpectText, OutcomeText, OverallText, ScenarioText, SequenceText, StepText};

/// The version of the format that this program reads.
pub(crate) const FORMAT: u32 = 1;

/// `suite.yaml`: what is true of the whole suite.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManifestText {
    /// The version of the format: 1.
    pub(crate) format: Located<u32>,
    /// What the suite is about.
    pub(crate) title: String,
    /// The specification's own origin, which the target's takes the place of.
    pub(crate) origin: Located<String>,
    /// How far along the specification an implementation can be, first to last.
    #[serde(default)]
    pub(crate) stages: Vec<Located<String>>,
    /// How an implementation that follows the specification is started and filled.
    #[serde(default)]
    pub(crate) launch: LaunchText,
    /// Whether each request has a connection of its own (`fresh`, the default) or connections are kept (`reuse`).
    #[serde(default)]
    #[schemars(with = "Option<shape::Connections>")]
    pub(crate) connections: Option<Located<String>>,
    /// The configurations that a target can run in.
    pub(crate) profiles: Ordered<ProfileText>,
    /// Named data that a target holds before the steps run.
    #[serde(default)]
    pub(crate) fixtures: Ordered<Node>,
    /// Values that are given from outside, by name: a default, or a mapping.
    #[serde(default)]
    pub(crate) variables: Ordered<Node>,
    /// What a target may or may not offer.
    #[serde(default)]
    pub(crate) features: Vec<Located<String>>,
    /// The names of members and fields whose values no report shows.
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
}

/// The launch contract.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaunchText {
    /// Environment variables; `${host}`, `${port}` and `${scratch}` are known here.
    #[serde(default)]
    pub(crate) env: Ordered<Located<String>>,
    /// The request whose first answer, whatever its status, means that the target is ready.
    #[serde(default)]
    #[schemars(with = "Option<RequestShape>")]
    pub(crate) ready: Option<Node>,
    /// Files that are written into the working directory: templates over `fixtures`.
    #[serde(default)]
    pub(crate) files: Ordered<Located<String>>,
    /// The implementation's own data files, as glob patterns: they are left out of the scratch folder.
    #[serde(default)]
    pub(crate) data: Vec<Located<String>>,
    /// How a fixture is made through the API.
    #[serde(default)]
    pub(crate) create: Option<CreateText>,
}

/// How a fixture is made through the API.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateText {
    /// The profile in which the API allows it.
    pub(crate) profile: Located<String>,
    /// The request about one `fixture`.
    pub(crate) request: Node,
    /// The members without which a fixture cannot be made so.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    /// The members that no request makes.
    #[serde(default)]
    pub(crate) refuses: Vec<String>,
}

/// One configuration.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileText {
    /// What it is, in a few words.
    #[serde(default)]
    pub(crate) title: Option<String>,
    /// The environment that puts a target into it.
    #[serde(default)]
    pub(crate) env: Ordered<Located<String>>,
    /// `own` when it is a program of its own, which only a target file can name.
    #[serde(default)]
    pub(crate) launch: Option<Located<String>>,
    /// Its own request for readiness.
    #[serde(default)]
    #[schemars(with = "Option<RequestShape>")]
    pub(crate) ready: Option<Node>,
    /// Whether the launch contract's files are written for it.
    #[serde(default)]
    pub(crate) files: Option<bool>,
    /// What is captured from what the program prints: a pattern with one group.
    #[serde(default)]
    pub(crate) output: Ordered<Located<String>>,
    /// The features that a target offers in it.
    #[serde(default)]
    pub(crate) features: Vec<Located<String>>,
    /// How to see through the API that a fixture is there.
    #[serde(default)]
    pub(crate) present: Option<PresentText>,
}

/// A request about one `fixture`, and the status that means that it is there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresentText {
    /// The request.
    #[schemars(with = "RequestShape")]
    pub(crate) request: Node,
    /// The status.
    #[schemars(with = "StatusShape")]
    pub(crate) status: Node,
    /// The member by which it is found where the answer is a list.
    #[serde(default)]
    pub(crate) by: Option<String>,
    /// The members that an implementation may have made itself, the one that identifies first.
    #[serde(default)]
    pub(crate) learn: Vec<String>,
}

/// `requirements.yaml`: the register.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterText {
    /// The version of the format: 1.
    pub(crate) format: Located<u32>,
    /// The requirements, in the order of the specification.
    pub(crate) requirements: Vec<RequirementText>,
}

/// One requirement.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequirementText {
    /// Its number, never given to another: `SESSION-7.2`.
    pub(crate) id: Located<String>,
    /// must, should or may.
    pub(crate) level: Located<String>,
    /// Where it stands in the specification.
    pub(crate) clause: String,
    /// The requirement in one sentence.
    pub(crate) text: String,
    /// Why no step covers it.
    #[serde(default)]
    pub(crate) untested: Option<Located<String>>,
}
