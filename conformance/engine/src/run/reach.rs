//! Finds out how far an implementation is, if it has nothing of the later stages.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{Footer, Record};
use crate::outcome::Outcome;
use conformance_suite::plan::Plan;
use conformance_suite::suite::Level;

/// Requirements that fail because something does not exist: a route is missing, or the target does not start.
#[derive(Default)]
pub(super) struct Absent(BTreeMap<String, BTreeSet<Missing>>);

/// Method and path of a missing route; none if the target does not start.
type Missing = Option<(String, String)>;

/// What the results say about a stage.
#[derive(PartialEq)]
enum Progress {
    /// At least half of it works.
    Begun,
    /// Most of what fails does not exist. Some requirements hold without it, such as those that forbid something.
    Absent,
    /// Nothing of it could be judged, or it fails in another way.
    Open,
}

impl Absent {
    /// Counts a step.
    pub(super) fn count(&mut self, record: &Record) {
        let route = record.exchange.as_ref().filter(|exchange| {
            exchange.received.as_ref().is_some_and(|received| matches!(received.status, 404 | 405))
        });
        let route = route.map(|exchange| {
            let path = exchange.sent.target.split('?').next().unwrap_or_default().trim_end_matches('/');
            (exchange.sent.method.clone(), path.to_owned())
        });
        if record.outcome() >= Outcome::OptionalFailed && (route.is_some() || record.unstarted) {
            for id in record.covers.keys() {
                self.0.entry(id.clone()).or_default().insert(route.clone());
            }
        }
    }

    /// Returns a note that names the last stage of which something exists, if nothing of the later stages does.
    pub(super) fn note(&self, plan: &Plan, footer: &Footer) -> Option<String> {
        let stages = plan.introduced();
        let progress = |known: &BTreeSet<&Missing>| -> Vec<Progress> {
            stages.iter().map(|(_, own)| self.progress(own, known, footer)).collect()
        };
        let all = progress(&BTreeSet::new());
        let last = all.iter().rposition(|progress| *progress == Progress::Begun)?;
        // A route that an earlier stage requires says nothing about the later ones.
        let earlier = stages.iter().take(last + 1).flat_map(|(_, own)| own);
        let known = earlier.filter_map(|id| self.0.get(*id)).flatten().filter(|missing| missing.is_some());
        let progress = progress(&known.collect());
        let last = progress.iter().rposition(|progress| *progress == Progress::Begun)?;
        let later = progress.get(last + 1..)?;
        later.contains(&Progress::Absent).then(|| {
            let stage = stages.get(last).map_or("", |(stage, _)| stage);
            format!("nothing of the stages after `{stage}` seems to exist yet; --stage {stage} checks only what is required up to it")
        })
    }

    fn progress(
        &self,
        requirements: &BTreeSet<&str>,
        known: &BTreeSet<&Missing>,
        footer: &Footer,
    ) -> Progress {
        let musts = footer.requirements.iter().filter(|one| one.level == Level::Must);
        let own: Vec<(&str, Outcome)> = musts
            .filter(|one| requirements.contains(one.id.as_str()))
            .filter_map(|one| Some((one.id.as_str(), one.outcome()?)))
            .filter(|(_, outcome)| *outcome != Outcome::Skipped)
            .collect();
        let count = |wanted: Outcome| own.iter().filter(|(_, outcome)| *outcome == wanted).count();
        let (held, failed) = (count(Outcome::Passed), count(Outcome::Failed));
        let is_missing = |id: &str| {
            self.0.get(id).is_some_and(|missing| missing.iter().any(|missing| !known.contains(missing)))
        };
        let absent = own.iter().filter(|(id, outcome)| *outcome == Outcome::Failed && is_missing(id)).count();
        if !own.is_empty() && held * 2 >= own.len() {
            Progress::Begun
        } else if absent * 2 > failed {
            Progress::Absent
        } else {
            Progress::Open
        }
    }
}
