//! Updates the expectations of steps to match the received responses, for `run --bless`.
//!
//! Files are written only after the suite was loaded with the edits and all steps were judged again: the selected steps must accept their
//! responses, and the expectations of all other steps must be unchanged.

mod propose;
mod scalar;
mod splice;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use conformance_engine::judge::judge;
use conformance_engine::redact::Redactor;
use conformance_engine::run::{CollectedResponse, ResponseCollector};
use conformance_suite::diagnostic::{Diagnostic, Diagnostics};
use conformance_suite::json::Json;
use conformance_suite::matcher::{Change, ChangeKind, Left, Proposal};
use conformance_suite::source::{Place, Source};
use conformance_suite::suite::{Branch, Folder, Step, StepDefinition, Suite};

pub use propose::propose;
pub use splice::{Edit, Unwritten, edited, splice};

/// The changes to the files of a suite.
#[derive(Debug)]
pub struct Blessing {
    /// The files to change.
    pub files: Vec<Rewritten>,
    /// Mismatches that cannot be written to the file, with the id of the step.
    pub left: Vec<(String, Left)>,
    /// The ids of the steps whose expectations change.
    pub steps: Vec<String>,
    directory: PathBuf,
}

/// A file to change.
#[derive(Debug)]
pub struct Rewritten {
    /// The file before the change.
    pub source: Arc<Source>,
    /// The edits, in text order.
    pub edits: Vec<Edit>,
}

/// Identifies the lines that define a step. Rows, profiles and uses of a sequence share them.
type Lines = (String, usize);

impl Blessing {
    /// Computes the changes and verifies them. Nothing is written yet.
    ///
    /// # Errors
    /// Fails if the suite would not load with the edits, or if the edits would have another effect than intended.
    pub fn new(
        suite: &Suite,
        folder: &Folder,
        answers: &ResponseCollector,
        redactor: &Redactor,
    ) -> Result<Self, Diagnostics> {
        let Folder::Directory(directory) = folder else {
            let embedded = "the built-in suite cannot be changed; copy it and use --suite";
            return Err(Diagnostic::new(embedded).into());
        };
        let mut blessing =
            Self { files: Vec::new(), left: Vec::new(), steps: Vec::new(), directory: directory.clone() };
        let answers = answers.take();
        let mut agreed = blessing.agree(suite, &answers, redactor);
        let mut by_file: BTreeMap<String, (Arc<Source>, Vec<Change>)> = BTreeMap::new();
        for (_, changes) in &agreed {
            for change in changes {
                let source = change.place.source();
                let entry = by_file.entry(source.path().to_owned());
                let (_, all) = entry.or_insert_with(|| (Arc::clone(source), Vec::new()));
                // Steps with the same lines produce the same change.
                if !all.iter().any(|one| same(&one.place, &change.place) && one.kind == change.kind) {
                    all.push(change.clone());
                }
            }
        }
        for (source, changes) in by_file.into_values() {
            let (edits, unwritten) = splice(&source, &changes)?;
            for Unwritten { left, places } in unwritten {
                let own = |change: &Change| places.iter().any(|place| same(&change.place, place));
                let owner = agreed.iter().find(|(_, changes)| changes.iter().any(own));
                let owner = owner.map(|(answer, _)| answer.id.clone()).unwrap_or_default();
                for (_, changes) in &mut agreed {
                    changes.retain(|change| !own(change));
                }
                blessing.left.push((owner, left));
            }
            if !edits.is_empty() {
                blessing.files.push(Rewritten { source, edits });
            }
        }
        agreed.retain(|(_, changes)| !changes.is_empty());
        blessing.left.sort_by_key(|(_, left)| lines(&left.place));
        blessing.verify(suite, &agreed)?;
        Ok(blessing)
    }

    /// Returns the changes that all steps with the same lines agree on.
    fn agree<'a>(
        &mut self,
        suite: &Suite,
        answers: &'a [CollectedResponse],
        redactor: &Redactor,
    ) -> Vec<(&'a CollectedResponse, Vec<Change>)> {
        let mut agreed: Vec<(&CollectedResponse, Vec<Change>)> = Vec::new();
        let mut done: BTreeSet<Lines> = BTreeSet::new();
        let proposals: Vec<(&CollectedResponse, Proposal)> =
            answers.iter().map(|answer| (answer, proposal(answer))).collect();
        for (answer, proposal) in &proposals {
            self.left.extend(proposal.left.iter().map(|left| (answer.id.clone(), left.clone())));
            let lines = lines(&answer.place);
            if proposal.changes.is_empty() || !done.insert(lines.clone()) {
                continue;
            }
            let siblings: Vec<&(&CollectedResponse, Proposal)> =
                proposals.iter().filter(|(other, _)| self::lines(&other.place) == lines).collect();
            let mut leave = |place: &Place, why: String| {
                self.left.push((answer.id.clone(), Left { place: place.clone(), why }));
            };
            let all = written_by(suite, &lines);
            if siblings.len() < all {
                let why = format!(
                    "these lines define {all} steps; all of them must be selected and get a response (now: {})",
                    siblings.len()
                );
                leave(&answer.place, why);
                continue;
            }
            let mut changes = Vec::new();
            for change in &proposal.changes {
                let alike = |one: &Change| same(&one.place, &change.place) && one.kind == change.kind;
                let other = siblings.iter().find(|(_, other)| !other.changes.iter().any(alike));
                if let Some((other, _)) = other {
                    let why = format!("`{}` is defined by the same line and got another response", other.id);
                    leave(&change.place, why);
                } else if secret(change, redactor) {
                    leave(
                        &change.place,
                        "the response has a secret there; use --show-secrets to write it".to_owned(),
                    );
                } else {
                    changes.push(change.clone());
                }
            }
            if !changes.is_empty() {
                agreed.extend(siblings.iter().map(|(answer, _)| (*answer, changes.clone())));
            }
        }
        agreed
    }

    /// Loads the suite with the edits and judges all responses again.
    fn verify(
        &mut self,
        before: &Suite,
        agreed: &[(&CollectedResponse, Vec<Change>)],
    ) -> Result<(), Diagnostic> {
        if self.files.is_empty() {
            return Ok(());
        }
        let refused = |why: String| Err(Diagnostic::new(format!("nothing was rewritten: {why}")));
        let after = match Suite::load(&self.edited()) {
            Ok(after) => after,
            Err(errors) => {
                let first = errors.iter().next().map(ToString::to_string).unwrap_or_default();
                return refused(format!("the suite would no longer load: {first}"));
            }
        };
        let counts = |suite: &Suite| suite.scenarios.iter().map(|one| one.steps.len()).collect::<Vec<_>>();
        if counts(before) != counts(&after) {
            return refused("the number of steps would change".to_owned());
        }
        for (old, new) in before.scenarios.iter().zip(&after.scenarios) {
            for (step, (old_definition, new_definition)) in
                old.steps.iter().zip(old.definitions.iter().zip(&*new.definitions))
            {
                let same_lines = |(answer, _): &&(&CollectedResponse, Vec<Change>)| {
                    lines(&answer.place) == lines(&step.place)
                };
                if !agreed.iter().any(|one| same_lines(&one))
                    && descriptions(old_definition) != descriptions(new_definition)
                {
                    let id = format!("{}::{}", old.id, step.id);
                    return refused(format!("the expectation of `{id}` would change, which is not selected"));
                }
                let answers = agreed.iter().filter(same_lines).map(|(answer, _)| *answer);
                for answer in answers.filter(|one| is_of(one, &old.id, step)) {
                    // If a mismatch is not resolved, it may be reported for other positions now: an element that stays shifts the
                    // following ones.
                    let some_left = self.left.iter().any(|(step, _)| *step == answer.id);
                    match still_wrong(answer, new_definition.first()) {
                        None => {}
                        Some(true) if !some_left => {
                            let why = format!("`{}` would still fail", answer.id);
                            return refused(why);
                        }
                        Some(_) => self.steps.push(answer.id.clone()),
                    }
                }
            }
        }
        Ok(())
    }
}

/// Returns the changes for one step.
fn proposal(answer: &CollectedResponse) -> Proposal {
    let mut proposal = match &answer.response {
        Some((response, scope)) => propose(&answer.expectation, response, scope),
        None => Proposal::default(),
    };
    if proposal.changes.is_empty() && proposal.left.is_empty() {
        proposal.left.extend(answer.mismatch.clone());
    }
    proposal
}

/// Whether an answer is from this step of this scenario, in any profile or row.
fn is_of(answer: &CollectedResponse, scenario: &str, step: &Step) -> bool {
    let before = answer.id.strip_suffix(&*step.id).and_then(|id| id.strip_suffix("::"));
    before
        .and_then(|id| id.strip_prefix(scenario))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
}

/// Returns how many steps these lines define, in all profiles.
fn written_by(suite: &Suite, lines: &Lines) -> usize {
    let counts = suite.scenarios.iter().map(|scenario| {
        let own = scenario.steps.iter().filter(|step| self::lines(&step.place) == *lines).count();
        own * scenario.profiles.len()
    });
    counts.sum()
}

/// Whether the response still fails the expectation; `None` without a response.
fn still_wrong(answer: &CollectedResponse, branch: Option<&Branch>) -> Option<bool> {
    let ((response, scope), branch) = (answer.response.as_ref()?, branch?);
    Some(!judge(&branch.expectation, &Ok(response.clone()), &branch.place, scope).findings.is_empty())
}

/// Describes all expectations of a step.
fn descriptions(definition: &StepDefinition) -> Vec<String> {
    definition.branches().iter().flat_map(|branch| branch.expectation.describe()).collect()
}

fn lines(place: &Place) -> Lines {
    (place.source().path().to_owned(), place.span().start)
}

fn same(one: &Place, other: &Place) -> bool {
    one.span() == other.span() && one.source().path() == other.source().path()
}

/// Whether a change would write a value that reports redact.
fn secret(change: &Change, redactor: &Redactor) -> bool {
    let shown = match &change.kind {
        ChangeKind::Set { value, name, .. } => named(name.as_deref().unwrap_or("value"), value),
        ChangeKind::Add { name, value } => named(name, value),
        ChangeKind::Insert { value, .. } => value.to_string(),
        ChangeKind::Remove { .. } => return false,
    };
    redactor.text(&shown) != shown
}

fn named(name: &str, value: &Json) -> String {
    Json::Object([(name.to_owned(), value.clone())].into()).to_string()
}
