//! What a schema says about the types and members of a value, through references and combined schemas.

use std::collections::BTreeSet;

use conformance_suite::json::{Json, escape};
use serde_json::Value;

use crate::read::Cursor;

/// Maximum depth of references and combined schemas.
const DEEPEST: usize = 24;

/// Calls `found` for a schema and each schema that applies to the same value: those that it refers to and combines.
pub(crate) fn parts<'d>(schema: &Cursor<'d>, found: &mut dyn FnMut(&Cursor<'d>)) {
    walk(schema, &mut BTreeSet::new(), 0, found);
}

fn walk<'d>(
    schema: &Cursor<'d>,
    seen: &mut BTreeSet<(String, String)>,
    depth: usize,
    found: &mut dyn FnMut(&Cursor<'d>),
) {
    if depth > DEEPEST || !seen.insert((schema.uri.clone(), schema.pointer.clone())) {
        return;
    }
    if schema.text("$ref").is_some()
        && let Ok(target) = schema.clone().resolved()
    {
        walk(&target, seen, depth + 1, found);
    }
    found(schema);
    for combined in ["allOf", "anyOf", "oneOf"] {
        for part in schema.get(combined).iter().flat_map(Cursor::items) {
            walk(&part, seen, depth + 1, found);
        }
    }
    for branch in ["if", "then", "else"] {
        if let Some(part) = schema.get(branch) {
            walk(&part, seen, depth + 1, found);
        }
    }
}

/// Returns the types that a schema allows; none if it names none.
pub(crate) fn types(schema: &Cursor<'_>) -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    parts(schema, &mut |part| match part.value.get("type") {
        Some(Value::String(name)) => _ = types.insert(name.clone()),
        Some(Value::Array(names)) => {
            types.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        _ => {}
    });
    types
}

/// Returns the schemas of a member.
pub(crate) fn property<'d>(schema: &Cursor<'d>, name: &str) -> Vec<Cursor<'d>> {
    let mut found = Vec::new();
    parts(schema, &mut |part| found.extend(part.get("properties").and_then(|members| members.get(name))));
    found
}

/// Returns the schemas of the items of a list.
pub(crate) fn items<'d>(schema: &Cursor<'d>) -> Vec<Cursor<'d>> {
    let mut found = Vec::new();
    parts(schema, &mut |part| found.extend(part.get("items").filter(|items| items.value.is_object())));
    found
}

/// Returns JSON Pointers of the members that no schema mentions. A schema without members describes any object.
pub(crate) fn unmentioned(schemas: &[Cursor<'_>], value: &Json, pointer: &str, found: &mut Vec<String>) {
    const MOST_FOUND: usize = 20;
    if schemas.is_empty() || found.len() >= MOST_FOUND {
        return;
    }
    match value {
        Json::Object(members) => {
            let (mut is_open, mut is_described) = (false, false);
            for schema in schemas {
                parts(schema, &mut |part| {
                    is_described |= part.value.get("properties").is_some();
                    is_open |= part.value.get("patternProperties").is_some()
                        || part.value.get("additionalProperties").is_some_and(|more| *more != false)
                        || part.value.as_bool() == Some(true);
                });
            }
            for (name, value) in members {
                let below: Vec<_> = schemas.iter().flat_map(|schema| property(schema, name)).collect();
                let pointer = format!("{pointer}/{}", escape(name));
                if !below.is_empty() {
                    unmentioned(&below, value, &pointer, found);
                } else if is_described && !is_open {
                    found.push(pointer);
                }
            }
        }
        Json::Array(values) => {
            let below: Vec<_> = schemas.iter().flat_map(items).collect();
            for (at, value) in values.iter().enumerate() {
                unmentioned(&below, value, &format!("{pointer}/{at}"), found);
            }
        }
        _ => {}
    }
}
