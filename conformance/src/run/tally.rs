//! Counts verdicts into what is said of each requirement and of the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{Footer, Record, Stale, Standing};
use crate::exit::Exit;
use crate::plan::Plan;
use crate::suite::{Level, Suite};
use crate::verdict::Verdict;

/// The verdicts so far.
pub(super) struct Tally {
    suite: Arc<Suite>,
    steps: BTreeMap<Verdict, usize>,
    requirements: BTreeMap<String, (Verdict, Option<String>)>,
    /// The worst of each requirement but for what is known.
    binding: BTreeMap<String, Verdict>,
    /// Steps that cover nothing and went wrong: a setup that is broken must not pass for conformance.
    uncovered: Option<Verdict>,
}

impl Tally {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            suite: Arc::clone(&plan.suite),
            steps: BTreeMap::new(),
            requirements: BTreeMap::new(),
            binding: BTreeMap::new(),
            uncovered: None,
        }
    }

    pub(super) fn count(&mut self, record: &Record) {
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
    pub(super) fn close(self, stale: Vec<Stale>) -> Footer {
        let requirements: Vec<Standing> = (self.suite.requirements.iter())
            .map(|requirement| {
                let said = self.requirements.get(&requirement.id);
                let reason =
                    said.and_then(|(_, reason)| reason.clone()).or_else(|| requirement.untested.clone());
                Standing {
                    id: requirement.id.clone(),
                    level: requirement.level,
                    clause: requirement.clause.clone(),
                    text: requirement.text.clone(),
                    verdict: said.map(|(verdict, _)| *verdict),
                    deviates: self.binding.get(&requirement.id) < said.map(|(verdict, _)| verdict),
                    reason,
                }
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

/// A must that does not hold fails the run. A should or a may that does not hold is told and fails nothing.
fn exit(must: Option<Verdict>, any: Option<Verdict>, uncovered: Option<Verdict>) -> Exit {
    match (must.max(uncovered), any) {
        (_, Some(Verdict::Error)) => Exit::Internal,
        (Some(Verdict::Fail), _) => Exit::Fails,
        (Some(Verdict::Inconclusive), _) => Exit::Unusable,
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
        assert_eq!(exit(pass, pass, Some(Verdict::Inconclusive)), Exit::Unusable);
        assert_eq!(exit(Some(Verdict::Skipped), Some(Verdict::Skipped), None), Exit::Nothing);
        assert_eq!(exit(None, None, None), Exit::Nothing);
    }
}
