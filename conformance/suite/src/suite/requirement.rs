//! Requirements: the numbered sentences of the specification, from `requirements.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Suite, check_format};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format::{RegisterText, RequirementText};
use crate::source::{Place, Source};
use crate::yaml::Located;

/// One requirement of the specification.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// Its id, which is never reused.
    pub id: Arc<str>,
    /// Must, should or may.
    pub level: Level,
    /// The clause of the specification that it comes from.
    pub clause: String,
    /// The requirement, in one sentence.
    pub text: String,
    /// Why no step covers it, if none does.
    pub untested: Option<String>,
    /// Points for a grade.
    pub points: f64,
    /// Whether graders show the result only after the deadline.
    pub hidden: bool,
    /// Where it is written.
    pub place: Place,
}

/// The level of a requirement (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The specification states it.
    Must,
    /// Every sensible reading implies it.
    Should,
    /// The specification leaves it open.
    May,
}

impl Level {
    /// Every level, strongest first.
    pub const ALL: [Self; 3] = [Self::Must, Self::Should, Self::May];

    /// Returns the lower-case word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
        }
    }

    /// Points of a requirement of this level, unless others are given.
    #[must_use]
    pub fn points(self) -> f64 {
        if self == Self::Must { 1.0 } else { 0.0 }
    }

    /// Returns the level with a name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

impl Display for Level {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Compiles the requirements.
///
/// # Errors
/// Duplicate or malformed ids, and unknown levels.
pub(super) fn compile(text: RegisterText, source: &Arc<Source>) -> Result<Vec<Requirement>, Diagnostics> {
    let mut errors = Diagnostics::default();
    errors.keep(check_format(&text.format, source));
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    let mut requirements = Vec::new();
    for requirement in text.requirements {
        let place = requirement.id.place(source);
        if let Some(first) = seen.insert(requirement.id.value.clone(), place.clone()) {
            let message = format!("duplicate requirement `{}`", requirement.id.value);
            errors.push(Diagnostic::at(place, message).help(format!("the first is at {first}")));
            continue;
        }
        if let Some(requirement) = errors.keep(one(requirement, source)) {
            requirements.push(requirement);
        }
    }
    errors.into_result(requirements)
}

/// Returns a warning for each requirement that no step covers and that does not say why.
pub(super) fn uncovered(suite: &Suite) -> Diagnostics {
    let covered = covered(suite);
    let mut warnings = Diagnostics::default();
    for requirement in &suite.requirements {
        if requirement.untested.is_none() && !covered.contains(&*requirement.id) {
            let message = format!("no step covers the requirement `{}`", requirement.id);
            warnings.push(
                Diagnostic::at(requirement.place.clone(), message).help(
                    "list it under `covers` of a step, or explain under `untested` why no step covers it",
                ),
            );
        }
    }
    warnings
}

/// Returns the ids of the requirements that a step covers.
fn covered(suite: &Suite) -> BTreeSet<&str> {
    let steps = suite.scenarios.iter().flat_map(|scenario| &scenario.steps);
    steps.flat_map(|step| step.covers.iter().map(|id| &**id)).collect()
}

/// Checks that no requirement has a reason why it is untested although a step covers it.
pub(super) fn untraced(suite: &Suite) -> Diagnostics {
    let covered = covered(suite);
    let mut errors = Diagnostics::default();
    for requirement in &suite.requirements {
        if requirement.untested.is_some() && covered.contains(&*requirement.id) {
            let message =
                format!("the requirement `{}` has `untested`, but a step covers it", requirement.id);
            errors.push(
                Diagnostic::at(requirement.place.clone(), message)
                    .help("remove `untested`, or the id from `covers` of the step"),
            );
        }
    }
    errors
}

/// Checks points.
///
/// # Errors
/// The number is negative or too large.
pub(super) fn read_points(points: &Located<f64>, source: &Arc<Source>) -> Result<f64, Diagnostic> {
    if (0.0..=MOST_POINTS).contains(&points.value) {
        return Ok(points.value);
    }
    Err(Diagnostic::at(points.place(source), format!("points must be a number from 0 to {MOST_POINTS}")))
}

/// Maximum points of a requirement.
const MOST_POINTS: f64 = 1_000_000.0;

fn one(text: RequirementText, source: &Arc<Source>) -> Result<Requirement, Diagnostic> {
    let id = text.id.value.clone();
    let place = text.id.place(source);
    let form = |character: char| {
        character.is_ascii_uppercase() || character.is_ascii_digit() || "-.".contains(character)
    };
    if !id.chars().all(form) || !id.starts_with(|first: char| first.is_ascii_uppercase()) {
        return Err(Diagnostic::at(place, format!("invalid requirement id `{id}`"))
            .help("an id consists of upper-case letters, digits, `-` and `.`, such as SESSION-7.2"));
    }
    let Some(level) = Level::parse(&text.level.value) else {
        let message = format!("unknown level `{}`", text.level.value);
        return Err(Diagnostic::at(text.level.place(source), message).help("a level is must, should or may"));
    };
    if let Some(reason) = text.untested.as_ref().filter(|reason| reason.value.trim().is_empty()) {
        return Err(Diagnostic::at(
            reason.place(source),
            "`untested` is empty: give the reason why no step covers the requirement",
        ));
    }
    let untested = text.untested.map(|reason| reason.value);
    let points = text.points.as_ref().map(|points| read_points(points, source)).transpose()?;
    Ok(Requirement {
        id: id.into(),
        level,
        clause: text.clause,
        text: text.text,
        untested,
        points: points.unwrap_or_else(|| level.points()),
        hidden: text.hidden,
        place,
    })
}
