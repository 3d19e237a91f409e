//! Counts which parts of a description a suite uses: operations, parameters, statuses, content types and alternatives of schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use conformance_suite::json::{self, Json};
use conformance_suite::matcher::DocumentSchema;
use conformance_suite::safe::markdown;
use serde::Serialize;

use crate::check::best;
use crate::description::Description;
use crate::media::{essence, is_json};
use crate::model::{Operation, Schema, Within};
use crate::read::{Cursor, uri_of};
use crate::shape::{items, property};

/// A request, and what is known about its response.
#[derive(Debug, Clone, Default)]
pub struct Used<'a> {
    /// The method.
    pub method: &'a str,
    /// The path and the query.
    pub target: &'a str,
    /// The header fields of the request.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body of the request, if it is known.
    pub body: Option<&'a str>,
    /// The status.
    pub status: Option<u16>,
    /// `Content-Type` of the response.
    pub content_type: Option<&'a str>,
    /// The body of the response, if it is known.
    pub received: Option<&'a str>,
}

/// Which parts of a description were used.
#[derive(Debug, Serialize)]
pub struct Coverage {
    /// Title of the description.
    pub description: String,
    /// File of the description.
    pub file: String,
    /// What was counted: the scenarios or a report.
    pub source: String,
    /// Counts of each kind of part.
    pub counts: Vec<Count>,
    /// The operations, in the order of their paths.
    pub operations: Vec<OperationCoverage>,
    /// Alternatives of schemas; absent if bodies are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branches: Option<Vec<Part>>,
}

/// How many parts of a kind were used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The kind: `operations`, `parameters`, `statuses`, `content-types` or `branches`.
    pub kind: &'static str,
    /// Number of parts.
    pub total: usize,
    /// Number of parts that were used.
    pub covered: usize,
}

/// What was used of an operation.
#[derive(Debug, Serialize)]
pub struct OperationCoverage {
    /// The method and the path.
    pub operation: String,
    /// Its place, as `file:line:column`.
    pub place: String,
    /// Whether a request used it.
    pub covered: bool,
    /// Its parameters.
    pub parameters: Vec<Part>,
    /// Its statuses.
    pub statuses: Vec<Part>,
    /// Its content types.
    pub content_types: Vec<Part>,
}

/// A part of a description.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Whether it was used.
    pub covered: bool,
}

impl Count {
    /// Returns the share in percent, rounded down; 100 if there is nothing to use.
    #[must_use]
    pub fn percent(&self) -> usize {
        (self.covered * 100).checked_div(self.total).unwrap_or(100)
    }
}

/// The kinds of parts, in the order of reports.
pub const KINDS: [&str; 5] = ["operations", "parameters", "statuses", "content-types", "branches"];

/// Collects what was used.
#[derive(Debug)]
pub struct Collector {
    description: Arc<Description>,
    operations: Vec<OperationCoverage>,
    /// URIs of the alternatives that a value took.
    branches: BTreeSet<String>,
    /// Whether bodies are known.
    knows_bodies: bool,
    /// The alternatives by direction and URI: their schemas differ in members that are only read or only written.
    compiled: BTreeMap<(bool, String), Option<DocumentSchema>>,
}

impl Collector {
    /// Creates an empty collection. `knows_bodies` says whether the bodies of messages will be given.
    #[must_use]
    pub fn new(description: &Arc<Description>, knows_bodies: bool) -> Self {
        let description = Arc::clone(description);
        let operations = description.operations.iter().map(|one| empty(&description, one)).collect();
        let (branches, compiled) = (BTreeSet::new(), BTreeMap::new());
        Self { description, operations, branches, knows_bodies, compiled }
    }

    /// Adds a request and its response.
    pub fn add(&mut self, used: &Used<'_>) {
        let (path, query) = used.target.split_once('?').unwrap_or((used.target, ""));
        let find = |method: &str| self.description.find(method, path).ok();
        let found = find(used.method).or_else(|| if used.method == "HEAD" { find("GET") } else { None });
        let Some((index, _)) = found else { return };
        let description = Arc::clone(&self.description);
        let (Some(operation), Some(own)) =
            (description.operations.get(index), self.operations.get_mut(index))
        else {
            return;
        };
        own.covered = true;
        for (parameter, part) in operation.parameters.iter().zip(&mut own.parameters) {
            let name = parameter.name.as_str();
            let is_header =
                |wanted: &str| used.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(wanted));
            part.covered |= match parameter.within {
                Within::Path => true,
                Within::Query => form_urlencoded::parse(query.as_bytes())
                    .any(|(own, _)| own == name || own.split('[').next() == Some(name)),
                Within::Header => is_header(name),
                Within::Cookie => used.headers.iter().any(|(own, value)| {
                    own.eq_ignore_ascii_case("cookie")
                        && value.split(';').any(|pair| pair.trim().split('=').next() == Some(name))
                }),
            };
        }
        let content_type = used.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case("content-type"));
        if let (Some(body), Some((_, content_type))) = (&operation.body, content_type)
            && let Some(media) = best(&body.content, content_type)
        {
            mark(&mut own.content_types, &format!("request {}", media.name));
            self.walk(media.schema.as_ref(), content_type, used.body, true);
        }
        let Some(status) = used.status else { return };
        let Some(reply) = operation.reply(status) else { return };
        let Some(own) = self.operations.get_mut(index) else { return };
        mark(&mut own.statuses, &reply.status);
        if let Some(content_type) = used.content_type
            && let Some(media) = best(&reply.content, content_type)
        {
            mark(&mut own.content_types, &format!("{} {}", reply.status, media.name));
            self.walk(media.schema.as_ref(), content_type, used.received, false);
        }
    }

    fn walk(&mut self, schema: Option<&Schema>, content_type: &str, body: Option<&str>, is_request: bool) {
        let is_known = self.knows_bodies && is_json(&essence(content_type));
        let (true, Some(schema), Some(body)) = (is_known, schema, body) else { return };
        let Ok(value) = json::read(body.as_bytes()) else { return };
        if let Some(cursor) = schema.cursor() {
            self.take(&cursor, &value, is_request, 0);
        }
    }

    /// Marks the alternatives that a value takes.
    fn take(&mut self, schema: &Cursor<'_>, value: &Json, is_request: bool, depth: usize) {
        const DEEPEST: usize = 32;
        if depth > DEEPEST {
            return;
        }
        let mut alternatives = Vec::new();
        crate::shape::parts(schema, &mut |part| {
            for combined in ["oneOf", "anyOf"] {
                alternatives.extend(part.get(combined).iter().flat_map(Cursor::items));
            }
        });
        for one in alternatives {
            let uri = uri_of(&one.uri, &one.pointer);
            let documents = self.description.documents(is_request);
            let key = (is_request, uri.clone());
            let compiled = self.compiled.entry(key).or_insert_with(|| documents.compile(&uri).ok());
            if compiled.as_ref().is_some_and(|schema| schema.holds(value)) {
                self.branches.insert(uri);
            }
        }
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    for below in property(schema, name) {
                        self.take(&below, value, is_request, depth + 1);
                    }
                }
            }
            Json::Array(values) => {
                for below in items(schema) {
                    for value in values {
                        self.take(&below, value, is_request, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the coverage. `source` says what was counted.
    #[must_use]
    pub fn finish(self, source: &str) -> Coverage {
        let branches = self.knows_bodies.then(|| {
            let all = all_branches(&self.description);
            let part = |(uri, name): (String, String)| Part { covered: self.branches.contains(&uri), name };
            all.into_iter().map(part).collect::<Vec<Part>>()
        });
        let count = |kind: &'static str, parts: &mut dyn Iterator<Item = bool>| {
            let (mut total, mut covered) = (0, 0);
            for used in parts {
                total += 1;
                covered += usize::from(used);
            }
            Count { kind, total, covered }
        };
        let of = |list: fn(&OperationCoverage) -> &Vec<Part>, kind: &'static str| {
            count(kind, &mut self.operations.iter().flat_map(list).map(|part| part.covered))
        };
        let mut counts = vec![
            count("operations", &mut self.operations.iter().map(|one| one.covered)),
            of(|one| &one.parameters, "parameters"),
            of(|one| &one.statuses, "statuses"),
            of(|one| &one.content_types, "content-types"),
        ];
        if let Some(branches) = &branches {
            counts.push(count("branches", &mut branches.iter().map(|part| part.covered)));
        }
        Coverage {
            description: self.description.title.clone(),
            file: self.description.file().to_owned(),
            source: source.to_owned(),
            counts,
            operations: self.operations,
            branches,
        }
    }
}

impl Coverage {
    /// Writes the coverage as plain text.
    ///
    /// # Errors
    /// Fails if `out` does.
    pub fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{} ({}), used by {}", self.description, self.file, self.source)?;
        for count in &self.counts {
            let Count { kind, total, covered } = count;
            writeln!(out, "  {kind:14} {covered:>5} of {total:<5} {:>3} %", count.percent())?;
        }
        let missing = || self.operations.iter().filter(|one| !one.covered || !one.missing().is_empty());
        if missing().next().is_some() {
            writeln!(out, "not used:")?;
        }
        for one in missing() {
            if !one.covered {
                writeln!(out, "  {} ({})", one.operation, one.place)?;
                continue;
            }
            writeln!(out, "  {} ({}): {}", one.operation, one.place, one.missing().join(", "))?;
        }
        for part in self.branches.iter().flatten().filter(|part| !part.covered) {
            writeln!(out, "  schema {}", part.name)?;
        }
        Ok(())
    }

    /// Writes the coverage as Markdown.
    ///
    /// # Errors
    /// Fails if `out` does.
    pub fn write_markdown(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "# Coverage of {}\n", cell(&self.description))?;
        writeln!(out, "{}, used by {}\n", cell(&self.file), cell(&self.source))?;
        writeln!(out, "| part | used | of | share |\n|---|---|---|---|")?;
        for count in &self.counts {
            writeln!(
                out,
                "| {} | {} | {} | {} % |",
                count.kind,
                count.covered,
                count.total,
                count.percent()
            )?;
        }
        writeln!(out, "\n| operation | used | not used |\n|---|---|---|")?;
        for one in &self.operations {
            let used = if one.covered { "yes" } else { "no" };
            writeln!(out, "| {} | {used} | {} |", cell(&one.operation), cell(&one.missing().join(", ")))?;
        }
        Ok(())
    }

    /// Writes the coverage as JSON.
    ///
    /// # Errors
    /// Fails if `out` does.
    pub fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }
}

/// Escapes a text for a cell of a Markdown table.
fn cell(text: &str) -> String {
    markdown(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

impl OperationCoverage {
    /// Returns the parts that were not used, in words.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let of = |what: &str, parts: &[Part]| {
            let missing = parts.iter().filter(|part| !part.covered);
            missing.map(|part| format!("{what} {}", part.name)).collect::<Vec<_>>()
        };
        [
            of("parameter", &self.parameters),
            of("status", &self.statuses),
            of("content type", &self.content_types),
        ]
        .concat()
    }
}

fn mark(parts: &mut [Part], name: &str) {
    if let Some(part) = parts.iter_mut().find(|part| part.name == name) {
        part.covered = true;
    }
}

fn empty(description: &Description, operation: &Operation) -> OperationCoverage {
    let part = |name: String| Part { name, covered: false };
    let within = |within: Within| match within {
        Within::Path => "path",
        Within::Query => "query",
        Within::Header => "header",
        Within::Cookie => "cookie",
    };
    let requests = operation.body.iter().flat_map(|body| &body.content);
    let requests = requests.map(|media| part(format!("request {}", media.name)));
    let replies = operation
        .replies
        .iter()
        .flat_map(|reply| reply.content.iter().map(|media| part(format!("{} {}", reply.status, media.name))));
    OperationCoverage {
        operation: operation.name(),
        place: description.place(&operation.location).to_string(),
        covered: false,
        parameters: operation
            .parameters
            .iter()
            .map(|one| part(format!("{} in {}", one.name, within(one.within))))
            .collect(),
        statuses: operation.replies.iter().map(|reply| part(reply.status.clone())).collect(),
        content_types: requests.chain(replies).collect(),
    }
}

/// Returns the alternatives of all schemas of the operations: URI and name.
fn all_branches(description: &Description) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for operation in &description.operations {
        let requests = operation.body.iter().flat_map(|body| &body.content);
        let replies = operation.replies.iter().flat_map(|reply| &reply.content);
        for media in requests.chain(replies) {
            // Only the values of JSON bodies are known.
            let Some(schema) = media.schema.as_ref().filter(|_| is_json(&essence(&media.name))) else {
                continue;
            };
            if let Some(cursor) = schema.cursor() {
                gather(&cursor, &mut seen, &mut found);
            }
        }
    }
    found
}

fn gather(schema: &Cursor<'_>, seen: &mut BTreeSet<String>, found: &mut BTreeMap<String, String>) {
    let mut waiting = vec![schema.clone()];
    while let Some(schema) = waiting.pop() {
        if !seen.insert(uri_of(&schema.uri, &schema.pointer)) {
            continue;
        }
        if schema.text("$ref").is_some()
            && let Ok(target) = schema.clone().resolved()
        {
            waiting.push(target);
        }
        for combined in ["oneOf", "anyOf"] {
            for one in schema.get(combined).iter().flat_map(Cursor::items) {
                let name = match one.text("$ref") {
                    Some(reference) => format!("{} ({reference})", one.pointer),
                    None => one.pointer.clone(),
                };
                found.insert(uri_of(&one.uri, &one.pointer), name);
                waiting.push(one);
            }
        }
        waiting.extend(schema.get("allOf").iter().flat_map(Cursor::items));
        waiting.extend(schema.get("items"));
        waiting.extend(schema.get("properties").iter().flat_map(Cursor::members).map(|(_, one)| one));
    }
}
