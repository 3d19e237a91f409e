//! Reads the shell sessions of a document and returns their [`Command`]s.
//!
//! In Markdown, reStructuredText and `AsciiDoc`, sessions are in code blocks, fenced or indented. A block without prompts counts if its
//! lines begin with `curl`. The output of a command may be in the next block. What a command means is the business of
//! [`curl`](conformance_suite::curl).

mod markdown;
mod shell;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use conformance_suite::source::{Place, Source};

pub use markdown::Heading;
use markdown::Style;

/// A command of a session and its output.
#[derive(Debug, Clone)]
pub struct Command {
    /// The nearest heading above the command.
    pub heading: Option<Arc<Heading>>,
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

impl Command {
    /// Whether the command runs curl.
    #[must_use]
    pub fn is_curl(&self) -> bool {
        self.text.split_whitespace().next() == Some("curl")
    }
}

/// Returns all commands of a document.
///
/// The markup is known from the extension of the file. Other files are read as Markdown if they have a code fence, else as plain text
/// whose sessions begin at the start of a line or are indented.
#[must_use]
pub fn commands(source: &Arc<Source>) -> Vec<Command> {
    let ending = Path::new(source.path()).extension().unwrap_or_default().to_ascii_lowercase();
    let ending = ending.to_string_lossy();
    let blocks = match ending.as_ref() {
        "md" | "markdown" => markdown::blocks(source, Style::Markdown),
        "rst" | "rest" => markdown::blocks(source, Style::Structured),
        "adoc" | "asciidoc" => markdown::blocks(source, Style::Ascii),
        _ if markdown::has_fence(source.text()) => markdown::blocks(source, Style::Markdown),
        _ => {
            let whole = markdown::whole(source);
            let types = |command: &Command| command.is_curl();
            if shell::commands(&whole, source).commands.iter().any(types) {
                vec![whole]
            } else {
                // The sessions are indented.
                markdown::blocks(source, Style::Structured)
            }
        }
    };
    let mut commands: Vec<Command> = Vec::new();
    // `open`: the output of the last command may still follow in a block of its own. `prompted`: the block of the command has prompts, so
    // only a block that is clearly a response is taken for the output.
    let (mut open, mut prompted) = (false, false);
    for block in blocks {
        let found = shell::commands(&block, source);
        if let Some(last) = found.commands.last() {
            open = last.output.is_empty() || shell::is_head(&last.output);
            prompted = found.prompted;
            commands.extend(found.commands);
            continue;
        }
        if let Some(last) = commands.last_mut().filter(|_| std::mem::take(&mut open))
            && (!prompted || shell::starts_with_head(&block.lines) || shell::is_json(&block.lines))
            && same(last.heading.as_ref(), block.heading.as_ref())
        {
            let (output, place) = shell::output(&block.lines, source);
            last.apart = prompted && !shell::starts_with_head(&block.lines);
            last.output = if last.output.is_empty() { output } else { format!("{}\n{output}", last.output) };
            last.output_place = place;
        }
    }
    commands
}

fn same(one: Option<&Arc<Heading>>, other: Option<&Arc<Heading>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}
