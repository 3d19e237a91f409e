//! How much is read of a file at most.
//!
//! Aliases and merges (`<<`) let a few lines come to any number of values, or repeat one long text without end: what they come to is counted
//! here while it is read. In goes what is read, out comes a [`Mistake`] once it is too much.

use std::cell::Cell;

use super::explain::{Mistake, Wrong};
use crate::source::Span;

/// The most values of a file, and the most of which it consists with all its aliases.
pub(super) const MOST_VALUES: usize = 250_000;
/// How deep values stand in each other at most.
pub(super) const DEEPEST: usize = 64;
/// The most bytes of text, those that aliases and merges repeat among them: four times what the largest file holds.
const MOST_TEXT: usize = 32 * 1024 * 1024;

/// What has been read of a file.
#[derive(Default)]
pub(super) struct Measure {
    values: Cell<usize>,
    /// What mappings have been merged, and the members of these.
    merged: Cell<usize>,
    /// The bytes of texts.
    text: Cell<usize>,
}

impl Measure {
    /// Counts a value.
    pub(super) fn value(&self, span: Span) -> Result<(), Mistake> {
        count(&self.values, 1, MOST_VALUES, span)
    }

    /// Counts what is merged, whether or not it says anything new.
    pub(super) fn merges(&self, number: usize, span: Span) -> Result<(), Mistake> {
        count(&self.merged, number, MOST_VALUES, span)
    }

    /// Counts the text of a value.
    pub(super) fn text(&self, text: &str, span: Span) -> Result<(), Mistake> {
        count(&self.text, text.len(), MOST_TEXT, span)
    }
}

fn count(so_far: &Cell<usize>, more: usize, most: usize, span: Span) -> Result<(), Mistake> {
    so_far.set(so_far.get() + more);
    if so_far.get() > most { Err(Wrong::TooMuch.at(span)) } else { Ok(()) }
}
