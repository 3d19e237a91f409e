//! Reads the lines of a config file of curl (`-K`) as words of a command.

use crate::source::Span;

/// An option in a config file.
pub(super) struct Line {
    /// Where the line is in the file.
    pub(super) span: Span,
    /// The option, and its value if there is one.
    pub(super) words: Vec<String>,
    /// What follows the value without quotes, which curl ignores with a warning.
    pub(super) rest: String,
}

/// Splits a config file into its options. An option without dashes is a long one; `=` or `:` may precede its value.
pub(super) fn lines(file: &str) -> impl Iterator<Item = Line> {
    let mut end = 0;
    file.split_inclusive('\n').filter_map(move |line| {
        let start = end;
        end += line.len();
        let span = Span::new(start + (line.len() - line.trim_start().len()), start + line.trim_end().len());
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '/', '*']) {
            return None;
        }
        let is_dashed = line.starts_with('-');
        let separates = |one: char| one.is_ascii_whitespace() || (!is_dashed && matches!(one, '=' | ':'));
        let (option, after) = line.split_at(line.find(separates).unwrap_or(line.len()));
        let mut words = vec![if is_dashed { option.to_owned() } else { format!("--{option}") }];
        let after = after.trim_start_matches(separates);
        let mut rest = "";
        if let Some(quoted) = after.strip_prefix('"') {
            words.push(unquoted(quoted));
        } else if !after.is_empty() {
            let (value, more) =
                after.split_once(|one: char| one.is_ascii_whitespace()).unwrap_or((after, ""));
            words.push(value.to_owned());
            rest = Some(more.trim_start()).filter(|more| !more.starts_with('#')).unwrap_or_default();
        }
        Some(Line { span, words, rest: rest.to_owned() })
    })
}

/// Returns the text before the closing quote, without its escapes.
fn unquoted(quoted: &str) -> String {
    let mut text = String::new();
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
        match letter {
            '\\' => text.extend(letters.next().map(|letter| match letter {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                'v' => '\u{b}',
                other => other,
            })),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn splits_options_and_values_as_curl() {
        let words = |line: &str| lines(line).flat_map(|line| line.words).collect::<Vec<_>>();
        for (line, expected) in [
            ("# note\n\n/ note\n * note", &[][..]),
            ("url = \"http://h/a b\\\"c\\t\" # note", &["--url", "http://h/a b\"c\t"]),
            ("  header: X-A;", &["--header", "X-A;"]),
            ("-d x=1\r\n-G", &["-d", "x=1", "-G"]),
            ("--data=x", &["--data=x"]),
            ("user=a:b", &["--user", "a:b"]),
            ("data = \"\"", &["--data", ""]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
        assert_eq!(lines("header = X-A: 1").next().unwrap().rest, "1");
        assert_eq!(lines("-G # note").next().unwrap().words, ["-G", "#"]);
    }
}
