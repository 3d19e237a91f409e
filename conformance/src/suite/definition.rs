//! A deed: what a step sends, and what it expects and keeps of the answers.
//!
//! Compiled from a step, and by far the most of it. A plan is made of [`Step`](super::Step)s alone; the deeds of a scenario are asked for
//! when it is played.

use std::slice;
use std::sync::Arc;

use super::branch::{Branch, Reader};
use super::frame::{Frame, Need};
use super::race::{self, Race};
use crate::capture::Capture;
use crate::diagnostic::Diagnostics;
use crate::format::StepText;
use crate::request::Request;
use crate::source::Place;
use crate::template::Text;
use crate::yaml::Outline;

/// What a step sends, and the names that it uses.
#[derive(Debug)]
pub struct StepDefinition {
    /// What is sent.
    pub sent: Sent,
    /// The captures that it needs.
    pub needs: Box<[Need]>,
    /// The row and the parameters in whose scope it stands.
    pub frame: Arc<Frame>,
}

/// The deeds of a scenario.
#[derive(Debug)]
pub(super) enum StepDefinitions {
    /// Those of its steps, in their order.
    Kept(Arc<[StepDefinition]>),
    /// What its file consists of: they are compiled again.
    Again(Outline),
}

/// One request, or several at once.
#[derive(Debug)]
pub enum Sent {
    /// One.
    Sole(Box<Branch>),
    /// Several.
    Race(Box<Race>),
}

/// How much a step demands of what is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demands {
    /// Any answer passes.
    Nothing,
    /// A status, and nothing else.
    Status,
    /// More than a status.
    More,
}

impl StepDefinitions {
    /// Those that are kept.
    pub(super) fn kept(&self) -> Option<&Arc<[StepDefinition]>> {
        match self {
            Self::Kept(definitions) => Some(definitions),
            Self::Again(_) => None,
        }
    }
}

impl StepDefinition {
    /// Its requests, each with what is expected and kept of its answer. There is one at least.
    #[must_use]
    pub fn branches(&self) -> &[Branch] {
        match &self.sent {
            Sent::Sole(branch) => slice::from_ref(branch),
            Sent::Race(race) => &race.branches,
        }
    }

    /// The requests that are sent at once, where it is a race.
    #[must_use]
    pub fn race(&self) -> Option<&Race> {
        match &self.sent {
            Sent::Sole(_) => None,
            Sent::Race(race) => Some(race),
        }
    }

    /// Its request, or the first of them.
    #[must_use]
    pub fn first(&self) -> &Branch {
        &self.branches()[0]
    }

    /// What is kept for later steps.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        self.branches().iter().flat_map(|branch| &branch.captures)
    }

    /// Every request that it sends.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.branches().iter().map(|branch| &branch.request)
    }

    /// The captures that it and the frames around it need.
    pub fn all_needs(&self) -> impl Iterator<Item = &Need> {
        self.needs.iter().chain(self.frame.all_needs())
    }

    /// How much is demanded of what is answered. What is kept is demanded.
    pub(super) fn demands(&self) -> Demands {
        let overall = self.race().is_some_and(|race| !race.outcomes.is_empty() || race.distinct.is_some());
        let kept = overall || self.captures().next().is_some();
        if !kept && self.branches().iter().all(|branch| branch.expectation.is_empty()) {
            return Demands::Nothing;
        }
        match &self.sent {
            Sent::Sole(branch) if !kept && branch.expectation.is_status_only() => Demands::Status,
            _ => Demands::More,
        }
    }
}

impl Sent {
    /// The strings in it with their places, for checking the names that they use.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&Text, &Place)> {
        let (branches, race) = match self {
            Self::Sole(branch) => (slice::from_ref(&**branch), None),
            Self::Race(race) => (&*race.branches, Some(race)),
        };
        branches.iter().flat_map(Branch::texts).chain(race.into_iter().flat_map(|race| race.texts()))
    }
}

/// Returns what a step sends.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn sent(text: &StepText, reader: &Reader<'_>) -> Result<Sent, Diagnostics> {
    Ok(match race::compile(text, reader)? {
        Some(race) => Sent::Race(Box::new(race)),
        None => Sent::Sole(Box::new(reader.sole(text)?)),
    })
}
