//! Steps: what a step is about and when it runs. What it sends is in its [`StepDefinition`].

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Suite;
use super::branch::StepCompiler;
use super::definition::{self, StepDefinition};
use super::expansion::{Expansion, StepContext};
use super::frame::Provenance;
use super::names::{OUTPUT, TARGET};
use super::scenario::{Stages, check_known, stages};
use super::timely::{self, Timely};
use crate::capture;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format::StepText;
use crate::members::duration;
use crate::source::{Place, Source};
use crate::yaml::Located;

/// The properties of a step that plans and reports need. They stay in memory as long as the suite.
#[derive(Debug)]
pub struct Step {
    /// Its id in the scenario, with its row and the step that uses its sequence.
    pub id: String,
    /// What it checks, in one sentence.
    pub title: String,
    /// The ids of the requirements that it covers.
    pub covers: Vec<Arc<str>>,
    /// Where it requests a restart of the target before it is sent.
    pub restart: Option<Place>,
    /// The effect of its failure on the rest of the scenario.
    pub role: Role,
    /// Whether it is a cleanup step, which runs whatever happened before.
    pub cleanup: bool,
    /// The features that the target must offer.
    pub requires: Vec<String>,
    /// Tags to select it by.
    pub tags: Vec<String>,
    /// The stages at which it applies.
    pub stages: Stages,
    /// The pause before it.
    pub wait: Duration,
    /// How soon after an earlier step its response must be complete for it to count.
    pub timely: Option<Box<Timely>>,
    /// How long it is retried, and the interval.
    pub retry: Option<(Duration, Duration)>,
    /// Where its id is written.
    pub place: Place,
    /// Its lines.
    pub lines: Place,
    /// The rows and sequences that it comes from.
    pub provenance: Arc<Provenance>,
}

/// The effect of a failed step on the rest of its scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// None.
    Plain,
    /// The rest is inconclusive.
    Setup,
    /// The rest is skipped.
    Precondition,
}

impl Role {
    /// Returns the role of a step. A step of a sequence also gets the role of the step that uses the sequence.
    pub(super) fn of(text: &StepText, context: Self) -> Self {
        let own = match (text.precondition, text.setup) {
            (true, _) => Self::Precondition,
            (false, true) => Self::Setup,
            (false, false) => Self::Plain,
        };
        own.max(context)
    }
}

impl Step {
    /// Whether a line belongs to the step, to its row, or to a step that uses its sequence.
    #[must_use]
    pub fn contains_line(&self, file: &str, line: usize) -> bool {
        let at = |place: &Place| has_line(place, file, line);
        let Provenance { around, rows, .. } = &*self.provenance;
        let is_own = |row: &Place| around.iter().any(|own| own.is(row));
        let mut rows = rows.iter().flat_map(|rows| rows.iter());
        (at(&self.lines) || around.iter().any(at)) && !rows.any(|row| at(row) && !is_own(row))
    }

    /// Whether a line belongs to one of the rows in the same lists as its own row.
    #[must_use]
    pub fn has_row_at(&self, file: &str, line: usize) -> bool {
        self.provenance.rows.iter().flat_map(|rows| rows.iter()).any(|row| has_line(row, file, line))
    }

    /// Returns the file of the suite with this name, if the step, its rows or the uses of its sequence are in it.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Arc<Source>> {
        let Provenance { around, rows, .. } = &*self.provenance;
        let rows = rows.iter().flat_map(|rows| rows.iter());
        let mut places = [&self.lines].into_iter().chain(around).chain(rows);
        places.find(|place| is_named(place.source(), name)).map(Place::source)
    }
}

/// Whether a line belongs to the list item, or to the CSV record, that begins at a location.
fn has_line(place: &Place, file: &str, line: usize) -> bool {
    let is_yaml = [".yaml", ".yml"].iter().any(|ending| {
        let path = place.source().path();
        path.len() > ending.len()
            && path.as_bytes()[path.len() - ending.len()..].eq_ignore_ascii_case(ending.as_bytes())
    });
    let last = if is_yaml { place.last_line_of_block().max(place.last_line()) } else { place.last_line() };
    is_named(place.source(), file) && (place.line()..=last).contains(&line)
}

/// Whether a name refers to a file of the suite: its path as messages show it, the end of that path, or an absolute path that
/// ends in it.
fn is_named(source: &Source, name: &str) -> bool {
    let path = source.path();
    let ends = |whole: &str, end: &str| {
        whole.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    ends(path, name) || (Path::new(name).is_absolute() && ends(name, path.trim_start_matches("./")))
}

/// Compiles a step.
///
/// # Errors
/// All errors in it.
pub(super) fn compile(
    expansion: &Expansion<'_>,
    step: &Located<StepText>,
    context: &StepContext<'_>,
) -> Result<(Step, StepDefinition), Diagnostics> {
    let (text, source, suite) = (&step.value, context.source, expansion.names.suite);
    let mut errors = Diagnostics::default();
    let missing = |key: &str| {
        Diagnostic::at(step.place(source).start(), format!("the key `{key}` is missing"))
            .label("in this step")
    };
    let id = errors.keep(text.id.as_ref().ok_or_else(|| missing("id")));
    let title = errors.keep(text.title.clone().ok_or_else(|| missing("title")));
    let (Some(id), Some(title)) = (id, title) else { return Err(errors) };
    errors.keep(check_id(&id.value, &id.place(source)));
    let covers = text.covers.iter().filter_map(|id| errors.keep(covered(id, source, suite))).collect();
    let place = id.place(source);
    let compiler =
        StepCompiler { source, suite, folder: expansion.folder, context, place, jar: text.jar.as_ref() };
    let sent = errors.take(definition::sent(text, &compiler));
    let restart = errors.keep(restart(text.target.as_ref(), context)).flatten();
    let stages =
        errors.keep(stages(text.since.as_ref(), text.until.as_ref(), source, suite)).unwrap_or_default();
    let wait = match &text.wait {
        Some(wait) => errors.keep(duration(&wait.value, &wait.place(source))).unwrap_or_default(),
        None => Duration::ZERO,
    };
    let retry = match &text.retry {
        Some(retry) => {
            let limit = errors.keep(duration(&retry.limit.value, &retry.limit.place(source)));
            let every = retry.every.as_ref().map(|every| duration(&every.value, &every.place(source)));
            let every = errors.keep(every.transpose()).flatten().unwrap_or(Duration::from_millis(100));
            limit.map(|limit| (limit, every))
        }
        None => None,
    };
    let requires =
        errors.keep(requires(&text.requires, &context.requires, source, suite)).unwrap_or_default();
    let Some(sent) = sent else { return Err(errors) };
    let needs = expansion.needs(sent.texts(), context, &mut errors);
    let definition = StepDefinition { sent, needs, frame: Arc::clone(&context.frame) };
    let mut step = Step {
        id: [&*context.prefix, &id.value, &context.suffix].concat(),
        title,
        covers,
        restart,
        role: Role::of(text, context.role),
        cleanup: context.cleanup,
        requires,
        tags: tags(&text.tags, &context.tags),
        stages: stages.within(context.stages),
        wait,
        timely: None,
        retry,
        place: id.place(source),
        lines: step.place(source),
        provenance: Arc::clone(&context.provenance),
    };
    if let Some(timely) = &text.timely {
        let timely = errors.keep(timely::compile(timely, &step, expansion, context));
        step.timely = timely.flatten().map(Box::new);
    }
    errors.into_result((step, definition))
}

/// Returns the id of a requirement that a step covers.
///
/// # Errors
/// An unknown requirement.
fn covered(id: &Located<String>, source: &Arc<Source>, suite: &Suite) -> Result<Arc<str>, Diagnostic> {
    let mut known = suite.requirements.iter().map(|requirement| &requirement.id);
    if let Some(known) = known.find(|known| ***known == *id.value) {
        return Ok(Arc::clone(known));
    }
    let known: Vec<&str> = suite.requirements.iter().map(|requirement| &*requirement.id).collect();
    check_known("requirement", id, source, &known).map(|()| id.value.as_str().into())
}

/// Checks that the id of a step is in kebab case.
pub(super) fn check_id(id: &str, place: &Place) -> Result<(), Diagnostic> {
    let kebab =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    if !id.is_empty() && id.chars().all(kebab) {
        return Ok(());
    }
    Err(Diagnostic::at(place.clone(), format!("invalid step id `{id}`"))
        .help("an id consists of lower-case letters, digits and `-`, such as wrong-password"))
}

/// Checks that the name of a capture is unused in its scope.
///
/// # Errors
/// A name that is already in use.
pub(super) fn check_capture_name(
    name: &Located<String>,
    context: &StepContext<'_>,
    suite: &Suite,
) -> Result<(), Diagnostic> {
    let place = name.place(context.source);
    capture::check_name(&name.value, &place)?;
    let taken = context.frame.find(&name.value).is_some()
        || [OUTPUT, TARGET].contains(&name.value.as_str())
        || suite.fixture(&name.value).is_some()
        || suite.variable(&name.value).is_some();
    if !taken {
        return Ok(());
    }
    Err(Diagnostic::at(place, format!("the name `{}` is already in use", name.value))
        .help("fixtures, variables and captures must have different names"))
}

/// Returns the keys under which a capture is stored.
pub(super) fn keys(name: &str, context: &StepContext<'_>) -> Vec<String> {
    let mut keys = vec![format!("{}{name}", context.prefix)];
    keys.extend(context.exports.get(name).into_iter().flatten().cloned());
    keys
}

/// Returns the features that a step and its context require.
///
/// # Errors
/// A feature that the manifest does not declare.
pub(super) fn requires(
    own: &[Located<String>],
    outer: &[String],
    source: &Arc<Source>,
    suite: &Suite,
) -> Result<Vec<String>, Diagnostic> {
    let known: Vec<&str> = suite.features.iter().map(String::as_str).collect();
    let mut all = outer.to_vec();
    for feature in own {
        check_known("feature", feature, source, &known)?;
        all.push(feature.value.clone());
    }
    Ok(all)
}

/// Returns the tags of a step and its context.
pub(super) fn tags(own: &[Located<String>], outer: &[String]) -> Vec<String> {
    outer.iter().cloned().chain(own.iter().map(|tag| tag.value.clone())).collect()
}

/// Returns where a step requests a restart of the target.
fn restart(target: Option<&Located<String>>, context: &StepContext<'_>) -> Result<Option<Place>, Diagnostic> {
    let Some(target) = target else { return Ok(None) };
    let place = target.place(context.source);
    if target.value != "restart" {
        return Err(Diagnostic::at(place, format!("unknown value `target: {}`", target.value))
            .help("`target: restart` restarts the target in the same folder before the request"));
    }
    if !context.isolated {
        return Err(Diagnostic::at(place, "a step with `target: restart` needs an isolated scenario")
            .help("add `isolated: true` to the scenario"));
    }
    Ok(Some(place))
}
