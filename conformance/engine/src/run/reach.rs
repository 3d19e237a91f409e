//! Finds out how far an implementation is, if it has nothing of the later stages.

use std::collections::BTreeSet;

use crate::event::{Footer, Record};
use crate::outcome::Outcome;
use conformance_suite::plan::Plan;
use conformance_suite::suite::Level;

/// Requirements that fail because something does not exist: a route is missing, or the target does not start.
#[derive(Default)]
pub(super) struct Absent(BTreeSet<String>);

/// What the results say about a stage.
#[derive(PartialEq)]
enum Progress {
    /// Something of it works, or is wrong in another way.
    Begun,
    /// Nothing of it exists.
    Absent,
    /// Nothing of it could be judged.
    Open,
}

impl Absent {
    /// Counts a step.
    pub(super) fn count(&mut self, record: &Record) {
        let received = record.exchange.as_ref().and_then(|exchange| exchange.received.as_ref());
        let is_missing = received.is_some_and(|received| matches!(received.status, 404 | 405));
        if record.outcome() >= Outcome::OptionalFailed && (is_missing || record.unstarted) {
            self.0.extend(record.covers.keys().cloned());
        }
    }

    /// Returns a note that names the last stage of which something exists, if nothing of the later stages does.
    pub(super) fn note(&self, plan: &Plan, footer: &Footer) -> Option<String> {
        let stages = plan.introduced();
        let progress: Vec<Progress> = stages.iter().map(|(_, own)| self.progress(own, footer)).collect();
        let last = progress.iter().rposition(|progress| *progress == Progress::Begun)?;
        let later = progress.get(last + 1..)?;
        later.contains(&Progress::Absent).then(|| {
            let stage = stages.get(last).map_or("", |(stage, _)| stage);
            format!("nothing of the stages after `{stage}` seems to exist yet; --stage {stage} checks only what is required up to it")
        })
    }

    fn progress(&self, requirements: &BTreeSet<&str>, footer: &Footer) -> Progress {
        let musts = footer.requirements.iter().filter(|one| one.level == Level::Must);
        let own: Vec<(&str, Outcome)> = musts
            .filter(|one| requirements.contains(one.id.as_str()))
            .filter_map(|one| Some((one.id.as_str(), one.outcome()?)))
            .filter(|(_, outcome)| !matches!(outcome, Outcome::Skipped | Outcome::Inconclusive))
            .collect();
        let absent =
            own.iter().filter(|(id, outcome)| *outcome == Outcome::Failed && self.0.contains(*id)).count();
        match own.len() {
            0 => Progress::Open,
            all if absent * 2 > all => Progress::Absent,
            _ => Progress::Begun,
        }
    }
}
