//! Steps: what a step is about and when it runs. What it sends is in its [`StepDefinition`](super::StepDefinition).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::frame::Provenance;
use super::stages::Stages;
use crate::format::StepText;
use crate::source::{Place, Source};

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
    /// How many times it is sent, one after the other.
    pub repeat: usize,
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

/// A time limit for a step whose meaning depends on time, such as a step that expects a session to be still valid.
///
/// A response after the limit says nothing about the target, since the machine may be slow.
#[derive(Debug)]
pub struct Timely {
    /// The index in the scenario of the step whose request begins the time.
    pub after: usize,
    /// The longest time until the response is complete.
    pub within: Duration,
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
