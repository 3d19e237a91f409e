//! What would have to be written in a scenario for a value to match.
//!
//! In go a matcher and the value that came, out come [`Change`]s of what is written literally, and [`Left`]s for all else: what a
//! tag relaxes and what `${…}` computes says more than one answer can, and stays as it is.

use std::collections::HashSet;

use super::align::{Pairing, align};
use super::{Kind, Matcher, Mode, NO_MEMBER};
use crate::json::Json;
use crate::source::Place;
use crate::template::Scope;

/// One thing that would be written otherwise.
#[derive(Debug, Clone)]
pub struct Change {
    /// Where that stands of which it speaks.
    pub place: Place,
    /// What is done there.
    pub kind: ChangeKind,
}

/// What a [`Change`] does at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// Another value stands there.
    Set {
        /// The value.
        value: Json,
        /// What a scalar without quotes means there.
        mode: Mode,
        /// The name by which it is a member of its object.
        name: Option<String>,
    },
    /// The entry goes.
    Remove {
        /// Whether the mapping or list goes with the last of its entries.
        collapse: bool,
    },
    /// The mapping there has one more member.
    Add {
        /// Its name.
        name: String,
        /// Its value.
        value: Json,
    },
    /// The list there has one more element.
    Insert {
        /// The place, in the list as it is written, of the element before which it comes; that behind the last where it comes last.
        before: usize,
        /// Its own place in the list that came.
        at: usize,
        /// The element.
        value: Json,
    },
}

/// A difference that is not written over, and why.
#[derive(Debug, Clone)]
pub struct Left {
    /// Where it stands.
    pub place: Place,
    /// Why it is left.
    pub why: String,
}

/// What an answer makes of what is written.
#[derive(Debug, Clone, Default)]
pub struct Proposal {
    /// What would be written otherwise.
    pub changes: Vec<Change>,
    /// What stays as it is.
    pub left: Vec<Left>,
}

impl Proposal {
    /// Adds a change.
    pub fn change(&mut self, place: &Place, kind: ChangeKind) {
        self.changes.push(Change { place: place.clone(), kind });
    }

    /// Adds what stays as it is.
    pub fn leave(&mut self, place: &Place, why: impl Into<String>) {
        self.left.push(Left { place: place.clone(), why: why.into() });
    }
}

impl Matcher {
    /// Whether all of it is written literally: no tag, no `${…}`.
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

    /// Proposes what would have to be written for `value` to match; `name` is what it is a member of its object by.
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
                .leave(&self.place, "the response has a lone surrogate, for which YAML has no form");
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
            (Kind::Text(_), _) => proposal.leave(&self.place, "`${…}` computes what stands there"),
            (Kind::Object { open: false, .. } | Kind::List(_), _) => {
                proposal.leave(&self.place, "matchers stand in it");
            }
            _ => proposal.leave(&self.place, "a matcher stands there"),
        }
    }

    /// Proposes that an entry goes of which the answer has none; `none` says so.
    pub fn settle_absence(&self, none: &str, collapse: bool, proposal: &mut Proposal) {
        if self.is_literal() {
            proposal.change(&self.place, ChangeKind::Remove { collapse });
        } else {
            proposal.leave(&self.place, format!("it is more than a literal, and the answer has {none}"));
        }
    }
}
