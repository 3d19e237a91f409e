//! Reads the shell sessions that a specification prints.
//!
//! In goes a document, Markdown or plain text; out come its [`Command`]s in their order: what was typed behind a prompt, what was
//! printed below it, and where both stand. Nothing is known here of suites, and nothing is sent: what a command means is for
//! [`curl`](crate::curl) to say.
//!
//! In Markdown, reStructuredText and `AsciiDoc`, sessions stand in code blocks, fenced or indented. A block without prompts counts when its
//! lines begin with `curl`; what such a command prints may stand in the next block, and so may an answer with its head.

mod markdown;
mod shell;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use crate::source::{Place, Source};

pub use markdown::Heading;
use markdown::Style;

/// One command of a session and what it printed.
#[derive(Debug, Clone)]
pub struct Command {
    /// The heading under which it stands, if there is one.
    pub heading: Option<Arc<Heading>>,
    /// The command as it was typed: prompts and the comment are taken off, continued lines keep their line ends.
    pub text: String,
    /// What stands behind `#` on its last line.
    pub comment: Option<String>,
    /// Where the command stands.
    pub place: Place,
    /// What was printed below it, up to the next prompt, without empty lines at its end.
    pub output: String,
    /// Whether the answer's body is taken from a block of its own that nothing but its place makes the answer of this command.
    pub apart: bool,
    /// Where the output stands; empty, behind the command, where nothing was printed.
    pub output_place: Place,
}

impl Command {
    /// Whether it sends a request with curl.
    #[must_use]
    pub fn is_curl(&self) -> bool {
        self.text.split_whitespace().next() == Some("curl")
    }
}

/// Returns every command of a document. How it is marked up is known by the end of its name; one that has a fence is read as Markdown, and
/// any other as text, whose sessions begin their lines or are set off by spaces.
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
                // Sessions that are set off from the text by spaces.
                markdown::blocks(source, Style::Structured)
            }
        }
    };
    let mut commands: Vec<Command> = Vec::new();
    // Whether the last command may still find its output in a block of its own, and whether it shows a prompt, so that only what
    // is clearly an answer is its output.
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
            && (!prompted || shell::is_judged(&block.lines) || shell::is_json(&block.lines))
            && same(last.heading.as_ref(), block.heading.as_ref())
        {
            let (output, place) = shell::output(&block.lines, source);
            last.apart = prompted && !shell::is_judged(&block.lines);
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
