//! Step definitions: what a step sends or runs, expects and captures.
//!
//! Plans and reports need the other properties of a step, which are in [`Step`](super::Step).

use std::slice;
use std::sync::Arc;

use super::branch::{Branch, StepCompiler};
use super::execution::{self, Execution};
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
    /// The request or requests, or the program.
    pub sent: StepRequests,
    /// The captures that the step needs.
    pub needs: Vec<Need>,
    /// The row and the parameters in scope.
    pub frame: Arc<Frame>,
}

/// One request, several at once, or a program.
#[derive(Debug)]
pub enum StepRequests {
    /// One request.
    One(Box<Branch>),
    /// Several requests in parallel.
    Race(Box<Race>),
    /// A program to run instead.
    Execution(Box<Execution>),
}

impl StepDefinition {
    /// Returns the requests, each with its expectations and captures; none if the step runs a program.
    #[must_use]
    pub fn branches(&self) -> &[Branch] {
        match &self.sent {
            StepRequests::One(branch) => slice::from_ref(branch),
            StepRequests::Race(race) => &race.branches,
            StepRequests::Execution(_) => &[],
        }
    }

    /// Returns the race, if the step is one.
    #[must_use]
    pub fn race(&self) -> Option<&Race> {
        match &self.sent {
            StepRequests::One(_) | StepRequests::Execution(_) => None,
            StepRequests::Race(race) => Some(race),
        }
    }

    /// Returns the program, if the step runs one.
    #[must_use]
    pub fn execution(&self) -> Option<&Execution> {
        match &self.sent {
            StepRequests::One(_) | StepRequests::Race(_) => None,
            StepRequests::Execution(execution) => Some(execution),
        }
    }

    /// Returns the only request, or the first one; none if the step runs a program.
    #[must_use]
    pub fn first(&self) -> Option<&Branch> {
        self.branches().first()
    }

    /// Returns where the request or the program is written.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        let execution = || self.execution().map(|execution| &execution.place);
        self.first().map(|branch| &branch.place).or_else(execution)
    }

    /// Returns the captures of all requests, or of the program.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        let of_program = self.execution().into_iter().flat_map(|execution| &execution.captures);
        let of_requests = self.branches().iter().flat_map(|branch| &branch.captures);
        of_requests.chain(of_program.map(|one| &one.capture))
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
        // The exit code of a program is always checked.
        self.execution().is_none()
            && !self.checks_more_than_branches()
            && self.branches().iter().all(|one| one.expectation.is_empty())
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
        let (branches, race, execution) = match self {
            Self::One(branch) => (slice::from_ref(&**branch), None, None),
            Self::Race(race) => (&*race.branches, Some(race), None),
            Self::Execution(execution) => (&[][..], None, Some(execution)),
        };
        let of_program = execution.into_iter().flat_map(|execution| execution.texts());
        branches
            .iter()
            .flat_map(Branch::texts)
            .chain(race.into_iter().flat_map(|race| race.texts()))
            .chain(of_program)
    }
}

/// Compiles what a step sends.
///
/// # Errors
/// All errors in it.
pub(super) fn sent(text: &StepText, compiler: &StepCompiler<'_>) -> Result<StepRequests, Diagnostics> {
    if let Some(execution) = execution::compile(text, compiler)? {
        return Ok(StepRequests::Execution(Box::new(execution)));
    }
    Ok(match race::compile(text, compiler)? {
        Some(race) => StepRequests::Race(Box::new(race)),
        None => StepRequests::One(Box::new(compiler.one_request(text)?)),
    })
}
