//! Finds the `<pre>` blocks of an HTML document, or of HTML in Markdown, and the headings.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use html_escape::decode_html_entities;
use regex::Regex;

use super::block::{Block, Heading, Line, lines};
use crate::pattern;
use conformance_suite::source::{Source, Span};

/// Returns the blocks of a piece of HTML that begins at byte `start` of the document. `heading` is the heading above it, and becomes
/// the last heading in it.
pub(super) fn blocks(
    html: &str,
    start: usize,
    heading: &mut Option<Arc<Heading>>,
    source: &Arc<Source>,
) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut end = 0;
    for element in ELEMENT.captures_iter(html) {
        let Some(whole) = element.get(0) else { continue };
        if let (Some(level), Some(title)) = (element.get(1), element.get(2)) {
            let title = plain(title.as_str()).split_whitespace().collect::<Vec<_>>().join(" ");
            let at = start + whole.start();
            let line = source.place(Span::new(at, at)).line();
            *heading = Some(Arc::new(Heading { level: level.as_str().parse().unwrap_or(1), title, line }));
        } else if let Some(code) = element.get(3) {
            let intro = plain(html.get(end..whole.start()).unwrap_or_default()).into_owned();
            let intro = intro.trim_end().rsplit('\n').next().unwrap_or_default().to_owned();
            let lines: Vec<Line> =
                lines(code.as_str(), start + code.start()).iter().flat_map(decoded).collect();
            let block = Block { heading: heading.clone(), lines, intro, ..Block::default() };
            blocks.extend(Some(block).filter(|block| !block.is_empty()));
        }
        end = whole.end();
    }
    blocks
}

/// Returns the text of a line of code, which may contain breaks.
fn decoded(line: &Line) -> Vec<Line> {
    let pieces = BREAK.split(&line.text);
    pieces.map(|piece| Line { text: plain(piece).into_owned(), start: line.start }).collect()
}

/// Returns a text without tags, in which entities are decoded.
fn plain(html: &str) -> Cow<'_, str> {
    let text = TAG.replace_all(html, "");
    Cow::Owned(decode_html_entities(&text).replace('\u{a0}', " "))
}

static ELEMENT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?is)<h([1-6])\b[^>]*>(.*?)</h[1-6]>|<pre\b[^>]*>(.*?)</pre\s*>"));

static BREAK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)<br\s*/?>"));

static TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)</?[A-Za-z][^>]*>|<!--.*?-->"));
