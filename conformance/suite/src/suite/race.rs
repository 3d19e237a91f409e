//! Races: requests sent in parallel, with expectations about all of their responses.
//!
//! Compiled from `race`, `together` and `overall` of a step. Nobody knows in advance which request wins, so an expectation
//! applies to each response, or to the number of responses of each kind.

use std::sync::Arc;

use super::branch::{Branch, StepCompiler};
use crate::capture::{self, Capture};
use crate::count::{self, Count};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expectation::Expectation;
use crate::format::{OutcomeText, OverallText, StepText};
use crate::source::{Place, Source};
use crate::template::Text;
use crate::yaml::Located;

/// Requests sent in parallel.
#[derive(Debug)]
pub struct Race {
    /// The requests; never empty.
    pub branches: Vec<Branch>,
    /// The kinds of responses that are allowed; any response is if this is empty.
    pub outcomes: Vec<Outcome>,
    /// A value that must differ between all responses.
    pub distinct: Option<Capture>,
}

/// A kind of response, and how many of them are expected.
#[derive(Debug)]
pub struct Outcome {
    /// The number of responses.
    pub count: Count,
    /// Where the number is written.
    pub place: Place,
    /// What a response of this kind must match.
    pub expectation: Expectation,
}

/// Maximum number of parallel requests.
const MOST: usize = 1000;

impl Race {
    /// Returns the templates in the expectations about all responses, with their locations.
    pub fn texts(&self) -> impl Iterator<Item = (&Text, &Place)> {
        self.outcomes.iter().flat_map(|outcome| outcome.expectation.texts())
    }
}

/// Compiles the race of a step, if it has one.
///
/// # Errors
/// All errors in it.
pub(super) fn compile(text: &StepText, compiler: &StepCompiler<'_>) -> Result<Option<Race>, Diagnostics> {
    if text.race.is_none() && text.together.is_empty() {
        return Ok(None);
    }
    let mut errors = Diagnostics::default();
    let source = compiler.source;
    let times = errors.keep(times(text.race.as_ref(), source)).unwrap_or(1);
    let mut branches = Vec::new();
    match (&text.request, text.together.is_empty()) {
        (Some(request), true) => {
            branches.extend(errors.take(compiler.branch(
                request,
                text.expect.as_ref(),
                &text.capture,
                times,
            )));
        }
        (None, true) => errors.push(compiler.no_request()),
        (Some(request), false) => errors.push(Diagnostic::at(
            request.place(source),
            "a step has either `request` or `together`, not both",
        )),
        (None, false) => {
            for branch in &text.together {
                let own = match &branch.race {
                    None => times,
                    own => errors.keep(self::times(own.as_ref(), source)).unwrap_or(1),
                };
                branches.extend(errors.take(compiler.branch(
                    &branch.request,
                    branch.expect.as_ref(),
                    &branch.capture,
                    own,
                )));
            }
            if let Some(expect) = &text.expect {
                let message = "`expect` is not allowed in a step with `together`";
                errors.push(Diagnostic::at(expect.place(source), message).help(
                    "write `expect` in each request, and what all responses must match under `overall`",
                ));
            }
        }
    }
    let sent: usize = branches.iter().map(|branch| branch.times).sum();
    if sent > MOST {
        let message = format!("{sent} parallel requests exceed the maximum of {MOST}");
        errors.push(Diagnostic::at(compiler.place.clone(), message));
    }
    let overall = text.overall.as_ref().map(|overall| self::overall(&overall.value, compiler));
    let (outcomes, distinct) = overall.and_then(|overall| errors.keep(overall)).unwrap_or_default();
    if let Some(first) = outcomes.first() {
        let least: usize = outcomes.iter().map(|outcome| outcome.count.least).sum();
        let most = outcomes.iter().map(|outcome| outcome.count.most).sum::<Option<usize>>();
        let expected = if least > sent { Some(least) } else { most.filter(|most| *most < sent) };
        if let Some(expected) = expected.filter(|_| !branches.is_empty()) {
            let message = format!("{expected} responses are expected, and {sent} requests are sent");
            errors.push(Diagnostic::at(first.place.clone(), message).help(
                "each response counts for one outcome: change `race`, or a `count` such as 1.. (at least)",
            ));
        }
    }
    if branches.is_empty() {
        Err(errors)
    } else {
        errors.into_result(Some(Race { branches, outcomes, distinct }))
    }
}

fn times(written: Option<&Located<usize>>, source: &Arc<Source>) -> Result<usize, Diagnostic> {
    match written {
        None => Ok(1),
        Some(times) if (1..=MOST).contains(&times.value) => Ok(times.value),
        Some(times) => {
            Err(Diagnostic::at(times.place(source), format!("`race` must be a number from 1 to {MOST}")))
        }
    }
}

fn overall(
    text: &OverallText,
    compiler: &StepCompiler<'_>,
) -> Result<(Vec<Outcome>, Option<Capture>), Diagnostic> {
    let source = compiler.source;
    let outcome = |text: &OutcomeText| {
        Ok(Outcome {
            count: count::read(&text.count, source)?,
            place: text.count.place(source),
            expectation: compiler.expectation(&text.expect)?,
        })
    };
    let distinct = match &text.distinct {
        None => None,
        Some(node) => {
            let name = Located { value: "distinct".to_owned(), span: node.place(source).span() };
            Some(capture::compile(&name, node, source)?)
        }
    };
    Ok((text.outcomes.iter().map(outcome).collect::<Result<_, Diagnostic>>()?, distinct))
}
