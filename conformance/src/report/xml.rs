//! Text inside XML.

use std::fmt::{self, Display, Formatter};

/// A text that displays as it stands in an element or an attribute. What XML 1.0 cannot hold (section 2.2) is replaced.
pub(super) struct Xml<'a>(pub(super) &'a str);

impl Display for Xml<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut written = 0;
        for (at, character) in self.0.char_indices() {
            let instead = match character {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                // An attribute would turn these into spaces.
                '\n' => "&#10;",
                '\t' => "&#9;",
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}",
                _ => continue,
            };
            f.write_str(&self.0[written..at])?;
            f.write_str(instead)?;
            written = at + character.len_utf8();
        }
        f.write_str(&self.0[written..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_taken_for_markup_and_nothing_breaks_the_document() {
        assert_eq!(
            Xml("<a b=\"1\">&\u{0}\u{1b}\n").to_string(),
            "&lt;a b=&quot;1&quot;&gt;&amp;\u{fffd}\u{fffd}&#10;"
        );
    }
}
