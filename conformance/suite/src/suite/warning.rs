//! Warnings about probable mistakes in a valid suite.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::definition::{Demands, StepDefinition};
use super::{Scenario, Suite};
use crate::capture::Capture;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Place, Source};

/// The captures of the steps of files, collected while their definitions are in memory.
#[derive(Debug, Default)]
pub(super) struct Captures {
    /// Captures that no step of their file uses.
    idle: Vec<(String, Place)>,
    /// Captures of sequences that are used.
    used: BTreeSet<(String, usize)>,
}

impl Captures {
    /// Collects the captures in the scenarios of one file.
    pub(super) fn of(scenarios: &[Scenario], file: &Source) -> Self {
        let definitions = || scenarios.iter().filter_map(|scenario| scenario.definitions.kept());
        let used: BTreeSet<Spot<'_>> = definitions().flat_map(used).collect();
        let kept =
            definitions().flat_map(|definitions| definitions.iter()).flat_map(StepDefinition::captures);
        let idle = kept.filter(|capture| !capture.secret && !used.contains(&spot(capture)));
        let elsewhere = used.iter().filter(|(path, _)| *path != file.path());
        Self {
            idle: idle.map(|capture| (capture.name.clone(), capture.place.clone())).collect(),
            used: elsewhere.map(|(path, at)| ((*path).to_owned(), *at)).collect(),
        }
    }

    /// Adds the captures of another file.
    pub(super) fn append(&mut self, more: Self) {
        self.idle.extend(more.idle);
        self.used.extend(more.used);
    }

    /// Returns a warning for each capture that no step of the suite uses.
    fn unused(self) -> impl Iterator<Item = Diagnostic> {
        let Self { idle, used } = self;
        let idle = idle.into_iter().filter(move |(_, place)| {
            !used.contains(&(place.source().path().to_owned(), place.span().start))
        });
        idle.map(|(name, place)| Diagnostic::at(place, format!("no step uses the capture `{name}`")))
    }
}

/// Returns the warnings about the steps and requirements of a suite.
pub(super) fn warnings(suite: &Suite, captures: Captures) -> Diagnostics {
    let mut warnings = Diagnostics::default();
    let steps = || suite.scenarios.iter().flat_map(|scenario| &scenario.steps);
    for step in steps().filter(|step| step.demands == Demands::Nothing && !step.cleanup) {
        let message = format!("the step `{}` checks nothing: any response passes", step.id);
        warnings.push(Diagnostic::at(step.place.clone(), message).help("add an `expect`"));
    }
    captures.unused().for_each(|warning| warnings.push(warning));
    for requirement in &suite.requirements {
        let mut covering =
            steps().filter(|step| step.covers.iter().any(|id| **id == *requirement.id)).peekable();
        if covering.peek().is_some() && covering.all(|step| step.demands == Demands::Status) {
            let message =
                format!("the steps that cover the requirement `{}` check only the status", requirement.id);
            warnings.push(Diagnostic::at(requirement.place.clone(), message));
        }
    }
    warnings
}

/// Returns where the captures that a scenario's steps use are written.
fn used(definitions: &Arc<[StepDefinition]>) -> Vec<Spot<'_>> {
    let keys: BTreeSet<&str> =
        definitions.iter().flat_map(StepDefinition::all_needs).map(|need| &*need.key).collect();
    let captures = definitions.iter().flat_map(StepDefinition::captures);
    let used = captures.filter(|capture| capture.keys.iter().any(|key| keys.contains(key.as_str())));
    used.map(spot).collect()
}

/// A file and a byte offset in it.
type Spot<'a> = (&'a str, usize);

/// Returns where a capture is written, which is the same for all steps that come from one by rows or a sequence.
fn spot(capture: &Capture) -> Spot<'_> {
    (capture.place.source().path(), capture.place.span().start)
}
