//! Reads the output of a command: what a document prints below it, without comments and arrows.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::block::{Line, dedent};
use crate::pattern;
use conformance_suite::source::{Place, Source, Span};

/// The signs that begin a comment in the sessions of documents.
const COMMENTS: [&str; 6] = ["#", "//", "--", ";", "REM ", "::"];

/// The signs that mark an output.
const ARROWS: [&str; 8] = ["→", "=>", "->", "➜", "⇒", "»", "==>", "-->"];

/// Joins lines to an output without empty lines at its ends; also returns its position.
pub(super) fn read(lines: &[Line], prompted: bool, source: &Arc<Source>) -> (String, Place) {
    let kept = uncommented(lines, prompted);
    let mut kept: Vec<Line> = unmarked(trimmed(&kept));
    // Some documents indent the output of a command.
    if kept.first().is_some_and(|line| line.text.starts_with(' ') && HEAD.is_match(line.text.trim_start())) {
        dedent(&mut kept);
    }
    let (Some(first), Some(last)) = (kept.first(), kept.last()) else {
        return (String::new(), source.place(Span::default()));
    };
    let text = kept.iter().map(|line| format!("{}\n", line.text)).collect();
    (text, source.place(Span::new(first.start, last.start + last.text.len())))
}

/// Whether lines begin with a response head.
pub(super) fn starts_with_head(lines: &[Line]) -> bool {
    let first = lines.iter().find(|line| !line.text.trim().is_empty());
    first.is_some_and(|line| HEAD.is_match(&line.text))
}

/// Whether an output is a response head without a body.
pub(super) fn is_head(output: &str) -> bool {
    HEAD.is_match(output) && !output.trim_end().lines().any(|line| line.trim().is_empty())
}

/// Whether the lines look like a JSON array or object.
pub(super) fn is_json(lines: &[Line]) -> bool {
    let mut filled = lines.iter().map(|line| line.text.trim()).filter(|line| !line.is_empty());
    let first = filled.next().unwrap_or_default();
    let last = filled.next_back().unwrap_or(first);
    first.starts_with(['{', '[']) && last.trim_end_matches(';').ends_with(['}', ']', '.', '…'])
}

/// Whether lines are nothing but addresses, which repeat the request.
pub(super) fn is_address(lines: &[Line]) -> bool {
    let mut filled = lines.iter().map(|line| line.text.trim()).filter(|line| !line.is_empty());
    filled.all(|line| {
        let line = line.strip_prefix("GET ").unwrap_or(line);
        ["http://", "https://", "/"].iter().any(|begin| line.starts_with(begin))
            && !line.contains(char::is_whitespace)
    })
}

/// Whether a block is a program or a file of another language, or the commands of other programs, and not a response.
pub(super) fn is_program(language: &str, lines: &[Line]) -> bool {
    const LANGUAGES: [&str; 42] = [
        "python",
        "py",
        "python3",
        "yaml",
        "yml",
        "c",
        "cpp",
        "c++",
        "h",
        "cs",
        "csharp",
        "java",
        "kotlin",
        "scala",
        "groovy",
        "javascript",
        "js",
        "jsx",
        "typescript",
        "ts",
        "tsx",
        "go",
        "golang",
        "rust",
        "rs",
        "ruby",
        "rb",
        "php",
        "perl",
        "swift",
        "sql",
        "toml",
        "ini",
        "properties",
        "dockerfile",
        "makefile",
        "r",
        "lua",
        "elixir",
        "dart",
        "css",
        "hcl",
    ];
    let shells = ["sh", "bash", "shell", "zsh", "console", "powershell", "terminal", "cmd", "bat", "fish"];
    let is_shell = || shells.contains(&language) && !is_json(lines) && !starts_with_head(lines);
    let first = lines.iter().map(|line| line.text.trim()).find(|line| !line.is_empty());
    LANGUAGES.contains(&language) || is_shell() || first.is_some_and(|line| COMMAND.is_match(line))
}

/// A command that installs, starts or fetches something.
static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"^(?:[$%#>] )?(?:sudo )?(?:wget|https?|pip3?|pipx|npm|npx|yarn|pnpm|apt|apt-get|yum|dnf|apk|brew|docker|docker-compose|podman|",
        r"kubectl|helm|git|cd|mkdir|cp|mv|rm|chmod|python3?|node|deno|bun|go|cargo|mvn|gradle|java|gem|bundle|rails|composer|php|dotnet|export|source|",
        r"systemctl|openssl|ssh|scp)[ \t]+[\w./:@~-]",
    ))
});

fn trimmed(lines: &[Line]) -> &[Line] {
    let filled = |line: &Line| !line.text.trim().is_empty();
    let first = lines.iter().position(filled).unwrap_or(lines.len());
    let end = lines.iter().rposition(filled).map_or(first, |last| last + 1);
    lines.get(first..end).unwrap_or_default()
}

fn sign(line: &Line) -> Option<&'static str> {
    let text = line.text.trim_start();
    COMMENTS.into_iter().find(|sign| text.starts_with(sign))
}

/// Whether a line between two commands without prompts is a remark of the author: a comment of another language, or a sentence that
/// announces the next command.
fn is_remark(line: &Line) -> bool {
    REMARK.is_match(&line.text)
}

static REMARK: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*(?:/\*.*\*/|<!--.*-->|' \S.*|[A-Z][\w,'’-]*(?: [\w,'’()/-]+)+:)\s*$"));

/// Removes comments around an output, or the comment signs before it.
fn uncommented(lines: &[Line], prompted: bool) -> Vec<Line> {
    let lines = trimmed(lines);
    let filled = || lines.iter().filter(|line| !line.text.trim().is_empty());
    let first = filled().next().and_then(sign);
    if let Some(sign) = first.filter(|sign| filled().all(|line| line.text.trim_start().starts_with(sign))) {
        // An output in comments: only what cannot be a remark of the author.
        let shown: Vec<Line> = lines.iter().map(|line| without(line, sign)).collect();
        let body = shown.iter().position(|line| ANSWER.is_match(&line.text));
        let from_here = |at: usize| shown.get(at..).unwrap_or_default().to_vec();
        return match body {
            Some(at) => from_here(at),
            None if prompted && lines.iter().any(|line| METRIC.is_match(&line.text)) => lines.to_vec(),
            None => Vec::new(),
        };
    }
    let mut lines = lines;
    if !prompted {
        while let Some((first, rest)) = lines.split_first()
            && (sign(first).is_some_and(|sign| sign != ";") || is_remark(first))
            && !METRIC.is_match(&first.text)
        {
            lines = trimmed(rest);
        }
    }
    let ends_json = |line: &Line| line.text.trim_end().ends_with(['}', ']']);
    while let Some((last, rest)) = lines.split_last()
        && (sign(last).is_some_and(|sign| sign != ";") || (!prompted && is_remark(last)))
        && (!prompted || rest.last().is_some_and(|line| line.text.trim().is_empty() || ends_json(line)))
    {
        lines = trimmed(rest);
    }
    lines.to_vec()
}

/// Removes an arrow before an output.
fn unmarked(lines: &[Line]) -> Vec<Line> {
    let mut lines = lines.to_vec();
    if let Some(first) = lines.first_mut()
        && let Some(arrow) = ARROWS.iter().find(|arrow| first.text.trim_start().starts_with(**arrow))
    {
        let shown = without(first, arrow);
        *first = shown;
    }
    lines
}

/// Returns a line without this sign and the blank after it.
fn without(line: &Line, sign: &str) -> Line {
    let text = line.text.trim_start();
    let rest = text.strip_prefix(sign).unwrap_or(text);
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    Line { text: rest.to_owned(), start: line.start + line.text.len() - rest.len() }
}

/// Whether a line belongs to the progress meter of curl.
pub(crate) fn is_progress(line: &str) -> bool {
    PROGRESS.is_match(line)
}

static PROGRESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^\s*(?:% Total\b|Dload  Upload\b|\d+\s+\S+\s+\d+\s+\S+.*--:--|Note: Unnecessary use of -X)")
});

static HEAD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:< )?(?:HTTP/\d|Status: [1-5]\d\d\b)"));

/// What a response begins with, and a comment does not.
static ANSWER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^\s*(?:\{|\[[\s\]{"\d]|\[$|HTTP/\d|(?:→|=>|->|➜|⇒)|<[a-zA-Z?!])"#));

/// A comment that is part of the text format of metrics.
static METRIC: LazyLock<Regex> = LazyLock::new(|| pattern(r"^# (?:HELP|TYPE|EOF|UNIT)\b"));
