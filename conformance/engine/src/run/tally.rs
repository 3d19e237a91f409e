//! Counts the results of steps into the standing of each requirement and of the whole run.

use std::collections::{BTreeMap, HashSet};

use crate::event::{Footer, Record, Stale, Standing, Uncovered};
use crate::outcome::{self, Outcome};
use crate::score::Losses;
use crate::verdict::Verdict;
use conformance_suite::suite::Suite;

/// Counts of the steps so far.
#[derive(Default)]
pub struct Tally {
    /// The requirements in the order of `requirements.yaml`.
    register: Vec<Standing>,
    steps: BTreeMap<Verdict, usize>,
    requirements: BTreeMap<String, Requirement>,
    /// Steps that cover no requirement and fail the run.
    uncovered: Vec<Uncovered>,
    /// Ids of the steps in `uncovered`: a load test counts a step many times.
    seen: HashSet<String>,
    /// Worst outcome of all steps.
    worst: Option<Outcome>,
    losses: Losses,
    graded: bool,
}

/// Counts of the steps that cover one requirement.
struct Requirement {
    /// Worst verdict, with its reason.
    verdict: Verdict,
    reason: Option<String>,
    /// Worst outcome.
    outcome: Outcome,
}

impl Tally {
    /// Creates empty counts. `register` says for each requirement why no step covers it.
    #[must_use]
    pub fn new(register: Vec<Standing>) -> Self {
        Self { register, ..Self::default() }
    }

    /// Sets whether the suite or the user gives points to requirements.
    #[must_use]
    pub fn graded(self, graded: bool) -> Self {
        Self { graded, ..self }
    }

    /// Counts a step.
    pub fn count(&mut self, record: &Record) {
        *self.steps.entry(record.verdict).or_default() += 1;
        self.losses.add(record);
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

    /// Returns the footer. A deviation that is no longer true fails the run.
    #[must_use]
    pub fn close(mut self, stale: Vec<Stale>) -> Footer {
        let requirements = std::mem::take(&mut self.requirements);
        let mut requirements: Vec<Standing> = (self.register.into_iter())
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
        self.losses.score(&mut requirements);
        let worst = self.worst.max((!stale.is_empty()).then_some(Outcome::Failed));
        let exit = outcome::exit(worst).code();
        Footer {
            steps: self.steps,
            requirements,
            uncovered: self.uncovered,
            stale,
            graded: self.graded,
            exit,
            ..Footer::default()
        }
    }
}

/// Returns the standing of all requirements before a run.
pub(super) fn register(suite: &Suite) -> Vec<Standing> {
    let standings = suite.requirements.iter().map(|requirement| Standing {
        id: requirement.id.to_string(),
        level: requirement.level,
        clause: requirement.clause.clone(),
        text: requirement.text.clone(),
        verdict: None,
        deviates: false,
        outcome: None,
        reason: requirement.untested.clone(),
        points: Some(requirement.points),
        earned: None,
        hidden: requirement.hidden,
    });
    standings.collect()
}

/// Decides the verdict of a step whose target did not start in the profile of the step.
///
/// If the target starts in no profile, the step stays inconclusive. If it starts in another profile, the step fails.
/// Steps that cover no requirement of this profile and steps that depend on a precondition are skipped.
pub fn settle(record: &mut Record, came_up: bool) {
    if record.unstarted && came_up {
        let blamed = !record.covers.is_empty() && record.waits_for.is_none();
        record.verdict = if blamed { Verdict::Fail } else { Verdict::Skipped };
    }
}
