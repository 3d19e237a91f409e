//! What a value of an answer is compared with.
//!
//! A [`Matcher`] is compiled from a node of a scenario and compared with a JSON value (a header or a text is a JSON string).
//! Plain YAML compares exactly; tags relax it. A new matcher that looks at one value is one row of the table in `leaf`; one
//! that holds other matchers is one variant of `Kind`. Nothing here knows of HTTP.

mod align;
mod bytes;
mod compile;
mod demand;
mod leaf;
mod list;
mod moment;
mod schema;
mod settle;

use regex::Regex;

use crate::amount::amount;
use crate::count::Count;
use crate::json::{Json, Number, escape};
use crate::source::Place;
use crate::template::{Scope, Text};

use bytes::Bytes;
pub(crate) use compile::pattern;
pub use compile::{Mode, Setting, compile, known};
pub(crate) use demand::Demand;
use leaf::Leaf;
use schema::Schema;
pub use settle::{Change, ChangeKind, Left, Proposal};

/// What is expected, or comes, where an object has no member.
pub const NO_MEMBER: &str = "no such member";

/// With what the words begin for a value that is not as a schema says.
pub const AGAINST_SCHEMA: &str = "against the schema:";

/// What one value has to be.
#[derive(Debug, Clone)]
pub struct Matcher {
    kind: Kind,
    place: Place,
}

/// One difference between what was expected and what came.
#[derive(Debug, Clone)]
pub struct Mismatch {
    /// Where in the value, as a JSON Pointer (RFC 6901); empty for the whole.
    pub pointer: String,
    /// Where it is demanded.
    pub place: Place,
    /// What was expected, in words or as JSON.
    pub expected: String,
    /// What came, as JSON or in words.
    pub received: String,
}

#[derive(Debug, Clone)]
enum Kind {
    Literal(Json),
    Text(Text),
    Leaf(&'static Leaf),
    LeafOf { leaf: &'static leaf::LeafOf, argument: Text },
    Regex(Box<Regex>),
    Moment(Box<moment::Moment>),
    About(Box<About>),
    Length(Count),
    Bytes(Box<Bytes>),
    Schema(Box<Schema>),
    List(Box<[Matcher]>),
    Object { members: Box<[(String, Matcher)]>, open: bool },
    NoneOf(Box<[Matcher]>),
    AllOf(Box<[Matcher]>),
    OneOf(Box<[Matcher]>),
    Each(Box<Matcher>),
    Containing(Box<[Matcher]>),
    Unordered(Box<[Matcher]>),
    Times { of: Box<Matcher>, times: Box<Count> },
}

/// A number, and how far off another may be.
#[derive(Debug, Clone)]
struct About {
    value: Number,
    within: Number,
}

/// Whether a bare tag, such as `!uuid`, matches a value.
pub(crate) fn is(tag: &str, value: &Json) -> bool {
    leaf::LEAVES.iter().any(|leaf| leaf.tag == tag && (leaf.holds)(value))
}

impl Matcher {
    /// Where it stands in its file.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Returns every difference between `value` and what is expected, none when it matches.
    ///
    /// `pointer` is where the value stands in the whole answer.
    #[must_use]
    pub fn compare(&self, value: &Json, pointer: &str, scope: &Scope) -> Vec<Mismatch> {
        match &self.kind {
            Kind::Object { members, open } => self.compare_object(members, *open, value, pointer, scope),
            Kind::List(expected) => self.compare_list(expected, value, pointer, scope),
            Kind::Each(each) => match value.as_array() {
                Some(list) => (list.iter().enumerate())
                    .flat_map(|(index, item)| each.compare(item, &format!("{pointer}/{index}"), scope))
                    .collect(),
                None => vec![self.mismatch(value, pointer, scope)],
            },
            Kind::Containing(expected) | Kind::Unordered(expected) => match value.as_array() {
                Some(items) => {
                    let others = matches!(self.kind, Kind::Containing(_));
                    list::compare(self, expected, others, items, pointer, scope)
                }
                None => vec![self.mismatch(value, pointer, scope)],
            },
            Kind::AllOf(all) => all.iter().flat_map(|one| one.compare(value, pointer, scope)).collect(),
            Kind::Schema(schema) => (schema.faults(value).into_iter())
                .map(|fault| {
                    let pointer = format!("{pointer}{}", fault.pointer);
                    self.difference(&pointer, schema.describe(), format!("{AGAINST_SCHEMA} {}", fault.why))
                })
                .collect(),
            Kind::Bytes(bytes) if !bytes.holds(scope) => {
                vec![self.difference(pointer, bytes.describe(scope), bytes.received(scope))]
            }
            _ if self.matches(value, scope) => Vec::new(),
            _ => vec![self.mismatch(value, pointer, scope)],
        }
    }

    /// Whether a value is as expected.
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
            Kind::Schema(schema) => schema.faults(value).is_empty(),
            Kind::Length(length) => length_of(value).is_some_and(|found| length.allows(found)),
            Kind::Moment(moment) => moment.holds(value, scope.now),
            Kind::About(about) => {
                value.as_number().is_some_and(|found| found.is_near(&about.value, &about.within))
            }
            Kind::Times { of, times } => value
                .as_array()
                .is_some_and(|list| times.allows(list.iter().filter(|item| of.matches(item, scope)).count())),
            Kind::NoneOf(choices) => !choices.iter().any(|choice| choice.matches(value, scope)),
            Kind::OneOf(choices) => choices.iter().any(|choice| choice.matches(value, scope)),
            Kind::AllOf(all) => all.iter().all(|one| one.matches(value, scope)),
            Kind::Object { .. }
            | Kind::List(_)
            | Kind::Each(_)
            | Kind::Containing(_)
            | Kind::Unordered(_) => self.compare(value, "", scope).is_empty(),
        }
    }

    /// Whether it speaks of a list and of nothing else.
    #[must_use]
    pub fn is_of_lists(&self) -> bool {
        match &self.kind {
            Kind::List(_) | Kind::Each(_) | Kind::Containing(_) | Kind::Unordered(_) | Kind::Times { .. } => {
                true
            }
            Kind::AllOf(all) => all.iter().any(Self::is_of_lists),
            _ => false,
        }
    }

    /// The strings in it, for checking the names that they use.
    pub fn texts(&self) -> Vec<&Text> {
        match &self.kind {
            Kind::Text(text) | Kind::LeafOf { argument: text, .. } => vec![text],
            Kind::Each(inner) | Kind::Times { of: inner, .. } => inner.texts(),
            Kind::List(inner)
            | Kind::NoneOf(inner)
            | Kind::AllOf(inner)
            | Kind::OneOf(inner)
            | Kind::Containing(inner)
            | Kind::Unordered(inner) => inner.iter().flat_map(Self::texts).collect(),
            Kind::Object { members, .. } => members.iter().flat_map(|(_, member)| member.texts()).collect(),
            Kind::Bytes(bytes) => bytes.text().into_iter().collect(),
            Kind::Literal(_)
            | Kind::Leaf(_)
            | Kind::Regex(_)
            | Kind::Length(_)
            | Kind::Schema(_)
            | Kind::Moment(_)
            | Kind::About(_) => Vec::new(),
        }
    }

    /// Says in words, or as JSON, what is expected.
    #[must_use]
    pub fn describe(&self, scope: &Scope) -> String {
        let all = |matchers: &[Self], joint: &str| {
            matchers.iter().map(|matcher| matcher.describe(scope)).collect::<Vec<_>>().join(joint)
        };
        match &self.kind {
            Kind::Literal(literal) => literal.to_string(),
            Kind::Text(text) => match text.json(scope) {
                Ok(value) => value.to_string(),
                Err(_) => text.written().to_owned(),
            },
            Kind::Leaf(leaf) => leaf.means.to_owned(),
            Kind::LeafOf { leaf, argument } => {
                let argument = argument.render(scope).unwrap_or_else(|_| argument.written().to_owned());
                format!("{} {argument:?}", leaf.means)
            }
            Kind::Regex(regex) => format!("a string that matches /{regex}/"),
            Kind::Length(length) => format!("something of length {}", length.describe()),
            Kind::Bytes(bytes) => bytes.describe(scope),
            Kind::Schema(schema) => schema.describe(),
            Kind::Moment(moment) => moment.describe(),
            Kind::About(about) => format!("{}, give or take {}", about.value, about.within),
            Kind::Times { of, times } => {
                format!("a list that has {} of {}", times.describe(), of.describe(scope))
            }
            Kind::AllOf(choices) => all(choices, " and "),
            Kind::List(list) => format!("[{}]", all(list, ", ")),
            Kind::Object { members, open } => {
                let members =
                    members.iter().map(|(name, member)| format!("{name:?}: {}", member.describe(scope)));
                let members = members.collect::<Vec<_>>().join(", ");
                if *open { format!("an object with {{{members}}}") } else { format!("{{{members}}}") }
            }
            Kind::NoneOf(choices) => format!("not {}", all(choices, " or ")),
            Kind::OneOf(choices) => format!("one of {}", all(choices, ", ")),
            Kind::Each(each) => format!("a list of {}", each.describe(scope)),
            Kind::Containing(list) => format!("a list that has {}", all(list, ", ")),
            Kind::Unordered(list) => format!("[{}] in any order", all(list, ", ")),
        }
    }

    fn mismatch(&self, value: &Json, pointer: &str, scope: &Scope) -> Mismatch {
        self.difference(pointer, self.describe(scope), value.to_string())
    }

    fn difference(&self, pointer: &str, expected: String, received: String) -> Mismatch {
        Mismatch { pointer: pointer.to_owned(), place: self.place.clone(), expected, received }
    }

    fn compare_object(
        &self,
        members: &[(String, Self)],
        open: bool,
        value: &Json,
        pointer: &str,
        scope: &Scope,
    ) -> Vec<Mismatch> {
        let Some(object) = value.as_object() else { return vec![self.mismatch(value, pointer, scope)] };
        let mut mismatches = Vec::new();
        for (name, member) in members {
            let pointer = format!("{pointer}/{}", escape(name));
            if let Some(value) = object.get(name) {
                mismatches.extend(member.compare(value, &pointer, scope));
            } else {
                let expected = member.describe(scope);
                mismatches.push(member.difference(&pointer, expected, NO_MEMBER.to_owned()));
            }
        }
        if !open {
            for (name, value) in object {
                if !members.iter().any(|(expected, _)| expected == name) {
                    let pointer = format!("{pointer}/{}", escape(name));
                    mismatches.push(self.difference(&pointer, NO_MEMBER.to_owned(), value.to_string()));
                }
            }
        }
        mismatches
    }

    fn compare_list(&self, expected: &[Self], value: &Json, pointer: &str, scope: &Scope) -> Vec<Mismatch> {
        let Some(list) = value.as_array() else { return vec![self.mismatch(value, pointer, scope)] };
        let mut mismatches = Vec::new();
        if list.len() != expected.len() {
            let elements = |number: usize| amount(number, "element");
            mismatches.push(self.difference(pointer, elements(expected.len()), elements(list.len())));
        }
        for (index, (matcher, item)) in expected.iter().zip(list).enumerate() {
            mismatches.extend(matcher.compare(item, &format!("{pointer}/{index}"), scope));
        }
        mismatches
    }
}

fn length_of(value: &Json) -> Option<usize> {
    Some(match value {
        Json::String(text) => text.chars().count(),
        Json::Array(list) => list.len(),
        Json::Object(object) => object.len(),
        Json::Null | Json::Bool(_) | Json::Number(_) => return None,
    })
}

#[cfg(test)]
mod tests;
