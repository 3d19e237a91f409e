//! Quotes words for a shell.
//!
//! Crates that quote for scripts are not enough: the command is pasted into a terminal, where an exclamation mark recalls an
//! older command, and bash expands `a{b,c}` to two words.

use std::borrow::Cow;

/// Returns the word unchanged if no shell changes it, otherwise in single quotes.
#[must_use]
pub fn quote(word: &str) -> Cow<'_, str> {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'/' | b':' | b'.' | b'-' | b'_' | b',' | b'@' | b'+')
            || !byte.is_ascii()
    };
    if !word.is_empty() && word.bytes().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(quoted(word))
}

/// Returns the word in single quotes.
#[must_use]
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Joins words to a command.
pub fn join<'w>(words: impl IntoIterator<Item = &'w String>) -> String {
    words.into_iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}
