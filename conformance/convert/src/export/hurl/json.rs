//! Converts the expectation of a JSON body to asserts: one for each value, and one for each size.

use super::condition::{bounds, condition, length, text_pattern};
use super::section::{Context, Section, Type};
use super::write::{member, pattern, quoted, variable};
use crate::export::mark::single_mark;
use conformance_suite::count::Count;
use conformance_suite::json::{Json, Number};
use conformance_suite::matcher::{Demand, Matcher};
use conformance_suite::template::Scope;

/// Adds the asserts for a value at a path.
pub(super) fn value(matcher: &Matcher, path: &str, context: &Context<'_>, section: &mut Section) {
    match matcher.demand() {
        Demand::Value(value) => equal(value, path, context, section),
        Demand::Text(text) => match context.marked.value(text) {
            Some(value) => equal(&value, path, context, section),
            None => unsupported(matcher, path, section),
        },
        Demand::Any => section.json(path, "exists"),
        Demand::String => section.json(path, "isString"),
        Demand::Integer => section.json(path, "isInteger"),
        Demand::Number => section.json(path, "isNumber"),
        Demand::Boolean => section.json(path, "isBoolean"),
        Demand::About { value, within } => match bounds(value, within) {
            Some((least, most)) => {
                section.json(path, &format!(">= {least}"));
                section.json(path, &format!("<= {most}"));
            }
            None => unsupported(matcher, path, section),
        },
        Demand::Length(count) => length_asserts(count, path, section),
        Demand::List(list) => {
            section.json(path, &format!("count == {}", list.len()));
            for (at, element) in list.iter().enumerate() {
                value(element, &format!("{path}[{at}]"), context, section);
            }
        }
        Demand::Object { members, open } => {
            if open && members.is_empty() {
                section.json(path, "isObject");
            } else if !open {
                members_of(members.len(), path, section);
            }
            for (name, matcher) in members {
                value(matcher, &member(path, name), context, section);
            }
        }
        Demand::AllOf(all) => all.iter().for_each(|one| value(one, path, context, section)),
        Demand::NoneOf(choices) => {
            section.json(path, "exists");
            for choice in choices {
                differs(choice, path, context, section);
            }
        }
        Demand::OneOf(_) => match (text_pattern(matcher, context), standing(matcher, path, context)) {
            (Some(regex), _) => section.json(path, &format!("matches {}", pattern(&regex))),
            (None, Some(condition)) => section.json(&format!("$[?{condition}]"), "exists"),
            (None, None) => unsupported(matcher, path, section),
        },
        Demand::Each(each) => {
            section.json(path, "isList");
            match condition(each, "@", context) {
                Some(condition) => section.json(&format!("{path}[?!{}]", grouped(condition)), "not exists"),
                None => unsupported(matcher, path, section),
            }
        }
        Demand::Containing(list) => {
            section.json(path, "isList");
            elements(list, path, context, section);
        }
        Demand::Unordered(list) => {
            section.json(path, &format!("count == {}", list.len()));
            elements(list, path, context, section);
        }
        Demand::Times { of, times } => match condition(of, "@", context) {
            Some(condition) => {
                section.json(path, "isList");
                counted(times, &format!("count({path}[?{condition}])"), section);
            }
            None => unsupported(matcher, path, section),
        },
        _ => match super::text::predicate(matcher, context) {
            Some(predicate) => section.json(path, &predicate),
            None => unsupported(matcher, path, section),
        },
    }
}

fn equal(expected: &Json, path: &str, context: &Context<'_>, section: &mut Section) {
    match expected {
        Json::Null | Json::Bool(_) => section.json(path, &format!("== {expected}")),
        Json::Number(number) => match plain(number) {
            Some(digits) => section.json(path, &format!("== {digits}")),
            // A path may contain an exponent, a predicate may not.
            None if path != "$" => section.json(&format!("$[?{path} == {}]", number.written()), "exists"),
            None => section.unsupported(&format!("that {path} is {number}")),
        },
        Json::String(text) => section.json(path, &format!("== {}", string(text, context))),
        Json::Unpaired(_) => section.unsupported(&format!("that {path} is {expected}")),
        Json::Array(list) => {
            section.json(path, &format!("count == {}", list.len()));
            for (at, element) in list.iter().enumerate() {
                equal(element, &format!("{path}[{at}]"), context, section);
            }
        }
        Json::Object(members) => {
            members_of(members.len(), path, section);
            for (name, value) in members {
                equal(value, &member(path, name), context, section);
            }
        }
    }
}

/// Formats a text, or the variable that it consists of. The variable is unquoted unless it is known to contain a text.
fn string(text: &str, context: &Context<'_>) -> String {
    match single_mark(text) {
        Some(name) if context.types.get(name) != Some(&Type::Text) => variable(name),
        _ => quoted(text),
    }
}

/// Formats a number without exponent, which Hurl cannot parse; `None` if that would be inexact.
fn plain(number: &Number) -> Option<String> {
    let written = number.written();
    let value = number.to_f64();
    match written.contains(['e', 'E']) {
        false => Some(written.to_owned()),
        true if value.fract() == 0.0 && value.abs() < 1e15 => Some(format!("{value:.0}")),
        true => None,
    }
}

/// Returns a filter condition for a value.
///
/// A filter is applied to the children of the root. The root itself has no parent, so a condition on it works only if it has children.
fn standing(matcher: &Matcher, path: &str, context: &Context<'_>) -> Option<String> {
    condition(matcher, path, context).filter(|_| path != "$" || has_parts(matcher, context))
}

/// Whether every matching value has children.
fn has_parts(matcher: &Matcher, context: &Context<'_>) -> bool {
    let holds = |value: &Json| match value {
        Json::Array(list) => !list.is_empty(),
        Json::Object(members) => !members.is_empty(),
        _ => false,
    };
    match matcher.demand() {
        Demand::Value(value) => holds(value),
        Demand::Text(text) => context.marked.value(text).is_some_and(|value| holds(&value)),
        Demand::List(list) => !list.is_empty(),
        Demand::Object { members, .. } => !members.is_empty(),
        Demand::AllOf(all) => all.iter().any(|one| has_parts(one, context)),
        Demand::OneOf(choices) => choices.iter().all(|choice| has_parts(choice, context)),
        _ => false,
    }
}

/// Adds the assert that a value is not one of the choices.
fn differs(choice: &Matcher, path: &str, context: &Context<'_>, section: &mut Section) {
    let known = match choice.demand() {
        Demand::Value(value) => Some(value.clone()),
        Demand::Text(text) => context.marked.value(text),
        _ => None,
    };
    let different = match &known {
        Some(Json::String(text)) => Some(string(text, context)),
        Some(value @ (Json::Null | Json::Bool(_))) => Some(value.to_string()),
        Some(Json::Number(number)) => plain(number),
        _ => None,
    };
    if let Some(different) = different {
        return section.json(path, &format!("!= {different}"));
    }
    match standing(choice, path, context) {
        Some(condition) => section.json(&format!("$[?{condition}]"), "not exists"),
        None => section.unsupported(&format!("that {path} is not {}", choice.describe(&Scope::default()))),
    }
}

/// Adds the assert for the number of members of an object.
fn members_of(count: usize, path: &str, section: &mut Section) {
    match count {
        0 => {
            section.json(path, "isObject");
            section.json(path, "isEmpty");
        }
        // Hurl returns a single result not as a list.
        1 => section.json(&format!("$[?length({path}) == 1]"), "exists"),
        _ => section.json(&format!("{path}.*"), &format!("count == {count}")),
    }
}

fn length_asserts(count: Count, path: &str, section: &mut Section) {
    // A text at the root has no children that a filter could be applied to.
    if path != "$" || (count.least > 0 && Some(count.least) == count.most) {
        return section.json(&format!("$[?{}]", length(count, path)), "exists");
    }
    section.json(path, "isCollection");
    counted(count, "length($)", section);
}

/// Adds the asserts for the result of a function.
fn counted(count: Count, function: &str, section: &mut Section) {
    if count.least > 0 {
        section.json(&format!("$[?{function} >= {}]", count.least), "exists");
    }
    if let Some(most) = count.most {
        section.json(&format!("$[?{function} > {most}]"), "not exists");
    }
}

fn elements(list: &[Matcher], path: &str, context: &Context<'_>, section: &mut Section) {
    for element in list {
        match condition(element, "@", context) {
            Some(condition) => section.json(&format!("{path}[?{condition}]"), "exists"),
            None => section.unsupported(&format!("that {path} has {}", element.describe(&Scope::default()))),
        }
    }
    if list.len() > 1 {
        section.unsupported("that these are different elements");
    }
}

/// Adds parentheses where `!` needs them.
fn grouped(condition: String) -> String {
    if condition.starts_with('(') && condition.ends_with(')') || !condition.contains(' ') {
        return condition;
    }
    format!("({condition})")
}

/// Adds an assert that the value exists, and a comment for the rest.
fn unsupported(matcher: &Matcher, path: &str, section: &mut Section) {
    section.json(path, "exists");
    section.unsupported(&format!("that {path} is {}", matcher.describe(&Scope::default())));
}
