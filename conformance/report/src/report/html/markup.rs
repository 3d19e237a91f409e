//! Writes HTML: escapes text, attributes and links.

use memchr::memchr3;

use conformance_suite::amount::decimal;
use conformance_suite::request::percent_encode;

/// A buffer for HTML.
pub(super) trait Markup {
    /// Writes markup without escaping.
    fn markup(&mut self, markup: &'static str) -> &mut Self;
    /// Writes text of an element.
    fn text(&mut self, text: &str) -> &mut Self;
    /// Writes the value of an attribute in double quotes.
    fn attribute(&mut self, text: &str) -> &mut Self;
    /// Writes an id as the fragment of a link.
    fn fragment(&mut self, id: &str) -> &mut Self;
    /// Writes a number.
    fn number(&mut self, number: usize) -> &mut Self;
}

impl Markup for String {
    #[inline]
    fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.push_str(markup);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        let markup = |byte: &u8| matches!(byte, b'&' | b'<' | b'>');
        if text.len() < SHORT {
            escape(self, text, |rest| rest.iter().position(markup));
        } else {
            escape(self, text, |rest| memchr3(b'&', b'<', b'>', rest));
        }
        self
    }

    fn attribute(&mut self, text: &str) -> &mut Self {
        escape(self, text, |rest| rest.iter().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"')));
        self
    }

    fn fragment(&mut self, id: &str) -> &mut Self {
        let stays =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'/' | b':');
        if id.bytes().all(stays) {
            self.push_str(id);
        } else {
            self.push_str(&percent_encode(id));
        }
        self
    }

    fn number(&mut self, number: usize) -> &mut Self {
        decimal(self, number);
        self
    }
}

/// Below this size in bytes, a simple loop is faster than the vectorised search.
const SHORT: usize = 24;

/// Writes text; `markup` finds the next byte to escape.
fn escape(out: &mut String, text: &str, markup: impl Fn(&[u8]) -> Option<usize>) {
    let mut rest = text;
    while let Some(at) = markup(rest.as_bytes()) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::Markup as _;

    #[test]
    fn nothing_of_a_text_is_taken_for_markup() {
        let text = "<a b=\"1\" c='é'>&amp;</a>";
        assert_eq!(String::new().text(text), "&lt;a b=\"1\" c='é'&gt;&amp;amp;&lt;/a&gt;");
        assert_eq!(String::new().attribute(text), "&lt;a b=&quot;1&quot; c='é'&gt;&amp;amp;&lt;/a&gt;");
        assert_eq!(String::new().text("plain, and é"), "plain, and é");
        assert_eq!(String::new().text("a<b"), "a&lt;b");
    }

    #[test]
    fn a_link_leads_to_any_id() {
        assert_eq!(String::new().fragment("a/b-1::c_2.d"), "a/b-1::c_2.d");
        assert_eq!(String::new().fragment("a b\"%é"), "a%20b%22%25%C3%A9");
    }

    #[test]
    fn numbers_are_decimal() {
        assert_eq!(String::new().number(0).markup(" ").number(90_210), "0 90210");
    }
}
