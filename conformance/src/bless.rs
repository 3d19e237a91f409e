//! Rewrites what steps expect with what their target answered, for `run --bless`.
//!
//! In go a suite that was run and the [`Answers`] that it kept, out comes a [`Blessing`]: the edits of each file and what is left, with
//! the reason. Nothing is written before the suite has been loaded with the edits in it and every step has been judged again:
//! those that were named hold what was answered, and all others demand what they did.

mod propose;
mod scalar;
mod splice;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expectation::Expectation;
use crate::json::Json;
use crate::judge::judge;
use crate::matcher::{Change, ChangeKind, Left, Proposal};
use crate::redact::Redactor;
use crate::response::Response;
use crate::source::{Place, Source};
use crate::suite::{Branch, Folder, Step, StepDefinition, Suite};
use crate::template::Scope;

pub use propose::propose;
pub use splice::{Edit, Unwritten, edited, splice};

/// What was answered to the steps that are named: all scenarios of a run write into the same.
#[derive(Debug, Clone)]
pub struct Answers {
    named: Arc<BTreeSet<String>>,
    kept: Arc<Mutex<Vec<Answer>>>,
}

/// What was answered to one step.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The id of the step.
    pub id: String,
    /// Where the step stands in its file.
    pub place: Place,
    /// What it demanded.
    pub expectation: Expectation,
    /// The answer and what names meant when it came; none where it is not one answer that was judged.
    pub response: Option<(Response, Scope)>,
    /// What did not hold first, if anything did not.
    pub wrong: Option<Left>,
}

/// What becomes of the files of a suite.
#[derive(Debug)]
pub struct Blessing {
    /// The files that are written otherwise.
    pub files: Vec<Rewritten>,
    /// What is left, with the step.
    pub left: Vec<(String, Left)>,
    /// The steps that demand something else now.
    pub steps: Vec<String>,
    directory: PathBuf,
}

/// A file that is written otherwise.
#[derive(Debug)]
pub struct Rewritten {
    /// The file as it was.
    pub source: Arc<Source>,
    /// What is edited, in the order of the text.
    pub edits: Vec<Edit>,
}

/// Where a step is written: rows, profiles and uses of a sequence share the lines.
type Lines = (String, usize);

impl Answers {
    /// Returns what keeps the answers to the steps of these ids.
    #[must_use]
    pub fn to(named: BTreeSet<String>) -> Self {
        Self { named: Arc::new(named), kept: Arc::default() }
    }

    /// Whether the answer to a step is kept.
    #[must_use]
    pub fn want(&self, id: &str) -> bool {
        self.named.contains(id)
    }

    /// Adds what was answered to a step.
    pub fn add(&self, answer: Answer) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
    }

    fn take(&self) -> Vec<Answer> {
        std::mem::take(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Blessing {
    /// Decides what is written otherwise, and makes sure that it can be: nothing is written yet.
    ///
    /// # Errors
    /// A suite that would not load with the edits in it, or would say something else than what is meant.
    pub fn new(
        suite: &Suite,
        folder: &Folder,
        answers: &Answers,
        redactor: &Redactor,
    ) -> Result<Self, Diagnostics> {
        let Folder::Directory(directory) = folder else {
            let embedded = "the suite inside this program cannot be written otherwise";
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
                // Steps that are written by the same lines bring the same change.
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

    /// Returns the changes on which all steps agree that are written by the same lines.
    fn agree<'a>(
        &mut self,
        suite: &Suite,
        answers: &'a [Answer],
        redactor: &Redactor,
    ) -> Vec<(&'a Answer, Vec<Change>)> {
        let mut agreed: Vec<(&Answer, Vec<Change>)> = Vec::new();
        let mut done: BTreeSet<Lines> = BTreeSet::new();
        let proposals: Vec<(&Answer, Proposal)> =
            answers.iter().map(|answer| (answer, proposal(answer))).collect();
        for (answer, proposal) in &proposals {
            self.left.extend(proposal.left.iter().map(|left| (answer.id.clone(), left.clone())));
            let lines = lines(&answer.place);
            if proposal.changes.is_empty() || !done.insert(lines.clone()) {
                continue;
            }
            let beside: Vec<&(&Answer, Proposal)> =
                proposals.iter().filter(|(other, _)| self::lines(&other.place) == lines).collect();
            let mut leave = |place: &Place, why: String| {
                self.left.push((answer.id.clone(), Left { place: place.clone(), why }));
            };
            let all = written_by(suite, &lines);
            if beside.len() < all {
                let why = format!(
                    "{all} steps are written by these lines, and {} of them named and answered",
                    beside.len()
                );
                leave(&answer.place, why);
                continue;
            }
            let mut changes = Vec::new();
            for change in &proposal.changes {
                let alike = |one: &Change| same(&one.place, &change.place) && one.kind == change.kind;
                let other = beside.iter().find(|(_, other)| !other.changes.iter().any(alike));
                if let Some((other, _)) = other {
                    let why =
                        format!("`{}` is written by the same line and was answered otherwise", other.id);
                    leave(&change.place, why);
                } else if secret(change, redactor) {
                    leave(
                        &change.place,
                        "the answer has a secret there; with --show-secrets it is written".to_owned(),
                    );
                } else {
                    changes.push(change.clone());
                }
            }
            if !changes.is_empty() {
                agreed.extend(beside.iter().map(|(answer, _)| (*answer, changes.clone())));
            }
        }
        agreed
    }

    /// Loads the suite with the edits in it, and judges again.
    fn verify(&mut self, before: &Suite, agreed: &[(&Answer, Vec<Change>)]) -> Result<(), Diagnostic> {
        if self.files.is_empty() {
            return Ok(());
        }
        let refused = |why: String| Err(Diagnostic::new(format!("nothing was rewritten: {why}")));
        let after = match Suite::load(&self.edited()) {
            Ok(after) => after,
            Err(wrong) => {
                let first = wrong.iter().next().map(ToString::to_string).unwrap_or_default();
                return refused(format!("the suite would not load any more: {first}"));
            }
        };
        let counts = |suite: &Suite| suite.scenarios.iter().map(|one| one.steps.len()).collect::<Vec<_>>();
        if counts(before) != counts(&after) {
            return refused("the suite would have other steps".to_owned());
        }
        for (old, new) in before.scenarios.iter().zip(&after.scenarios) {
            let (old_deeds, new_deeds) = (before.definitions(old), after.definitions(new));
            for (step, (old_deed, new_deed)) in old.steps.iter().zip(old_deeds.iter().zip(&*new_deeds)) {
                let same_lines =
                    |(answer, _): &&(&Answer, Vec<Change>)| lines(&answer.place) == lines(&step.place);
                if !agreed.iter().any(|one| same_lines(&one)) && demands(old_deed) != demands(new_deed) {
                    let id = format!("{}::{}", old.id, step.id);
                    return refused(format!("`{id}`, which is not named, would demand something else"));
                }
                let answers = agreed.iter().filter(same_lines).map(|(answer, _)| *answer);
                for answer in answers.filter(|one| is_of(one, &old.id, step)) {
                    // Where a part is left, what differs may be told by other places: an element that stays moves those behind it.
                    let some_left = self.left.iter().any(|(step, _)| *step == answer.id);
                    match still_wrong(answer, new_deed.first()) {
                        None => {}
                        Some(true) if !some_left => {
                            let why = format!("`{}` would still not demand what was answered", answer.id);
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

/// What would be written otherwise for a step that was answered.
fn proposal(answer: &Answer) -> Proposal {
    let mut proposal = match &answer.response {
        Some((response, scope)) => propose(&answer.expectation, response, scope),
        None => Proposal::default(),
    };
    if proposal.changes.is_empty() && proposal.left.is_empty() {
        proposal.left.extend(answer.wrong.clone());
    }
    proposal
}

/// Whether an answer was given to a step of this scenario.
fn is_of(answer: &Answer, scenario: &str, step: &Step) -> bool {
    let before = answer.id.strip_suffix(&*step.id).and_then(|id| id.strip_suffix("::"));
    before
        .and_then(|id| id.strip_prefix(scenario))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
}

/// How many steps of the suite are written by the same lines, in all profiles.
fn written_by(suite: &Suite, lines: &Lines) -> usize {
    let counts = suite.scenarios.iter().map(|scenario| {
        let own = scenario.steps.iter().filter(|step| self::lines(&step.place) == *lines).count();
        own * scenario.profiles.len()
    });
    counts.sum()
}

/// Whether an answer is not what a request expects; none where there was no answer.
fn still_wrong(answer: &Answer, branch: &Branch) -> Option<bool> {
    let (response, scope) = answer.response.as_ref()?;
    Some(!judge(&branch.expectation, &Ok(response.clone()), &branch.place, scope).findings.is_empty())
}

/// All that a step demands, in words.
fn demands(definition: &StepDefinition) -> Vec<String> {
    definition.branches().iter().flat_map(|branch| branch.expectation.describe()).collect()
}

fn lines(place: &Place) -> Lines {
    (place.source().path().to_owned(), place.span().start)
}

fn same(one: &Place, other: &Place) -> bool {
    one.span() == other.span() && one.source().path() == other.source().path()
}

/// Whether a change would write what no report shows.
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
