//! What is secret by the name before it: members of JSON, fields of a form or a query, cookies.
//!
//! In goes a text, out comes the same with something else in the place of what the names stand before. Nearly every text has none of the
//! names, and is passed over at the speed of memory.

use std::borrow::Cow;
use std::ops::Range;

use regex::Regex;

/// The names of what is secret.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    names: Vec<String>,
    /// What finds one of them, where there is any.
    any: Option<Regex>,
}

impl Names {
    pub(super) fn new(names: &[String]) -> Self {
        let any = names.iter().map(|name| regex::escape(name)).collect::<Vec<_>>().join("|");
        Self { names: names.to_vec(), any: if names.is_empty() { None } else { Regex::new(&any).ok() } }
    }

    /// Returns a text with `instead` for the strings that are members of these names, and for the values of fields of these names.
    pub(super) fn replace<'t>(&self, text: Cow<'t, str>, instead: &str) -> Cow<'t, str> {
        if !self.any.as_ref().is_some_and(|any| any.is_match(&text)) {
            return text;
        }
        let text = replace(text, '"', &format!("\"{instead}\""), |text, _, at| self.member(text, at));
        replace(text, '=', instead, |text, done, at| self.field(text, done, at))
    }

    /// The string behind the name whose quote stands here: `"password": "…"`.
    fn member(&self, text: &str, at: usize) -> Option<Range<usize>> {
        let rest = &text[at + 1..];
        let rest = self.names.iter().find_map(|name| rest.strip_prefix(name.as_str())?.strip_prefix('"'))?;
        let value = rest.trim_start().strip_prefix(':')?.trim_start();
        let start = text.len() - value.len();
        Some(start..start + string(value.as_bytes())?)
    }

    /// The value of the field whose sign of equality stands here: `&password=…`. It goes on behind a blank that nobody has encoded.
    fn field(&self, text: &str, done: usize, at: usize) -> Option<Range<usize>> {
        let begins = |lead: &str| lead.ends_with(['&', '?']) || lead.is_empty() && done == 0;
        let before = &text[done..at];
        self.names.iter().find(|name| before.strip_suffix(name.as_str()).is_some_and(begins))?;
        let value = &text[at + 1..];
        let end = value.find(|one: char| one == '&' || one.is_whitespace()).unwrap_or(value.len());
        let more =
            value[end..].strip_prefix(' ').map_or(0, |more| 1 + more.find(['&', '=']).unwrap_or(more.len()));
        Some(at + 1..at + 1 + end + more)
    }
}

/// Returns a list of cookies with `instead` for their values; of a cookie that is set, with it for the first value.
pub(super) fn cookies<'t>(text: Cow<'t, str>, first_only: bool, instead: &str) -> Cow<'t, str> {
    let mut over = false;
    replace(text, '=', instead, |text, done, at| {
        let named = text[done..at].ends_with(|one: char| !one.is_whitespace() && !matches!(one, '=' | ';'));
        let wanted = named && !over;
        over |= named && first_only;
        wanted.then(|| at + 1..at + 1 + text[at + 1..].find(';').unwrap_or(text.len() - at - 1))
    })
}

/// Replaces what is found at a sign. Whoever finds it is told where the last one ended, and where the sign stands.
fn replace<'t>(
    text: Cow<'t, str>,
    sign: char,
    instead: &str,
    mut find: impl FnMut(&str, usize, usize) -> Option<Range<usize>>,
) -> Cow<'t, str> {
    let (mut shown, mut done) = (String::new(), 0);
    for (at, _) in text.match_indices(sign) {
        if at >= done
            && let Some(found) = find(&text, done, at)
        {
            shown.push_str(&text[done..found.start]);
            shown.push_str(instead);
            done = found.end;
        }
    }
    if done == 0 {
        return text;
    }
    shown.push_str(&text[done..]);
    Cow::Owned(shown)
}

/// The length of the string of JSON that a text begins with.
fn string(text: &[u8]) -> Option<usize> {
    let mut bytes = text.iter().enumerate();
    bytes.next().filter(|(_, first)| **first == b'"')?;
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(at + 1),
            b'\\' => drop(bytes.next().filter(|(_, escaped)| **escaped != b'\n')?),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the names and the cookies of a text are, as patterns say it.
    fn as_patterns_say(text: &str, [member, field, cookie]: &[Regex; 3]) -> [String; 3] {
        let members = member.replace_all(text, "${1}\"_\"");
        let named = field.replace_all(&members, "${1}${2}_").into_owned();
        let first = cookie.replacen(text, 1, "${1}_").into_owned();
        [named, first, cookie.replace_all(text, "${1}_").into_owned()]
    }

    #[test]
    fn ten_thousand_texts_are_shown_as_patterns_say() {
        let patterns = [
            r#"("(?:pw|p)"\s*:\s*)"(?:[^"\\]|\\.)*""#,
            r"(^|[&?])((?:pw|p)=)[^&\s]*(?: [^&=]*)?",
            r"([^=;\s]+=)[^;]*",
        ];
        let patterns = patterns.map(|pattern| Regex::new(pattern).unwrap());
        let pieces =
            ["p", "pw", "=", "&", "?", " ", "\"", ":", "\\", "é", "\n", ";", "x", "\u{a0}", "\"p\":", "&pw="];
        let names = Names::new(&["pw".to_owned(), "p".to_owned()]);
        let mut seed: u64 = 7;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % below
        };
        for _ in 0..10_000 {
            let text: String = (0..next(14)).map(|_| pieces[next(pieces.len())]).collect();
            let given = || Cow::Borrowed(text.as_str());
            let shown =
                [names.replace(given(), "_"), cookies(given(), true, "_"), cookies(given(), false, "_")];
            assert_eq!(shown, as_patterns_say(&text, &patterns), "{text:?}");
        }
    }
}
