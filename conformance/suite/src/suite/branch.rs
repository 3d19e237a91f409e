//! Branches: one request with its expectations and captures. A step has one, a race several.

use std::sync::Arc;
use std::time::Duration;

use super::Suite;
use super::context::{StepContext, check_capture_name, keys};
use super::folder::Folder;
use crate::capture::{self, Capture};
use crate::curl;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expectation::{self, Expectation};
use crate::format::{ExpectText, StepText};
use crate::request::{self, Files, JarUse, Request};
use crate::source::{Place, Source};
use crate::template::{Scope, Text};
use crate::yaml::{Located, Node, Ordered, Value};

/// One request with its expectations and captures.
#[derive(Debug, Clone)]
pub struct Branch {
    /// What is sent.
    pub request: Request,
    /// Where the request is written.
    pub place: Place,
    /// What its response must match; in a race, each response.
    pub expectation: Expectation,
    /// What is captured from the first response.
    pub captures: Vec<Capture>,
    /// How many times it is sent.
    pub times: usize,
}

impl Branch {
    /// Returns the templates with their locations, to check the names in them.
    pub fn texts(&self) -> impl Iterator<Item = (&Text, &Place)> {
        let request = self.request.texts().into_iter().map(|text| (text, &self.place));
        let captures = self.captures.iter().filter_map(|capture| Some((capture.text()?, &capture.place)));
        request.chain(self.expectation.texts()).chain(captures)
    }

    /// Whether the body is needed for an expectation or a capture. If not, its beginning is enough for reports.
    #[must_use]
    pub fn reads_the_body(&self) -> bool {
        let looks = self.expectation.body.is_some() || self.expectation.within.is_some();
        let looks = looks || self.expectation.unique_members.is_some() || self.expectation.events.is_some();
        looks || self.captures.iter().any(Capture::reads_the_body)
    }
}

/// Compiles the parts of a step.
pub(super) struct StepCompiler<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) suite: &'a Suite,
    pub(super) folder: &'a Folder,
    pub(super) context: &'a StepContext<'a>,
    /// Where the step is written.
    pub(super) place: Place,
    /// The cookie jar of its requests.
    pub(super) jar: Option<&'a Located<String>>,
    /// Its own timeout for a response.
    pub(super) timeout: Option<Duration>,
}

impl StepCompiler<'_> {
    /// Compiles a step with one request.
    pub(super) fn one_request(&self, text: &StepText) -> Result<Branch, Diagnostics> {
        let Some(request) = &text.request else {
            return Err(self.no_request().into());
        };
        if let Some(overall) = &text.overall {
            let message = "`overall` is only allowed in a race";
            let error = Diagnostic::at(overall.place(self.source), message);
            return Err(error.help("`race: 16` sends the request 16 times at once").into());
        }
        self.branch(request, text.expect.as_ref(), &text.capture, 1)
    }

    pub(super) fn no_request(&self) -> Diagnostic {
        Diagnostic::at(self.place.clone(), "this step has no `request`")
            .help("write a request, run a program (`run: python3 main.py`), or use a sequence: `use: login`")
    }

    /// Compiles a request with its expectations and captures.
    pub(super) fn branch(
        &self,
        request: &Node,
        expect: Option<&Located<ExpectText>>,
        capture: &Ordered<Node>,
        times: usize,
    ) -> Result<Branch, Diagnostics> {
        let mut errors = Diagnostics::default();
        let place = request.place(self.source);
        let read = |name: &str| self.folder.read(&Folder::relative(self.context.file, name));
        let request = errors.keep(self.request(request, &read));
        let request = request.and_then(|request| errors.keep(self.with_jar(request)));
        let request = request.map(|request| self.with_timeout(request));
        let request = request.and_then(|request| errors.keep(self.with_path(request, &place)));
        let expectation = match expect {
            Some(expect) => errors.keep(self.expectation(&expect.value)).unwrap_or_default(),
            None => Expectation::default(),
        };
        let mut captures = Vec::new();
        for (name, node) in &capture.0 {
            if let Some(mut capture) = errors.keep(capture::compile(name, node, self.source)) {
                capture.keys = keys(&name.value, self.context).into();
                captures.push(capture);
            }
            errors.keep(check_capture_name(name, self.context, self.suite));
        }
        match request {
            Some(request) => errors.into_result(Branch { request, place, expectation, captures, times }),
            None => Err(errors),
        }
    }

    /// Compiles a request to one of the origins of the suite.
    fn request(&self, node: &Node, read: Files<'_>) -> Result<Request, Diagnostic> {
        let mut result = request(node, &self.suite.origin, self.source, read);
        for (name, origin) in &self.suite.origins {
            match &result {
                Err(error) if error.message().starts_with(curl::ELSEWHERE) => {}
                _ => break,
            }
            result = request(node, origin, self.source, read)
                .map(|request| Request { at: Some(name.as_str().into()), ..request });
        }
        let request = result?;
        let known = || self.suite.origins.iter().map(|(name, _)| name.as_str());
        match request.at.as_deref().filter(|at| !known().any(|name| name == *at)) {
            None => Ok(request),
            Some(at) => {
                let message = format!("the suite has no origin `{at}`");
                Err(Diagnostic::at(node.place(self.source).find(at), message).suggest(at, known()))
            }
        }
    }

    /// Compiles expectations.
    pub(super) fn expectation(&self, expect: &ExpectText) -> Result<Expectation, Diagnostic> {
        let read = |name: &str| self.folder.read(&Folder::relative(self.context.file, name));
        let mut expectation = expectation::compile(expect, self.source, &read)?;
        let Some(status) = &mut expectation.status else { return Ok(expectation) };
        match status.settle(|| self.context.frame.static_scope(&Scope::default())) {
            Ok(()) => Ok(expectation),
            Err((written, value)) => {
                let error = Diagnostic::at(status.place.find(&written), expectation::NO_STATUS)
                    .label(format!("this is {value}"));
                Err(self.given(error))
            }
        }
    }

    /// Checks that the method and the path of the request are valid with the values known while loading.
    fn with_path(&self, request: Request, place: &Place) -> Result<Request, Diagnostic> {
        for scope in [&self.context.frame.static_scope(&Scope::default()), &self.suite.static_scope] {
            if request.method.render(scope).is_ok()
                && let Err(error) = request.method(scope)
            {
                return Err(self.given(Diagnostic::at(place.find(error.written()), error.to_string())));
            }
        }
        if request.target.head().is_none() {
            return Ok(request);
        }
        if let Some(error) = request.pathless(&self.context.frame.static_scope(&Scope::default())) {
            return Err(self.given(Diagnostic::at(place.find(error.written()), error.to_string())));
        }
        match request.pathless(&self.suite.static_scope) {
            Some(error) => Err(Diagnostic::at(place.find(error.written()), error.to_string())),
            None => Ok(request),
        }
    }

    /// Adds to an error the row, or the use of a sequence, that the value comes from.
    fn given(&self, error: Diagnostic) -> Diagnostic {
        match self.context.provenance.via.last() {
            Some(place) => error.help(format!("the value comes from {place}")),
            None => error,
        }
    }

    /// Sets the timeout of the step, which takes precedence over that of a curl command.
    fn with_timeout(&self, mut request: Request) -> Request {
        if self.timeout.is_some() {
            request.transfer.get_or_insert_default().timeout = self.timeout;
        }
        request
    }

    /// Sets the cookie jar that the step names.
    fn with_jar(&self, mut request: Request) -> Result<Request, Diagnostic> {
        let Some(jar) = self.jar else { return Ok(request) };
        if request.raw.is_some() {
            let message = "`jar` is not allowed with a raw request, which is sent unchanged";
            return Err(Diagnostic::at(jar.place(self.source), message));
        }
        if request.jar.is_some() {
            let message = "`jar` is not allowed with curl's --cookie or --cookie-jar files";
            return Err(
                Diagnostic::at(jar.place(self.source), message).help("use either `jar` or the curl options")
            );
        }
        let name = Some(jar.value.clone());
        request.jar = Some(Box::new(JarUse { reads: name.clone(), keeps: name }));
        Ok(request)
    }
}

/// Compiles a request: a curl command or a mapping. `read` reads the files that it names.
///
/// # Errors
/// An invalid request, at the location of the error.
pub fn request(
    node: &Node,
    origin: &str,
    source: &Arc<Source>,
    read: Files<'_>,
) -> Result<Request, Diagnostic> {
    let request = match &node.value {
        Value::Mapping(_) => request::compile_mapping(node, source, read)?,
        Value::String(command) if node.tag.is_none() => {
            curl::parse(command, origin, read, &node.place(source))?
        }
        _ => {
            let message = format!("a request must be a curl command or a mapping, not {}", node.shape());
            return Err(Diagnostic::at(node.place(source), message));
        }
    };
    let may_be_a_url = request.target.head().is_some();
    Ok(Request { origin: may_be_a_url.then(|| origin.into()), ..request })
}
