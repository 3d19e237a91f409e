//! What a matcher demands, for those who say it in the words of another tool.
//!
//! In goes a [`Matcher`], out comes a [`Demand`]: what is written, before any `${…}` has a value. What has no word here is this program's
//! own, and is only told.

use regex::Regex;

use super::bytes::Bytes;
use super::{Kind, Matcher, leaf};
use crate::count::Count;
use crate::json::{Json, Number};
use crate::template::Text;

/// What a matcher demands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Demand<'a> {
    /// This value.
    Value(&'a Json),
    /// What this comes to.
    Text(&'a Text),
    Any,
    String,
    Integer,
    Number,
    Boolean,
    /// A string in which this is found.
    Pattern(&'a Regex),
    /// A date and time, which has at least this shape.
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
    /// So many bytes.
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
    /// What no other tool is told.
    Own,
}

impl Matcher {
    /// Returns what is demanded.
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
