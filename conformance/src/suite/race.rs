//! A race: requests that are sent at once, and what is expected of all their answers together.
//!
//! Compiled from the `race`, `together` and `overall` of a step. Who wins is not known beforehand, so what is demanded is said of each
//! answer, or of how many answers there are of each kind.

use std::sync::Arc;

use super::branch::{Branch, Reader};
use crate::capture::{self, Capture};
use crate::count::{self, Count};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expectation::Expectation;
use crate::format::{OutcomeText, OverallText, StepText};
use crate::source::{Place, Source};
use crate::template::Text;
use crate::yaml::Located;

/// Requests that are sent at once.
#[derive(Debug)]
pub struct Race {
    /// What is sent; never empty.
    pub branches: Vec<Branch>,
    /// The kinds of answers that there are; any when it is empty.
    pub outcomes: Vec<Outcome>,
    /// A value that no two answers share.
    pub distinct: Option<Capture>,
}

/// A kind of answer, and how many of them there are.
#[derive(Debug)]
pub struct Outcome {
    /// How many.
    pub count: Count,
    /// Where that is said.
    pub place: Place,
    /// What makes an answer one of them.
    pub expectation: Expectation,
}

/// The most requests that are sent at once.
const MOST: usize = 1000;

impl Race {
    /// The strings in what is expected of all answers, with their places.
    pub fn texts(&self) -> impl Iterator<Item = (&Text, &Place)> {
        self.outcomes.iter().flat_map(|outcome| outcome.expectation.texts())
    }
}

/// Returns the race that a step asks for, if it asks for one.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn compile(text: &StepText, reader: &Reader<'_>) -> Result<Option<Race>, Diagnostics> {
    if text.race.is_none() && text.together.is_empty() {
        return Ok(None);
    }
    let mut wrong = Diagnostics::default();
    let source = reader.source;
    let times = wrong.keep(times(text.race.as_ref(), source)).unwrap_or(1);
    let mut branches = Vec::new();
    match (&text.request, text.together.is_empty()) {
        (Some(request), true) => {
            branches.extend(wrong.take(reader.branch(request, text.expect.as_ref(), &text.capture, times)));
        }
        (None, true) => wrong.push(reader.no_request()),
        (Some(request), false) => wrong.push(Diagnostic::at(
            request.place(source),
            "a step has a `request`, or several that are sent `together`, and here are both",
        )),
        (None, false) => {
            for branch in &text.together {
                let own = match &branch.race {
                    None => times,
                    own => wrong.keep(self::times(own.as_ref(), source)).unwrap_or(1),
                };
                branches.extend(wrong.take(reader.branch(
                    &branch.request,
                    branch.expect.as_ref(),
                    &branch.capture,
                    own,
                )));
            }
            if let Some(expect) = &text.expect {
                let message =
                    "what is expected of requests that are sent together stands beside each of them";
                wrong.push(
                    Diagnostic::at(expect.place(source), message)
                        .help("what is expected of all answers stands under `overall`"),
                );
            }
        }
    }
    let sent: usize = branches.iter().map(|branch| branch.times).sum();
    if sent > MOST {
        let message = format!("{sent} requests at once are more than the {MOST} that are sent");
        wrong.push(Diagnostic::at(reader.place.clone(), message));
    }
    let overall = text.overall.as_ref().map(|overall| self::overall(&overall.value, reader));
    let (outcomes, distinct) = overall.and_then(|overall| wrong.keep(overall)).unwrap_or_default();
    if branches.is_empty() {
        Err(wrong)
    } else {
        wrong.into_result(Some(Race { branches, outcomes, distinct }))
    }
}

fn times(written: Option<&Located<usize>>, source: &Arc<Source>) -> Result<usize, Diagnostic> {
    match written {
        None => Ok(1),
        Some(times) if (1..=MOST).contains(&times.value) => Ok(times.value),
        Some(times) => Err(Diagnostic::at(times.place(source), format!("a race is of 1 to {MOST} requests"))),
    }
}

fn overall(text: &OverallText, reader: &Reader<'_>) -> Result<(Vec<Outcome>, Option<Capture>), Diagnostic> {
    let source = reader.source;
    let outcome = |text: &OutcomeText| {
        Ok(Outcome {
            count: count::read(&text.count, source)?,
            place: text.count.place(source),
            expectation: reader.expectation(&text.expect)?,
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
