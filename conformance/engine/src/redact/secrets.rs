//! Finds many secret values in a text in one pass.
//!
//! A run with 100,000 logins has as many session ids; searching each text for each of them would be quadratic.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// Values that are looked for.
#[derive(Debug, Clone)]
pub(super) struct Secrets {
    /// In the order in which they came, how many of them are kept, and how many bytes they have.
    order: VecDeque<Arc<str>>,
    most: usize,
    bytes: usize,
    /// Those that are the beginnings of longer values.
    beginnings_only: HashSet<Arc<str>>,
    all: HashSet<Arc<str>>,
    /// The lengths of those that begin with these bytes, and how many have each.
    beginnings: HashMap<[u8; BEGINNING], BTreeMap<usize, usize>>,
    /// A bit for each beginning, and one for each window in it: most of most texts is passed over by these.
    sieve: Vec<u64>,
    /// Those that are too short for a beginning, the longest first.
    short: Vec<String>,
}

/// The longest value that is looked for as a whole, in bytes. Of a longer one the beginning is, and the text behind it counts as the rest.
pub(super) const LONGEST: usize = 4 * 1024;
/// The most bytes that are kept of values of which only the last are kept.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How many bytes a beginning has.
const BEGINNING: usize = 8;
/// A text is looked at in windows of so many bytes, one behind the other. However a beginning lies, one window is wholly in it.
const WINDOW: usize = 4;
/// The words of the sieve, at first and at most, both powers of two. It has one for each beginning: with fewer it lets too much through.
const SIEVE: [usize; 2] = [256, 8192];

impl Default for Secrets {
    fn default() -> Self {
        Self::of_at_most(usize::MAX)
    }
}

impl Secrets {
    /// Returns no values, and keeps only the last so many of those that come. Short ones are kept for ever.
    pub(super) fn of_at_most(most: usize) -> Self {
        Self {
            order: VecDeque::new(),
            most,
            bytes: 0,
            beginnings_only: HashSet::new(),
            all: HashSet::new(),
            beginnings: HashMap::new(),
            sieve: Vec::new(),
            short: Vec::new(),
        }
    }

    /// Adds a value; one that is there already is as good as new.
    pub(super) fn add(&mut self, value: &str) {
        if value.len() > LONGEST {
            self.add_beginning(value);
        } else {
            self.add_value(value, false);
        }
    }

    /// Adds a value that is longer than this, its beginning.
    pub(super) fn add_beginning(&mut self, beginning: &str) {
        self.add_value(&beginning[..beginning.floor_char_boundary(LONGEST)], true);
    }

    fn add_value(&mut self, value: &str, is_beginning: bool) {
        let Some(beginning) = beginning(value.as_bytes()) else {
            if !value.is_empty() && !self.short.iter().any(|own| own == value) {
                self.short.push(value.to_owned());
                self.short.sort_by_key(|value| std::cmp::Reverse(value.len()));
            }
            return;
        };
        if let Some(known) = self.all.get(value) {
            if is_beginning {
                self.beginnings_only.insert(Arc::clone(known));
            }
            return;
        }
        let value: Arc<str> = value.into();
        self.bytes += value.len();
        if is_beginning {
            self.beginnings_only.insert(Arc::clone(&value));
        }
        *self.beginnings.entry(beginning).or_default().entry(value.len()).or_default() += 1;
        self.sift(beginning);
        self.all.insert(Arc::clone(&value));
        self.order.push_back(value);
        let is_limited = self.most < usize::MAX;
        while is_limited
            && (self.order.len() > self.most || self.bytes > MOST_BYTES)
            && let Some(oldest) = self.order.pop_front()
        {
            self.forget(&oldest);
        }
    }

    /// Makes the sieve let through a beginning, and a larger sieve where it lets through too much.
    fn sift(&mut self, beginning: [u8; BEGINNING]) {
        let words = self.beginnings.len().next_power_of_two().clamp(SIEVE[0], SIEVE[1]);
        if words > self.sieve.len() {
            self.sieve = vec![0; words];
            let all = self.beginnings.keys();
            all.for_each(|beginning| add(&mut self.sieve, *beginning));
        } else {
            add(&mut self.sieve, beginning);
        }
    }

    /// The sieve keeps its bits: it may let through what is not there.
    fn forget(&mut self, value: &str) {
        self.all.remove(value);
        self.beginnings_only.remove(value);
        self.bytes = self.bytes.saturating_sub(value.len());
        let Some(beginning) = beginning(value.as_bytes()) else { return };
        let Some(lengths) = self.beginnings.get_mut(&beginning) else { return };
        if let Some(count) = lengths.get_mut(&value.len()) {
            *count -= 1;
            if *count == 0 {
                lengths.remove(&value.len());
            }
        }
        if lengths.is_empty() {
            self.beginnings.remove(&beginning);
        }
    }

    /// Returns a text with every value in it replaced: at each place the longest.
    pub(super) fn replace<'t>(&self, text: &'t str, with: impl Fn(&str) -> String) -> Cow<'t, str> {
        let mut shown = self.replace_long(text, &with);
        for value in &self.short {
            if shown.contains(value.as_str()) {
                shown = Cow::Owned(shown.replace(value.as_str(), &with(value)));
            }
        }
        shown
    }

    fn replace_long<'t>(&self, text: &'t str, with: &impl Fn(&str) -> String) -> Cow<'t, str> {
        if self.all.is_empty() {
            return Cow::Borrowed(text);
        }
        let bytes = text.as_bytes();
        let (mut shown, mut done) = (String::new(), 0);
        for (index, window) in bytes.as_chunks::<WINDOW>().0.iter().enumerate() {
            if !lets_through(&self.sieve, u32::from_le_bytes(*window).into()) {
                continue;
            }
            // It is the first whole window of what begins in it or so many bytes before it.
            let at = index * WINDOW;
            for start in done.max(at.saturating_sub(WINDOW - 1))..=at {
                if let Some(value) = self.found(text, start) {
                    shown.push_str(&text[done..start]);
                    shown.push_str(&with(value));
                    done = start + value.len();
                    break;
                }
            }
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        shown.push_str(&text[done..]);
        Cow::Owned(shown)
    }

    fn found<'t>(&self, text: &'t str, at: usize) -> Option<&'t str> {
        let beginning = beginning(&text.as_bytes()[at..])
            .filter(|one| lets_through(&self.sieve, u64::from_le_bytes(*one)))?;
        let lengths = self.beginnings.get(&beginning)?.keys().rev();
        let mut values = lengths.filter_map(|length| text.get(at..at + length));
        let value = values.find(|value| self.all.contains(*value))?;
        // Where the rest of a longer value ends is not known.
        Some(if self.beginnings_only.contains(value) { &text[at..] } else { value })
    }

    /// Returns where a text can be cut at `cut` or before it without cutting a value: what is left has no part of one.
    /// Of the text at least [`LONGEST`] bytes behind `cut` are there, or all of it.
    pub(super) fn uncut(&self, text: &str, mut cut: usize) -> usize {
        loop {
            let across = |start: usize, length: usize| start < cut && start + length > cut;
            let bytes = &text.as_bytes()[..text.len().min(cut + BEGINNING)];
            let long = (cut.saturating_sub(LONGEST)..cut).find(|start| {
                text.is_char_boundary(*start)
                    && self.found(text, *start).is_some_and(|value| across(*start, value.len()))
            });
            let short = self.short.iter().filter_map(|value| {
                let from = cut.saturating_sub(value.len());
                (from..cut).find(|start| {
                    bytes.get(*start..).is_some_and(|rest| rest.starts_with(value.as_bytes()))
                        && across(*start, value.len())
                })
            });
            match long.into_iter().chain(short).min() {
                Some(earlier) => cut = earlier,
                None => return cut,
            }
        }
    }
}

fn beginning(bytes: &[u8]) -> Option<[u8; BEGINNING]> {
    bytes.first_chunk().copied()
}

/// Adds to a sieve a beginning and every window in it that can be the first whole one.
fn add(sieve: &mut [u64], beginning: [u8; BEGINNING]) {
    let whole = u64::from_le_bytes(beginning);
    let windows = (0..WINDOW).map(|at| whole >> (8 * at) & u64::from(u32::MAX));
    for piece in windows.chain([whole]) {
        let (word, bit) = mesh(sieve, piece);
        sieve[word] |= bit;
    }
}

fn lets_through(sieve: &[u64], piece: u64) -> bool {
    if sieve.is_empty() {
        return false;
    }
    let (word, bit) = mesh(sieve, piece);
    sieve[word] & bit != 0
}

/// The word of a sieve and the bit in it for a window or a beginning.
fn mesh(sieve: &[u64], piece: u64) -> (usize, u64) {
    // The top bits of a product depend on all bits of both (Knuth, The Art of Computer Programming, 6.4).
    let product = piece.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let bits = product >> (58 - sieve.len().trailing_zeros());
    (usize::try_from(bits / 64).unwrap_or_default(), 1 << (bits % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(secrets: &Secrets, text: &str) -> String {
        secrets.replace(text, |value| "*".repeat(value.len())).into_owned()
    }

    #[test]
    fn the_longest_value_at_a_place_is_taken_out_and_all_of_them_are() {
        let mut secrets = Secrets::default();
        for value in ["0123456789", "0123456789abc", "é-secret-é", "pwd"] {
            secrets.add(value);
        }
        assert_eq!(shown(&secrets, "0123456789abcd 0123456789ab"), "*************d **********ab");
        assert_eq!(shown(&secrets, "xé-secret-éy pwd012345678"), "x************y ***012345678");
        assert_eq!(shown(&secrets, "nothing of it, and é"), "nothing of it, and é");
    }

    #[test]
    fn a_value_is_found_wherever_it_stands() {
        let mut secrets = Secrets::default();
        (0..20_000).for_each(|number| secrets.add(&format!("{number:08}")));
        for before in 0..9 {
            for behind in 0..5 {
                let (before, behind) = ("x".repeat(before), "y".repeat(behind));
                let text = format!("{before}00019999{behind}98765432é");
                assert_eq!(shown(&secrets, &text), format!("{before}********{behind}98765432é"));
            }
        }
        assert_eq!(shown(&secrets, "000199990000000112345"), "****************12345");
    }

    #[test]
    fn a_text_is_cut_before_a_value_that_crosses_the_cut() {
        let mut secrets = Secrets::default();
        for value in ["0123456789", "89-is-another", "pwd", &"long-".repeat(2000)] {
            secrets.add(value);
        }
        for (text, cut, uncut) in [
            ("abc0123456789def", 8, 3),
            ("abc0123456789def", 13, 13),
            ("abc0123456789def", 3, 3),
            // The one before it crosses the place to which the cut was moved.
            ("abc0123456789-is-another", 15, 3),
            ("abcpwdef", 5, 3),
            ("nothing of it", 5, 5),
        ] {
            assert_eq!(secrets.uncut(text, cut), uncut, "{text} at {cut}");
        }
        let long = format!("abc {}", "long-".repeat(2000));
        assert_eq!(secrets.uncut(&long[..5000], 900), 4);
        assert_eq!(shown(&secrets, &long), format!("abc {}", "*".repeat(10_000)));
        assert_eq!(Secrets::default().uncut(&long, 900), 900);
    }

    #[test]
    fn what_is_remembered_has_a_limit_in_bytes() {
        let mut secrets = Secrets::of_at_most(usize::MAX - 1);
        (0..10_000).for_each(|number| secrets.add(&format!("{number}{}", "x".repeat(4000))));
        assert!(secrets.bytes <= MOST_BYTES && secrets.order.len() > 1000, "{}", secrets.order.len());
        assert_eq!(secrets.order.len(), secrets.all.len());
    }

    #[test]
    fn of_a_million_only_the_last_are_kept() {
        let mut secrets = Secrets::of_at_most(2);
        for number in 0..5 {
            secrets.add(&format!("session-{number}"));
        }
        assert_eq!(shown(&secrets, "session-2 session-3 session-4"), "session-2 ********* *********");
        assert_eq!((secrets.all.len(), secrets.beginnings.len(), secrets.order.len()), (2, 1, 2));
    }
}
