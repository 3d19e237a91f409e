//! What is wrong on paper, and where.
//!
//! A [`Diagnostic`] is one sentence about a file, a flag or a name, the [`Place`] it speaks of, and the remedy. Loading gathers
//! them, so that a user sees every mistake of a suite at once. Verdicts about a target are not diagnostics.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};

use crate::amount::amount;
use crate::source::Place;

/// One thing that is wrong on paper.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    message: String,
    place: Option<Place>,
    label: String,
    help: Option<String>,
}

/// Everything that is wrong on paper: never empty when it is returned as an error.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
    /// What has been said, of which file and where in it.
    said: HashSet<(String, String, usize)>,
}

/// As many are told: who has made more mistakes than that has made another one.
const MOST_TOLD: usize = 200;

impl Diagnostic {
    /// Returns a diagnostic that speaks of no place in a file.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, label: String::new(), help: None }
    }

    /// Returns a diagnostic about a place in a file.
    pub fn at(place: Place, message: impl Into<String>) -> Self {
        Self { place: Some(place), ..Self::new(message) }
    }

    /// Adds the words that stand behind the caret, or on a line of their own where there is no place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds the remedy, shown as a line of its own.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds `did you mean …?` behind the caret when one of `known` is near to `word`, else what is known as the remedy.
    #[must_use]
    pub fn suggest<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(word, &known) {
            Some(near) => self.label(format!("did you mean `{near}`?")),
            None if known.is_empty() => self,
            None => self.help(format!("known here: {}", known.join(", "))),
        }
    }

    /// Adds `did you mean …?` when one of `known` is near to `word`; they are too many to be told.
    #[must_use]
    pub fn suggest_near<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(word, &known) {
            Some(near) => self.label(format!("did you mean `{near}`?")),
            None => self.help("`conformance list` shows the steps and what they cover"),
        }
    }

    /// The sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The place it speaks of, if it speaks of one.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

impl Display for Diagnostic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match &self.place {
            Some(place) => write!(f, "\n{}", place.snippet(&self.label))?,
            None if self.label.is_empty() => {}
            None => write!(f, "\n  = {}", self.label)?,
        }
        if let Some(help) = &self.help {
            write!(f, "\n  = {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

impl Diagnostics {
    /// Adds one, unless the same has been said of the same place.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let said = diagnostic
            .place
            .as_ref()
            .map(|place| (diagnostic.message.clone(), place.source().path().to_owned(), place.span().start));
        if said.is_none_or(|said| self.said.insert(said)) {
            self.all.push(diagnostic);
        }
    }

    /// Keeps the value of a result, or its diagnostic.
    pub fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.push(diagnostic)).ok()
    }

    /// Keeps the value of a result, or all of its diagnostics.
    pub fn take<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        result.map_err(|more| self.append(more)).ok()
    }

    /// Adds all of another.
    pub fn append(&mut self, other: Self) {
        for diagnostic in other.all {
            self.push(diagnostic);
        }
    }

    /// Takes out what says the same of the same place again.
    pub fn dedup(&mut self) {
        let mut told = std::collections::BTreeSet::new();
        self.all.retain(|diagnostic| told.insert(diagnostic.to_string()));
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns `value` when nothing is wrong.
    ///
    /// # Errors
    /// All that was gathered, when anything was.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Each of them, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.all.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut one = Self::default();
        one.push(diagnostic);
        one
    }
}

impl Display for Diagnostics {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.all.iter().take(MOST_TOLD).enumerate() {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(f, "{gap}error: {diagnostic}")?;
        }
        match self.all.len().saturating_sub(MOST_TOLD) {
            0 => Ok(()),
            more => write!(f, "\n\nerror: and {} that are not told here", amount(more, "more mistake")),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// Returns the known word that `word` was probably meant to be: the nearest within a third of its length.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    (known.iter().map(|candidate| (strsim::osa_distance(word, candidate), *candidate)))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("stauts", &["steps", "status", "title"]), Some("status"));
        assert_eq!(nearest("banana", &["steps", "status"]), None);
    }

    #[test]
    fn a_word_that_is_near_nothing_is_answered_with_what_is_known() {
        let diagnostic = Diagnostic::new("unknown profile `x`").suggest("x", ["open", "session"]);
        assert_eq!(diagnostic.to_string(), "unknown profile `x`\n  = known here: open, session");
    }

    #[test]
    fn a_flag_that_is_near_a_known_word_is_told_so_without_a_caret() {
        let diagnostic = Diagnostic::new("no profile `opne`").suggest("opne", ["open", "session"]);
        assert_eq!(diagnostic.to_string(), "no profile `opne`\n  = did you mean `open`?");
    }
}
