//! The code blocks of a document, each under its heading.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::source::Source;

/// A heading of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Its level, 1 for the highest.
    pub level: usize,
    /// Its words, without markup of HTML.
    pub title: String,
    /// The line on which it stands, counted from 1.
    pub line: usize,
}

/// A block of code.
pub(super) struct Block {
    pub(super) heading: Option<Arc<Heading>>,
    pub(super) lines: Vec<Line>,
}

/// A line of a block, without the indentation of the block and without its end.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) text: String,
    /// Where the text begins in the document, in bytes.
    pub(super) start: usize,
}

/// The whole document as one block.
pub(super) fn whole(source: &Arc<Source>) -> Block {
    Block { heading: None, lines: lines(source.text()) }
}

/// Whether a document has a code block in fences.
pub(super) fn has_fence(text: &str) -> bool {
    text.lines().any(|line| fence(line).is_some())
}

/// Returns the code blocks of a Markdown document.
pub(super) fn blocks(source: &Arc<Source>) -> Vec<Block> {
    let mut reader = Reader::default();
    for (index, line) in lines(source.text()).into_iter().enumerate() {
        reader.take(line, index + 1);
    }
    reader.close();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    heading: Option<Arc<Heading>>,
    /// The lines of the block that is open.
    open: Vec<Line>,
    /// The fence that closes it, and its indentation; none for an indented block.
    fence: Option<(String, usize)>,
    /// The line before, for headings that are underlined.
    before: String,
}

impl Reader {
    fn take(&mut self, line: Line, number: usize) {
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
        if let Some((fence, indent)) = fence(&line.text) {
            self.close();
            self.fence = Some((fence, indent));
        } else if let Some(indent) =
            indentation(&line.text).filter(|_| !self.open.is_empty() || self.before.trim().is_empty())
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

    fn look_for_heading(&mut self, line: &str, number: usize) {
        let hashes = line.bytes().take_while(|byte| *byte == b'#').count();
        let underline = line.trim_end();
        let mut heading = None;
        if (1..=6).contains(&hashes) && line[hashes..].starts_with([' ', '\t']) {
            heading = Some((hashes, line[hashes..].trim().trim_end_matches('#').trim_end(), number));
        } else if !self.before.trim().is_empty() && underline.len() > 1 {
            let level = ["=", "-"]
                .iter()
                .position(|mark| underline.trim_matches(mark.chars().next().unwrap_or('=')).is_empty());
            heading = level.map(|level| (level + 1, self.before.trim(), number - 1));
        }
        if let Some((level, title, line)) = heading {
            let title = MARKUP.replace_all(title, "").trim().to_owned();
            self.heading = Some(Arc::new(Heading { level, title, line }));
        }
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
static MARKUP: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"</?[A-Za-z][^>]*>").unwrap());

/// The fence that a line opens, without its language, and how far it is indented.
fn fence(line: &str) -> Option<(String, usize)> {
    let text = line.trim_start_matches(' ');
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = text.chars().take_while(|own| *own == mark).count();
    // Back ticks behind back ticks are code inside of a line.
    let inline = mark == '`' && text[length..].contains('`');
    (length >= 3 && !inline).then(|| (text[..length].to_owned(), line.len() - text.len()))
}

/// The indentation that makes a line code.
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
