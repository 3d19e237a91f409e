//! A view of matchers for exports to other tools.
//!
//! A [`Demand`] shows what is written, before any `${…}` has a value. Matchers that no other tool has are [`Demand::Own`].

use regex::Regex;

use super::bytes::Bytes;
use super::{Kind, Matcher, leaf, moment};
use crate::count::Count;
use crate::json::{Json, Number};
use crate::template::Text;

/// What a matcher requires.
#[derive(Debug, Clone, Copy)]
pub enum Demand<'a> {
    /// This value.
    Value(&'a Json),
    /// The value of this template.
    Text(&'a Text),
    /// Any value.
    Any,
    /// A string.
    String,
    /// An integer.
    Integer,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// A string that contains a match.
    Pattern(&'a Regex),
    /// A date and time with at least this shape.
    Date(&'a Regex),
    /// A string that contains this text.
    Contains(&'a Text),
    /// A string that starts with this text.
    StartsWith(&'a Text),
    /// A string that ends with this text.
    EndsWith(&'a Text),
    /// A string that is equal apart from case.
    IgnoringCase(&'a Text),
    /// A number near `value`.
    About {
        /// The expected number.
        value: &'a Number,
        /// The largest difference.
        within: &'a Number,
    },
    /// The number of characters, items or members.
    Length(Count),
    /// The number of bytes.
    Bytes(Count),
    /// The SHA-256 of the bytes.
    Sha256(&'a Text),
    /// A list with these items.
    List(&'a [Matcher]),
    /// An object with these members.
    Object {
        /// Names and matchers.
        members: &'a [(String, Matcher)],
        /// Whether other members are allowed.
        open: bool,
    },
    /// None of these matches.
    NoneOf(&'a [Matcher]),
    /// All of these match.
    AllOf(&'a [Matcher]),
    /// At least one of these matches.
    OneOf(&'a [Matcher]),
    /// Every item matches.
    Each(&'a Matcher),
    /// A list in which each of these matches an item.
    Containing(&'a [Matcher]),
    /// A list with these items in any order.
    Unordered(&'a [Matcher]),
    /// The number of items that match `of`.
    Times {
        /// What an item must match.
        of: &'a Matcher,
        /// How many items.
        times: Count,
    },
    /// A matcher that only this program has.
    Own,
}

impl Matcher {
    /// Returns what the matcher requires.
    #[must_use]
    pub fn demand(&self) -> Demand<'_> {
        match &self.kind {
            Kind::Literal(value) => Demand::Value(value),
            Kind::Text(text) => Demand::Text(text),
            Kind::Leaf(leaf) => match leaf.tag {
                "!any" => Demand::Any,
                "!string" => Demand::String,
                "!integer" => Demand::Integer,
                "!number" => Demand::Number,
                "!boolean" => Demand::Boolean,
                "!uuid" => Demand::Pattern(&leaf::UUID),
                "!datetime" => Demand::Date(&moment::DATETIME),
                _ => Demand::Own,
            },
            Kind::LeafOf { leaf, argument } => match leaf.tag {
                "!contains" => Demand::Contains(argument),
                "!starts_with" => Demand::StartsWith(argument),
                "!ends_with" => Demand::EndsWith(argument),
                "!ignoring_case" => Demand::IgnoringCase(argument),
                _ => Demand::Own,
            },
            Kind::Regex(regex) => Demand::Pattern(regex),
            Kind::Moment(_)
            | Kind::Schema(_)
            | Kind::OfText(_)
            | Kind::Order { .. }
            | Kind::Sorted(_)
            | Kind::Lines(_)
            | Kind::Absent
            | Kind::Optional(_) => Demand::Own,
            Kind::About(about) => Demand::About { value: &about.value, within: &about.within },
            Kind::Length(length) => Demand::Length(*length),
            Kind::Bytes(bytes) => match &**bytes {
                Bytes::Length(length) => Demand::Bytes(*length),
                Bytes::Sha256(digest) => Demand::Sha256(digest),
            },
            Kind::List(list) => Demand::List(list),
            // With a member that may be missing, the number of members says nothing.
            Kind::Object { members, open } => {
                let open = *open || members.iter().any(|(_, member)| member.allows_absence());
                Demand::Object { members, open }
            }
            Kind::NoneOf(choices) => Demand::NoneOf(choices),
            Kind::AllOf(all) => Demand::AllOf(all),
            Kind::OneOf(choices) => Demand::OneOf(choices),
            Kind::Each(each) => Demand::Each(each),
            Kind::Containing(list) => Demand::Containing(list),
            Kind::Unordered(list) => Demand::Unordered(list),
            Kind::Times { of, times } => Demand::Times { of, times: **times },
        }
    }
}
