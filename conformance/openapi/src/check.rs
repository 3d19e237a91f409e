//! Checks one exchange against a description. Pure: no clock, no network, no printing.

use std::collections::BTreeMap;

use conformance_suite::json::{self, Json};
use conformance_suite::request::Prepared;
use conformance_suite::response::Response;
use conformance_suite::source::Place;
use conformance_suite::visible;

use crate::description::Description;
use crate::media::{closeness, essence, is_form, is_json};
use crate::model::{Location, Media, Operation, Parameter, Reply, Schema, Scheme, Within};
use crate::parameter::{Found, form, in_field, in_path, in_query};
use crate::shape::unmentioned;

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    /// The operation, as an index in [`Description::operations`]; none if the description has none for the request.
    pub operation: Option<usize>,
    /// The violations.
    pub violations: Vec<Violation>,
    /// Schemas that cannot be used, with the reasons, one sentence each.
    pub remarks: Vec<String>,
}

/// A difference between an exchange and the description.
#[derive(Debug, Clone)]
pub struct Violation {
    /// What was checked: `operation`, `parameter`, `request body`, `security`, `status`, `content type`, `header` or `body`.
    pub rule: &'static str,
    /// The place in the description.
    pub place: Place,
    /// What is wrong.
    pub label: String,
    /// JSON Pointer to the part of the body, if it concerns a part.
    pub pointer: Option<String>,
    /// Expected value.
    pub expected: String,
    /// Received value.
    pub received: String,
}

/// Maximum length of a value in a message.
const MOST_SHOWN: usize = 300;

impl Description {
    /// Checks a request and its response. `is_wrong_on_purpose` says whether the sender expects the request to be refused; such a
    /// request is not checked.
    #[must_use]
    pub fn check(
        &self,
        request: &Prepared,
        response: &Response,
        is_wrong_on_purpose: impl FnOnce() -> bool,
    ) -> Checked {
        let mut check = Check { description: self, checked: Checked::default() };
        // What raw bytes mean is up to the target.
        if request.raw.is_none() {
            check.exchange(request, response, is_wrong_on_purpose);
        }
        check.checked
    }
}

struct Check<'d> {
    description: &'d Description,
    checked: Checked,
}

impl<'d> Check<'d> {
    fn exchange(
        &mut self,
        request: &Prepared,
        response: &Response,
        is_wrong_on_purpose: impl FnOnce() -> bool,
    ) {
        let target = request.target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let found = self.description.find(&request.method, path);
        // A server answers HEAD like GET (RFC 9110, section 9.3.2).
        let found = match found {
            Err(_) if request.method == "HEAD" => self.description.find("GET", path),
            found => found,
        };
        let (index, values) = match found {
            Ok(found) => found,
            // Frameworks answer OPTIONS by themselves.
            Err(_) if request.method == "OPTIONS" || !(200..300).contains(&response.status) => return,
            Err(path_exists) => {
                let name = format!("{} {}", request.method, path);
                let label = format!(
                    "the description has no operation {name}, but the target returned {}",
                    response.status
                );
                let expected = if path_exists { "a documented method" } else { "a documented path" };
                let location = self.description.root().member("paths");
                return self.add("operation", &location, label, None, expected, &name);
            }
        };
        self.checked.operation = Some(index);
        let Some(operation) = self.description.operations.get(index) else { return };
        let before = self.checked.violations.len();
        self.request(operation, request, query, &values, response.status);
        if self.checked.violations.len() > before && is_wrong_on_purpose() {
            self.checked.violations.truncate(before);
        }
        self.response(operation, request, response);
    }

    fn add(
        &mut self,
        rule: &'static str,
        location: &Location,
        label: impl Into<String>,
        pointer: Option<String>,
        expected: &str,
        received: &str,
    ) {
        self.checked.violations.push(Violation {
            rule,
            place: self.description.place(location),
            label: visible::text(&label.into()),
            pointer,
            expected: visible::text(expected),
            received: visible::cut(&visible::text(received), MOST_SHOWN).into_owned(),
        });
    }

    fn request(
        &mut self,
        operation: &'d Operation,
        request: &Prepared,
        query: &str,
        path: &BTreeMap<String, String>,
        status: u16,
    ) {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let cookies = cookies(request);
        for parameter in &operation.parameters {
            let found = match parameter.within {
                Within::Path => match path.get(&parameter.name) {
                    Some(raw) => in_path(parameter, raw),
                    None => Found::Unknown,
                },
                Within::Query => in_query(parameter, &pairs),
                Within::Header => in_field(parameter, field(request, &parameter.name)),
                Within::Cookie => {
                    let own = cookies.iter().find(|(name, _)| *name == parameter.name);
                    in_field(parameter, own.map(|(_, value)| *value))
                }
            };
            let what = described(parameter);
            match found {
                Found::Missing if parameter.required => {
                    let label = format!("the request has no {what}, which is required");
                    self.add("parameter", &parameter.location, label, None, &format!("the {what}"), "none");
                }
                Found::Unknown | Found::Missing => {}
                Found::Value(value) => {
                    self.value("parameter", &format!("the {what} of the request"), parameter, &value);
                }
            }
        }
        if self.description.strict {
            self.unknown_parameters(operation, &pairs);
        }
        self.request_body(operation, request);
        self.security(operation, request, &pairs, &cookies, status);
    }

    fn unknown_parameters(&mut self, operation: &'d Operation, pairs: &[(String, String)]) {
        let is_loose =
            |one: &&Parameter| one.within == Within::Query && one.style == "form" && one.schema.is_none();
        if operation.parameters.iter().any(|one| is_loose(&one)) {
            return;
        }
        let is_key = |name: &str| {
            let schemes = operation.security.iter().flatten();
            schemes.into_iter().any(|(_, scheme)| *scheme == Scheme::Key(Within::Query, name.to_owned()))
        };
        for (name, value) in pairs {
            let own = name.split('[').next().unwrap_or_default();
            let is_known = operation.parameters.iter().any(|one| {
                one.within == Within::Query && (one.name == *name || one.name.split('[').next() == Some(own))
            });
            if !is_known && !is_key(name) {
                let label = format!("the request has the query parameter `{name}`, which is not described");
                self.add("parameter", &operation.location, label, None, "a described parameter", value);
            }
        }
    }

    /// Checks the value of a parameter or a header field.
    fn value(&mut self, rule: &'static str, what: &str, parameter: &'d Parameter, value: &Json) {
        let Some(schema) = &parameter.schema else { return };
        self.schema(rule, schema, value, |pointer, why| {
            let at = if pointer.is_empty() { String::new() } else { format!(" at {pointer}") };
            format!("{what} violates its schema{at}: {why}")
        });
    }

    /// Adds a violation for each fault.
    fn schema(
        &mut self,
        rule: &'static str,
        schema: &'d Schema,
        value: &Json,
        label: impl Fn(&str, &str) -> String,
    ) {
        let compiled = match schema.compiled() {
            Ok(compiled) => compiled,
            Err(why) => {
                let place = self.description.place(&schema.location);
                self.checked
                    .remarks
                    .push(visible::text(&format!("the schema at {place} cannot be used: {why}")));
                return;
            }
        };
        for fault in compiled.faults(value) {
            let location = fault.keyword.as_deref().map_or_else(|| schema.location.clone(), Location::of_uri);
            let pointer = visible::text(&fault.pointer);
            let label = label(&pointer, &fault.why);
            // Only a pointer into a body is of use to readers.
            let pointer = rule.ends_with("body").then_some(pointer);
            self.add(rule, &location, label, pointer, "a value that matches the schema", &fault.why);
        }
    }

    fn request_body(&mut self, operation: &'d Operation, request: &Prepared) {
        let bytes = request.body.as_deref().unwrap_or_default();
        let Some(body) = &operation.body else { return };
        if bytes.is_empty() {
            if body.required {
                let label = "the request has no body, which is required".to_owned();
                self.add("request body", &body.location, label, None, "a body", "none");
            }
            return;
        }
        let content_type = field(request, "content-type").unwrap_or_default();
        let Some(media) = best(&body.content, content_type) else {
            let label = format!("the request body is `{content_type}`, which is not described");
            return self.add(
                "request body",
                &body.location,
                label,
                None,
                &names(&body.content),
                content_type,
            );
        };
        let Some(schema) = &media.schema else { return };
        let essence = essence(content_type);
        let value = if is_json(&essence) {
            match json::read(bytes) {
                Ok(value) => value,
                Err(why) => {
                    let label = format!("the request body is not JSON: {why}");
                    let received = String::from_utf8_lossy(bytes);
                    return self.add("request body", &media.location, label, None, "JSON", &received);
                }
            }
        } else if is_form(&essence) {
            match form(bytes, schema) {
                Some(value) => value,
                None => return,
            }
        } else {
            return;
        };
        self.body("request body", schema, &value);
    }

    /// Checks a body that is a JSON value.
    fn body(&mut self, rule: &'static str, schema: &'d Schema, value: &Json) {
        let whole = if rule == "body" { "the body" } else { "the request body" };
        self.schema(rule, schema, value, |pointer, why| {
            if pointer.is_empty() {
                format!("{whole}: {why}")
            } else {
                format!("{whole} at {pointer}: {why}")
            }
        });
        if self.description.strict {
            let Some(cursor) = schema.cursor() else { return };
            let mut found = Vec::new();
            unmentioned(&[cursor], value, "", &mut found);
            for pointer in found {
                let label = format!("{whole} has the member {pointer}, which is not described");
                let pointer = Some(visible::text(&pointer));
                self.add(rule, &schema.location, label, pointer, "described members", "another member");
            }
        }
    }

    fn security(
        &mut self,
        operation: &'d Operation,
        request: &Prepared,
        pairs: &[(String, String)],
        cookies: &[(&str, &str)],
        status: u16,
    ) {
        let has = |scheme: &Scheme| match scheme {
            Scheme::Key(Within::Query, name) => pairs.iter().any(|(own, _)| own == name),
            Scheme::Key(Within::Cookie, name) => cookies.iter().any(|(own, _)| own == name),
            Scheme::Key(_, name) => field(request, name).is_some(),
            Scheme::Http(name) => field(request, "authorization").is_some_and(|value| {
                value.split(' ').next().is_some_and(|own| own.eq_ignore_ascii_case(name))
            }),
            Scheme::Token => field(request, "authorization").is_some(),
            Scheme::Other => true,
        };
        let satisfied = |schemes: &Vec<(String, Scheme)>| schemes.iter().all(|(_, scheme)| has(scheme));
        if operation.security.is_empty() || operation.security.iter().any(satisfied) {
            return;
        }
        let alternatives: Vec<String> = (operation.security.iter())
            .map(|schemes| schemes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" and "))
            .collect();
        let wanted = alternatives.join(" or ");
        let label = format!("the request has no credentials of {wanted}, and the target returned {status}");
        let expected = format!("credentials of {wanted}, or a refusal");
        self.add("security", &operation.location.member("security"), label, None, &expected, "none");
    }

    fn response(&mut self, operation: &'d Operation, request: &Prepared, response: &Response) {
        let Some(reply) = operation.reply(response.status) else {
            let documented: Vec<&str> = operation.replies.iter().map(|reply| reply.status.as_str()).collect();
            let label = format!("the status {} is not described for {}", response.status, operation.name());
            let location = operation.location.member("responses");
            return self.add(
                "status",
                &location,
                label,
                None,
                &documented.join(" or "),
                &response.status.to_string(),
            );
        };
        for header in &reply.headers {
            // Another keyword describes it.
            if header.name.eq_ignore_ascii_case("content-type") {
                continue;
            }
            let values: Vec<&str> = response.header_values(&header.name).collect();
            // Each cookie has a field of its own (RFC 6265, section 3).
            let joined = if header.name.eq_ignore_ascii_case("set-cookie") {
                values.first().map(|value| (*value).to_owned())
            } else {
                (!values.is_empty()).then(|| values.join(", "))
            };
            match in_field(header, joined.as_deref()) {
                Found::Missing if header.required => {
                    let label = format!("the response has no `{}`, which is required", header.name);
                    self.add(
                        "header",
                        &header.location,
                        label,
                        None,
                        &format!("the field `{}`", header.name),
                        "none",
                    );
                }
                Found::Value(value) => {
                    self.value(
                        "header",
                        &format!("the field `{}` of the response", header.name),
                        header,
                        &value,
                    );
                }
                Found::Missing | Found::Unknown => {}
            }
        }
        if self.description.strict {
            self.unknown_fields(reply, response);
        }
        if request.method != "HEAD" && !response.cut {
            self.response_body(reply, response);
        }
    }

    fn unknown_fields(&mut self, reply: &'d Reply, response: &Response) {
        for (name, value) in &response.headers {
            let is_described = reply.headers.iter().any(|own| own.name.eq_ignore_ascii_case(name));
            if !is_described && !is_standard(name) {
                let label = format!("the response has the field `{name}`, which is not described");
                self.add("header", &reply.location, label, None, "described fields", value);
            }
        }
    }

    fn response_body(&mut self, reply: &'d Reply, response: &Response) {
        if reply.content.is_empty() {
            if self.description.strict && !response.body.is_empty() {
                let label = format!("the response has a body, which is not described for {}", reply.status);
                self.add("body", &reply.location, label, None, "no body", &response.text());
            }
            return;
        }
        if matches!(response.status, 204 | 205 | 304) {
            return;
        }
        if response.body.is_empty() {
            let label = "the body is empty".to_owned();
            return self.add("body", &reply.location, label, None, &names(&reply.content), "an empty body");
        }
        let location = reply.location.member("content");
        let Some(content_type) = response.header("content-type") else {
            let label = "the response has no `Content-Type`".to_owned();
            return self.add("content type", &location, label, None, &names(&reply.content), "none");
        };
        let Some(media) = best(&reply.content, content_type) else {
            let label = format!("the content type `{content_type}` is not described for {}", reply.status);
            return self.add("content type", &location, label, None, &names(&reply.content), content_type);
        };
        let Some(schema) = &media.schema else { return };
        if is_json(&essence(content_type)) {
            match response.json() {
                Ok(value) => self.body("body", schema, &value),
                Err(why) => {
                    let label = format!("the body is not JSON: {why}");
                    self.add("body", &media.location, label, None, "JSON", &response.text());
                }
            }
        } else if essence(content_type).starts_with("text/")
            && let Ok(text) = response.decoded_text()
        {
            self.body("body", schema, &Json::from(text.as_ref()));
        }
    }
}

fn described(parameter: &Parameter) -> String {
    let name = &parameter.name;
    match parameter.within {
        Within::Path => format!("path parameter `{name}`"),
        Within::Query => format!("query parameter `{name}`"),
        Within::Header => format!("field `{name}`"),
        Within::Cookie => format!("cookie `{name}`"),
    }
}

fn names(content: &[Media]) -> String {
    content.iter().map(|media| media.name.as_str()).collect::<Vec<_>>().join(" or ")
}

/// Returns the media type that describes a message best.
pub(crate) fn best<'m>(content: &'m [Media], content_type: &str) -> Option<&'m Media> {
    let essence = essence(content_type);
    let ranked = content.iter().filter_map(|media| Some((closeness(&media.name, &essence)?, media)));
    ranked.max_by_key(|(closeness, _)| *closeness).map(|(_, media)| media)
}

fn field<'r>(request: &'r Prepared, name: &str) -> Option<&'r str> {
    request.headers.iter().find(|header| header.is(name)).map(|header| header.value.as_str())
}

fn cookies(request: &Prepared) -> Vec<(&str, &str)> {
    let fields = request.headers.iter().filter(|header| header.is("cookie"));
    let pairs = fields.flat_map(|header| header.value.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).collect()
}

/// Whether a field of a response belongs to HTTP itself, or is added by frameworks and proxies.
fn is_standard(name: &str) -> bool {
    const NAMES: [&str; 29] = [
        "accept-ranges",
        "age",
        "allow",
        "alt-svc",
        "cache-control",
        "connection",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-range",
        "content-type",
        "date",
        "etag",
        "expires",
        "keep-alive",
        "last-modified",
        "location",
        "pragma",
        "retry-after",
        "server",
        "set-cookie",
        "strict-transport-security",
        "transfer-encoding",
        "vary",
        "via",
        "www-authenticate",
        "x-powered-by",
    ];
    NAMES.iter().any(|own| own.eq_ignore_ascii_case(name))
        || name.to_ascii_lowercase().starts_with("access-control-")
}
