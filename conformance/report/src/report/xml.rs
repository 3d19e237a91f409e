//! Escapes text for XML.

use std::fmt::{self, Display, Formatter};

/// Text for an element or an attribute. Characters that XML 1.0 does not allow (section 2.2) are replaced.
pub(super) struct Xml<'a>(pub(super) &'a str);

impl Xml<'_> {
    /// Writes the text for an element, with its line breaks.
    pub(super) fn in_element(&self, out: &mut String) {
        self.pieces("\n", |piece| out.push_str(piece));
    }

    /// Writes the text for an attribute, with escaped line breaks: XML parsers turn plain ones into spaces.
    pub(super) fn in_attribute(&self, out: &mut String) {
        self.pieces("&#10;", |piece| out.push_str(piece));
    }

    /// Passes the text to a function piece by piece; characters that need no escape are passed together.
    fn pieces(&self, newline: &'static str, mut tell: impl FnMut(&str)) {
        let text = self.0;
        let (mut written, mut at) = (0, 0);
        while let Some(byte) = text.as_bytes().get(at) {
            let start = at;
            at += 1;
            let instead = match byte {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                b'\n' => newline,
                b'\t' => "&#9;",
                0..=0x1f => "\u{fffd}",
                // U+FFFE and U+FFFF, which begin with this byte.
                0xef if matches!(text.get(start..start + 3), Some("\u{fffe}" | "\u{ffff}")) => {
                    at += 2;
                    "\u{fffd}"
                }
                _ => continue,
            };
            tell(&text[written..start]);
            tell(instead);
            written = at;
        }
        tell(&text[written..]);
    }
}

impl Display for Xml<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(self.0.len());
        self.in_attribute(&mut text);
        f.write_str(&text)
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
        assert_eq!(Xml("é\u{ffff}\u{fffd}…\u{fffe}").to_string(), "é\u{fffd}\u{fffd}…\u{fffd}");
    }

    #[test]
    fn lines_may_end_in_an_element() {
        let mut text = String::new();
        Xml("a\tb\n<c>").in_element(&mut text);
        assert_eq!(text, "a&#9;b\n&lt;c&gt;");
    }
}
