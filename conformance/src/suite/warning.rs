//! What is probably a mistake in a suite, though nothing is wrong on paper.

use std::collections::BTreeSet;

use super::{Scenario, Step, Suite};
use crate::capture::Capture;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Returns the warnings about a suite's steps and requirements.
pub(super) fn warnings(suite: &Suite) -> Diagnostics {
    let mut warnings = Diagnostics::default();
    let steps = || suite.scenarios.iter().flat_map(|scenario| &scenario.steps);
    for step in steps() {
        if step.demands_nothing() && !step.cleanup {
            let message = format!("the step `{}` demands nothing: any answer passes", step.id);
            warnings.push(Diagnostic::at(step.place.clone(), message).help("say under `expect` what holds"));
        }
    }
    let used: BTreeSet<Spot<'_>> = suite.scenarios.iter().flat_map(|scenario| used(scenario)).collect();
    for capture in steps().flat_map(Step::all_captures).filter(|capture| !capture.secret) {
        if !used.contains(&spot(capture)) {
            let message = format!("no step uses the capture `{}`", capture.name);
            warnings.push(Diagnostic::at(capture.place.clone(), message));
        }
    }
    for requirement in &suite.requirements {
        let covering: Vec<&Step> =
            steps().filter(|step| step.covers.iter().any(|id| **id == *requirement.id)).collect();
        if !covering.is_empty() && covering.iter().all(|step| step.demands_a_status_only()) {
            let message = format!("the requirement `{}` is covered by nothing but a status", requirement.id);
            warnings.push(Diagnostic::at(requirement.place.clone(), message));
        }
    }
    warnings
}

/// The places of the captures that a scenario's steps use.
fn used(scenario: &Scenario) -> Vec<Spot<'_>> {
    let needs = scenario.steps.iter().flat_map(|step| step.needs.iter().chain(step.frame.all_needs()));
    let keys: BTreeSet<&str> = needs.map(|need| need.key.as_str()).collect();
    let captures = scenario.steps.iter().flat_map(Step::all_captures);
    let used = captures.filter(|capture| capture.keys.iter().any(|key| keys.contains(key.as_str())));
    used.map(spot).collect()
}

/// A file and a byte of it.
type Spot<'a> = (&'a str, usize);

/// Where a capture is asked for: the steps that a sequence or rows make of one ask in the same spot.
fn spot(capture: &Capture) -> Spot<'_> {
    (capture.place.source().path(), capture.place.span().start)
}
