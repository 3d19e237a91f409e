//! Counts verdicts into what is said of each requirement and of the run.

use std::collections::BTreeMap;

use crate::event::{Footer, Record, Stale, Standing};
use crate::exit::Exit;
use crate::suite::{Level, Suite};
use crate::verdict::Verdict;

/// The verdicts so far.
pub(crate) struct Tally {
    /// What can be said something of, in the order of the register.
    register: Vec<Standing>,
    steps: BTreeMap<Verdict, usize>,
    requirements: BTreeMap<String, (Verdict, Option<String>)>,
    /// The worst of each requirement but for what is known.
    binding: BTreeMap<String, Verdict>,
    /// Steps that cover nothing and went wrong: a setup that is broken must not pass for conformance.
    uncovered: Option<Verdict>,
}

impl Tally {
    /// Returns the count of a run that has not begun. Of each requirement the register says what is so while no step is told.
    pub(crate) fn new(register: Vec<Standing>) -> Self {
        Self {
            register,
            steps: BTreeMap::new(),
            requirements: BTreeMap::new(),
            binding: BTreeMap::new(),
            uncovered: None,
        }
    }

    /// Counts a step.
    pub(crate) fn count(&mut self, record: &Record) {
        *self.steps.entry(record.verdict).or_default() += 1;
        let known = record.deviation.is_some();
        for id in record.covers.keys() {
            let binding = if known { Verdict::Pass } else { record.verdict };
            let worst = self.binding.entry(id.clone()).or_insert(binding);
            *worst = binding.max(*worst);
            let standing = self
                .requirements
                .entry(id.clone())
                .or_insert_with(|| (record.verdict, record.reason.clone()));
            if record.verdict > standing.0 {
                *standing = (record.verdict, record.reason.clone());
            }
        }
        if record.covers.is_empty() && !known {
            self.uncovered = self.uncovered.max(Some(record.verdict));
        }
    }

    /// Says what the run came to. A deviation that is no longer true fails it.
    pub(crate) fn close(self, stale: Vec<Stale>) -> Footer {
        let requirements: Vec<Standing> = (self.register.into_iter())
            .map(|standing| match self.requirements.get(&standing.id) {
                Some((verdict, reason)) => Standing {
                    verdict: Some(*verdict),
                    deviates: self.binding.get(&standing.id) < Some(verdict),
                    reason: reason.clone().or(standing.reason),
                    ..standing
                },
                None => standing,
            })
            .collect();
        let binding = |standing: &Standing| self.binding.get(&standing.id).copied();
        let musts = requirements.iter().filter(|standing| standing.level == Level::Must);
        let worst = musts.filter_map(binding).max();
        let uncovered = self.uncovered.max((!stale.is_empty()).then_some(Verdict::Fail));
        let exit = exit(worst, self.steps.keys().max().copied(), uncovered);
        Footer { steps: self.steps, requirements, stale, exit: exit.code(), ..Footer::default() }
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
        reason: requirement.untested.clone(),
    });
    standings.collect()
}

/// A must that does not hold fails the run. A should or a may that does not hold is told and fails nothing.
fn exit(must: Option<Verdict>, any: Option<Verdict>, uncovered: Option<Verdict>) -> Exit {
    match (must.max(uncovered), any) {
        (Some(Verdict::Fail), any) if any != Some(Verdict::Error) => Exit::Fails,
        (_, Some(Verdict::Error)) | (Some(Verdict::Inconclusive), _) => Exit::Unusable,
        (_, None | Some(Verdict::Skipped)) => Exit::Nothing,
        _ => Exit::Conforms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_must_that_does_not_hold_fails_the_run() {
        let (pass, fail) = (Some(Verdict::Pass), Some(Verdict::Fail));
        assert_eq!(exit(fail, fail, None), Exit::Fails);
        assert_eq!(exit(pass, fail, pass), Exit::Conforms);
        assert_eq!(exit(Some(Verdict::Inconclusive), fail, None), Exit::Unusable);
        assert_eq!(exit(fail, Some(Verdict::Error), None), Exit::Unusable);
        assert_eq!(exit(pass, pass, Some(Verdict::Inconclusive)), Exit::Unusable);
        assert_eq!(exit(Some(Verdict::Skipped), Some(Verdict::Skipped), None), Exit::Nothing);
        assert_eq!(exit(None, None, None), Exit::Nothing);
    }
}
