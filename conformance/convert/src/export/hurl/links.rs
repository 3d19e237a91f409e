//! Request targets that begin with a captured value, which may be a path or a URL of the target.

use std::collections::BTreeSet;

use super::write::{field, quoted, variable, written};
use crate::export::mark::{CLOSE, OPEN, holds_one};
use crate::export::{Link, Outgoing};
use conformance_suite::request::Prepared;

/// The variables of a scenario that are captured and begin a request target.
pub(super) struct Links<'a> {
    variables: BTreeSet<&'a str>,
    origin: &'a str,
}

impl<'a> Links<'a> {
    pub(super) fn of(outgoing: &'a [Outgoing<'a>], origin: &'a str) -> Self {
        let kept: BTreeSet<&str> =
            outgoing.iter().flat_map(|one| &one.kept).map(|kept| kept.variable.as_str()).collect();
        let begun = outgoing.iter().filter_map(|one| one.link.as_ref()).map(|link| link.variable.as_str());
        Self { variables: begun.filter(|variable| kept.contains(variable)).collect(), origin }
    }

    /// Returns a second capture of this value if it begins a request target: without the origin of the target or of the suite.
    pub(super) fn capture(&self, name: &str, found: &str) -> Option<String> {
        let origin = regex::escape(self.origin);
        let rest = quoted(&format!("^(?:{OPEN}target{CLOSE}|{origin})?([^#]*)"));
        self.variables.contains(name).then(|| format!("{}: {found} regex {rest}", path_of(name)))
    }

    /// Returns the request target, and the section for a query that Hurl must add to a captured value.
    pub(super) fn target(&self, outgoing: &Outgoing<'_>, request: &Prepared) -> (String, String) {
        let whole = || (written(&request.target.replace(' ', "%20")), String::new());
        let Some(Link { variable: name, path, query }) = &outgoing.link else { return whole() };
        if !self.variables.contains(&**name) {
            return whole();
        }
        let begin = variable(name);
        let renamed = |target: &str| {
            let target = written(&target.replace(' ', "%20"));
            target.strip_prefix(&begin).map_or(target.clone(), |rest| variable(&path_of(name)) + rest)
        };
        // Hurl writes each parameter with `=`, and only plain names.
        let is_pair =
            |piece: &str| piece.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !holds_one(name));
        if query.is_empty() || !query.split('&').all(is_pair) {
            return (renamed(&request.target), String::new());
        }
        let pairs = form_urlencoded::parse(query.as_bytes());
        let pairs = pairs.map(|(name, value)| field(&name.replace(':', "\\:"), &value) + "\n");
        (renamed(path), format!("[QueryStringParams]\n{}", pairs.collect::<String>()))
    }
}

/// The variable for the path of a captured URL.
fn path_of(variable: &str) -> String {
    format!("path_of_{variable}")
}
