//! Limits how much is read of a file.
//!
//! Aliases and merges (`<<`) let a few lines expand to any number of values, or repeat a long text without end. The expanded
//! values are counted while they are read.

use std::cell::Cell;

use super::explain::{Mistake, Wrong};
use crate::source::Span;

/// Maximum number of values in a file, before and after the expansion of aliases.
pub(super) const MOST_VALUES: usize = 250_000;
/// Maximum nesting depth.
pub(super) const DEEPEST: usize = 64;
/// Maximum number of bytes of text, including repetitions by aliases and merges: four times the maximum size of a file.
const MOST_TEXT: usize = 32 * 1024 * 1024;

/// Counts what has been read of a file.
#[derive(Default)]
pub(super) struct Measure {
    values: Cell<usize>,
    /// Merged mappings, and their members.
    merged: Cell<usize>,
    /// Bytes of text.
    text: Cell<usize>,
}

impl Measure {
    /// Counts a value.
    pub(super) fn value(&self, span: Span) -> Result<(), Mistake> {
        count(&self.values, 1, MOST_VALUES, span)
    }

    /// Counts merged values, even if their keys exist already.
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
