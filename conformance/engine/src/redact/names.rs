//! Finds values by their name: JSON members, form and query fields, header fields, multipart parts, cookies and XML elements.
//!
//! One search finds the names. Only around a name does the text have to be parsed to find the value and its end.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::REDACTED;

/// What a text is, which decides how a name without quotes is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A part of a message: `name: value` is prose.
    Message,
    /// Lines of a suite or the output of a target: `name: value` and options of curl are secrets as well.
    Lines,
}

/// A name and its value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
    /// Whether the value is JSON other than a string, so that its replacement needs quotes.
    pub(super) needs_quotes: bool,
}

/// Names of secret members and fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    names: Vec<String>,
    search: Option<AhoCorasick>,
}

impl Names {
    pub(super) fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).filter(|name| !name.is_empty()).collect();
        // Without names, and with more than an automaton can have, nothing is found.
        let search = AhoCorasick::builder().ascii_case_insensitive(true).build(&names).ok();
        Self { names, search }
    }

    /// Returns these names and one more.
    pub(super) fn with(self, name: &str) -> Self {
        Self::new(self.names.into_iter().chain([name.to_owned()]))
    }

    /// Whether a header field, a member or a cookie has one of these names.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Returns the fields with these names.
    pub(super) fn find(&self, text: &str, kind: Kind) -> Vec<Field> {
        let names = self.search.iter().flat_map(|names| names.find_overlapping_iter(text));
        let names = names.map(|name| name.range());
        if kind == Kind::Message {
            return names.filter_map(|name| field(text, name, kind)).collect();
        }
        let fields = names.flat_map(|name| {
            let lines = block(text, &name).into_iter();
            let lines = lines.map(|value| Field { name: name.clone(), value, needs_quotes: false });
            field(text, name.clone(), kind).into_iter().chain(lines).collect::<Vec<_>>()
        });
        fields.map(|field| Field { value: continued(text, field.value), ..field }).collect()
    }
}

/// Returns the field of a name; none if the name is only a word.
fn field(text: &str, name: Range<usize>, kind: Kind) -> Option<Field> {
    let (before, after) = (text.get(..name.start)?, text.get(name.end..)?);
    let found = |value: Range<usize>, needs_quotes| Some(Field { name: name.clone(), value, needs_quotes });
    if let Some(quote) = before.chars().next_back().filter(|one| matches!(one, '"' | '\'' | '`')) {
        let opened = before.strip_suffix(quote)?;
        let slashes = opened.len() - opened.trim_end_matches('\\').len();
        let closing = format!("{}{quote}", "\\".repeat(slashes));
        if let Some(rest) = after.strip_prefix(&closing) {
            let opened = opened.trim_end_matches('\\');
            if opened.ends_with("name=") {
                return found(part(text, name.end)?, false);
            }
            let rest = rest.trim_start();
            let is_pair = opened.ends_with(['[', '(']) && rest.starts_with(',');
            let value = (rest.strip_prefix("=>").or_else(|| rest.strip_prefix([':', '='])))
                .or_else(|| is_pair.then(|| &rest[1..]))?;
            let value = value.trim_start();
            let start = text.len() - value.len();
            return match quoted(text, start) {
                Some(value) => found(value, false),
                // Inside of another string, quotes would end it.
                None => found(json(text, start)?, slashes == 0),
            };
        }
    }
    if before.ends_with('<') {
        let (attributes, value) = after.split_once('>')?;
        let is_element = attributes.is_empty() || attributes.starts_with([' ', '\n', '\t']);
        if !is_element || attributes.ends_with('/') {
            return None;
        }
        let start = text.len() - value.len();
        return found(start..start + value.find("</").unwrap_or(value.len()), false);
    }
    // A word with the name in it is another name.
    let is_word = |one: char| one.is_alphanumeric() || matches!(one, '_' | '-' | '.');
    if before.ends_with(is_word) {
        return None;
    }
    // `user[password]=x`
    let rest = after.trim_start_matches(']');
    if let Some(value) = rest.strip_prefix('=') {
        let start = text.len() - value.len();
        if enclosing(before).is_some_and(|quote| value.starts_with(quote)) {
            // An empty value at the end of quoted text.
            return None;
        }
        return found(quoted(text, start).unwrap_or_else(|| form(text, name.start, start, kind)), false);
    }
    let value = rest.strip_prefix(':').filter(|_| kind == Kind::Lines)?;
    let value = value.trim_start_matches([' ', '\t']);
    if value.is_empty() || value.starts_with(['\n', '\r', '!', '&', '|', '>']) {
        return None;
    }
    let start = text.len() - value.len();
    let flow =
        || json(text, start).filter(|_| value.starts_with(['{', '['])).filter(|flow| flow.end < text.len());
    found(quoted(text, start).or_else(flow).unwrap_or_else(|| line(text, name.start, start)), false)
}

/// Returns the lines of a block of YAML below a key with this name, each without its indentation.
fn block(text: &str, name: &Range<usize>) -> Vec<Range<usize>> {
    let (Some(before), Some(after)) = (text.get(..name.start), text.get(name.end..)) else {
        return Vec::new();
    };
    let begun = before.rsplit('\n').next().unwrap_or_default();
    let after = after.trim_start_matches(['"', '\'']);
    let Some((first, lines)) = after.strip_prefix(':').and_then(|value| value.split_once('\n')) else {
        return Vec::new();
    };
    let is_key = begun.chars().all(|one| matches!(one, ' ' | '-' | '?' | '"' | '\''));
    let is_block = matches!(first.trim().as_bytes(), [] | [b'|' | b'>', ..]);
    if !is_key || !is_block {
        return Vec::new();
    }
    let column = begun.trim_end_matches(['"', '\'']).len();
    let mut found = Vec::new();
    let mut at = text.len() - lines.len();
    for line in lines.split_inclusive('\n') {
        let content = line.trim_start_matches(' ');
        let indentation = line.len() - content.len();
        let content = content.trim();
        let is_item = first.trim().is_empty() && indentation == column && content.starts_with("- ");
        if !content.is_empty() && indentation <= column && !is_item {
            break;
        }
        let value = content.trim_start_matches("- ");
        if !value.is_empty() && !value.starts_with('!') {
            let start = at + indentation + content.len() - value.len();
            found.push(start..start + value.len());
        }
        at += line.len();
    }
    found
}

/// Returns the value up to its end, if it goes on after a single quote: `'\''` in a shell, `''` in YAML.
fn continued(text: &str, value: Range<usize>) -> Range<usize> {
    let mut end = value.end;
    let more = |end: usize| {
        let rest = text.get(end..)?;
        rest.strip_prefix(r"'\''").or_else(|| rest.strip_prefix("''"))
    };
    while let Some(more) = more(end) {
        end = text.len() - more.len() + more.find(['\'', '\n']).unwrap_or(more.len());
    }
    value.start..end
}

/// Returns the content of a string in quotes, which may be preceded by backslashes if it is inside of another string.
fn quoted(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let value = rest.trim_start_matches('\\');
    let slashes = rest.len() - value.len();
    let quote = value.chars().next().filter(|one| matches!(one, '"' | '\'' | '`'))?;
    let begin = start + slashes + quote.len_utf8();
    let mut before = 0;
    for (at, byte) in text.get(begin..)?.bytes().enumerate() {
        // Each level of nesting doubles the backslashes.
        if byte == quote as u8 && before % (2 * (slashes + 1)) == slashes {
            return Some(begin..begin + at - slashes);
        }
        before = if byte == b'\\' { before + 1 } else { 0 };
    }
    // The text was cut.
    Some(begin..text.len())
}

/// Returns a JSON value other than a string; none for null, which is no secret.
fn json(text: &str, start: usize) -> Option<Range<usize>> {
    let value = text.get(start..)?;
    if value.starts_with("null") || value.starts_with("None") || value.is_empty() {
        return None;
    }
    if !value.starts_with(['{', '[']) {
        let ends =
            |one: char| one.is_whitespace() || matches!(one, ',' | '}' | ']' | ')' | '"' | '\'' | '\\' | '<');
        let end = value.find(ends).unwrap_or(value.len());
        return (end > 0).then(|| start..start + end);
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(start..start + at + 1);
                }
            }
            _ => {}
        }
    }
    Some(start..text.len())
}

/// Returns the value of a multipart part, whose name ends at `end`.
fn part(text: &str, end: usize) -> Option<Range<usize>> {
    let rest = text.get(end..)?;
    let (head, blank) = ["\r\n\r\n", "\n\n", "\\r\\n\\r\\n", "\\n\\n"]
        .iter()
        .filter_map(|blank| rest.find(blank).map(|at| (at, blank)))
        .min()?;
    let start = end + head + blank.len();
    let value = text.get(start..)?;
    let ends = ["\r\n--", "\n--", "\\r\\n--", "\\n--"].iter().filter_map(|end| value.find(end)).min();
    Some(start..start + ends.unwrap_or(value.len()))
}

/// Returns the value of a form or query field, or of a cookie. An unencoded space does not end it if it is in a query or a form.
fn form(text: &str, name: usize, start: usize, kind: Kind) -> Range<usize> {
    let value = text.get(start..).unwrap_or_default();
    let begins = text.get(..name).unwrap_or_default();
    let closing = enclosing(begins);
    let is_flow = kind == Kind::Lines && closing.is_none() && is_in_flow(begins);
    let ends = |one: char| {
        one == '&'
            || one.is_whitespace()
            || Some(one) == closing
            || one == '\\' && closing.is_some()
            || is_flow && matches!(one, '}' | ']')
    };
    // In a shell, a backslash keeps a space.
    let is_kept = |at: usize| kind == Kind::Lines && value.get(..at).is_some_and(|word| word.ends_with('\\'));
    let mut ends = value.char_indices().filter(|(_, one)| ends(*one));
    let word = ends.find(|(at, one)| *one != ' ' || !is_kept(*at)).map_or(value.len(), |(at, _)| at);
    let is_field = begins.is_empty() || begins.ends_with(['&', '?']);
    let after = value.get(word..).unwrap_or_default();
    let more = if is_field && closing.is_none() && after.starts_with(' ') {
        after.find(['&', '=', '\n', '\r']).unwrap_or(after.len())
    } else {
        0
    };
    start..start + word + more
}

/// Returns the rest of a line after a name: up to the quote that encloses both, and in a flow mapping of YAML up to its next entry.
fn line(text: &str, name: usize, start: usize) -> Range<usize> {
    let value = text.get(start..).unwrap_or_default();
    let before = text.get(..name).unwrap_or_default();
    let closing = enclosing(before);
    let is_flow = closing.is_none() && is_in_flow(before);
    let ends = |one: char| {
        matches!(one, '\n' | '\r') || Some(one) == closing || is_flow && matches!(one, ',' | '}' | ']')
    };
    start..start + value.find(ends).unwrap_or(value.len())
}

/// Whether a line has an open bracket of a flow mapping or sequence of YAML.
fn is_in_flow(before: &str) -> bool {
    let begun = before.rsplit('\n').next().unwrap_or_default();
    let opened = |open: char, close: char| begun.matches(open).count() > begun.matches(close).count();
    opened('{', '}') || opened('[', ']')
}

/// Returns the quote in front of the word that ends here.
fn enclosing(before: &str) -> Option<char> {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    word.chars().rev().take(1000).find(|one| matches!(one, '"' | '\'' | '`'))
}

/// Credentials in a URL: the password, or the user if there is none.
static URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b[a-z][a-z0-9+.-]*:(?:\\?/){2}(?:([^\s/?\#@"'<>\\:]+)|[^\s/?\#@"'<>\\:]*:([^\s/?\#@"'<>\\]*))@"#).ok()
});

/// Options of curl with credentials, cookies or a token.
static OPTIONS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x) (?:^|[\s"'`])
        (?: (?: -[a-zA-Z]*[uU] | --user | --proxy-user ) (?:\s*|=) (?: "[^":]*:((?:\\.|[^"\\])*)" | '[^':]*:([^']*)' | [^\s"':]*:((?:\\.|[^\s"'\\])+) )
          | (?: --oauth2-bearer | --pass | --proxy-pass ) (?:\s+|=) (?: "([^"]*)" | '([^']*)' | ([^\s"']+) ) )"#,
    )
    .ok()
});

/// The cookies of curl's `-b`.
static COOKIES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:^|\s)(?:-b|--cookie)(?:\s*|=)(?:"([^"]*)"|'([^']*)'|([^\s"']+))"#).ok()
});

/// Returns the credentials in URLs, and in lines those in options of curl.
pub(super) fn credentials(text: &str, kind: Kind) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if text.contains('@') {
        groups(&URL, text, &mut found);
    }
    if kind == Kind::Lines && text.contains('-') {
        groups(&OPTIONS, text, &mut found);
        let mut lists = Vec::new();
        groups(&COOKIES, text, &mut lists);
        for list in lists {
            let mut at = list.start;
            for pair in text.get(list.clone()).unwrap_or_default().split(';') {
                if let Some((name, value)) = pair.split_once('=') {
                    let start = at + name.len() + 1;
                    found.push(start..start + value.len());
                }
                at += pair.len() + 1;
            }
        }
        return found.into_iter().map(|value| continued(text, value)).collect();
    }
    found
}

fn groups(regex: &LazyLock<Option<Regex>>, text: &str, found: &mut Vec<Range<usize>>) {
    for captures in regex.iter().flat_map(|regex| regex.captures_iter(text)) {
        found.extend(captures.iter().skip(1).flatten().map(|group| group.range()));
    }
}

/// Whether a value of a suite consists of expressions such as `${password}`, so that it shows no secret.
pub(super) fn is_expression(value: &str) -> bool {
    let mut rest = value;
    let mut literal = String::new();
    let mut expressions = 0;
    while let Some((before, after)) = rest.split_once("${") {
        literal.push_str(before);
        rest = after.split_once('}').map_or("", |(_, after)| after);
        expressions += 1;
    }
    literal.push_str(rest);
    let literal = literal.replace("Basic ", "").replace("Bearer ", "");
    expressions > 0 && !literal.contains(|one: char| one.is_alphanumeric())
}

/// Redacts the values of a list of cookies, or only the first one for `Set-Cookie`. A cookie without a name is a value.
pub(super) fn cookies(text: &str, first_only: bool) -> String {
    let mut shown = String::with_capacity(text.len() + REDACTED.len());
    for (index, pair) in text.split(';').enumerate() {
        shown.push_str(if index > 0 { ";" } else { "" });
        match pair.split_once('=') {
            _ if first_only && index > 0 => shown.push_str(pair),
            Some((name, _)) => shown.extend([name, "=", REDACTED]),
            None if pair.trim().is_empty() => shown.push_str(pair),
            None => shown.push_str(REDACTED),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Kind, Names, cookies, credentials, is_expression};

    fn redacted(names: &Names, text: &str, kind: Kind) -> String {
        let mut fields = names.find(text, kind);
        fields.sort_by_key(|field| std::cmp::Reverse(field.value.start));
        let mut shown = text.to_owned();
        for field in fields {
            let with = if field.needs_quotes { "\"<redacted>\"" } else { "<redacted>" };
            shown.replace_range(field.value, with);
        }
        shown
    }

    #[test]
    fn redacts_members_and_fields() {
        let names = Names::new(["pwd", "token", ""]);
        for (text, shown) in [
            (r#"{"pwd": "a", "token":"b\"c"}"#, r#"{"pwd": "<redacted>", "token":"<redacted>"}"#),
            ("{\"pwd\" :\n \"\", \"x\": \"pwd\"}", "{\"pwd\" :\n \"<redacted>\", \"x\": \"pwd\"}"),
            (
                r#"{"pwd": 1, "pwd2": "a", "my pwd": "b"}"#,
                r#"{"pwd": "<redacted>", "pwd2": "a", "my pwd": "b"}"#,
            ),
            (r#"{"pwd":-1.5e3,"token":true}"#, r#"{"pwd":"<redacted>","token":"<redacted>"}"#),
            (
                r#"{"pwd": {"a": "}"}, "token": [1, [2]], "x": null}"#,
                r#"{"pwd": "<redacted>", "token": "<redacted>", "x": null}"#,
            ),
            (r#"{"pwd": null}"#, r#"{"pwd": null}"#),
            (r#"{"pwd": "half an answ"#, r#"{"pwd": "<redacted>"#),
            (r#"{"pwd": "a\\", "b": "c"}"#, r#"{"pwd": "<redacted>", "b": "c"}"#),
            (
                r#"{"body": "{\"pwd\": \"a\\\"b\\\\\", \"x\": 1}"}"#,
                r#"{"body": "{\"pwd\": \"<redacted>\", \"x\": 1}"}"#,
            ),
            (r#"{"body": "{\"pwd\": 12}"}"#, r#"{"body": "{\"pwd\": <redacted>}"}"#),
            ("{'Pwd': 'it', \"x\": 1}", "{'Pwd': '<redacted>', \"x\": 1}"),
            (r#"{"pwd"=>"a", :x=>1}"#, r#"{"pwd"=>"<redacted>", :x=>1}"#),
            (r#"[["token", "a"], ["x", "b"]]"#, r#"[["token", "<redacted>"], ["x", "b"]]"#),
            ("pwd=a%20b&x=1&token=&y=2", "pwd=<redacted>&x=1&token=<redacted>&y=2"),
            ("/p?pwd=a b c&x=1", "/p?pwd=<redacted>&x=1"),
            ("pwd=a b=c", "pwd=<redacted>=c"),
            ("pwd=a\nb=c", "pwd=<redacted>\nb=c"),
            ("user[pwd]=a&user[x]=b", "user[pwd]=<redacted>&user[x]=b"),
            ("xpwd=a&pwd2=b&my_pwd=c&my-pwd=d", "xpwd=a&pwd2=b&my_pwd=c&my-pwd=d"),
            ("a=1&token=é", "a=1&token=<redacted>"),
            ("<user><pwd>a</pwd><x>b</x></user>", "<user><pwd><redacted></pwd><x>b</x></user>"),
            ("<input pwd=\"a b\" x=\"c\">", "<input pwd=\"<redacted>\" x=\"c\">"),
            ("\"url\": \"/p?pwd=a\", 1", "\"url\": \"/p?pwd=<redacted>\", 1"),
            (
                "--x\r\nContent-Disposition: form-data; name=\"pwd\"\r\n\r\na\r\nb\r\n--x--",
                "--x\r\nContent-Disposition: form-data; name=\"pwd\"\r\n\r\n<redacted>\r\n--x--",
            ),
            ("pwd: too short", "pwd: too short"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(redacted(&names, text, Kind::Message), shown, "{text}");
        }
    }

    #[test]
    fn redacts_lines_of_a_suite_and_of_a_log() {
        let names = Names::new(["pwd", "X-Key"]);
        for (text, shown) in [
            ("  pwd: a b\n  x: 1", "  pwd: <redacted>\n  x: 1"),
            ("json: {pwd: a b, x: 1}", "json: {pwd: <redacted>, x: 1}"),
            ("json: {pwd: !type string}", "json: {pwd: !type string}"),
            ("curl h -d \"pwd=a\" -d 'x=1&pwd=b'", "curl h -d \"pwd=<redacted>\" -d 'x=1&pwd=<redacted>'"),
            ("curl h -H 'x-key: a b' -H 'y: 1'", "curl h -H 'x-key: <redacted>' -H 'y: 1'"),
            ("headers: {X-Key: \"a\", y: 1}", "headers: {X-Key: \"<redacted>\", y: 1}"),
            (
                "a string that starts with \"pwd=\" in any order",
                "a string that starts with \"pwd=\" in any order",
            ),
            ("curl h -F pwd=a -F y=1", "curl h -F pwd=<redacted> -F y=1"),
            ("curl h -F pwd=a\\ b -F y=1", "curl h -F pwd=<redacted> -F y=1"),
            (r"curl h -d 'pwd=a'\''b' -d 'x=1'", "curl h -d 'pwd=<redacted>' -d 'x=1'"),
            (r"curl h -H 'X-Key: a'\''b'\''c' -d ''", "curl h -H 'X-Key: <redacted>' -d ''"),
            ("form: {pwd: 'a''b', x: ''}", "form: {pwd: '<redacted>', x: ''}"),
            ("json: {pwd: {a: b, c: [d]}, x: 1}", "json: {pwd: <redacted>, x: 1}"),
            ("json: {pwd: [a, \"]\"], x: 1}", "json: {pwd: <redacted>, x: 1}"),
            ("pwd: [a, b\nx: 1", "pwd: <redacted>\nx: 1"),
            (
                "json:\n  pwd: |\n    a b\n\n    c\n  x: 1",
                "json:\n  pwd: |\n    <redacted>\n\n    <redacted>\n  x: 1",
            ),
            ("- pwd:\n  - a\n  - b: c\n- x", "- pwd:\n  - <redacted>\n  - <redacted>\n- x"),
            ("pwd:\n  a: b\nx: 1", "pwd:\n  <redacted>\nx: 1"),
            ("pwd:\n  !absent\nx: 1", "pwd:\n  !absent\nx: 1"),
            ("wrong pwd:\n  File a.py\n", "wrong pwd:\n  File a.py\n"),
        ] {
            assert_eq!(redacted(&names, text, Kind::Lines), shown, "{text}");
        }
    }

    #[test]
    fn finds_credentials_in_urls_and_options_of_curl() {
        for (text, found) in [
            ("see http://u:p4ss@h/x and https://t0ken@h", &["p4ss", "t0ken"][..]),
            (r#"{"url":"http:\/\/u:p4ss@h\/x"}"#, &["p4ss"]),
            ("http://h/a@b, mail a@b.example", &[]),
            ("curl h -u u:p4ss", &["p4ss"]),
            (r"curl h -u 'u:p4'\''s s' -u u:v\ w", &[r"p4'\''s s", r"v\ w"]),
            ("curl -su 'u:p4 ss' h --proxy-user \"v:w w\"", &["p4 ss", "w w"]),
            ("curl h --user=u:p -uv:w --oauth2-bearer abc", &["p", "w", "abc"]),
            ("curl h -b 's=1; t=2' --cookie u=3 -b file", &["1", "2", "3"]),
        ] {
            let mut ranges = credentials(text, Kind::Lines);
            ranges.sort_by_key(|range| range.start);
            let values: Vec<&str> = ranges.into_iter().map(|range| &text[range]).collect();
            assert_eq!(values, found, "{text}");
        }
        assert!(credentials("curl h -u u:p4ss", Kind::Message).is_empty());
    }

    #[test]
    fn expressions_are_no_secrets() {
        for text in ["${a.password}", "Bearer ${t}", "${u}:${p}"] {
            assert!(is_expression(text), "{text}");
        }
        for text in ["", "abc", "x${a}", "Basic abc", "$HOME"] {
            assert!(!is_expression(text), "{text}");
        }
    }

    #[test]
    fn finds_one_of_many_names() {
        let many = Names::new((0..30_000).map(|number| format!("name-of-a-secret-{number}")));
        let found = |text| redacted(&many, text, Kind::Message);
        assert_eq!(found("a=1&name-of-a-secret-7=2"), "a=1&name-of-a-secret-7=<redacted>");
        assert_eq!(found("a=1&b=2"), "a=1&b=2");
    }

    #[test]
    fn redacts_one_set_cookie_and_all_sent_cookies() {
        assert_eq!(cookies("s=a=b; Path=/; Secure", true), "s=<redacted>; Path=/; Secure");
        assert_eq!(cookies("s=a=b; t = c;u", false), "s=<redacted>; t =<redacted>;<redacted>");
        assert_eq!(cookies("value; Path=/", true), "<redacted>; Path=/");
    }
}
