//! Finds many secret values in a text in one pass.
//!
//! A run with 100,000 logins has as many session ids; searching each text for each of them would be quadratic. The values are in
//! automata (Aho–Corasick). An automaton cannot grow, so each new one is merged with older ones of its size, as in a log-structured
//! merge tree: n values are in about log2(n) automata, and each value is added to as many in turn.

use std::collections::{HashSet, VecDeque};
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
pub(super) const MAX_LENGTH: usize = 2 * 1024;
/// Minimum number of characters of a value that is searched for in text: a shorter one is a part of ordinary words.
pub(super) const MIN_CHARACTERS: usize = 4;
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
        let values = Values { limit, known: HashSet::new(), pending: VecDeque::new(), groups: Vec::new() };
        Self { values: values.clone(), beginnings: values }
    }

    /// Adds values.
    pub(super) fn add(&mut self, values: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        for value in values {
            let value = value.as_ref();
            match value.get(..MAX_LENGTH) {
                Some(beginning) if value.len() > MAX_LENGTH => self.beginnings.add(beginning),
                _ => self.values.add(value),
            }
        }
    }

    /// Whether a value was added and not forgotten.
    pub(super) fn knows(&self, value: &[u8]) -> bool {
        self.values.known.contains(value)
    }

    /// Adds the beginning of a longer value.
    pub(super) fn add_beginning(&mut self, beginning: &[u8]) {
        self.beginnings.add(beginning);
    }

    /// Prepares the search for the values that were added.
    pub(super) fn settle(&mut self) {
        self.values.settle();
        self.beginnings.settle();
    }

    /// Appends the ranges of the text that are secret, in any order. Values that were added after [`Secrets::settle`] are not found.
    pub(super) fn find(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
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
    known: HashSet<Arc<[u8]>>,
    /// Values that are in no automaton yet: a load test learns many and searches for them rarely.
    pending: VecDeque<Arc<[u8]>>,
    /// The oldest and largest group comes first.
    groups: Vec<Group>,
}

/// Values in one automaton.
#[derive(Debug, Clone)]
struct Group {
    values: Vec<Arc<[u8]>>,
    bytes: usize,
    automaton: Arc<NFA>,
}

impl Values {
    fn add(&mut self, value: &[u8]) {
        let value: Arc<[u8]> = value.into();
        if value.is_empty() || !self.known.insert(Arc::clone(&value)) {
            return;
        }
        self.pending.push_back(value);
        if self.pending.len() > self.limit
            && let Some(oldest) = self.pending.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    fn settle(&mut self) {
        let mut values: Vec<Arc<[u8]>> = std::mem::take(&mut self.pending).into();
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
    fn new(values: Vec<Arc<[u8]>>) -> Option<Self> {
        let automaton = NFA::builder().prefilter(false).build(values.iter()).ok()?;
        Some(Self {
            bytes: values.iter().map(|value| value.len()).sum(),
            values,
            automaton: Arc::new(automaton),
        })
    }

    /// Appends the range of the longest value that ends at each place. Shorter ones that end there are inside of it.
    fn find(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        let automaton = &*self.automaton;
        let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
        for (end, byte) in (1..).zip(text.iter().copied()) {
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

/// Replaces merged ranges of a text. Ranges grow to whole characters.
pub(super) fn replace(
    text: &str,
    ranges: &[Range<usize>],
    with: impl Fn(&str, &Range<usize>) -> String,
) -> String {
    let (mut shown, mut done) = (String::with_capacity(text.len()), 0);
    for range in ranges {
        let (start, end) =
            (text.floor_char_boundary(range.start).max(done), text.ceil_char_boundary(range.end));
        shown.push_str(text.get(done..start).unwrap_or_default());
        shown.push_str(&with(text.get(start..end).unwrap_or_default(), range));
        done = end.max(done);
    }
    shown.push_str(text.get(done..).unwrap_or_default());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(secrets: &Secrets, text: &str) -> String {
        let (mut found, mut secrets) = (Vec::new(), secrets.clone());
        secrets.settle();
        secrets.find(text.as_bytes(), &mut found);
        replace(text, &merged(found), |value, _| "*".repeat(value.len()))
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
        for number in 0..20_000 {
            secrets.add([&*format!("{number:08}")]);
            if number % 7 == 0 {
                secrets.settle();
            }
        }
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
        assert_eq!(shown(&secrets, &"long-".repeat(300)), "long-".repeat(300));
    }

    #[test]
    fn forgets_the_oldest_values() {
        let mut secrets = Secrets::with_limit(100);
        for number in 0..1000 {
            secrets.add([&*format!("session-{number}")]);
            secrets.settle();
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
        for number in 0..1500 {
            secrets.add([&*format!("{number}{}", "x".repeat(2000))]);
            secrets.settle();
        }
        let bytes: usize = secrets.values.groups.iter().map(|group| group.bytes).sum();
        assert!(bytes <= MAX_BYTES && bytes > MAX_BYTES / 4, "{bytes}");
    }
}
