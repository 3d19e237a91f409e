//! Makes values from schemas: an example of a value, and an outline of what to expect.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::model::Schema;
use crate::read::Cursor;
use crate::shape::{items, parts, property, types};

/// What a schema says about a value, to a small depth.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outline {
    /// The allowed types; empty if all are allowed.
    pub types: Vec<String>,
    /// The format of a string.
    pub format: Option<String>,
    /// The allowed values; empty if they are not listed.
    pub values: Vec<Value>,
    /// The required members of an object.
    pub members: BTreeMap<String, Outline>,
    /// The items of a list.
    pub item: Option<Box<Outline>>,
}

/// Maximum depth of an example.
const DEEPEST: usize = 8;
/// Maximum depth of an outline.
const OUTLINE_DEEPEST: usize = 2;

/// Returns an example of a value; none if the schema cannot be read.
#[must_use]
pub fn example(schema: &Schema) -> Option<Value> {
    Some(sample(&schema.cursor()?, 0))
}

/// Returns an outline of the values.
#[must_use]
pub fn outline(schema: &Schema) -> Option<Outline> {
    Some(sketch(&schema.cursor()?, 0))
}

/// Whether a schema names a value: an example, a default, a constant or a list of values.
#[must_use]
pub fn says_value(schema: &Schema) -> bool {
    let names = ["example", "examples", "default", "const", "enum"];
    let says = |part: &Cursor<'_>| names.iter().find_map(|name| part.value.get(*name).cloned());
    schema.cursor().is_some_and(|schema| first(&schema, says).is_some())
}

/// Whether a schema describes a member of an object.
#[must_use]
pub fn has_member(schema: &Schema, name: &str) -> bool {
    schema.cursor().is_some_and(|schema| !property(&schema, name).is_empty())
}

/// Returns the first value of a keyword in a schema and the parts that always apply to it.
fn first(schema: &Cursor<'_>, found: impl Fn(&Cursor<'_>) -> Option<Value>) -> Option<Value> {
    let mut value = None;
    always(schema, &mut |part| {
        if value.is_none() {
            value = found(part);
        }
    });
    value
}

/// Calls `found` for a schema, and for what it refers to and combines with `allOf`; once for each schema.
fn always<'d>(schema: &Cursor<'d>, found: &mut dyn FnMut(&Cursor<'d>)) {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(schema.clone(), 0)];
    while let Some((schema, depth)) = waiting.pop() {
        if depth > DEEPEST || !seen.insert((schema.uri.clone(), schema.pointer.clone())) {
            continue;
        }
        found(&schema);
        let parts = schema.get("allOf").map(|all| all.items()).unwrap_or_default();
        waiting.extend(parts.into_iter().rev().map(|part| (part, depth + 1)));
        if schema.text("$ref").is_some()
            && let Ok(target) = schema.resolved()
        {
            waiting.push((target, depth + 1));
        }
    }
}

fn listed(part: &Cursor<'_>) -> Option<Value> {
    let constant = part.value.get("const").cloned();
    constant.or_else(|| part.value.get("enum")?.as_array()?.iter().find(|one| !one.is_null()).cloned())
}

fn sample(schema: &Cursor<'_>, depth: usize) -> Value {
    let example = |part: &Cursor<'_>| {
        let examples = part.value.get("examples").and_then(Value::as_array);
        let own = part.value.get("example").or_else(|| examples.and_then(|all| all.first()));
        own.or_else(|| part.value.get("default")).filter(|own| !own.is_null()).cloned()
    };
    if let Some(value) = first(schema, example).or_else(|| first(schema, listed)) {
        return value;
    }
    if depth >= DEEPEST {
        return Value::Null;
    }
    // One alternative is enough.
    let mut alternative = None;
    always(schema, &mut |part| {
        for combined in ["oneOf", "anyOf"] {
            let all = part.get(combined).map(|all| all.items()).unwrap_or_default();
            let chosen = all.iter().find(|one| one.text("type") != Some("null"));
            alternative = alternative.take().or_else(|| chosen.cloned());
        }
    });
    let mut members = Map::new();
    let mut has_members = false;
    let mut required: Vec<String> = Vec::new();
    always(schema, &mut |part| {
        has_members |= part.value.get("properties").is_some();
        let names = part.value.get("required").and_then(Value::as_array).into_iter().flatten();
        required.extend(names.filter_map(Value::as_str).map(str::to_owned));
    });
    for name in required {
        let value = property(schema, &name).first().map_or(json!("text"), |one| sample(one, depth + 1));
        members.insert(name, value);
    }
    if let Some(alternative) = alternative {
        return match sample(&alternative, depth + 1) {
            Value::Object(more) => {
                members.extend(more);
                Value::Object(members)
            }
            other if members.is_empty() => other,
            _ => Value::Object(members),
        };
    }
    let types = types(schema);
    let number =
        |name: &str| first(schema, |part| part.value.get(name).filter(|value| value.is_number()).cloned());
    if has_members || types.contains("object") || !members.is_empty() {
        return Value::Object(members);
    }
    if types.contains("string") || types.is_empty() {
        return Value::String(string(schema));
    }
    if types.contains("integer") || types.contains("number") {
        return number("minimum").or_else(|| number("maximum")).unwrap_or(json!(1));
    }
    if types.contains("boolean") {
        return Value::Bool(true);
    }
    if types.contains("array") {
        return Value::Array(items(schema).first().map(|item| sample(item, depth + 1)).into_iter().collect());
    }
    Value::Null
}

/// Maximum length of a made-up text.
const LONGEST: u64 = 1000;

fn string(schema: &Cursor<'_>) -> String {
    let format = first(schema, |part| part.value.get("format").cloned());
    let least = first(schema, |part| part.value.get("minLength").cloned()).and_then(|value| value.as_u64());
    let most = first(schema, |part| part.value.get("maxLength").cloned()).and_then(|value| value.as_u64());
    let text = match format.as_ref().and_then(Value::as_str) {
        Some("date-time") => "2024-02-29T12:34:56Z",
        Some("date") => "2024-02-29",
        Some("time") => "12:34:56Z",
        Some("uuid") => "6b1c2d3e-4f50-4a61-8b72-9c83ad94be05",
        Some("email") => "ada@example.com",
        Some("uri" | "url") => "https://example.com/",
        Some("hostname") => "example.com",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("byte") => "dGV4dA==",
        _ => "text",
    };
    let mut text = text.to_owned();
    while (text.len() as u64) < least.unwrap_or_default().min(LONGEST) {
        text.push('x');
    }
    if let Some(most) = most.filter(|_| format.is_none()) {
        text.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    }
    text
}

fn sketch(schema: &Cursor<'_>, depth: usize) -> Outline {
    let mut outline = Outline { types: types(schema).into_iter().collect(), ..Outline::default() };
    outline.format = first(schema, |part| part.value.get("format").cloned())
        .and_then(|value| value.as_str().map(str::to_owned));
    let mut listed = None;
    always(schema, &mut |part| {
        if let Some(value) = part.value.get("const") {
            listed = Some(vec![value.clone()]);
        } else if let Some(Value::Array(values)) = part.value.get("enum") {
            listed = Some(values.clone());
        }
    });
    outline.values = listed.unwrap_or_default();
    if depth >= OUTLINE_DEEPEST {
        return outline;
    }
    let mut required: Vec<String> = Vec::new();
    always(schema, &mut |part| {
        let names = part.value.get("required").and_then(Value::as_array).into_iter().flatten();
        required.extend(names.filter_map(Value::as_str).map(str::to_owned));
    });
    for name in required {
        let below = property(schema, &name);
        // Several schemas for one member: only that the member is there is certain.
        let member = match below.as_slice() {
            [one] => sketch(one, depth + 1),
            _ => Outline::default(),
        };
        outline.members.insert(name, member);
    }
    let mut has_alternatives = false;
    parts(schema, &mut |part| {
        has_alternatives |= part.value.get("oneOf").is_some() || part.value.get("anyOf").is_some();
    });
    if has_alternatives {
        // What an alternative says applies only to some values.
        outline.format = None;
    }
    outline.item = items(schema).first().map(|item| Box::new(sketch(item, depth + 1)));
    outline
}
