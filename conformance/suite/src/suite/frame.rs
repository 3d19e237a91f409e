//! Frames: names that rows and sequences add to the scope of a step.
//!
//! Rows and sequences are expanded when the suite is loaded, so that plans and runs deal only with steps. What remains of an
//! expansion is a [`Frame`]: names whose values are evaluated once, when its first step is sent.

use std::sync::Arc;

use crate::json::Json;
use crate::request::JsonText;
use crate::source::Place;
use crate::template::Scope;

/// Names and their values, in scope for some steps.
#[derive(Debug, Default)]
pub struct Frame {
    /// Identifies the frame in its scenario.
    pub key: String,
    /// The names, with their values as written.
    pub names: Vec<(String, JsonText)>,
    /// The captures that the values need.
    pub needs: Vec<Need>,
    /// The frame in which the values are evaluated.
    pub outer: Option<Arc<Self>>,
    /// Whether outer names are hidden, as in a sequence.
    pub closed: bool,
}

/// A capture that a step needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The name in its expressions.
    pub name: String,
    /// The key under which the scenario stores it.
    pub key: String,
    /// The step that makes it.
    pub made_by: String,
}

/// Locations, other than its own lines, that a step comes from: the steps that use its sequence, and its rows.
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// The lines of the steps that use its sequence, and of its row.
    pub around: Vec<Place>,
    /// The lines of all rows in the same lists as its own row; each list appears once.
    pub rows: Vec<Arc<[Place]>>,
    /// The uses of sequences and the row that it comes from, outermost first.
    pub via: Vec<Place>,
}

impl Frame {
    /// Returns the value of a name as written, if the name is known here.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&JsonText> {
        let own = self.names.iter().find(|(own, _)| own == name).map(|(_, value)| value);
        own.or_else(|| if self.closed { None } else { self.outer.as_ref()?.find(name) })
    }

    /// Returns the names in scope whose values are known before anything is sent. `base` has the names that are known everywhere.
    #[must_use]
    pub fn static_scope(&self, base: &Scope) -> Scope {
        let around = self.outer.as_ref().map_or_else(|| base.clone(), |outer| outer.static_scope(base));
        let mut scope = if self.closed { base.clone() } else { around.clone() };
        for (name, value) in &self.names {
            match value {
                // A cell that needs a capture does not make the other cells unknown.
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

    /// Returns the names in scope.
    #[must_use]
    pub fn known(&self) -> Vec<&str> {
        let mut known: Vec<&str> = self.names.iter().map(|(name, _)| name.as_str()).collect();
        if let Some(outer) = self.outer.as_ref().filter(|_| !self.closed) {
            known.extend(outer.known());
        }
        known
    }

    /// Returns the captures that this frame and those around it need.
    #[must_use]
    pub fn all_needs(&self) -> Vec<&Need> {
        let outer = self.outer.iter().flat_map(|outer| outer.all_needs());
        self.needs.iter().chain(outer).collect()
    }
}
