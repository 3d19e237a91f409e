//! Shows a location as the source line with a caret under the relevant text.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use super::Place;
use crate::safe::terminal;

/// The lines that show a [`Place`]: its path, the source line, and a caret with a label under it.
pub struct Snippet<'a> {
    place: &'a Place,
    label: &'a str,
    line: Option<&'a str>,
}

impl<'a> Snippet<'a> {
    pub(super) fn new(place: &'a Place, label: &'a str) -> Self {
        Self { place, label, line: None }
    }

    /// Shows `line` instead of the source line: a copy of the same length with secrets masked.
    #[must_use]
    pub fn showing(self, line: &'a str) -> Self {
        Self { line: Some(line), ..self }
    }
}

impl Display for Snippet<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let number = self.place.line().to_string();
        let gutter = " ".repeat(number.len());
        let line = self.line.unwrap_or_else(|| self.place.line_text());
        let column = self.place.column() - 1;
        let (line, column) = piece(line, column);
        let width = self.place.caret_width().min(line.chars().count().saturating_sub(column).max(1));
        let split = |text: &str, at: usize| text.char_indices().nth(at).map_or(text.len(), |(end, _)| end);
        let (before, marked) = line.split_at(split(&line, column));
        let (marked, after) = marked.split_at(split(marked, width));
        let (before, marked, after) = (terminal(before), terminal(marked), terminal(after));
        // Keep tabs before the caret, so that the caret is under its word.
        let lead: String = before.chars().map(|one| if one == '\t' { '\t' } else { ' ' }).collect();
        let width = width.max(marked.chars().count()).min(MOST_CARETS);
        writeln!(f, "{gutter}--> {}", self.place)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {before}{marked}{after}")?;
        let label = if self.label.is_empty() { String::new() } else { format!(" {}", terminal(self.label)) };
        write!(f, "{gutter} | {lead}{}{label}", "^".repeat(width))
    }
}

/// Maximum number of carets under a long text.
const MOST_CARETS: usize = 60;

/// Returns the part of a long line around a column, and the column in that part.
fn piece(line: &str, column: usize) -> (Cow<'_, str>, usize) {
    /// Maximum number of characters to show, and the number of them before the column.
    const WHOLE: usize = 240;
    const BEFORE: usize = 80;
    if line.len() <= WHOLE {
        return (line.into(), column);
    }
    let skipped = column.saturating_sub(BEFORE);
    let mut rest = line.chars().skip(skipped);
    let shown: String = rest.by_ref().take(WHOLE).collect();
    let before = if skipped > 0 { "…" } else { "" };
    let after = if rest.next().is_some() { "…" } else { "" };
    (format!("{before}{shown}{after}").into(), column - skipped + usize::from(skipped > 0))
}

#[cfg(test)]
mod tests {
    use crate::source::{Source, Span};

    #[test]
    fn puts_the_caret_under_the_span() {
        let source = Source::new("a.yaml", "steps:\n  stauts: 401\n");
        let place = source.place(Span::new(9, 15));
        assert_eq!(
            place.snippet("did you mean `status`?").to_string(),
            " --> a.yaml:2:3\n  |\n2 |   stauts: 401\n  |   ^^^^^^ did you mean `status`?"
        );
    }

    #[test]
    fn shows_the_part_of_a_long_line_around_the_caret() {
        let source = Source::new("a.json", format!("[{}7, {}]", "é, ".repeat(1000), "b, ".repeat(1000)));
        let at = source.text().find('7').unwrap();
        let snippet = source.place(Span::new(at, at + 1)).snippet("here").to_string();
        let lines: Vec<&str> = snippet.lines().collect();
        assert!(
            lines[2].starts_with("1 | …") && lines[2].ends_with('…') && lines[2].len() < 500,
            "{snippet}"
        );
        let caret = lines[3].chars().position(|one| one == '^').unwrap();
        assert_eq!((lines[2].chars().nth(caret), lines[0]), (Some('7'), " --> a.json:1:3002"));
    }
}
