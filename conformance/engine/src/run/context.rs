//! What all parts of a run share, and no part changes.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::interrupt::Interrupt;
use super::response_collector::ResponseCollector;
use crate::deviation::Deviations;
use crate::http::Transport;
use crate::redact::Redactor;
use conformance_openapi::Description;
use conformance_suite::plan::Plan;
use conformance_suite::suite::{Concurrency, Connections, Level};

/// Settings of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Maximum number of scenarios that send requests at the same time. Scenarios share a process only if the suite
    /// allows it.
    pub jobs: usize,
    /// Network settings for connections to the target.
    pub transport: Transport,
    /// Removes secrets from the events.
    pub redactor: Redactor,
    /// Known failures.
    pub deviations: Deviations,
    /// Whether events contain the exchanges of passing steps in full. Otherwise they contain only the request line and
    /// the status.
    pub shows_passes: bool,
    /// Stops the run early.
    pub interrupt: Interrupt,
    /// Collects the responses that `--bless` writes to the suite. None without `--bless`.
    pub responses: Option<ResponseCollector>,
    /// What `uuid()` and `random()` are computed from. Not used by load tests, whose repetitions need different values.
    pub seed: u32,
    /// Whether the first failed step ends the run.
    pub fail_fast: bool,
    /// When the run ends, whether or not all steps ran.
    pub deadline: Option<Deadline>,
    /// The description of the API that every exchange is checked against.
    pub described: Option<Described>,
}

/// A description of the API under test.
#[derive(Debug, Clone)]
pub struct Described {
    /// The description.
    pub description: Arc<Description>,
    /// The level of the requirement that every exchange matches it.
    pub level: Level,
}

/// Time after which no step starts; the remaining steps are inconclusive.
#[derive(Debug, Clone)]
pub struct Deadline {
    /// The time.
    pub at: Instant,
    /// Why the remaining steps did not run.
    pub reason: String,
}

impl Deadline {
    /// Returns the reason if the time has come.
    #[must_use]
    pub fn passed(&self) -> Option<String> {
        (Instant::now() >= self.at).then(|| self.reason.clone())
    }
}

/// The plan and the options of a run.
#[derive(Debug)]
pub struct Context {
    /// What is run.
    pub plan: Plan,
    /// How it is run.
    pub options: Options,
    /// Whether scenarios are replayed under load.
    pub(super) is_load_test: bool,
    /// Why no further step is sent, after the first failure with `--fail-fast`.
    ended: OnceLock<String>,
}

impl Context {
    /// Creates the context of a run in which each scenario is played once.
    #[must_use]
    pub fn new(plan: Plan, mut options: Options) -> Arc<Self> {
        options.transport.connections = plan.suite.connections;
        Arc::new(Self { plan, options, is_load_test: false, ended: OnceLock::new() })
    }

    /// Creates the context of a load test.
    pub(super) fn of_load_test(plan: Plan, mut options: Options) -> Arc<Self> {
        // A load test measures throughput, so it reuses connections whatever the suite says.
        options.transport.connections = Connections::Reuse;
        // The first run of each step decides which verdict is expected; a description adds nothing to that.
        options.described = None;
        Arc::new(Self { plan, options, is_load_test: true, ended: OnceLock::new() })
    }

    /// Whether scenarios use the same target at the same time.
    pub(super) fn shares_targets(&self) -> bool {
        self.is_load_test || self.plan.suite.concurrency == Concurrency::Shared
    }

    /// Sends no further step, because this one failed.
    pub(super) fn end_after(&self, step: &str) {
        self.ended.get_or_init(|| format!("the run ended at the first failure, {step} (--fail-fast)"));
    }

    /// Returns why no further step is sent, if so.
    pub(super) fn ended(&self) -> Option<String> {
        let passed = || self.options.deadline.as_ref().and_then(Deadline::passed);
        self.ended.get().cloned().or_else(passed)
    }

    /// Returns the key of the random values of a scenario that was played a number of times before; none in a load test.
    pub(super) fn random_key(&self, scenario: &str, played: usize) -> Option<String> {
        (!self.is_load_test).then(|| format!("{} {scenario} {played}", self.options.seed))
    }

    /// Returns the redactor of one scenario. All share what they learn, since a target may print the secrets of another scenario.
    pub(super) fn scenario_redactor(&self) -> Redactor {
        self.options.redactor.clone()
    }
}
