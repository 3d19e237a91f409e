//! Finds the code blocks of a Markdown document and their headings.
//!
//! Prose counts too if a line of it begins with a command: many documents forget to mark their sessions as code.

use std::ops::Range;
use std::sync::Arc;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::block::{Block, Heading, Line, lines};
use super::{html, shell};
use conformance_suite::source::{Source, Span};

/// Returns the code blocks of a document.
pub(super) fn blocks(source: &Arc<Source>) -> Vec<Block> {
    let text = source.text();
    let mut reader = Reader::default();
    let parsed = plain(text);
    for (event, range) in Parser::new_ext(&parsed, Options::ENABLE_TABLES).into_offset_iter() {
        reader.read(event, range, source);
    }
    reader.blocks.into_iter().flat_map(unfenced).collect()
}

/// Returns a document of the same length in which the front matter is blank, the title of a note, and a tag alone on a line before
/// a fence.
///
/// By `CommonMark` such a fence belongs to the HTML, but many sites do not render it so.
fn plain(text: &str) -> String {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let mut changed = String::with_capacity(text.len());
    let mut in_front = text.starts_with("---") && text.lines().skip(1).any(|line| line.trim_end() == "---");
    let mut in_code = false;
    for (index, line) in all.iter().enumerate() {
        let blanks = in_front;
        in_front &= index == 0 || line.trim_end() != "---";
        let is_fence = |line: &&&str| ["```", "~~~"].iter().any(|fence| line.trim_start().starts_with(fence));
        in_code ^= is_fence(&line);
        let is_tag = line.trim().starts_with('<') && line.trim().ends_with('>') && !line.contains("<pre");
        // The title of a note of MkDocs, whose text is indented.
        let is_note =
            !in_code && ["!!! ", "??? ", "???+ "].iter().any(|mark| line.trim_start().starts_with(mark));
        let mut after = all.iter().skip(index + 1).take(NEAR).take_while(|line| !line.trim().is_empty());
        if blanks || is_note || (is_tag && !in_code && after.any(|line| is_fence(&line))) {
            let bare = line.trim_end_matches(['\n', '\r']);
            changed.push_str(&" ".repeat(bare.len()));
            changed.push_str(line.get(bare.len()..).unwrap_or_default());
        } else {
            changed.push_str(line);
        }
    }
    changed
}

/// Maximum number of lines between a tag and the fence that belongs to its HTML by `CommonMark`.
const NEAR: usize = 5;

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    heading: Option<Arc<Heading>>,
    /// The text of the heading that is open.
    title: Option<String>,
    /// The code block that is open, and whether its last line is complete.
    code: Option<(Block, bool)>,
    /// The HTML that is open.
    html: Option<Range<usize>>,
    /// The last paragraph.
    intro: String,
}

impl Reader {
    fn read(&mut self, event: Event<'_>, range: Range<usize>, source: &Arc<Source>) {
        let written = source.text().get(range.clone()).unwrap_or_default();
        match event {
            Event::Start(Tag::Heading { .. }) => self.title = Some(String::new()),
            Event::End(TagEnd::Heading(level)) => {
                let title = self.title.take().unwrap_or_default().trim().to_owned();
                let line = source.place(Span::new(range.start, range.start)).line();
                self.intro.clone_from(&title);
                self.heading = Some(Arc::new(Heading { level: number(level), title, line }));
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match &kind {
                    CodeBlockKind::Fenced(info) => info.as_ref(),
                    CodeBlockKind::Indented => "",
                };
                let language =
                    info.split([' ', ',', '{', '}']).find(|word| !word.is_empty()).unwrap_or_default();
                let block = Block {
                    heading: self.heading.clone(),
                    language: language.to_ascii_lowercase(),
                    intro: format!("{} {info}", std::mem::take(&mut self.intro)),
                    ..Block::default()
                };
                self.code = Some((block, true));
            }
            Event::End(TagEnd::CodeBlock) => {
                let code = self.code.take().map(|(block, _)| block);
                self.blocks.extend(code.filter(|block| !block.is_empty()));
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((block, complete)) = &mut self.code {
                    add(block, complete, &text, range.start);
                } else if let Some(title) = &mut self.title {
                    title.push_str(&text);
                }
            }
            Event::Start(Tag::HtmlBlock) => self.html = Some(range),
            Event::End(TagEnd::HtmlBlock) => {
                if let Some(range) = self.html.take() {
                    let html = source.text().get(range.clone()).unwrap_or_default();
                    self.blocks.extend(html::blocks(html, range.start, &mut self.heading, source));
                }
            }
            Event::Start(Tag::Paragraph | Tag::Item | Tag::TableCell) => {
                written.clone_into(&mut self.intro);
                self.prose(written, range.start);
            }
            _ => {}
        }
    }

    /// Reads the lines of a paragraph or an item that begin with a command.
    fn prose(&mut self, written: &str, start: usize) {
        // Code in an item is a block of its own.
        let is_text = |line: &Line| {
            // An empty line of a quotation.
            let text = line.text.trim().trim_start_matches(['>', ' ']);
            !text.is_empty() && !text.starts_with("```") && !text.starts_with("~~~")
        };
        let own = lines(written, start).into_iter().take_while(is_text);
        let mut rest: Vec<Line> = own.map(|line| trimmed(&line)).collect();
        let begins = |line: &Line| shell::is_command_in_prose(&line.text);
        let Some(first) = rest.iter().position(begins) else { return };
        let mut paragraph = rest.split_off(first);
        // Tags of site generators are no output of a command.
        let is_tag = |line: &Line| line.text.starts_with("{%") || line.text.starts_with(":::");
        paragraph.truncate(paragraph.iter().position(is_tag).unwrap_or(paragraph.len()));
        // The paragraph of an item is read twice.
        let known = |line: &Line| {
            self.blocks
                .iter()
                .rev()
                .take(3)
                .any(|block| block.lines.iter().any(|own| own.start == line.start))
        };
        if paragraph.first().is_some_and(known) {
            return;
        }
        let (heading, intro) = (self.heading.clone(), String::new());
        self.blocks.push(Block { heading, lines: paragraph, is_prose: true, intro, ..Block::default() });
    }
}

/// Adds text to a block. Its lines come in several pieces, of which each has an offset of its own.
fn add(block: &mut Block, complete: &mut bool, text: &str, start: usize) {
    for (index, line) in lines(text, start).into_iter().enumerate() {
        match block.lines.last_mut() {
            Some(last) if index == 0 && !*complete => last.text.push_str(&line.text),
            _ => block.lines.push(line),
        }
    }
    *complete = text.ends_with('\n');
}

/// Removes the marks of a list or a quotation before a line.
fn trimmed(line: &Line) -> Line {
    let text = line.text.trim_start();
    let text =
        ["- ", "* ", "+ "].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text).trim_start();
    Line { text: text.trim_end().to_owned(), start: line.start + line.text.len() - text.len() }
}

/// Splits an indented block that contains fences, as HTML tags around a list make them.
fn unfenced(block: Block) -> Vec<Block> {
    let is_fence = |line: &Line| line.text.trim_start().starts_with("```");
    if !block.lines.iter().any(is_fence) {
        return vec![block];
    }
    let pieces = block.lines.split(is_fence).enumerate();
    // Prose is before the first fence and between two others.
    let code = pieces.filter(|(index, _)| index % 2 == 1);
    code.map(|(_, lines)| Block { lines: lines.to_vec(), ..block.clone() })
        .filter(|block| !block.is_empty())
        .collect()
}

fn number(level: HeadingLevel) -> usize {
    level as usize
}
