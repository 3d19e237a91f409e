//! What collections of requests have in common: variables, an origin, and requests that become commands.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};

use super::capture::Kept;
use super::har::{origin_of, with_slash};
use super::script::Script;
use super::{Body, Exchange, Story, Wanted, command_of, slug};
use crate::pattern;
use conformance_suite::amount::amount;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::json::escape;
use conformance_suite::request::{Header, Prepared};
use conformance_suite::source::{Place, Source};
use conformance_suite::yaml::page::Yaml;

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\{\{\s*([^{}]+?)\s*\}\}"));

/// Variables of a collection, and those that its requests use without a value.
#[derive(Debug, Default)]
pub(super) struct Variables {
    pub(super) values: BTreeMap<String, String>,
    /// Names in the suite, with the names in the collection.
    pub(super) unknown: BTreeMap<String, String>,
    /// Names of captures of earlier requests of a scenario, by names in the collection.
    captured: BTreeMap<String, String>,
    /// Names of earlier requests of a scenario, with their positions in it.
    requests: BTreeMap<String, usize>,
    /// What is captured because a later request uses it, with the positions of the requests.
    used: Vec<(usize, Kept)>,
    /// The bytes of the values that were inserted so far.
    inserted: usize,
}

/// Maximum number of bytes that values add to a collection: a value may contain variables many times.
const MOST_INSERTED: usize = 64 * 1024 * 1024;

/// A request of a collection, in which variables are not replaced.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) title: String,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
    /// What the collection checks.
    pub(super) checks: Vec<(String, Yaml)>,
    /// The variables that it sets from the response, with what a step captures.
    pub(super) sets: Vec<(String, (&'static str, String))>,
    pub(super) remarks: Vec<String>,
}

impl Request {
    /// Adds what a script checks and sets. `what` names the script in remarks.
    pub(super) fn add(&mut self, script: Script, what: &str) {
        self.checks.extend(script.status.map(|status| ("status".to_owned(), Yaml::Scalar(status))));
        self.checks.extend(script.expected);
        self.sets.extend(script.sets);
        if let Some(line) = script.unread {
            self.remarks.push(format!("the {what} has more, which is left out: `{line}`"));
        }
    }

    /// Whether the request uses one of these variables.
    fn uses(&self, names: &BTreeMap<String, String>) -> bool {
        let texts = self.headers.iter().map(|(_, value)| value.as_str()).chain([self.url.as_str()]);
        let mut texts = texts.chain(self.body.as_deref());
        let is_used = |found: Captures<'_>| names.contains_key(&found[1]);
        texts.any(|text| VARIABLE.captures_iter(text).any(is_used))
    }
}

/// Returns a name in the suite for a name in a collection.
fn own_name(written: &str) -> String {
    let name = slug(written).replace('-', "_");
    let is_taken = ["target", "output"].contains(&name.as_str());
    if is_taken || name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("v_{name}")
    } else {
        name
    }
}

impl Variables {
    /// Returns the variables that the suite needs: their names, by environment variable.
    pub(super) fn needed(&self) -> BTreeMap<String, String> {
        self.unknown.keys().map(|name| (name.to_ascii_uppercase(), name.clone())).collect()
    }

    /// Replaces variables by their values, and those without a value by `${name}`.
    fn replaced(&mut self, text: &str) -> String {
        const MOST_ROUNDS: usize = 8;
        let mut text = text.replace("${", "$${");
        // A value may contain variables.
        for _ in 0..MOST_ROUNDS {
            let known = |found: &Captures<'_>| {
                let name = found.get(1).filter(|name| !self.captured.contains_key(name.as_str()));
                let value = name.and_then(|name| self.values.get(name.as_str()));
                let value = value.filter(|value| self.inserted + value.len() <= MOST_INSERTED);
                self.inserted += value.map_or(0, String::len);
                value.map_or_else(|| found[0].to_owned(), |value| value.replace("${", "$${"))
            };
            let next = VARIABLE.replace_all(&text, known).into_owned();
            if next == text {
                break;
            }
            text = next;
        }
        let unknown = |found: &Captures<'_>| {
            let written = &found[1];
            if matches!(written, "$guid" | "$randomUUID" | "$uuid" | "$random.uuid") {
                return "${uuid()}".to_owned();
            }
            if let Some(name) = self.captured.get(written) {
                return format!("${{{name}}}");
            }
            if let Some((at, from)) = of_response(written, &self.requests) {
                let name = own_name(&written.replace(".response", "").replace(".$", ""));
                if !self.used.iter().any(|(_, kept)| kept.name == name) {
                    self.used.push((at, Kept { name: name.clone(), from, value: String::new() }));
                }
                return format!("${{{name}}}");
            }
            let name = own_name(written);
            self.unknown.insert(name.clone(), written.to_owned());
            format!("${{{name}}}")
        };
        VARIABLE.replace_all(&text, unknown).into_owned()
    }

    /// Returns the origin of a URL after its variables are replaced; none if a variable without a value is in it.
    pub(super) fn origin(&mut self, url: &str) -> Option<String> {
        let url = self.replaced(url);
        origin_of(&url).filter(|origin| !origin.contains("${")).map(str::to_owned)
    }

    /// Converts a request. `origin` is that of the suite.
    ///
    /// # Errors
    /// The request goes to another origin, or cannot be a command.
    pub(super) fn exchange(
        &mut self,
        request: Request,
        origin: &str,
        place: &Place,
        wanted: &Wanted<'_>,
    ) -> Result<Exchange, Diagnostic> {
        let url = self.replaced(&request.url);
        let target = match url.strip_prefix(origin) {
            Some(target) => target.to_owned(),
            // A variable for the server, as `{{baseUrl}}`.
            None => match url.strip_prefix("${").and_then(|rest| rest.split_once('}')) {
                Some((name, target)) if target.is_empty() || target.starts_with(['/', '?']) => {
                    self.unknown.remove(name);
                    target.to_owned()
                }
                _ if url.starts_with('/') => url,
                _ => {
                    return Err(Diagnostic::at(place.clone(), format!("the request is not to {origin}"))
                        .help("import it with another --origin, into a suite of its own"));
                }
            },
        };
        let target = target.split('#').next().unwrap_or_default().replace(' ', "%20");
        let headers = request.headers.iter().map(|(name, value)| Header::new(name, self.replaced(value)));
        let headers = headers.collect();
        let body = request.body.as_deref().filter(|body| !body.is_empty()).map(|body| self.replaced(body));
        let prepared = Prepared {
            method: request.method,
            target: with_slash(&target),
            headers,
            body: body.map(String::into_bytes),
            ..Prepared::default()
        };
        let command = command_of(prepared, origin, place, wanted)?;
        let title = request.title.split_whitespace().collect::<Vec<_>>().join(" ").replace("${", "$ {");
        Ok(Exchange {
            command,
            origin: origin.to_owned(),
            place: place.clone(),
            comment: (!title.is_empty()).then_some(title),
            head: None,
            body: Body::Unknown,
            remarks: request.remarks,
            capture: None,
            checks: request.checks,
            sets: Vec::new(),
            section: 0,
        })
    }

    /// Adds a request to a story, and names its captures for the later requests of the story.
    fn add(
        &mut self,
        (request, place): (Request, Place),
        story: &mut Story,
        origin: &str,
        wanted: &Wanted<'_>,
    ) {
        let (name, sets) = (request.title.clone(), request.sets.clone());
        let at = story.exchanges.len();
        story.add(self.exchange(request, origin, &place, wanted));
        for (at, kept) in self.used.drain(..) {
            let Some(earlier) = story.exchanges.get_mut(at) else { continue };
            if !earlier.sets.iter().any(|own| own.name == kept.name) {
                earlier.sets.push(kept);
            }
        }
        let Some(exchange) = story.exchanges.get_mut(at) else { return };
        self.requests.insert(name, at);
        for (written, from) in sets {
            // Variables of the suite have the plain names. A later capture of the same variable has a name of its own.
            let mut name = format!("new_{}", own_name(&written));
            while self.captured.values().any(|own| *own == name) {
                name.push('_');
            }
            exchange.sets.push(Kept { name: name.clone(), from, value: String::new() });
            self.captured.insert(written, name);
        }
    }
}

/// Returns the position of the request that a name such as `login.response.body.$.token` refers to, with what it takes.
fn of_response(written: &str, requests: &BTreeMap<String, usize>) -> Option<(usize, (&'static str, String))> {
    let (name, rest) = written.split_once(".response.")?;
    let at = *requests.get(name)?;
    if let Some(field) = rest.strip_prefix("headers.") {
        return Some((at, ("header", field.to_ascii_lowercase())));
    }
    let path = rest.strip_prefix("body.")?;
    let path = path.strip_prefix("$.").unwrap_or(path);
    let is_plain = |one: char| one.is_alphanumeric() || "_-.[]".contains(one);
    if !path.chars().all(is_plain) {
        return None;
    }
    let names = path.split(['.', '[']).map(|name| escape(name.trim_end_matches(']')));
    Some((at, ("json", names.map(|name| format!("/{name}")).collect())))
}

/// Returns the origin that most requests have.
pub(super) fn most_used(requests: &[&Request], variables: &mut Variables) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for request in requests {
        if let Some(origin) = variables.origin(&request.url) {
            *counts.entry(origin).or_default() += 1;
        }
    }
    variables.unknown.clear();
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(origin, _)| origin)
}

/// Requests under one heading.
pub(super) type Group = (String, Vec<(Request, Place)>);

/// Converts groups of requests to stories. Requests to other origins are left out.
pub(super) fn stories(
    groups: Vec<Group>,
    variables: &mut Variables,
    source: &Arc<Source>,
    wanted: &Wanted<'_>,
) -> Result<(String, Vec<Story>), Diagnostic> {
    let all: Vec<&Request> =
        groups.iter().flat_map(|(_, requests)| requests).map(|(request, _)| request).collect();
    if all.is_empty() {
        return Err(Diagnostic::new(format!("{} has no request", source.path())));
    }
    let origin = wanted
        .known_origin()
        .or_else(|| most_used(&all, variables))
        .unwrap_or_else(|| "http://localhost".to_owned());
    // A capture is known only in its scenario: folders that share captures become one scenario.
    let mut set: BTreeMap<String, String> = BTreeMap::new();
    let shares = groups.iter().any(|(_, requests)| {
        let uses = requests.iter().any(|(request, _)| request.uses(&set));
        let names = requests.iter().flat_map(|(request, _)| &request.sets);
        set.extend(names.map(|(name, _)| (name.clone(), String::new())));
        uses
    });
    let more = groups.len().saturating_sub(1);
    let mut stories: Vec<Story> = Vec::new();
    for (title, requests) in groups {
        let mut story = match stories.pop_if(|_| shares) {
            Some(story) => story,
            None if shares && more > 0 => Story::new(format!("{title} and {}", amount(more, "more folder"))),
            None => {
                variables.captured.clear();
                variables.requests.clear();
                Story::new(title)
            }
        };
        for request in requests {
            variables.add(request, &mut story, &origin, wanted);
        }
        stories.push(story);
    }
    Ok((origin, stories))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_what_variables_insert() {
        let mut variables = Variables::default();
        variables.values.insert("x".to_owned(), "{{x}}".repeat(4) + &"-".repeat(1 << 20));
        let text = variables.replaced("{{x}}");
        assert!(text.len() > 1 << 20 && text.len() < MOST_INSERTED + 1024, "{}", text.len());
        assert!(variables.unknown.contains_key("x"));
    }
}
