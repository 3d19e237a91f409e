//! Rewrites patterns of ECMA-262 that the library does not read, and explains those that stay invalid.

use std::borrow::Cow;

use regex::Regex;

use super::Library;

/// Returns a schema with the values of `pattern` and the names of `patternProperties` rewritten.
pub(super) fn rewritten(mut schema: Library) -> Library {
    rewrite(&mut schema);
    schema
}

fn rewrite(schema: &mut Library) {
    match schema {
        Library::Array(items) => items.iter_mut().for_each(rewrite),
        Library::Object(members) => {
            if let Some(Library::String(pattern)) = members.get_mut("pattern")
                && let Cow::Owned(rewritten) = translated(pattern)
            {
                *pattern = rewritten;
            }
            if let Some(Library::Object(properties)) = members.get_mut("patternProperties") {
                *properties = std::mem::take(properties)
                    .into_iter()
                    .map(|(pattern, schema)| (translated(&pattern).into_owned(), schema))
                    .collect();
            }
            // These hold values, not schemas.
            let schemas = members.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "const" | "enum"));
            schemas.for_each(|(_, member)| rewrite(member));
        }
        _ => {}
    }
}

/// Returns the pattern with `[^]` and `[]`, `\0`, a `-` next to a class such as `\w`, and `\k<name>` as the library reads them.
fn translated(pattern: &str) -> Cow<'_, str> {
    let groups: Vec<&str> = pattern
        .match_indices('(')
        .filter_map(|(at, _)| {
            let after = pattern.get(at + 1..).filter(|_| !pattern[..at].ends_with('\\'))?;
            match after.strip_prefix("?<") {
                Some(name) if !name.starts_with(['=', '!']) => name.split('>').next(),
                Some(_) => None,
                None => (!after.starts_with('?')).then_some(""),
            }
        })
        .collect();
    let mut out = String::new();
    let mut in_class = false;
    let mut rest = pattern;
    while let Some(one) = rest.chars().next() {
        let escape = |text: &str| text.strip_prefix('\\').and_then(|text| text.chars().next());
        let begins_class = |text: &str| escape(text).is_some_and(|one| "wWdDsS".contains(one));
        let number = |name: &str| groups.iter().position(|own| *own == name).map(|at| at + 1);
        let named = rest.strip_prefix(r"\k<").and_then(|rest| rest.split_once('>')).map(|(name, _)| name);
        let (length, new) = match one {
            '\\' if named.and_then(number).is_some() => {
                let name = named.unwrap_or_default();
                (name.len() + 4, format!(r"(?:\{})", number(name).unwrap_or_default()))
            }
            '\\' if escape(rest) == Some('0')
                && !rest[2..].starts_with(|next: char| next.is_ascii_digit()) =>
            {
                (2, r"\x00".to_owned())
            }
            '\\' if in_class
                && begins_class(rest)
                && rest[2..].starts_with('-')
                && !rest[3..].starts_with(']') =>
            {
                (3, format!(r"{}\-", &rest[..2]))
            }
            '\\' => {
                let length = 1 + escape(rest).map_or(0, char::len_utf8);
                (length, rest[..length].to_owned())
            }
            '-' if in_class && begins_class(&rest[1..]) => (1, r"\-".to_owned()),
            '[' if !in_class && rest.starts_with("[^]") => (3, r"[\s\S]".to_owned()),
            '[' if !in_class && rest.starts_with("[]") => (2, r"[^\s\S]".to_owned()),
            '(' if !in_class
                && pattern.contains(r"\k<")
                && rest.starts_with("(?<")
                && !rest[3..].starts_with(['=', '!']) =>
            {
                (rest.find('>').map_or(1, |end| end + 1), "(".to_owned())
            }
            '[' | ']' => {
                in_class = one == '[';
                (1, one.to_string())
            }
            other => (other.len_utf8(), other.to_string()),
        };
        out.push_str(&new);
        rest = &rest[length..];
    }
    if out == pattern { Cow::Borrowed(pattern) } else { Cow::Owned(out) }
}

/// Explains why a pattern is invalid.
pub(super) fn fault(pattern: &str) -> String {
    if let Some((_, name)) = pattern.split_once(r"\k<") {
        let name = name.split('>').next().unwrap_or_default();
        return format!("no group has the name `{name}`");
    }
    let error = Regex::new(pattern).err().map(|error| error.to_string()).unwrap_or_default();
    let cause = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    if cause.is_empty() { "it is not a pattern of ECMA-262".to_owned() } else { cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewrites_what_the_library_does_not_read() {
        for (pattern, expected) in [
            (r"^[^]+$", r"^[\s\S]+$"),
            (r"[]", r"[^\s\S]"),
            (r"a\0", r"a\x00"),
            (r"^[\w-.]+$", r"^[\w\-.]+$"),
            (r"^[.-\d]$", r"^[.\-\d]$"),
            (r"^[\w-]+\\0[a-z]$", r"^[\w-]+\\0[a-z]$"),
            (r"^(a)(?<y>b)\k<y>$", r"^(a)(b)(?:\2)$"),
            (r"(?<=a)(?<y>b)\k<x>é", r"(?<=a)(b)\k<x>é"),
            (r"\[^]", r"\[^]"),
        ] {
            assert_eq!(translated(pattern), expected);
        }
    }
}
