//! Writes the requests of an operation.

use std::collections::BTreeMap;

use conformance_openapi::sample::example;
use conformance_openapi::{Media, Operation, Parameter, Scheme, Within};
use conformance_suite::yaml::page::Yaml;
use serde_json::Value;

use super::super::slug;
use super::is_sent;

/// The variables for the credentials of security schemes: names and environment variables.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    variables: BTreeMap<String, String>,
}

/// What a request needs to be accepted.
#[derive(Debug, Default)]
pub(super) struct Granted {
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
    /// The variables `…_user` and `…_password`.
    basic: Option<String>,
}

impl Credentials {
    /// Returns the credentials of the first alternative of an operation, and remembers their variables.
    pub(super) fn of(&mut self, operation: &Operation) -> Granted {
        let mut granted = Granted::default();
        if operation.security.iter().any(Vec::is_empty) {
            return granted;
        }
        for (name, scheme) in operation.security.first().into_iter().flatten() {
            let own = variable(name);
            if *scheme == Scheme::Other {
                continue;
            }
            let is_basic = *scheme == Scheme::Http("basic".to_owned());
            let parts = if is_basic {
                vec![format!("{own}_user"), format!("{own}_password")]
            } else {
                vec![own.clone()]
            };
            for name in parts {
                let env = name.to_ascii_uppercase();
                self.variables.insert(name, env);
            }
            let value = format!("${{{own}}}");
            match scheme {
                Scheme::Key(Within::Query, key) => granted.query.push((key.clone(), value)),
                Scheme::Key(Within::Cookie, key) => granted.cookies.push((key.clone(), value)),
                Scheme::Key(_, key) => granted.headers.push((key.clone(), value)),
                Scheme::Http(kind) if kind == "basic" => granted.basic = Some(own),
                Scheme::Http(kind) if kind != "bearer" => {
                    granted.headers.push(("Authorization".to_owned(), format!("{kind} {value}")));
                }
                Scheme::Http(_) | Scheme::Token => {
                    granted.headers.push(("Authorization".to_owned(), format!("Bearer {value}")));
                }
                Scheme::Other => {}
            }
        }
        granted
    }

    /// Returns the names of the variables with those of environment variables.
    pub(super) fn variables(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, env)| (name.as_str(), env.as_str())).collect()
    }
}

/// Returns a text as the name of a variable.
pub(super) fn variable(text: &str) -> String {
    let mut spaced = String::new();
    let mut was_lower = false;
    for one in text.chars() {
        if one.is_ascii_uppercase() && was_lower {
            spaced.push(' ');
        }
        was_lower = one.is_ascii_lowercase() || one.is_ascii_digit();
        spaced.push(one);
    }
    let name = slug(&spaced).replace('-', "_");
    let reserved = [
        "target", "output", "true", "false", "none", "not", "and", "or", "in", "is", "if", "else", "loop",
        "row",
    ];
    if name.starts_with(|first: char| first.is_ascii_digit()) || reserved.contains(&name.as_str()) {
        format!("v_{name}")
    } else {
        name
    }
}

/// The values of the parameters that a request sends, as templates.
#[derive(Debug, Clone)]
pub(super) struct Values {
    values: Vec<(Within, String, String)>,
    path: String,
}

impl Values {
    /// Chooses a value for each parameter: a captured id, an example, or a variable.
    pub(super) fn of(
        operation: &Operation,
        base: Option<&str>,
        captured: &BTreeMap<String, String>,
        variables: &mut BTreeMap<String, String>,
        remarks: &mut Vec<String>,
    ) -> Self {
        let mut values = Vec::new();
        for parameter in operation.parameters.iter().filter(|one| is_sent(one)) {
            let before = format!("{{{}}}", parameter.name);
            let known = operation.path.find(&before).and_then(|at| {
                let whole = operation.path.get(..at + before.len())?;
                captured.get(whole)
            });
            let value = match (known, chosen(parameter)) {
                (Some(name), _) => format!("${{{name}}}"),
                (None, (value, true)) => escaped(&value),
                (None, (value, false)) if parameter.within == Within::Path => {
                    let name = variable(&parameter.name);
                    variables.entry(name.clone()).or_insert(value);
                    format!("${{{name}}}")
                }
                (None, (value, false)) => {
                    remarks.push(format!(
                        "the value of `{}` is made up: the description has no example",
                        parameter.name
                    ));
                    escaped(&value)
                }
            };
            values.push((parameter.within, parameter.name.clone(), value));
        }
        Self { values, path: format!("{}{}", base.unwrap_or(operation.base()), operation.path) }
    }

    /// Returns values that name no resource; none if the path has no parameter.
    pub(super) fn missing(&self, operation: &Operation) -> Option<Self> {
        let last = operation.parameters.iter().rfind(|one| one.within == Within::Path)?;
        let schema = last.schema.as_ref().and_then(example);
        let absent = match schema {
            Some(Value::Number(_)) => "999999999",
            Some(Value::String(text)) if text.len() == 36 && text.matches('-').count() == 4 => {
                "00000000-0000-4000-8000-000000000000"
            }
            _ => "no-such-resource",
        };
        let mut missing = self.clone();
        let own = missing
            .values
            .iter_mut()
            .find(|(within, name, _)| *within == Within::Path && *name == last.name)?;
        absent.clone_into(&mut own.2);
        Some(missing)
    }

    fn path(&self) -> String {
        let mut path = self.path.replace("${", "$${");
        for (within, name, value) in &self.values {
            if *within == Within::Path {
                let value = if value.starts_with("${") {
                    value.clone()
                } else {
                    value.replace('/', "%2F").replace(' ', "%20").replace(['?', '#'], "%3F")
                };
                path = path.replace(&format!("{{{name}}}"), &value);
            }
        }
        path.replace(' ', "%20")
    }

    fn within(&self, wanted: Within) -> Vec<(String, Yaml)> {
        let own = self.values.iter().filter(|(within, ..)| *within == wanted);
        own.map(|(_, name, value)| (name.clone(), template(value))).collect()
    }
}

/// Returns a value for a parameter, and whether the description names it.
fn chosen(parameter: &Parameter) -> (String, bool) {
    let written = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items =
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            items.collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    };
    if let Some(value) = &parameter.example {
        return (written(value), true);
    }
    let made = parameter.schema.as_ref().and_then(example).unwrap_or_else(|| Value::from("text"));
    let says = parameter.schema.as_ref().is_some_and(conformance_openapi::sample::says_value);
    let value = written(&made);
    (if value.is_empty() { "text".to_owned() } else { value }, says)
}

/// Returns a text in which nothing is an expression.
fn escaped(text: &str) -> String {
    text.replace("${", "$${")
}

/// Returns a template as a scalar.
fn template(text: &str) -> Yaml {
    Yaml::Scalar(conformance_suite::yaml::page::quoted(text))
}

/// Returns the bodies of the requests of an operation: the name of the example, the key of the request and its value. The first one
/// is none if the operation has no body.
pub(super) fn bodies(
    operation: &Operation,
    remarks: &mut Vec<String>,
) -> Vec<(String, Option<(String, Yaml)>)> {
    let Some(body) = &operation.body else { return vec![(String::new(), None)] };
    let json = body.content.iter().find(|media| media.name.contains("json"));
    let form = body.content.iter().find(|media| media.name.contains("x-www-form-urlencoded"));
    let Some(media) = json.or(form).or_else(|| body.content.first()) else {
        return vec![(String::new(), None)];
    };
    let key = match (json.is_some(), form.is_some()) {
        (true, _) => "json",
        (false, true) => "form",
        (false, false) if media.name.starts_with("multipart/form-data") => "multipart",
        (false, false) => "body",
    };
    let mut values: Vec<(String, Value)> = media.examples.clone();
    if values.is_empty() {
        let made = media.schema.as_ref().and_then(example).unwrap_or_else(|| Value::from("text"));
        if !media.schema.as_ref().is_some_and(conformance_openapi::sample::says_value) {
            remarks.push("the body is made up from its schema: the description has no example".to_owned());
        }
        values.push((String::new(), made));
    }
    let bodies =
        values.into_iter().take(MOST_EXAMPLES).map(|(name, value)| (name, Some(written(key, media, value))));
    bodies.collect()
}

/// Maximum number of examples of one body that become steps.
const MOST_EXAMPLES: usize = 10;

fn written(key: &str, media: &Media, value: Value) -> (String, Yaml) {
    // An example of a JSON body may be its text.
    let value = match (key, value) {
        ("json", Value::String(text)) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        (_, value) => value,
    };
    match (key, value) {
        ("json", value) => ("json".to_owned(), json(&value)),
        ("form" | "multipart", Value::Object(members)) if key == "form" || !members.is_empty() => {
            let fields = members.iter().map(|(name, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                (name.clone(), template(&escaped(&text)))
            });
            (key.to_owned(), Yaml::Mapping(fields.collect()))
        }
        (_, value) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (format!("body {}", media.name), template(&escaped(&text)))
        }
    }
}

/// Writes a JSON value.
fn json(value: &Value) -> Yaml {
    match value {
        Value::String(text) => template(&escaped(text)),
        Value::Array(items) => Yaml::List(items.iter().map(json).collect()),
        Value::Object(members) => {
            Yaml::Mapping(members.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
        other => Yaml::Scalar(other.to_string()),
    }
}

/// Writes a request as a mapping.
pub(super) fn request(
    operation: &Operation,
    values: &Values,
    body: Option<&(String, Yaml)>,
    granted: Option<&Granted>,
) -> Yaml {
    let none = Granted::default();
    let granted = granted.unwrap_or(&none);
    let mut members = Vec::new();
    if operation.method != "GET" {
        members.push(("method".to_owned(), Yaml::Scalar(operation.method.clone())));
    }
    members.push(("path".to_owned(), template(&values.path())));
    let pair = |(name, value): &(String, String)| (name.clone(), template(value));
    let mut query = values.within(Within::Query);
    query.extend(granted.query.iter().map(pair));
    if !query.is_empty() {
        members.push(("query".to_owned(), Yaml::Mapping(query)));
    }
    let mut headers = values.within(Within::Header);
    headers.extend(granted.headers.iter().map(pair));
    let (key, media_type) = match body {
        Some((key, _)) => key.split_once(' ').map_or((key.as_str(), None), |(key, media)| (key, Some(media))),
        None => ("", None),
    };
    let own = operation
        .body
        .as_ref()
        .and_then(|body| body.content.iter().find(|media| media.name.contains("json")));
    let media_type = match (key, own) {
        ("json", Some(media)) if media.name != "application/json" => Some(media.name.as_str()),
        // A body that is broken on purpose.
        ("body", Some(media)) => media_type.or(Some(media.name.as_str())),
        _ => media_type,
    };
    if let Some(media_type) = media_type.filter(|one| !one.contains('*')) {
        headers.push(("Content-Type".to_owned(), template(media_type)));
    }
    headers.dedup_by(|one, other| one.0.eq_ignore_ascii_case(&other.0));
    if !headers.is_empty() {
        members.push(("headers".to_owned(), Yaml::Mapping(headers)));
    }
    let mut cookies = values.within(Within::Cookie);
    cookies.extend(granted.cookies.iter().map(pair));
    if !cookies.is_empty() {
        members.push(("cookies".to_owned(), Yaml::Mapping(cookies)));
    }
    if let Some(basic) = &granted.basic {
        let part = |name: &str| (name.to_owned(), template(&format!("${{{basic}_{name}}}")));
        members.push(("basic".to_owned(), Yaml::Mapping(vec![part("user"), part("password")])));
    }
    if let Some((_, value)) = body {
        members.push((key.to_owned(), value.clone()));
    }
    Yaml::Mapping(members)
}
