//! A word as it is typed into a shell, so that the shell reads that very word.
//!
//! What a crate quotes for scripts is not enough: the command is pasted into a terminal, where an exclamation mark calls up an older
//! command, and bash makes two words of `a{b,c}`.

use std::borrow::Cow;

/// Returns the word itself if no shell does anything to it, otherwise the word in single quotes.
pub(crate) fn quote(word: &str) -> Cow<'_, str> {
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

/// Returns the word in single quotes, whatever it is.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Returns the words as a command.
pub(crate) fn join<'w>(words: impl IntoIterator<Item = &'w String>) -> String {
    words.into_iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}
