//! Proposes the changes of a scenario that make a received value match.
//!
//! Only literal values are changed. Matchers and `${…}` can match more than one response and are kept, with a reason ([`Left`]).

use std::collections::HashSet;

use super::align::{Pairing, align};
use super::{Kind, Matcher, Mode, NO_MEMBER};
use crate::json::Json;
use crate::source::Place;
use crate::template::Scope;

/// One proposed change.
#[derive(Debug, Clone)]
pub struct Change {
    /// The location in the scenario.
    pub place: Place,
    /// What to do there.
    pub kind: ChangeKind,
}

/// What a [`Change`] does at its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// Replaces the value.
    Set {
        /// The new value.
        value: Json,
        /// How scalars without quotes are read there.
        mode: Mode,
        /// The name of the value as a member of its object.
        name: Option<String>,
    },
    /// Removes the entry.
    Remove {
        /// Whether to remove the mapping or list together with its last entry.
        collapse: bool,
    },
    /// Adds a member to the mapping.
    Add {
        /// The name.
        name: String,
        /// The value.
        value: Json,
    },
    /// Adds an element to the list.
    Insert {
        /// The index, in the list as written, of the element that follows; the length of the list to append.
        before: usize,
        /// The index of the element in the received list.
        at: usize,
        /// The element.
        value: Json,
    },
}

/// A difference that is not changed, and why.
#[derive(Debug, Clone)]
pub struct Left {
    /// The location in the scenario.
    pub place: Place,
    /// The reason.
    pub why: String,
}

/// The changes that a response suggests.
#[derive(Debug, Clone, Default)]
pub struct Proposal {
    /// What to change.
    pub changes: Vec<Change>,
    /// What to keep.
    pub left: Vec<Left>,
}

impl Proposal {
    /// Adds a change.
    pub fn change(&mut self, place: &Place, kind: ChangeKind) {
        self.changes.push(Change { place: place.clone(), kind });
    }

    /// Adds a difference that is kept.
    pub fn leave(&mut self, place: &Place, why: impl Into<String>) {
        self.left.push(Left { place: place.clone(), why: why.into() });
    }
}

impl Matcher {
    /// Whether it is entirely literal: no tag, no `${…}`.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        match &self.kind {
            Kind::Literal(_) => true,
            Kind::Text(text) => text.is_literal(),
            Kind::List(items) => items.iter().all(Self::is_literal),
            Kind::Object { members, open: false } => members.iter().all(|(_, member)| member.is_literal()),
            _ => false,
        }
    }

    /// Proposes the changes that make `value` match; `name` is the name of the value as a member of its object.
    pub fn settle(
        &self,
        value: &Json,
        mode: Mode,
        name: Option<&str>,
        scope: &Scope,
        proposal: &mut Proposal,
    ) {
        if self.matches(value, scope) {
            return;
        }
        if value.has_lone_surrogate() {
            return proposal
                .leave(&self.place, "the response has a lone surrogate, which YAML cannot express");
        }
        match (&self.kind, value) {
            (Kind::Object { members, open }, Json::Object(object)) => {
                for (name, member) in members {
                    match object.get(name) {
                        Some(value) => member.settle(value, mode, Some(name), scope, proposal),
                        None => member.settle_absence(NO_MEMBER, false, proposal),
                    }
                }
                let expected: HashSet<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
                let unexpected = object.iter().filter(|(name, _)| !expected.contains(name.as_str()));
                for (name, value) in unexpected.filter(|_| !open) {
                    let (name, value) = (name.clone(), value.clone());
                    proposal.change(&self.place, ChangeKind::Add { name, value });
                }
            }
            (Kind::List(expected), Json::Array(items)) => {
                for pairing in align(expected, items, scope) {
                    match pairing {
                        Pairing::Both(own, at) => {
                            expected[own].settle(&items[at], mode, name, scope, proposal);
                        }
                        Pairing::Gone(own) => {
                            expected[own].settle_absence("no such element", false, proposal);
                        }
                        Pairing::New(before, at) => {
                            let value = items[at].clone();
                            proposal.change(&self.place, ChangeKind::Insert { before, at, value });
                        }
                    }
                }
            }
            _ if self.is_literal() => {
                let (value, name) = (value.clone(), name.map(str::to_owned));
                proposal.change(&self.place, ChangeKind::Set { value, mode, name });
            }
            (Kind::Text(_), _) => proposal.leave(&self.place, "the value is computed by `${…}`"),
            (Kind::Object { open: false, .. } | Kind::List(_), _) => {
                proposal.leave(&self.place, "it contains matchers");
            }
            _ => proposal.leave(&self.place, "it is a matcher"),
        }
    }

    /// Proposes to remove an entry that the response does not have; `none` names what is missing.
    pub fn settle_absence(&self, none: &str, collapse: bool, proposal: &mut Proposal) {
        if self.allows_absence() {
            return;
        }
        if self.is_literal() {
            proposal.change(&self.place, ChangeKind::Remove { collapse });
        } else {
            proposal.leave(&self.place, format!("it is not a literal, and the response has {none}"));
        }
    }
}
