//! Matchers: what a value of a response is compared with.
//!
//! A [`Matcher`] is compiled from a node of a scenario and compared with a JSON value (a header or a text is a JSON string).
//! Plain YAML compares exactly; tags relax it. To add a matcher for single values, add a row to the table in `leaf`; to add one
//! that contains other matchers, add a variant to `Kind`. Nothing here knows about HTTP.

mod align;
mod bytes;
mod compile;
mod demand;
mod events;
mod kinds;
mod leaf;
mod list;
mod moment;
mod order;
mod schema;
mod setting;
mod settle;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use regex::Regex;

use crate::amount::amount;
use crate::count::Count;
use crate::json::{Json, Number, escape};
use crate::source::Place;
use crate::template::{Scope, Text};
use crate::visible;

use bytes::Bytes;
pub(crate) use compile::{OPTIONAL, compile_lines, compile_optional, inside, pattern};
pub use compile::{compile, known};
pub use demand::Demand;
pub use events::Events;
pub(crate) use events::{any_event, events, one_event};
use leaf::Leaf;
use schema::Schema;
pub use schema::{DocumentSchema, Documents, SchemaFault};
pub use setting::{Mode, Setting};
pub use settle::{Change, ChangeKind, Left, Proposal};

/// The expected or received value of a member that does not exist.
pub const NO_MEMBER: &str = "no such member";

/// Prefix of the received value if it does not match a schema.
pub const AGAINST_SCHEMA: &str = "violates the schema:";

/// What a value must match.
#[derive(Debug, Clone)]
pub struct Matcher {
    kind: Kind,
    place: Place,
}

/// One difference between the expected and the received value.
#[derive(Debug, Clone)]
pub struct Mismatch {
    /// The location in the value, as a JSON Pointer (RFC 6901); empty for the whole value.
    pub pointer: String,
    /// The location in the scenario.
    pub place: Place,
    /// What was expected, in words or as JSON.
    pub expected: String,
    /// What was received, as JSON or in words.
    pub received: String,
}

/// The differences of one value.
#[derive(Debug, Clone)]
pub struct Mismatches {
    /// The first differences.
    pub shown: Vec<Mismatch>,
    /// The number of further differences.
    pub more: usize,
    most: usize,
}

/// Maximum number of differences shown for one value.
pub const MOST_SHOWN: usize = 20;

#[derive(Debug, Clone)]
enum Kind {
    Literal(Json),
    Text(Text),
    Leaf(&'static Leaf),
    LeafOf {
        leaf: &'static leaf::LeafOf,
        argument: Text,
    },
    Regex(Box<Regex>),
    Moment(Box<moment::Moment>),
    About(Box<About>),
    Length(Count),
    Bytes(Box<Bytes>),
    Schema(Box<Schema>),
    /// A matcher of numbers or booleans where the value is a text: it is compared with the number or boolean that is written there.
    OfText(Box<Matcher>),
    List(Box<[Matcher]>),
    Object {
        members: Box<[(String, Matcher)]>,
        open: bool,
    },
    NoneOf(Box<[Matcher]>),
    AllOf(Box<[Matcher]>),
    OneOf(Box<[Matcher]>),
    Each(Box<Matcher>),
    Containing(Box<[Matcher]>),
    Unordered(Box<[Matcher]>),
    Times {
        of: Box<Matcher>,
        times: Box<Count>,
    },
    /// A bound or two, and how a value compares with them.
    Order {
        order: &'static order::Order,
        bounds: Box<[Matcher]>,
        /// Whether the value is the date of a cookie.
        of_cookie: bool,
    },
    Sorted(Box<order::Sorted>),
    /// The lines of a text, as a list.
    Lines(Box<Matcher>),
    /// A member that must not exist.
    Absent,
    /// A member that may be missing.
    Optional(Box<Matcher>),
}

/// A number and its tolerance.
#[derive(Debug, Clone)]
struct About {
    value: Number,
    within: Number,
}

/// Whether a bare tag, such as `!uuid`, matches a value.
#[must_use]
pub fn is(tag: &str, value: &Json) -> bool {
    leaf::LEAVES.iter().any(|leaf| leaf.tag == tag && (leaf.holds)(value))
}

impl Matcher {
    /// Where it is written.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Compares a value and returns the differences, none if it matches.
    ///
    /// `pointer` is the location of the value in the response.
    #[must_use]
    pub fn compare(&self, value: &Json, pointer: &str, scope: &Scope) -> Mismatches {
        self.compare_to(MOST_SHOWN, value, pointer, scope)
    }

    /// Compares a value and returns the first `most` differences, and the number of further ones.
    #[must_use]
    pub fn compare_to(&self, most: usize, value: &Json, pointer: &str, scope: &Scope) -> Mismatches {
        let mut mismatches = Mismatches { shown: Vec::new(), more: 0, most };
        self.collect(value, &Pointer::Root(pointer), scope, &mut mismatches);
        mismatches
    }

    /// Adds the differences of a value.
    fn collect(&self, value: &Json, pointer: &Pointer<'_>, scope: &Scope, into: &mut Mismatches) {
        match &self.kind {
            Kind::Object { members, open } => {
                self.collect_members(members, *open, value, pointer, scope, into);
            }
            Kind::List(expected) => self.collect_elements(expected, value, pointer, scope, into),
            Kind::Each(each) => match value.as_array() {
                Some(list) => (list.iter().enumerate())
                    .for_each(|(at, item)| each.collect(item, &Pointer::Element(pointer, at), scope, into)),
                None => into.add(|| self.mismatch(value, pointer, scope)),
            },
            Kind::Containing(expected) | Kind::Unordered(expected) => match value.as_array() {
                Some(items) => {
                    let others = matches!(self.kind, Kind::Containing(_));
                    list::collect(self, expected, others, items, pointer, scope, into);
                }
                None => into.add(|| self.mismatch(value, pointer, scope)),
            },
            Kind::AllOf(all) => all.iter().for_each(|one| one.collect(value, pointer, scope, into)),
            Kind::Schema(schema) => {
                for fault in schema.faults(value) {
                    into.add(|| {
                        let lone = matches!(value.pointer(&fault.pointer), Some(Json::Unpaired(_)));
                        let lone = if lone { " (a string with a lone surrogate)" } else { "" };
                        let pointer = format!("{pointer}{}", fault.pointer);
                        let received = format!("{AGAINST_SCHEMA} {}{lone}", visible::text(&fault.why));
                        self.difference(pointer, schema.describe(), received)
                    });
                }
            }
            Kind::Lines(lines) => match value.as_str() {
                Some(text) => lines.collect(&lines_of(text), pointer, scope, into),
                None => into.add(|| self.mismatch(value, pointer, scope)),
            },
            Kind::Sorted(sorted) => match value.as_array() {
                Some(list) => {
                    if let Some(at) = sorted.fault(list) {
                        into.add(|| {
                            let received = list.get(at).map(visible::json).unwrap_or_default();
                            let pointer = Pointer::Element(pointer, at).to_string();
                            self.difference(pointer, sorted.expected(list, at), received)
                        });
                    }
                }
                None => into.add(|| self.mismatch(value, pointer, scope)),
            },
            Kind::Optional(inner) => inner.collect(value, pointer, scope, into),
            Kind::OfText(inner) if !self.matches(value, scope) && matches!(inner.kind, Kind::Schema(_)) => {
                inner.collect(&scalar_in(value), pointer, scope, into);
            }
            Kind::Bytes(bytes) if !bytes.holds(scope) => into
                .add(|| self.difference(pointer.to_string(), bytes.describe(scope), bytes.received(scope))),
            _ if self.matches(value, scope) => {}
            _ => into.add(|| self.mismatch(value, pointer, scope)),
        }
    }

    /// Whether a value matches.
    #[must_use]
    pub fn matches(&self, value: &Json, scope: &Scope) -> bool {
        match &self.kind {
            Kind::Literal(literal) => literal == value,
            Kind::Text(text) => text.json(scope).is_ok_and(|expected| expected == *value),
            Kind::Leaf(leaf) => (leaf.holds)(value),
            Kind::LeafOf { leaf, argument } => match (value.as_str(), argument.render(scope)) {
                (Some(text), Ok(argument)) => (leaf.holds)(text, &argument),
                _ => false,
            },
            Kind::Regex(regex) => value.as_str().is_some_and(|text| regex.is_match(text)),
            Kind::Bytes(bytes) => bytes.holds(scope),
            Kind::Schema(schema) => schema.holds(value),
            Kind::OfText(inner) => inner.matches(value, scope) || inner.matches(&scalar_in(value), scope),
            Kind::Length(length) => length_of(value).is_some_and(|found| length.allows(found)),
            Kind::Moment(moment) => moment.holds(value, scope.times),
            Kind::About(about) => {
                value.as_number().is_some_and(|found| found.is_near(&about.value, &about.within))
            }
            Kind::Times { of, times } => value
                .as_array()
                .is_some_and(|list| times.allows(list.iter().filter(|item| of.matches(item, scope)).count())),
            Kind::NoneOf(choices) => !choices.iter().any(|choice| choice.matches(value, scope)),
            Kind::OneOf(choices) => choices.iter().any(|choice| choice.matches(value, scope)),
            Kind::AllOf(all) => all.iter().all(|one| one.matches(value, scope)),
            Kind::Object { members, open } => value.as_object().is_some_and(|object| {
                let holds = |(name, member): &(String, Self)| match object.get(name) {
                    Some(value) => member.matches(value, scope),
                    None => member.allows_absence(),
                };
                let known = || members.iter().filter(|(name, _)| object.contains_key(name)).count();
                (*open || object.len() == known()) && members.iter().all(holds)
            }),
            Kind::List(expected) => value.as_array().is_some_and(|list| {
                let mut both = expected.iter().zip(list);
                list.len() == expected.len() && both.all(|(one, item)| one.matches(item, scope))
            }),
            Kind::Each(each) => {
                value.as_array().is_some_and(|list| list.iter().all(|item| each.matches(item, scope)))
            }
            Kind::Containing(expected) => {
                value.as_array().is_some_and(|list| list::holds(expected, true, list, scope))
            }
            Kind::Unordered(expected) => {
                value.as_array().is_some_and(|list| list::holds(expected, false, list, scope))
            }
            Kind::Order { order, bounds, of_cookie } => order.matches(bounds, value, *of_cookie, scope),
            Kind::Sorted(sorted) => value.as_array().is_some_and(|list| sorted.fault(list).is_none()),
            Kind::Lines(lines) => value.as_str().is_some_and(|text| lines.matches(&lines_of(text), scope)),
            Kind::Absent => false,
            Kind::Optional(inner) => inner.matches(value, scope),
        }
    }

    /// Whether the member, header field or attribute with this matcher may be missing.
    #[must_use]
    pub fn allows_absence(&self) -> bool {
        matches!(self.kind, Kind::Absent | Kind::Optional(_))
    }

    /// Returns what the list of the lines of a body must match, if the matcher is `!lines`.
    #[must_use]
    pub fn lines(&self) -> Option<&Self> {
        match &self.kind {
            Kind::Lines(lines) => Some(lines),
            _ => None,
        }
    }

    /// Returns the names of the members that an object must have.
    pub(crate) fn member_names(&self) -> impl Iterator<Item = &str> {
        let members: &[(String, Self)] = match &self.kind {
            Kind::Object { members, .. } => members,
            _ => &[],
        };
        members.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the string that it is, if it is a string without `${…}`.
    pub(crate) fn literal_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Literal(Json::String(text)) => Some(text),
            Kind::Text(text) if text.is_literal() => Some(text.written()),
            _ => None,
        }
    }

    /// Whether it is a single value or a template, not a matcher of several values.
    fn is_constant(&self) -> bool {
        matches!(self.kind, Kind::Literal(_) | Kind::Text(_))
    }

    /// Returns the value of a literal or a template.
    fn constant(&self, scope: &Scope) -> Option<Json> {
        match &self.kind {
            Kind::Literal(value) => Some(value.clone()),
            Kind::Text(text) => text.json(scope).ok(),
            _ => None,
        }
    }

    /// Whether only a list can match.
    #[must_use]
    pub fn is_of_lists(&self) -> bool {
        match &self.kind {
            Kind::List(_)
            | Kind::Each(_)
            | Kind::Containing(_)
            | Kind::Unordered(_)
            | Kind::Times { .. }
            | Kind::Sorted(_) => true,
            Kind::AllOf(all) => all.iter().any(Self::is_of_lists),
            Kind::Optional(inner) => inner.is_of_lists(),
            _ => false,
        }
    }

    /// Returns the templates, to check the names in them.
    pub fn texts(&self) -> Vec<&Text> {
        match &self.kind {
            Kind::Text(text) | Kind::LeafOf { argument: text, .. } => vec![text],
            Kind::Each(inner)
            | Kind::Times { of: inner, .. }
            | Kind::Lines(inner)
            | Kind::OfText(inner)
            | Kind::Optional(inner) => inner.texts(),
            Kind::List(inner)
            | Kind::NoneOf(inner)
            | Kind::AllOf(inner)
            | Kind::OneOf(inner)
            | Kind::Containing(inner)
            | Kind::Unordered(inner)
            | Kind::Order { bounds: inner, .. } => inner.iter().flat_map(Self::texts).collect(),
            Kind::Object { members, .. } => members.iter().flat_map(|(_, member)| member.texts()).collect(),
            Kind::Bytes(bytes) => bytes.text().into_iter().collect(),
            Kind::Literal(_)
            | Kind::Leaf(_)
            | Kind::Regex(_)
            | Kind::Length(_)
            | Kind::Schema(_)
            | Kind::Moment(_)
            | Kind::About(_)
            | Kind::Sorted(_)
            | Kind::Absent => Vec::new(),
        }
    }

    /// Describes the expected value in words or as JSON.
    #[must_use]
    pub fn describe(&self, scope: &Scope) -> String {
        let all = |matchers: &[Self], joint: &str| {
            matchers.iter().map(|matcher| matcher.describe(scope)).collect::<Vec<_>>().join(joint)
        };
        match &self.kind {
            Kind::Literal(literal) => visible::json(literal),
            Kind::Text(text) => match text.json(scope) {
                Ok(value) => visible::json(&value),
                Err(_) => text.written().to_owned(),
            },
            Kind::Leaf(leaf) => leaf.means.to_owned(),
            Kind::LeafOf { leaf, argument } => {
                let argument = argument.render(scope).unwrap_or_else(|_| argument.written().to_owned());
                format!("{} {}", leaf.means, visible::quoted(&argument))
            }
            Kind::Regex(regex) => format!("a string that matches /{regex}/"),
            Kind::Length(length) => format!("something of length {}", length.describe()),
            Kind::Bytes(bytes) => bytes.describe(scope),
            Kind::Schema(schema) => schema.describe(),
            Kind::OfText(inner) => inner.describe(scope),
            Kind::Moment(moment) => moment.describe(),
            Kind::About(about) => format!("{}, give or take {}", about.value, about.within),
            Kind::Times { of, times } => {
                format!("a list that has {} of {}", times.describe(), of.describe(scope))
            }
            Kind::AllOf(choices) => all(choices, " and "),
            Kind::List(list) => format!("[{}]", all(list, ", ")),
            Kind::Object { members, open } => {
                let members = members
                    .iter()
                    .map(|(name, member)| format!("{}: {}", visible::quoted(name), member.describe(scope)));
                let members = members.collect::<Vec<_>>().join(", ");
                if *open { format!("an object with {{{members}}}") } else { format!("{{{members}}}") }
            }
            Kind::NoneOf(choices) => format!("not {}", all(choices, " or ")),
            Kind::OneOf(choices) => format!("one of {}", all(choices, ", ")),
            Kind::Each(each) => format!("a list of {}", each.describe(scope)),
            Kind::Containing(list) => format!("a list that has {}", all(list, ", ")),
            Kind::Unordered(list) => format!("[{}] in any order", all(list, ", ")),
            Kind::Order { order, bounds, .. } => order.describe(bounds, scope),
            Kind::Sorted(sorted) => sorted.describe(),
            Kind::Lines(lines) => format!("lines: {}", lines.describe(scope)),
            Kind::Absent => NO_MEMBER.to_owned(),
            Kind::Optional(inner) => format!("{}, if it is present", inner.describe(scope)),
        }
    }

    fn mismatch(&self, value: &Json, pointer: &Pointer<'_>, scope: &Scope) -> Mismatch {
        let literal = match &self.kind {
            Kind::Literal(Json::String(text)) => Some(text.clone()),
            Kind::Text(text) => match text.json(scope) {
                Ok(Json::String(text)) => Some(text),
                _ => None,
            },
            _ => None,
        };
        let length = length_of(value).filter(|_| matches!(self.kind, Kind::Length(_)));
        let mut place = self.place.clone();
        let (expected, received) = match (literal, value, length) {
            (Some(expected), Json::String(received), _) => {
                place = visible::place_of_difference(place, &expected, received);
                visible::pair(&expected, received)
            }
            (_, _, Some(length)) => {
                (self.describe(scope), format!("length {length}: {}", visible::json(value)))
            }
            _ => visible::distinguish(self.describe(scope), visible::json(value)),
        };
        Mismatch { place, ..self.difference(pointer.to_string(), expected, received) }
    }

    fn difference(&self, pointer: String, expected: String, received: String) -> Mismatch {
        let short = |text: String| match visible::cut(&text, visible::LONGEST) {
            Cow::Owned(cut) => cut,
            Cow::Borrowed(_) => text,
        };
        Mismatch { pointer, place: self.place.clone(), expected: short(expected), received: short(received) }
    }

    fn collect_members(
        &self,
        members: &[(String, Self)],
        open: bool,
        value: &Json,
        pointer: &Pointer<'_>,
        scope: &Scope,
        into: &mut Mismatches,
    ) {
        let Some(object) = value.as_object() else {
            return into.add(|| self.mismatch(value, pointer, scope));
        };
        let mut found = 0;
        for (name, member) in members {
            let pointer = Pointer::Member(pointer, name);
            if let Some(value) = object.get(name) {
                found += 1;
                member.collect(value, &pointer, scope, into);
            } else if !member.allows_absence() {
                into.add(|| {
                    let expected = member.describe(scope);
                    member.difference(pointer.to_string(), expected, NO_MEMBER.to_owned())
                });
            }
        }
        if open || found == object.len() {
            return;
        }
        let expected: HashSet<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        for (name, value) in object.iter().filter(|(name, _)| !expected.contains(name.as_str())) {
            into.add(|| {
                let pointer = Pointer::Member(pointer, name).to_string();
                self.difference(pointer, NO_MEMBER.to_owned(), visible::json(value))
            });
        }
    }

    fn collect_elements(
        &self,
        expected: &[Self],
        value: &Json,
        pointer: &Pointer<'_>,
        scope: &Scope,
        into: &mut Mismatches,
    ) {
        let Some(list) = value.as_array() else {
            return into.add(|| self.mismatch(value, pointer, scope));
        };
        if list.len() != expected.len() {
            let elements = |number: usize| amount(number, "element");
            into.add(|| self.difference(pointer.to_string(), elements(expected.len()), elements(list.len())));
        }
        for (at, (matcher, item)) in expected.iter().zip(list).enumerate() {
            matcher.collect(item, &Pointer::Element(pointer, at), scope, into);
        }
    }
}

/// A location in a response. The text is built only if there is a difference.
enum Pointer<'a> {
    Root(&'a str),
    Member(&'a Pointer<'a>, &'a str),
    Element(&'a Pointer<'a>, usize),
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(pointer) => f.write_str(pointer),
            Self::Member(parent, name) => write!(f, "{parent}/{}", escape(name)),
            Self::Element(parent, at) => write!(f, "{parent}/{at}"),
        }
    }
}

impl Mismatches {
    /// Whether there are no differences.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    fn add(&mut self, mismatch: impl FnOnce() -> Mismatch) {
        if self.shown.len() < self.most {
            self.shown.push(mismatch());
        } else {
            self.more += 1;
        }
    }
}

/// Returns the lines of a text as a list; a newline at the end begins no further line.
fn lines_of(text: &str) -> Json {
    Json::Array(text.lines().map(Json::from).collect())
}

/// Returns the number or boolean that a text is written as in JSON; any other value unchanged.
fn scalar_in(value: &Json) -> Cow<'_, Json> {
    match value.as_str() {
        Some("true") => Cow::Owned(Json::Bool(true)),
        Some("false") => Cow::Owned(Json::Bool(false)),
        Some(text) => {
            Number::parse(text).map_or(Cow::Borrowed(value), |number| Cow::Owned(Json::Number(number)))
        }
        None => Cow::Borrowed(value),
    }
}

fn length_of(value: &Json) -> Option<usize> {
    Some(match value {
        Json::String(text) => text.chars().count(),
        Json::Array(list) => list.len(),
        Json::Object(object) => object.len(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Unpaired(_) => return None,
    })
}

#[cfg(test)]
mod tests;
