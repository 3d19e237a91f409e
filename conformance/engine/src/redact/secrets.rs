//! Finds many secret values in a text in one pass.
//!
//! A run with 100,000 logins has as many session ids; searching each text for each of them would be quadratic. The values are in
//! automata (Aho–Corasick). An automaton cannot grow, so each new one is merged with older ones of its size, as in a log-structured
//! merge tree: n values are in about log2(n) automata, and each value is added to as many in turn.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton as _;
use aho_corasick::nfa::noncontiguous::NFA;

/// Values to redact.
#[derive(Debug, Clone)]
pub(super) struct Secrets {
    values: Values,
    /// Beginnings of longer values: the text after them is redacted as well.
    beginnings: Values,
}

/// Maximum size of a value that is redacted as a whole, in bytes. Of a longer one, the text after this beginning is redacted too.
pub(super) const MAX_LENGTH: usize = 4 * 1024;
/// Maximum size of all values together, in bytes, if their number is limited. An automaton needs about 30 times as much memory.
const MAX_BYTES: usize = 2 * 1024 * 1024;

impl Default for Secrets {
    fn default() -> Self {
        Self::with_limit(usize::MAX)
    }
}

impl Secrets {
    /// Returns no values. After about `limit` values, the oldest are forgotten.
    pub(super) fn with_limit(limit: usize) -> Self {
        let values = Values { limit, known: HashSet::new(), groups: Vec::new() };
        Self { values: values.clone(), beginnings: values }
    }

    /// Adds values.
    pub(super) fn add<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) {
        let (long, values): (Vec<&str>, Vec<&str>) =
            values.into_iter().partition(|value| value.len() > MAX_LENGTH);
        self.values.add(values);
        self.add_beginnings(long);
    }

    /// Adds the beginnings of longer values.
    pub(super) fn add_beginnings<'a>(&mut self, beginnings: impl IntoIterator<Item = &'a str>) {
        self.beginnings.add(beginnings.into_iter().map(|one| &one[..one.floor_char_boundary(MAX_LENGTH)]));
    }

    /// Appends the ranges of the text that are secret, in any order.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Range<usize>>) {
        self.values.groups.iter().for_each(|group| group.find(text, found));
        let longer = found.len();
        self.beginnings.groups.iter().for_each(|group| group.find(text, found));
        for range in &mut found[longer..] {
            // Where the longer value ends is unknown.
            range.end = text.len();
        }
    }
}

#[derive(Debug, Clone)]
struct Values {
    limit: usize,
    known: HashSet<Arc<str>>,
    /// The oldest and largest group comes first.
    groups: Vec<Group>,
}

/// Values in one automaton.
#[derive(Debug, Clone)]
struct Group {
    values: Vec<Arc<str>>,
    bytes: usize,
    automaton: Arc<NFA>,
}

impl Values {
    fn add<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) {
        let new = values.into_iter().filter(|value| !value.is_empty()).map(Arc::from);
        let mut values: Vec<Arc<str>> = new.filter(|value| self.known.insert(Arc::clone(value))).collect();
        if values.is_empty() {
            return;
        }
        // Groups of more than a quarter of the limit are not merged, so that the oldest can be forgotten.
        let may_merge = |group: &Group| {
            self.limit == usize::MAX || group.values.len() < self.limit / 4 && group.bytes < MAX_BYTES / 4
        };
        while let Some(group) =
            self.groups.pop_if(|last| last.values.len() <= values.len() && may_merge(last))
        {
            values.extend(group.values);
        }
        self.groups.extend(Group::new(values));
        while self.is_over_limit() && self.groups.len() > 1 {
            for value in self.groups.remove(0).values {
                self.known.remove(&value);
            }
        }
    }

    fn is_over_limit(&self) -> bool {
        let bytes: usize = self.groups.iter().map(|group| group.bytes).sum();
        self.limit < usize::MAX && (self.known.len() > self.limit || bytes > MAX_BYTES)
    }
}

impl Group {
    /// Returns none only for more values than an automaton can have, which is 2 GiB of them.
    fn new(values: Vec<Arc<str>>) -> Option<Self> {
        let automaton = NFA::builder().prefilter(false).build(values.iter().map(|value| &**value)).ok()?;
        Some(Self {
            bytes: values.iter().map(|value| value.len()).sum(),
            values,
            automaton: Arc::new(automaton),
        })
    }

    /// Appends the range of the longest value that ends at each place. Shorter ones that end there are inside of it.
    fn find(&self, text: &str, found: &mut Vec<Range<usize>>) {
        let automaton = &*self.automaton;
        let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
        for (end, byte) in (1..).zip(text.bytes()) {
            state = automaton.next_state(Anchored::No, state, byte);
            if automaton.is_match(state) {
                // The longest comes first.
                let length = automaton.pattern_len(automaton.match_pattern(state, 0));
                found.push(end - length..end);
            }
        }
    }
}

/// Sorts ranges and merges those that overlap.
pub(super) fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Replaces merged ranges of a text.
pub(super) fn replace(text: &str, ranges: &[Range<usize>], with: impl Fn(&str) -> String) -> String {
    let (mut shown, mut done) = (String::with_capacity(text.len()), 0);
    for range in ranges {
        shown.push_str(&text[done..range.start]);
        shown.push_str(&with(&text[range.clone()]));
        done = range.end;
    }
    shown + &text[done..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(secrets: &Secrets, text: &str) -> String {
        let mut found = Vec::new();
        secrets.find(text, &mut found);
        replace(text, &merged(found), |value| "*".repeat(value.len()))
    }

    #[test]
    fn redacts_the_longest_value_and_overlapping_values() {
        let mut secrets = Secrets::default();
        for value in ["0123456789", "", "0123456789abc", "é-secret-é", "pwd", "89-is-another"] {
            secrets.add([value]);
        }
        assert_eq!(shown(&secrets, "0123456789abcd 0123456789ab"), "*************d **********ab");
        assert_eq!(shown(&secrets, "xé-secret-éy pwd012345678"), "x************y ***012345678");
        assert_eq!(shown(&secrets, "abc0123456789-is-another one"), "abc********************* one");
        assert_eq!(shown(&secrets, "nothing of it, and é"), "nothing of it, and é");
    }

    #[test]
    fn finds_a_value_at_any_position_among_many() {
        let mut secrets = Secrets::default();
        (0..20_000).for_each(|number| secrets.add([&*format!("{number:08}")]));
        for before in 0..9 {
            for after in 0..5 {
                let (before, after) = ("x".repeat(before), "y".repeat(after));
                let text = format!("{before}00019999{after}98765432é");
                assert_eq!(shown(&secrets, &text), format!("{before}********{after}98765432é"));
            }
        }
        assert!(secrets.values.groups.len() <= 15, "{}", secrets.values.groups.len());
    }

    #[test]
    fn redacts_everything_after_the_beginning_of_a_long_value() {
        let mut secrets = Secrets::default();
        secrets.add([&*"long-".repeat(2000)]);
        assert_eq!(
            shown(&secrets, &format!("abc {}", "long-".repeat(2000))),
            format!("abc {}", "*".repeat(10_000))
        );
        assert_eq!(shown(&secrets, &"long-".repeat(500)), "long-".repeat(500));
    }

    #[test]
    fn forgets_the_oldest_values() {
        let mut secrets = Secrets::with_limit(100);
        for number in 0..1000 {
            secrets.add([&*format!("session-{number}")]);
            let values = &secrets.values;
            assert_eq!(
                values.known.len(),
                values.groups.iter().map(|group| group.values.len()).sum::<usize>()
            );
            assert!(values.known.len() <= 100 && values.known.len() > number.min(40), "{number}");
        }
        assert_eq!(shown(&secrets, "session-2 session-998 session-999"), "session-2 *********** ***********");
    }

    #[test]
    fn limits_the_bytes_of_all_values() {
        let mut secrets = Secrets::with_limit(usize::MAX - 1);
        (0..600).for_each(|number| secrets.add([&*format!("{number}{}", "x".repeat(4000))]));
        let bytes: usize = secrets.values.groups.iter().map(|group| group.bytes).sum();
        assert!(bytes <= MAX_BYTES && bytes > MAX_BYTES / 4, "{bytes}");
    }
}
