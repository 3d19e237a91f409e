//! A block of code of a document, and the heading above it.

use std::sync::Arc;

/// A heading of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The level, from 1.
    pub level: usize,
    /// The text, without HTML tags.
    pub title: String,
    /// The line number, from 1.
    pub line: usize,
}

/// A block of code, or lines of prose that begin with a command.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    pub(super) heading: Option<Arc<Heading>>,
    pub(super) lines: Vec<Line>,
    /// The language that the document names, in lower case.
    pub(super) language: String,
    /// Whether the block is prose, in which the output of a command ends at an empty line.
    pub(super) is_prose: bool,
    /// The text before the block, which may name the file that it shows.
    pub(super) intro: String,
}

/// A line of a block, without its indentation and its newline.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) text: String,
    /// Byte offset of the text in the document.
    pub(super) start: usize,
}

impl Block {
    /// Removes the indentation that all lines share.
    pub(super) fn dedented(mut self) -> Self {
        dedent(&mut self.lines);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.text.trim().is_empty())
    }
}

/// Removes the indentation that all lines share.
pub(super) fn dedent(lines: &mut [Line]) {
    let indentation = |line: &Line| line.text.len() - line.text.trim_start_matches([' ', '\t']).len();
    let filled = lines.iter().filter(|line| !line.text.trim().is_empty());
    let shared = filled.map(indentation).min().unwrap_or_default();
    for line in lines {
        let cut = shared.min(indentation(line));
        line.text.drain(..cut);
        line.start += cut;
    }
}

/// Returns the lines of a text that begins at this byte offset of the document.
pub(super) fn lines(text: &str, mut start: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let bare = line.strip_suffix('\n').unwrap_or(line);
        let bare = bare.strip_suffix('\r').unwrap_or(bare);
        lines.push(Line { text: bare.to_owned(), start });
        start += line.len();
    }
    lines
}
