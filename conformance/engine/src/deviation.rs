//! Known failures of a target, with reasons.
//!
//! A known failure still runs and is reported, but does not fail the run. A listed step that passes fails the run.

mod write;

use std::path::Path;
use std::sync::Arc;

use globset::{Glob, GlobMatcher};
use serde::Deserialize;

use crate::event::{REQUIREMENT, Record, Stale, is_operation};
use crate::verdict::Verdict;
use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::plan::{Plan, Selection};
use conformance_suite::source::{Place, Source};
use conformance_suite::suite::folder::read_source;
use conformance_suite::suite::{Suite, check_format};
use conformance_suite::yaml::{self, Located};

pub use write::{entry, head};

/// Known failures.
#[derive(Debug, Clone, Default)]
pub struct Deviations {
    entries: Vec<Deviation>,
}

#[derive(Debug, Clone)]
struct Deviation {
    what: What,
    reason: String,
    place: Place,
    /// Verdicts of its steps.
    failed: usize,
    passed: Vec<String>,
}

#[derive(Debug, Clone)]
enum What {
    /// The step with this id.
    Step(String),
    /// The steps whose ids match a pattern.
    Pattern(GlobMatcher),
    /// Every step that covers a requirement.
    Requirement(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviationsText {
    format: Located<u32>,
    deviations: Vec<DeviationText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviationText {
    /// Id of a step, or a glob pattern if no step has this id.
    #[serde(default)]
    step: Option<Located<String>>,
    /// Id of a requirement: every step that covers it.
    #[serde(default)]
    requirement: Option<Located<String>>,
    /// Reason of the failure.
    reason: Located<String>,
}

impl Deviations {
    /// Loads a file of deviations.
    ///
    /// # Errors
    /// Every error in the file with its location. An entry that matches no step of any stage is an error.
    pub fn load(path: &Path, suite: &Arc<Suite>) -> Result<Self, Diagnostics> {
        let source = read_source(path, "file of deviations")?;
        let text: DeviationsText = yaml::read(&source)?;
        check_format(&text.format, &source)?;
        let known = steps(suite);
        let mut errors = Diagnostics::default();
        let mut entries = Vec::new();
        for entry in &text.deviations {
            entries.extend(errors.keep(compile(entry, &source, &known)));
        }
        errors.into_result(Self { entries })
    }

    /// Whether no failure is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the reason if the failure of a step is known, and records the verdict.
    pub(crate) fn look_up(&mut self, record: &Record) -> Option<String> {
        let mut reason = None;
        for entry in &mut self.entries {
            let matches = match &entry.what {
                What::Step(id) => *id == record.id,
                What::Pattern(glob) => glob.is_match(&record.id),
                What::Requirement(id) => record.covers.contains_key(id),
            };
            if !matches {
                continue;
            }
            match record.verdict {
                Verdict::Pass => entry.passed.push(record.id.clone()),
                Verdict::Fail | Verdict::Inconclusive => {
                    entry.failed += 1;
                    reason.get_or_insert_with(|| entry.reason.clone());
                }
                Verdict::Skipped | Verdict::Error => {}
            }
        }
        reason
    }

    /// Returns the entries that no longer apply because the step or the requirement passes. Requirements are checked only if the
    /// `whole` suite was run.
    pub(crate) fn stale(&self, whole: bool) -> Vec<Stale> {
        let stale = self.entries.iter().filter_map(|entry| {
            let message = match (&entry.what, entry.passed.first()) {
                (What::Step(_) | What::Pattern(_), Some(step)) => format!("the step `{step}` passes now"),
                (What::Requirement(id), Some(_)) if whole && entry.failed == 0 => {
                    format!("the requirement `{id}` passes now")
                }
                _ => return None,
            };
            Some(Stale { at: entry.place.to_string(), message })
        });
        stale.collect()
    }
}

/// Returns the steps of every stage with the requirements that they cover.
fn steps(suite: &Arc<Suite>) -> Vec<(String, Vec<String>)> {
    let mut steps = Vec::new();
    for stage in suite.stages.iter().map(Some).chain([None]) {
        let selection = Selection { stage: stage.cloned(), ..Selection::default() };
        // A stage may have no steps.
        let Ok(plan) = Plan::new(Arc::clone(suite), &selection) else { continue };
        for planned in plan.scenarios() {
            for (index, _) in &planned.steps {
                let step = &planned.scenario.steps[*index];
                steps.push((planned.step_id(step), step.covers.iter().map(ToString::to_string).collect()));
            }
        }
    }
    steps
}

fn compile(
    text: &DeviationText,
    source: &Arc<Source>,
    known: &[(String, Vec<String>)],
) -> Result<Deviation, Diagnostic> {
    if text.reason.value.trim().is_empty() {
        return Err(Diagnostic::at(text.reason.place(source), "a deviation needs a reason"));
    }
    let (what, written) = match (&text.step, &text.requirement) {
        // An id may contain characters that are special in a pattern: `s[email]` is a row of a step.
        (Some(step), None) if is_operation(&step.value) || known.iter().any(|(id, _)| *id == step.value) => {
            (What::Step(step.value.clone()), step)
        }
        (Some(step), None) => {
            let glob = Glob::new(&step.value).map_err(|error| {
                Diagnostic::at(
                    step.place(source),
                    format!("no step has this id, and it is not a valid pattern: {}", error.kind()),
                )
            })?;
            (What::Pattern(glob.compile_matcher()), step)
        }
        (None, Some(requirement)) => (What::Requirement(requirement.value.clone()), requirement),
        _ => {
            let message = "a deviation needs either `step` or `requirement`";
            return Err(Diagnostic::at(text.reason.place(source), message));
        }
    };
    let place = written.place(source);
    let matches = match &what {
        What::Step(_) => true,
        What::Pattern(glob) => known.iter().any(|(id, _)| glob.is_match(id)),
        What::Requirement(wanted) if wanted == REQUIREMENT => true,
        What::Requirement(wanted) => known.iter().any(|(_, covers)| covers.contains(wanted)),
    };
    if !matches {
        let diagnostic = Diagnostic::at(place, "this matches no step of the suite");
        let wanted = &written.value;
        return Err(match what {
            What::Step(_) | What::Pattern(_) => {
                diagnostic.suggest_near(wanted, known.iter().map(|(id, _)| id.as_str()))
            }
            What::Requirement(_) => diagnostic
                .suggest_near(wanted, known.iter().flat_map(|(_, covers)| covers.iter().map(String::as_str))),
        });
    }
    Ok(Deviation { what, reason: text.reason.value.clone(), place, failed: 0, passed: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::write::known_failures;
    use super::*;

    /// Returns pseudo-random ids of unusual characters.
    fn ids() -> Vec<String> {
        const ODD: &[char] = &[
            'a', 'b', '/', ':', '-', '[', ']', '{', '}', '*', '?', '!', '^', ',', '\\', '"', '\'', '#', '%',
            '@', '&', '|', '>', '~', ' ', '\t', '\n', '\r', '\u{7f}', '\u{85}', '\u{9b}', '\u{2028}',
            '\u{feff}', '\u{fffe}', 'é', '😀',
        ];
        let mut state: u64 = 7;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap_or_default() % below
        };
        let mut ids: Vec<String> =
            (0..2000).map(|index| (0..=index % 12).map(|_| ODD[next(ODD.len())]).collect()).collect();
        ids.extend(
            ["s[email]", "s[name]", "s[e]", "se", "{a,b}", "a", "**", "a*", "[", "\\", "!x", "- x"]
                .map(str::to_owned),
        );
        ids.sort();
        ids.dedup();
        ids
    }

    #[test]
    fn what_is_written_as_known_failures_is_read_as_these_very_steps() {
        let ids = ids();
        let known: Vec<(String, Vec<String>)> = ids.iter().map(|id| (id.clone(), Vec::new())).collect();
        let labels = ids.iter().cycle().skip(3);
        let text =
            known_failures("odd\n# target", ids.iter().map(String::as_str).zip(labels.map(String::as_str)));
        let source = Source::new("known.yaml", text);
        let read: DeviationsText = yaml::read(&source).unwrap();
        assert_eq!(read.deviations.len(), ids.len());
        for (entry, id) in read.deviations.iter().zip(&ids) {
            let compiled = compile(entry, &source, &known).unwrap();
            assert!(matches!(&compiled.what, What::Step(own) if own == id), "{id:?}: {:?}", compiled.what);
        }
    }

    #[test]
    fn what_is_the_id_of_no_step_is_a_pattern() {
        let known: Vec<(String, Vec<String>)> =
            ["t/a::s[email]", "t/a::s[name]", "t/b::se"].map(|id| (id.to_owned(), Vec::new())).into();
        let text = "format: 1\ndeviations:\n  - {step: \"t/a::*\", reason: x}\n  - {step: \"t/b::s[ef]\", reason: x}\n";
        let source = Source::new("known.yaml", text);
        let read: DeviationsText = yaml::read(&source).unwrap();
        for (entry, matching) in read.deviations.iter().zip([2, 1]) {
            let What::Pattern(glob) = compile(entry, &source, &known).unwrap().what else {
                panic!("{entry:?}")
            };
            assert_eq!(known.iter().filter(|(id, _)| glob.is_match(id)).count(), matching);
        }
    }
}
