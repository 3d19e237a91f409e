//! Streams: a step opens a response that stays open, and later steps await its events.

use std::time::Duration;

use super::branch::{Branch, StepCompiler};
use super::context::{StepContext, check_capture_name, keys};
use super::folder::Folder;
use crate::capture::{self, Capture};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expectation::{self, Expectation};
use crate::format::StepText;
use crate::request::Authentication;
use crate::source::Place;
use crate::template::Text;
use crate::yaml::Located;

/// A stream that a step opens or awaits.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Its key in the scenario: the name, after the sequence that it belongs to.
    pub key: String,
    /// The name as written.
    pub name: String,
    /// The id of the step.
    pub step: String,
    /// Where the name is written.
    pub place: Place,
}

/// The events of a stream that a step awaits.
#[derive(Debug)]
pub struct Awaiting {
    /// The stream.
    pub stream: Opening,
    /// What the events must match.
    pub expectation: Expectation,
    /// What is captured from the last event.
    pub captures: Vec<Capture>,
    /// Its own timeout.
    pub timeout: Option<Duration>,
}

/// The streams that the steps so far have opened.
#[derive(Default)]
pub(super) struct Streams(Vec<Opened>);

struct Opened {
    key: String,
    /// Where; `None` for that of an invalid step.
    place: Option<Place>,
    /// Where the target is restarted after it.
    restart: Option<Place>,
}

impl Awaiting {
    /// Returns the templates with their locations, to check the names in them.
    pub fn texts(&self) -> impl Iterator<Item = (&Text, &Place)> {
        let captures = self.captures.iter().filter_map(|capture| Some((capture.text()?, &capture.place)));
        self.expectation.texts().into_iter().chain(captures)
    }
}

impl Opening {
    fn of(name: &Located<String>, step: &StepText, compiler: &StepCompiler<'_>) -> Self {
        let StepContext { prefix, suffix, .. } = compiler.context;
        let key = format!("{prefix}{}", name.value);
        let step = format!("{prefix}{}{suffix}", step.id.as_ref().map_or("", |id| id.value.as_str()));
        Self { key, name: name.value.clone(), step, place: name.place(compiler.source) }
    }
}

/// Compiles what a step awaits, if it has `await`.
///
/// # Errors
/// All errors in it.
pub(super) fn awaiting(
    step: &StepText,
    compiler: &StepCompiler<'_>,
) -> Result<Option<Awaiting>, Diagnostics> {
    let Some(name) = &step.awaits else { return Ok(None) };
    let stream = Opening::of(name, step, compiler);
    let others = [
        ("open", step.open.is_some()),
        ("request", step.request.is_some()),
        ("run", step.run.is_some()),
        ("race", step.race.is_some()),
        ("together", !step.together.is_empty()),
        ("overall", step.overall.is_some()),
        ("jar", step.jar.is_some()),
        ("retry", step.retry.is_some()),
    ];
    if let Some((key, _)) = others.iter().find(|(_, is_given)| *is_given) {
        let message = format!("a step with `await` sends no request, so `{key}` is not allowed");
        let help = if *key == "retry" { "write `timeout: 10s` to wait longer" } else { "use two steps" };
        return Err(Diagnostic::at(stream.place, message).help(help).into());
    }
    let mut errors = Diagnostics::default();
    let read = |name: &str| compiler.folder.read(&Folder::relative(compiler.context.file, name));
    let expectation = match &step.expect {
        Some(expect) => {
            let place = expect.place(compiler.source);
            errors.keep(expectation::compile_awaited(&expect.value, &place, compiler.source, &read))
        }
        None => Some(Expectation::of_any_event(&stream.place)),
    };
    let mut captures = Vec::new();
    for (name, node) in &step.capture.0 {
        if let Some(mut capture) = errors.keep(capture::compile(name, node, compiler.source)) {
            capture.keys = keys(&name.value, compiler.context).into();
            captures.push(capture);
        }
        errors.keep(check_capture_name(name, compiler.context, compiler.suite));
    }
    let expectation = expectation.unwrap_or_default();
    errors.into_result(Some(Awaiting { stream, expectation, captures, timeout: compiler.timeout }))
}

/// Checks that a race, or a program, neither opens a stream nor expects events. `has_events` says whether one of its expectations does.
///
/// # Errors
/// It does.
pub(super) fn refuse(
    step: &StepText,
    has_events: bool,
    compiler: &StepCompiler<'_>,
) -> Result<(), Diagnostic> {
    let others =
        [("run", step.run.is_some()), ("together", !step.together.is_empty()), ("race", step.race.is_some())];
    let other = others.into_iter().find(|(_, is_given)| *is_given).map_or("await", |(key, _)| key);
    match &step.open {
        Some(name) => Err(not_with(other, "open", name.place(compiler.source))),
        None if has_events => Err(not_with(other, "events", compiler.place.clone())),
        None => Ok(()),
    }
}

/// Compiles the stream that a step opens, if it has `open`, and checks the request if its `events` are expected.
///
/// # Errors
/// All keys that make no sense together.
pub(super) fn opening(
    step: &StepText,
    branch: &Branch,
    compiler: &StepCompiler<'_>,
) -> Result<Option<Opening>, Diagnostics> {
    let key = if step.open.is_some() { "open" } else { "events" };
    let opening = step.open.as_ref().map(|name| Opening::of(name, step, compiler));
    if opening.is_none() && branch.expectation.events.is_none() {
        return Ok(None);
    }
    let place = || opening.as_ref().map_or(&compiler.place, |opening| &opening.place).clone();
    let authentication = branch.request.transfer.as_ref().map(|transfer| transfer.authentication);
    let wrong = [
        ("repeat", step.repeat.is_some() && opening.is_some()),
        ("retry", step.retry.is_some() && opening.is_some()),
        ("a raw request", branch.request.raw.is_some()),
        ("redirects", branch.request.follow > 0),
        ("Digest authentication", authentication.is_some_and(|own| own != Authentication::Basic)),
    ];
    let mut errors = Diagnostics::default();
    for (other, _) in wrong.iter().filter(|(_, is_given)| *is_given) {
        errors.push(not_with(other, key, place()));
    }
    if opening.is_some() {
        check_head_only(branch, step, compiler, &mut errors);
    }
    errors.into_result(opening)
}

/// Checks that a step with `open` asks for nothing in the body, which comes later.
fn check_head_only(branch: &Branch, step: &StepText, compiler: &StepCompiler<'_>, errors: &mut Diagnostics) {
    let Some(expect) = &step.expect else { return check_captures(branch, errors) };
    let given = [
        ("events", &expect.value.events),
        ("json", &expect.value.json),
        ("text", &expect.value.text),
        ("body", &expect.value.body),
    ];
    let given =
        given.into_iter().filter_map(|(key, node)| Some((key, node.as_ref()?.place(compiler.source))));
    let unique = branch.expectation.unique_members.iter().map(|place| ("unique_members", place.clone()));
    for (key, place) in given.chain(unique) {
        let message = format!(
            "`{key}` is not allowed in a step with `open`, which ends after the head of the response"
        );
        errors.push(Diagnostic::at(place, message).help("write it in a later step with `await`"));
    }
    check_captures(branch, errors);
}

fn check_captures(branch: &Branch, errors: &mut Diagnostics) {
    for capture in branch.captures.iter().filter(|capture| capture.is_of_body()) {
        let message =
            format!("`{}` is captured from the body, which a step with `open` does not read", capture.name);
        errors.push(
            Diagnostic::at(capture.place.clone(), message).help("capture it in a later step with `await`"),
        );
    }
}

fn not_with(other: &str, key: &str, place: Place) -> Diagnostic {
    let other =
        if other.contains(' ') || other == "redirects" { other.to_owned() } else { format!("`{other}`") };
    let help = "a stream is the response to one request, which is sent once: use a step without it";
    Diagnostic::at(place, format!("`{key}` is not allowed together with {other}")).help(help)
}

impl Streams {
    /// Notes that a step opens a stream.
    ///
    /// # Errors
    /// The scenario has a stream with this name.
    pub(super) fn open(&mut self, opening: &Opening) -> Result<(), Diagnostic> {
        let first = self.0.iter().find(|one| one.key == opening.key).map(|one| one.place.clone());
        let Opening { key, name, place, .. } = opening;
        match first {
            None => {
                self.0.push(Opened { key: key.clone(), place: Some(place.clone()), restart: None });
                Ok(())
            }
            Some(first) => {
                let first = first.map(|first| format!("the first is at {first}; "));
                Err(Diagnostic::at(place.clone(), format!("the stream `{name}` is opened twice"))
                    .help(format!("{}give each a name of its own", first.unwrap_or_default())))
            }
        }
    }

    /// Notes the stream of an invalid step, so that a step that awaits it is not reported too.
    pub(super) fn assume(&mut self, key: String) {
        self.0.push(Opened { key, place: None, restart: None });
    }

    /// Notes that the target is restarted, which ends all streams.
    pub(super) fn restart(&mut self, place: &Place) {
        for one in &mut self.0 {
            one.restart.get_or_insert_with(|| place.clone());
        }
    }

    /// Checks that an awaited stream is open.
    ///
    /// # Errors
    /// No earlier step opens it, or the target was restarted since.
    pub(super) fn check(&self, awaited: &Opening, prefix: &str) -> Result<(), Diagnostic> {
        let Some(opened) = self.0.iter().find(|one| one.key == awaited.key) else {
            let known: Vec<&str> = self.0.iter().filter_map(|one| one.key.strip_prefix(prefix)).collect();
            let message = format!("no earlier step opens the stream `{}`", awaited.name);
            let error = Diagnostic::at(awaited.place.clone(), message);
            return Err(if known.is_empty() {
                error.help(format!("write `open: {}` in the step with the request", awaited.name))
            } else {
                error.suggest(&awaited.name, known)
            });
        };
        match &opened.restart {
            None => Ok(()),
            Some(restart) => {
                let message =
                    format!("the stream `{}` ends before this step: the target is restarted", awaited.name);
                Err(Diagnostic::at(awaited.place.clone(), message)
                    .help(format!("await it before the restart at {restart}, or open another one after it")))
            }
        }
    }
}

/// Returns a warning for each stream that no step awaits.
pub(super) fn unawaited<'a>(
    opened: impl Iterator<Item = &'a Opening>,
    awaited: &[&Awaiting],
) -> impl Iterator<Item = Diagnostic> {
    let never = opened.filter(|one| !awaited.iter().any(|awaiting| awaiting.stream.key == one.key));
    never.map(|one| {
        Diagnostic::at(one.place.clone(), format!("no step awaits the stream `{}`", one.name))
            .help(format!("add a step with `await: {}`; to check only its head, leave out `open`", one.name))
    })
}
