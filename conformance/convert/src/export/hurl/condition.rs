//! Converts matchers to `JSONPath` filter conditions (RFC 9535, section 2.3.5) and to regular expressions.
//!
//! Conditions express what no Hurl predicate can: alternatives, and requirements on elements of a list. A matcher without an exact
//! equivalent is not converted.

use regex::escape;

use super::section::{Context, Type};
use super::write::{literal, member};
use crate::export::mark::{holds_one, single_mark};
use conformance_suite::count::Count;
use conformance_suite::json::{Json, Number};
use conformance_suite::matcher::{Demand, Matcher};

/// Returns a condition that is true for exactly those values at `path` that match.
pub(super) fn condition(matcher: &Matcher, path: &str, context: &Context<'_>) -> Option<String> {
    Some(match matcher.demand() {
        Demand::Value(value) => equal(value, path, context)?,
        Demand::Text(text) => equal(&context.marked.value(text)?, path, context)?,
        Demand::Any => path.to_owned(),
        Demand::Number => format!("({path} < 0 || {path} >= 0)"),
        Demand::Boolean => format!("({path} == true || {path} == false)"),
        Demand::About { value, within } => {
            let (least, most) = bounds(value, within)?;
            format!("({path} >= {least} && {path} <= {most})")
        }
        Demand::Length(count) => length(count, path),
        Demand::List(list) if !list.is_empty() => {
            let elements = list.iter().enumerate();
            let elements =
                elements.map(|(at, element)| condition(element, &format!("{path}[{at}]"), context));
            let elements = elements.collect::<Option<Vec<_>>>()?;
            format!("(length({path}) == {} && {})", list.len(), elements.join(" && "))
        }
        Demand::Object { members, open } if !members.is_empty() => {
            let mut all: Vec<String> = Vec::new();
            if !open {
                all.push(format!("length({path}) == {}", members.len()));
            }
            for (name, matcher) in members {
                all.push(condition(matcher, &member(path, name), context)?);
            }
            format!("({})", all.join(" && "))
        }
        Demand::AllOf(all) => joined(all, " && ", path, context)?,
        Demand::NoneOf(choices) => format!("({path} && !{})", joined(choices, " || ", path, context)?),
        Demand::OneOf(choices) => match text_pattern(matcher, context) {
            Some(pattern) => format!("search({path}, {})", literal(&pattern)),
            None => joined(choices, " || ", path, context)?,
        },
        _ => format!("search({path}, {})", literal(&text_pattern(matcher, context)?)),
    })
}

/// Returns a pattern that is found in exactly those texts that match.
pub(super) fn text_pattern(matcher: &Matcher, context: &Context<'_>) -> Option<String> {
    let known = |text| context.marked.text(text).filter(|text| !holds_one(text)).map(|text| escape(&text));
    Some(match matcher.demand() {
        Demand::Text(text) => match context.marked.value(text)? {
            Json::String(text) if !holds_one(&text) => format!("^{}$", escape(&text)),
            _ => return None,
        },
        Demand::String => String::new(),
        Demand::Pattern(regex) | Demand::Date(regex) => regex.as_str().to_owned(),
        Demand::Contains(text) => known(text)?,
        Demand::StartsWith(text) => format!("^{}", known(text)?),
        Demand::EndsWith(text) => format!("{}$", known(text)?),
        Demand::IgnoringCase(text) => format!("(?i)^{}$", known(text)?),
        Demand::OneOf(choices) => {
            let choices = choices.iter().map(|choice| text_pattern(choice, context));
            let choices = choices.map(|choice| Some(format!("(?:{})", choice?)));
            choices.collect::<Option<Vec<_>>>()?.join("|")
        }
        _ => return None,
    })
}

/// Returns a condition for the length of a value.
pub(super) fn length(count: Count, path: &str) -> String {
    match (count.least, count.most) {
        (least, Some(most)) if least == most => format!("length({path}) == {least}"),
        (least, Some(most)) => format!("(length({path}) >= {least} && length({path}) <= {most})"),
        (least, None) => format!("length({path}) >= {least}"),
    }
}

fn joined(all: &[Matcher], joint: &str, path: &str, context: &Context<'_>) -> Option<String> {
    let all = all.iter().map(|one| condition(one, path, context)).collect::<Option<Vec<_>>>()?;
    Some(format!("({})", all.join(joint)))
}

fn equal(value: &Json, path: &str, context: &Context<'_>) -> Option<String> {
    Some(match value {
        Json::Null | Json::Bool(_) => format!("{path} == {value}"),
        Json::Number(number) => format!("{path} == {}", number.written()),
        Json::String(text) => match single_mark(text).map(|name| context.types.get(name)) {
            // A quoted text never equals a variable that contains a number.
            Some(Some(Type::Number)) => format!("{path} == {text}"),
            Some(None) => return None,
            Some(Some(Type::Text)) | None => format!("{path} == {}", literal(text)),
        },
        Json::Array(list) if !list.is_empty() => {
            let elements = list.iter().enumerate();
            let elements = elements.map(|(at, element)| equal(element, &format!("{path}[{at}]"), context));
            let elements = elements.collect::<Option<Vec<_>>>()?;
            format!("(length({path}) == {} && {})", list.len(), elements.join(" && "))
        }
        Json::Object(members) if !members.is_empty() => {
            let all = members.iter().map(|(name, value)| equal(value, &member(path, name), context));
            let all = all.collect::<Option<Vec<_>>>()?;
            format!("(length({path}) == {} && {})", members.len(), all.join(" && "))
        }
        // For empty lists, objects and texts, a condition can check only the length.
        Json::Array(_) | Json::Object(_) | Json::Unpaired(_) => return None,
    })
}

/// Returns the smallest and the largest number within a tolerance.
pub(super) fn bounds(value: &Number, within: &Number) -> Option<(String, String)> {
    let places = |number: &Number| match number.written() {
        written if written.contains(['e', 'E']) => None,
        written => Some(written.split_once('.').map_or(0, |(_, decimals)| decimals.len())),
    };
    let places = places(value)?.max(places(within)?);
    let (value, within) = (value.to_f64(), within.to_f64());
    Some((format!("{:.places$}", value - within), format!("{:.places$}", value + within)))
}
