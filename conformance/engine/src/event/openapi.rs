//! What a run shows about the description of the API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::Finding;
use conformance_suite::source::Place;
use conformance_suite::suite::Level;

/// The scenario of the records about the operations of a description.
pub const OPERATIONS: &str = "openapi";
/// The requirement that every exchange matches the description.
pub const REQUIREMENT: &str = "OPENAPI";

/// Whether an id is that of a record about an operation.
#[must_use]
pub fn is_operation(id: &str) -> bool {
    id.strip_prefix(OPERATIONS).is_some_and(|rest| rest.starts_with("::"))
}

/// A description of an API that exchanges are checked against.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct ApiDescription {
    /// Its title.
    pub title: String,
    /// Its file.
    pub file: String,
    /// The level of the requirement that every exchange matches it.
    pub level: Level,
    /// Number of its operations.
    pub operations: usize,
}

/// Which parts of a description the steps of a run used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct ApiCoverage {
    /// Counts of each kind of part.
    pub counts: Vec<ApiCount>,
    /// Operations that no step used, and unused parts of the others.
    pub missing: Vec<String>,
}

/// How many parts of a kind were used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct ApiCount {
    /// The kind: `operations`, `parameters`, `statuses`, `content-types` or `branches`.
    pub kind: String,
    /// Number of parts.
    pub total: usize,
    /// Number of parts that were used.
    pub covered: usize,
}

/// The exchanges of a step with one operation of the description.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct OperationCheck {
    /// The method and the path of the operation; absent if the description has none for the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Source location of the operation in the description.
    pub place: Place,
    /// The violations. Their places are in the description.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Finding>,
    /// Parts of the description that could not be used, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}
