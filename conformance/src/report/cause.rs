//! What failures have in common: what to mend first.
//!
//! In go the steps that do not hold, and those that were not tried because of them; out come groups that one mistake could
//! explain, the one that costs the most requirements first. It is a guess from outside, by what was asked and what came: each
//! step stands in one group.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::amount::amount;
use crate::event::{Record, Standing};
use crate::suite::Level;
use crate::verdict::Verdict;

/// Steps that one mistake could explain.
#[derive(Debug, Clone)]
pub struct Cause<'a> {
    /// What they have in common.
    pub title: String,
    /// The steps that fail: the one that shows the mistake most plainly, then the others in the order of the plan.
    pub records: Vec<&'a Record>,
    /// The steps that were not tried because of them.
    pub waiting: Vec<&'a Record>,
}

/// How often each status came where it was demanded.
#[derive(Debug, Clone, Default)]
pub struct Answered(BTreeMap<u16, usize>);

/// A status is as good as never answered where so much of what demands it gets another.
const HARDLY: (usize, usize) = (3, 4);
/// … and at least so many steps demand it.
const MANY: usize = 8;
/// The findings of a step that others may share.
const PARTS: usize = 4;
/// The statuses that are named of those that came instead.
const NAMED: usize = 4;

/// Returns the failures by what they have in common, what to mend first at the head.
#[must_use]
pub fn causes<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    answered: &Answered,
    requirements: &[Standing],
) -> Vec<Cause<'a>> {
    let (failing, waiting): (Vec<&Record>, Vec<&Record>) =
        records.into_iter().partition(|record| record.verdict > Verdict::Inconclusive);
    let never = answered.never(&failing);
    let mut left: Vec<(&Record, Vec<String>)> =
        failing.into_iter().map(|record| (record, likenesses(record, &never))).collect();
    let mut causes: Vec<Cause<'_>> = Vec::new();
    // The likeness that explains the most, then the one that explains the most of the rest.
    while let Some(title) = most_common(&left) {
        let (alike, rest): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|(_, likenesses)| likenesses.contains(&title));
        left = rest;
        let records = plainest_first(&alike, requirements);
        causes.push(Cause { title, records, waiting: Vec::new() });
    }
    wait(&mut causes, waiting);
    // Sorting is stable: of two that cost the same, the one that explains more comes first.
    causes.sort_by_key(|cause| Reverse((cause.requirements(Level::Must).len(), cause.records.len())));
    causes
}

impl<'a> Cause<'a> {
    /// Returns the requirements of a level that its steps cover, those too that were not tried because of it.
    #[must_use]
    pub fn requirements(&self, level: Level) -> BTreeSet<&'a str> {
        let covers = self.records.iter().chain(&self.waiting).copied().flat_map(|record| &record.covers);
        covers.filter(|(_, own)| **own == level).map(|(id, _)| id.as_str()).collect()
    }

    /// Says what it costs: steps, and requirements that bind.
    #[must_use]
    pub fn cost(&self) -> String {
        let steps = amount(self.records.len(), "step");
        let waiting = match self.waiting.len() {
            0 => String::new(),
            1 => ", 1 more waits for it".to_owned(),
            many => format!(", {many} more wait for it"),
        };
        match self.requirements(Level::Must).len() {
            0 => format!("{steps}{waiting}, no must"),
            musts => format!("{steps}{waiting}, {musts} must"),
        }
    }
}

impl Answered {
    /// Counts the answer of a step that holds.
    pub fn add(&mut self, record: &Record) {
        let received = record.exchange.as_ref().and_then(|exchange| exchange.received.as_ref());
        if let Some(received) = received.filter(|_| record.verdict == Verdict::Pass) {
            *self.0.entry(received.status).or_default() += 1;
        }
    }

    /// Returns the statuses that hardly ever come where they are demanded, each with what is said of that.
    fn never(&self, failing: &[&Record]) -> BTreeMap<u16, String> {
        let mut instead: BTreeMap<u16, BTreeMap<u16, usize>> = BTreeMap::new();
        for (demanded, came) in failing.iter().filter_map(|record| statuses(record)) {
            *instead.entry(demanded).or_default().entry(came).or_default() += 1;
        }
        let hardly = instead.into_iter().filter_map(|(demanded, came)| {
            let missed: usize = came.values().sum();
            let all = missed + self.0.get(&demanded).copied().unwrap_or_default();
            // Where one other status comes in its place, the likeness of that says more.
            (all >= MANY && missed * HARDLY.1 >= all * HARDLY.0 && came.len() > 1).then(|| {
                let mut often: Vec<(u16, usize)> = came.into_iter().collect();
                often.sort_by_key(|(_, count)| Reverse(*count));
                let more = if often.len() > NAMED { ", …" } else { "" };
                let named: Vec<String> =
                    often.iter().take(NAMED).map(|(status, _)| status.to_string()).collect();
                let named = named.join(", ");
                (demanded, format!("{missed} of {all} answers that should be {demanded} are {named}{more}"))
            })
        });
        hardly.collect()
    }
}

/// The status that a failing step demands and the one that came.
fn statuses(record: &Record) -> Option<(u16, u16)> {
    let finding = record.findings.first().filter(|finding| finding.pointer.is_none())?;
    let came = record.exchange.as_ref()?.received.as_ref()?.status;
    (finding.received == came.to_string()).then_some((finding.expected.parse().ok()?, came))
}

/// The sentences that a failure may share with others, the closest first.
fn likenesses(record: &Record, never: &BTreeMap<u16, String>) -> Vec<String> {
    let Some(finding) = record.findings.first() else {
        return vec![record.reason.clone().unwrap_or_else(|| record.title.clone())];
    };
    if let Some(reason) = &record.reason {
        // A target that ends does so wherever it is asked, and what is seen of it at the socket is chance.
        return vec![reason.clone()];
    }
    let label = alike(&finding.label);
    let mut likenesses = Vec::new();
    if let Some(exchange) = &record.exchange {
        let path = exchange.sent.target.split('?').next().unwrap_or_default();
        let path = if path == "/" { path } else { path.trim_end_matches('/') };
        likenesses.push(format!("{} {}: {label}", exchange.sent.method, alike(path)));
    }
    // A mistake shows in several parts of one answer, not in the first of them everywhere.
    likenesses.extend(
        record
            .findings
            .iter()
            .take(PARTS)
            .map(|finding| format!("{}; expected {}", alike(&finding.label), alike(&finding.expected))),
    );
    let received = record.exchange.as_ref().and_then(|exchange| exchange.received.as_ref());
    if received
        .is_some_and(|received| received.status >= 500 && finding.received == received.status.to_string())
    {
        // What breaks a server breaks it wherever that is used, whatever was to be answered.
        likenesses.push(label);
    }
    likenesses.extend(statuses(record).and_then(|(demanded, _)| never.get(&demanded)).cloned());
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
    let best = counts.into_iter().max_by_key(|(_, (count, rank))| (*count, Reverse(*rank)));
    best.map(|(likeness, _)| likeness.clone())
}

/// Puts at the head a step that was asked as most of them were, and of those the one that demands what the specification says
/// first: what is said later commonly builds on it.
fn plainest_first<'a>(alike: &[(&'a Record, Vec<String>)], requirements: &[Standing]) -> Vec<&'a Record> {
    let mut often: HashMap<&str, usize> = HashMap::new();
    for (_, likenesses) in alike {
        *often.entry(&likenesses[0]).or_default() += 1;
    }
    let place = |id: &str| requirements.iter().position(|standing| standing.id == id);
    let first = |record: &Record| record.covers.keys().filter_map(|id| place(id)).min().unwrap_or(usize::MAX);
    let head = alike.iter().enumerate().min_by_key(|(_, (record, likenesses))| {
        (!record.outcome().fails_the_run(), Reverse(often[likenesses[0].as_str()]), first(record))
    });
    let head = head.map(|(at, _)| at);
    let mut records: Vec<&Record> = alike.iter().map(|(record, _)| *record).collect();
    if let Some(at) = head {
        records[..=at].rotate_right(1);
    }
    records
}

/// Gives to each cause the steps that were not tried because of its own, however many stand between.
fn wait<'a>(causes: &mut [Cause<'a>], waiting: Vec<&'a Record>) {
    let mut owner: HashMap<&str, usize> = HashMap::new();
    for (index, cause) in causes.iter().enumerate() {
        owner.extend(cause.records.iter().map(|record| (record.id.as_str(), index)));
    }
    // In the order of the plan a step stands behind the one that it waits for.
    for record in waiting {
        let cause = record.waits_for.as_deref().and_then(|step| owner.get(step)).copied();
        if let Some(cause) = cause {
            owner.insert(&record.id, cause);
            causes[cause].waiting.push(record);
        }
    }
}

/// A text in which what differs from run to run does not differ.
fn alike(text: &str) -> String {
    let changing = |found: &Captures<'_>| if found.name("times").is_some() { "" } else { "…" };
    CHANGING.replace_all(text, changing).into_owned()
}

#[expect(clippy::unwrap_used, reason = "the pattern is a constant and a test compiles it")]
static CHANGING: LazyLock<Regex> = LazyLock::new(|| {
    // A UUID, a time, the length of a list, how many of the answers of a race.
    Regex::new(
        r"(?x) [0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}
        | \d{4}-\d\d-\d\d[T\x20]\d\d:\d\d:\d\d(?:\.\d+)?
        | among\x20\d+
        | (?<times>\x20\(\d+\x20of\x20\d+\x20(?:answers|responses)\))",
    )
    .unwrap()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_do_not_make_a_difference() {
        assert_eq!(alike("no such element among 5"), alike("no such element among 14"));
        assert_eq!(alike("the target answered 500 (3 of 9 answers)"), "the target answered 500");
        assert_eq!(alike("/users/cf3ddee1-ff24-49e4-a40b-2540333fe992 2017-10-16T04:23:04"), "/users/… …");
    }
}
