//! Coverage of an OpenAPI description, by the scenarios of a suite or by a run.

use std::path::Path;
use std::sync::Arc;

use conformance_engine::jsonl;
use conformance_engine::memory::Memory;
use conformance_engine::run::cover;
use conformance_openapi::Description;
use conformance_openapi::coverage::{Collector, Coverage, Used};
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::expectation::Status;
use conformance_suite::plan::{Plan, Selection};
use conformance_suite::suite::Suite;
use conformance_suite::template::Scope;

/// Returns the coverage by the scenarios of a suite. Bodies of responses are not known, and a status counts if a step expects it.
///
/// # Errors
/// The suite has no steps.
pub fn by_scenarios(description: &Arc<Description>, suite: &Arc<Suite>) -> Result<Coverage, Diagnostic> {
    let selection = Selection { every_stage: true, ..Selection::default() };
    let plan =
        Plan::new(Arc::clone(suite), &selection).map_err(|error| Diagnostic::new(error.to_string()))?;
    let mut collector = Collector::new(description, false);
    for planned in plan.scenarios() {
        let mut memory = Memory::with_placeholders(planned, suite);
        for definition in planned.scenario.definitions.iter() {
            for branch in definition.branches() {
                let prepared = memory.scope(definition).and_then(|scope| branch.request.sketch(&scope));
                let (method, target, headers, body) = if let Ok(prepared) = prepared {
                    let headers = prepared.headers.into_iter().map(|header| (header.name, header.value));
                    let body = prepared.body.map(|body| String::from_utf8_lossy(&body).into_owned());
                    (prepared.method, prepared.target, headers.collect(), body)
                } else {
                    // The request needs a value that only a run knows.
                    let target = branch.request.target.written().to_owned();
                    (branch.request.method.written().to_owned(), target, Vec::new(), None)
                };
                let used = Used {
                    method: &method,
                    target: &target,
                    headers: pairs(&headers),
                    body: body.as_deref(),
                    ..Used::default()
                };
                collector.add(&used);
                for status in branch.expectation.status.iter().flat_map(expected) {
                    // The media type is that of the description: nothing else is known.
                    let path = target.split('?').next().unwrap_or_default();
                    let found = description.find(&method, path).ok();
                    let operation = found.and_then(|(at, _)| description.operations.get(at));
                    let media =
                        operation.and_then(|one| one.reply(status)).and_then(|one| one.content.first());
                    let content_type = media.map(|media| media.name.as_str());
                    collector.add(&Used { status: Some(status), content_type, ..used.clone() });
                }
            }
        }
    }
    Ok(collector.finish("the scenarios"))
}

/// Returns the coverage by a run, from its report as JSON Lines.
///
/// # Errors
/// The report cannot be read or is incomplete.
pub fn by_report(description: &Arc<Description>, report: &Path) -> Result<Coverage, Diagnostic> {
    let run = jsonl::read_run(report)?;
    let mut collector = Collector::new(description, true);
    run.records.iter().for_each(|record| cover(&mut collector, record));
    Ok(collector.finish(&report.display().to_string()))
}

/// Returns the statuses that an expectation names; none for a class such as `4xx`.
fn expected(status: &Status) -> Vec<u16> {
    const MOST: usize = 20;
    let scope = Scope::default();
    let allowed: Vec<u16> = (100..600).filter(|one| status.allows(*one, &scope)).collect();
    if allowed.len() > MOST { Vec::new() } else { allowed }
}

fn pairs(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
