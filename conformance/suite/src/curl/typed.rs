//! Finds what a shell would interpret in a curl command: variables, substitutions, operators, and the text that it gives to curl.
//!
//! No shell reads a `request:`, so such text would be sent as letters. Each is an error that says what to write instead, except a
//! standard input that is in the command itself: `<<EOF`, `<<< text`, `< file`, `echo text | curl …`.

use std::ops::Range;

use super::place::place_of;
use crate::diagnostic::Diagnostic;
use crate::shell::{self, Quote, Quotes, Role};
use crate::source::Place;
use crate::template::leading;

/// The standard input of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stdin {
    /// A text, which may contain expressions.
    Text(String),
    /// The contents of a file.
    File(String),
}

/// Returns the command with blanks instead of what sets its standard input, and that input.
///
/// # Errors
/// Text that only a shell can interpret, at its location.
pub(super) fn read(command: &str, place: &Place) -> Result<(String, Option<Stdin>), Diagnostic> {
    let mut typed =
        Typed { command, place, stdin: None, blanks: Vec::new(), documents: Vec::new(), begun: None };
    typed.scan()?;
    let mut plain = command.as_bytes().to_vec();
    for blank in typed.blanks {
        plain.get_mut(blank).into_iter().for_each(|bytes| bytes.fill(b' '));
    }
    // Whole characters were replaced, so that it is still UTF-8.
    Ok((String::from_utf8_lossy(&plain).into_owned(), typed.stdin))
}

/// Returns a command in which nothing is left for a shell to expand, and nothing is an expression: each variable is sent as
/// letters.
#[must_use]
pub fn literal(command: &str) -> String {
    let mut quotes = Quotes::default();
    let mut literal = String::with_capacity(command.len());
    for (at, one) in command.char_indices() {
        let role = quotes.take(one);
        let rest = &command[at..];
        let expands = matches!(role, Role::Plain | Role::Within(Quote::Double));
        match one {
            '$' if rest.starts_with("${") => literal.push('$'),
            '$' | '`' if expands && is_expanded(rest) => literal.push('\\'),
            '&' if role == Role::Plain => literal.push('\\'),
            _ => {}
        }
        literal.push(one);
    }
    literal
}

/// Returns the length of an expression, or of an escaped `${`, at the beginning of a text.
pub(super) fn foreign(typed: &str) -> Option<usize> {
    if typed.starts_with("$${") {
        return Some("$${".len());
    }
    leading(typed).map(str::len)
}

struct Typed<'a> {
    command: &'a str,
    place: &'a Place,
    stdin: Option<Stdin>,
    /// What is not part of the words of curl.
    blanks: Vec<Range<usize>>,
    /// The here-documents whose text begins on the next line.
    documents: Vec<Document>,
    /// Where the first word begins.
    begun: Option<usize>,
}

struct Document {
    operator: Range<usize>,
    /// The line that ends it.
    end: String,
    /// Whether tabs before each line are removed (`<<-`).
    is_indented: bool,
    /// Whether the shell expands variables in it.
    is_expanded: bool,
}

impl<'a> Typed<'a> {
    fn scan(&mut self) -> Result<(), Diagnostic> {
        let mut quotes = Quotes::default();
        let mut before = '\n';
        let mut at = 0;
        while let Some(one) = self.rest(at).chars().next() {
            let rest = self.rest(at);
            let begins = one == '$' && !(quotes.is_escaping() && rest.starts_with("$$"));
            if let Some(length) = begins.then(|| foreign(rest)).flatten() {
                quotes.take('_');
                self.begun.get_or_insert(at);
                (before, at) = ('_', at + length);
                continue;
            }
            let starts = before.is_ascii_whitespace();
            let role = quotes.take(one);
            if role == Role::Plain && one == '#' && starts {
                at += rest.find('\n').unwrap_or(rest.len());
                quotes = Quotes::default();
                continue;
            }
            if !one.is_whitespace() {
                self.begun.get_or_insert(at);
            }
            let next = match role {
                Role::Plain => self.plain(at, one, before)?,
                Role::Within(Quote::Double) if matches!(one, '$' | '`') => {
                    self.expansion(at)?;
                    None
                }
                Role::Escaped(None) if one == ' ' => {
                    self.escaped_blank(at)?;
                    None
                }
                _ => None,
            };
            // The line goes on, so that a word may begin after it.
            let continued = role == Role::Escaped(None) && one == '\n';
            before = match (next, role) {
                (Some(_), _) => ' ',
                (None, Role::Backslash(None)) if rest.starts_with("\\\n") => before,
                (None, Role::Plain) => one,
                _ if continued => before,
                _ => '_',
            };
            if next.is_some() {
                quotes = Quotes::default();
            }
            at = next.unwrap_or(at + one.len_utf8());
        }
        match self.documents.first() {
            None => Ok(()),
            Some(document) => Err(self
                .wrong(
                    document.operator.clone(),
                    format!("the text of the here-document `{}` is missing", document.end),
                )
                .help(format!("write its lines after the command, and `{}` on the last line", document.end))),
        }
    }

    /// Checks a character outside of quotes. Returns where to continue, if it begins something longer.
    fn plain(&mut self, at: usize, one: char, before: char) -> Result<Option<usize>, Diagnostic> {
        let rest = self.rest(at);
        let starts = before.is_ascii_whitespace();
        match one {
            '\n' => return self.line_end(at),
            '`' if rest[1..].trim_start_matches([' ', '\t', '\r']).starts_with('\n') => {
                return Err(self
                    .wrong(at..at + 1, "a backtick continues a line in PowerShell, not here")
                    .help("write `\\` at the end of the line"));
            }
            '$' | '`' => self.expansion(at)?,
            '^' if rest[1..].trim_start_matches([' ', '\t', '\r']).starts_with('\n') => {
                return Err(self
                    .wrong(at..at + 1, "`^` continues a line in cmd.exe, not here")
                    .help("write `\\` at the end of the line"));
            }
            '|' | '&' | ';' | '(' | ')' => return self.operator(at, before),
            '>' => return Err(self.redirection(at, before)),
            '<' => return self.input(at).map(Some),
            '–' | '—' | '−' if starts => {
                return Err(self
                    .wrong(at..at + one.len_utf8(), format!("`{one}` is a dash of a word processor, not `-`"))
                    .help("write `-`, or `--` before a long option"));
            }
            '“' | '”' | '„' | '‟' | '‘' | '’' | '‚' | '‛' if starts || before == '=' => {
                let plain = if matches!(one, '“' | '”' | '„' | '‟') { '"' } else { '\'' };
                return Err(self
                    .wrong(at..at + one.len_utf8(), format!("`{one}` is a typographic quote"))
                    .help(format!("write `{plain}`")));
            }
            one if is_odd_blank(one) => {
                let message = format!("there is {} here", describe(one));
                return Err(self
                    .wrong(at..at + one.len_utf8(), message)
                    .help("write a blank, or quote the word"));
            }
            _ => {}
        }
        Ok(None)
    }

    /// The end of a line that is not continued: what follows is another command, or the text of a here-document.
    fn line_end(&mut self, at: usize) -> Result<Option<usize>, Diagnostic> {
        let mut next = at + 1;
        if self.begun.is_none() {
            return Ok(None);
        }
        // No command begins with `-`: a folded YAML text keeps the line end before a deeper line, without a backslash.
        if self.documents.is_empty()
            && self.rest(next).trim_start_matches([' ', '\t']).starts_with('-')
            && !self.continued(at)
        {
            return Ok(None);
        }
        for document in std::mem::take(&mut self.documents) {
            next = self.document(&document, next)?;
        }
        self.blanks.push(at..next.min(self.command.len()));
        let mut start = next;
        for line in self.rest(next).split_inclusive('\n') {
            let text = line.trim_start();
            if !text.is_empty() && !text.starts_with('#') {
                let from = start + line.len() - text.len();
                let number = self.command[..from].matches('\n').count() + 1;
                let word = text.split_whitespace().next().unwrap_or_default();
                let message = if self.command[..at].trim_end_matches([' ', '\t']).ends_with('\n')
                    || self.continued(at)
                {
                    "the empty line ends the command".to_owned()
                } else {
                    format!("a step is one command, and line {number} begins a second one")
                };
                let help = if word.starts_with('-') || word.starts_with("http") {
                    "end each line but the last with `\\`, without an empty line in between"
                } else {
                    "write a step of its own for it, or leave it out"
                };
                return Err(self.wrong(from..from + word.len(), message).help(help));
            }
            start += line.len();
        }
        Ok(Some(next.max(at + 1)))
    }

    /// Whether the line that ends here is empty after a continued one.
    fn continued(&self, at: usize) -> bool {
        self.command[..at].trim_end_matches([' ', '\t']).ends_with("\\\n")
    }

    /// Reads the text of a here-document from `start`, and returns where the text after it begins.
    fn document(&mut self, document: &Document, start: usize) -> Result<usize, Diagnostic> {
        let mut text = String::new();
        let mut at = start;
        for line in self.rest(start).split_inclusive('\n') {
            let content = if document.is_indented { line.trim_start_matches('\t') } else { line };
            if content.trim_end_matches('\n') == document.end {
                at += line.len();
                break;
            }
            text.push_str(content);
            if document.is_expanded {
                self.document_line(at, line)?;
            }
            at += line.len();
        }
        // A here-document that the end of the command ends has a complete last line.
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.blanks.push(start..at);
        let text = if document.is_expanded { unescaped(&text) } else { text };
        self.stdin = Some(Stdin::Text(text));
        Ok(at)
    }

    fn document_line(&self, start: usize, line: &str) -> Result<(), Diagnostic> {
        let mut at = 0;
        while let Some(one) = line[at..].chars().next() {
            at += match one {
                '\\' => 1 + line[at + 1..].chars().next().map_or(0, char::len_utf8),
                '$' | '`' => {
                    let length = foreign(&line[at..]);
                    if length.is_none() {
                        self.expansion(start + at)?;
                    }
                    length.unwrap_or(1)
                }
                one => one.len_utf8(),
            };
        }
        Ok(())
    }

    /// Checks a dollar or a backtick that a shell may expand.
    fn expansion(&self, at: usize) -> Result<(), Diagnostic> {
        let rest = self.rest(at);
        let Some(length) = expansion(rest) else { return Ok(()) };
        let span = at..at + length;
        let written = &rest[..length];
        if written.starts_with('`') || written.starts_with("$(") {
            let inner = written.trim_start_matches("$(").trim_matches(['`', '(', ')']);
            let file = inner.trim().strip_prefix("cat ").filter(|file| !file.contains(['<', '|', ';', ' ']));
            let help = match file {
                Some(file) => format!("write `-d @{file}` to send a file"),
                None => {
                    "write its output, or capture the value in an earlier step and write `${name}`".to_owned()
                }
            };
            let first = written.lines().next().unwrap_or(written);
            return Err(self
                .wrong(span, format!("`{first}` is a command for the shell, and no shell reads this command"))
                .help(help));
        }
        let message = format!("`{written}` is a variable of the shell, and no shell reads this command");
        let name: String = written
            .chars()
            .filter(|one| one.is_ascii_alphanumeric() || *one == '_')
            .collect::<String>()
            .to_lowercase();
        let before = self.command[..at].trim_end_matches(['"', '\'']);
        let after = rest[length..].trim_start_matches(['"', '\'']);
        let is_origin = before.ends_with("://")
            || (before.ends_with(|one: char| one.is_whitespace()) && after.starts_with(['/', ':']));
        let help = if is_origin {
            "write the `origin` of suite.yaml; requests are sent to the target instead".to_owned()
        } else if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            format!(
                "write `${{{name}}}` with `{name}` under `variables` in suite.yaml; write `\\$` for a dollar sign"
            )
        } else {
            "write its value; write `\\$` for a dollar sign".to_owned()
        };
        Err(self.wrong(span, message).help(help))
    }

    fn operator(&mut self, at: usize, before: char) -> Result<Option<usize>, Diagnostic> {
        let rest = self.rest(at);
        let pair = ["&&", "||", "|&", ";;", "&>"].into_iter().find(|pair| rest.starts_with(pair));
        let operator = pair.unwrap_or(&rest[..1]);
        if operator == "|"
            && let Some(stdin) = producer(self.command[..at].trim())
        {
            self.stdin = Some(stdin);
            self.blanks.push(0..at + 1);
            self.begun = None;
            return Ok(Some(at + 1));
        }
        let span = at..at + operator.len();
        let next = rest[operator.len()..].trim();
        let command = next.lines().next().unwrap_or_default();
        let touches = rest[operator.len()..].starts_with(|one: char| !one.is_whitespace());
        let leave_out = if command.is_empty() {
            format!("leave out `{operator}`")
        } else {
            format!("leave out `{operator} {command}`")
        };
        Err(match operator {
            "|" | "|&" if command.starts_with("jq") => self
                .wrong(span, "a pipe is not part of a request")
                .help(format!("{leave_out}, and write what you expect under `json:`")),
            "|" | "|&" => self.wrong(span, "a pipe is not part of a request").help(leave_out),
            "&" if touches && !before.is_whitespace() => self
                .wrong(span, "`&` outside of quotes ends the command in a shell")
                .help("put the URL in quotes"),
            "&" => self
                .wrong(span, "`&` is not part of a request: a shell runs the command in the background")
                .help(leave_out),
            "&>" => self.wrong(span, "a redirection (`&>`) is not part of a request").help(leave_out),
            "(" | ")" => self
                .wrong(span, format!("`{operator}` outside of quotes belongs to the shell"))
                .help("begin the request with `curl`, and quote a word with parentheses"),
            _ if command.is_empty() => self
                .wrong(span, format!("`{operator}` is not part of a request: it ends the command in a shell"))
                .help(leave_out),
            _ => self
                .wrong(span, format!("a step is one command, and `{operator}` begins a second one"))
                .help(format!(
                    "quote a word that contains `{operator}`; {leave_out}, or write a step of its own"
                )),
        })
    }

    /// An output redirection, with the number of its file descriptor.
    fn redirection(&self, at: usize, before: char) -> Diagnostic {
        // A digit is a file descriptor only if it is a word.
        let typed = self.command.get(..at).unwrap_or_default();
        let is_word = typed.strip_suffix(before).is_some_and(|typed| typed.ends_with(char::is_whitespace));
        let start = if matches!(before, '1' | '2' | '&') && is_word { at - 1 } else { at };
        let rest = self.rest(start);
        let end = rest.find(['>']).map_or(1, |end| end + 1);
        let operator = rest[..end].to_owned() + if rest[end..].starts_with('>') { ">" } else { "" };
        let whole = rest.lines().next().unwrap_or_default().trim_end();
        self.wrong(
            start..start + operator.len(),
            format!("a redirection (`{operator}`) is not part of a request"),
        )
        .help(format!("leave out `{whole}`, or quote a word that contains `>`"))
    }

    /// Reads what sets the standard input, and returns where the command continues.
    fn input(&mut self, at: usize) -> Result<usize, Diagnostic> {
        let rest = self.rest(at);
        if let Some(end) = placeholder(rest) {
            let written = &rest[..end];
            return Err(self
                .wrong(
                    at..at + end,
                    format!("`{written}` is a placeholder, which a shell reads as a redirection"),
                )
                .help(format!("write a value for `{written}`, or quote it to send it unchanged")));
        }
        let operator = ["<<<", "<<-", "<<", "<"].into_iter().find(|one| rest.starts_with(one)).unwrap_or("<");
        let from = at + operator.len();
        let word = word(self.command, from);
        let (written, text) = match self.command.get(word.clone()) {
            Some(written) if !written.is_empty() && !rest[operator.len()..].starts_with(['(', '&', '>']) => {
                (written, unquoted(written))
            }
            _ => {
                return Err(self
                    .wrong(at..from, format!("a redirection (`{operator}`) is not part of a request"))
                    .help("leave it out, or quote a word that contains `<`"));
            }
        };
        for (offset, _) in written.char_indices().filter(|(_, one)| matches!(one, '$' | '`')) {
            let single = written.starts_with('\'') && written.ends_with('\'');
            if !single
                && !operator.starts_with("<<-")
                && operator != "<<"
                && foreign(&written[offset..]).is_none()
            {
                self.expansion(word.start + offset)?;
            }
        }
        match operator {
            "<<" | "<<-" => self.documents.push(Document {
                operator: at..from,
                is_expanded: !written.contains(['\'', '"', '\\']),
                is_indented: operator == "<<-",
                end: text,
            }),
            "<<<" => self.stdin = Some(Stdin::Text(text + "\n")),
            _ => self.stdin = Some(Stdin::File(text)),
        }
        self.blanks.push(at..word.end);
        Ok(word.end)
    }

    /// A backslash before a blank, which is a continued line that went wrong unless a word follows.
    fn escaped_blank(&self, at: usize) -> Result<(), Diagnostic> {
        let alone = at == 1 || self.command[..at - 1].ends_with([' ', '\t', '\n']);
        let after = self.rest(at);
        if after.trim_start_matches([' ', '\t', '\r']).starts_with('\n') {
            return Err(self
                .wrong(
                    at - 1..at + 1,
                    "a blank after `\\` keeps the command from continuing on the next line",
                )
                .help("remove the blank at the end of the line"));
        }
        let span = self.place.span();
        let source = self.place.source().text().get(span.start..span.end).unwrap_or_default();
        if alone && source.contains("\\\n") && !self.command.contains("\\\n") {
            return Err(self
                .wrong(at - 1..at, "YAML joins these lines, so that `\\` no longer ends a line")
                .help("write the command after `|-` instead of `>-`, or leave out the `\\`"));
        }
        Ok(())
    }

    fn rest(&self, at: usize) -> &'a str {
        self.command.get(at..).unwrap_or_default()
    }

    /// Creates a diagnostic at a part of the command, which may be indented in the file.
    fn wrong(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let line = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        let needle = self.command.get(span.clone()).map(line).unwrap_or_default();
        if needle.is_empty() {
            return Diagnostic::at(self.place.clone(), message);
        }
        let earlier = self.command[..span.start].matches(&needle).count();
        let within = self.place.source().text().get(self.place.span().start..self.place.span().end);
        let found = within.and_then(|text| text.match_indices(&needle).nth(earlier));
        let place = match found {
            Some((at, _)) => {
                let start = self.place.span().start + at;
                self.place.source().place(crate::source::Span::new(start, start + needle.len()))
            }
            None => place_of(&needle, self.place),
        };
        Diagnostic::at(place, message)
    }
}

/// Whether a shell would expand what begins with a dollar or backtick.
fn is_expanded(text: &str) -> bool {
    let special = |one: char| one.is_ascii_alphanumeric() || "(_?*@#!$-".contains(one);
    text.starts_with('`') || text.strip_prefix('$').is_some_and(|after| after.starts_with(special))
}

/// Returns the length of what a shell would expand at a dollar or backtick.
fn expansion(text: &str) -> Option<usize> {
    if let Some(after) = text.strip_prefix('`') {
        return Some(after.find('`').map_or(1, |end| end + 2));
    }
    let after = text.strip_prefix('$')?;
    let first = after.chars().next()?;
    match first {
        '(' => {
            let mut depth = 0_usize;
            for (at, one) in after.char_indices() {
                match one {
                    '(' => depth += 1,
                    ')' if depth == 1 => return Some(at + 2),
                    ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            Some(2)
        }
        'a'..='z' | 'A'..='Z' | '_' => {
            let is_name = |one: char| one.is_ascii_alphanumeric() || one == '_';
            Some(1 + after.find(|one| !is_name(one)).unwrap_or(after.len()))
        }
        '0'..='9' | '?' | '*' | '@' | '#' | '!' | '$' | '-' => Some(2),
        _ => None,
    }
}

/// Returns the length of a placeholder such as `<id>`.
fn placeholder(text: &str) -> Option<usize> {
    let name = text.strip_prefix('<')?;
    let end = name.find('>')?;
    let fits = |one: char| one.is_alphanumeric() || "-_ .:'/".contains(one);
    (end > 0 && name[..end].chars().all(fits) && !name.starts_with([' ', '/'])).then_some(end + 2)
}

/// Returns the next word of a command, with its quotes.
fn word(command: &str, from: usize) -> Range<usize> {
    let blanks = command[from..].len() - command[from..].trim_start_matches([' ', '\t']).len();
    let start = from + blanks;
    let mut quotes = Quotes::default();
    let mut at = start;
    while let Some(one) = command[at..].chars().next() {
        if let Some(length) = (one == '$').then(|| foreign(&command[at..])).flatten() {
            quotes.take('_');
            at += length;
            continue;
        }
        if quotes.take(one) == Role::Plain && (one.is_ascii_whitespace() || "|&;<>()".contains(one)) {
            break;
        }
        at += one.len_utf8();
    }
    start..at
}

/// Returns a word without its quotes, or as written if they cannot be read.
fn unquoted(written: &str) -> String {
    let words = shell::split_around(written, foreign).unwrap_or_default();
    words.into_iter().next().map_or_else(|| written.to_owned(), |word| word.text)
}

/// Removes the backslashes that a shell removes in a here-document.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        rest = after;
        match after.chars().next() {
            Some('\n') => rest = &after[1..],
            Some(one @ ('$' | '`' | '\\')) => {
                // An escaped dollar does not begin an expression.
                plain.push_str(if after.starts_with("${") {
                    "$$"
                } else {
                    after.get(..1).unwrap_or_default()
                });
                rest = &after[one.len_utf8()..];
            }
            _ => plain.push('\\'),
        }
    }
    plain + rest
}

/// Returns the standard input that a command before a pipe makes: `echo`, `printf` or `cat` with plain arguments.
fn producer(command: &str) -> Option<Stdin> {
    let words = shell::split_around(command, foreign).ok()?;
    let mut words = words.into_iter().map(|word| word.text);
    match (words.next()?.as_str(), words.collect::<Vec<_>>().as_slice()) {
        ("echo", [first, rest @ ..]) if first == "-n" => Some(Stdin::Text(rest.join(" "))),
        ("echo", words) if !words.iter().any(|word| word.starts_with('-') || word.contains('\\')) => {
            Some(Stdin::Text(words.join(" ") + "\n"))
        }
        ("echo", [option, rest @ ..]) if option == "-e" => {
            Some(Stdin::Text(without_escapes(&rest.join(" "))? + "\n"))
        }
        ("echo", [option, rest @ ..]) if matches!(option.as_str(), "-ne" | "-en") => {
            Some(Stdin::Text(without_escapes(&rest.join(" "))?))
        }
        ("printf", [format, values @ ..]) => formatted(format, values).map(Stdin::Text),
        ("cat", [file]) if !file.starts_with('-') => Some(Stdin::File(file.clone())),
        _ => None,
    }
}

/// Returns what `printf` prints for a format that has no other directives than `%s` and `%%`.
fn formatted(format: &str, values: &[String]) -> Option<String> {
    let format = without_escapes(format)?;
    let mut values = values.iter();
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => match letters.next()? {
                's' => text.extend(values.next().map(String::as_str)),
                '%' => text.push('%'),
                _ => return None,
            },
            other => text.push(other),
        }
    }
    // The format is used again for further values.
    values.next().is_none().then_some(text)
}

/// Returns a text with the escapes that `echo -e` and `printf` share replaced.
fn without_escapes(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        plain.push(match letters.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '\\' => '\\',
            _ => return None,
        });
    }
    Some(plain)
}

/// Whether a character looks like a blank and does not separate words.
pub(super) fn is_odd_blank(one: char) -> bool {
    (one.is_whitespace() && !one.is_ascii()) || matches!(one, '\u{200b}' | '\u{feff}' | '\u{2060}')
}

/// Names a character that looks like a blank.
fn describe(one: char) -> String {
    let name = match one {
        '\u{a0}' | '\u{202f}' => "a no-break space",
        '\u{200b}' | '\u{feff}' | '\u{2060}' => "an invisible character",
        _ => "an unusual space",
    };
    format!("{name} (U+{:04X})", u32::from(one))
}
