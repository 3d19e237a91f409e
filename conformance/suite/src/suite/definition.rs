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
    pub sent: StepRequests,
    /// The captures that the step needs.
    pub needs: Vec<Need>,
    /// The row and the parameters in scope.
    pub frame: Arc<Frame>,
}

/// One request, or several at once.
#[derive(Debug)]
pub enum StepRequests {
    /// One request.
    One(Box<Branch>),
    /// Several requests in parallel.
    Race(Box<Race>),
}

impl StepDefinition {
    /// Returns the requests, each with its expectations and captures. There is at least one.
    #[must_use]
    pub fn branches(&self) -> &[Branch] {
        match &self.sent {
            StepRequests::One(branch) => slice::from_ref(branch),
            StepRequests::Race(race) => &race.branches,
        }
    }

    /// Returns the race, if the step is one.
    #[must_use]
    pub fn race(&self) -> Option<&Race> {
        match &self.sent {
            StepRequests::One(_) => None,
            StepRequests::Race(race) => Some(race),
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

    /// Whether it has random values.
    #[must_use]
    pub fn is_random(&self) -> bool {
        let mut frame = Some(&self.frame);
        let frames = std::iter::from_fn(move || {
            let own = frame?;
            frame = own.outer.as_ref();
            Some(own)
        });
        let of_frames = frames.flat_map(|frame| frame.names.iter().flat_map(|(_, value)| value.texts()));
        let mut texts = self.sent.texts().map(|(text, _)| text).chain(of_frames);
        texts.any(|text| text.calls().any(|name| matches!(name, "uuid" | "random")))
    }

    /// Whether any response passes. A capture is a check: the value must be there.
    pub(super) fn checks_nothing(&self) -> bool {
        !self.checks_more_than_branches() && self.branches().iter().all(|one| one.expectation.is_empty())
    }

    /// Whether only the status of one response is checked.
    pub(super) fn checks_only_status(&self) -> bool {
        !self.checks_more_than_branches()
            && matches!(&self.sent, StepRequests::One(branch) if branch.expectation.is_status_only())
    }

    /// Whether something is captured, or expected of all responses of a race.
    fn checks_more_than_branches(&self) -> bool {
        self.race().is_some_and(|race| !race.outcomes.is_empty() || race.distinct.is_some())
            || self.captures().next().is_some()
    }
}

impl StepRequests {
    /// Returns the templates with their locations, to check the names in them.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&Text, &Place)> {
        let (branches, race) = match self {
            Self::One(branch) => (slice::from_ref(&**branch), None),
            Self::Race(race) => (&*race.branches, Some(race)),
        };
        branches.iter().flat_map(Branch::texts).chain(race.into_iter().flat_map(|race| race.texts()))
    }
}

/// Compiles what a step sends.
///
/// # Errors
/// All errors in it.
pub(super) fn sent(text: &StepText, compiler: &StepCompiler<'_>) -> Result<StepRequests, Diagnostics> {
    Ok(match race::compile(text, compiler)? {
        Some(race) => StepRequests::Race(Box::new(race)),
        None => StepRequests::One(Box::new(compiler.one_request(text)?)),
    })
}
