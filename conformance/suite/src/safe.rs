//! Makes text safe for the place where it is written, with one function for each place.
//!
//! The text comes from a target, a suite, a document or a report of somebody else. For the words of a shell command, see
//! [`quote`](crate::shell::quote()); for values in messages, see [`visible`](crate::visible).

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{self, Write};

/// Whether a character changes how a terminal or an editor shows the text around it: control characters except line feed and tab,
/// bidirectional controls, line separators, zero-width and tag characters, and noncharacters.
#[must_use]
pub const fn is_unsafe(one: char) -> bool {
    match one {
        '\n' | '\t' => false,
        '\0'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fdd0}'..='\u{fdef}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        other => other as u32 & 0xfffe == 0xfffe,
    }
}

/// Returns text for a terminal: unsafe characters become visible escapes such as `\x1b` and `\u{202e}`. Line feeds and tabs stay, and
/// CRLF becomes a line feed.
#[must_use]
pub fn terminal(text: &str) -> Cow<'_, str> {
    let Some((first, _)) = text.char_indices().find(|(_, one)| is_unsafe(*one)) else { return text.into() };
    let (begin, rest) = text.split_at(first);
    let mut shown = String::with_capacity(text.len() + 16);
    shown.push_str(begin);
    let mut characters = rest.chars().peekable();
    while let Some(one) = characters.next() {
        if one == '\r' && characters.peek() == Some(&'\n') {
            continue;
        }
        push(one, &mut shown);
    }
    shown.into()
}

/// Returns text for one line of a terminal or of a comment: like [`terminal`], and line breaks and tabs become spaces.
#[must_use]
pub fn line(text: &str) -> String {
    terminal(text).replace(['\n', '\t'], " ")
}

fn push(one: char, shown: &mut String) {
    // Writing to a string cannot fail.
    _ = match u32::from(one) {
        _ if !is_unsafe(one) => shown.write_char(one),
        code @ ..0x100 => write!(shown, "\\x{code:02x}"),
        code => write!(shown, "\\u{{{code:x}}}"),
    };
}

/// Returns lines for the log of a CI system in which no line is a command: `::name::` at the beginning of a line and `##[name]`
/// anywhere are commands for GitHub Actions, `##vso[` for Azure Pipelines and `##teamcity[` for `TeamCity`. Terminal styles stay.
#[must_use]
pub fn log(text: &str) -> Cow<'_, str> {
    commandless(text, "\\x3a", "\\x23")
}

/// Replaces the first character of everything that is a command in the log of a CI system.
fn commandless<'t>(text: &'t str, colon: &str, sign: &str) -> Cow<'t, str> {
    let starts = commands(text);
    if starts.is_empty() {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut done = 0;
    for start in starts {
        shown.push_str(text.get(done..start).unwrap_or_default());
        let is_colon = text.get(start..).is_some_and(|rest| rest.starts_with(':'));
        shown.push_str(if is_colon { colon } else { sign });
        done = start + 1;
    }
    shown.push_str(text.get(done..).unwrap_or_default());
    shown.into()
}

/// Returns where the commands of CI systems in a text begin: each with a colon or a number sign.
pub(crate) fn commands(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    if !text.contains("::") && !text.contains("##") {
        return starts;
    }
    let mut at = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let rest = unstyled(line);
        if rest.starts_with("::") {
            starts.push(at + line.len() - rest.len());
        }
        let signs = line.match_indices('#').filter(|(sign, _)| {
            let name = line.get(sign + 1..).and_then(|rest| rest.strip_prefix('#')).unwrap_or_default();
            name.trim_start_matches(|one: char| one.is_ascii_alphanumeric()).starts_with('[')
        });
        starts.extend(signs.map(|(sign, _)| at + sign));
        at += line.len();
    }
    starts
}

/// Removes blanks and styles (SGR sequences) from the beginning of a line.
fn unstyled(line: &str) -> &str {
    let mut rest = line.trim_start();
    while let Some((style, after)) = rest.strip_prefix("\u{1b}[").and_then(|rest| rest.split_once('m')) {
        if !style.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':')) {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

/// A stream to a terminal or the log of a CI system, in which no line is a command; see [`log`].
#[derive(Debug)]
pub struct Log<W> {
    out: W,
    /// Whether the text has styles, so that only its parts can be made safe for a terminal.
    styled: bool,
    /// The beginning of a line.
    begun: Vec<u8>,
}

impl<W: Write> Log<W> {
    /// Returns a stream that writes lines to `out`. Their text must be safe for a terminal.
    pub const fn new(out: W) -> Self {
        Self { out, styled: true, begun: Vec::new() }
    }

    /// Returns a stream that writes lines without styles to `out` and makes them safe for a terminal.
    pub const fn plain(out: W) -> Self {
        Self { out, styled: false, begun: Vec::new() }
    }

    fn lines(&mut self, bytes: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(bytes);
        let text = if self.styled { text } else { terminal(&text).into_owned().into() };
        self.out.write_all(log(&text).as_bytes())
    }
}

impl<W: Write> Write for Log<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        if let Some(last) = self.begun.iter().rposition(|byte| *byte == b'\n') {
            let rest = self.begun.split_off(last + 1);
            let lines = std::mem::replace(&mut self.begun, rest);
            self.lines(&lines)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let begun = std::mem::take(&mut self.begun);
        self.lines(&begun)?;
        self.out.flush()
    }
}

/// Returns text for the message of a GitHub workflow command.
#[must_use]
pub fn workflow_message(text: &str) -> String {
    terminal(text).replace('%', "%25").replace('\n', "%0A")
}

/// Returns text for a property of a GitHub workflow command.
#[must_use]
pub fn workflow_property(text: &str) -> String {
    workflow_message(text).replace(':', "%3A").replace(',', "%2C")
}

/// Returns text for one line of Markdown, also in a table or an element, that no renderer takes for markup.
#[must_use]
pub fn markdown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 16);
    for one in line(text).chars() {
        match one {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '#' | '!' => shown.extend(['\\', one]),
            one => shown.push(one),
        }
    }
    shown
}

/// Returns text for an HTML element in Markdown without a blank line, where Markdown is not read: `<summary>`, `<code>`.
#[must_use]
pub fn markdown_element(text: &str) -> String {
    line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns lines as a code block of Markdown. Its fence is longer than any run of backticks in the text.
#[must_use]
pub fn markdown_block(text: &str) -> String {
    let longest = text.split(|one| one != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", terminal(text).trim_end_matches('\n'))
}

/// Writes text for an element or a quoted attribute of HTML or XML 1.0.
///
/// # Errors
/// Writing to `out` fails.
pub fn markup(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    // Unsafe characters include all that XML does not allow (XML 1.0, section 2.2).
    let text = terminal(text);
    let special = |one: char| matches!(one, '&' | '<' | '>' | '"');
    let mut done = 0;
    let mut escaped = String::new();
    for (at, found) in text.match_indices(special) {
        escaped.push_str(text.get(done..at).unwrap_or_default());
        escaped.push_str(match found {
            "&" => "&amp;",
            "<" => "&lt;",
            ">" => "&gt;",
            _ => "&quot;",
        });
        done = at + found.len();
    }
    escaped.push_str(text.get(done..).unwrap_or_default());
    // A report may be written to standard output.
    out.write_str(&commandless(&escaped, "&#58;", "&#35;"))
}

/// Returns text for an XML attribute: parsers turn line breaks and tabs that are not escaped into spaces.
#[must_use]
pub fn attribute(text: &str) -> String {
    let mut shown = String::new();
    // Writing to a string cannot fail.
    markup(text, &mut shown).ok();
    shown.replace('\n', "&#10;").replace('\t', "&#9;")
}

/// Returns JSON for a `script` element of HTML, which `<` could end; otherwise like [`json()`].
#[must_use]
pub fn script_json(text: &str) -> String {
    json(text).replace('<', "\\u003c")
}

/// Returns JSON with the same value that has no unsafe characters and no command of a CI system. Both can only be in strings.
#[must_use]
pub fn json(json: &str) -> Cow<'_, str> {
    let json = commandless(json, ":", "\\u0023");
    if !json.contains(is_unsafe) {
        return json;
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for one in json.chars() {
        if is_unsafe(one) {
            let units =
                one.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            shown.push_str(&units);
        } else {
            shown.push(one);
        }
    }
    shown.into()
}

/// Returns text for a cell of a CSV file, in one line. Spreadsheet programs run a cell that begins with `=`, `+`, `-` or `@` as a
/// formula, so such text gets an apostrophe in front; a number keeps its sign.
#[must_use]
pub fn cell(text: &str) -> String {
    let text = log(&line(text)).into_owned();
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@']);
    if is_formula && text.parse::<f64>().is_err() { format!("'{text}") } else { text }
}

/// Returns text for the description or the directive of a TAP test line.
#[must_use]
pub fn tap(text: &str) -> String {
    line(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// Returns lines for a literal block of YAML with this indentation, as in TAP. They contain only characters that YAML 1.1 and 1.2
/// print.
#[must_use]
pub fn yaml_block(text: &str, indentation: &str) -> String {
    let lines: String = terminal(text).lines().map(|line| format!("{indentation}{line}\n")).collect();
    log(&lines).into_owned()
}

/// Returns text as comment lines of a shell script, a Hurl file or YAML; each begins with `#` and `lead`, which are blanks.
#[must_use]
pub fn comment(lead: &str, text: &str) -> String {
    log(&terminal(text)).lines().map(|line| format!("#{lead}{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text that does harm in some place.
    const HOSTILE: [&str; 12] = [
        "\u{1b}[2J\u{1b}[Hmust 1 of 1 hold",
        "\u{1b}]52;c;aGVsbG8=\u{7}",
        "\u{9b}31m\u{85}\u{7f}\0\u{8}",
        "a\u{202e}b\u{2066}c\u{200f}d\u{61c}e",
        "harmless\r::notice::cr",
        "::add-mask::pass\n \t::stop-commands::zz\n\u{a0}::error file=x::forged",
        "x ##[add-mask]y ###[error]z ##vso[task.setvariable]a ##teamcity[b]",
        "a\u{2028}::error::b\u{2029}::error::c\u{b}::error::d",
        "\u{feff}::error::e\u{200b}\u{fffe}\u{ffff}\u{1fffe}\u{fdd0}",
        "</script></title>]]><img src=x onerror=y> & \" '",
        "```\n# head | *a* [b](c) `d` ![e](f) $g$",
        "t\ntouch pwned; #\r\nrm\rx",
    ];

    /// Whether a line begins with a workflow command for a runner that trims blanks and splits lines at CR too.
    fn has_command(text: &str) -> bool {
        text.split(['\n', '\r']).any(|line| line.trim_start().starts_with("::"))
            || ["##[", "##vso[", "##teamcity["].iter().any(|begin| text.contains(begin))
    }

    #[test]
    fn no_unsafe_character_is_left_anywhere() {
        for text in HOSTILE {
            let mut html = String::new();
            markup(text, &mut html).unwrap();
            let block = yaml_block(text, "    ");
            let fenced = markdown_block(text);
            let all = [
                terminal(text).into_owned(),
                line(text),
                workflow_message(text),
                workflow_property(text),
                markdown(text),
                markdown_element(text),
                fenced,
                html.clone(),
                attribute(text),
                tap(text),
                block.clone(),
                comment(" ", text),
            ];
            for shown in &all {
                assert!(!shown.contains(is_unsafe), "{shown:?}");
            }
            assert_eq!(terminal(&terminal(text)), terminal(text), "escaping twice changes nothing");
            let logged = log(&all[0]).into_owned();
            let comment = comment(" ", text);
            for shown in
                [&logged, &html, &attribute(text), &block, &format!("ok 1 - {}", tap(text)), &comment]
            {
                assert!(!has_command(shown), "{shown:?}");
            }
            assert!(!html.contains(['<', '>', '"']), "{html}");
            for one_line in [line(text), tap(text), markdown(text), markdown_element(text), attribute(text)] {
                assert!(!one_line.contains('\n'), "{one_line:?}");
            }
            assert!(comment.lines().all(|line| line.starts_with("# ")), "{text:?}");
        }
    }

    #[test]
    fn escapes_are_readable() {
        assert_eq!(
            terminal("a\u{1b}[31m é 👩\u{200d}💻\tb\r\nc\rd"),
            "a\\x1b[31m é 👩\u{200d}💻\tb\nc\\x0dd"
        );
        assert_eq!(terminal("a\u{202e}b\u{9b}"), "a\\u{202e}b\\x9b");
        assert_eq!(log("a::b\n  ::error::x\n"), "a::b\n  \\x3a:error::x\n");
        assert_eq!(log("\u{1b}[1m\u{1b}[0m ::x"), "\u{1b}[1m\u{1b}[0m \\x3a:x");
        assert_eq!(log("## a ##[b] ###c[d] # ##"), "## a \\x23#[b] #\\x23#c[d] # ##");
        assert_eq!(workflow_message("50%\n::error::x"), "50%25%0A::error::x");
        assert_eq!(workflow_property("a:b,c"), "a%3Ab%2Cc");
        assert_eq!(tap("a\\b # SKIP é\r\nc"), "a\\\\b \\# SKIP é c");
        assert_eq!(attribute("a\n\r\t<"), "a&#10;\\x0d&#9;&lt;");
        assert_eq!(json(r###"{"a":"##[x]"}"###), r#"{"a":"\u0023#[x]"}"#);
        assert_eq!(json("\"\u{202e}\u{e0041}\""), r#""\u202e\udb40\udc41""#);
        assert!(markdown_block("a ``` b").starts_with("````text\n"));
    }

    #[test]
    fn a_stream_of_pieces_has_no_command() {
        let mut out = Log::new(Vec::new());
        for piece in ["a\n ", ":", ":add-mask::x\n", "b ##", "[error]c\n", "::d"] {
            out.write_all(piece.as_bytes()).unwrap();
        }
        out.flush().unwrap();
        let shown = String::from_utf8(out.out).unwrap();
        assert_eq!(shown, "a\n \\x3a:add-mask::x\nb \\x23#[error]c\n\\x3a:d");
    }
}
