//! A race: requests that are sent at once, and what is expected of all their answers together.
//!
//! Compiled from the `race`, `together` and `overall` of a step. Who wins is not known beforehand, so what is demanded is said of each
//! answer, or of how many answers there are of each kind.

use std::sync::Arc;

use super::format::{OutcomeText, OverallText, StepText};
use super::lane::{Lane, Reader};
use super::members::string;
use crate::capture::{self, Capture};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expectation::Expectation;
use crate::source::{Place, Source};
use crate::template::Text;
use crate::yaml::{Located, Node};

/// Requests that are sent at once.
#[derive(Debug)]
pub struct Race {
    /// What is sent; never empty.
    pub lanes: Vec<Lane>,
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

/// A number, or the ends of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The least.
    pub least: usize,
    /// The most, if there is one.
    pub most: Option<usize>,
}

/// The most requests that are sent at once.
const MOST: usize = 1000;

impl Race {
    /// The strings in what is expected of all answers, with their places.
    pub fn texts(&self) -> impl Iterator<Item = (&Text, &Place)> {
        self.outcomes.iter().flat_map(|outcome| outcome.expectation.texts())
    }
}

impl Count {
    /// Whether a number is one that it allows.
    #[must_use]
    pub fn allows(self, number: usize) -> bool {
        self.least <= number && self.most.is_none_or(|most| number <= most)
    }

    /// Says which numbers it allows: `1`, `at least 1`.
    #[must_use]
    pub fn describe(self) -> String {
        match (self.least, self.most) {
            (least, Some(most)) if least == most => least.to_string(),
            (0, Some(most)) => format!("at most {most}"),
            (least, Some(most)) => format!("{least} to {most}"),
            (least, None) => format!("at least {least}"),
        }
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
    let mut lanes = Vec::new();
    match (&text.request, text.together.is_empty()) {
        (Some(request), true) => {
            lanes.extend(wrong.take(reader.lane(request, text.expect.as_ref(), &text.capture, times)));
        }
        (None, true) => wrong.push(reader.no_request()),
        (Some(request), false) => wrong.push(Diagnostic::at(
            request.place(source),
            "a step has a `request`, or several that are sent `together`, and here are both",
        )),
        (None, false) => {
            for lane in &text.together {
                let own = match &lane.race {
                    None => times,
                    own => wrong.keep(self::times(own.as_ref(), source)).unwrap_or(1),
                };
                lanes.extend(wrong.take(reader.lane(
                    &lane.request,
                    lane.expect.as_ref(),
                    &lane.capture,
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
    let sent: usize = lanes.iter().map(|lane| lane.times).sum();
    if sent > MOST {
        let message = format!("{sent} requests at once are more than the {MOST} that are sent");
        wrong.push(Diagnostic::at(reader.place.clone(), message));
    }
    let overall = text.overall.as_ref().map(|overall| self::overall(&overall.value, reader));
    let (outcomes, distinct) = overall.and_then(|overall| wrong.keep(overall)).unwrap_or_default();
    if lanes.is_empty() { Err(wrong) } else { wrong.into_result(Some(Race { lanes, outcomes, distinct })) }
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
            count: count(&text.count, source)?,
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

/// Returns the numbers that a count allows: `1`, `1..`, `..3`, `1..3`.
///
/// # Errors
/// What is none of these.
pub(crate) fn count(node: &Node, source: &Arc<Source>) -> Result<Count, Diagnostic> {
    let written = string(node, source, "a count")?;
    let wrong = || {
        Diagnostic::at(node.place(source), format!("`{written}` is not a count"))
            .help("written as 1, 1.. (at least), ..3 (at most) or 1..3")
    };
    let number = |digits: &str| digits.trim().parse::<usize>().map_err(|_| wrong());
    let Some((least, most)) = written.split_once("..") else {
        let number = number(&written)?;
        return Ok(Count { least: number, most: Some(number) });
    };
    let least = if least.trim().is_empty() { 0 } else { number(least)? };
    let most = if most.trim().is_empty() { None } else { Some(number(most)?) };
    if most.is_some_and(|most| most < least) { Err(wrong()) } else { Ok(Count { least, most }) }
}
