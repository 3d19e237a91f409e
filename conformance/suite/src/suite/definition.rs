//! Step definitions: what a step sends or runs, expects and captures.
//!
//! Plans and reports need the other properties of a step, which are in [`Step`](super::Step).

use std::slice;
use std::sync::Arc;

use super::branch::{Branch, StepCompiler};
use super::execution::{self, Execution};
use super::frame::{Frame, Need};
use super::race::{self, Race};
use super::stream::{self, Awaiting, Opening};
use crate::capture::Capture;
use crate::diagnostic::Diagnostics;
use crate::expectation::Expectation;
use crate::format::StepText;
use crate::request::Request;
use crate::source::Place;
use crate::template::Text;

/// What a step sends, expects and captures, and the names that it uses.
#[derive(Debug)]
pub struct StepDefinition {
    /// The request or requests, the program, or the awaited events.
    pub sent: StepRequests,
    /// The stream that the request opens.
    pub opens: Option<Box<Opening>>,
    /// The captures that the step needs.
    pub needs: Vec<Need>,
    /// The row and the parameters in scope.
    pub frame: Arc<Frame>,
}

/// One request, several at once, a program, or none.
#[derive(Debug)]
pub enum StepRequests {
    /// One request.
    One(Box<Branch>),
    /// Several requests in parallel.
    Race(Box<Race>),
    /// A program to run instead.
    Execution(Box<Execution>),
    /// The next events of a stream that an earlier step opened.
    Await(Box<Awaiting>),
}

impl StepDefinition {
    /// Returns the requests, each with its expectations and captures; none if the step runs a program or awaits events.
    #[must_use]
    pub fn branches(&self) -> &[Branch] {
        match &self.sent {
            StepRequests::One(branch) => slice::from_ref(branch),
            StepRequests::Race(race) => &race.branches,
            StepRequests::Execution(_) | StepRequests::Await(_) => &[],
        }
    }

    /// Returns the race, if the step is one.
    #[must_use]
    pub fn race(&self) -> Option<&Race> {
        match &self.sent {
            StepRequests::Race(race) => Some(race),
            _ => None,
        }
    }

    /// Returns the program, if the step runs one.
    #[must_use]
    pub fn execution(&self) -> Option<&Execution> {
        match &self.sent {
            StepRequests::Execution(execution) => Some(execution),
            _ => None,
        }
    }

    /// Returns what the step awaits, if it sends nothing.
    #[must_use]
    pub fn awaiting(&self) -> Option<&Awaiting> {
        match &self.sent {
            StepRequests::Await(awaiting) => Some(awaiting),
            _ => None,
        }
    }

    /// Whether the request opens a stream, or is over once its first events have come.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.opens.is_some() || self.branches().iter().any(|branch| branch.expectation.events.is_some())
    }

    /// Returns the only request, or the first one; none if the step sends none.
    #[must_use]
    pub fn first(&self) -> Option<&Branch> {
        self.branches().first()
    }

    /// Returns what the response to the only request, or the awaited events, must match, and where that is sent or awaited.
    #[must_use]
    pub fn judged(&self) -> Option<(&Expectation, &Place)> {
        match &self.sent {
            StepRequests::One(branch) => Some((&branch.expectation, &branch.place)),
            StepRequests::Await(awaiting) => Some((&awaiting.expectation, &awaiting.stream.place)),
            StepRequests::Race(_) | StepRequests::Execution(_) => None,
        }
    }

    /// Returns where the request, the program or the name of the awaited stream is written.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        let execution = || self.execution().map(|execution| &execution.place);
        let awaiting = || self.awaiting().map(|awaiting| &awaiting.stream.place);
        self.first().map(|branch| &branch.place).or_else(execution).or_else(awaiting)
    }

    /// Returns the captures of all requests, of the program, or of the awaited events.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        let of_program = self.execution().into_iter().flat_map(|execution| &execution.captures);
        let of_requests = self.branches().iter().flat_map(|branch| &branch.captures);
        let of_events = self.awaiting().into_iter().flat_map(|awaiting| &awaiting.captures);
        of_requests.chain(of_program.map(|one| &one.capture)).chain(of_events)
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
        // The exit code of a program is always checked, as that an awaited event comes. Opening a stream has a use of its own.
        self.execution().is_none()
            && self.awaiting().is_none()
            && self.opens.is_none()
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
            Self::Await(_) => (&[][..], None, None),
        };
        let of_program = execution.into_iter().flat_map(|execution| execution.texts());
        let awaiting = if let Self::Await(awaiting) = self { Some(awaiting) } else { None };
        branches
            .iter()
            .flat_map(Branch::texts)
            .chain(race.into_iter().flat_map(|race| race.texts()))
            .chain(of_program)
            .chain(awaiting.into_iter().flat_map(|awaiting| awaiting.texts()))
    }
}

/// Compiles the stream that a step opens, if it opens one.
///
/// # Errors
/// All keys that make no sense with a stream.
pub(super) fn opens(
    text: &StepText,
    sent: &StepRequests,
    compiler: &StepCompiler<'_>,
) -> Result<Option<Opening>, Diagnostics> {
    let has_events = match sent {
        StepRequests::One(branch) => return stream::opening(text, branch, compiler),
        StepRequests::Execution(_) | StepRequests::Await(_) => false,
        StepRequests::Race(race) => {
            let of_branches = race.branches.iter().map(|branch| &branch.expectation);
            let of_outcomes = race.outcomes.iter().map(|outcome| &outcome.expectation);
            of_branches.chain(of_outcomes).any(|expectation| expectation.events.is_some())
        }
    };
    stream::refuse(text, has_events, compiler)?;
    Ok(None)
}

/// Compiles what a step sends.
///
/// # Errors
/// All errors in it.
pub(super) fn sent(text: &StepText, compiler: &StepCompiler<'_>) -> Result<StepRequests, Diagnostics> {
    if let Some(awaiting) = stream::awaiting(text, compiler)? {
        return Ok(StepRequests::Await(Box::new(awaiting)));
    }
    if let Some(execution) = execution::compile(text, compiler)? {
        return Ok(StepRequests::Execution(Box::new(execution)));
    }
    Ok(match race::compile(text, compiler)? {
        Some(race) => StepRequests::Race(Box::new(race)),
        None => StepRequests::One(Box::new(compiler.one_request(text)?)),
    })
}
