//! What is secret by the name before it: members of JSON, fields of a form or a query, cookies.
//!
//! In goes a text, out comes the same without what the names stand before. Nearly every text has none of the names, and is told so by one
//! look at it.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use memchr::memmem::Finder;
use regex::Regex;

use super::REDACTED;

/// The names of what is secret; none where no name is.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Option<Arc<Patterns>>);

#[derive(Debug)]
struct Patterns {
    /// Each of the names.
    names: Box<[Finder<'static>]>,
    /// Any of them, as a pattern.
    any: String,
    /// A string that is a member.
    member: OnceLock<Option<Regex>>,
    /// A value in a form or a query. It goes on behind a blank that nobody has encoded.
    field: OnceLock<Option<Regex>>,
}

impl Names {
    pub(super) fn new(names: &[String]) -> Self {
        let patterns = || Patterns {
            names: names.iter().map(|name| Finder::new(name).into_owned()).collect(),
            any: names.iter().map(|name| regex::escape(name)).collect::<Vec<_>>().join("|"),
            member: OnceLock::new(),
            field: OnceLock::new(),
        };
        Self((!names.is_empty()).then(|| Arc::new(patterns())))
    }

    /// Returns a text without the strings that are members of these names, and without the values of fields of these names.
    pub(super) fn replace<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let has_a_name = |patterns: &&Arc<Patterns>| {
            patterns.names.iter().any(|name| name.find(text.as_bytes()).is_some())
        };
        let Some(patterns) = self.0.as_ref().filter(has_a_name) else { return text };
        let text = if text.contains('"') { patterns.without_members(text) } else { text };
        if text.contains('=') { patterns.without_fields(text) } else { text }
    }
}

impl Patterns {
    fn without_members<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let pattern = || self.compiled(r#"("(?:NAMES)"\s*:\s*)"(?:[^"\\]|\\.)*""#);
        replaced(self.member.get_or_init(pattern).as_ref(), text, &format!("${{1}}\"{REDACTED}\""))
    }

    fn without_fields<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let pattern = || self.compiled(r"(^|[&?])((?:NAMES)=)[^&\s]*(?: [^&=]*)?");
        replaced(self.field.get_or_init(pattern).as_ref(), text, &format!("${{1}}${{2}}{REDACTED}"))
    }

    /// A pattern is compiled when a text has a name: that takes as long as a quarter of the start.
    fn compiled(&self, pattern: &str) -> Option<Regex> {
        Regex::new(&pattern.replace("NAMES", &self.any)).ok()
    }
}

/// Of a text that has a name, and of which nobody can say where, nothing is shown.
fn replaced<'t>(pattern: Option<&Regex>, text: Cow<'t, str>, by: &str) -> Cow<'t, str> {
    let Some(pattern) = pattern else { return REDACTED.into() };
    match pattern.replace_all(&text, by) {
        Cow::Owned(shown) => Cow::Owned(shown),
        Cow::Borrowed(_) => text,
    }
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
    use super::{Names, REDACTED, cookies};

    #[test]
    fn names_that_are_too_many_for_a_pattern_hide_every_text_that_has_one() {
        let names: Vec<String> = (0..30_000).map(|number| format!("name-of-a-secret-{number}")).collect();
        let many = Names::new(&names);
        assert_eq!(many.replace("a=1&name-of-a-secret-7=2".into()), REDACTED);
        assert_eq!(many.replace("a=1&b=2".into()), "a=1&b=2");
    }

    #[test]
    fn of_a_cookie_that_is_set_the_value_is_taken_out_and_of_those_that_are_sent_each() {
        assert_eq!(cookies("s=a=b; Path=/; Secure", true), "s=<redacted>; Path=/; Secure");
        assert_eq!(cookies("s=a=b; t = c;u", false), "s=<redacted>; t =<redacted>;u");
    }
}
