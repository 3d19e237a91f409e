//! Checks the names in the expressions of a step: captures of earlier steps, fixtures, variables and output of the target.

use std::collections::BTreeMap;

use super::Suite;
use super::frame::{Frame, Need};
use super::rows::ROW;
use crate::diagnostic::Diagnostic;
use crate::json::Json;
use crate::request::JsonText;
use crate::source::Place;
use crate::template::{FUNCTIONS, Scope, Text, form_of};

/// The name of the target's output in expressions.
pub const OUTPUT: &str = "output";
/// The name of the target's address in expressions.
pub const TARGET: &str = "target";

/// The names that a step can use.
pub(super) struct Names<'a> {
    pub(super) suite: &'a Suite,
    profiles: &'a [String],
    fixtures: &'a [String],
    /// The captures by key, each with the step that makes it.
    captures: BTreeMap<String, String>,
    scope: &'a Scope,
}

impl<'a> Names<'a> {
    /// Creates the names of a scenario, without captures.
    pub(super) fn new(suite: &'a Suite, profiles: &'a [String], fixtures: &'a [String]) -> Self {
        Self { suite, profiles, fixtures, captures: BTreeMap::new(), scope: &suite.static_scope }
    }

    /// Adds a capture by its key, for the steps after the one that makes it.
    pub(super) fn capture(&mut self, key: &str, step: &str) {
        self.captures.insert(key.to_owned(), step.to_owned());
    }

    /// Returns the captures that a template needs. `prefix` is the prefix of the captures at its level; `local` are names that
    /// need no check.
    ///
    /// # Errors
    /// An unknown name, or an expression that cannot have a value, at the location of the expression.
    pub(super) fn check(
        &self,
        text: &Text,
        place: &Place,
        frame: &Frame,
        prefix: &str,
        local: &[&str],
    ) -> Result<Vec<Need>, Diagnostic> {
        let mut needs = Vec::new();
        for (written, name) in text.names() {
            let (root, member) =
                name.split_once('.').map_or((name, None), |(root, member)| (root, Some(member)));
            let first = member.map(|member| member.split('.').next().unwrap_or(member));
            let here = || place.find(written);
            if local.contains(&root) {
                continue;
            }
            if let Some(value) = frame.find(root) {
                check_member(root, first, value, here)?;
                continue;
            }
            let key = [prefix, root].concat();
            if let Some(made_by) = self.captures.get(&key) {
                needs.push(Need { name: root.into(), key, made_by: made_by.clone() });
                continue;
            }
            match root {
                _ if text.calls().any(|called| called == root) => {
                    let message = format!("unknown function `{root}`");
                    return Err(Diagnostic::at(here(), message).suggest(root, FUNCTIONS));
                }
                OUTPUT => self.check_output(member.unwrap_or_default(), &here())?,
                TARGET if matches!(first, Some("host" | "origin")) => {}
                TARGET => {
                    return Err(Diagnostic::at(here(), "`target` has only the members `host` and `origin`"));
                }
                _ if self.suite.variable(root).is_some() => {}
                _ => self.check_fixture(name, root, first, here(), &self.known(frame, prefix))?,
            }
        }
        match text.impossible(self.scope) {
            Some(error) => {
                let here = place.find(error.written());
                let function = error.unknown_function().map(|name| (here.find(name), name.to_owned()));
                let form =
                    text.calls().find(|name| error.written().contains(&format!("{name}("))).and_then(form_of);
                let error = Diagnostic::at(here, error.to_string());
                let error = match form {
                    Some(form) => error.help(format!("write it as in ${{{form}}}")),
                    None => error,
                };
                Err(match function {
                    Some((place, name)) => {
                        Diagnostic::at(place, format!("unknown function `{name}`")).suggest(&name, FUNCTIONS)
                    }
                    None => error,
                })
            }
            None => Ok(needs),
        }
    }

    /// Returns the names that are known at a level. Fixtures that the scenario does not list are left out.
    fn known<'n>(&'n self, frame: &'n Frame, prefix: &str) -> Vec<&'n str> {
        let captures = self.captures.keys().filter_map(|key| key.strip_prefix(prefix));
        let variables = self.suite.variables.iter().map(|variable| variable.name.as_str());
        let fixtures = self.fixtures.iter().map(String::as_str);
        captures
            .filter(|name| !name.contains('/'))
            .chain(frame.known())
            .chain(variables)
            .chain(fixtures)
            .collect()
    }

    fn check_fixture(
        &self,
        name: &str,
        root: &str,
        member: Option<&str>,
        place: Place,
        known: &[&str],
    ) -> Result<(), Diagnostic> {
        let Some(fixture) = self.suite.fixture(root) else {
            let message = format!(
                "unknown name `${{{name}}}`: no earlier step captures `{root}`, and no fixture has this name"
            );
            return Err(Diagnostic::at(place, message).suggest(root, known.iter().copied()));
        };
        if !self.fixtures.iter().any(|listed| listed == root) {
            let message = format!("the scenario does not list the fixture `{root}`");
            let listed: Vec<&str> = self.fixtures.iter().map(String::as_str).chain([root]).collect();
            return Err(Diagnostic::at(place, message)
                .help(format!("add it to the scenario: `fixtures: [{}]`", listed.join(", "))));
        }
        match (member, fixture.value.as_object()) {
            (Some(member), Some(members)) if !members.contains_key(member) => {
                let message = format!("the fixture `{root}` has no member `{member}`");
                Err(Diagnostic::at(place, message).suggest(member, members.keys().map(String::as_str)))
            }
            _ => Ok(()),
        }
    }

    fn check_output(&self, member: &str, place: &Place) -> Result<(), Diagnostic> {
        for profile in self.profiles.iter().filter_map(|name| self.suite.profile(name)) {
            if !profile.output.iter().any(|(name, _)| name == member) {
                let message =
                    format!("the profile `{}` does not capture `{member}` from its output", profile.name);
                let diagnostic = Diagnostic::at(place.clone(), message);
                if profile.output.is_empty() {
                    return Err(diagnostic.help("declare it under `output` of the profile in suite.yaml"));
                }
                return Err(diagnostic.suggest(member, profile.output.iter().map(|(name, _)| name.as_str())));
            }
        }
        Ok(())
    }
}

/// Checks that a row or a parameter has a member.
fn check_member(
    root: &str,
    member: Option<&str>,
    value: &JsonText,
    place: impl Fn() -> Place,
) -> Result<(), Diagnostic> {
    let Some(member) = member else { return Ok(()) };
    let members: Vec<&str> = match value {
        JsonText::Object(members) => members.iter().map(|(name, _)| name.as_str()).collect(),
        JsonText::Literal(Json::Object(members)) => members.keys().map(String::as_str).collect(),
        // The value of an expression is known only after it is evaluated.
        JsonText::Text(text) if !text.is_literal() => return Ok(()),
        _ => Vec::new(),
    };
    if members.contains(&member) {
        return Ok(());
    }
    let whose = match (root, value) {
        (ROW, JsonText::Object(members)) => {
            let name = members.iter().find(|(name, _)| name == root).map(|(_, value)| value);
            match name {
                Some(JsonText::Literal(Json::String(name))) => format!("the row `{name}`"),
                Some(JsonText::Text(name)) => format!("the row `{}`", name.written()),
                _ => "the row".to_owned(),
            }
        }
        _ => format!("`{root}`"),
    };
    let message = format!("{whose} has no member `{member}`");
    Err(Diagnostic::at(place(), message).suggest(member, members.iter().copied()))
}
