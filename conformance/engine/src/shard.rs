//! Splits a plan into shards for several machines.
//!
//! Every scenario is in exactly one shard, and in the same one on every machine: the split depends only on the plan and on the
//! estimated costs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::event::Shard;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::plan::{Plan, PlannedScenario, group};

/// A shard, such as `2/5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Number of the shard, counted from 1.
    pub index: usize,
    /// Number of shards.
    pub of: usize,
}

/// Measured durations in microseconds, by scenario id.
#[derive(Debug, Clone, Default)]
pub struct Costs(BTreeMap<String, u64>);

/// Estimated duration of a step in microseconds: a slow target over loopback.
const STEP: u64 = 5_000;
/// Estimated duration of a target start in microseconds.
const START: u64 = 500_000;
/// Maximum number of shards.
const MOST: usize = 10_000;

impl FromStr for Part {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let form = || format!("expected N/OF, for example 2/5, with at most {MOST} shards");
        let (index, of) = written.split_once('/').ok_or_else(form)?;
        let (index, of) = (index.parse().map_err(|_| form())?, of.parse().map_err(|_| form())?);
        if (1..=of).contains(&index) && of <= MOST { Ok(Self { index, of }) } else { Err(form()) }
    }
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line {
    Header {},
    Step { scenario: String, milliseconds: f64 },
    Load {},
    Footer {},
}

impl Costs {
    /// Reads the durations from the JSON Lines report of an earlier run.
    ///
    /// # Errors
    /// The file cannot be read or is not a report.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let mut costs = BTreeMap::new();
        for line in crate::jsonl::read(path) {
            let line: Line = line?;
            if let Line::Step { scenario, milliseconds } = line {
                let cost: &mut u64 = costs.entry(scenario).or_default();
                *cost = cost.saturating_add(microseconds(milliseconds));
            }
        }
        Ok(Self(costs))
    }

    /// Returns the measured duration of a scenario, or an estimate from its steps, waits and restarts.
    fn of(&self, planned: &PlannedScenario) -> u64 {
        self.0.get(&planned.id()).copied().unwrap_or_else(|| {
            let scenario = &planned.scenario;
            let own = planned.steps.iter().map(|(at, _)| (&scenario.steps[*at], &scenario.definitions[*at]));
            own.fold(0, |cost, (step, definition)| {
                let requests = definition.branches().len().max(1) as u64;
                let wait = u64::try_from(step.wait.as_micros()).unwrap_or(u64::MAX);
                let restart = if step.restart.is_some() { START } else { 0 };
                (requests * STEP).saturating_add(wait).saturating_add(restart).saturating_add(cost)
            })
        })
    }
}

/// Returns the plan of a shard, which may be empty. Scenarios are assigned in order of decreasing cost, each to the shard with the
/// lowest cost so far, which includes the start of every target that it needs.
#[must_use]
pub fn cut(plan: Plan, part: Part, costs: &Costs) -> Plan {
    let scenarios: Vec<PlannedScenario> = plan.scenarios().into_iter().cloned().collect();
    let (whole, count) = (fingerprint(&plan, &scenarios), scenarios.len());
    let parts = deal(&scenarios, part.of, costs);
    let (mut positions, mut own) = (Vec::new(), Vec::new());
    for (position, planned) in scenarios.into_iter().enumerate() {
        if parts[position] == part.index - 1 {
            own.push(PlannedScenario { order: positions.len(), ..planned });
            positions.push(position);
        }
    }
    let shard = Shard { index: part.index, of: part.of, scenarios: count, positions, whole };
    Plan { groups: group(&plan.suite, own), shard: Some(shard), ..plan }
}

/// Returns the shard of each scenario, counted from 0.
fn deal(scenarios: &[PlannedScenario], parts: usize, costs: &Costs) -> Vec<usize> {
    let costs: Vec<u64> = scenarios.iter().map(|planned| costs.of(planned)).collect();
    let mut dearest: Vec<usize> = (0..scenarios.len()).collect();
    dearest.sort_by_key(|index| (std::cmp::Reverse(costs[*index]), *index));
    let mut loads = vec![(0_u64, BTreeSet::new()); parts];
    let mut dealt = vec![0; scenarios.len()];
    for index in dearest {
        let planned = &scenarios[index];
        let laden = |(load, started): &(u64, BTreeSet<&str>)| {
            let shares = !planned.scenario.isolated && started.contains(planned.profile.as_str());
            load.saturating_add(costs[index]).saturating_add(if shares { 0 } else { START })
        };
        // The first shard with the lowest cost; there is at least one shard.
        let least = (0..parts).min_by_key(|part| (laden(&loads[*part]), *part)).unwrap_or_default();
        loads[least].0 = laden(&loads[least]);
        if !planned.scenario.isolated {
            loads[least].1.insert(&planned.profile);
        }
        dealt[index] = least;
    }
    dealt
}

/// Returns a hash that is the same for all shards of one suite, stage, selection and split.
fn fingerprint(plan: &Plan, scenarios: &[PlannedScenario]) -> String {
    let mut hash = Sha256::new();
    let mut say = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    say(&plan.suite.title);
    say(plan.suite.stages.get(plan.stage).map_or("", String::as_str));
    for planned in scenarios {
        say(&planned.id());
        say(&planned.profile);
        for (index, asked) in &planned.steps {
            say(&planned.scenario.steps[*index].id);
            say(if *asked { "asked" } else { "" });
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
fn microseconds(milliseconds: f64) -> u64 {
    (milliseconds * 1000.0) as u64
}

#[cfg(test)]
mod tests;
