//! Step definitions: what a step sends, expects and captures.
//!
//! Plans and reports need the other properties of a step, which are in [`Step`](super::Step).

use std::slice;
use std::sync::Arc;

use super::branch::{Branch, StepCompiler};
use super::frame::{Frame, Need};
use super::race::{self, Race};
use crate::capture::Capture;
use crate::diagnostic::Diagnostics;
use crate::format::StepText;
use crate::request::Request;
use crate::source::Place;
use crate::template::Text;

/// What a step sends, expects and captures, and the names that it uses.
#[derive(Debug)]
pub struct StepDefinition {
    /// The request or requests.
    pub sent: Sent,
    /// The captures that the step needs.
    pub needs: Box<[Need]>,
    /// The row and the parameters in scope.
    pub frame: Arc<Frame>,
}

/// One request, or several at once.
#[derive(Debug)]
pub enum Sent {
    /// One request.
    Sole(Box<Branch>),
    /// Several requests in parallel.
    Race(Box<Race>),
}

impl StepDefinition {
    /// Returns the requests, each with its expectations and captures. There is at least one.
    #[must_use]
    pub fn branches(&self) -> &[Branch] {
        match &self.sent {
            Sent::Sole(branch) => slice::from_ref(branch),
            Sent::Race(race) => &race.branches,
        }
    }

    /// Returns the race, if the step is one.
    #[must_use]
    pub fn race(&self) -> Option<&Race> {
        match &self.sent {
            Sent::Sole(_) => None,
            Sent::Race(race) => Some(race),
        }
    }

    /// Returns the only request, or the first one.
    #[must_use]
    pub fn first(&self) -> &Branch {
        &self.branches()[0]
    }

    /// Returns the captures of all requests.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        self.branches().iter().flat_map(|branch| &branch.captures)
    }

    /// Returns the requests.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.branches().iter().map(|branch| &branch.request)
    }

    /// Returns the captures that the step and the frames around it need.
    pub fn all_needs(&self) -> impl Iterator<Item = &Need> {
        self.needs.iter().chain(self.frame.all_needs())
    }

    /// Whether any response passes. A capture is a check: the value must be there.
    pub(super) fn checks_nothing(&self) -> bool {
        !self.checks_more_than_branches() && self.branches().iter().all(|one| one.expectation.is_empty())
    }

    /// Whether only the status of one response is checked.
    pub(super) fn checks_only_status(&self) -> bool {
        !self.checks_more_than_branches()
            && matches!(&self.sent, Sent::Sole(branch) if branch.expectation.is_status_only())
    }

    /// Whether something is captured, or expected of all responses of a race.
    fn checks_more_than_branches(&self) -> bool {
        self.race().is_some_and(|race| !race.outcomes.is_empty() || race.distinct.is_some())
            || self.captures().next().is_some()
    }
}

impl Sent {
    /// Returns the templates with their locations, to check the names in them.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&Text, &Place)> {
        let (branches, race) = match self {
            Self::Sole(branch) => (slice::from_ref(&**branch), None),
            Self::Race(race) => (&*race.branches, Some(race)),
        };
        branches.iter().flat_map(Branch::texts).chain(race.into_iter().flat_map(|race| race.texts()))
    }
}

/// Compiles what a step sends.
///
/// # Errors
/// All errors in it.
pub(super) fn sent(text: &StepText, compiler: &StepCompiler<'_>) -> Result<Sent, Diagnostics> {
    Ok(match race::compile(text, compiler)? {
        Some(race) => Sent::Race(Box::new(race)),
        None => Sent::Sole(Box::new(compiler.sole(text)?)),
    })
}
