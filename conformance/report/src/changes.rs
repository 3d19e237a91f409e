//! Compares two runs of one implementation: what broke and what was fixed.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::style::{BOLD, BOLD_RED, DIM, GREEN, YELLOW};
use conformance_engine::event::{FinishedRun, Record};
use conformance_engine::outcome::Outcome;
use conformance_suite::amount::amount;
use conformance_suite::safe::line;
use serde::Serialize;

/// What changed from one run to another.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Changes {
    /// What passed before and does not pass now.
    pub broke: Vec<Change>,
    /// What passes now and did not pass before.
    pub fixed: Vec<Change>,
    /// What does not pass and was not tested before.
    pub new: Vec<Change>,
    /// What was tested before and is not tested now.
    pub gone: Vec<Change>,
}

/// A requirement, or a step that covers none.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// Its id.
    pub id: String,
    /// Text of the requirement or title of the step.
    pub text: String,
    /// Why it does not pass: the first step and its mismatch.
    pub reason: Option<String>,
}

impl Changes {
    /// Compares two runs.
    #[must_use]
    pub fn of(before: &FinishedRun, after: &FinishedRun) -> Self {
        let mut changes = Self::default();
        let (old, new) = (outcomes(before), outcomes(after));
        let in_order = ids(after).chain(ids(before).filter(|(id, _)| !new.contains_key(id)));
        for (id, text) in in_order {
            let reason = || reason(after, id);
            let change = |reason| Change { id: id.to_owned(), text: text.to_owned(), reason };
            match (old.get(id), new.get(id)) {
                (Some(Outcome::Passed), Some(now)) if now.needs_attention() => {
                    changes.broke.push(change(reason()));
                }
                (Some(then), Some(Outcome::Passed)) if then.needs_attention() => {
                    changes.fixed.push(change(None));
                }
                (None, Some(now)) if now.needs_attention() => changes.new.push(change(reason())),
                (Some(_), None) => changes.gone.push(change(None)),
                _ => {}
            }
        }
        changes
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [&self.broke, &self.fixed, &self.new, &self.gone].into_iter().all(Vec::is_empty)
    }

    /// Prints the changes.
    ///
    /// # Errors
    /// Writing to `out` fails.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for (title, style, changes) in [
            ("broke", BOLD_RED, &self.broke),
            ("fixed", GREEN, &self.fixed),
            ("not tested before, does not pass", YELLOW, &self.new),
            ("no longer tested", DIM, &self.gone),
        ] {
            if changes.is_empty() {
                continue;
            }
            writeln!(out, "{style}{title}{style:#}: {}", changes.len())?;
            for change in changes {
                writeln!(out, "  {BOLD}{:14}{BOLD:#} {}", line(&change.id), line(&change.text))?;
                if let Some(reason) = &change.reason {
                    writeln!(out, "  {:14} {DIM}{}{DIM:#}", "", line(reason))?;
                }
            }
        }
        if self.is_empty() {
            return writeln!(out, "nothing changed");
        }
        writeln!(out, "{} broke, {} fixed", amount(self.broke.len(), "result"), self.fixed.len())
    }
}

/// Returns the ids and texts of the requirements, and of the steps that cover none.
fn ids(run: &FinishedRun) -> impl Iterator<Item = (&str, &str)> {
    let requirements = run.footer.requirements.iter().map(|one| (one.id.as_str(), one.text.as_str()));
    requirements.chain(alone(run).map(|record| (record.id.as_str(), record.title.as_str())))
}

fn alone(run: &FinishedRun) -> impl Iterator<Item = &Record> {
    run.records.iter().map(|record| &**record).filter(|record| record.covers.is_empty())
}

/// Returns the outcomes of what was tested.
fn outcomes(run: &FinishedRun) -> BTreeMap<&str, Outcome> {
    let requirements =
        run.footer.requirements.iter().filter_map(|one| Some((one.id.as_str(), one.outcome()?)));
    let steps = alone(run).map(|record| (record.id.as_str(), record.outcome()));
    requirements.chain(steps).filter(|(_, outcome)| *outcome != Outcome::Skipped).collect()
}

fn reason(run: &FinishedRun, id: &str) -> Option<String> {
    let about = |record: &&Record| record.covers.contains_key(id) || record.id == id;
    let worst =
        run.records.iter().map(|record| &**record).filter(about).max_by_key(|record| record.verdict)?;
    let finding = worst.findings.first().map(|finding| &finding.label);
    let why = worst.reason.as_ref().or(finding).unwrap_or(&worst.title);
    Some(format!("{}: {why}", worst.id))
}
