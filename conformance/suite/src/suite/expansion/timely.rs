//! Compiles `timely`: how soon after an earlier step a response must be complete for its step to count.

use std::time::Duration;

use super::Expansion;
use crate::diagnostic::Diagnostic;
use crate::format::TimelyText;
use crate::members::duration;
use crate::suite::context::StepContext;
use crate::suite::step::{Step, Timely};

/// Compiles the limit of a step. None if an error in the earlier step was already reported.
///
/// # Errors
/// An unknown or later step, an invalid duration, or a limit that the waits of the steps exceed.
pub(super) fn compile(
    text: &TimelyText,
    step: &Step,
    expansion: &Expansion<'_>,
    context: &StepContext<'_>,
) -> Result<Option<Timely>, Diagnostic> {
    let place = text.after.place(context.source);
    if step.cleanup {
        return Err(Diagnostic::at(place, "`timely` is not allowed in a cleanup step"));
    }
    let within = duration(&text.within.value, &text.within.place(context.source))?;
    let name = [&context.prefix, text.after.value.as_str()].concat();
    let Some(after) = find(&name, &context.suffix, &expansion.steps) else {
        let is_invalid = expansion.invalid.iter().any(|id| is_part_of(id, &name) || is_part_of(&name, id));
        return if is_invalid { Ok(None) } else { Err(unknown(text, expansion, context)) };
    };
    let between = expansion.steps.iter().skip(after + 1);
    // Steps of other stages may be left out.
    let always = between.filter(|other| other.stages.within(step.stages) == step.stages);
    let waits = always.map(|other| other.wait).fold(step.wait, Duration::saturating_add);
    if waits >= within {
        let message = format!("the step cannot be timely: it waits {waits:?} after `{}`", text.after.value);
        return Err(Diagnostic::at(text.within.place(context.source), message)
            .help("`within` must be longer than the `wait` of the steps in between and of this step"));
    }
    Ok(Some(Timely { after, within }))
}

/// Returns the index of a step with this name: of the step in the same row, or of the first step of a sequence.
fn find(name: &str, suffix: &str, steps: &[Step]) -> Option<usize> {
    let rest = |step: &Step| step.id.strip_prefix(name).map(str::to_owned);
    let is_in_row = |rest: &str| suffix.starts_with(rest);
    let exact = steps.iter().enumerate().filter_map(|(index, step)| Some((index, rest(step)?)));
    let exact = exact.filter(|(_, rest)| is_in_row(rest)).max_by_key(|(_, rest)| rest.len());
    let of_sequence = |step: &Step| rest(step)?.split_once('/').map(|(row, _)| is_in_row(row));
    exact.map(|(index, _)| index).or_else(|| steps.iter().position(|step| of_sequence(step) == Some(true)))
}

/// Whether an id is that of `whole`, or of one of its rows or steps.
fn is_part_of(id: &str, whole: &str) -> bool {
    id.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
}

fn unknown(text: &TimelyText, expansion: &Expansion<'_>, context: &StepContext<'_>) -> Diagnostic {
    let message = format!("no earlier step of the scenario is named `{}`", text.after.value);
    let known = expansion.steps.iter().filter_map(|step| step.id.strip_prefix(&context.prefix));
    let mut known: Vec<&str> = known.map(|id| id.split(['/', '[']).next().unwrap_or(id)).collect();
    known.dedup();
    Diagnostic::at(text.after.place(context.source), message).suggest(&text.after.value, known)
}
