//! Splits a plan across machines.
//!
//! In go a [`Plan`] and which [`Part`] of it is wanted, out comes the plan of that part. Every scenario falls in exactly one part,
//! and the same one on every machine: it is decided by what each is reckoned to cost, in whole microseconds, and by the order of
//! the plan. Nothing is sent, and no clock is read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::diagnostic::Diagnostic;
use crate::event::Shard;
use crate::plan::{Plan, Trial, group};

/// One part of several: `2/5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which it is, counted from 1.
    pub index: usize,
    /// How many there are.
    pub of: usize,
}

/// What scenarios cost when they were last run, in microseconds, by their ids.
#[derive(Debug, Clone, Default)]
pub struct Costs(BTreeMap<String, u64>);

/// What a step is reckoned to cost, in microseconds: about what it takes over loopback with a target in a slow language.
const STEP: u64 = 5_000;
/// What the start of a target is reckoned to cost, in microseconds.
const START: u64 = 500_000;
/// The most parts that anyone splits a run into.
const MOST: usize = 10_000;

impl FromStr for Part {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let form = || format!("written as 2/5: the second of five, of at most {MOST}");
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
    /// Reads what scenarios cost from the report of an earlier run, as JSON Lines.
    ///
    /// # Errors
    /// A file that cannot be read, or is no report.
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

    /// What a scenario costs: as measured, or where it was not, counted by its steps, waits and restarts.
    fn of(&self, trial: &Trial) -> u64 {
        self.0.get(&trial.id()).copied().unwrap_or_else(|| {
            let steps = trial.steps.iter().map(|(index, _)| &trial.scenario.steps[*index]);
            steps.fold(0, |cost, step| {
                let requests = u64::from(step.requests);
                let wait = u64::try_from(step.wait.as_micros()).unwrap_or(u64::MAX);
                let restart = if step.restart.is_some() { START } else { 0 };
                (requests * STEP).saturating_add(wait).saturating_add(restart).saturating_add(cost)
            })
        })
    }
}

/// Returns one part of a plan. The dearest scenario is dealt first, each to the part that is then the least laden; a part pays for
/// the start of every target that its scenarios need. A part may be empty.
#[must_use]
pub fn cut(plan: Plan, part: Part, costs: &Costs) -> Plan {
    let trials: Vec<Trial> = plan.trials().into_iter().cloned().collect();
    let (whole, scenarios) = (fingerprint(&plan, &trials), trials.len());
    let parts = deal(&trials, part.of, costs);
    let (mut positions, mut own) = (Vec::new(), Vec::new());
    for (position, trial) in trials.into_iter().enumerate() {
        if parts[position] == part.index - 1 {
            own.push(Trial { order: positions.len(), ..trial });
            positions.push(position);
        }
    }
    let shard = Shard { index: part.index, of: part.of, scenarios, positions, whole };
    Plan { groups: group(&plan.suite, own), shard: Some(shard), ..plan }
}

/// Says for each scenario which part it falls in, counted from 0.
fn deal(trials: &[Trial], parts: usize, costs: &Costs) -> Vec<usize> {
    let costs: Vec<u64> = trials.iter().map(|trial| costs.of(trial)).collect();
    let mut dearest: Vec<usize> = (0..trials.len()).collect();
    dearest.sort_by_key(|index| (std::cmp::Reverse(costs[*index]), *index));
    let mut loads = vec![(0_u64, BTreeSet::new()); parts];
    let mut dealt = vec![0; trials.len()];
    for index in dearest {
        let trial = &trials[index];
        let laden = |(load, started): &(u64, BTreeSet<&str>)| {
            let shares = !trial.scenario.isolated && started.contains(trial.profile.as_str());
            load.saturating_add(costs[index]).saturating_add(if shares { 0 } else { START })
        };
        // The first of those that are the least laden; there is at least one part.
        let least = (0..parts).min_by_key(|part| (laden(&loads[*part]), *part)).unwrap_or_default();
        loads[least].0 = laden(&loads[least]);
        if !trial.scenario.isolated {
            loads[least].1.insert(&trial.profile);
        }
        dealt[index] = least;
    }
    dealt
}

/// What the whole is: the same for the shards of one suite with one stage, one selection and one split.
fn fingerprint(plan: &Plan, trials: &[Trial]) -> String {
    let mut hash = Sha256::new();
    let mut say = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    say(&plan.suite.title);
    say(plan.suite.stages.get(plan.stage).map_or("", String::as_str));
    for trial in trials {
        say(&trial.id());
        say(&trial.profile);
        for (index, asked) in &trial.steps {
            say(&trial.scenario.steps[*index].id);
            say(if *asked { "asked" } else { "" });
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float ends at the ends"
)]
fn microseconds(milliseconds: f64) -> u64 {
    (milliseconds * 1000.0) as u64
}

#[cfg(test)]
mod tests;
