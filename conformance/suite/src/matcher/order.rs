//! Matchers that compare values by their order: `!greater_than`, `!less_than`, `!between`, `!before`, `!after` and `!sorted`.

use std::cmp::Ordering;

use super::setting::Setting;
use super::{Matcher, moment, visible};
use crate::cookie;
use crate::diagnostic::Diagnostic;
use crate::json::{Json, Number};
use crate::members::{Members, string};
use crate::template::Scope;
use crate::yaml::{Node, Value};

/// A tag with one or two bounds.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) tag: &'static str,
    means: &'static str,
    /// The number of bounds.
    pub(super) bounds: usize,
    /// Whether only dates can match.
    dates: bool,
    /// Whether a value matches, given how it compares with each bound.
    holds: fn(&[Ordering]) -> bool,
}

pub(super) static ORDERS: &[Order] = &[
    Order {
        tag: "!greater_than",
        means: "a value greater than",
        bounds: 1,
        dates: false,
        holds: |to| to == [Ordering::Greater],
    },
    Order {
        tag: "!less_than",
        means: "a value less than",
        bounds: 1,
        dates: false,
        holds: |to| to == [Ordering::Less],
    },
    Order {
        tag: "!between",
        means: "a value between",
        bounds: 2,
        dates: false,
        holds: |to| matches!(to, [low, high] if low.is_ge() && high.is_le()),
    },
    Order {
        tag: "!before",
        means: "a date before",
        bounds: 1,
        dates: true,
        holds: |to| to == [Ordering::Less],
    },
    Order {
        tag: "!after",
        means: "a date after",
        bounds: 1,
        dates: true,
        holds: |to| to == [Ordering::Greater],
    },
];

impl Order {
    /// Whether a value has the required order relative to the bounds. The date of a cookie is read as RFC 6265 reads it.
    pub(super) fn matches(&self, bounds: &[Matcher], value: &Json, of_cookie: bool, scope: &Scope) -> bool {
        let compare = |bound: &Matcher| {
            let bound = bound.constant(scope)?;
            match (of_cookie, self.dates) {
                (true, _) => Some(cookie::parse_date(value.as_str()?)?.cmp(&date_of_cookie(&bound)?)),
                (false, true) => dates(value, &bound),
                (false, false) => order(value, &bound),
            }
        };
        let compared: Option<Vec<Ordering>> = bounds.iter().map(compare).collect();
        compared.is_some_and(|compared| (self.holds)(&compared))
    }

    pub(super) fn describe(&self, bounds: &[Matcher], scope: &Scope) -> String {
        let bounds: Vec<String> = bounds.iter().map(|bound| bound.describe(scope)).collect();
        format!("{} {}", self.means, bounds.join(" and "))
    }

    /// Checks that a value can be between the bounds.
    ///
    /// # Errors
    /// The first bound is greater than the second one.
    pub(super) fn check_range(&self, bounds: &[Matcher], of_cookie: bool) -> Result<(), Diagnostic> {
        let [low, high] = bounds else { return Ok(()) };
        let known = |bound: &Matcher| bound.is_literal().then(|| bound.constant(&Scope::default())).flatten();
        let (Some(first), Some(last)) = (known(low), known(high)) else { return Ok(()) };
        let compared = if of_cookie {
            date_of_cookie(&first).zip(date_of_cookie(&last)).map(|(first, last)| first.cmp(&last))
        } else {
            order(&first, &last)
        };
        if compared != Some(Ordering::Greater) {
            return Ok(());
        }
        let (first, last) = (visible::json(&first), visible::json(&last));
        let message = format!("no value is between {first} and {last}");
        Err(Diagnostic::at(low.place.clone(), message)
            .help(format!("write the smaller bound first: {} [{last}, {first}]", self.tag)))
    }

    /// Checks a bound that is known when the suite is loaded.
    ///
    /// # Errors
    /// A bound that no value can be compared with.
    pub(super) fn check(&self, bound: &Matcher, of_cookie: bool) -> Result<(), Diagnostic> {
        let known = bound.is_literal().then(|| bound.constant(&Scope::default())).flatten();
        let wrong = match known {
            Some(value) if of_cookie => date_of_cookie(&value).is_none(),
            Some(value) if self.dates => date(&value).is_none(),
            Some(value) => !matches!(value, Json::Number(_) | Json::String(_)),
            None => !bound.is_constant(),
        };
        if !wrong {
            return Ok(());
        }
        let (what, form) = match (self.dates || of_cookie, self.bounds) {
            (true, 2) => {
                ("dates", format!("{} [\"2026-01-31T12:00:00Z\", \"2026-12-31T12:00:00Z\"]", self.tag))
            }
            (true, _) => ("a date", format!("{} \"2026-01-31T12:00:00Z\"", self.tag)),
            (false, 2) => ("numbers, dates or texts", format!("{} [1, 100]", self.tag)),
            (false, _) => ("a number, a date or a text", format!("{} 5", self.tag)),
        };
        Err(Diagnostic::at(bound.place.clone(), format!("`{}` compares with {what}", self.tag))
            .help(format!("write {form}, or \"${{…}}\" for a captured value")))
    }
}

/// The order of the elements of a list.
#[derive(Debug, Clone)]
pub(super) struct Sorted {
    /// The location of what is compared in each element, as a JSON Pointer.
    by: String,
    descending: bool,
}

impl Sorted {
    /// Returns the index of the first element that is out of order, or that cannot be compared with the one before it.
    pub(super) fn fault(&self, list: &[Json]) -> Option<usize> {
        let keys: Vec<Option<&Json>> = list.iter().map(|item| item.pointer(&self.by)).collect();
        let in_order = |pair: &[Option<&Json>]| match pair {
            [Some(one), Some(next)] => order(one, next).is_some_and(|order| match order {
                Ordering::Less => !self.descending,
                Ordering::Equal => true,
                Ordering::Greater => self.descending,
            }),
            _ => false,
        };
        keys.windows(2).position(|pair| !in_order(pair)).map(|at| at + 1)
    }

    pub(super) fn describe(&self) -> String {
        let order = if self.descending { "descending" } else { "ascending" };
        match self.by.as_str() {
            "" => format!("a list in {order} order"),
            by => format!("a list in {order} order of {by}"),
        }
    }

    /// Describes what is expected of the element at an index.
    pub(super) fn expected(&self, list: &[Json], at: usize) -> String {
        let before =
            at.checked_sub(1).and_then(|before| list.get(before)).and_then(|one| one.pointer(&self.by));
        let before = before.map_or_else(|| "no value".to_owned(), visible::json);
        let order = if self.descending { "at most" } else { "at least" };
        let of = if self.by.is_empty() { String::new() } else { format!(" at {}", self.by) };
        format!("{}: here a value{of} that is {order} {before}", self.describe())
    }
}

/// Compiles the argument of `!sorted`.
///
/// # Errors
/// A value other than nothing, `ascending`, `descending`, or a mapping with `by` and `order`.
pub(super) fn sorted(node: &Node, setting: &Setting<'_>) -> Result<Sorted, Diagnostic> {
    let source = setting.source;
    let place = node.place(source);
    let descending = |written: &str| match written {
        "ascending" => Ok(false),
        "descending" => Ok(true),
        other => Err(Diagnostic::at(place.clone(), format!("`{other}` is not an order"))
            .help("write !sorted , !sorted descending, or !sorted {by: /name, order: descending}")),
    };
    match &node.value {
        Value::Null => Ok(Sorted { by: String::new(), descending: false }),
        Value::Mapping(_) => {
            let plain = node.untagged();
            let mut members = Members::of(&plain, source, "`!sorted`")?;
            let (by, order) = (members.take("by"), members.take("order"));
            members.finish()?;
            let by = by.map(|by| string(by, source, "`by`")).transpose()?.unwrap_or_default();
            if !by.is_empty() && !by.starts_with('/') {
                return Err(Diagnostic::at(place.clone(), format!("`{by}` is not a JSON Pointer"))
                    .help("a pointer begins with `/`, such as /name (RFC 6901)"));
            }
            let order = order.map(|order| string(order, source, "`order`")).transpose()?;
            Ok(Sorted { by, descending: descending(order.as_deref().unwrap_or("ascending"))? })
        }
        _ => {
            let written = string(&node.untagged(), source, "the order")?;
            Ok(Sorted { by: String::new(), descending: descending(&written)? })
        }
    }
}

/// Compares two values: numbers by value, dates by time, texts that are numbers by value, other texts by code point.
fn order(one: &Json, other: &Json) -> Option<Ordering> {
    let number = |value: &Json| match value {
        Json::Number(number) => Some(number.clone()),
        Json::String(text) => Number::parse(text),
        _ => None,
    };
    if let (Some(one), Some(other)) = (number(one), number(other)) {
        return Some(one.cmp(&other));
    }
    dates(one, other).or_else(|| Some(one.as_str()?.cmp(other.as_str()?)))
}

fn dates(one: &Json, other: &Json) -> Option<Ordering> {
    Some(date(one)?.cmp(&date(other)?))
}

fn date(value: &Json) -> Option<time::OffsetDateTime> {
    moment::any(value.as_str()?)
}

/// Returns the date that a date of a cookie is compared with: in any form, also that of a cookie.
fn date_of_cookie(value: &Json) -> Option<time::OffsetDateTime> {
    date(value).or_else(|| cookie::parse_date(value.as_str()?))
}
