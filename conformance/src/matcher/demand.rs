//! A view of matchers for exports to other tools.
//!
//! A [`Demand`] shows what is written, before any `${…}` has a value. Matchers that no other tool has are [`Demand::Own`].

use regex::Regex;

use super::bytes::Bytes;
use super::{Kind, Matcher, leaf};
use crate::count::Count;
use crate::json::{Json, Number};
use crate::template::Text;

/// What a matcher requires.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Demand<'a> {
    /// This value.
    Value(&'a Json),
    /// The value of this template.
    Text(&'a Text),
    Any,
    String,
    Integer,
    Number,
    Boolean,
    /// A string that contains a match.
    Pattern(&'a Regex),
    /// A date and time with at least this shape.
    Date(&'a Regex),
    Contains(&'a Text),
    StartsWith(&'a Text),
    EndsWith(&'a Text),
    IgnoringCase(&'a Text),
    About {
        value: &'a Number,
        within: &'a Number,
    },
    Length(Count),
    /// The number of bytes.
    Bytes(Count),
    Sha256(&'a Text),
    List(&'a [Matcher]),
    Object {
        members: &'a [(String, Matcher)],
        open: bool,
    },
    NoneOf(&'a [Matcher]),
    AllOf(&'a [Matcher]),
    OneOf(&'a [Matcher]),
    Each(&'a Matcher),
    Containing(&'a [Matcher]),
    Unordered(&'a [Matcher]),
    Times {
        of: &'a Matcher,
        times: Count,
    },
    /// A matcher that only this program has.
    Own,
}

impl Matcher {
    /// Returns what the matcher requires.
    pub(crate) fn demand(&self) -> Demand<'_> {
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
                "!datetime" => Demand::Date(&leaf::DATETIME),
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
            Kind::Moment(_) | Kind::Schema(_) => Demand::Own,
            Kind::About(about) => Demand::About { value: &about.value, within: &about.within },
            Kind::Length(length) => Demand::Length(*length),
            Kind::Bytes(bytes) => match &**bytes {
                Bytes::Length(length) => Demand::Bytes(*length),
                Bytes::Sha256(digest) => Demand::Sha256(digest),
            },
            Kind::List(list) => Demand::List(list),
            Kind::Object { members, open } => Demand::Object { members, open: *open },
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
