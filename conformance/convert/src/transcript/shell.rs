//! Splits a code block into commands and their output.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::block::{Block, Line};
use super::output;
use super::{Command, Kind};
use crate::pattern;
use conformance_suite::shell::{Quotes, Role};
use conformance_suite::source::{Source, Span};

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
    // bash-5.1$   host$
    r"(?:ba|z|da|k)?sh-[\d.]+[$#%]",
    r"[A-Za-z][\w.-]{0,30}[$%]",
    // PS C:\>   C:\x>   PS>
    r"(?:PS )?[A-Z]:\\[^>]*>",
    r"PS ?>",
];

static PROMPT: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!("^[ \t]*(?:{})(?:[ \t]+|$)", PROMPTS.join("|"))));

/// What is a prompt only if a command with curl follows: `> `, `# `, `shell> `, `$` without a blank, `In [1]: !`.
static WEAK: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[ \t]*(?:[A-Za-z][\w.-]{0,30}>|[>#$%]|In \[\d+\]: ?!|!)[ \t]*"));

/// Returns where the text after a prompt begins. The progress meter of curl begins with `%` too.
fn prompt(line: &str) -> Option<usize> {
    let found = PROMPT.find(line).filter(|_| !output::is_progress(line))?;
    Some(found.end())
}

/// A line that begins with a command of curl: an option or something like a URL follows. `curl --version` prints `curl 8.1.0 (…)`.
static OWN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"^[ \t]*curl(?:\.exe)?[ \t]+(?:-|",
        r#"['"]?(?:https?://|localhost|\$|[<{]|\d+\.\d+\.\d+\.\d+|[\w-]+(?:\.[\w-]+)*(?:\.[a-z]{2,}\b|[:/])))"#,
    ))
});

/// A command that prints files or texts, which may contain commands.
static PRINTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:cat|bat|less|more|head|tail|type|sed|awk|e?grep|history|man|help|echo|printf|alias)\b|(?:^|[ \t])--help\b",
    )
});

/// A command that runs curl, from its first word on.
pub(super) static CURL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?:^|[\s|;&(`"'])(?:[\w.~-]*[/\\])*curl(?:\.exe)?[ \t]+\S"#));

/// The words before curl at the beginning of a command.
static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"^(?:(?:export |local |set )?[A-Za-z_$][\w:]* ?= ?\S|(?:[\w.~-]*[/\\])*curl(?:\.exe)?[ \t]|",
        r"(?:time|sudo|watch|exec|env|nohup|command|echo|printf|cat|jq|docker|podman|kubectl|oc|for|while|until|if|do|then|cd|ssh|",
        r"xargs|seq|test|eval|bash|sh|diff|base64|gzip|tar|openssl|timeout|while|vagrant|heroku|nix-shell|proxychains4?|winpty|\[|\(|\{|[\w./-]+\.sh)[ \t])",
    ))
});

/// A command of `HTTPie`.
static HTTPIE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"^https?[ \t]+(?:-\S+[ \t]+(?:\S+:\S*[ \t]+)?)*(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)[ \t]+)?",
        r#"['"]?(?:https?://|:\d|:/|localhost|[\w.-]+\.[a-z]{2,}[/:?]|[\w-]+:\d+|\d+\.\d+\.\d+\.\d+)"#,
    ))
});

/// A command that writes a text to a file.
static WRITES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:echo|printf)[ \t]+\S.*>[ \t]*[\w./-]+[ \t]*$"));

/// Whether a text is a command that curl or `HTTPie` is part of.
pub(super) fn sends(text: &str) -> bool {
    (CURL.is_match(text) && BEGINS.is_match(text)) || HTTPIE.is_match(text)
}

/// Whether a line of prose is a command: after a prompt, or curl with something like a URL.
pub(super) fn is_command_in_prose(line: &str) -> bool {
    let after = prompt(line).or_else(|| Some(WEAK.find(line)?.end())).unwrap_or_default();
    let command = line.get(after..).unwrap_or_default();
    if after > 0 && !line.starts_with('#') {
        return sends(command);
    }
    let is_plain = command.starts_with("curl ") || command.starts_with("curl.exe ");
    is_plain
        && (command.contains("://") || command.contains("localhost") || command.contains(" -"))
        && !line.starts_with('#')
}

/// How commands begin in a block.
struct Beginning {
    /// Whether the commands that send something have prompts.
    prompted: bool,
    /// Whether a prompt that only curl follows counts.
    weak: bool,
}

impl Beginning {
    fn of(lines: &[Line]) -> Self {
        let after = |line: &Line| Some(line.text.get(prompt(&line.text)?..)?.to_owned());
        let typed: Vec<String> = lines.iter().filter_map(after).collect();
        let plain = lines.iter().any(|line| sends(line.text.trim_start()));
        let own = || lines.iter().any(|line| OWN.is_match(&line.text));
        // A comment, or one other command with a prompt, does not mean that each command has one.
        let prompted = !typed.is_empty() && (typed.iter().any(|typed| sends(typed)) || !own());
        Self { prompted, weak: prompted || !plain }
    }

    /// Returns where the command begins, if a line begins one.
    fn find(&self, line: &str) -> Option<usize> {
        if let Some(after) = prompt(line) {
            return Some(after);
        }
        if self.weak
            && let Some(prompt) = WEAK.find(line)
            && sends(line.get(prompt.end()..)?)
        {
            return Some(prompt.end());
        }
        let indentation = line.len() - line.trim_start().len();
        let begins = OWN.is_match(line) || (!self.prompted && sends(line.get(indentation..)?));
        begins.then_some(indentation)
    }
}

/// Returns the commands of a block.
pub(super) fn commands(block: &Block, source: &Arc<Source>) -> Found {
    let beginning = Beginning::of(&block.lines);
    // Commands without a prompt before the first line that has one belong to no session, and neither does a here-document.
    let mut found = Found { commands: Vec::new(), prompted: beginning.prompted };
    let mut rest = block.lines.as_slice();
    while let Some(first) = rest.first() {
        let Some(from) = beginning.find(&first.text).or_else(|| document(rest)) else {
            rest = &rest[1..];
            continue;
        };
        let typed = typed(rest, from);
        let following = rest.get(typed.lines..).unwrap_or_default();
        let is_prompted = |line: &str, from: usize| from > line.len() - line.trim_start().len();
        let prints = is_prompted(&first.text, from) && PRINTS.is_match(&typed.text);
        let ends = |line: &Line| {
            let begins = beginning.find(&line.text);
            begins.is_some_and(|from| !prints || is_prompted(&line.text, from))
                || (block.is_prose && line.text.trim().is_empty())
        };
        let printed = following.iter().position(ends).unwrap_or(following.len());
        // An empty prompt only ends the output before it.
        if !typed.text.trim().is_empty() {
            let place = source.place(Span::new(first.start + from, typed.end.max(first.start + from)));
            let lines = following.get(..printed).unwrap_or_default();
            let (output, output_place) = output::read(lines, beginning.prompted, source);
            let output_place =
                if output.is_empty() { source.place(Span::new(typed.end, typed.end)) } else { output_place };
            found.commands.push(Command {
                heading: block.heading.clone(),
                kind: if HTTPIE.is_match(&typed.text) { Kind::Httpie } else { Kind::Shell },
                prompted: is_prompted(&first.text, from),
                doubtful: beginning.prompted && !is_prompted(&first.text, from),
                text: typed.text,
                comment: typed.comment,
                place,
                output,
                apart: false,
                output_place,
            });
        }
        rest = following.get(printed..).unwrap_or_default();
    }
    found
}

/// Whether lines without prompts begin with a here-document for curl, as `cat <<EOF | curl …` or `cat > file <<EOF`, or write a text to a file.
fn document(lines: &[Line]) -> Option<usize> {
    let first = &lines.first()?.text;
    (first.starts_with("cat <<") || WRITES.is_match(first)).then_some(0)
}

/// A command with its extent.
#[derive(Default)]
struct Typed {
    text: String,
    comment: Option<String>,
    /// The number of lines.
    lines: usize,
    /// Byte offset of its end in the document, without the comment.
    end: usize,
}

/// Reads a command from the first line on. It continues after a backslash, inside of quotes, and in a here-document.
fn typed(lines: &[Line], from: usize) -> Typed {
    let mut typed = Typed::default();
    let mut quotes = Quotes::default();
    let first = lines.first().map(|line| line.text.as_str()).unwrap_or_default();
    let prompt = first.get(..from).unwrap_or_default().trim();
    for (index, line) in lines.iter().enumerate() {
        let mut text = line.text.get(if index == 0 { from } else { 0 }..).unwrap_or_default();
        if index > 0 && !quotes.is_open() {
            text = without_prompt(text, prompt);
        } else if index > 0 && !prompt.is_empty() {
            // Shells prompt inside of quotes too.
            text = text.strip_prefix("> ").unwrap_or(text);
        }
        let start = line.start + line.text.len() - text.len();
        let plain = plain(text, quotes);
        let ends = scan(&plain, &mut quotes);
        let command = match ends {
            Ends::Comment(at) => {
                let words = plain.get(at + 1..).unwrap_or_default().trim();
                typed.comment = Some(words.to_owned()).filter(|words| !words.is_empty());
                plain.get(..at).unwrap_or_default().trim_end()
            }
            Ends::Here => plain.trim_end(),
            Ends::GoesOn => &plain,
        };
        if typed.lines > 0 {
            typed.text.push('\n');
        }
        typed.text.push_str(command);
        typed.lines += 1;
        typed.end = start + command.len().min(text.len());
        if matches!(ends, Ends::GoesOn) {
            // After a backslash, an empty line or the end of the block ends the command.
            let after = lines.get(index + 1).map_or("", |line| line.text.trim());
            if quotes.is_open() || !after.is_empty() {
                continue;
            }
            if let Some(without) = typed.text.strip_suffix('\\') {
                typed.text.truncate(without.trim_end().len());
            }
            break;
        }
        let next = lines.get(index + 1).map(|line| line.text.as_str()).unwrap_or_default();
        // Some documents forget the backslash before a line with more options.
        if next.starts_with([' ', '\t']) && OPTION.is_match(next) && prompt.is_empty() {
            typed.text.push_str(" \\");
            quotes = Quotes::default();
            continue;
        }
        break;
    }
    here_documents(lines, &mut typed);
    typed
}

static OPTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[ \t]+--?[A-Za-z]"));

/// Removes the prompt of a continued line: `> `, or the one of the first line again.
fn without_prompt<'t>(text: &'t str, prompt: &str) -> &'t str {
    let again = text.trim_start().strip_prefix(prompt).filter(|_| !prompt.is_empty());
    let again = again.filter(|rest| rest.starts_with([' ', '\t']));
    let others = ["> ", ">> ", "quote> ", "dquote> "];
    again.or_else(|| others.iter().find_map(|other| text.strip_prefix(other))).unwrap_or(text)
}

/// Adds the lines of here-documents to a command.
fn here_documents(lines: &[Line], typed: &mut Typed) {
    let command = typed.text.clone();
    for operator in HERE.captures_iter(&command) {
        let Some(end) = operator.get(2).or(operator.get(3)).or(operator.get(4)) else { continue };
        let mut rest = lines.iter().skip(typed.lines);
        let is_end = |line: &Line| without_prompt(&line.text, "").trim_matches('\t') == end.as_str();
        let Some(length) = rest.by_ref().position(is_end) else { continue };
        for line in lines.iter().skip(typed.lines).take(length + 1) {
            typed.text.push('\n');
            typed.text.push_str(without_prompt(&line.text, ""));
            typed.end = line.start + line.text.len();
        }
        typed.lines += length + 1;
    }
}

static HERE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?:^|[^<])<<(-?)[ \t]*(?:'(\w+)'|"(\w+)"|\\?(\w+))"#));

/// Replaces what word processors and the shells of Windows write differently: quotes, and signs that continue a line.
fn plain(text: &str, quotes: Quotes) -> String {
    let mut plain: String = if text.contains(['“', '”', '‘', '’']) && !text.contains(['"', '\'']) {
        text.replace(['“', '”'], "\"").replace(['‘', '’'], "'")
    } else {
        text.to_owned()
    };
    if quotes.is_open() {
        return plain;
    }
    let end = plain.trim_end().len();
    let odd = plain.matches('`').count() % 2 == 1;
    let continues = [" ^", " `"].iter().any(|sign| plain.get(..end).unwrap_or_default().ends_with(sign));
    if continues && (odd || plain.get(..end).unwrap_or_default().ends_with('^')) {
        plain.truncate(end - 1);
        plain.push('\\');
    } else if plain.get(..end).unwrap_or_default().ends_with(" \\") {
        // Blanks after the backslash are invisible in a document.
        plain.truncate(end);
    }
    plain
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
