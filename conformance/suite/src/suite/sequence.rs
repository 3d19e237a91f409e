//! Sequences: steps that are written once and used by many scenarios.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::folder::Folder;
use super::{check_format, read_steps};
use crate::capture::check_name;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format::{SequenceText, StepText};
use crate::members::string;
use crate::source::Source;
use crate::yaml::{Located, Node, Value};

/// The folder of a suite that holds the sequences.
pub(super) const FOLDER: &str = "sequences/";

/// A file of reusable steps.
#[derive(Debug)]
pub(super) struct Sequence {
    /// The path in the suite, without the extension.
    pub(super) file: String,
    pub(super) source: Arc<Source>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) gives: Vec<Located<String>>,
    pub(super) steps: Vec<Located<StepText>>,
    /// Whether a scenario uses it.
    pub(super) used: Cell<bool>,
}

/// A parameter of a sequence.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// Whether its value is the name of a fixture.
    pub(super) fixture: bool,
}

/// The sequences of a suite, by path below the folder of sequences.
pub(super) type Sequences = BTreeMap<String, Sequence>;

/// Loads the files in the folder of sequences.
///
/// # Errors
/// All errors in them.
pub(super) fn load(names: &[String], folder: &Folder) -> Result<Sequences, Diagnostics> {
    let mut errors = Diagnostics::default();
    let mut sequences = Sequences::new();
    for name in names {
        let Some(below) = name.strip_prefix(FOLDER) else { continue };
        let Some((source, text)) = errors.take(read_steps::<SequenceText>(folder, name)).flatten() else {
            continue;
        };
        let file = name.strip_suffix(".yaml").unwrap_or(name).to_owned();
        let below = below.strip_suffix(".yaml").unwrap_or(below).to_owned();
        errors.keep(check_format(&text.format, &source));
        let parameters = errors.keep(parameters(text.parameters.as_ref(), &source)).unwrap_or_default();
        for given in &text.gives {
            if !text
                .steps
                .iter()
                .any(|step| step.value.capture.0.iter().any(|(name, _)| name.value == given.value))
            {
                let message = format!("no step of this sequence captures `{}`", given.value);
                let known = text
                    .steps
                    .iter()
                    .flat_map(|step| step.value.capture.0.iter().map(|(name, _)| name.value.as_str()));
                errors.push(Diagnostic::at(given.place(&source), message).suggest(&given.value, known));
            }
        }
        if text.steps.is_empty() {
            errors.push(Diagnostic::at(
                source.place(crate::source::Span::default()),
                "this sequence has no steps",
            ));
        }
        let (gives, steps, used) = (text.gives, text.steps, Cell::new(false));
        sequences.insert(below, Sequence { file, source, parameters, gives, steps, used });
    }
    errors.into_result(sequences)
}

fn parameters(node: Option<&Node>, source: &Arc<Source>) -> Result<Vec<Parameter>, Diagnostic> {
    let Some(node) = node else { return Ok(Vec::new()) };
    let place = node.place(source);
    match (&node.tag, &node.value) {
        (None, Value::List(list)) => list
            .iter()
            .map(|node| {
                let name = string(node, source, "a parameter")?;
                check_name(&name, &node.place(source))?;
                Ok(Parameter { name, fixture: false })
            })
            .collect(),
        (None, Value::Mapping(entries)) => entries
            .iter()
            .map(|(name, node)| {
                check_name(&name.value, &name.place(source))?;
                match string(node, source, "the kind of a parameter")?.as_str() {
                    "value" => Ok(Parameter { name: name.value.clone(), fixture: false }),
                    "fixture" => Ok(Parameter { name: name.value.clone(), fixture: true }),
                    other => Err(Diagnostic::at(
                        node.place(source),
                        format!("unknown kind of parameter `{other}`"),
                    )
                    .suggest(other, ["value", "fixture"])),
                }
            })
            .collect(),
        _ => Err(Diagnostic::at(
            place,
            "parameters must be a list of names, or a mapping of names to `value` or `fixture`",
        )),
    }
}

/// Returns a warning for each sequence that no scenario uses.
pub(super) fn unused(sequences: &Sequences) -> Diagnostics {
    let mut warnings = Diagnostics::default();
    for (name, sequence) in sequences.iter().filter(|(_, sequence)| !sequence.used.get()) {
        let place = sequence.source.place(crate::source::Span::default());
        warnings.push(Diagnostic::at(place, format!("no scenario uses the sequence `{name}`")));
    }
    warnings
}
