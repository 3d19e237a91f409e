//! Warnings about probable mistakes in a valid suite.

use std::collections::HashSet;

use super::{Branch, StepDefinition, Suite, stream};
use crate::capture::Capture;
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::expectation::Body;
use crate::json;
use crate::template::{Scope, pieces};

/// Returns the warnings about the steps and requirements of a suite.
pub(super) fn warnings(suite: &Suite) -> Diagnostics {
    let mut warnings = Diagnostics::default();
    let steps = || suite.scenarios.iter().flat_map(|one| one.steps.iter().zip(&*one.definitions));
    for (step, _) in steps().filter(|(step, definition)| definition.checks_nothing() && !step.cleanup) {
        let message = format!("the step `{}` checks nothing: any response passes", step.id);
        warnings.push(Diagnostic::at(step.place.clone(), message).help("add an `expect`"));
    }
    for remark in
        steps().flat_map(|(_, definition)| definition.requests()).flat_map(|request| &request.remarks)
    {
        warnings.push(remark.clone());
    }
    for (step, definition) in steps() {
        for branch in definition.branches() {
            let method = branch.request.method.written();
            let upper = method.to_ascii_uppercase();
            if method != upper && METHODS.contains(&upper.as_str()) {
                let message = format!("the method `{method}` is not `{upper}`: methods are case-sensitive");
                let place = branch.place.find(method);
                warnings.push(Diagnostic::at(place, message).help(format!("write {upper}")));
            }
            if let Some(near) = nearest(&upper, &METHODS).filter(|near| *near != upper) {
                let message = format!("the method `{method}` is sent as it is written");
                let place = branch.place.find(method);
                warnings.push(Diagnostic::at(place, message).label(format!("did you mean `{near}`?")));
            }
            warnings_of_response(branch, &mut warnings);
            if let Some(Body::Json(matcher)) = &branch.expectation.body
                && let Some(name) =
                    matcher.member_names().find(|name| name.starts_with("$.") || name.starts_with("$["))
            {
                let message = format!("`{name}` is the name of a member here, not a JSONPath");
                let place = matcher.place().find(name);
                warnings.push(
                    Diagnostic::at(place, message)
                        .help("write the members as the body has them: json: !subset {name: value}"),
                );
            }
            if let Some(Body::Json(matcher)) = &branch.expectation.body
                && let Some(text) = matcher.literal_text().filter(|text| json::is_container(text))
            {
                let message = format!("the step `{}` compares the body with a string", step.id);
                warnings.push(
                    Diagnostic::at(matcher.place().clone(), message)
                        .help(format!("write the JSON without quotes: json: {text}")),
                );
            }
        }
    }
    for scenario in &suite.scenarios {
        let awaited: Vec<_> = scenario.definitions.iter().filter_map(StepDefinition::awaiting).collect();
        let opened = scenario.definitions.iter().filter_map(|definition| definition.opens.as_deref());
        stream::unawaited(opened, &awaited).for_each(|warning| warnings.push(warning));
    }
    add_unused_captures(suite, &mut warnings);
    for requirement in suite.requirements.iter().filter(|one| !ends_in_status(&one.text)) {
        let mut covering =
            steps().filter(|(step, _)| step.covers.iter().any(|id| **id == *requirement.id)).peekable();
        if covering.peek().is_some() && covering.all(|(_, definition)| definition.checks_only_status()) {
            let message =
                format!("the steps that cover the requirement `{}` check only the status", requirement.id);
            warnings.push(Diagnostic::at(requirement.place.clone(), message));
        }
    }
    warnings
}

/// Adds the warnings about an expectation that no response can meet, or every response.
fn warnings_of_response(branch: &Branch, warnings: &mut Diagnostics) {
    let Branch { request, expectation, .. } = branch;
    let status = expectation.status.as_ref().filter(|status| status.excludes_body());
    let why = match status {
        _ if request.method.written() == "HEAD" => Some("to HEAD".to_owned()),
        Some(status) => Some(format!("with status {}", status.describe(&Scope::default()))),
        None => None,
    };
    if let Some((why, place)) = why.zip(expectation.body_place()) {
        let message = format!("a response {why} has no body, so this always fails");
        warnings.push(Diagnostic::at(place.clone(), message).help("write body: '' if it must be empty"));
    }
    let header = |name: &str| {
        expectation.headers.iter().any(|(own, one)| own.eq_ignore_ascii_case(name) && !one.allows_absence())
    };
    let cookie = |name: &str| expectation.cookies.iter().any(|one| one.name == name && !one.optional);
    let headers = expectation.absent.iter().filter(|(name, _)| header(name));
    let cookies = expectation.absent_cookies.iter().filter(|(name, _)| cookie(name));
    let missing = headers.map(|one| (one, "headers")).chain(cookies.map(|one| (one, "cookies")));
    for ((name, place), key) in missing {
        let message =
            format!("`{name}` must be missing here, and must be present under `{key}`: this always fails");
        warnings.push(Diagnostic::at(place.clone(), message).help("remove one of them"));
    }
    let timeout = request.transfer.as_ref().and_then(|transfer| transfer.timeout);
    if let Some((limit, place)) = expectation.within.as_deref()
        && let Some(timeout) = timeout.filter(|timeout| timeout < limit)
    {
        let message = format!("`within` cannot fail: the step has a timeout of {timeout:?}");
        warnings
            .push(Diagnostic::at(place.clone(), message).help("write a shorter time, or a longer timeout"));
    }
}

/// Returns a warning for each variable of the suite that no expression in its files uses. `texts` are the texts of the files.
pub(super) fn unused_variables<'t>(suite: &Suite, texts: impl Iterator<Item = &'t str>) -> Diagnostics {
    let mut unused: Vec<_> = suite.variables.iter().collect();
    for text in texts {
        let expressions = pieces(text).into_iter().filter(|(is_expression, _)| *is_expression);
        for (_, expression) in expressions {
            let words = || expression.split(|one: char| !one.is_alphanumeric() && one != '_');
            unused.retain(|variable| !words().any(|word| word == variable.name));
        }
    }
    let mut warnings = Diagnostics::default();
    for variable in unused {
        let message = format!("no step uses the variable `{}`", variable.name);
        warnings.push(Diagnostic::at(variable.place.clone(), message));
    }
    warnings
}

/// Whether the sentence of a requirement ends in a status such as `404` or `4xx`, so that it requires nothing else.
fn ends_in_status(text: &str) -> bool {
    let last = text.trim_end_matches('.').rsplit(' ').next().unwrap_or_default();
    matches!(last.as_bytes(), [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] | [b'1'..=b'5', b'x', b'x'])
}

/// The methods of RFC 9110 (9.3) and RFC 5789.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// Adds a warning for each capture that no step of the suite uses.
fn add_unused_captures(suite: &Suite, warnings: &mut Diagnostics) {
    // Steps that come from the same lines, by rows or a sequence, share their captures.
    let lines = |capture: &Capture| (capture.place.source().path().to_owned(), capture.place.span().start);
    let mut used = HashSet::new();
    for definitions in suite.scenarios.iter().map(|scenario| &scenario.definitions) {
        let needs = definitions.iter().flat_map(StepDefinition::all_needs);
        let keys: HashSet<&str> = needs.map(|need| &*need.key).collect();
        let captures = definitions.iter().flat_map(StepDefinition::captures);
        used.extend(captures.filter(|one| one.keys.iter().any(|key| keys.contains(key.as_str()))).map(lines));
    }
    let definitions = suite.scenarios.iter().flat_map(|scenario| &*scenario.definitions);
    let captures = definitions.flat_map(StepDefinition::captures);
    for capture in captures.filter(|capture| !capture.secret && !used.contains(&lines(capture))) {
        let message = format!("no step uses the capture `{}`", capture.name);
        warnings.push(Diagnostic::at(capture.place.clone(), message));
    }
}
