//! What is secret by the name before it: members of JSON, fields of a form or a query, cookies.
//!
//! In goes a text, out comes the same without what the names stand before. Nearly every text has none of the names, and is told so by one
//! look at it.

use std::borrow::Cow;
use std::sync::Arc;

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
    /// A string that is a member.
    member: Regex,
    /// A value in a form or a query. It goes on behind a blank that nobody has encoded.
    field: Regex,
}

impl Names {
    pub(super) fn new(secret: &[String]) -> Self {
        let names = secret.iter().map(|name| regex::escape(name)).collect::<Vec<_>>().join("|");
        let pattern = |pattern: &str| Regex::new(&pattern.replace("NAMES", &names)).ok();
        let patterns = || {
            Some(Arc::new(Patterns {
                names: secret.iter().map(|name| Finder::new(name).into_owned()).collect(),
                member: pattern(r#"("(?:NAMES)"\s*:\s*)"(?:[^"\\]|\\.)*""#)?,
                field: pattern(r"(^|[&?])((?:NAMES)=)[^&\s]*(?: [^&=]*)?")?,
            }))
        };
        Self(if names.is_empty() { None } else { patterns() })
    }

    /// Returns a text without the strings that are members of these names, and without the values of fields of these names.
    pub(super) fn replace<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let has_a_name = |patterns: &&Arc<Patterns>| {
            patterns.names.iter().any(|name| name.find(text.as_bytes()).is_some())
        };
        let Some(patterns) = self.0.as_ref().filter(has_a_name) else { return text };
        let text = if text.contains('"') {
            replaced(&patterns.member, text, &format!("${{1}}\"{REDACTED}\""))
        } else {
            text
        };
        if text.contains('=') {
            replaced(&patterns.field, text, &format!("${{1}}${{2}}{REDACTED}"))
        } else {
            text
        }
    }
}

fn replaced<'t>(pattern: &Regex, text: Cow<'t, str>, by: &str) -> Cow<'t, str> {
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
    use super::cookies;

    #[test]
    fn of_a_cookie_that_is_set_the_value_is_taken_out_and_of_those_that_are_sent_each() {
        assert_eq!(cookies("s=a=b; Path=/; Secure", true), "s=<redacted>; Path=/; Secure");
        assert_eq!(cookies("s=a=b; t = c;u", false), "s=<redacted>; t =<redacted>;u");
    }
}
