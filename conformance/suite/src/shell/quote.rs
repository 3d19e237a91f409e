//! Quotes words for a shell.
//!
//! Crates that quote for scripts are not enough: the command is pasted into a terminal, where an exclamation mark recalls an
//! older command, control characters are keys, and bash expands `a{b,c}` to two words.

use std::borrow::Cow;

use crate::safe::{commands, is_unsafe};

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

/// Returns the word in quotes, like [`quote()`]. What would be a command in the log of a CI system is written by `printf` too.
#[must_use]
pub fn quoted(word: &str) -> String {
    let commands = commands(word);
    let is_printed = |at, one| is_unsafe(one) || one == '\t' || commands.binary_search(&at).is_ok();
    let characters: Vec<(bool, char)> =
        word.char_indices().map(|(at, one)| (is_printed(at, one), one)).collect();
    if !characters.iter().any(|(printed, _)| *printed) {
        return in_single_quotes(word);
    }
    let parts = characters.chunk_by(|(one, _), (next, _)| one == next);
    let quoted = parts.map(|part| {
        let text: String = part.iter().map(|(_, one)| *one).collect();
        if part.iter().all(|(printed, _)| !printed) {
            return in_single_quotes(&text);
        }
        let octal: String = text.bytes().map(|byte| format!("\\{byte:03o}")).collect();
        format!("\"$(printf '{octal}')\"")
    });
    quoted.collect()
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
            "a\n ::error::b\n##[c] ##vso[d]e",
        ] {
            let quoted = quote(word);
            assert!(!quoted.contains(|one| is_unsafe(one) || one == '\t'), "{quoted:?}");
            assert!(commands(&quoted).is_empty(), "{quoted:?}");
            for shell in ["sh", "bash"] {
                let script = format!("printf %s {quoted}");
                let done = Command::new(shell).args(["-c", &script]).output().unwrap();
                assert_eq!(String::from_utf8_lossy(&done.stdout), word, "{shell}: {quoted}");
            }
        }
    }
}
