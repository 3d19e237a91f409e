//! Groups failures by their probable cause, the one that affects the most requirements first.
//!
//! The grouping is a heuristic that compares exceptions, requests and mismatches. Each step is in exactly one group.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};
use std::sync::LazyLock;

use regex::{Captures, Regex};

use conformance_engine::event::{Exchange, Received, Record, Standing};
use conformance_engine::target::traceback;
use conformance_engine::verdict::{Finding, Verdict};
use conformance_suite::amount::amount;
use conformance_suite::matcher::AGAINST_SCHEMA;
use conformance_suite::suite::Level;

/// Steps that probably fail because of the same defect.
#[derive(Debug, Clone)]
pub struct Cause<'a> {
    /// The defect as its first example shows it: the exception with file and line, or the method, the path, and what differs.
    pub title: String,
    /// The earliest requirement that the first example covers.
    pub requirement: Option<&'a Standing>,
    /// The failing steps: the simplest example first, then the others in the order of the plan.
    pub records: Vec<&'a Record>,
    /// Steps blocked by them.
    pub waiting: Vec<&'a Record>,
}

/// Number of mismatches of a step to compare with other steps.
const PARTS: usize = 4;
/// Maximum length of a string from a body in a title.
const QUOTED: usize = 60;

/// Groups the failures by cause; the cause to fix first comes first.
#[must_use]
pub fn causes<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    requirements: &'a [Standing],
) -> Vec<Cause<'a>> {
    let (failing, waiting): (Vec<&Record>, Vec<&Record>) =
        records.into_iter().partition(|record| record.verdict > Verdict::Inconclusive);
    let rejections = Rejections::of(&failing);
    let places: HashMap<&str, usize> =
        requirements.iter().enumerate().map(|(at, standing)| (standing.id.as_str(), at)).collect();
    let mut by_scenario: HashMap<&str, usize> = HashMap::new();
    for record in &failing {
        *by_scenario.entry(&record.scenario).or_default() += 1;
    }
    let earliest =
        |record: &Record| record.covers.keys().filter_map(|id| places.get(id.as_str()).copied()).min();
    let likenesses: Vec<Vec<String>> = failing.iter().map(|record| likenesses(record, &rejections)).collect();
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for group in groups(&likenesses) {
        let mut records: Vec<&Record> = group.into_iter().map(|at| failing[at]).collect();
        let mut by_profile: HashMap<&str, usize> = HashMap::new();
        for record in &records {
            *by_profile.entry(&record.profile).or_default() += 1;
        }
        // The simplest example covers the earliest requirement, on which later ones usually build, in the usual profile.
        let first = (0..records.len()).min_by_key(|at| {
            let record = records[*at];
            let alone = by_scenario.get(record.scenario.as_str()).copied().unwrap_or_default();
            let usual = Reverse(by_profile.get(record.profile.as_str()).copied().unwrap_or_default());
            // A program tests one part of the implementation by itself.
            let requests = record.execution.is_none();
            let fails = record.outcome().fails_the_run();
            (!fails, requests, earliest(record).unwrap_or(usize::MAX), usual, alone)
        });
        let Some(first) = first else { break };
        records[..=first].rotate_right(1);
        let (title, requirement) = (title(records[0]), earliest(records[0]).map(|at| &requirements[at]));
        causes.push(Cause { title, requirement, records, waiting: Vec::new() });
    }
    wait(&mut causes, waiting);
    // The sort is stable.
    causes.sort_by_cached_key(|cause| {
        Reverse((cause.requirements(Level::Must).len(), cause.uncovered(), cause.records.len()))
    });
    causes
}

impl<'a> Cause<'a> {
    /// Returns the requirements of a level that its failing and blocked steps cover.
    #[must_use]
    pub fn requirements(&self, level: Level) -> BTreeSet<&'a str> {
        let covers = self.records.iter().chain(&self.waiting).copied().flat_map(|record| &record.covers);
        covers.filter(|(_, own)| **own == level).map(|(id, _)| id.as_str()).collect()
    }

    /// Returns the number of failing steps that count as MUST because they cover no requirement.
    fn uncovered(&self) -> usize {
        let is_uncovered = |record: &&&Record| record.covers.is_empty() && record.outcome().fails_the_run();
        self.records.iter().filter(is_uncovered).count()
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
        match (self.requirements(Level::Must).len(), self.uncovered()) {
            (0, 0) => format!("{steps} {fail}{blocked}, no MUST affected"),
            (0, 1) => format!("{steps} {fail}, 1 counts as MUST{blocked}"),
            (0, uncovered) => format!("{steps} {fail}, {uncovered} count as MUST{blocked}"),
            (musts, _) => format!("{steps} {fail}{blocked}, {musts} MUST affected"),
        }
    }

    /// Returns the requirement that the first example breaks, or else the title of that step.
    #[must_use]
    pub fn meaning(&self) -> String {
        match (self.requirement, self.records.first()) {
            (Some(standing), _) => format!("{} ({})", standing.text, standing.id),
            (None, Some(record)) => format!("{} ({})", record.title, record.id),
            (None, None) => String::new(),
        }
    }
}

/// The responses with which a target rejects requests without valid credentials, whatever the request: a status 401 or
/// 403 with a body that several kinds of requests received.
struct Rejections<'a>(BTreeSet<(u16, &'a str)>);

impl<'a> Rejections<'a> {
    fn of(failing: &[&'a Record]) -> Self {
        let mut requests: BTreeMap<(u16, &str), BTreeSet<(&str, &str)>> = BTreeMap::new();
        for exchange in failing.iter().filter_map(|record| record.exchange.as_ref()) {
            let Some(received) = received(exchange).filter(|received| is_rejection(received.status)) else {
                continue;
            };
            let request = (exchange.sent.method.as_str(), path(exchange));
            requests.entry((received.status, &received.body)).or_default().insert(request);
        }
        Self(
            requests
                .into_iter()
                .filter(|(_, requests)| requests.len() > 1)
                .map(|(response, _)| response)
                .collect(),
        )
    }

    fn contains(&self, received: &Received) -> bool {
        self.0.contains(&(received.status, received.body.as_str()))
    }
}

fn is_rejection(status: u16) -> bool {
    matches!(status, 401 | 403)
}

fn received(exchange: &Exchange) -> Option<&Received> {
    exchange.received.as_ref()
}

/// Returns the path of a request without its query and its final slash.
fn path(exchange: &Exchange) -> &str {
    let path = exchange.sent.target.split('?').next().unwrap_or_default();
    if path == "/" { path } else { path.trim_end_matches('/') }
}

/// Returns the media type of a response, unless it is JSON.
fn other_media(received: &Received) -> Option<&str> {
    let media = received.header("content-type")?.split(';').next()?.trim();
    (!media.is_empty() && !media.contains("json")).then_some(media)
}

/// Returns the expected and the received status of a step that fails because of its status.
fn statuses(record: &Record) -> Option<(&str, u16)> {
    let finding = record.findings.first().filter(|finding| finding.pointer.is_none())?;
    let came = received(record.exchange.as_ref()?)?.status;
    (finding.received == came.to_string()).then_some((&finding.expected, came))
}

/// Whether a step expects JSON and the response is something else.
fn is_not_json(record: &Record) -> bool {
    record.findings.iter().any(|finding| finding.label.starts_with("the body is not JSON"))
}

/// Returns keys that other failures with the same cause share, the most specific first.
fn likenesses(record: &Record, rejections: &Rejections<'_>) -> Vec<String> {
    if let Some(reason) = record.reason.as_ref().filter(|_| record.exchange.is_none() || record.unstarted) {
        // Several files may import the module that is broken.
        return vec![PLACE.replace_all(&alike(reason), "").into_owned()];
    }
    if let Some(exception) = exception(record) {
        return vec![exception];
    }
    if let Some(reason) = &record.reason {
        // A target that exits causes random transport errors: do not compare the requests.
        return vec![alike(reason)];
    }
    let Some(finding) = record.findings.first() else { return vec![record.title.clone()] };
    let mut likenesses = Vec::new();
    let Some(exchange) = &record.exchange else {
        let program = if record.execution.is_some() { record.title.as_str() } else { "" };
        return vec![alike(&format!("{program}{}", finding.label))];
    };
    let (method, path) = (&exchange.sent.method, alike(path(exchange)));
    if let (Some((expected, came)), Some(received)) = (statuses(record), received(exchange)) {
        let media = other_media(received).unwrap_or_default();
        likenesses.push(format!("{method} {path}: {came} {media}, expected {expected}"));
        likenesses.push(format!("{method} {path}: {came} {media}"));
        likenesses.push(format!("{path}: {came} {media}"));
        if is_rejection(came) || expected.parse().is_ok_and(is_rejection) {
            likenesses.push(format!("{came}, expected {expected}"));
        }
        if rejections.contains(received) {
            likenesses.push("rejected".to_owned());
        }
        return likenesses;
    }
    if let Some((received, media)) = received(exchange)
        .and_then(|received| Some((received, other_media(received)?)))
        .filter(|_| is_not_json(record))
    {
        likenesses.push(format!("{method} {path}: {} {media}", received.status));
        likenesses.push(format!("{path}: {} {media}", received.status));
        return likenesses;
    }
    likenesses.push(format!("{method} {path}: {}", alike(&finding.label)));
    if received(exchange).is_some_and(|received| rejections.contains(received)) {
        likenesses.push("rejected".to_owned());
    }
    // A defect may cause several mismatches, and not the same one first everywhere.
    likenesses.extend(
        record
            .findings
            .iter()
            .take(PARTS)
            .map(|finding| format!("{}; expected {}", alike(&finding.label), alike(&finding.expected))),
    );
    likenesses
}

/// Returns the exception in the output of the target that explains a server error, with file and line.
fn exception(record: &Record) -> Option<String> {
    if let Some(execution) = &record.execution {
        return traceback::read(&execution.stderr.text).map(|origin| origin.to_string());
    }
    let answered = record.exchange.as_ref().and_then(received);
    let explains = answered.is_none_or(|received| received.status >= 500 || received.incomplete.is_some());
    if explains { traceback::read(&record.printed).map(|origin| origin.to_string()) } else { None }
}

/// Returns what a failing step shows of the defect, in one line.
fn title(record: &Record) -> String {
    if let Some(reason) = record.reason.as_ref().filter(|_| record.exchange.is_none() || record.unstarted) {
        return reason.clone();
    }
    if record.execution.is_some()
        && let Some(finding) = record.findings.first()
    {
        let what = exception(record).unwrap_or_else(|| expected(finding));
        return format!("{what} ({})", record.title);
    }
    let Some(exchange) = &record.exchange else {
        return record.findings.first().map_or_else(|| record.title.clone(), |finding| finding.label.clone());
    };
    let request = format!("{} {}", exchange.sent.method, exchange.sent.target);
    if let Some(exception) = exception(record) {
        let status = received(exchange).map(|received| received.status.to_string());
        return format!("{exception} ({request}: {})", status.as_deref().unwrap_or("no response"));
    }
    let Some(finding) = record.findings.first() else {
        return format!("{request}: {}", record.reason.as_ref().unwrap_or(&record.title));
    };
    if let Some(reason) = &record.reason {
        return format!("{request}: {reason}");
    }
    let Some(received) = received(exchange) else { return format!("{request}: {}", finding.label) };
    let media = other_media(received).filter(|_| is_not_json(record));
    let json = if media.is_some() { " and JSON" } else { "" };
    let media = media.map(|media| format!(" {media}")).unwrap_or_default();
    if let Some((expected, came)) = statuses(record) {
        let text = record
            .findings
            .iter()
            .find(|finding| finding.pointer.as_deref().is_some_and(|at| !at.is_empty()));
        let is_text = |value: &str| value.starts_with('"') && value.chars().count() <= QUOTED;
        let quoted = |value: &str| if is_text(value) { format!(" {value}") } else { String::new() };
        // A text explains the status only if the target sent one.
        let pair = text.map(|finding| (quoted(&finding.received), quoted(&finding.expected)));
        let (sent, wanted) = pair.filter(|(sent, _)| !sent.is_empty()).unwrap_or_default();
        return format!("{request}: {came}{media}{sent}, expected {expected}{wanted}{json}");
    }
    if !media.is_empty() {
        return format!("{request}: {}{media}, expected JSON", received.status);
    }
    format!("{request}: {}", expected(finding))
}

/// Describes a mismatch with the expected value, if that is short: a title has no place that would show it.
fn expected(finding: &Finding) -> String {
    let is_short = |expected: &&String| !expected.is_empty() && expected.chars().count() <= QUOTED;
    let says_what_is_wrong = finding.received.starts_with(AGAINST_SCHEMA);
    let expected = Some(&finding.expected).filter(|_| !says_what_is_wrong).filter(is_short);
    let expected = expected.map(|expected| format!(", expected {expected}")).unwrap_or_default();
    format!("{}{expected}", finding.label)
}

/// Groups failures by their likenesses: repeatedly takes the failures that share the most common likeness of those that are
/// left; if several are equally common, the most specific one. Each group is in the order of the failures.
fn groups(likenesses: &[Vec<String>]) -> Vec<Vec<usize>> {
    // The failures with a likeness, and how specific it is for them.
    let mut sharing: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
    for (at, own) in likenesses.iter().enumerate() {
        for (rank, likeness) in own.iter().enumerate() {
            sharing.entry(likeness).or_default().push((at, rank));
        }
    }
    let key = |likeness, sharing: &[(usize, usize)]| {
        let (_, rank) = sharing.first()?;
        Some((sharing.len(), Reverse(*rank), likeness))
    };
    let mut queue: BinaryHeap<_> =
        sharing.iter().filter_map(|(likeness, sharing)| key(*likeness, sharing)).collect();
    let mut taken = HashSet::new();
    let mut groups = Vec::new();
    // A count in the queue may be too high: then the likeness goes back with the count of what is left.
    while let Some((count, _, likeness)) = queue.pop() {
        let Some(sharing) = sharing.get_mut(likeness) else { continue };
        sharing.retain(|(at, _)| !taken.contains(at));
        if sharing.len() < count {
            queue.extend(key(likeness, sharing));
            continue;
        }
        let mut group: Vec<usize> = sharing.iter().map(|(at, _)| *at).collect();
        // A failure may have the same mismatch at several places.
        group.dedup();
        taken.extend(group.iter().copied());
        groups.push(group);
    }
    groups
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

/// File and line of an exception, as [`traceback::Origin`] writes them.
#[expect(clippy::unwrap_used, reason = "the pattern is a constant and a test compiles it")]
static PLACE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" at [^\s:]+:\d+").unwrap());

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
    fn groups_by_the_most_common_and_then_the_most_specific_likeness() {
        let failures = [
            vec!["GET /a: 500", "/a: 500"],
            vec!["GET /a: 500", "/a: 500"],
            vec!["POST /a: 500", "/a: 500", "login"],
            vec!["POST /b: 401", "login"],
            vec!["GET /c", "same", "same"],
        ];
        let failures = failures.map(|likenesses| likenesses.into_iter().map(str::to_owned).collect());
        // Failure 2 is in the group of `/a: 500`, so `login` has only failure 3 left.
        assert_eq!(groups(&failures), [vec![0, 1, 2], vec![4], vec![3]]);
    }

    #[test]
    fn groups_many_different_failures() {
        // With a quadratic search, this test takes many minutes.
        let failures: Vec<Vec<String>> =
            (0..20_000).map(|at| vec![format!("one {at}"), format!("two {}", at / 2)]).collect();
        assert_eq!(groups(&failures).len(), 10_000);
    }

    fn failing(id: &str, covers: &[(&str, Level)]) -> Record {
        let covers: BTreeMap<&str, Level> = covers.iter().copied().collect();
        let place = serde_json::json!({"file": "desk.yaml", "line": 7, "column": 1, "width": 1});
        serde_json::from_value(serde_json::json!({
            "id": id, "scenario": "desk", "profile": "", "title": id, "verdict": "fail", "covers": covers,
            "place": place, "source": {"line": 7, "text": ""}, "tries": 1, "milliseconds": 0.0,
        }))
        .unwrap()
    }

    #[test]
    fn step_that_covers_no_requirement_counts_as_must_and_comes_before_a_should() {
        let records = [
            failing("should", &[("A-1", Level::Should)]),
            failing("none", &[]),
            failing("must", &[("A-2", Level::Must)]),
        ];
        let costs: Vec<String> =
            causes(&records, &[]).iter().map(|cause| format!("{}: {}", cause.title, cause.cost())).collect();
        let expected = [
            "must: 1 step fails, 1 MUST affected",
            "none: 1 step fails, 1 counts as MUST",
            "should: 1 step fails, no MUST affected",
        ];
        assert_eq!(costs, expected);
    }

    #[test]
    fn ignores_ids_times_and_counts() {
        assert_eq!(alike("no such element among 5"), alike("no such element among 14"));
        assert_eq!(alike("the target answered 500 (3 of 9 answers)"), "the target answered 500");
        assert_eq!(alike("/users/cf3ddee1-ff24-49e4-a40b-2540333fe992 2017-10-16T04:23:04"), "/users/… …");
    }
}
