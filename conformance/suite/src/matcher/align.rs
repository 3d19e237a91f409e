//! Aligns the expected elements of a list with the received ones, to distinguish added and removed elements from changed ones.

use super::{Demand, Matcher};
use crate::json::Json;
use crate::template::Scope;

/// How an element is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairing {
    /// The expected element at the first index is the received one at the second.
    Both(usize, usize),
    /// The expected element at this index was removed.
    Gone(usize),
    /// The received element at the second index was added, before the expected one at the first.
    New(usize, usize),
}

/// The cost of an added or a removed element. A changed element costs more the more it differs, but less than one of each.
const ONE: usize = 1000;
const CHANGED: usize = 900;

/// Maximum number of comparisons: longer lists are aligned by index.
const MOST: usize = 250_000;

/// Aligns two lists with as few changes as possible; among equal alignments, prefers the one that pairs elements first.
pub(super) fn align(expected: &[Matcher], items: &[Json], scope: &Scope) -> Vec<Pairing> {
    let (head, tail) = ends(expected, items, scope);
    let (middle, came) = (&expected[head..expected.len() - tail], &items[head..items.len() - tail]);
    let mut pairings: Vec<Pairing> = (0..head).map(|at| Pairing::Both(at, at)).collect();
    pairings.extend(between(middle, came, scope).into_iter().map(|pairing| match pairing {
        Pairing::Both(own, at) => Pairing::Both(own + head, at + head),
        Pairing::Gone(own) => Pairing::Gone(own + head),
        Pairing::New(own, at) => Pairing::New(own + head, at + head),
    }));
    let (own, other) = (expected.len() - tail, items.len() - tail);
    pairings.extend((0..tail).map(|at| Pairing::Both(own + at, other + at)));
    pairings
}

fn between(expected: &[Matcher], items: &[Json], scope: &Scope) -> Vec<Pairing> {
    let (rows, columns) = (expected.len(), items.len());
    if rows.saturating_mul(columns) > MOST {
        return by_place(rows, columns);
    }
    let pair: Vec<usize> = expected
        .iter()
        .flat_map(|matcher| items.iter().map(move |item| distance(matcher, item, scope)))
        .collect();
    // The cost from each cell to the ends of both lists.
    let mut costs = vec![0; (rows + 1) * (columns + 1)];
    let cell = |row: usize, column: usize| row * (columns + 1) + column;
    for row in (0..=rows).rev() {
        for column in (0..=columns).rev() {
            let gone = (row < rows).then(|| costs[cell(row + 1, column)] + ONE);
            let new = (column < columns).then(|| costs[cell(row, column + 1)] + ONE);
            let both = (row < rows && column < columns)
                .then(|| costs[cell(row + 1, column + 1)] + pair[row * columns + column]);
            costs[cell(row, column)] = [gone, new, both].into_iter().flatten().min().unwrap_or(0);
        }
    }
    let (mut row, mut column, mut pairings) = (0, 0, Vec::new());
    while row < rows || column < columns {
        let cost = costs[cell(row, column)];
        let both = row < rows && column < columns;
        if both && cost == costs[cell(row + 1, column + 1)] + pair[row * columns + column] {
            pairings.push(Pairing::Both(row, column));
            (row, column) = (row + 1, column + 1);
        } else if row < rows && cost == costs[cell(row + 1, column)] + ONE {
            pairings.push(Pairing::Gone(row));
            row += 1;
        } else {
            pairings.push(Pairing::New(row, column));
            column += 1;
        }
    }
    pairings
}

fn by_place(rows: usize, columns: usize) -> Vec<Pairing> {
    let both = rows.min(columns);
    let pairs = (0..both).map(|at| Pairing::Both(at, at));
    pairs
        .chain((both..rows).map(Pairing::Gone))
        .chain((both..columns).map(|at| Pairing::New(rows, at)))
        .collect()
}

/// Returns the cost of pairing two elements.
fn distance(matcher: &Matcher, item: &Json, scope: &Scope) -> usize {
    match differing(matcher, item, scope) {
        0 => 0,
        differing => ONE + CHANGED * differing / demands(matcher).max(values(item)).max(differing),
    }
}

/// Counts the values that differ, including nested ones.
fn differing(matcher: &Matcher, item: &Json, scope: &Scope) -> usize {
    match (matcher.demand(), item) {
        _ if matcher.matches(item, scope) => 0,
        (Demand::Object { members, open }, Json::Object(object)) => {
            let expected = members.iter().map(|(name, member)| match object.get(name) {
                Some(value) => differing(member, value, scope),
                None => demands(member),
            });
            let unexpected =
                object.iter().filter(|(name, _)| !open && !members.iter().any(|(own, _)| own == *name));
            expected.sum::<usize>() + unexpected.map(|(_, value)| values(value)).sum::<usize>()
        }
        (Demand::List(list), Json::Array(items)) => {
            let (head, tail) = ends(list, items, scope);
            let (list, items) = (&list[head..list.len() - tail], &items[head..items.len() - tail]);
            let both = list.iter().zip(items).map(|(matcher, item)| differing(matcher, item, scope));
            let gone = list.iter().skip(items.len()).map(demands);
            both.chain(gone).sum::<usize>() + items.iter().skip(list.len()).map(values).sum::<usize>()
        }
        _ => demands(matcher).max(values(item)),
    }
}

/// Counts the matching elements at the beginning and at the end.
fn ends(expected: &[Matcher], items: &[Json], scope: &Scope) -> (usize, usize) {
    let same = |(matcher, item): &(&Matcher, &Json)| matcher.matches(item, scope);
    let head = expected.iter().zip(items).take_while(same).count();
    let (rest, others) = (&expected[head..], &items[head..]);
    (head, rest.iter().rev().zip(others.iter().rev()).take_while(same).count())
}

/// Counts the values that a matcher requires.
fn demands(matcher: &Matcher) -> usize {
    match matcher.demand() {
        Demand::Object { members, .. } => {
            members.iter().map(|(_, member)| demands(member)).sum::<usize>().max(1)
        }
        Demand::List(list) => list.iter().map(demands).sum::<usize>().max(1),
        _ => 1,
    }
}

fn values(item: &Json) -> usize {
    match item {
        Json::Array(items) => items.iter().map(values).sum::<usize>().max(1),
        Json::Object(members) => members.values().map(values).sum::<usize>().max(1),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::matcher::{Mode, Setting, compile};
    use crate::source::Source;
    use crate::yaml::{self, Node};

    fn paired(expected: &str, came: &str) -> Vec<Pairing> {
        let source = Source::new("list.yaml", expected);
        let node: Node = yaml::read(&source).unwrap();
        let files = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let matcher = compile(&node, &Setting { source: &source, mode: Mode::Json, files: &files }).unwrap();
        let Demand::List(list) = matcher.demand() else { panic!("{expected} is not a list") };
        let Json::Array(items) = crate::json::read(came.as_bytes()).unwrap() else {
            panic!("{came} is not a list")
        };
        align(list, &items, &Scope::default())
    }

    #[test]
    fn distinguishes_added_from_changed_elements() {
        use Pairing::{Both, Gone, New};
        for (expected, came, pairings) in [
            ("[a, b]", r#"["x", "a", "b"]"#, vec![New(0, 0), Both(0, 1), Both(1, 2)]),
            ("[a, b]", r#"["a", "x", "b", "y"]"#, vec![Both(0, 0), New(1, 1), Both(1, 2), New(2, 3)]),
            ("[a, b, c]", r#"["a", "c"]"#, vec![Both(0, 0), Gone(1), Both(2, 1)]),
            ("[a, b]", r#"["x", "y"]"#, vec![Both(0, 0), Both(1, 1)]),
            ("[1]", "[1, 1, 1]", vec![Both(0, 0), New(1, 1), New(1, 2)]),
            (
                "[{n: Ann, a: 1}, {n: Bo, a: 2}]",
                r#"[{"n": "Zed", "a": 0}, {"n": "Ann", "a": 9}, {"n": "Bo", "a": 2}]"#,
                vec![New(0, 0), Both(0, 1), Both(1, 2)],
            ),
            ("[[1, 2], [3]]", "[[0, 1, 2], [3, 4]]", vec![Both(0, 0), Both(1, 1)]),
            ("[!string , 5]", r#"[5, "a", 5]"#, vec![New(0, 0), Both(0, 1), Both(1, 2)]),
            ("[]", "[1]", vec![New(0, 0)]),
            ("[1]", "[]", vec![Gone(0)]),
        ] {
            assert_eq!(paired(expected, came), pairings, "{expected} {came}");
        }
    }

    #[test]
    fn aligns_long_lists_quickly() {
        let (expected, came): (Vec<String>, Vec<String>) =
            (0..3000).map(|at| (format!("a{at}"), format!("\"b{at}\""))).unzip();
        let began = Instant::now();
        let pairings = paired(&format!("[{}]", expected.join(", ")), &format!("[{}]", came.join(", ")));
        assert_eq!(pairings.len(), 3000);
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }
}
