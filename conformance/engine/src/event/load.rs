//! Results of a load test.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exchange;
use crate::verdict::Verdict;

/// Results of a load test. The first run of each step determines the expected verdict.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Load {
    /// Duration in seconds.
    pub seconds: f64,
    /// Number of concurrent scenarios.
    pub jobs: usize,
    /// Number of repeated scenarios.
    pub scenarios: usize,
    /// Number of scenario runs.
    pub repetitions: u64,
    /// Number of exchanges.
    pub exchanges: u64,
    /// Number of exchanges with the expected verdict.
    pub kept: u64,
    /// Exchanges per second.
    pub per_second: f64,
    /// Number of requests that timed out.
    #[serde(default)]
    pub timeouts: u64,
    /// Number of requests that were sent again: the target had closed the reused connection before any response, or refused `Expect`.
    #[serde(default, skip_serializing_if = "exchange::is_zero")]
    pub resent: usize,
    /// Why the test ended early, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Scenarios that were not repeated, with reasons.
    pub left_out: Vec<LeftOut>,
    /// Results of the repeated steps, in the order of the plan.
    pub steps: Vec<Pace>,
}

/// A scenario that was not repeated.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct LeftOut {
    /// The scenario.
    pub scenario: String,
    /// Why it was not repeated.
    pub reason: String,
}

/// Results of a step in a load test. Times are in milliseconds.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Pace {
    /// The id of the step.
    pub id: String,
    /// Number of exchanges.
    pub exchanges: u64,
    /// Number of exchanges with the expected verdict.
    pub kept: u64,
    /// The expected verdict.
    pub verdict: Verdict,
    /// Median response time.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p999: f64,
    /// Maximum.
    pub max: f64,
}
