//! What the expressions of a step may use: captures of the steps before it, fixtures, and what the target printed.

use std::collections::BTreeMap;

use super::Suite;
use crate::diagnostic::Diagnostic;
use crate::source::Place;
use crate::template::{FUNCTIONS, Scope, Text};

/// The name under which expressions find what the target printed.
pub(crate) const OUTPUT: &str = "output";

/// The names that mean something in a step.
pub(super) struct Names<'a> {
    suite: &'a Suite,
    profiles: &'a [String],
    fixtures: &'a [String],
    /// Each capture and the step that makes it.
    captures: BTreeMap<String, String>,
    scope: Scope,
}

impl<'a> Names<'a> {
    /// Returns the names of a scenario whose steps have captured nothing yet.
    pub(super) fn new(suite: &'a Suite, profiles: &'a [String], fixtures: &'a [String]) -> Self {
        Self { suite, profiles, fixtures, captures: BTreeMap::new(), scope: suite.scope() }
    }

    /// Adds a capture, for the steps behind the one that makes it.
    pub(super) fn capture(&mut self, name: &str, step: &str) {
        self.captures.insert(name.to_owned(), step.to_owned());
    }

    /// Returns the captures that a text needs, each with the step that owes it.
    ///
    /// # Errors
    /// A name that means nothing, or an expression that can have no value, at the place of the expression.
    pub(super) fn check(&self, text: &Text, place: &Place) -> Result<Vec<(String, String)>, Diagnostic> {
        let mut needs = Vec::new();
        for (written, name) in text.names() {
            let (root, member) =
                name.split_once('.').map_or((name, None), |(root, member)| (root, Some(member)));
            if let Some(owed_by) = self.captures.get(root) {
                needs.push((root.to_owned(), owed_by.clone()));
                continue;
            }
            let place = place.find(written);
            match root {
                _ if written.contains(&format!("{root}(")) => {
                    let message = format!("there is no function `{root}`");
                    return Err(Diagnostic::at(place, message).suggest(root, FUNCTIONS));
                }
                OUTPUT => self.check_output(member.unwrap_or_default(), &place)?,
                _ => self.check_fixture(name, root, member, place)?,
            }
        }
        match text.impossible(&self.scope) {
            Some(error) => Err(Diagnostic::at(place.find(error.written()), error.to_string())),
            None => Ok(needs),
        }
    }

    fn check_fixture(
        &self,
        name: &str,
        root: &str,
        member: Option<&str>,
        place: Place,
    ) -> Result<(), Diagnostic> {
        let Some(fixture) = self.suite.fixture(root) else {
            let known = self.captures.keys().chain(self.fixtures).map(String::as_str);
            let message = format!(
                "`${{{name}}}` means nothing here: no earlier step captures `{root}`, and no fixture has that name"
            );
            return Err(Diagnostic::at(place, message).suggest(root, known));
        };
        if !self.fixtures.iter().any(|listed| listed == root) {
            let message = format!("the fixture `{root}` is used here and not asked for");
            let listed: Vec<&str> = self.fixtures.iter().map(String::as_str).chain([root]).collect();
            return Err(Diagnostic::at(place, message)
                .help(format!("add it to the scenario's list: `fixtures: [{}]`", listed.join(", "))));
        }
        let first = member.map(|member| member.split('.').next().unwrap_or(member));
        match (first, fixture.value.as_object()) {
            (Some(member), Some(members)) if !members.contains_key(member) => {
                let message = format!("the fixture `{root}` has no `{member}`");
                Err(Diagnostic::at(place, message).suggest(member, members.keys().map(String::as_str)))
            }
            _ => Ok(()),
        }
    }

    fn check_output(&self, member: &str, place: &Place) -> Result<(), Diagnostic> {
        for profile in self.profiles.iter().filter_map(|name| self.suite.profile(name)) {
            if !profile.output.iter().any(|(name, _)| name == member) {
                let message = format!(
                    "nothing is captured as `{member}` from what the profile `{}` prints",
                    profile.name
                );
                let diagnostic = Diagnostic::at(place.clone(), message);
                if profile.output.is_empty() {
                    return Err(
                        diagnostic.help("a profile names under `output` in suite.yaml what is captured")
                    );
                }
                return Err(diagnostic.suggest(member, profile.output.iter().map(|(name, _)| name.as_str())));
            }
        }
        Ok(())
    }
}
