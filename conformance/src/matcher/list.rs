//! The matchers of lists in any order: a true matching, so that no element satisfies two expectations.

use super::{Matcher, Mismatch};
use crate::json::Json;
use crate::template::Scope;

/// Returns what a list lacks, and, where it may have nothing else, what it has too much.
pub(super) fn compare(
    whole: &Matcher,
    expected: &[Matcher],
    others: bool,
    list: &[Json],
    pointer: &str,
    scope: &Scope,
) -> Vec<Mismatch> {
    let candidates: Vec<Vec<usize>> = (expected.iter())
        .map(|matcher| (0..list.len()).filter(|index| matcher.matches(&list[*index], scope)).collect())
        .collect();
    let mut owner = vec![None; list.len()];
    let missing: Vec<usize> = (0..expected.len())
        .filter(|wanted| !assign(*wanted, &candidates, &mut owner, &mut vec![false; list.len()]))
        .collect();
    let free: Vec<usize> = (0..list.len()).filter(|index| owner[*index].is_none()).collect();
    let mut mismatches: Vec<Mismatch> = (missing.iter())
        .map(|wanted| {
            let matcher = &expected[*wanted];
            let received = match nearest(matcher, list, &free, scope) {
                Some(near) => format!("no such element among {}; the nearest, {near}", list.len()),
                None => format!("no such element among {}", list.len()),
            };
            matcher.difference(pointer, format!("an element {}", matcher.describe(scope)), received)
        })
        .collect();
    if !others && missing.is_empty() {
        for index in free {
            let received = list[index].to_string();
            mismatches.push(whole.difference(
                &format!("{pointer}/{index}"),
                "no such element".to_owned(),
                received,
            ));
        }
    }
    mismatches
}

/// Says which free element differs least from what is expected, and in what.
fn nearest(matcher: &Matcher, list: &[Json], free: &[usize], scope: &Scope) -> Option<String> {
    let differences = free.iter().map(|index| (*index, matcher.compare(&list[*index], "", scope)));
    let (index, least) = differences.min_by_key(|(_, mismatches)| mismatches.len())?;
    // One that differs as a whole is no nearer than another.
    let first = least.iter().find(|mismatch| !mismatch.pointer.is_empty())?;
    Some(format!("/{index}, has {} at {}", first.received, first.pointer))
}

/// Finds an element for one expectation, moving others to elements that suit them too (Kuhn's augmenting paths).
fn assign(wanted: usize, candidates: &[Vec<usize>], owner: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for &index in &candidates[wanted] {
        if std::mem::replace(&mut seen[index], true) {
            continue;
        }
        if owner[index].is_none_or(|other| assign(other, candidates, owner, seen)) {
            owner[index] = Some(wanted);
            return true;
        }
    }
    false
}
