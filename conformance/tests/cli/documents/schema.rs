//! Validates JSON Lines reports against their schema.

use serde_json::Value as Json;

use super::document;

#[test]
fn json_lines_match_the_schema() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/report.json");
    let schema: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut lines = 0;
    for line in document("jsonl").lines() {
        let value = serde_json::from_str(line).unwrap();
        if let Err(wrong) = check(&value, &schema, &schema) {
            panic!("{wrong}\n{line}");
        }
        lines += 1;
    }
    assert!(lines > 10);
}

#[test]
fn schema_check_detects_invalid_lines() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/report.json");
    let schema: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let header = document("jsonl").lines().next().unwrap().to_owned();
    for (from, to) in
        [("\"version\":1", "\"version\":\"1\""), ("\"suite\"", "\"sweet\""), ("\"header\"", "\"headline\"")]
    {
        let value = serde_json::from_str(&header.replace(from, to)).unwrap();
        assert!(check(&value, &schema, &schema).is_err(), "{to}");
    }
}

/// Validates a value against the subset of JSON Schema that the schema uses.
fn check(value: &Json, schema: &Json, root: &Json) -> Result<(), String> {
    let Some(rules) = schema.as_object() else { return Ok(()) };
    for (rule, argument) in rules {
        let holds = match rule.as_str() {
            "$ref" => {
                let pointer = argument.as_str().unwrap().trim_start_matches('#');
                check(value, root.pointer(pointer).unwrap(), root)?;
                true
            }
            "type" => types(argument).iter().any(|name| is_a(value, name)),
            "const" => value == argument,
            "enum" => argument.as_array().unwrap().contains(value),
            "oneOf" | "anyOf" => {
                argument.as_array().unwrap().iter().any(|one| check(value, one, root).is_ok())
            }
            "required" => {
                argument.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "properties" => {
                for (name, property) in argument.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        check(member, property, root).map_err(|wrong| format!("{name}: {wrong}"))?;
                    }
                }
                true
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    check(item, argument, root)?;
                }
                true
            }
            "additionalProperties" if argument.is_object() => {
                let known = schema.get("properties").and_then(Json::as_object);
                for (name, member) in value.as_object().into_iter().flatten() {
                    if known.is_none_or(|known| !known.contains_key(name)) {
                        check(member, argument, root)?;
                    }
                }
                true
            }
            "minimum" => value.as_f64().is_none_or(|number| number >= argument.as_f64().unwrap()),
            _ => true,
        };
        if !holds {
            return Err(format!("{value} against {rule} {argument}"));
        }
    }
    Ok(())
}

fn types(argument: &Json) -> Vec<&str> {
    match argument {
        Json::String(one) => vec![one],
        several => several.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect(),
    }
}

fn is_a(value: &Json, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the schema uses the type {other}"),
    }
}
