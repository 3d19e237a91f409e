//! The lines of the response part of a Hurl entry, and what is known while they are written.

use std::collections::BTreeMap;

use super::write::{field, quoted};
use crate::export::mark::Marked;
use conformance_suite::safe::line;

/// The known types of the variables of a scenario.
pub(super) type Types = BTreeMap<String, Type>;

/// The type of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Number,
}

/// Context for converting an expectation.
pub(super) struct Context<'a> {
    pub(super) marked: &'a Marked,
    pub(super) types: &'a Types,
}

/// The lines of a response section.
#[derive(Default)]
pub(super) struct Section {
    pub(super) fields: Vec<String>,
    pub(super) asserts: Vec<String>,
}

impl Section {
    pub(super) fn field(&mut self, name: &str, value: &str) {
        self.fields.push(field(name, value));
    }

    /// Adds an assert unless it exists already.
    pub(super) fn assert(&mut self, assert: &str) {
        if !self.asserts.iter().any(|own| own == assert) {
            self.asserts.push(assert.to_owned());
        }
    }

    pub(super) fn json(&mut self, path: &str, predicate: &str) {
        self.assert(&format!("jsonpath {} {predicate}", quoted(path)));
    }

    /// Adds a comment on an expectation that Hurl cannot check.
    pub(super) fn unsupported(&mut self, what: &str) {
        self.asserts.push(format!("# Hurl cannot check {}.", line(what)));
    }
}
