//! Reads the shell sessions of a document and returns their [`Command`]s.
//!
//! Sessions are in code blocks, fenced or indented, in `<pre>`, or in lines that begin with a command. HTTP messages and commands of
//! `HTTPie` are commands too. The output of a command may be in the next block. What a command means is the business of
//! [`curl`](conformance_suite::curl).

mod block;
mod html;
mod markdown;
mod markup;
mod message;
mod output;
mod shell;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::{loose, pattern};
use conformance_suite::source::{Place, Source, Span};

use block::Block;
pub use block::Heading;
use markup::Style;
pub use message::UNNAMED;
pub(crate) use output::is_progress;

/// A command of a session and its output.
#[derive(Debug, Clone)]
pub struct Command {
    /// The nearest heading above the command.
    pub heading: Option<Arc<Heading>>,
    /// What the text is.
    pub kind: Kind,
    /// Whether a prompt is before the command.
    pub prompted: bool,
    /// Whether it has no prompt, and other commands of its block have one: it may be output.
    pub doubtful: bool,
    /// The command as typed, without prompts and comment; newlines in it are kept.
    pub text: String,
    /// The comment at the end of its last line, without `#`.
    pub comment: Option<String>,
    /// The position of the command in the document.
    pub place: Place,
    /// The output up to the next prompt, without empty lines at its end.
    pub output: String,
    /// Whether the output is from a later code block and may not belong to this command.
    pub apart: bool,
    /// The position of the output; if there is none, the end of the command.
    pub output_place: Place,
}

/// The kinds of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A command line of a shell.
    Shell,
    /// A command of `HTTPie`.
    Httpie,
    /// A curl command that was made of an HTTP message.
    Message,
}

impl Command {
    /// Whether the command sends a request: with curl or `HTTPie`, or as a message.
    #[must_use]
    pub fn sends(&self) -> bool {
        self.kind != Kind::Shell || shell::CURL.is_match(&self.text)
    }
}

/// What a document contains.
#[derive(Debug, Default)]
pub struct Transcript {
    /// The commands, in order.
    pub commands: Vec<Command>,
    /// The lines outside of sessions that mention a curl command.
    pub unread: Vec<usize>,
    /// The blocks without commands: the text before each, and its text.
    pub shown: Vec<(String, String)>,
}

/// Reads a document.
///
/// The markup is known from the extension of the file. Other files are read as HTML if they begin with a tag, as Markdown if they have a
/// code fence, else as plain text whose sessions begin at the start of a line or are indented.
#[must_use]
pub fn read(source: &Arc<Source>) -> Transcript {
    let blocks = blocks(source);
    let mut transcript = assigned(blocks, source);
    if !transcript.commands.iter().any(Command::sends) {
        // No session is marked as code.
        transcript = assigned(vec![markup::whole(source)], source);
        if !transcript.commands.iter().any(Command::sends) {
            transcript = assigned(markup::blocks(source, Style::Plain), source);
        }
    }
    transcript.unread = unread(source, &transcript.commands);
    transcript
}

fn blocks(source: &Arc<Source>) -> Vec<Block> {
    let path = source.path().split(['?', '#']).next().unwrap_or_default();
    let extension = Path::new(path).extension().unwrap_or_default().to_ascii_lowercase();
    let text = source.text();
    match extension.to_string_lossy().as_ref() {
        "md" | "markdown" | "mdx" | "mkd" | "rmd" => markdown::blocks(source),
        "rst" | "rest" => markup::blocks(source, Style::Structured),
        "adoc" | "asciidoc" | "asc" => markup::blocks(source, Style::Ascii),
        "html" | "htm" | "xhtml" => html::blocks(text, 0, &mut None, source),
        _ if text.trim_start().to_ascii_lowercase().starts_with("<!doctype html")
            || text.trim_start().starts_with("<html") =>
        {
            html::blocks(text, 0, &mut None, source)
        }
        _ if FENCE.is_match(text) => markdown::blocks(source),
        _ => Vec::new(),
    }
}

/// Returns the commands of blocks, each with its output, which may be in a later block.
fn assigned(blocks: Vec<Block>, source: &Arc<Source>) -> Transcript {
    let mut transcript = Transcript::default();
    let commands = &mut transcript.commands;
    // The commands of the last block that may still get an output from the next one, and whether that block has prompts: then only a
    // block that is clearly a response is taken for the output.
    let (mut open, mut prompted) = (0, false);
    for block in blocks {
        let block = block.dedented();
        if let Some(exchanges) = message::exchanges(&block, commands.last_mut().filter(|_| open > 0), source)
        {
            open = usize::from(exchanges.last().is_some_and(|last| last.output.is_empty()));
            prompted = true;
            commands.extend(exchanges);
            continue;
        }
        let found = shell::commands(&block, source);
        if let Some(last) = found.commands.last() {
            open = if output::is_head(&last.output) {
                1
            } else {
                found.commands.iter().rev().take_while(|command| command.output.is_empty()).count()
            };
            prompted = found.prompted;
            commands.extend(found.commands);
            continue;
        }
        let lines = &block.lines;
        transcript
            .shown
            .push((block.intro.clone(), lines.iter().map(|line| format!("{}\n", line.text)).collect()));
        let is_answer = output::starts_with_head(lines) || output::is_json(lines);
        let heading = commands.last().and_then(|last| last.heading.clone());
        let open = std::mem::take(&mut open);
        let is_other = output::is_address(lines)
            || output::is_program(&block.language, lines)
            || (!is_answer && (prompted || announces_other(&block.intro)));
        if open == 0 || heading != block.heading || is_other {
            continue;
        }
        let start = commands.len().saturating_sub(open);
        let (output, place) = output::read(lines, true, source);
        let apart = prompted && !output::starts_with_head(lines);
        match loose::split(&output, open) {
            Some(outputs) if open > 1 => {
                for (command, output) in commands.iter_mut().skip(start).zip(outputs) {
                    (command.output, command.output_place, command.apart) =
                        (format!("{output}\n"), place.clone(), apart);
                }
            }
            _ => {
                let Some(last) = commands.last_mut() else { continue };
                last.apart = apart;
                last.output =
                    if last.output.is_empty() { output } else { format!("{}\n{output}", last.output) };
                last.output_place = place;
            }
        }
    }
    transcript
}

/// Whether the text between a command and a block of text says nothing of a response.
fn announces_other(intro: &str) -> bool {
    let intro = intro.trim();
    intro.contains(char::is_whitespace) && !intro.ends_with(':') && !ANSWER.is_match(intro)
}

/// The words that announce a response.
static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i):(?:\s|$)|respon[ds]|return|output|result|answer|repl(?:y|ies)|print|show|display|see\b|get\b|gets\b|look|receive|example|content",
    )
});

/// Returns the numbers of the lines that mention a curl command and belong to none.
fn unread(source: &Arc<Source>, commands: &[Command]) -> Vec<usize> {
    let known: BTreeSet<usize> = commands.iter().flat_map(lines).collect();
    let mentions = MENTION.find_iter(source.text()).map(|found| found.start());
    let mut lines: Vec<usize> = mentions.map(|at| source.place(Span::new(at + 1, at + 1)).line()).collect();
    lines.dedup();
    lines.retain(|line| !known.contains(line));
    lines
}

/// Returns the numbers of the lines of a command. In HTML its span can end too early.
fn lines(command: &Command) -> RangeInclusive<usize> {
    let first = command.place.line();
    first..=command.place.last_line().max(first + command.text.matches('\n').count())
}

static FENCE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^\s*(?:```|~~~)"));
/// A curl command in code or in a sentence: curl and an option or something like a URL.
static MENTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:^|[\s|;&(`"'>/])curl(?:\.exe)?[ \t]+(?:-|['"]?(?:https?://|localhost|\$|\d+\.\d+|[\w.-]+[:/]))"#,
    )
});
