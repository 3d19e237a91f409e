//! Text inside XML.

use std::fmt::{self, Display, Formatter, Write as _};

/// A text that displays as it stands in an element or an attribute. What XML 1.0 cannot hold (section 2.2) is replaced.
pub(super) struct Xml<'a>(pub(super) &'a str);

impl Display for Xml<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                // An attribute would turn these into spaces.
                '\n' => f.write_str("&#10;")?,
                '\t' => f.write_str("&#9;")?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
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
