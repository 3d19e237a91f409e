//! What a body has to be as JSON: an assert for each value in it, and how many there are.

use super::condition::{condition, length, text_pattern};
use super::write::{member, pattern, quoted, variable};
use super::{Answer, Told, Type};
use crate::count::Count;
use crate::export::mark::sole;
use crate::json::{Json, Number};
use crate::matcher::{Demand, Matcher};
use crate::template::Scope;

/// Adds what a value at a path has to be.
pub(super) fn value(matcher: &Matcher, path: &str, told: &Told<'_>, answer: &mut Answer) {
    match matcher.demand() {
        Demand::Value(value) => equal(value, path, told, answer),
        Demand::Text(text) => match told.marked.value(text) {
            Some(value) => equal(&value, path, told, answer),
            None => unsaid(matcher, path, answer),
        },
        Demand::Any => answer.json(path, "exists"),
        Demand::String => answer.json(path, "isString"),
        Demand::Integer => answer.json(path, "isInteger"),
        Demand::Number => answer.json(path, "isNumber"),
        Demand::Boolean => answer.json(path, "isBoolean"),
        Demand::About { value, within } => match ends(value, within) {
            Some((least, most)) => {
                answer.json(path, &format!(">= {least}"));
                answer.json(path, &format!("<= {most}"));
            }
            None => unsaid(matcher, path, answer),
        },
        Demand::Length(count) => long(count, path, answer),
        Demand::List(list) => {
            answer.json(path, &format!("count == {}", list.len()));
            for (at, element) in list.iter().enumerate() {
                value(element, &format!("{path}[{at}]"), told, answer);
            }
        }
        Demand::Object { members, open } => {
            if open && members.is_empty() {
                answer.json(path, "isObject");
            } else if !open {
                members_of(members.len(), path, answer);
            }
            for (name, matcher) in members {
                value(matcher, &member(path, name), told, answer);
            }
        }
        Demand::AllOf(all) => all.iter().for_each(|one| value(one, path, told, answer)),
        Demand::NoneOf(choices) => {
            answer.json(path, "exists");
            for choice in choices {
                other(choice, path, told, answer);
            }
        }
        Demand::OneOf(_) => match (text_pattern(matcher, told), standing(matcher, path, told)) {
            (Some(regex), _) => answer.json(path, &format!("matches {}", pattern(&regex))),
            (None, Some(condition)) => answer.json(&format!("$[?{condition}]"), "exists"),
            (None, None) => unsaid(matcher, path, answer),
        },
        Demand::Each(each) => {
            answer.json(path, "isList");
            match condition(each, "@", told) {
                Some(condition) => answer.json(&format!("{path}[?!{}]", grouped(condition)), "not exists"),
                None => unsaid(matcher, path, answer),
            }
        }
        Demand::Containing(list) => {
            answer.json(path, "isList");
            elements(list, path, told, answer);
        }
        Demand::Unordered(list) => {
            answer.json(path, &format!("count == {}", list.len()));
            elements(list, path, told, answer);
        }
        Demand::Times { of, times } => match condition(of, "@", told) {
            Some(condition) => {
                answer.json(path, "isList");
                counted(times, &format!("count({path}[?{condition}])"), answer);
            }
            None => unsaid(matcher, path, answer),
        },
        _ => match super::text::predicate(matcher, told) {
            Some(predicate) => answer.json(path, &predicate),
            None => unsaid(matcher, path, answer),
        },
    }
}

/// The ends of what is off by no more than that.
pub(super) fn ends(value: &Number, within: &Number) -> Option<(String, String)> {
    let places = |number: &Number| match number.written() {
        written if written.contains(['e', 'E']) => None,
        written => Some(written.split_once('.').map_or(0, |(_, behind)| behind.len())),
    };
    let places = places(value)?.max(places(within)?);
    let (value, within) = (value.to_f64(), within.to_f64());
    Some((format!("{:.places$}", value - within), format!("{:.places$}", value + within)))
}

fn equal(expected: &Json, path: &str, told: &Told<'_>, answer: &mut Answer) {
    match expected {
        Json::Null | Json::Bool(_) => answer.json(path, &format!("== {expected}")),
        Json::Number(number) => match plain(number) {
            Some(digits) => answer.json(path, &format!("== {digits}")),
            // A path may hold what a predicate may not.
            None if path != "$" => answer.json(&format!("$[?{path} == {}]", number.written()), "exists"),
            None => answer.unsaid(&format!("that {path} is {number}")),
        },
        Json::String(text) => answer.json(path, &format!("== {}", string(text, told))),
        Json::Unpaired(_) => answer.unsaid(&format!("that {path} is {expected}")),
        Json::Array(list) => {
            answer.json(path, &format!("count == {}", list.len()));
            for (at, element) in list.iter().enumerate() {
                equal(element, &format!("{path}[{at}]"), told, answer);
            }
        }
        Json::Object(members) => {
            members_of(members.len(), path, answer);
            for (name, value) in members {
                equal(value, &member(path, name), told, answer);
            }
        }
    }
}

/// A text, or the variable that it is: one of which it is not known that it keeps a text may keep something else.
fn string(text: &str, told: &Told<'_>) -> String {
    match sole(text) {
        Some(name) if told.types.get(name) != Some(&Type::Text) => variable(name),
        _ => quoted(text),
    }
}

/// A number without an exponent, which Hurl does not read; none where its digits are too many to be sure of.
fn plain(number: &Number) -> Option<String> {
    let written = number.written();
    let value = number.to_f64();
    match written.contains(['e', 'E']) {
        false => Some(written.to_owned()),
        true if value.fract() == 0.0 && value.abs() < 1e15 => Some(format!("{value:.0}")),
        true => None,
    }
}

/// A condition at a value. It stands at what is around that value: at the whole, which has nothing around it, it stands at what is in it, so
/// only what has something in it can be said there.
fn standing(matcher: &Matcher, path: &str, told: &Told<'_>) -> Option<String> {
    condition(matcher, path, told).filter(|_| path != "$" || has_parts(matcher, told))
}

/// Whether nothing matches but what has something in it.
fn has_parts(matcher: &Matcher, told: &Told<'_>) -> bool {
    let holds = |value: &Json| match value {
        Json::Array(list) => !list.is_empty(),
        Json::Object(members) => !members.is_empty(),
        _ => false,
    };
    match matcher.demand() {
        Demand::Value(value) => holds(value),
        Demand::Text(text) => told.marked.value(text).is_some_and(|value| holds(&value)),
        Demand::List(list) => !list.is_empty(),
        Demand::Object { members, .. } => !members.is_empty(),
        Demand::AllOf(all) => all.iter().any(|one| has_parts(one, told)),
        Demand::OneOf(choices) => choices.iter().all(|choice| has_parts(choice, told)),
        _ => false,
    }
}

/// What is not one of the choices.
fn other(choice: &Matcher, path: &str, told: &Told<'_>, answer: &mut Answer) {
    let known = match choice.demand() {
        Demand::Value(value) => Some(value.clone()),
        Demand::Text(text) => told.marked.value(text),
        _ => None,
    };
    let different = match &known {
        Some(Json::String(text)) => Some(string(text, told)),
        Some(value @ (Json::Null | Json::Bool(_))) => Some(value.to_string()),
        Some(Json::Number(number)) => plain(number),
        _ => None,
    };
    if let Some(different) = different {
        return answer.json(path, &format!("!= {different}"));
    }
    match standing(choice, path, told) {
        Some(condition) => answer.json(&format!("$[?{condition}]"), "not exists"),
        None => answer.unsaid(&format!("that {path} is not {}", choice.describe(&Scope::default()))),
    }
}

/// How many members an object has: one that it may not have is one too many.
fn members_of(count: usize, path: &str, answer: &mut Answer) {
    match count {
        0 => {
            answer.json(path, "isObject");
            answer.json(path, "isEmpty");
        }
        // One that is found alone is no list.
        1 => answer.json(&format!("$[?length({path}) == 1]"), "exists"),
        _ => answer.json(&format!("{path}.*"), &format!("count == {count}")),
    }
}

fn long(count: Count, path: &str, answer: &mut Answer) {
    // The whole is taken for a list or an object: a text has nothing in it for a condition to stand at.
    if path != "$" || (count.least > 0 && Some(count.least) == count.most) {
        return answer.json(&format!("$[?{}]", length(count, path)), "exists");
    }
    answer.json(path, "isCollection");
    counted(count, "length($)", answer);
}

/// What a function counts, of a value that may have nothing in it for a condition to stand at.
fn counted(count: Count, function: &str, answer: &mut Answer) {
    if count.least > 0 {
        answer.json(&format!("$[?{function} >= {}]", count.least), "exists");
    }
    if let Some(most) = count.most {
        answer.json(&format!("$[?{function} > {most}]"), "not exists");
    }
}

fn elements(list: &[Matcher], path: &str, told: &Told<'_>, answer: &mut Answer) {
    for element in list {
        match condition(element, "@", told) {
            Some(condition) => answer.json(&format!("{path}[?{condition}]"), "exists"),
            None => answer.unsaid(&format!("that {path} has {}", element.describe(&Scope::default()))),
        }
    }
    if list.len() > 1 {
        answer.unsaid("that no element stands for two of these");
    }
}

/// A condition that `!` stands before: what has no brackets of its own, and is no function, gets some.
fn grouped(condition: String) -> String {
    if condition.starts_with('(') && condition.ends_with(')') || !condition.contains(' ') {
        return condition;
    }
    format!("({condition})")
}

/// Whatever it is, it is there.
fn unsaid(matcher: &Matcher, path: &str, answer: &mut Answer) {
    answer.json(path, "exists");
    answer.unsaid(&format!("that {path} is {}", matcher.describe(&Scope::default())));
}
