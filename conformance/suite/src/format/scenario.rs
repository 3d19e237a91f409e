//! The types of scenario and sequence files.

use schemars::JsonSchema;
use serde::Deserialize;

use super::shape::{CaptureShape, KeptShape, NamesShape, PrintedShape, RequestShape, RunShape, StatusShape};

use crate::yaml::{Located, Node, Ordered, present};

/// A scenario file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioText {
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
    /// The first stage at which it applies.
    #[serde(default)]
    pub(crate) since: Option<Located<String>>,
    /// The first stage at which it no longer applies.
    #[serde(default)]
    pub(crate) until: Option<Located<String>>,
    /// Whether it needs a target of its own, because it changes what other scenarios see.
    #[serde(default)]
    pub(crate) isolated: bool,
    /// Features that the target must offer.
    #[serde(default)]
    pub(crate) requires: Vec<Located<String>>,
    /// Tags to select it by.
    #[serde(default)]
    pub(crate) tags: Vec<Located<String>>,
    /// Data: the whole scenario runs once for each row. A list of mappings, or the name of a CSV file.
    #[serde(default)]
    pub(crate) rows: Option<Node>,
    /// The steps, in order.
    pub(crate) steps: Vec<Located<StepText>>,
    /// Steps that run at the end, whatever happened before.
    #[serde(default)]
    pub(crate) cleanup: Vec<Located<StepText>>,
}

/// A file below `sequences/`: steps that scenarios use.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceText {
    /// The version of the format: 1.
    pub(crate) format: Located<u32>,
    /// What it does, in one sentence.
    #[serde(rename = "title")]
    pub(crate) _title: String,
    /// A list of names, or a mapping of names to `value` or `fixture`.
    #[serde(default)]
    pub(crate) parameters: Option<Node>,
    /// The captures that it gives to the step that uses it.
    #[serde(default)]
    pub(crate) gives: Vec<Located<String>>,
    /// The steps, in order.
    pub(crate) steps: Vec<Located<StepText>>,
}

/// One request, or one program, and its expectations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepText {
    /// Its name in the file, in kebab case. The default for a step that uses a sequence is the name of the sequence.
    #[serde(default)]
    pub(crate) id: Option<Located<String>>,
    /// What it checks, in one sentence.
    #[serde(default)]
    pub(crate) title: Option<String>,
    /// The sequence to run here instead of a request.
    #[serde(default, rename = "use")]
    pub(crate) uses: Option<Located<String>>,
    /// Values for the parameters of the sequence.
    #[serde(default)]
    pub(crate) with: Ordered<Node>,
    /// Data: the step runs once for each row. A list of mappings, or the name of a CSV file.
    #[serde(default)]
    pub(crate) rows: Option<Node>,
    /// Features that the target must offer.
    #[serde(default)]
    pub(crate) requires: Vec<Located<String>>,
    /// Tags to select it by.
    #[serde(default)]
    pub(crate) tags: Vec<Located<String>>,
    /// The cookie jar to send cookies from and to store them in.
    #[serde(default)]
    pub(crate) jar: Option<Located<String>>,
    /// The requirements that it covers.
    #[serde(default)]
    pub(crate) covers: Vec<Located<String>>,
    /// A curl command, or a mapping.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<RequestShape>")]
    pub(crate) request: Option<Node>,
    /// A program to run in the folder of the target, instead of a request: its command, or a mapping.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<RunShape>")]
    pub(crate) run: Option<Node>,
    /// Opens a stream of this name: the step ends after the head of the response, which stays open for later steps.
    #[serde(default)]
    pub(crate) open: Option<Located<String>>,
    /// Awaits the next events of the stream of this name, instead of a request.
    #[serde(default, rename = "await")]
    pub(crate) awaits: Option<Located<String>>,
    /// How many times the request is sent in parallel.
    #[serde(default)]
    pub(crate) race: Option<Located<usize>>,
    /// Different requests to send in parallel, instead of `request`.
    #[serde(default)]
    pub(crate) together: Vec<BranchText>,
    /// What the response must match; in a race, each response.
    #[serde(default)]
    pub(crate) expect: Option<Located<ExpectText>>,
    /// What all responses of a race must match.
    #[serde(default)]
    pub(crate) overall: Option<Located<OverallText>>,
    /// Values to capture for later steps.
    #[serde(default)]
    #[schemars(with = "Ordered<KeptShape>")]
    pub(crate) capture: Ordered<Node>,
    /// What to do with the target before the request: `restart`.
    #[serde(default)]
    pub(crate) target: Option<Located<String>>,
    /// Whether its failure makes the rest of the scenario inconclusive.
    #[serde(default)]
    pub(crate) setup: bool,
    /// Whether the rest of the scenario applies only if it passes; otherwise it is skipped.
    #[serde(default)]
    pub(crate) precondition: bool,
    /// The first stage at which it applies.
    #[serde(default)]
    pub(crate) since: Option<Located<String>>,
    /// The first stage at which it no longer applies.
    #[serde(default)]
    pub(crate) until: Option<Located<String>>,
    /// A pause before the request.
    #[serde(default)]
    pub(crate) wait: Option<Located<String>>,
    /// How soon after the request of an earlier step the response must be complete for the step to count.
    #[serde(default)]
    pub(crate) timely: Option<TimelyText>,
    /// How many times the request is sent, one after the other. Each response must match.
    #[serde(default)]
    pub(crate) repeat: Option<Located<usize>>,
    /// Maximum time for one response, instead of that of the run (`--timeout`), such as `60s`.
    #[serde(default)]
    pub(crate) timeout: Option<Located<String>>,
    /// How long to retry the step until it passes.
    #[serde(default)]
    pub(crate) retry: Option<RetryText>,
}

/// One of several parallel requests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BranchText {
    /// A curl command, or a mapping.
    #[schemars(with = "RequestShape")]
    pub(crate) request: Node,
    /// How many times it is sent; the default is the step's `race`.
    #[serde(default)]
    pub(crate) race: Option<Located<usize>>,
    /// What each of its responses must match.
    #[serde(default)]
    pub(crate) expect: Option<Located<ExpectText>>,
    /// Values to capture from its first response.
    #[serde(default)]
    #[schemars(with = "Ordered<CaptureShape>")]
    pub(crate) capture: Ordered<Node>,
}

/// What all responses of a race must match.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverallText {
    /// The kinds of responses, and how many of each are expected.
    #[serde(default)]
    pub(crate) outcomes: Vec<OutcomeText>,
    /// A value that must differ between all responses, written as in a capture.
    #[serde(default)]
    pub(crate) distinct: Option<Node>,
}

/// A kind of response.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeText {
    /// How many responses: `1`, `1..` (at least), `..3` (at most) or `1..3`.
    pub(crate) count: Node,
    /// What a response of this kind must match.
    pub(crate) expect: ExpectText,
}

/// How soon a response must be complete for its step to count.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelyText {
    /// The id of an earlier step of the scenario; the time begins before its request is sent.
    pub(crate) after: Located<String>,
    /// The time, such as `4s`. If the response comes later, the scenario is played again, at most 3 times in all.
    pub(crate) within: Located<String>,
}

/// How to retry a step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryText {
    /// The total time, such as `5s`.
    #[serde(rename = "for")]
    pub(crate) limit: Located<String>,
    /// The interval; the default is 100 ms.
    #[serde(default)]
    pub(crate) every: Option<Located<String>>,
}

/// What a response must match.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectText {
    /// A number, a list of numbers, or a class such as `4xx`.
    #[serde(default)]
    #[schemars(with = "Option<StatusShape>")]
    pub(crate) status: Option<Node>,
    /// Header fields by name, with the values that they must have.
    #[serde(default)]
    pub(crate) headers: Ordered<Node>,
    /// Cookies by name, with their attributes.
    #[serde(default)]
    pub(crate) cookies: Ordered<Node>,
    /// Header fields that must not be present.
    #[serde(default)]
    pub(crate) absent: Vec<Located<String>>,
    /// Cookies that must not be set.
    #[serde(default)]
    pub(crate) absent_cookies: Vec<Located<String>>,
    /// The body, parsed as JSON.
    #[serde(default, deserialize_with = "present")]
    pub(crate) json: Option<Node>,
    /// The body, as text.
    #[serde(default, deserialize_with = "present")]
    pub(crate) text: Option<Node>,
    /// The first events of a stream, after which no more is read: a list, `!unordered` or `!containing`.
    #[serde(default, deserialize_with = "present")]
    pub(crate) events: Option<Node>,
    /// The body, byte for byte.
    #[serde(default, deserialize_with = "present")]
    pub(crate) body: Option<Node>,
    /// Whether no object of the JSON body may have two members with the same name.
    #[serde(default)]
    pub(crate) unique_members: Option<Located<bool>>,
    /// Maximum time until the response is complete.
    #[serde(default)]
    pub(crate) within: Option<Located<String>>,
    /// The exit code of the program of a step with `run`: a number or a matcher; the default is 0.
    #[serde(default, deserialize_with = "present")]
    pub(crate) exit: Option<Node>,
    /// What the program prints to standard output.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<PrintedShape>")]
    pub(crate) stdout: Option<Node>,
    /// What the program prints to standard error.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<PrintedShape>")]
    pub(crate) stderr: Option<Node>,
}

impl ExpectText {
    /// Returns the keys that a response has and a program has not.
    pub(crate) fn keys_of_response(&self) -> impl Iterator<Item = &'static str> + use<> {
        let keys = [
            ("status", self.status.is_some()),
            ("headers", !self.headers.0.is_empty()),
            ("cookies", !self.cookies.0.is_empty()),
            ("absent", !self.absent.is_empty()),
            ("absent_cookies", !self.absent_cookies.is_empty()),
            ("json", self.json.is_some()),
            ("text", self.text.is_some()),
            ("body", self.body.is_some()),
            ("events", self.events.is_some()),
            ("unique_members", self.unique_members.is_some()),
            ("within", self.within.is_some()),
        ];
        keys.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| key)
    }

    /// Returns the first key that a program has and a response has not, with its value.
    pub(crate) fn key_of_program(&self) -> Option<(&'static str, &Node)> {
        let keys = [("exit", &self.exit), ("stdout", &self.stdout), ("stderr", &self.stderr)];
        keys.into_iter().find_map(|(key, node)| Some((key, node.as_ref()?)))
    }
}
