//! What collections of requests have in common: variables, an origin, and requests that become commands.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};

use super::har::{origin_of, with_slash};
use super::printed::Head;
use super::{Body, Exchange, Story, Wanted, command_of, slug};
use crate::pattern;
use conformance_suite::diagnostic::Diagnostic;
use conformance_suite::request::{Header, Prepared};
use conformance_suite::source::{Place, Source};

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\{\{\s*([^{}]+?)\s*\}\}"));

/// Variables of a collection, and those that its requests use without a value.
#[derive(Debug, Default)]
pub(super) struct Variables {
    pub(super) values: BTreeMap<String, String>,
    /// Names in the suite, with the names in the collection.
    pub(super) unknown: BTreeMap<String, String>,
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
    /// The expected status, if the collection checks one.
    pub(super) status: Option<u16>,
    pub(super) remarks: Vec<String>,
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
                let value = found.get(1).and_then(|name| self.values.get(name.as_str()));
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
            let mut name = slug(written).replace('-', "_");
            if name.starts_with(|first: char| first.is_ascii_digit())
                || ["target", "output"].contains(&name.as_str())
            {
                name = format!("v_{name}");
            }
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
            head: request.status.map(|status| Head { status: Some(status), headers: Vec::new() }),
            body: Body::Unknown,
            remarks: request.remarks,
            capture: None,
            section: 0,
        })
    }
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
    let mut stories = Vec::new();
    for (title, requests) in groups {
        let mut story = Story::new(title);
        for (request, place) in requests {
            story.add(variables.exchange(request, &origin, &place, wanted));
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
