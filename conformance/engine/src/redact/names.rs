//! Redacts values by their name: JSON members, form and query fields, and cookies.
//!
//! One search finds the names. Only around a name does the text have to be parsed to find the value and its end.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem::Finder;

use super::REDACTED;

/// The names of what is secret.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Arc<[Finder<'static>]>);

impl Names {
    pub(super) fn new(names: &[String]) -> Self {
        let names = names.iter().filter(|name| !name.is_empty());
        Self(names.map(|name| Finder::new(name).into_owned()).collect())
    }

    /// Returns a text without the strings that are members of these names, and without the values of fields of these names.
    pub(super) fn replace<'t>(&self, mut text: Cow<'t, str>) -> Cow<'t, str> {
        for name in &*self.0 {
            if let Some(shown) = without(&text, name) {
                text = Cow::Owned(shown);
            }
        }
        text
    }
}

/// The text without the values that stand behind a name, if there are any.
fn without(text: &str, name: &Finder) -> Option<String> {
    let (mut shown, mut done, mut from) = (String::new(), 0, 0);
    while let Some(found) = name.find(&text.as_bytes()[from..]) {
        let at = from + found;
        let end = at + name.needle().len();
        from = at + 1;
        if let Some(value) = member(text, at, end).or_else(|| field(text, at, end)) {
            shown.extend([&text[done..value.start], REDACTED]);
            done = value.end;
            from = done;
        }
    }
    (done > 0).then(|| shown + &text[done..])
}

/// The string behind a name that is a member's, without its quotes. Of one that does not end, as half an answer has it, nothing is shown.
fn member(text: &str, at: usize, end: usize) -> Option<Range<usize>> {
    let behind = text[..at].ends_with('"').then(|| text[end..].strip_prefix('"'))??;
    let value = behind.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let mut escaped = false;
    let ends = value.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    let start = text.len() - value.len();
    Some(start..ends.map_or(text.len(), |length| start + length))
}

/// The value behind a name in a form or a query. It goes on behind a blank that nobody has encoded.
fn field(text: &str, at: usize, end: usize) -> Option<Range<usize>> {
    let begins = at == 0 || text[..at].ends_with(['&', '?']);
    let value = begins.then(|| text[end..].strip_prefix('='))??;
    let word = value.find(|one: char| one == '&' || one.is_whitespace()).unwrap_or(value.len());
    let more = if value[word..].starts_with(' ') { value[word..].find(['&', '=']) } else { Some(0) };
    let start = end + 1;
    Some(start..more.map_or(text.len(), |more| start + word + more))
}

/// Returns a list of cookies without their values; of a cookie that is set, without the first value.
pub(super) fn cookies(text: &str, first_only: bool) -> String {
    let mut shown = String::with_capacity(text.len() + REDACTED.len());
    let mut over = false;
    for (index, pair) in text.split(';').enumerate() {
        shown.push_str(if index > 0 { ";" } else { "" });
        match pair.split_once('=') {
            Some((name, _)) if !over => {
                over = first_only;
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

    #[test]
    fn members_and_fields_of_a_name_lose_their_values() {
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
            assert_eq!(names.replace(text.into()), shown, "{text}");
        }
    }

    #[test]
    fn there_may_be_many_names() {
        let names: Vec<String> = (0..30_000).map(|number| format!("name-of-a-secret-{number}")).collect();
        let many = Names::new(&names);
        assert_eq!(many.replace("a=1&name-of-a-secret-7=2".into()), "a=1&name-of-a-secret-7=<redacted>");
        assert_eq!(many.replace("a=1&b=2".into()), "a=1&b=2");
    }

    #[test]
    fn of_a_cookie_that_is_set_the_value_is_taken_out_and_of_those_that_are_sent_each() {
        assert_eq!(cookies("s=a=b; Path=/; Secure", true), "s=<redacted>; Path=/; Secure");
        assert_eq!(cookies("s=a=b; t = c;u", false), "s=<redacted>; t =<redacted>;u");
    }
}
