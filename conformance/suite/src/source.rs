//! Locations in the files of a suite.
//!
//! A [`Source`] is the text of a file with its name in messages; a [`Place`] is a span of it. Every value of a suite keeps its
//! place until it is reported. Nothing here reads files or prints.

mod snippet;

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::iter;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

pub use snippet::Snippet;

/// A file of a suite: its name in messages and its text.
#[derive(Debug)]
pub struct Source {
    path: String,
    text: String,
    /// The number of the first line: 1, except for a part of a file.
    first_line: usize,
    /// Column and width of the only place, if it was read from a report: the report has no text.
    reported: Option<(usize, usize)>,
    /// Offsets of the lines.
    line_starts: OnceLock<Box<[usize]>>,
}

/// A range of bytes, from `start` up to but not including `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A span of a file. Displays as `path:line:column`, both counted from 1, columns in characters.
#[derive(Debug, Clone)]
pub struct Place {
    source: Arc<Source>,
    span: Span,
}

/// Complete lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct Excerpt {
    /// The number of the first line, counted from 1.
    #[serde(deserialize_with = "line_number")]
    pub line: usize,
    /// The lines.
    pub text: String,
}

impl Source {
    /// Creates a source that messages show as `path`.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            text: text.into(),
            first_line: 1,
            reported: None,
            line_starts: OnceLock::new(),
        })
    }

    /// The name in messages.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the place of `span` in this file, cut off at the end of the text.
    #[must_use]
    pub fn place(self: &Arc<Self>, span: Span) -> Place {
        let end = span.end.min(self.text.len());
        Place { source: Arc::clone(self), span: Span { start: span.start.min(end), end } }
    }

    /// Returns a copy with a masked text of the same length; none if the text does not change.
    #[must_use]
    pub fn masked(&self, mask: impl FnOnce(&str) -> String) -> Option<Arc<Self>> {
        let text = mask(&self.text);
        let (path, first_line, reported) = (self.path.clone(), self.first_line, self.reported);
        let is_other = text != self.text && text.len() == self.text.len();
        is_other.then(|| Arc::new(Self { path, text, first_line, reported, line_starts: OnceLock::new() }))
    }

    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            iter::once(0).chain(self.text.match_indices('\n').map(|(at, _)| at + 1)).collect()
        })
    }

    /// The offset of a line, counted from 0.
    fn line_start(&self, row: usize) -> usize {
        self.line_starts()[row]
    }

    /// The text of a line, counted from 0.
    fn line(&self, row: usize) -> &str {
        without_mark(self.text[self.line_start(row)..].lines().next().unwrap_or(""))
    }
}

impl Span {
    /// Returns the span from `start` to `end`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

impl Place {
    /// The file.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The byte range.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether it is the same span of the same file.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.span() == other.span() && Arc::ptr_eq(&self.source, &other.source)
    }

    /// Returns the first occurrence of `text` after the beginning of this place, else this place.
    #[must_use]
    pub fn find(&self, text: &str) -> Self {
        let at = self.source.text.get(self.span.start..).and_then(|rest| rest.find(text));
        at.map_or_else(
            || self.clone(),
            |at| self.source.place(Span::new(self.span.start + at, self.span.start + at + text.len())),
        )
    }

    /// Returns the same span in a copy of the file.
    #[must_use]
    pub fn within(&self, source: Arc<Source>) -> Self {
        Self { source, span: self.span }
    }

    /// Returns the position where the place begins.
    #[must_use]
    pub fn start(&self) -> Self {
        self.source.place(Span::new(self.span.start, self.span.start))
    }

    /// The line where the place begins, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.source.first_line + self.row()
    }

    /// The line where the place begins, counted from 0 in the text.
    fn row(&self) -> usize {
        self.source.line_starts().partition_point(|start| *start <= self.span.start) - 1
    }

    /// The line where the place ends, counted from 1.
    #[must_use]
    pub fn last_line(&self) -> usize {
        let text = self.source.text.get(self.span.start..self.span.end).unwrap_or("");
        self.line() + text.trim_end().matches('\n').count()
    }

    /// The column where the place begins, in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        if let Some((column, _)) = self.source.reported {
            return column;
        }
        let start = self.source.line_start(self.row());
        self.source
            .text
            .get(start..self.span.start)
            .map_or(1, |before| without_mark(before).chars().count() + 1)
    }

    /// The text of the line where the place begins.
    #[must_use]
    pub fn line_text(&self) -> &str {
        self.source.line(self.row())
    }

    /// Returns a snippet that shows this place with a label after the caret.
    #[must_use]
    pub fn snippet<'a>(&'a self, label: &'a str) -> Snippet<'a> {
        Snippet::new(self, label)
    }

    /// Returns the lines of the list item or mapping that begins on this line: that line and all lines after it that are indented
    /// further than its first word.
    #[must_use]
    pub fn block(&self) -> Excerpt {
        let block = &self.source.text[self.block_span()];
        let mut text = if block.contains('\r') { block.replace("\r\n", "\n") } else { block.to_owned() };
        text.truncate(text.strip_suffix('\n').unwrap_or(&text).len());
        Excerpt { line: self.source.first_line + self.row(), text }
    }

    /// The last line of [`Place::block`], counted from 1.
    #[must_use]
    pub fn last_line_of_block(&self) -> usize {
        let block = self.source.text[self.block_span()].trim_end();
        self.line() + block.matches('\n').count()
    }

    fn block_span(&self) -> Range<usize> {
        let row = self.row();
        let (text, starts) = (&*self.source.text, self.source.line_starts());
        let start = starts[row];
        let ends = starts[row + 1..].iter().copied().chain([text.len()]);
        // Minimum indentation of the other lines. All keys of a mapping whose dash is on an earlier line begin at one column.
        let mut least = None;
        let (mut from, mut end) = (start, start);
        for to in ends {
            let line = &text[from..to];
            let indent = indentation(line);
            if indent < line.len() && least.is_some_and(|least| indent < least) {
                break;
            }
            // Empty lines and comments belong to the next item.
            if least.is_none() || indent < line.len() && line.as_bytes()[indent] != b'#' {
                end = to;
            }
            let is_first_word = from + indent == self.span.start && !line[indent..].starts_with('-');
            least = least.or(Some(if is_first_word { indent } else { indent + 1 }));
            from = to;
        }
        start..end
    }

    fn caret_width(&self) -> usize {
        if let Some((_, width)) = self.source.reported {
            return width;
        }
        let text = self.source.text.get(self.span.start..self.span.end).unwrap_or("");
        text.lines().next().unwrap_or("").trim_end_matches(['\r', '\n']).chars().count().max(1)
    }
}

/// Returns a text without a byte order mark.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Returns the length of a line's leading white space in bytes.
#[must_use]
pub fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // The path may be that of a file of somebody else.
        write!(f, "{}:{}:{}", crate::safe::line(&self.source.path), self.line(), self.column())
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (file, line, column) = (self.source.path.as_str().into(), self.line(), self.column());
        PlaceText { file, line, column, width: self.caret_width() }.serialize(serializer)
    }
}

/// Maximum line, column and width in a report: the files of a suite are smaller.
const LARGEST: usize = 10_000_000;

fn line_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let line = usize::deserialize(deserializer)?;
    if line <= LARGEST { Ok(line) } else { Err(D::Error::custom("the line is out of range")) }
}

/// A place read from a report belongs to a source without text, which only knows where the place is.
impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let PlaceText { file, line, column, width } = PlaceText::deserialize(deserializer)?;
        if ![line, column].iter().all(|number| (1..=LARGEST).contains(number)) || width > LARGEST {
            return Err(D::Error::custom("the line or column is out of range"));
        }
        let source = Source {
            path: file.into_owned(),
            text: String::new(),
            first_line: line,
            reported: Some((column, width)),
            line_starts: OnceLock::new(),
        };
        Ok(Self { source: Arc::new(source), span: Span::default() })
    }
}

/// A place as reports contain it.
#[derive(Deserialize, Serialize, JsonSchema)]
#[schemars(rename = "Place")]
struct PlaceText<'a> {
    /// The file.
    file: Cow<'a, str>,
    /// The line, counted from 1.
    line: usize,
    /// The column in characters, counted from 1.
    column: usize,
    /// The width in characters on this line.
    width: usize,
}

impl JsonSchema for Place {
    fn schema_name() -> Cow<'static, str> {
        PlaceText::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        PlaceText::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_columns_from_one() {
        let source = Source::new("a.yaml", "één: 1\n  zwei: 2\n");
        let place = source.place(Span::new(11, 15));
        assert_eq!(place.to_string(), "a.yaml:2:3");
        assert_eq!(source.place(Span::new(7, 8)).to_string(), "a.yaml:1:6");
    }

    #[test]
    fn the_block_of_a_step_ends_where_the_next_begins() {
        let source = Source::new(
            "a.yaml",
            "steps:\n  - id: one\n    request: x\n\n  # of two\n  - id: two\n    request: y\n",
        );
        let block = source.place(Span::new(15, 18)).block();
        assert_eq!((block.line, block.text.as_str()), (2, "  - id: one\n    request: x"));
        let at = source.text().find("two\n    r").unwrap();
        let last = source.place(Span::new(at, at + 3)).block();
        assert_eq!((last.line, last.text.as_str()), (6, "  - id: two\n    request: y"));
    }

    #[test]
    fn finds_blocks_with_any_line_ending_and_indentation() {
        let source = Source::new("a.yaml", "- é: 1\r\n\r\n\tb: #\r\n  # c\r\n\u{a0}d\r\n- e: 2\r\n");
        let block = source.place(Span::new(2, 4)).block();
        assert_eq!((block.line, block.text.as_str()), (1, "- é: 1\n\n\tb: #\n  # c\n\u{a0}d"));
        assert_eq!(Source::new("a.yaml", "").place(Span::default()).block().text, "");
    }

    #[test]
    fn a_place_from_a_report_needs_little_memory() {
        let written =
            serde_json::json!({"file": "a.yaml", "line": 3, "column": 9_000_000, "width": 8_000_000});
        let place: Place = serde_json::from_value(written.clone()).unwrap();
        assert_eq!((place.line(), place.last_line(), place.column()), (3, 3, 9_000_000));
        assert_eq!(serde_json::to_value(&place).unwrap(), written);
        assert!(place.source().text().is_empty() && place.snippet("here").to_string().len() < 100);
    }

    #[test]
    fn cuts_off_places_beyond_the_end() {
        let source = Source::new("a.yaml", "a: 1\n");
        assert_eq!(source.place(Span::new(90, 99)).line(), 2);
        assert_eq!(source.place(Span::new(90, 99)).snippet("here").to_string().lines().count(), 4);
    }
}
