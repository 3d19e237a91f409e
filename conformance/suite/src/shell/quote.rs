//! Quotes words for a shell.
//!
//! Crates that quote for scripts are not enough: the command is pasted into a terminal, where an exclamation mark recalls an
//! older command, control characters are keys, and bash expands `a{b,c}` to two words.

use std::borrow::Cow;

use crate::safe::is_unsafe;

/// Returns the word unchanged if no shell changes it, otherwise in single quotes. Unsafe characters are written by `printf`, so
/// that none reaches the line editor of a shell.
#[must_use]
pub fn quote(word: &str) -> Cow<'_, str> {
    if is_plain(word) { Cow::Borrowed(word) } else { Cow::Owned(quoted(word)) }
}

/// Like [`quote()`], but keeps unsafe characters in single quotes: for commands that are data, such as a request in a scenario.
#[must_use]
pub(crate) fn quote_raw(word: &str) -> Cow<'_, str> {
    if is_plain(word) { Cow::Borrowed(word) } else { Cow::Owned(in_single_quotes(word)) }
}

fn is_plain(word: &str) -> bool {
    // At the beginning of a command, `A=b` is an assignment.
    let is_option = word.starts_with("--");
    let plain = |one: char| {
        one.is_ascii_alphanumeric()
            || (one == '=' && is_option)
            || matches!(one, '/' | ':' | '.' | '-' | '_' | ',' | '@' | '+')
            || !(one.is_ascii() || is_unsafe(one))
    };
    !word.is_empty() && word.chars().all(plain)
}

/// Returns the word in quotes, like [`quote()`].
#[must_use]
pub fn quoted(word: &str) -> String {
    let is_printed = |one: char| is_unsafe(one) || one == '\t';
    if !word.contains(is_printed) {
        return in_single_quotes(word);
    }
    let mut quoted = String::new();
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(is_printed).unwrap_or(rest.len());
        let (plain, after) = rest.split_at(end);
        let end = after.find(|one| !is_printed(one)).unwrap_or(after.len());
        let (printed, after) = after.split_at(end);
        if !plain.is_empty() {
            quoted.push_str(&in_single_quotes(plain));
        }
        if !printed.is_empty() {
            let octal: String = printed.bytes().map(|byte| format!("\\{byte:03o}")).collect();
            quoted.push_str(&format!("\"$(printf '{octal}')\""));
        }
        rest = after;
    }
    quoted
}

fn in_single_quotes(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Joins words to a command as data, such as a request in a scenario: unsafe characters stay.
pub fn join<'w>(words: impl IntoIterator<Item = &'w String>) -> String {
    words.into_iter().map(|word| quote_raw(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn every_shell_reads_the_same_word_and_no_control_character() {
        for word in [
            "",
            "plain-word",
            "é日本",
            "it's $HOME `x` \"y\" !z {a,b} *",
            "two\nlines\n",
            "x\u{15}touch PWNED\u{f}",
            "\u{1b}[31m\ttab\r\u{7f}",
            "a\u{202e}b\u{9b}c\u{2028}",
            "%s \\ \u{7}%d\n",
        ] {
            let quoted = quote(word);
            assert!(!quoted.contains(|one| is_unsafe(one) || one == '\t'), "{quoted:?}");
            for shell in ["sh", "bash"] {
                let script = format!("printf %s {quoted}");
                let done = Command::new(shell).args(["-c", &script]).output().unwrap();
                assert_eq!(String::from_utf8_lossy(&done.stdout), word, "{shell}: {quoted}");
            }
        }
    }
}
