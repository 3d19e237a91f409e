//! Groups failures by their probable cause, the one that affects the most requirements first.
//!
//! The grouping is a heuristic that compares requests and mismatches. Each step is in exactly one group.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::{Captures, Regex};

use conformance_engine::event::{Record, Standing};
use conformance_engine::verdict::Verdict;
use conformance_suite::amount::amount;
use conformance_suite::suite::Level;

/// Steps that probably fail because of the same defect.
#[derive(Debug, Clone)]
pub struct Cause<'a> {
    /// What they have in common.
    pub title: String,
    /// The failing steps: the clearest example first, then the others in the order of the plan.
    pub records: Vec<&'a Record>,
    /// Steps blocked by them.
    pub waiting: Vec<&'a Record>,
}

/// How often each status was returned by a step that expects it.
#[derive(Debug, Clone, Default)]
pub struct Answered(BTreeMap<u16, usize>);

/// Treat a status as "never returned" if at least this share (numerator, denominator) of the steps that expect it got another one.
const HARDLY: (usize, usize) = (3, 4);
/// … and if at least this many steps expect it.
const MANY: usize = 8;
/// Number of mismatches of a step to compare with other steps.
const PARTS: usize = 4;
/// Maximum number of returned statuses to name.
const NAMED: usize = 4;

/// Groups the failures by cause; the cause to fix first comes first.
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
    // Greedily pick the likeness that most of the remaining failures share.
    while let Some(title) = most_common(&left) {
        let (alike, rest): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|(_, likenesses)| likenesses.contains(&title));
        left = rest;
        let records = plainest_first(&alike, requirements);
        causes.push(Cause { title, records, waiting: Vec::new() });
    }
    wait(&mut causes, waiting);
    // The sort is stable.
    causes.sort_by_key(|cause| Reverse((cause.requirements(Level::Must).len(), cause.records.len())));
    causes
}

impl<'a> Cause<'a> {
    /// Returns the requirements of a level that its failing and blocked steps cover.
    #[must_use]
    pub fn requirements(&self, level: Level) -> BTreeSet<&'a str> {
        let covers = self.records.iter().chain(&self.waiting).copied().flat_map(|record| &record.covers);
        covers.filter(|(_, own)| **own == level).map(|(id, _)| id.as_str()).collect()
    }

    /// Returns the number of failing steps, blocked steps and affected MUST requirements, as text.
    #[must_use]
    pub fn cost(&self) -> String {
        let steps = amount(self.records.len(), "step");
        let fail = if self.records.len() == 1 { "fails" } else { "fail" };
        let blocked = match self.waiting.len() {
            0 => String::new(),
            blocked => format!(", {blocked} blocked"),
        };
        match self.requirements(Level::Must).len() {
            0 => format!("{steps} {fail}{blocked}, no MUST affected"),
            musts => format!("{steps} {fail}{blocked}, {musts} MUST affected"),
        }
    }
}

impl Answered {
    /// Counts the response of a passing step.
    pub fn add(&mut self, record: &Record) {
        let received = record.exchange.as_ref().and_then(|exchange| exchange.received.as_ref());
        if let Some(received) = received.filter(|_| record.verdict == Verdict::Pass) {
            *self.0.entry(received.status).or_default() += 1;
        }
    }

    /// Returns the statuses that are hardly ever returned where they are expected, each with a sentence about it.
    fn never(&self, failing: &[&Record]) -> BTreeMap<u16, String> {
        let mut instead: BTreeMap<u16, BTreeMap<u16, usize>> = BTreeMap::new();
        for (demanded, came) in failing.iter().filter_map(|record| statuses(record)) {
            *instead.entry(demanded).or_default().entry(came).or_default() += 1;
        }
        let hardly = instead.into_iter().filter_map(|(demanded, came)| {
            let missed: usize = came.values().sum();
            let all = missed + self.0.get(&demanded).copied().unwrap_or_default();
            // If the same other status is always returned, a more specific likeness exists.
            (all >= MANY && missed * HARDLY.1 >= all * HARDLY.0 && came.len() > 1).then(|| {
                let mut often: Vec<(u16, usize)> = came.into_iter().collect();
                often.sort_by_key(|(_, count)| Reverse(*count));
                let more = if often.len() > NAMED { ", …" } else { "" };
                let named: Vec<String> =
                    often.iter().take(NAMED).map(|(status, _)| status.to_string()).collect();
                let named = named.join(", ");
                (demanded, format!("{missed} of {all} responses expected as {demanded} were {named}{more}"))
            })
        });
        hardly.collect()
    }
}

/// Returns the expected and the received status of a step that fails because of its status.
fn statuses(record: &Record) -> Option<(u16, u16)> {
    let finding = record.findings.first().filter(|finding| finding.pointer.is_none())?;
    let came = record.exchange.as_ref()?.received.as_ref()?.status;
    (finding.received == came.to_string()).then_some((finding.expected.parse().ok()?, came))
}

/// Returns sentences about a failure that other failures may share, the most specific first.
fn likenesses(record: &Record, never: &BTreeMap<u16, String>) -> Vec<String> {
    let Some(finding) = record.findings.first() else {
        return vec![record.reason.clone().unwrap_or_else(|| record.title.clone())];
    };
    if let Some(reason) = &record.reason {
        // A target that exits causes random transport errors: do not compare the requests.
        return vec![reason.clone()];
    }
    let label = alike(&finding.label);
    let mut likenesses = Vec::new();
    if let Some(exchange) = &record.exchange {
        let path = exchange.sent.target.split('?').next().unwrap_or_default();
        let path = if path == "/" { path } else { path.trim_end_matches('/') };
        likenesses.push(format!("{} {}: {label}", exchange.sent.method, alike(path)));
    }
    // A defect may cause several mismatches, and not the same one first everywhere.
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
        // A server error is probably the same defect, whatever was expected.
        likenesses.push(label);
    }
    likenesses.extend(statuses(record).and_then(|(demanded, _)| never.get(&demanded)).cloned());
    likenesses
}

/// Returns the likeness that most failures share; if several do equally, the most specific one.
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

/// Moves the clearest example to the front: a step with the most common request, and among those the one that covers the
/// earliest requirement, on which later ones usually build.
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

/// Assigns each blocked step to the cause that blocks it, directly or through other blocked steps.
fn wait<'a>(causes: &mut [Cause<'a>], waiting: Vec<&'a Record>) {
    let mut owner: HashMap<&str, usize> = HashMap::new();
    for (index, cause) in causes.iter().enumerate() {
        owner.extend(cause.records.iter().map(|record| (record.id.as_str(), index)));
    }
    // The records are in plan order, so a step comes after the one that blocks it.
    for record in waiting {
        let cause = record.waits_for.as_deref().and_then(|step| owner.get(step)).copied();
        if let Some(cause) = cause {
            owner.insert(&record.id, cause);
            causes[cause].waiting.push(record);
        }
    }
}

/// Replaces the parts of a text that change from run to run.
fn alike(text: &str) -> String {
    let changing = |found: &Captures<'_>| if found.name("times").is_some() { "" } else { "…" };
    CHANGING.replace_all(text, changing).into_owned()
}

#[expect(clippy::unwrap_used, reason = "the pattern is a constant and a test compiles it")]
static CHANGING: LazyLock<Regex> = LazyLock::new(|| {
    // A UUID, a time, the length of a list, the count of responses of parallel requests.
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
    fn ignores_ids_times_and_counts() {
        assert_eq!(alike("no such element among 5"), alike("no such element among 14"));
        assert_eq!(alike("the target answered 500 (3 of 9 answers)"), "the target answered 500");
        assert_eq!(alike("/users/cf3ddee1-ff24-49e4-a40b-2540333fe992 2017-10-16T04:23:04"), "/users/… …");
    }
}
