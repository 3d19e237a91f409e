//! Checks the exchanges of a step against the description of the API.

use crate::http::Exchange;
use crate::run::context::Described;
use conformance_openapi::Checked;
use conformance_suite::expectation::Expectation;
use conformance_suite::template::Scope;

/// Checks each request and its response, also those of redirects. Exchanges about which the description says nothing are left out.
pub(super) fn check(
    described: Option<&Described>,
    exchange: &Exchange,
    expectation: &Expectation,
    scope: &Scope,
) -> Vec<Checked> {
    let Some(Described { description, .. }) = described else { return Vec::new() };
    // Part of a response says nothing about the description.
    let complete = exchange.pairs().filter(|_| exchange.outcome.is_ok());
    let mut checked = Vec::new();
    for (request, response) in complete {
        let Some(response) = response else { continue };
        // A step that accepts no success expects the target to refuse the request.
        let is_wrong_on_purpose = || match &expectation.status {
            Some(status) => !(200..400).any(|one| status.allows(one, scope)),
            None => response.status >= 400,
        };
        let one = description.check(request, response, is_wrong_on_purpose);
        if one.operation.is_some() || !one.violations.is_empty() {
            checked.push(one);
        }
    }
    checked
}
