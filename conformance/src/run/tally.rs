//! Counts the steps of a run into what is said of each requirement and of the run.

use std::collections::{BTreeMap, HashSet};

use crate::event::{Footer, Record, Stale, Standing, Uncovered};
use crate::outcome::{self, Outcome};
use crate::suite::Suite;
use crate::verdict::Verdict;

/// The steps so far.
pub(crate) struct Tally {
    /// The requirements, in the order of the register.
    register: Vec<Standing>,
    steps: BTreeMap<Verdict, usize>,
    requirements: BTreeMap<String, Requirement>,
    /// The steps that cover no requirement and fail the run.
    uncovered: Vec<Uncovered>,
    /// Their ids: under load a step is counted many times.
    seen: HashSet<String>,
    /// The worst outcome of a step.
    worst: Option<Outcome>,
}

/// The steps so far that cover one requirement.
struct Requirement {
    /// The worst verdict, with its reason.
    verdict: Verdict,
    reason: Option<String>,
    /// The worst outcome.
    outcome: Outcome,
}

impl Tally {
    /// Returns the count of a run that has not begun. The register says of each requirement why no step ran.
    pub(crate) fn new(register: Vec<Standing>) -> Self {
        Self {
            register,
            steps: BTreeMap::new(),
            requirements: BTreeMap::new(),
            uncovered: Vec::new(),
            seen: HashSet::new(),
            worst: None,
        }
    }

    /// Counts a step.
    pub(crate) fn count(&mut self, record: &Record) {
        *self.steps.entry(record.verdict).or_default() += 1;
        let (known, verdict) = (record.deviation.is_some(), record.verdict);
        for (id, level) in &record.covers {
            let outcome = Outcome::of_requirement(verdict, *level, known);
            let one = self.requirements.entry(id.clone()).or_insert_with(|| Requirement {
                verdict,
                reason: record.reason.clone(),
                outcome,
            });
            one.outcome = one.outcome.max(outcome);
            if verdict > one.verdict {
                (one.verdict, one.reason) = (verdict, record.reason.clone());
            }
        }
        let outcome = record.outcome();
        self.worst = self.worst.max(Some(outcome));
        if record.covers.is_empty() && outcome.fails_the_run() && self.seen.insert(record.id.clone()) {
            self.uncovered.push(Uncovered { id: record.id.clone(), outcome });
        }
    }

    /// Returns what the run came to. A deviation that is no longer true fails it.
    pub(crate) fn close(mut self, stale: Vec<Stale>) -> Footer {
        let requirements = std::mem::take(&mut self.requirements);
        let requirements = (self.register.into_iter())
            .map(|standing| match requirements.get(&standing.id) {
                Some(one) => Standing {
                    verdict: Some(one.verdict),
                    deviates: one.outcome == Outcome::Known,
                    outcome: Some(one.outcome),
                    reason: one.reason.clone().or(standing.reason),
                    ..standing
                },
                None => standing,
            })
            .collect();
        let worst = self.worst.max((!stale.is_empty()).then_some(Outcome::Failed));
        let exit = outcome::exit(worst).code();
        Footer {
            steps: self.steps,
            requirements,
            uncovered: self.uncovered,
            stale,
            exit,
            ..Footer::default()
        }
    }
}

/// Returns the register of a suite as it stands before a run.
pub(crate) fn register(suite: &Suite) -> Vec<Standing> {
    let standings = suite.requirements.iter().map(|requirement| Standing {
        id: requirement.id.to_string(),
        level: requirement.level,
        clause: requirement.clause.clone(),
        text: requirement.text.clone(),
        verdict: None,
        deviates: false,
        outcome: None,
        reason: requirement.untested.clone(),
    });
    standings.collect()
}
