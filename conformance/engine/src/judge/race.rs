//! Judges the responses of a race.
//!
//! Each response is judged by the expectations of its own request, then all of them by those of the race. Equal
//! findings of several responses are merged into one with a count.

use std::collections::BTreeMap;

use super::judge;
use crate::http::Exchange;
use crate::verdict::{Finding, Judgement, Verdict};
use conformance_suite::amount::amount;
use conformance_suite::matcher::MOST_SHOWN;
use conformance_suite::suite::{Outcome, Race};
use conformance_suite::template::Scope;
use conformance_suite::visible;

/// A response of a race, with its branch.
#[derive(Debug)]
pub struct Answer {
    /// Index of the branch in the race.
    pub branch: usize,
    /// Request and outcome.
    pub exchange: Exchange,
}

/// Judges the responses of a race. Also returns the index of the response that explains the verdict best.
#[must_use]
pub fn judge_race(race: &Race, answers: &[Answer], scope: &Scope) -> (Judgement, usize) {
    let mut merged = MergedFindings { findings: Vec::new(), more: 0, answers: answers.len() };
    let mut remarks: Vec<String> = Vec::new();
    let mut inconclusive = None;
    let mut shown = None;
    for (index, answer) in answers.iter().enumerate() {
        let branch = &race.branches[answer.branch];
        let judgement = judge(&branch.expectation, &answer.exchange.outcome, &branch.place, scope);
        if judgement.verdict > Verdict::Pass {
            shown.get_or_insert(index);
        }
        if judgement.verdict == Verdict::Inconclusive {
            inconclusive = inconclusive.or(judgement.reason);
        }
        merged.more += judgement.more;
        for finding in judgement.findings {
            merged.add(finding);
        }
        for remark in judgement.remarks {
            if remarks.len() < MOST_SHOWN && !remarks.contains(&remark) {
                remarks.push(remark);
            }
        }
    }
    if let (Some(reason), true) = (inconclusive, merged.findings.is_empty()) {
        return (Judgement::because(Verdict::Inconclusive, reason), shown.unwrap_or_default());
    }
    let more = merged.more;
    let mut findings = merged.close();
    if findings.is_empty() {
        let (more, index) = outcomes(&race.outcomes, answers, scope);
        findings.extend(more);
        shown = shown.or(index);
        if let Some((finding, index)) = shared(race, answers, scope) {
            findings.push(finding);
            shown.get_or_insert(index);
        }
    }
    (Judgement { more, remarks, ..Judgement::of(findings) }, shown.unwrap_or_default())
}

/// Counts the responses of each kind. A response belongs to the first kind that it matches, and every response must
/// match one.
fn outcomes(outcomes: &[Outcome], answers: &[Answer], scope: &Scope) -> (Vec<Finding>, Option<usize>) {
    let Some(first) = outcomes.first() else { return (Vec::new(), None) };
    let is = |outcome: &Outcome, answer: &Answer| {
        judge(&outcome.expectation, &answer.exchange.outcome, &outcome.place, scope).verdict == Verdict::Pass
    };
    let kinds: Vec<Option<usize>> =
        (answers.iter()).map(|answer| outcomes.iter().position(|outcome| is(outcome, answer))).collect();
    let mut findings = Vec::new();
    let mut shown = kinds.iter().position(Option::is_none);
    if let Some(index) = shown {
        let none = kinds.iter().filter(|kind| kind.is_none()).count();
        let received = describe(&answers[index]);
        findings.push(Finding {
            place: first.place.clone(),
            label: format!(
                "{}: {received}",
                counted(
                    none,
                    answers.len(),
                    "matches none of these outcomes",
                    "match none of these outcomes"
                )
            ),
            pointer: None,
            part: Some("responses".to_owned()),
            expected: "a response that matches one of these outcomes".to_owned(),
            received,
        });
    }
    for (kind, outcome) in outcomes.iter().enumerate() {
        let number = kinds.iter().filter(|own| **own == Some(kind)).count();
        if !outcome.count.allows(number) {
            findings.push(Finding {
                place: outcome.place.clone(),
                label: counted(number, answers.len(), "matches this", "match this"),
                pointer: None,
                part: Some("responses".to_owned()),
                expected: outcome.count.describe(),
                received: number.to_string(),
            });
            shown = shown.or_else(|| kinds.iter().position(|own| *own == Some(kind)));
        }
    }
    (findings, shown)
}

/// Finds two responses that share a value that must be distinct.
fn shared(race: &Race, answers: &[Answer], scope: &Scope) -> Option<(Finding, usize)> {
    let distinct = race.distinct.as_ref()?;
    let finding = |label: String, received: String| Finding {
        place: distinct.place.clone(),
        label,
        pointer: None,
        part: Some("responses".to_owned()),
        expected: "a different value in each response".to_owned(),
        received,
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (index, answer) in answers.iter().enumerate() {
        let Ok(response) = &answer.exchange.outcome else { continue };
        match distinct.take(response, scope) {
            Err(cause) => return Some((finding(cause.clone(), cause), index)),
            Ok(value) => *seen.entry(value.to_string()).or_default() += 1,
        }
    }
    let (value, times) = seen.into_iter().find(|(_, times)| *times > 1)?;
    let shown = visible::cut(&value, visible::LONGEST).into_owned();
    Some((finding(format!("{times} of {} responses have the same value", answers.len()), shown), 0))
}

/// Formats a count: "2 of 3 responses match this".
fn counted(number: usize, all: usize, singular: &str, plural: &str) -> String {
    format!("{number} of {} {}", amount(all, "response"), if number == 1 { singular } else { plural })
}

fn describe(answer: &Answer) -> String {
    match &answer.exchange.outcome {
        Ok(response) => response.status.to_string(),
        Err(transport_error) => transport_error.to_string(),
    }
}

/// Findings with the number of responses that have them.
struct MergedFindings {
    findings: Vec<(Finding, usize)>,
    /// Number of findings that were dropped.
    more: usize,
    answers: usize,
}

impl MergedFindings {
    fn add(&mut self, finding: Finding) {
        let same = |known: &Finding| {
            known.place.span() == finding.place.span()
                && known.pointer == finding.pointer
                && known.label == finding.label
        };
        let full = self.findings.len() >= MOST_SHOWN;
        match self.findings.iter_mut().find(|(known, _)| same(known)) {
            Some((_, times)) => *times += 1,
            None if full => self.more += 1,
            None => self.findings.push((finding, 1)),
        }
    }

    fn close(self) -> Vec<Finding> {
        let all = self.answers;
        let counted = self.findings.into_iter().map(|(finding, times)| match all {
            1 => finding,
            _ => Finding { label: format!("{} ({times} of {all} responses)", finding.label), ..finding },
        });
        counted.collect()
    }
}

#[cfg(test)]
mod tests;
