//! Matchers of lists in any order.
//!
//! They compute a bipartite matching, so that no element satisfies two expectations.

use super::{Matcher, Mismatches, Pointer, visible};
use crate::json::Json;
use crate::template::Scope;

/// Maximum number of elements to search for the one closest to a missing element.
const SEARCHED: usize = 1000;

/// A matching of expectations and elements.
struct Matching {
    /// The expectation that each element satisfies.
    owner: Vec<Option<usize>>,
    /// The expectations that no element is left for.
    missing: Vec<usize>,
}

/// Whether a list has the expected elements; without `others`, it may have no further ones.
pub(super) fn holds(expected: &[Matcher], others: bool, list: &[Json], scope: &Scope) -> bool {
    let enough = if others { list.len() >= expected.len() } else { list.len() == expected.len() };
    enough && matching(expected, list, scope).missing.is_empty()
}

/// Adds the missing elements, and, without `others`, the superfluous ones.
pub(super) fn collect(
    whole: &Matcher,
    expected: &[Matcher],
    others: bool,
    list: &[Json],
    pointer: &Pointer<'_>,
    scope: &Scope,
    into: &mut Mismatches,
) {
    let Matching { owner, missing } = matching(expected, list, scope);
    let free: Vec<usize> = (0..list.len()).filter(|index| owner.get(*index) == Some(&None)).collect();
    for matcher in missing.iter().filter_map(|wanted| expected.get(*wanted)) {
        into.add(|| {
            let received = match nearest(matcher, list, &free, scope) {
                Some(near) => format!("no such element among {}; the closest, {near}", list.len()),
                None => format!("no such element among {}", list.len()),
            };
            matcher.difference(
                pointer.to_string(),
                format!("an element {}", matcher.describe(scope)),
                received,
            )
        });
    }
    if others || !missing.is_empty() {
        return;
    }
    for (index, item) in free.into_iter().filter_map(|index| Some((index, list.get(index)?))) {
        into.add(|| {
            let pointer = Pointer::Element(pointer, index).to_string();
            whole.difference(pointer, "no such element".to_owned(), visible::json(item))
        });
    }
}

fn matching(expected: &[Matcher], list: &[Json], scope: &Scope) -> Matching {
    // As many candidates as there are expectations suffice, since the other expectations cannot take all of them.
    let candidates: Vec<Vec<usize>> = (expected.iter())
        .map(|matcher| {
            let candidates = list.iter().enumerate().filter(|(_, item)| matcher.matches(item, scope));
            candidates.map(|(index, _)| index).take(expected.len()).collect()
        })
        .collect();
    let mut owner = vec![None; list.len()];
    let missing = (0..expected.len())
        .filter(|wanted| !assign(*wanted, &candidates, &mut owner, &mut vec![false; list.len()]))
        .collect();
    Matching { owner, missing }
}

/// Describes the free element with the fewest differences from an expectation, and its first difference.
fn nearest(matcher: &Matcher, list: &[Json], free: &[usize], scope: &Scope) -> Option<String> {
    let differences = (free.iter().take(SEARCHED))
        .filter_map(|index| Some((*index, matcher.compare(list.get(*index)?, "", scope))));
    let (index, least) =
        differences.min_by_key(|(_, mismatches)| mismatches.shown.len() + mismatches.more)?;
    // An element of another type is no closer than any other.
    let first = least.shown.iter().find(|mismatch| !mismatch.pointer.is_empty())?;
    Some(format!("/{index}, has {} at {}", first.received, first.pointer))
}

/// Finds an element for an expectation, reassigning other elements if necessary (Kuhn's augmenting paths).
fn assign(wanted: usize, candidates: &[Vec<usize>], owner: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for &index in candidates.get(wanted).into_iter().flatten() {
        let Some(seen_here) = seen.get_mut(index) else { continue };
        if std::mem::replace(seen_here, true) {
            continue;
        }
        let other = owner.get(index).copied().flatten();
        if other.is_none_or(|other| assign(other, candidates, owner, seen)) {
            if let Some(free) = owner.get_mut(index) {
                *free = Some(wanted);
            }
            return true;
        }
    }
    false
}
