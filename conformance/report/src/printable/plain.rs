//! Removes the escape sequences of a terminal.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// Escape sequences of a terminal: CSI, OSC and other strings, and the two-character ones (ECMA-48, section 5).
static SEQUENCE: LazyLock<Regex> = LazyLock::new(|| {
    let sequence = r"(?:\x1b\[|\x{9b})[\x20-\x3f]*[\x40-\x7e]?|(?:\x1b[\]PX^_]|[\x{90}\x{98}\x{9d}-\x{9f}])[^\x07\x1b\x{9c}\n]*(?:\x07|\x1b\\|\x{9c})?|\x1b[\x20-\x2f]*[\x30-\x7e]?";
    #[expect(clippy::expect_used, reason = "the pattern is constant and every test of a report reads it")]
    Regex::new(sequence).expect("a valid pattern")
});

/// Removes the escape sequences of a terminal, such as colours.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    SEQUENCE.replace_all(text, "")
}
