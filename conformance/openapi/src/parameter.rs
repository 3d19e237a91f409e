//! Reads the values of parameters, header fields and forms as JSON, as far as their schemas say how (OpenAPI 3.1, section 4.8.12).

use std::collections::BTreeMap;

use conformance_suite::json::{Json, read};
use percent_encoding::percent_decode_str;

use crate::model::{Parameter, Schema};
use crate::read::Cursor;
use crate::shape::{items, property, types};

/// A value of a parameter.
#[derive(Debug)]
pub(crate) enum Found {
    /// The request has no such parameter.
    Missing,
    /// The style or the schema does not say how to read it.
    Unknown,
    /// Its value.
    Value(Json),
}

/// Returns the value of a parameter of the path, which is still percent-encoded.
pub(crate) fn in_path(parameter: &Parameter, raw: &str) -> Found {
    let raw = match parameter.style.as_str() {
        "simple" => raw,
        "label" => raw.strip_prefix('.').unwrap_or(raw),
        _ => return Found::Unknown,
    };
    simple(parameter, &percent_decode_str(raw).decode_utf8_lossy(), ',')
}

/// Returns the value of a header field or a cookie; `written` is none if the message has none.
pub(crate) fn in_field(parameter: &Parameter, written: Option<&str>) -> Found {
    match written {
        None => Found::Missing,
        Some(written) => simple(parameter, written, ','),
    }
}

/// Returns the value of a query parameter.
pub(crate) fn in_query(parameter: &Parameter, pairs: &[(String, String)]) -> Found {
    let own: Vec<&str> =
        pairs.iter().filter(|(name, _)| *name == parameter.name).map(|(_, value)| value.as_str()).collect();
    let Some(schema) = parameter.schema.as_ref().and_then(Schema::cursor) else {
        return if own.is_empty() { Found::Missing } else { Found::Unknown };
    };
    let types = types(&schema);
    if types.contains("object") && !parameter.is_json {
        return match parameter.style.as_str() {
            "deepObject" => deep(parameter, &schema, pairs),
            // The members are parameters of their own.
            _ => Found::Unknown,
        };
    }
    let Some(first) = own.first() else {
        // `name[]=…` is a habit of some frameworks, which descriptions write as `name`.
        let bracketed = format!("{}[", parameter.name);
        let is_there = pairs.iter().any(|(name, _)| name.starts_with(&bracketed));
        return if is_there { Found::Unknown } else { Found::Missing };
    };
    if parameter.is_json || !types.contains("array") {
        return simple(parameter, first, ',');
    }
    let separator = match (parameter.style.as_str(), parameter.explode) {
        (_, true) => {
            let below = items(&schema);
            return Found::Value(Json::Array(own.iter().map(|item| typed(item, below.first())).collect()));
        }
        ("form", false) => ',',
        ("spaceDelimited", false) => ' ',
        ("pipeDelimited", false) => '|',
        _ => return Found::Unknown,
    };
    simple(parameter, first, separator)
}

fn deep(parameter: &Parameter, schema: &Cursor<'_>, pairs: &[(String, String)]) -> Found {
    let mut members = BTreeMap::new();
    for (name, value) in pairs {
        let inner = name.strip_prefix(parameter.name.as_str()).and_then(|rest| rest.strip_prefix('['));
        let Some(inner) = inner.and_then(|rest| rest.strip_suffix(']')) else { continue };
        if inner.is_empty() || inner.contains(['[', ']']) {
            return Found::Unknown;
        }
        members.insert(inner.to_owned(), typed(value, property(schema, inner).first()));
    }
    if members.is_empty() { Found::Missing } else { Found::Value(Json::Object(members)) }
}

/// Reads a value of style `simple`, or of another style with one separator.
fn simple(parameter: &Parameter, written: &str, separator: char) -> Found {
    if parameter.is_json {
        return read(written.as_bytes()).map_or_else(|_| Found::Value(Json::from(written)), Found::Value);
    }
    let Some(schema) = parameter.schema.as_ref().and_then(Schema::cursor) else { return Found::Unknown };
    let types = types(&schema);
    if types.contains("object") {
        return Found::Unknown;
    }
    if types.contains("array") {
        let below = items(&schema);
        let parts = written.split(separator).map(str::trim).filter(|_| !written.is_empty());
        return Found::Value(Json::Array(parts.map(|item| typed(item, below.first())).collect()));
    }
    Found::Value(typed(written, Some(&schema)))
}

/// Reads a form as an object.
pub(crate) fn form(body: &[u8], schema: &Schema) -> Option<Json> {
    let schema = schema.cursor()?;
    let mut members: BTreeMap<String, Json> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        let below = property(&schema, &name);
        let is_list = below.first().is_some_and(|one| types(one).contains("array"));
        if below.first().is_some_and(|one| types(one).contains("object")) {
            return None;
        }
        let item = if is_list { below.iter().flat_map(items).next() } else { below.into_iter().next() };
        let value = typed(&value, item.as_ref());
        match members.get_mut(name.as_ref()) {
            Some(Json::Array(values)) if is_list => values.push(value),
            _ if is_list => _ = members.insert(name.into_owned(), Json::Array(vec![value])),
            Some(_) => return None,
            None => _ = members.insert(name.into_owned(), value),
        }
    }
    Some(Json::Object(members))
}

/// Reads a text as the type that its schema wants; as a string if that fails.
fn typed(written: &str, schema: Option<&Cursor<'_>>) -> Json {
    let Some(schema) = schema else { return Json::from(written) };
    let types = types(schema);
    if types.contains("string") {
        return Json::from(written);
    }
    let is_wanted = |value: &Json| match value {
        Json::Number(_) => types.is_empty() || types.contains("integer") || types.contains("number"),
        Json::Bool(_) => types.is_empty() || types.contains("boolean"),
        Json::Null => types.contains("null"),
        _ => false,
    };
    read(written.as_bytes()).ok().filter(is_wanted).unwrap_or_else(|| Json::from(written))
}
