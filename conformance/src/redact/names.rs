//! What is secret by the name before it: members of JSON, fields of a form or a query, cookies.
//!
//! In goes a text, out comes the same without what the names stand before. Nearly every text has none of the names, and is told so by one
//! look at it.

use std::borrow::Cow;
use std::sync::Arc;

use regex::Regex;

use super::REDACTED;

/// The names of what is secret; none where no name is.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Option<Arc<Patterns>>);

#[derive(Debug)]
struct Patterns {
    /// Any of the names.
    name: Regex,
    /// A string that is a member.
    member: Regex,
    /// A value in a form or a query. It goes on behind a blank that nobody has encoded.
    field: Regex,
}

impl Names {
    pub(super) fn new(names: &[String]) -> Self {
        let names = names.iter().map(|name| regex::escape(name)).collect::<Vec<_>>().join("|");
        let pattern = |pattern: &str| Regex::new(&pattern.replace("NAMES", &names)).ok();
        let patterns = || {
            Some(Arc::new(Patterns {
                name: pattern("NAMES")?,
                member: pattern(r#"("(?:NAMES)"\s*:\s*)"(?:[^"\\]|\\.)*""#)?,
                field: pattern(r"(^|[&?])((?:NAMES)=)[^&\s]*(?: [^&=]*)?")?,
            }))
        };
        Self(if names.is_empty() { None } else { patterns() })
    }

    /// Returns a text without the strings that are members of these names, and without the values of fields of these names.
    pub(super) fn replace<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let Some(patterns) = self.0.as_ref().filter(|patterns| patterns.name.is_match(&text)) else {
            return text;
        };
        let text = replaced(&patterns.member, text, &format!("${{1}}\"{REDACTED}\""));
        replaced(&patterns.field, text, &format!("${{1}}${{2}}{REDACTED}"))
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
    let mut over = false;
    let shown = text.split(';').map(|pair| match pair.split_once('=') {
        Some((name, _)) if !over => {
            over = first_only;
            format!("{name}={REDACTED}").into()
        }
        _ => Cow::Borrowed(pair),
    });
    shown.collect::<Vec<_>>().join(";")
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
