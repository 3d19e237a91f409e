//! The context of steps: where they are written, and what applies to all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Suite;
use super::frame::{Frame, Provenance};
use super::names::{OUTPUT, TARGET};
use super::stages::Stages;
use super::step::Role;
use crate::capture;
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::yaml::Located;

/// The context of steps: where they are written, and what applies to all of them.
#[derive(Clone)]
pub(super) struct StepContext<'a> {
    pub(super) source: &'a Arc<Source>,
    /// The file, without its extension. Steps name other files relative to its folder.
    pub(super) file: &'a str,
    /// Prefix of the ids of the steps and of the keys of their captures.
    pub(super) prefix: String,
    /// Suffix of the ids of the steps.
    pub(super) suffix: String,
    pub(super) frame: Arc<Frame>,
    /// Captures that are also visible outside of the sequence, with their keys there.
    pub(super) exports: BTreeMap<String, Vec<String>>,
    pub(super) stages: Stages,
    pub(super) role: Role,
    pub(super) cleanup: bool,
    /// Whether the scenario has a target of its own.
    pub(super) isolated: bool,
    pub(super) requires: Vec<String>,
    pub(super) tags: Vec<String>,
    /// The rows and sequences around the steps.
    pub(super) provenance: Arc<Provenance>,
    /// The sequences being expanded, outermost first; detects recursion.
    pub(super) inside: Vec<&'a str>,
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

/// Checks that a name is known.
///
/// # Errors
/// An unknown name.
pub(super) fn check_known(
    what: &str,
    name: &Located<String>,
    source: &Arc<Source>,
    known: &[&str],
) -> Result<(), Diagnostic> {
    if known.contains(&name.value.as_str()) {
        return Ok(());
    }
    let message = format!("unknown {what} `{}`", name.value);
    Err(Diagnostic::at(name.place(source), message).suggest(&name.value, known.iter().copied()))
}
