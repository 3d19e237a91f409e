//! Finds the code blocks of reStructuredText, `AsciiDoc` and plain text, and their headings.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::block::{Block, Heading, Line, lines};
use super::shell;
use crate::pattern;
use conformance_suite::source::Source;

/// The markup language of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// reStructuredText.
    Structured,
    /// `AsciiDoc`.
    Ascii,
    /// Plain text, in which code is indented.
    Plain,
}

/// Returns the whole document as one block.
pub(super) fn whole(source: &Arc<Source>) -> Block {
    Block { lines: lines(source.text(), 0), ..Block::default() }
}

/// Returns the code blocks of a document.
pub(super) fn blocks(source: &Arc<Source>, style: Style) -> Vec<Block> {
    let mut reader = Reader {
        style,
        marks: Vec::new(),
        blocks: Vec::new(),
        heading: None,
        open: None,
        announced: None,
        language: String::new(),
        intro: String::new(),
        before: String::new(),
    };
    for (index, line) in lines(source.text(), 0).into_iter().enumerate() {
        reader.read_line(line, index + 1);
    }
    reader.close();
    reader.blocks
}

struct Reader {
    style: Style,
    /// The underline characters of reStructuredText headings, highest level first.
    marks: Vec<char>,
    blocks: Vec<Block>,
    heading: Option<Arc<Heading>>,
    open: Option<(Block, End)>,
    /// The indentation of the line that announces a literal block.
    announced: Option<usize>,
    /// The language of the next block.
    language: String,
    /// The last line of prose.
    intro: String,
    /// The previous line.
    before: String,
}

/// What ends a block.
enum End {
    /// This line.
    Fence(String),
    /// A line with less indentation than this.
    Indentation(usize),
    /// An empty line.
    Empty,
    /// This line, and the block is a comment.
    Comment(String),
}

impl Reader {
    fn read_line(&mut self, line: Line, number: usize) {
        if !self.continues(&line) {
            self.close();
            self.outside(&line, number);
        }
        self.before = line.text;
    }

    /// Whether a line belongs to the open block, which takes it.
    fn continues(&mut self, line: &Line) -> bool {
        let Some((block, end)) = &mut self.open else { return false };
        let text = line.text.trim_end();
        match end {
            End::Fence(fence) | End::Comment(fence) if text.trim_start() == fence.as_str() => {
                self.close();
                self.before.clear();
                return true;
            }
            End::Fence(_) | End::Comment(_) => {}
            End::Indentation(width) if text.is_empty() || indentation(text) >= *width => {}
            End::Empty if !text.is_empty() => {}
            End::Indentation(_) | End::Empty => return false,
        }
        let mut line = line.clone();
        if self.style == Style::Ascii
            && let Some(callout) = CALLOUT.find(&line.text)
        {
            line.text.truncate(callout.start());
        }
        block.lines.push(line);
        true
    }

    fn outside(&mut self, line: &Line, number: usize) {
        let text = line.text.trim_end();
        let width = indentation(text);
        if let Some(announced) = self.announced {
            // An option of the directive.
            if text.is_empty() || (width > announced && text.trim_start().starts_with(':')) {
                return;
            }
            self.announced = None;
            if width > announced {
                return self.begin(End::Indentation(width), Some(line.clone()));
            }
        }
        if text.is_empty() {
            return;
        }
        if self.style == Style::Ascii && text.len() >= 4 && text.bytes().all(|byte| byte == b'/') {
            return self.begin(End::Comment(text.to_owned()), None);
        }
        let fence = match self.style {
            Style::Ascii => delimiter(text, &self.before),
            _ => text.starts_with("```").then(|| "```".to_owned()),
        };
        let indented = self.style != Style::Structured && width > 0 && self.before.trim().is_empty();
        if let Some(fence) = fence {
            if let Some(language) = text.strip_prefix("```").filter(|language| !language.is_empty()) {
                self.language = language.trim().to_ascii_lowercase();
            }
            self.begin(End::Fence(fence), None);
        } else if indented {
            self.begin(End::Indentation(width), Some(line.clone()));
        } else if shell::is_command_in_prose(text.trim_start()) {
            self.begin(End::Empty, Some(line.clone()));
            if let Some((block, _)) = &mut self.open {
                block.is_prose = true;
            }
        } else {
            if self.style == Style::Ascii && text.starts_with("[source") {
                let language = text.trim_end_matches(']').split(',').nth(1).unwrap_or_default();
                self.language = language.trim().to_ascii_lowercase();
            } else {
                text.trim().clone_into(&mut self.intro);
            }
            if self.style == Style::Structured {
                self.announce(text, width);
            }
            self.look_for_heading(text, number);
        }
    }

    /// Recognizes the end of a paragraph that announces a literal block, and a directive that contains code.
    fn announce(&mut self, text: &str, width: usize) {
        let directive = text.trim_start().strip_prefix(".. ").and_then(|rest| rest.split_once("::"));
        if let Some((name, language)) = directive {
            const CODE: [&str; 6] =
                ["code", "code-block", "sourcecode", "parsed-literal", "http:example", "prompt"];
            if CODE.contains(&name.trim()) {
                self.language = language.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
                self.announced = Some(width);
            }
        } else if text.ends_with("::") {
            self.announced = Some(width);
        }
    }

    fn begin(&mut self, end: End, first: Option<Line>) {
        let block = Block {
            heading: self.heading.clone(),
            lines: first.into_iter().collect(),
            language: std::mem::take(&mut self.language),
            is_prose: false,
            intro: std::mem::take(&mut self.intro),
        };
        self.open = Some((block, end));
    }

    fn look_for_heading(&mut self, line: &str, number: usize) {
        if self.style == Style::Ascii {
            let marks = line.bytes().take_while(|byte| *byte == b'=').count();
            if let Some(title) = line.get(marks..).filter(|rest| marks > 0 && rest.starts_with(' ')) {
                self.set_heading(marks, title.trim(), number);
                return;
            }
        }
        self.look_for_underline(line, number);
    }

    /// Recognizes an underlined heading. Its level is the order in which the underline characters appear.
    fn look_for_underline(&mut self, line: &str, number: usize) {
        let title = self.before.trim().to_owned();
        let Some(mark) = line.chars().next().filter(char::is_ascii_punctuation) else { return };
        let length = line.chars().count();
        let whole = line.chars().all(|own| own == mark) && length >= 2;
        let fits = match self.style {
            Style::Ascii => length.abs_diff(title.chars().count()) < 2,
            _ => length >= title.chars().count(),
        };
        // The delimiters of other blocks are no titles.
        if !title.contains(char::is_alphanumeric) || self.before.starts_with(' ') || !whole || !fits {
            return;
        }
        let known = self.marks.iter().position(|own| *own == mark);
        let level = known.unwrap_or(self.marks.len()) + 1;
        if known.is_none() {
            self.marks.push(mark);
        }
        self.set_heading(level, &title, number.saturating_sub(1));
    }

    fn set_heading(&mut self, level: usize, title: &str, line: usize) {
        let title = title.replace("``", "");
        self.heading = Some(Arc::new(Heading { level, title, line }));
    }

    fn close(&mut self) {
        if let Some((block, end)) = self.open.take() {
            if matches!(end, End::Comment(_)) {
                return;
            }
            self.blocks.extend(Some(block.dedented()).filter(|block| !block.is_empty()));
        }
    }
}

/// Numbers in angle brackets at the end of a line, which refer to explanations.
static CALLOUT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:[ \t]+(?:(?:#|//|--|;;)[ \t]*)?(?:<(?:\d+|\.)>[ \t]*)+)+$"));

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Returns the delimiter of an `AsciiDoc` code block. The same characters under a line of equal length make that line a heading.
fn delimiter(line: &str, before: &str) -> Option<String> {
    if line.starts_with("```") {
        return Some("```".to_owned());
    }
    let lines = line.len() >= 4 && ["-", "."].iter().any(|mark| line.replace(mark, "").is_empty());
    let title = before.trim();
    let underlines = title.contains(char::is_alphanumeric)
        && !title.starts_with(['[', '.'])
        && title.chars().count().abs_diff(line.len()) < 2;
    (lines && !underlines).then(|| line.to_owned())
}
