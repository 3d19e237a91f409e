//! The names that an expansion adds to a step: the cells of a row, or the parameters of a sequence.
//!
//! Rows and sequences are written out when the suite is loaded, so that a plan and a run know only steps. What remains of
//! an expansion is a [`Frame`]: names whose values are found once, when the first of its steps is sent.

use std::sync::Arc;

use crate::json::Json;
use crate::request::JsonText;
use crate::source::Place;
use crate::template::Scope;

/// Names and their values, in whose scope a step stands.
#[derive(Debug, Default)]
pub struct Frame {
    /// Tells it from the other frames of the scenario.
    pub key: String,
    /// The names, with the values that were written.
    pub names: Vec<(String, JsonText)>,
    /// The captures that the values need.
    pub needs: Vec<Need>,
    /// The frame in which the values are found.
    pub outer: Option<Arc<Self>>,
    /// Whether the outer names mean nothing inside, as in a sequence.
    pub closed: bool,
}

/// A capture that a step needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The name that its expressions use.
    pub name: Box<str>,
    /// The name under which the scenario keeps it.
    pub key: Box<str>,
    /// The step that owes it.
    pub made_by: Box<str>,
}

/// What brings a step about, beside its own lines: the steps that use its sequence, and its row.
#[derive(Debug, Clone, Default)]
pub struct Spots {
    /// The lines of the steps that use its sequence, and of its row.
    pub around: Vec<Place>,
    /// The lines of the rows that it is one of, its own among them: each list of rows is there once.
    pub rows: Vec<Arc<[Place]>>,
    /// The uses and the row that brought it about, outermost first.
    pub via: Vec<Place>,
}

impl Frame {
    /// Returns what was written for a name, if it means something here.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&JsonText> {
        let own = self.names.iter().find(|(own, _)| own == name).map(|(_, value)| value);
        own.or_else(|| if self.closed { None } else { self.outer.as_ref()?.find(name) })
    }

    /// The names that mean something here and have a value before anything is sent. `base` has those that mean something everywhere.
    #[must_use]
    pub fn on_paper(&self, base: &Scope) -> Scope {
        let around = self.outer.as_ref().map_or_else(|| base.clone(), |outer| outer.on_paper(base));
        let mut scope = if self.closed { base.clone() } else { around.clone() };
        for (name, value) in &self.names {
            match value {
                // A cell that waits for a capture says nothing of the others.
                JsonText::Object(members) => {
                    let known = (members.iter())
                        .filter_map(|(name, value)| Some((name.clone(), value.value(&around).ok()?)));
                    scope.set(name.as_str(), &Json::Object(known.collect()));
                }
                value => {
                    if let Ok(value) = value.value(&around) {
                        scope.set(name.as_str(), &value);
                    }
                }
            }
        }
        scope
    }

    /// The names that mean something here.
    #[must_use]
    pub fn known(&self) -> Vec<&str> {
        let mut known: Vec<&str> = self.names.iter().map(|(name, _)| name.as_str()).collect();
        if let Some(outer) = self.outer.as_ref().filter(|_| !self.closed) {
            known.extend(outer.known());
        }
        known
    }

    /// The captures that it needs, and those that the frames around it need.
    #[must_use]
    pub fn all_needs(&self) -> Vec<&Need> {
        let outer = self.outer.iter().flat_map(|outer| outer.all_needs());
        self.needs.iter().chain(outer).collect()
    }
}
