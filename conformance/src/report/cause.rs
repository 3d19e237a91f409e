//! What failures have in common: what to mend first.
//!
//! In go the steps that do not hold, out come groups that one mistake could explain, the one that costs the most requirements
//! first. It is a guess from outside, by what was asked and what came: each step stands in one group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::event::Record;
use crate::suite::Level;
use crate::verdict::Verdict;

/// Steps that one mistake could explain.
#[derive(Debug, Clone)]
pub struct Cause<'a> {
    /// What they have in common.
    pub title: String,
    /// The steps, in the order of the plan.
    pub records: Vec<&'a Record>,
}

/// Returns the failures by what they have in common, what to mend first at the head.
#[must_use]
pub fn causes(records: &[Record]) -> Vec<Cause<'_>> {
    let mut left: Vec<(&Record, Vec<String>)> = (records.iter())
        .filter(|record| record.verdict > Verdict::Inconclusive)
        .map(|record| (record, likenesses(record)))
        .collect();
    let mut causes: Vec<Cause<'_>> = Vec::new();
    // The likeness that explains the most, then the one that explains the most of the rest.
    while let Some(title) = most_common(&left) {
        let (alike, rest) = left.into_iter().partition(|(_, likenesses)| likenesses.contains(&title));
        left = rest;
        causes.push(Cause { title, records: alike.into_iter().map(|(record, _)| record).collect() });
    }
    causes
        .sort_by_key(|cause| std::cmp::Reverse((cause.requirements(Level::Must).len(), cause.records.len())));
    causes
}

impl<'a> Cause<'a> {
    /// Returns the requirements of a level that its steps cover.
    #[must_use]
    pub fn requirements(&self, level: Level) -> BTreeSet<&'a str> {
        let covers = self.records.iter().copied().flat_map(|record| &record.covers);
        covers.filter(|(_, own)| **own == level).map(|(id, _)| id.as_str()).collect()
    }
}

/// The sentences that a failure may share with others, the closest first.
fn likenesses(record: &Record) -> Vec<String> {
    let Some(finding) = record.findings.first() else {
        return vec![record.reason.clone().unwrap_or_else(|| record.title.clone())];
    };
    let label = alike(&finding.label);
    let mut likenesses = Vec::new();
    // A target that ends or falls silent does so wherever it is asked.
    likenesses.extend(record.reason.clone());
    if let Some(exchange) = &record.exchange {
        let path = exchange.sent.target.split('?').next().unwrap_or_default();
        let path = if path == "/" { path } else { path.trim_end_matches('/') };
        likenesses.push(format!("{} {}: {label}", exchange.sent.method, alike(path)));
    }
    likenesses.push(format!("{label}, and not {}", alike(&finding.expected)));
    likenesses
}

/// Returns the likeness that most of the failures share; of several the closest one.
fn most_common(left: &[(&Record, Vec<String>)]) -> Option<String> {
    let mut counts: BTreeMap<&String, (usize, usize)> = BTreeMap::new();
    for (_, likenesses) in left {
        for (rank, likeness) in likenesses.iter().enumerate() {
            counts.entry(likeness).or_insert((0, rank)).0 += 1;
        }
    }
    let best = counts.into_iter().max_by_key(|(_, (count, rank))| (*count, std::cmp::Reverse(*rank)));
    best.map(|(likeness, _)| likeness.clone())
}

/// A text in which what differs from run to run does not differ.
fn alike(text: &str) -> String {
    CHANGING.replace_all(text, "…").into_owned()
}

#[expect(clippy::unwrap_used, reason = "the pattern is a constant and a test compiles it")]
static CHANGING: LazyLock<Regex> = LazyLock::new(|| {
    // A UUID, a time, the length of a list.
    Regex::new(
        r"(?x) [0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}
        | \d{4}-\d\d-\d\d[T\x20]\d\d:\d\d:\d\d(?:\.\d+)?
        | among\x20\d+",
    )
    .unwrap()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_do_not_make_a_difference() {
        assert_eq!(alike("no such element among 5"), alike("no such element among 14"));
        assert_eq!(alike("/users/cf3ddee1-ff24-49e4-a40b-2540333fe992 2017-10-16T04:23:04"), "/users/… …");
    }
}
