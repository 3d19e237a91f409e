//! Expects types and members in the place of values: for reference documents whose data is not that of the reader.

use super::fresh;
use crate::loose::Value;
use conformance_suite::yaml::page::Yaml;

/// Returns the matcher of a value.
pub(super) fn of(value: &Value) -> Yaml {
    let tag = |tag: &str| Yaml::Scalar(tag.to_owned());
    match value {
        Value::Null | Value::Elided => tag("!any"),
        Value::Bool(_) => tag("!boolean"),
        Value::Number(written) if written.contains(['.', 'e', 'E']) => tag("!number"),
        Value::Number(_) => tag("!integer"),
        Value::String(_) => tag("!string"),
        Value::Array(items, _) => each(items),
        Value::Object(members, _) => {
            let member = |name: &str, value: &Value| match value {
                Value::Number(_) if fresh::is_measured(name) => tag("!number"),
                _ => of(value),
            };
            let members = members.iter().map(|(name, value)| (name.clone(), member(name, value)));
            Yaml::tagged("!subset", Yaml::Mapping(members.collect()))
        }
    }
}

/// Returns the matcher of a list: what all of its elements have in common.
fn each(items: &[Value]) -> Yaml {
    let mut shapes = items.iter().map(of);
    let first = shapes.next().unwrap_or_else(|| Yaml::Scalar("!any".to_owned()));
    let common = shapes.try_fold(first, |one, other| in_common(one, &other));
    Yaml::tagged("!each", Yaml::List(vec![common.unwrap_or_else(|| Yaml::Scalar("!any".to_owned()))]))
}

/// Returns what two shapes have in common.
fn in_common(one: Yaml, other: &Yaml) -> Option<Yaml> {
    match (one, other) {
        (one, other) if one == *other => Some(one),
        (Yaml::Tagged(tag, one), Yaml::Tagged(other_tag, other)) if tag == *other_tag => {
            match (*one, &**other) {
                (Yaml::Mapping(one), Yaml::Mapping(other)) => {
                    let shared = one.into_iter().filter_map(|(name, value)| {
                        let (_, other) = other.iter().find(|(own, _)| *own == name)?;
                        Some((
                            name,
                            in_common(value, other).unwrap_or_else(|| Yaml::Scalar("!any".to_owned())),
                        ))
                    });
                    Some(Yaml::tagged(&tag, Yaml::Mapping(shared.collect())))
                }
                (Yaml::List(mut one), Yaml::List(other)) => {
                    let shared = one.pop().zip(other.first()).and_then(|(one, other)| in_common(one, other));
                    let shared = shared.unwrap_or_else(|| Yaml::Scalar("!any".to_owned()));
                    Some(Yaml::tagged(&tag, Yaml::List(vec![shared])))
                }
                _ => None,
            }
        }
        (Yaml::Scalar(one), Yaml::Scalar(other)) => {
            let number = |tag: &str| tag == "!integer" || tag == "!number";
            (number(&one) && number(other)).then(|| Yaml::Scalar("!number".to_owned()))
        }
        _ => None,
    }
}
