//! Compiles a step in its context.

use std::sync::Arc;
use std::time::Duration;

use super::{Expansion, timely};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format::StepText;
use crate::members::duration;
use crate::source::{Place, Source};
use crate::suite::Suite;
use crate::suite::branch::StepCompiler;
use crate::suite::context::{StepContext, check_known, requires, tags};
use crate::suite::definition::{self, StepDefinition, StepRequests};
use crate::suite::execution::FILES;
use crate::suite::stages::stages;
use crate::suite::step::{Role, Step};
use crate::yaml::Located;

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
    let limit = text.timeout.as_ref().map(|timeout| duration(&timeout.value, &timeout.place(source)));
    let compiler = StepCompiler {
        source,
        suite,
        folder: expansion.folder,
        context,
        place,
        jar: text.jar.as_ref(),
        timeout: errors.keep(limit.transpose()).flatten(),
    };
    let repeat = errors.keep(repeat(text.repeat.as_ref(), source)).unwrap_or(1);
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
    let opens = errors.take(definition::opens(text, &sent, &compiler)).flatten();
    let local: &[&str] = if let StepRequests::Execution(_) = &sent { &[FILES] } else { &[] };
    let needs = expansion.needs(sent.texts(), local, context, &mut errors);
    let definition =
        StepDefinition { sent, opens: opens.map(Box::new), needs, frame: Arc::clone(&context.frame) };
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
        repeat,
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

/// Maximum number of repetitions of a step.
const MOST_REPEATED: usize = 10_000;

fn repeat(given: Option<&Located<usize>>, source: &Arc<Source>) -> Result<usize, Diagnostic> {
    match given {
        None => Ok(1),
        Some(times) if (1..=MOST_REPEATED).contains(&times.value) => Ok(times.value),
        Some(times) => {
            let message = format!("`repeat` must be between 1 and {MOST_REPEATED}");
            Err(Diagnostic::at(times.place(source), message))
        }
    }
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
