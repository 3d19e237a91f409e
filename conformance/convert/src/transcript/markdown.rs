//! Finds the code blocks of a document and their headings.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use conformance_suite::source::Source;

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

/// A block of code.
pub(super) struct Block {
    pub(super) heading: Option<Arc<Heading>>,
    pub(super) lines: Vec<Line>,
}

/// A line of a block, without its indentation and its newline.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) text: String,
    /// Byte offset of the text in the document.
    pub(super) start: usize,
}

/// Returns the whole document as one block.
pub(super) fn whole(source: &Arc<Source>) -> Block {
    Block { heading: None, lines: lines(source.text()) }
}

/// Whether a document has a fenced code block.
pub(super) fn has_fence(text: &str) -> bool {
    text.lines().any(|line| fence(line).is_some())
}

/// The markup language of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Style {
    /// Markdown.
    #[default]
    Markdown,
    /// reStructuredText, and plain text with indented sessions.
    Structured,
    /// `AsciiDoc`.
    Ascii,
}

/// Returns the code blocks of a document.
pub(super) fn blocks(source: &Arc<Source>, style: Style) -> Vec<Block> {
    let mut reader = Reader { style, ..Reader::default() };
    for (index, line) in lines(source.text()).into_iter().enumerate() {
        reader.read_line(line, index + 1);
    }
    reader.close();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    style: Style,
    /// The underline characters of reStructuredText headings, highest level first.
    marks: Vec<char>,
    blocks: Vec<Block>,
    heading: Option<Arc<Heading>>,
    /// The lines of the current block.
    open: Vec<Line>,
    /// The fence that ends the current block, and its indentation; `None` for indented blocks.
    fence: Option<(String, usize)>,
    /// The indentation of the current block in reStructuredText.
    spaces: usize,
    /// The previous line, for underlined headings.
    before: String,
}

impl Reader {
    fn read_line(&mut self, line: Line, number: usize) {
        if let Some((fence, indent)) = &self.fence {
            let closes = line.text.trim();
            if closes.starts_with(fence.as_str()) && closes.chars().all(|own| fence.starts_with(own)) {
                self.close();
                self.before.clear();
            } else {
                let spaces = line.text.bytes().take(*indent).take_while(|byte| *byte == b' ').count();
                self.open.push(cut(&line, spaces));
            }
            return;
        }
        let fence = match self.style {
            Style::Markdown => fence(&line.text),
            Style::Structured => None,
            Style::Ascii => delimiter(&line.text, &self.before),
        };
        if let Some((fence, indent)) = fence {
            self.close();
            self.fence = Some((fence, indent));
        } else if let Some(indent) =
            self.indentation(&line.text).filter(|_| !self.open.is_empty() || self.before.trim().is_empty())
        {
            self.open.push(cut(&line, indent));
        } else if line.text.trim().is_empty() && !self.open.is_empty() {
            self.open.push(line.clone());
        } else {
            self.close();
            self.look_for_heading(&line.text, number);
        }
        self.before = line.text;
    }

    /// Returns the indentation to remove if the line is code.
    fn indentation(&mut self, line: &str) -> Option<usize> {
        if self.style != Style::Structured {
            return indentation(line);
        }
        let spaces = line.len() - line.trim_start_matches([' ', '\t']).len();
        if line.trim().is_empty() || spaces == 0 {
            return None;
        }
        if self.open.is_empty() {
            self.spaces = spaces;
        }
        (spaces >= self.spaces).then_some(self.spaces)
    }

    fn look_for_heading(&mut self, line: &str, number: usize) {
        if self.style == Style::Structured {
            return self.look_for_underline(line, number);
        }
        let mark = if self.style == Style::Ascii { b'=' } else { b'#' };
        let hashes = line.bytes().take_while(|byte| *byte == mark).count();
        let underline = line.trim_end();
        let mut heading = None;
        if (1..=6).contains(&hashes) && line[hashes..].starts_with([' ', '\t']) {
            let title = line[hashes..].trim().trim_end_matches(char::from(mark)).trim_end();
            heading = Some((hashes, title, number));
        } else if !self.before.trim().is_empty() && underline.len() > 1 {
            let level = ["=", "-"]
                .iter()
                .position(|mark| underline.trim_matches(mark.chars().next().unwrap_or('=')).is_empty());
            heading = level.map(|level| (level + 1, self.before.trim(), number - 1));
        }
        if let Some((level, title, line)) = heading {
            let title = HTML_TAG.replace_all(title, "").trim().to_owned();
            self.heading = Some(Arc::new(Heading { level, title, line }));
        }
    }

    /// Recognizes a heading of reStructuredText. Its level is the order in which the underline characters appear.
    fn look_for_underline(&mut self, line: &str, number: usize) {
        let (title, under) = (self.before.trim(), line.trim_end());
        let Some(mark) = under.chars().next().filter(char::is_ascii_punctuation) else { return };
        let whole = under.chars().all(|own| own == mark) && under.chars().count() >= title.chars().count();
        if title.is_empty() || self.before.starts_with(' ') || !whole || under.len() < 2 {
            return;
        }
        let known = self.marks.iter().position(|own| *own == mark);
        let level = known.unwrap_or(self.marks.len()) + 1;
        if known.is_none() {
            self.marks.push(mark);
        }
        let title = title.replace("``", "");
        self.heading = Some(Arc::new(Heading { level, title, line: number - 1 }));
    }

    fn close(&mut self) {
        self.fence = None;
        let lines = std::mem::take(&mut self.open);
        if lines.iter().any(|line| !line.text.trim().is_empty()) {
            self.blocks.push(Block { heading: self.heading.clone(), lines });
        }
    }
}

#[expect(clippy::unwrap_used, reason = "the pattern is a constant and a test compiles it")]
static HTML_TAG: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"</?[A-Za-z][^>]*>").unwrap());

/// Returns the fence that a line opens, without its language, and its indentation.
fn fence(line: &str) -> Option<(String, usize)> {
    let text = line.trim_start_matches(' ');
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = text.chars().take_while(|own| *own == mark).count();
    // More backticks after the fence mean inline code.
    let inline = mark == '`' && text[length..].contains('`');
    (length >= 3 && !inline).then(|| (text[..length].to_owned(), line.len() - text.len()))
}

/// Returns the delimiter of an `AsciiDoc` code block. The same characters under a line of equal length make that line a heading.
fn delimiter(line: &str, before: &str) -> Option<(String, usize)> {
    let text = line.trim_end();
    let lines = text.len() >= 4 && ["-", "."].iter().any(|mark| text.replace(mark, "").is_empty());
    let title = before.trim();
    let underlines =
        !title.is_empty() && !title.starts_with(['[', '.']) && title.len().abs_diff(text.len()) < 2;
    (lines && !underlines).then(|| (text.to_owned(), 0))
}

/// Returns the width of the indentation that makes a line code: a tab or four spaces.
fn indentation(line: &str) -> Option<usize> {
    (!line.trim().is_empty()).then_some(())?;
    if line.starts_with('\t') { Some(1) } else { line.starts_with("    ").then_some(4) }
}

fn cut(line: &Line, bytes: usize) -> Line {
    Line { text: line.text[bytes..].to_owned(), start: line.start + bytes }
}

fn lines(text: &str) -> Vec<Line> {
    let mut start = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let bare = line.strip_suffix('\n').unwrap_or(line);
        let bare = bare.strip_suffix('\r').unwrap_or(bare);
        lines.push(Line { text: bare.to_owned(), start });
        start += line.len();
    }
    lines
}
