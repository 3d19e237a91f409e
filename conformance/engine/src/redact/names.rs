//! Redacts values by their name: JSON members, form and query fields, and cookies.
//!
//! One search finds the names. Only around a name does the text have to be parsed to find the value and its end.

use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::REDACTED;
use super::secrets::merged;

/// Names of secret members and fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Option<AhoCorasick>);

impl Names {
    pub(super) fn new(names: &[String]) -> Self {
        // Without names, and with more than an automaton can have, nothing is found.
        Self(AhoCorasick::new(names.iter().filter(|name| !name.is_empty())).ok())
    }

    /// Returns the ranges of the values of these members and fields.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let names = self.0.iter().flat_map(|names| names.find_overlapping_iter(text));
        let values = names.filter_map(|name| {
            member(text, name.start(), name.end()).or_else(|| field(text, name.start(), name.end()))
        });
        merged(values.collect())
    }
}

/// Returns the string of a JSON member, without its quotes. If it does not end because the text was cut, it extends to the end.
fn member(text: &str, at: usize, end: usize) -> Option<Range<usize>> {
    let rest = text[..at].ends_with('"').then(|| text[end..].strip_prefix('"'))??;
    let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let mut escaped = false;
    let ends = value.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    let start = text.len() - value.len();
    Some(start..ends.map_or(text.len(), |length| start + length))
}

/// Returns the value of a form or query field. An unencoded space does not end it.
fn field(text: &str, at: usize, end: usize) -> Option<Range<usize>> {
    let begins = at == 0 || text[..at].ends_with(['&', '?']);
    let value = begins.then(|| text[end..].strip_prefix('='))??;
    let word = value.find(|one: char| one == '&' || one.is_whitespace()).unwrap_or(value.len());
    let more = if value[word..].starts_with(' ') { value[word..].find(['&', '=']) } else { Some(0) };
    let start = end + 1;
    Some(start..more.map_or(text.len(), |more| start + word + more))
}

/// Redacts the values of a list of cookies, or only the first one for `Set-Cookie`.
pub(super) fn cookies(text: &str, first_only: bool) -> String {
    let mut shown = String::with_capacity(text.len() + REDACTED.len());
    let mut done = false;
    for (index, pair) in text.split(';').enumerate() {
        shown.push_str(if index > 0 { ";" } else { "" });
        match pair.split_once('=') {
            Some((name, _)) if !done => {
                done = first_only;
                shown.extend([name, "=", REDACTED]);
            }
            _ => shown.push_str(pair),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Names, cookies};
    use crate::redact::{redacted as placeholder, replace};

    fn redacted(names: &Names, text: &str) -> String {
        replace(text, &names.find(text), placeholder)
    }

    #[test]
    fn redacts_members_and_fields() {
        let names = Names::new(&["pwd".to_owned(), "token".to_owned(), String::new()]);
        for (text, shown) in [
            (r#"{"pwd": "a", "token":"b\"c"}"#, r#"{"pwd": "<redacted>", "token":"<redacted>"}"#),
            ("{\"pwd\" :\n \"\", \"x\": \"pwd\"}", "{\"pwd\" :\n \"<redacted>\", \"x\": \"pwd\"}"),
            (r#"{"pwd": 1, "pwd2": "a", "my pwd": "b"}"#, r#"{"pwd": 1, "pwd2": "a", "my pwd": "b"}"#),
            (r#"{"pwd": "half an answ"#, r#"{"pwd": "<redacted>"#),
            (r#"{"pwd": "a\\", "b": "c"}"#, r#"{"pwd": "<redacted>", "b": "c"}"#),
            ("pwd=a%20b&x=1&token=&y=2", "pwd=<redacted>&x=1&token=<redacted>&y=2"),
            ("/p?pwd=a b c&x=1", "/p?pwd=<redacted>&x=1"),
            ("pwd=a b=c", "pwd=<redacted>=c"),
            ("pwd=a\nb=c", "pwd=<redacted>\nb=c"),
            ("xpwd=a&pwd2=b", "xpwd=a&pwd2=b"),
            ("a=1&token=é", "a=1&token=<redacted>"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(redacted(&names, text), shown, "{text}");
        }
    }

    #[test]
    fn finds_one_of_many_names() {
        let names: Vec<String> = (0..30_000).map(|number| format!("name-of-a-secret-{number}")).collect();
        let many = Names::new(&names);
        assert_eq!(redacted(&many, "a=1&name-of-a-secret-7=2"), "a=1&name-of-a-secret-7=<redacted>");
        assert_eq!(redacted(&many, "a=1&b=2"), "a=1&b=2");
    }

    #[test]
    fn redacts_one_set_cookie_and_all_sent_cookies() {
        assert_eq!(cookies("s=a=b; Path=/; Secure", true), "s=<redacted>; Path=/; Secure");
        assert_eq!(cookies("s=a=b; t = c;u", false), "s=<redacted>; t =<redacted>;u");
    }
}
