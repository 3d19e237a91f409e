//! A request with what is expected and kept of its answer: what a step is made of, and of what a race has several.

use std::sync::Arc;

use super::Suite;
use super::folder::Folder;
use super::format::{ExpectText, StepText};
use super::names::OUTPUT;
use super::scenario;
use crate::capture::{self, Capture};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expectation::{self, Expectation};
use crate::request::Request;
use crate::source::{Place, Source};
use crate::template::Text;
use crate::yaml::{Located, Node, Ordered};

/// A request, and what is expected and kept of its answers.
#[derive(Debug, Clone)]
pub struct Lane {
    /// What is sent.
    pub request: Request,
    /// Where it stands.
    pub place: Place,
    /// What is demanded of its answer; in a race, of each.
    pub expectation: Expectation,
    /// What is kept of the first answer.
    pub captures: Vec<Capture>,
    /// How often it is sent.
    pub times: usize,
}

impl Lane {
    /// The strings in it with their places, for checking the names that they use.
    pub fn texts(&self) -> impl Iterator<Item = (&Text, &Place)> {
        let request = self.request.texts().into_iter().map(|text| (text, &self.place));
        request.chain(self.expectation.texts())
    }
}

/// What a step's parts are read with.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) suite: &'a Suite,
    pub(super) folder: &'a Folder,
    pub(super) scenario: &'a str,
}

impl Reader<'_> {
    /// Returns the one request of a step and what is expected and kept of its answer.
    pub(super) fn sole(&self, text: &StepText) -> Result<Lane, Diagnostics> {
        let Some(request) = &text.request else {
            return Err(Diagnostic::at(text.id.place(self.source), "this step has no `request`").into());
        };
        if let Some(overall) = &text.overall {
            let message = "`overall` speaks of the answers of a race, and this step has one answer";
            let wrong = Diagnostic::at(overall.place(self.source), message);
            return Err(wrong.help("`race: 16` sends the request 16 times at once").into());
        }
        self.lane(request, text.expect.as_ref(), &text.capture, 1)
    }

    /// Returns a request and what is expected and kept of its answers.
    pub(super) fn lane(
        &self,
        request: &Node,
        expect: Option<&Located<ExpectText>>,
        capture: &Ordered<Node>,
        times: usize,
    ) -> Result<Lane, Diagnostics> {
        let mut wrong = Diagnostics::default();
        let place = request.place(self.source);
        let request = wrong.keep(scenario::request(
            request,
            &self.suite.origin,
            self.source,
            self.folder,
            self.scenario,
        ));
        let expectation = match expect {
            Some(expect) => wrong.keep(expectation::compile(&expect.value, self.source)).unwrap_or_default(),
            None => Expectation::default(),
        };
        let mut captures = Vec::new();
        for (name, node) in &capture.0 {
            captures.extend(wrong.keep(capture::compile(name, node, self.source)));
            if self.suite.fixture(&name.value).is_some() || name.value == OUTPUT {
                let message = format!("the name `{}` is taken", name.value);
                wrong.push(
                    Diagnostic::at(name.place(self.source), message)
                        .help("fixtures and captures share their names"),
                );
            }
        }
        match request {
            Some(request) => wrong.into_result(Lane { request, place, expectation, captures, times }),
            None => Err(wrong),
        }
    }
}
