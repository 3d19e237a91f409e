//! The files of a suite as they are written: format 1.
//!
//! These types are the format. They hold what the YAML says with its places and decide nothing; what names mean is found
//! out when they are compiled.

use schemars::JsonSchema;
use serde::Deserialize;

use super::schema::{CaptureShape, NamesShape, RequestShape, StatusShape};
use crate::yaml::{Located, Node, Ordered, present};

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
    /// The configurations that a target can run in.
    pub(crate) profiles: Ordered<ProfileText>,
    /// Named data that a target holds before the steps run.
    #[serde(default)]
    pub(crate) fixtures: Ordered<Node>,
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

/// A scenario file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScenarioText {
    /// The version of the format: 1.
    pub(crate) format: Located<u32>,
    /// The story in one sentence.
    pub(crate) title: String,
    /// The profile it runs in, or a list of them: it then runs once in each.
    #[schemars(with = "NamesShape")]
    pub(crate) profile: Node,
    /// The fixtures that the target must hold.
    #[serde(default)]
    pub(crate) fixtures: Vec<Located<String>>,
    /// The first stage at which it holds.
    #[serde(default)]
    pub(crate) since: Option<Located<String>>,
    /// The first stage at which it holds no more.
    #[serde(default)]
    pub(crate) until: Option<Located<String>>,
    /// Whether it changes what others see and needs a target of its own.
    #[serde(default)]
    pub(crate) isolated: bool,
    /// The steps, in order.
    pub(crate) steps: Vec<StepText>,
}

/// One request and what is expected of its response.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepText {
    /// Its name in the file, in kebab case.
    pub(crate) id: Located<String>,
    /// What it says, in one sentence.
    pub(crate) title: String,
    /// The requirements that it covers.
    #[serde(default)]
    pub(crate) covers: Vec<Located<String>>,
    /// A curl command, or a mapping.
    #[serde(default)]
    pub(crate) request: Option<Node>,
    /// How often the request is sent at once.
    #[serde(default)]
    pub(crate) race: Option<Located<usize>>,
    /// Different requests that are sent at once, in place of `request`.
    #[serde(default)]
    pub(crate) together: Vec<LaneText>,
    /// What is expected; in a race, of each answer.
    #[serde(default)]
    pub(crate) expect: Option<Located<ExpectText>>,
    /// What is expected of all answers of a race.
    #[serde(default)]
    pub(crate) overall: Option<Located<OverallText>>,
    /// What is kept for later steps.
    #[serde(default)]
    #[schemars(with = "Ordered<CaptureShape>")]
    pub(crate) capture: Ordered<Node>,
    /// What is done to the target before the request: `restart`.
    #[serde(default)]
    pub(crate) target: Option<Located<String>>,
    /// Whether its failure makes the rest of the scenario inconclusive.
    #[serde(default)]
    pub(crate) setup: bool,
    /// The first stage at which it holds.
    #[serde(default)]
    pub(crate) since: Option<Located<String>>,
    /// The first stage at which it holds no more.
    #[serde(default)]
    pub(crate) until: Option<Located<String>>,
    /// A pause before the request.
    #[serde(default)]
    pub(crate) wait: Option<Located<String>>,
    /// How long the step is tried again until it passes.
    #[serde(default)]
    pub(crate) retry: Option<RetryText>,
}

/// One of the requests that are sent together.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaneText {
    /// A curl command, or a mapping.
    #[schemars(with = "RequestShape")]
    pub(crate) request: Node,
    /// How often it is sent; as often as the step's `race` says unless it says otherwise.
    #[serde(default)]
    pub(crate) race: Option<Located<usize>>,
    /// What is expected of each of its answers.
    #[serde(default)]
    pub(crate) expect: Option<Located<ExpectText>>,
    /// What is kept of its first answer.
    #[serde(default)]
    #[schemars(with = "Ordered<CaptureShape>")]
    pub(crate) capture: Ordered<Node>,
}

/// What is expected of all answers of a race.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverallText {
    /// The kinds of answers that there are, and how many of each.
    #[serde(default)]
    pub(crate) outcomes: Vec<OutcomeText>,
    /// A value that no two answers share, named as a capture names it.
    #[serde(default)]
    pub(crate) distinct: Option<Node>,
}

/// A kind of answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutcomeText {
    /// How many there are: `1`, or `1..` for at least, `..3` for at most, `1..3` for any of these.
    pub(crate) count: Node,
    /// What makes an answer one of them.
    pub(crate) expect: ExpectText,
}

/// How a step is tried again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryText {
    /// For how long.
    #[serde(rename = "for")]
    pub(crate) limit: Located<String>,
    /// How often; every 100 ms unless it says otherwise.
    #[serde(default)]
    pub(crate) every: Option<Located<String>>,
}

/// What is expected of a response.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectText {
    /// A number, a list of numbers, or a class such as `4xx`.
    #[serde(default)]
    #[schemars(with = "Option<StatusShape>")]
    pub(crate) status: Option<Node>,
    /// Header fields by name, with what their values have to be.
    #[serde(default)]
    pub(crate) headers: Ordered<Node>,
    /// Cookies by name, with their attributes.
    #[serde(default)]
    pub(crate) cookies: Ordered<Node>,
    /// Header fields that must not be there.
    #[serde(default)]
    pub(crate) absent: Vec<Located<String>>,
    /// Cookies that must not be set.
    #[serde(default)]
    pub(crate) absent_cookies: Vec<Located<String>>,
    /// The body as JSON.
    #[serde(default, deserialize_with = "present")]
    pub(crate) json: Option<Node>,
    /// The body as text.
    #[serde(default, deserialize_with = "present")]
    pub(crate) text: Option<Node>,
    /// The body as it came.
    #[serde(default, deserialize_with = "present")]
    pub(crate) body: Option<Node>,
    /// How long the answer may take.
    #[serde(default)]
    pub(crate) within: Option<Located<String>>,
}
