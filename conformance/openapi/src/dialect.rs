//! Rewrites the schemas of a description as JSON Schema 2020-12, for one direction of the traffic.
//!
//! OpenAPI 3.0 has a dialect of its own: `nullable`, boolean `exclusiveMinimum`, and `$ref` without siblings. In every version a member
//! that is `readOnly` is not required in requests, and one that is `writeOnly` is not required in responses.

use serde_json::{Map, Value, json};

/// The direction of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// A request.
    Request,
    /// A response.
    Response,
}

/// Returns a document with its schemas rewritten. `is_3_0` says whether the description is of OpenAPI 3.0.
pub(crate) fn rewritten(document: &Value, is_3_0: bool, direction: Direction) -> Value {
    let mut document = document.clone();
    Rewriter { is_3_0, direction }.value(&mut document);
    document
}

struct Rewriter {
    is_3_0: bool,
    direction: Direction,
}

impl Rewriter {
    fn value(&self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                self.object(members);
                for (name, value) in members.iter_mut() {
                    match (name.as_str(), value) {
                        // Names of members, header fields and statuses (`default`), not keywords.
                        (
                            "properties" | "patternProperties" | "schemas" | "$defs" | "definitions"
                            | "headers" | "responses",
                            Value::Object(named),
                        ) => {
                            named.values_mut().for_each(|schema| self.value(schema));
                        }
                        // Data, not schemas.
                        ("example" | "examples" | "default" | "enum" | "const", _) => {}
                        (name, value) if !name.starts_with("x-") => self.value(value),
                        _ => {}
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            _ => {}
        }
    }

    fn object(&self, schema: &mut Map<String, Value>) {
        // The vocabulary of OpenAPI 3.1 adds no assertion to JSON Schema 2020-12.
        if schema.get("$schema").and_then(Value::as_str).is_some_and(|uri| uri.contains("spec.openapis.org"))
        {
            schema.remove("$schema");
        }
        self.loosen(schema);
        bound(schema);
        if self.is_3_0 {
            if schema.get("$ref").is_some_and(Value::is_string) && !is_path_item(schema) {
                schema.retain(|name, _| name == "$ref" || name == "nullable");
            }
            for (flag, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
                match schema.get(flag) {
                    Some(Value::Bool(true)) => match schema.remove(limit) {
                        Some(value) => _ = schema.insert(flag.to_owned(), value),
                        None => _ = schema.remove(flag),
                    },
                    Some(Value::Bool(false)) => _ = schema.remove(flag),
                    _ => {}
                }
            }
            if schema.get("nullable") == Some(&Value::Bool(true)) {
                nullable(schema);
            }
        }
    }

    /// Drops the members that the other direction requires from `required`.
    fn loosen(&self, schema: &mut Map<String, Value>) {
        let other = match self.direction {
            Direction::Request => "readOnly",
            Direction::Response => "writeOnly",
        };
        let Some(Value::Object(properties)) = schema.get("properties") else { return };
        let absent: Vec<String> = (properties.iter())
            .filter(|(_, schema)| schema.get(other) == Some(&Value::Bool(true)))
            .map(|(name, _)| name.clone())
            .collect();
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|name| !absent.iter().any(|absent| name == absent));
        }
    }
}

/// Makes a schema of OpenAPI 3.0 accept null. Descriptions use `nullable` next to `allOf` and `$ref` too, where the text of
/// OpenAPI 3.0.3 gives it no meaning; what they mean is plain.
fn nullable(schema: &mut Map<String, Value>) {
    schema.remove("nullable");
    let is_plain = ["$ref", "allOf", "anyOf", "oneOf", "not"].iter().all(|name| !schema.contains_key(*name));
    match schema.get("type").cloned() {
        Some(Value::String(name)) if is_plain => {
            schema.insert("type".to_owned(), json!([name, "null"]));
            if let Some(Value::Array(values)) = schema.get_mut("enum")
                && !values.contains(&Value::Null)
            {
                values.push(Value::Null);
            }
        }
        _ => {
            let other = Value::Object(std::mem::take(schema));
            schema.insert("anyOf".to_owned(), json!([other, { "type": "null" }]));
        }
    }
}

/// Adds the limits of the formats `int32` and `int64`.
fn bound(schema: &mut Map<String, Value>) {
    let is_number = |name: &Value| name == "integer" || name == "number";
    let is_number = match schema.get("type") {
        Some(Value::Array(names)) => names.iter().any(is_number),
        Some(name) => is_number(name),
        None => false,
    };
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") if is_number => (json!(i32::MIN), json!(i32::MAX)),
        Some("int64") if is_number => (json!(i64::MIN), json!(i64::MAX)),
        _ => return,
    };
    for (limit, exclusive, value) in
        [("minimum", "exclusiveMinimum", least), ("maximum", "exclusiveMaximum", most)]
    {
        if !schema.contains_key(limit) && !schema.contains_key(exclusive) {
            schema.insert(limit.to_owned(), value);
        }
    }
}

fn is_path_item(object: &Map<String, Value>) -> bool {
    crate::read::METHODS.iter().any(|method| object.contains_key(*method))
}
