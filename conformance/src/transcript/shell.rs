//! The commands in a block: prompts, continued lines, comments, and what was printed.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::Command;
use super::markdown::{Block, Line};
use crate::shell::{Quotes, Role};
use crate::source::{Place, Source, Span};

/// What was found in a block.
pub(super) struct Found {
    pub(super) commands: Vec<Command>,
    /// Whether the block shows prompts.
    pub(super) prompted: bool,
}

/// The prompts of the usual shells. A bare `>` and a bare `#` are none: curl's `-v` prints the one and comments begin with the other.
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
        let behind = &rest[typed.lines..];
        let printed = behind.iter().position(|line| begins(line).is_some()).unwrap_or(behind.len());
        // A prompt with nothing behind it only ends what was printed before.
        if !typed.text.is_empty() {
            let place = source.place(Span::new(first.start + from, typed.end));
            let (output, output_place) = output(&behind[..printed], source);
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
        rest = &behind[printed..];
    }
    Found { commands, prompted }
}

/// Where what is typed begins on a line, behind a prompt.
fn prompt(line: &str) -> Option<usize> {
    // curl's `-v` prints no line that begins like this one.
    let bare = || line.starts_with("> curl ").then_some("> ".len());
    PROMPT.find(line).map(|prompt| prompt.end()).or_else(bare)
}

/// Whether lines begin with the head of an answer.
pub(super) fn is_judged(lines: &[Line]) -> bool {
    let first = lines.iter().find(|line| !line.text.trim().is_empty());
    first.is_some_and(|line| line.text.starts_with("HTTP/"))
}

/// Whether lines are one value of JSON that has parts.
pub(super) fn is_json(lines: &[Line]) -> bool {
    let text: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok()
}

/// Whether an output is the head of an answer and no more.
pub(super) fn is_head(output: &str) -> bool {
    output.starts_with("HTTP/") && !output.trim_end().lines().any(|line| line.trim().is_empty())
}

/// Returns what lines print, without the empty ones at both ends, and where it stands.
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

/// What was typed at a prompt.
struct Typed {
    text: String,
    comment: Option<String>,
    /// How many lines it takes.
    lines: usize,
    /// Where it ends in the document, its comment left out.
    end: usize,
}

/// Reads a command that begins on the first line: a line goes on behind a backslash and within quotes.
fn typed(lines: &[Line], from: usize) -> Typed {
    let mut typed = Typed { text: String::new(), comment: None, lines: 0, end: 0 };
    let mut quotes = Quotes::default();
    let mut from = from;
    for line in lines {
        let text = &line.text[from..];
        // The shell's own prompt for a continued line.
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

/// Follows the quotes of a line.
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
