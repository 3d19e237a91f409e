//! Compares the events of a stream.

use super::differing;
use crate::verdict::Finding;
use conformance_suite::json::Json;
use conformance_suite::matcher::Events;
use conformance_suite::response::Response;
use conformance_suite::template::Scope;
use conformance_suite::visible;

/// Returns the differences, and the number of further ones. Events that did not come are one difference.
pub(super) fn compare(expected: &Events, response: &Response, scope: &Scope) -> (Vec<Finding>, usize) {
    let Some(part) = &response.stream else { return (Vec::new(), 0) };
    let come = Json::Array(part.events.clone());
    let are_enough = || match expected.number() {
        Some(listed) => part.events.len() >= listed,
        None => expected.matcher().matches(&come, scope),
    };
    let Some(end) = part.end.as_deref().filter(|_| !are_enough()) else {
        let mismatches = expected.matcher().compare(&come, "", scope);
        return (mismatches.shown.into_iter().map(differing).collect(), mismatches.more);
    };
    let number = part.events.len();
    let label = match expected.number() {
        Some(listed) => format!("{number} of {listed} events came: {end}"),
        None => format!("not all of the listed events are among the {number} that came: {end}"),
    };
    let place = expected.matcher().place().clone();
    let (expected, received) = (expected.describe(scope), visible::json(&come));
    (vec![Finding { place, label, pointer: None, part: Some("events".to_owned()), expected, received }], 0)
}
