//! Explains why a file cannot be read as YAML.
//!
//! A parser finds a mistake only where the text no longer fits, which is often lines below its cause, so the lines up to there are
//! searched for the usual causes first.

use std::sync::Arc;

use granit_parser::{ErrorKind as Kind, ScanError};

use crate::diagnostic::Diagnostic;
use crate::source::{Place, Source, Span};

/// Maximum number of values in a file, before and after the expansion of aliases.
pub(super) const MOST_VALUES: usize = 250_000;

pub(super) const TOO_DEEP: &str = "the values are nested too deeply";

pub(super) fn too_large(source: &Arc<Source>, span: Span) -> Diagnostic {
    Diagnostic::at(source.place(span), "the file is too large with all its aliases")
        .help(format!("a file may have up to {MOST_VALUES} values; split it into several files"))
}

pub(super) fn empty(source: &Arc<Source>) -> Diagnostic {
    Diagnostic::at(source.place(Span::default()), "this file is empty").help("start it with `format: 1`")
}

/// Returns the diagnostic for text that is not YAML, with a hint at the usual cause.
pub(super) fn syntax_error(source: &Arc<Source>, error: &ScanError) -> Diagnostic {
    let message = error.info();
    let at = error.marker().byte_offset().unwrap_or_default();
    let place = source.place(Span::new(at, at));
    if message.contains("tab")
        && let Some(tab) = indenting_tab(source, 0)
    {
        return Diagnostic::at(source.place(tab), "tab in the indentation").help("indent YAML with spaces");
    }
    if message.contains("escape character") {
        return Diagnostic::at(place, "in double quotes, a backslash begins an escape of YAML")
            .help("put the text in single quotes, or write each backslash twice");
    }
    if let Some(cause) = cause(source, at) {
        return cause;
    }
    // The line of the error, or the one before it.
    let line =
        |end: usize| source.text().get(..end).and_then(|before| before.rfind('\n')).unwrap_or_default();
    let tab = indenting_tab(source, line(line(at))).filter(|tab| tab.start <= at);
    if let Some(tab) = tab {
        return Diagnostic::at(source.place(tab), "tab in the indentation").help("indent YAML with spaces");
    }
    if let Some(first @ ('@' | '`' | '%')) = source.text().get(at..).and_then(|rest| rest.chars().next()) {
        let first = if first == '`' { "a backtick".to_owned() } else { format!("`{first}`") };
        let message = format!("a text without quotes cannot begin with {first}");
        return Diagnostic::at(place, message).help("put the text in quotes");
    }
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let help = match error.kind() {
        Kind::UnexpectedEof if source.text().lines().all(is_blank) => return empty(source),
        Kind::UnexpectedEof => return Diagnostic::at(place, "unexpected end of file"),
        Kind::RecursionLimitExceeded => return Diagnostic::at(place, TOO_DEEP),
        Kind::UnknownAnchor => {
            let rest = source.text().get(at..).unwrap_or_default().trim_start_matches('*');
            let name: String =
                rest.chars().take_while(|one| one.is_alphanumeric() || "-_".contains(*one)).collect();
            return Diagnostic::at(
                place,
                format!("unknown anchor `{name}`: no value before this alias has it"),
            )
            .help("write a text that begins with `*` in quotes");
        }
        Kind::MappingValueNotAllowed => {
            "quote a text that contains `: `, or write it on its own lines after `>-`; if this is a key, it is \
             indented differently from its neighbours"
        }
        _ if has(&["expected ','"]) => {
            "inside brackets or braces, quote a text that contains one of `,[]{}`; or a bracket or brace is not closed"
        }
        _ if has(&["bracket", "quote", "':' indicator", "trailing content"]) => {
            "a bracket, a brace or a quote is not closed, here or earlier"
        }
        _ => return Diagnostic::at(place, message),
    };
    Diagnostic::at(place, format!("invalid YAML: {message}")).help(help)
}

/// Returns the first tab in the indentation of a line after a position.
fn indenting_tab(source: &Source, after: usize) -> Option<Span> {
    let mut start = after;
    for line in source.text().get(after..)?.split_inclusive('\n') {
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(at) = line[..indentation].find('\t') {
            return Some(Span::new(start + at, start + indentation));
        }
        start += line.len();
    }
    None
}

/// Keys whose values are lists in every kind of file.
const LISTS: [&str; 8] =
    ["steps", "cleanup", "requirements", "together", "outcomes", "stages", "features", "fixtures"];

/// A line of a file.
struct Line<'s> {
    /// The position of its first character that is not a space.
    at: usize,
    indentation: usize,
    /// The line without the indentation and the spaces at its end.
    text: &'s str,
}

/// Returns the lines that are neither empty nor comments, up to the one that contains a position.
fn lines(text: &str, until: usize) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let indentation = line.len() - line.trim_start_matches(' ').len();
        let content = line.trim();
        if !content.is_empty() && !content.starts_with('#') {
            lines.push(Line { at: start + indentation, indentation, text: content });
        }
        start += line.len();
        if start > until {
            break;
        }
    }
    lines
}

impl<'s> Line<'s> {
    /// Returns the key of the line and its column; a key may follow the dash of a list.
    fn key(&self) -> Option<(&'s str, usize)> {
        let item = self.text.strip_prefix("- ").map(str::trim_start);
        let content = item.unwrap_or(self.text);
        let (key, _) =
            content.split_once(':').filter(|(_, rest)| rest.is_empty() || rest.starts_with(' '))?;
        let is_key = !key.is_empty() && key.chars().all(|one| one.is_alphanumeric() || "-_.".contains(one));
        is_key.then(|| (key, self.indentation + self.text.len() - content.len()))
    }

    /// Returns the position at which the value of the line opens a quote, unless the text closes it before another position.
    fn open_quote(&self, text: &str, until: usize) -> Option<usize> {
        let value = self.text.split_once(": ").map_or(self.text, |(_, value)| value).trim_start();
        let value = value.strip_prefix("- ").unwrap_or(value);
        let quote = value.chars().next().filter(|one| matches!(one, '"' | '\''))?;
        let start = self.at + self.text.len() - value.len();
        let mut escaped = false;
        for one in text.get(start + 1..until)?.chars() {
            match one {
                _ if escaped => escaped = false,
                '\\' if quote == '"' => escaped = true,
                _ if one == quote => return None,
                _ => {}
            }
        }
        Some(start)
    }
}

/// Keys that authors write often.
const KEYS: [&str; 24] = [
    "id", "title", "request", "expect", "status", "json", "text", "headers", "body", "method", "path",
    "query", "form", "profile", "fixtures", "format", "covers", "capture", "steps", "use", "run", "wait",
    "timeout", "level",
];

impl Line<'_> {
    /// Returns the position at which the value of the line opens a bracket or a brace, unless the text after it closes it.
    fn open_bracket(&self, text: &str) -> Option<usize> {
        let value = self.text.split_once(": ").map_or(self.text, |(_, value)| value).trim_start();
        let value = value.strip_prefix("- ").unwrap_or(value).trim_start();
        let tag = if value.starts_with('!') { value.find(' ')? + 1 } else { 0 };
        let value = value.get(tag..).filter(|value| value.starts_with(['{', '[']))?;
        let start = self.at + self.text.len() - value.len();
        let (mut depth, mut quote, mut previous) = (0_usize, None, ' ');
        for one in text.get(start..)?.chars() {
            match (quote, one) {
                (Some(open), _) if open == one && previous != '\\' => quote = None,
                (None, '"' | '\'') if " [{,:(".contains(previous) => quote = Some(one),
                (None, '{' | '[') => depth += 1,
                (None, '}' | ']') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return None;
            }
            previous = one;
        }
        Some(start)
    }
}

/// Returns the diagnostic for a key and its value without a blank between them, such as `status:201`.
pub(super) fn without_blank(written: &str, place: &Place) -> Option<Diagnostic> {
    let (key, value) = written.split_once(':')?;
    let value = value.lines().next().unwrap_or_default();
    if !KEYS.contains(&key) || value.is_empty() || value.starts_with([' ', '/']) {
        return None;
    }
    let message = format!("a space is missing after `{key}:`");
    Some(Diagnostic::at(place.clone(), message).help(format!("write `{key}: {value}`")))
}

/// Returns the diagnostic for a place inside braces that YAML does not read as a part of the curl command before it.
pub(super) fn curl_in_braces(place: &Place) -> Option<Diagnostic> {
    let before = place.line_text().split_once("curl ")?.0;
    let curl = before.chars().count() + 1;
    if !before.contains(['{', '[']) || before.ends_with(['"', '\'']) || place.column() <= curl {
        return None;
    }
    let message = "inside braces, YAML ends a curl command at a comma, a brace or a bracket";
    Some(Diagnostic::at(place.clone(), message).help(
        "put the whole command in single quotes, or write the step without braces: `request: >-`, and the command on the next line",
    ))
}

/// Returns the diagnostic for a usual cause of an error at a position, if the lines up to there have one.
fn cause(source: &Arc<Source>, at: usize) -> Option<Diagnostic> {
    let lines = lines(source.text(), at);
    let wrong = |start: usize, length: usize, message: String| {
        Diagnostic::at(source.place(Span::new(start, start + length)), message)
    };
    let (last, before) = lines.split_last()?;
    if let Some(rest) = last.text.strip_prefix('-')
        && rest.starts_with(|one: char| one.is_alphabetic())
        && rest.contains(": ")
    {
        return Some(
            wrong(last.at, 1, "a space is missing after `-`".to_owned()).help(format!("write `- {rest}`")),
        );
    }
    for line in [Some(last), before.last()].into_iter().flatten() {
        let content = line.text.strip_prefix("- ").map_or(line.text, str::trim_start);
        let start = line.at + line.text.len() - content.len();
        let place = source.place(Span::new(start, start + content.split(':').next()?.len() + 1));
        if let Some(missing) = without_blank(content, &place) {
            return Some(missing);
        }
    }
    if let Some((outer, inner, start)) = second_tag(last, at) {
        let message = format!("a value has one tag, and here are `{outer}` and `{inner}`");
        let length = outer.len() + 1 + inner.len();
        let rest = source.text().get(start + length..).unwrap_or_default();
        let value = rest.split([',', ']', '}', '\n', '#']).next().unwrap_or_default().trim();
        let value = if value.is_empty() { "" } else { "…" };
        return Some(wrong(start, length, message).help(format!("write {outer} [{inner} {value}]")));
    }
    let text = source.text();
    if let Some(refused) = curl_in_braces(&source.place(Span::new(at, at + 1))) {
        return Some(refused);
    }
    if let Some(start) = before.iter().rev().find_map(|line| line.open_bracket(text)) {
        let (open, close) = if text.get(start..)?.starts_with('{') { ('{', '}') } else { ('[', ']') };
        let message = format!("the `{open}` that is opened here is not closed");
        return Some(wrong(start, 1, message).help(format!("write `{close}` at the end of the value")));
    }
    let quote = before.iter().rev().find_map(|line| line.open_quote(text, last.at));
    if let Some(start) = quote.or_else(|| last.open_quote(text, last.at + last.text.len())) {
        return Some(
            wrong(start, 1, "the quote that is opened here is not closed".to_owned())
                .help("close it at the end of the text"),
        );
    }
    for pair in lines.windows(2) {
        let [parent, first] = pair else { continue };
        let (Some((name, column)), Some((key, own))) = (parent.key(), first.key()) else { continue };
        let is_list = LISTS.contains(&name) && parent.text.trim_end().ends_with(':') && own > column;
        if is_list && !first.text.starts_with('-') {
            let message = format!("`{name}` is a list; a `-` is missing before `{key}`");
            return Some(wrong(first.at, key.len(), message).help(format!("write `- {}`", first.text)));
        }
    }
    if let Some((key, own)) = last.key().filter(|_| !last.text.starts_with('-')) {
        let neighbour =
            before.iter().rev().find_map(|line| line.key().filter(|_| line.indentation <= own + 2))?;
        if neighbour.1 != own && neighbour.1.abs_diff(own) <= 3 && neighbour.1 > own {
            let (name, column) = neighbour;
            let message = format!("`{key}` is indented by {own} spaces, its neighbour `{name}` by {column}");
            return Some(wrong(last.at, key.len(), message).help("indent the keys of a mapping alike"));
        }
    }
    if text.get(..at).is_some_and(|before| before.ends_with('$')) && text.get(at..)?.starts_with('{') {
        let message = "a text with `${…}` inside braces or brackets needs quotes".to_owned();
        return Some(wrong(at - 1, 2, message).help("quote the whole text: \"${name}\""));
    }
    // The colon of the key itself is not the mistake.
    if let Some((key, column)) = last.key().filter(|_| last.text.contains("curl "))
        && at > last.at + (column - last.indentation) + key.len()
    {
        let message = "YAML reads the `: ` in this command as the end of a key".to_owned();
        let command = last.text.split_once(": ").map_or("", |(_, command)| command);
        let variable = command.match_indices('$').find_map(|(start, _)| {
            let name = command.get(start + 1..)?;
            let name = name.split(|one: char| !one.is_ascii_alphanumeric() && one != '_').next()?;
            (!name.is_empty()).then_some(name)
        });
        let shell = variable.map(|name| {
            let lower = name.to_ascii_lowercase();
            format!("; `${name}` is a variable of the shell, which is written `${{{lower}}}` and declared under `variables` in suite.yaml")
        });
        let help = format!(
            "write `{key}: >-`, and the command on the next line, indented{}",
            shell.unwrap_or_default()
        );
        return Some(wrong(at, 1, message).help(help));
    }
    None
}

/// Returns a tag and the tag right after it, if the second one is at a position, and the position of the first.
fn second_tag<'s>(line: &Line<'s>, at: usize) -> Option<(&'s str, &'s str, usize)> {
    let mut words = line.text.split(' ').scan(0, |from, word| {
        let start = *from;
        *from += word.len() + 1;
        Some((start, word))
    });
    let name = |word: &'s str| word.trim_start_matches(['[', '{', '(']).trim_end_matches([',', ']', '}']);
    let mut previous: Option<(usize, &str)> = None;
    words.by_ref().find_map(|(start, word)| {
        let tag = Some((start, word)).filter(|(_, word)| name(word).starts_with('!') && name(word).len() > 1);
        let found = previous.zip(tag).filter(|_| (line.at + start).abs_diff(at) <= word.len() + 1);
        previous = tag.filter(|(_, word)| word.starts_with('!') || name(word) == *word);
        found.map(|((start, outer), (_, inner))| (outer, name(inner), line.at + start))
    })
}
