//! Splits a code block into commands and their output.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::Command;
use super::markdown::{Block, Line};
use conformance_suite::shell::{Quotes, Role};
use conformance_suite::source::{Place, Source, Span};

/// The commands of a block.
pub(super) struct Found {
    pub(super) commands: Vec<Command>,
    /// Whether the block has prompts.
    pub(super) prompted: bool,
}

/// Prompts of common shells.
///
/// A bare `>` or `#` is not a prompt: curl's `-v` prints the first, and comments begin with the second.
const PROMPTS: &[&str] = &[
    // bob@dylan:~$   (venv) bob@dylan:~/x$   [bob@dylan x]#
    r#"(?:\([^)"]*\) ?)?\[?[\w.-]+@[\w.-]+[^$#%>"\n]{0,80}?[$#%>]"#,
    // ~/project $   /srv#
    r"[~/][\w./~-]* ?[$#%❯]",
    // $   %   ❯   ➜  project
    r"(?:\([^)]*\) ?)?[$%❯λ]",
    r"➜  ?[\w./~-]+",
    // bash-5.1$
    r"(?:ba|z|da|k)?sh-[\d.]+[$#%]",
    // PS C:\>   C:\x>
    r"(?:PS )?[A-Z]:\\[^>]*>",
];

#[expect(clippy::unwrap_used, reason = "the patterns are constants and a test compiles them")]
static PROMPT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("^(?:{})(?:[ \t]+|$)", PROMPTS.join("|"))).unwrap());

/// Returns the commands of a block.
pub(super) fn commands(block: &Block, source: &Arc<Source>) -> Found {
    let prompted = block.lines.iter().any(|line| prompt(&line.text).is_some());
    let begins = |line: &Line| {
        if prompted { prompt(&line.text) } else { line.text.starts_with("curl ").then_some(0) }
    };
    let mut commands = Vec::new();
    let mut rest = block.lines.as_slice();
    while let Some((first, _)) = rest.split_first() {
        let Some(from) = begins(first) else {
            rest = &rest[1..];
            continue;
        };
        let typed = typed(rest, from);
        let following = &rest[typed.lines..];
        let printed = following.iter().position(|line| begins(line).is_some()).unwrap_or(following.len());
        // An empty prompt only ends the output before it.
        if !typed.text.is_empty() {
            let place = source.place(Span::new(first.start + from, typed.end));
            let (output, output_place) = output(&following[..printed], source);
            let output_place =
                if output.is_empty() { source.place(Span::new(typed.end, typed.end)) } else { output_place };
            let (text, comment) = (typed.text, typed.comment);
            commands.push(Command {
                heading: block.heading.clone(),
                text,
                comment,
                place,
                output,
                apart: false,
                output_place,
            });
        }
        rest = &following[printed..];
    }
    Found { commands, prompted }
}

/// Returns the offset of the command after the prompt of a line.
fn prompt(line: &str) -> Option<usize> {
    // No line of curl's `-v` output begins like this.
    let bare = || line.starts_with("> curl ").then_some("> ".len());
    PROMPT.find(line).map(|prompt| prompt.end()).or_else(bare)
}

/// Whether the lines begin with a response head.
pub(super) fn starts_with_head(lines: &[Line]) -> bool {
    let first = lines.iter().find(|line| !line.text.trim().is_empty());
    first.is_some_and(|line| line.text.starts_with("HTTP/"))
}

/// Whether the lines are a JSON array or object.
pub(super) fn is_json(lines: &[Line]) -> bool {
    let text: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok()
}

/// Whether an output is a response head without a body.
pub(super) fn is_head(output: &str) -> bool {
    output.starts_with("HTTP/") && !output.trim_end().lines().any(|line| line.trim().is_empty())
}

/// Joins lines to an output without empty lines at its ends; also returns its position.
pub(super) fn output(lines: &[Line], source: &Arc<Source>) -> (String, Place) {
    let filled = |line: &&Line| !line.text.trim().is_empty();
    let Some(last) = lines.iter().rposition(|line| filled(&line)) else {
        return (String::new(), source.place(Span::default()));
    };
    let first = lines.iter().position(|line| filled(&line)).unwrap_or(last);
    let lines = &lines[first..=last];
    let text: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
    let (first, last) = (&lines[0], &lines[lines.len() - 1]);
    (text, source.place(Span::new(first.start, last.start + last.text.len())))
}

/// A command with its extent.
struct Typed {
    text: String,
    comment: Option<String>,
    /// The number of lines.
    lines: usize,
    /// Byte offset of its end in the document, without the comment.
    end: usize,
}

/// Reads a command from the first line on. It continues after a backslash and inside of quotes.
fn typed(lines: &[Line], from: usize) -> Typed {
    let mut typed = Typed { text: String::new(), comment: None, lines: 0, end: 0 };
    let mut quotes = Quotes::default();
    let mut from = from;
    for line in lines {
        let text = &line.text[from..];
        // The continuation prompt of the shell.
        let second = if typed.lines > 0 && !quotes.is_open() { "> " } else { "" };
        let text = text.strip_prefix(second).unwrap_or(text);
        let start = line.start + line.text.len() - text.len();
        let ends = scan(text, &mut quotes);
        let command = match ends {
            Ends::Comment(at) => {
                typed.comment = Some(text[at + 1..].trim().to_owned()).filter(|words| !words.is_empty());
                text[..at].trim_end()
            }
            Ends::Here => text.trim_end(),
            Ends::GoesOn => text,
        };
        if typed.lines > 0 {
            typed.text.push('\n');
        }
        typed.text.push_str(command);
        typed.lines += 1;
        typed.end = start + command.len();
        if !matches!(ends, Ends::GoesOn) {
            break;
        }
        from = 0;
    }
    typed
}

enum Ends {
    Here,
    Comment(usize),
    GoesOn,
}

/// Scans a line for a comment and returns whether the command continues.
fn scan(text: &str, quotes: &mut Quotes) -> Ends {
    let mut before = ' ';
    for (at, one) in text.char_indices() {
        if quotes.take(one) == Role::Plain && one == '#' && before.is_whitespace() {
            return Ends::Comment(at);
        }
        before = one;
    }
    if quotes.goes_on() { Ends::GoesOn } else { Ends::Here }
}
