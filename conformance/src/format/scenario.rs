//! Scenarios and sequences as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::shape::{CaptureShape, KeptShape, NamesShape, RequestShape, StatusShape};

use crate::yaml::{Located, Node, Ordered, present};

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
    /// What the target has to offer.
    #[serde(default)]
    pub(crate) requires: Vec<Located<String>>,
    /// Words by which it can be picked.
    #[serde(default)]
    pub(crate) tags: Vec<Located<String>>,
    /// Data: the whole scenario is played for each row.
    #[serde(default)]
    pub(crate) rows: Option<Node>,
    /// The steps, in order.
    pub(crate) steps: Vec<Located<StepText>>,
    /// The steps that end it, whatever has happened before.
    #[serde(default)]
    pub(crate) cleanup: Vec<Located<StepText>>,
}

/// A file below `sequences/`: steps that scenarios use.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SequenceText {
    /// The version of the format: 1.
    pub(crate) format: Located<u32>,
    /// What it does, in one sentence.
    #[serde(rename = "title")]
    pub(crate) _title: String,
    /// A list of names; or a mapping of names to `value` or `fixture`.
    #[serde(default)]
    pub(crate) parameters: Option<Node>,
    /// The captures that it hands back.
    #[serde(default)]
    pub(crate) gives: Vec<Located<String>>,
    /// The steps, in order.
    pub(crate) steps: Vec<Located<StepText>>,
}

/// One request and what is expected of its response.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepText {
    /// Its name in the file, in kebab case; a step that uses a sequence has the sequence's name unless it says another.
    #[serde(default)]
    pub(crate) id: Option<Located<String>>,
    /// What it says, in one sentence.
    #[serde(default)]
    pub(crate) title: Option<String>,
    /// The sequence that stands here, in place of a request.
    #[serde(default, rename = "use")]
    pub(crate) uses: Option<Located<String>>,
    /// The sequence's parameters.
    #[serde(default)]
    pub(crate) with: Ordered<Node>,
    /// Data: the step is sent for each row.
    #[serde(default)]
    pub(crate) rows: Option<Node>,
    /// What the target has to offer.
    #[serde(default)]
    pub(crate) requires: Vec<Located<String>>,
    /// Words by which it can be picked.
    #[serde(default)]
    pub(crate) tags: Vec<Located<String>>,
    /// Whose cookies it sends and keeps.
    #[serde(default)]
    pub(crate) jar: Option<Located<String>>,
    /// The requirements that it covers.
    #[serde(default)]
    pub(crate) covers: Vec<Located<String>>,
    /// A curl command, or a mapping.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<RequestShape>")]
    pub(crate) request: Option<Node>,
    /// How often the request is sent at once.
    #[serde(default)]
    pub(crate) race: Option<Located<usize>>,
    /// Different requests that are sent at once, in place of `request`.
    #[serde(default)]
    pub(crate) together: Vec<BranchText>,
    /// What is expected; in a race, of each answer.
    #[serde(default)]
    pub(crate) expect: Option<Located<ExpectText>>,
    /// What is expected of all answers of a race.
    #[serde(default)]
    pub(crate) overall: Option<Located<OverallText>>,
    /// What is kept for later steps.
    #[serde(default)]
    #[schemars(with = "Ordered<KeptShape>")]
    pub(crate) capture: Ordered<Node>,
    /// What is done to the target before the request: `restart`.
    #[serde(default)]
    pub(crate) target: Option<Located<String>>,
    /// Whether its failure makes the rest of the scenario inconclusive.
    #[serde(default)]
    pub(crate) setup: bool,
    /// Whether the rest of the scenario applies only if it passes: otherwise it is skipped.
    #[serde(default)]
    pub(crate) precondition: bool,
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
pub(crate) struct BranchText {
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
    /// Whether no object of the JSON may have two members with one name.
    #[serde(default)]
    pub(crate) unique_members: Option<Located<bool>>,
    /// How long the answer may take.
    #[serde(default)]
    pub(crate) within: Option<Located<String>>,
}
