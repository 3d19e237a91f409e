//! Imports an OpenAPI description: a scenario for each tag, a step for each operation, example and status that a request can cause.

mod expectation;
mod request;

use std::collections::{BTreeMap, BTreeSet};

use conformance_openapi::{Description, Operation, Parameter, Reply, Within};
use conformance_suite::yaml::page::{Yaml, line, quote, unsure};

use super::{Import, free, slug};
use request::{Credentials, Values};

/// Files larger than this are not copied into the suite, which reads files of at most 8 MiB.
const LARGEST: usize = 8 * 1024 * 1024;
/// The folder of the description in the suite.
const FOLDER: &str = "openapi";

/// Imports a description as a new suite, or as scenarios of an existing one with this profile.
///
/// `server` replaces the servers of the description; its path, if it has one, comes before the paths of the operations.
pub(super) fn import(description: &Description, server: Option<&str>, profile: Option<&str>) -> Import {
    let origin = server.map(|server| super::har::origin_of(server).unwrap_or(server));
    let base = server.zip(origin).and_then(|(server, origin)| server.strip_prefix(origin));
    let mut writer = Writer {
        description,
        base: base.map(|base| base.trim_end_matches('/').to_owned()),
        profile: profile.unwrap_or("default").to_owned(),
        credentials: Credentials::default(),
        variables: BTreeMap::new(),
        register: Vec::new(),
        prefix: prefix(&description.title),
        steps: 0,
    };
    let mut files = Vec::new();
    let mut names = BTreeSet::new();
    for (tag, operations) in by_tag(description) {
        let name = free(&slug(&tag), &mut names);
        let text = writer.scenario(&tag, operations);
        files.push((format!("{name}.yaml"), text));
    }
    let Writer { steps, register, .. } = &writer;
    let mut import = Import { exchanges: *steps, ..Import::default() };
    if profile.is_none() {
        let texts: Vec<(String, &str)> = description.texts().collect();
        let fits = texts.iter().all(|(name, text)| text.len() <= LARGEST && !name.contains(".."));
        import.files.push(("suite.yaml".to_owned(), writer.manifest(origin, fits)));
        import.files.push(("requirements.yaml".to_owned(), register_of(register)));
        if fits {
            let texts = texts.into_iter().map(|(name, text)| (format!("{FOLDER}/{name}"), text.to_owned()));
            import.files.extend(texts);
        }
    }
    import.files.extend(files);
    import
}

/// Groups the operations by their first tag, in the order of the description.
fn by_tag(description: &Description) -> Vec<(String, Vec<&Operation>)> {
    let mut groups: Vec<(String, Vec<&Operation>)> = Vec::new();
    for operation in &description.operations {
        let first = operation.path.split('/').find(|part| !part.is_empty() && !part.starts_with('{'));
        let tag = operation.tags.first().cloned().unwrap_or_else(|| first.unwrap_or("root").to_owned());
        match groups.iter_mut().find(|(own, _)| *own == tag) {
            Some((_, operations)) => operations.push(operation),
            None => groups.push((tag, vec![operation])),
        }
    }
    for (_, operations) in &mut groups {
        // What later steps need is created first, and deleted last.
        operations.sort_by_key(|operation| match operation.method.as_str() {
            "POST" if !operation.path.ends_with('}') => (0, operation.path.matches('/').count()),
            "DELETE" => (2, usize::MAX - operation.path.matches('/').count()),
            _ => (1, 0),
        });
    }
    groups
}

/// Returns the prefix of the ids of requirements: `PETSTORE` for a title such as "Petstore API".
fn prefix(title: &str) -> String {
    let word =
        title.split_whitespace().map(slug).find(|word| word.len() > 2 && word != "the" && word != "scenario");
    let word = word.unwrap_or_else(|| "api".to_owned()).to_ascii_uppercase();
    let word: String = word.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    if word.starts_with(|first: char| first.is_ascii_alphabetic()) { word } else { format!("API{word}") }
}

struct Writer<'d> {
    description: &'d Description,
    /// The path before the paths of the operations; none for that of their servers.
    base: Option<String>,
    profile: String,
    credentials: Credentials,
    /// Variables of the suite, with defaults.
    variables: BTreeMap<String, String>,
    register: Vec<Requirement>,
    prefix: String,
    steps: usize,
}

/// A step to write.
struct Step {
    id: String,
    title: String,
    status: Yaml,
    request: Yaml,
    expect: Vec<(String, Yaml)>,
    capture: Option<(String, Yaml)>,
    remarks: Vec<String>,
}

impl<'d> Writer<'d> {
    fn scenario(&mut self, tag: &str, operations: Vec<&'d Operation>) -> String {
        let about = self.description.tags.iter().find(|(name, _)| name == tag).map(|(_, text)| text.as_str());
        let about = about.and_then(|text| text.lines().next()).filter(|text| !text.trim().is_empty());
        let mut page = "format: 1\n".to_owned();
        page.push_str(&format!("title: {}\n", line(about.unwrap_or(tag))));
        page.push_str(&format!("profile: {}\nsteps:\n", line(&self.profile)));
        let mut ids = BTreeSet::new();
        let mut captured: BTreeMap<String, String> = BTreeMap::new();
        for operation in operations {
            let steps = self.steps_of(operation, &mut captured);
            let clause = format!("{tag}: {}", operation.name());
            for step in steps {
                self.steps += 1;
                let id = format!("{}-{}", self.prefix, self.register.len() + 1);
                let text = step.title.clone();
                self.register.push(Requirement { id: id.clone(), clause: clause.clone(), text });
                write(&step, &free(&step.id, &mut ids), &id, &mut page);
            }
        }
        page
    }

    fn steps_of(&mut self, operation: &'d Operation, captured: &mut BTreeMap<String, String>) -> Vec<Step> {
        let name = operation.name();
        let id = operation.id.as_deref().map(slug);
        let id = id.unwrap_or_else(|| slug(&format!("{} {}", operation.method, operation.path)));
        let mut steps = Vec::new();
        let mut remarks = Vec::new();
        let success = operation.replies.iter().find(|reply| reply.status.starts_with('2'));
        let success = success.or_else(|| operation.replies.iter().find(|reply| reply.status == "default"));
        // An operation may only refuse, or only refusals are described.
        let only_refuses = success.is_none() && !operation.replies.is_empty();
        let success = success.or_else(|| operation.replies.first());
        if only_refuses {
            remarks.push(format!("{name} is described without a success; keep the status that is meant"));
        }
        let values = Values::of(operation, self.base.as_deref(), captured, &mut self.variables, &mut remarks);
        let bodies = request::bodies(operation, &mut remarks);
        let credentials = self.credentials.of(operation);
        let mut unused: Vec<&str> = operation.replies.iter().map(|reply| reply.status.as_str()).collect();
        for (at, (example, body)) in bodies.iter().enumerate() {
            let status = success.map_or("2XX", |reply| reply.status.as_str());
            unused.retain(|other| *other != status);
            let shown = if status == "default" { "2xx".to_owned() } else { status.to_ascii_lowercase() };
            let means = success.map_or("", |reply| reply.description.as_str());
            let named =
                if example.is_empty() { String::new() } else { format!(" for the example {example}") };
            let mut step = Step {
                id: if at == 0 { id.clone() } else { format!("{id}-{}", slug(example)) },
                title: titled(&format!("{name} returns {shown}{named}"), means),
                status: Yaml::Scalar(if only_refuses { format!("[2xx, {shown}]") } else { shown }),
                request: request::request(operation, &values, body.as_ref(), Some(&credentials)),
                expect: success.filter(|_| !only_refuses).map(expectation::of).unwrap_or_default(),
                capture: None,
                remarks: if at == 0 { std::mem::take(&mut remarks) } else { Vec::new() },
            };
            if at == 0 {
                step.capture = self.capture(operation, success, captured);
            }
            steps.push(step);
        }
        let refusals = Self::refusals(operation, &values, &bodies);
        let is_main = |status: &str| success.is_some_and(|reply| reply.status == status);
        for (status, means, changed) in refusals.into_iter().filter(|(status, ..)| !is_main(status)) {
            unused.retain(|other| *other != status);
            let reply = operation.replies.iter().find(|reply| reply.status == status);
            steps.push(Step {
                id: format!("{id}-{}", slug(means)),
                title: titled(&format!("{name} returns {status}"), means),
                status: Yaml::Scalar(status.to_owned()),
                request: changed,
                expect: reply.map(expectation::of).unwrap_or_default(),
                capture: None,
                remarks: Vec::new(),
            });
        }
        if let (Some(last), false) = (steps.last_mut(), unused.is_empty()) {
            let unused = unused.join(", ");
            last.remarks.push(format!(
                "{name} is also described with {unused}; the description does not say what causes it"
            ));
        }
        steps
    }

    /// Returns the requests that should be refused: status, reason and request.
    fn refusals(
        operation: &'d Operation,
        values: &Values,
        bodies: &[(String, Option<(String, Yaml)>)],
    ) -> Vec<(&'static str, &'static str, Yaml)> {
        let has = |status: &str| operation.replies.iter().any(|reply| reply.status == status);
        let body = bodies.first().and_then(|(_, body)| body.as_ref());
        let credentials = Credentials::default().of(operation);
        let mut refusals = Vec::new();
        let needs_credentials =
            !operation.security.is_empty() && !operation.security.iter().any(Vec::is_empty);
        if has("401") && needs_credentials {
            let request = request::request(operation, values, body, None);
            refusals.push(("401", "no credentials", request));
        }
        if has("404")
            && let Some(missing) = values.missing(operation)
        {
            let request = request::request(operation, &missing, body, Some(&credentials));
            refusals.push(("404", "no such resource", request));
        }
        let bad = ["400", "422"].into_iter().find(|status| has(status));
        if let (Some(bad), Some(("json", _))) = (bad, body.map(|(kind, value)| (kind.as_str(), value)))
            && operation.body.as_ref().is_some_and(|body| body.required)
        {
            let broken = ("body".to_owned(), Yaml::text("{"));
            let request = request::request(operation, values, Some(&broken), Some(&credentials));
            refusals.push((bad, "a body that is not JSON", request));
        }
        refusals
    }

    /// Returns the capture of the id that a created resource has, for the operations on it.
    fn capture(
        &self,
        operation: &Operation,
        success: Option<&Reply>,
        captured: &mut BTreeMap<String, String>,
    ) -> Option<(String, Yaml)> {
        if operation.method != "POST" {
            return None;
        }
        let below = format!("{}/{{", operation.path.trim_end_matches('/'));
        let item = self.description.operations.iter().find(|other| other.path.starts_with(&below))?;
        let parameter = item.path.strip_prefix(&below)?.split('}').next()?;
        let schema = success?.content.iter().find_map(|media| media.schema.as_ref())?;
        let outline = conformance_openapi::sample::outline(schema)?;
        let mut candidates = vec![parameter, "id", "uuid"];
        candidates
            .extend(["name", "key"].into_iter().filter(|word| parameter.to_ascii_lowercase().contains(word)));
        let own = conformance_openapi::sample::has_member(schema, parameter).then(|| parameter.to_owned());
        let alike = |name: &str, wanted: &str| slug(name).replace('-', "") == slug(wanted).replace('-', "");
        let example = conformance_openapi::sample::example(schema);
        let known =
            example.as_ref().and_then(|value| value.as_object()).into_iter().flatten().map(|(name, _)| name);
        let members: Vec<&String> = outline.members.keys().chain(known).collect();
        let alike =
            |wanted: &str| members.iter().find(|name| alike(name, wanted)).map(|name| (*name).clone());
        let member = own
            .or_else(|| candidates.into_iter().find_map(alike))
            .or_else(|| conformance_openapi::sample::has_member(schema, "id").then(|| "id".to_owned()))?;
        let name = format!("new_{}", request::variable(parameter));
        captured.insert(format!("{}/{{{parameter}}}", operation.path.trim_end_matches('/')), name.clone());
        let pointer = format!("/{}", conformance_suite::json::escape(&member));
        Some((name, Yaml::Mapping(vec![("json".to_owned(), Yaml::text(&pointer))])))
    }

    fn manifest(&self, origin: Option<&str>, has_description: bool) -> String {
        let declared = self.description.servers.iter().find_map(|server| super::har::origin_of(server));
        let title = line(&self.description.title);
        let mut page = format!("# Imported from {}.\nformat: 1\ntitle: {title}\n", self.description.file());
        let chosen = origin.or(declared).unwrap_or("http://localhost");
        page.push_str(&format!("origin: {}\n", quote(chosen)));
        if has_description {
            let name = self.description.texts().next().map(|(name, _)| name).unwrap_or_default();
            page.push_str("# Every exchange is checked against the description.\n");
            page.push_str(&format!("openapi: {}\n", quote(&format!("{FOLDER}/{name}"))));
        } else {
            page.push_str(&format!(
                "{}\n",
                unsure("the description is too large for a suite; name it with --openapi")
            ));
        }
        page.push_str("secrets: [password, token, secret, access_token, refresh_token]\n");
        let secrets = self.credentials.variables();
        if !secrets.is_empty() || !self.variables.is_empty() {
            page.push_str("variables:\n");
        }
        for (name, env) in secrets {
            page.push_str(&format!("  {name}: {{env: {env}, default: \"\", secret: true}}\n"));
        }
        for (name, value) in &self.variables {
            page.push_str(&format!(
                "  {}\n",
                unsure("the description has no example; use one that the target knows")
            ));
            page.push_str(&format!("  {name}: {}\n", quoted(value)));
        }
        page.push_str(&format!("profiles:\n  {}: {{}}\n", line(&self.profile)));
        page
    }
}

/// A requirement of the register.
struct Requirement {
    id: String,
    clause: String,
    text: String,
}

/// Returns the register of these requirements.
fn register_of(requirements: &[Requirement]) -> String {
    let mut page =
        "# One requirement for each step. Replace the texts by your own words.\nformat: 1\nrequirements:\n"
            .to_owned();
    for Requirement { id, clause, text } in requirements {
        let (clause, text) = (line(clause), line(text));
        page.push_str(&format!("  - id: {id}\n    level: must\n    clause: {clause}\n    text: {text}\n"));
    }
    page
}

/// Returns a text in quotes, so that it stays a text.
fn quoted(text: &str) -> String {
    conformance_suite::yaml::page::quoted(text)
}

fn titled(head: &str, means: &str) -> String {
    const LONGEST: usize = 100;
    let means = means.split_whitespace().collect::<Vec<_>>().join(" ");
    let means: String = means.split(['.', '<']).next().unwrap_or_default().chars().take(LONGEST).collect();
    let title = if means.trim().is_empty() { head.to_owned() } else { format!("{head}: {}", means.trim()) };
    title.replace("${", "$ {")
}

fn write(step: &Step, id: &str, requirement: &str, page: &mut String) {
    let mut members = vec![("status".to_owned(), step.status.clone())];
    members.extend(step.expect.clone());
    page.push_str(&format!("  - id: {id}\n    title: {}\n    covers: [{requirement}]\n", line(&step.title)));
    for remark in &step.remarks {
        page.push_str(&format!("    {}\n", unsure(remark)));
    }
    step.request.write_block(4, "request:", page);
    page.push_str("    expect:\n");
    for (name, value) in members {
        // A tag comes before the mapping that it belongs to.
        let head =
            name.split_once(' ').map_or_else(|| format!("{name}:"), |(name, tag)| format!("{name}: {tag}"));
        value.write(6, &head, page);
    }
    if let Some((name, value)) = &step.capture {
        page.push_str(&format!("    capture: {{{name}: {}}}\n", value.line_of().unwrap_or_default()));
    }
}

/// Whether a parameter is written into a request.
fn is_sent(parameter: &Parameter) -> bool {
    parameter.required || parameter.within == Within::Path
}
