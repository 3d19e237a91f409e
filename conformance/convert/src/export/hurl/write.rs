//! Escapes texts, patterns and paths for Hurl, and replaces marks by Hurl variables.

use crate::export::mark::unmark;
use conformance_suite::json::unescape;
use conformance_suite::safe::is_unsafe;

/// Escapes an unquoted text.
pub(super) fn written(text: &str) -> String {
    escaped(text, '#')
}

/// Escapes and quotes a text.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text, '"'))
}

/// Formats a reference to a variable of any type.
pub(super) fn variable(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

fn escaped(text: &str, special: char) -> String {
    let mut written = String::new();
    let mut before = ' ';
    for one in text.chars() {
        match one {
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '{' if before == '{' => written.push_str("\\u{7b}"),
            one if one == special => written.extend(['\\', one]),
            one if is_unsafe(one) => written.push_str(&format!("\\u{{{:x}}}", u32::from(one))),
            one => written.push(one),
        }
        before = one;
    }
    unmark(&written, variable)
}

/// Escapes the spaces of a header value that Hurl would drop: repeated ones and those at the ends.
pub(super) fn spaced(value: &str) -> String {
    let mut spaced = String::new();
    for (at, one) in value.char_indices() {
        let lone = !value[..at].ends_with(' ') && at > 0 && at + 1 < value.len();
        spaced.push_str(if one == ' ' && !lone { "\\u{20}" } else { &value[at..at + one.len_utf8()] });
    }
    spaced
}

/// Formats a regular expression, between slashes or, if it has newlines, in quotes.
pub(super) fn pattern(regex: &str) -> String {
    if regex.contains(['\n', '\r']) {
        return quoted(regex);
    }
    let mut written = String::from("/");
    let mut escaped = false;
    for one in regex.chars() {
        if one == '/' && !escaped {
            written.push('\\');
        }
        escaped = one == '\\' && !escaped;
        written.push(one);
    }
    written + "/"
}

/// Formats a string literal of `JSONPath` (RFC 9535, section 2.3.1).
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::from("'");
    for one in text.chars() {
        match one {
            '\\' | '\'' => literal.extend(['\\', one]),
            one if is_unsafe(one) || one < ' ' => {
                for unit in one.encode_utf16(&mut [0; 2]) {
                    literal.push_str(&format!("\\u{unit:04x}"));
                }
            }
            one => literal.push(one),
        }
    }
    literal + "'"
}

/// Appends a member to a path.
pub(super) fn member(path: &str, name: &str) -> String {
    format!("{path}[{}]", literal(name))
}

/// Converts a JSON Pointer to a path.
pub(super) fn path(pointer: &str) -> String {
    pointer.split('/').skip(1).fold("$".to_owned(), |path, step| {
        let step = unescape(step);
        let is_index = !step.is_empty() && step.bytes().all(|one| one.is_ascii_digit());
        if is_index { format!("{path}[{step}]") } else { member(&path, &step) }
    })
}

/// Formats a header field for Hurl.
pub(super) fn field(name: &str, value: &str) -> String {
    format!("{name}: {}", spaced(&written(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_special_characters() {
        assert_eq!(written("a # {{x}} \\d\n"), "a \\# {\\u{7b}x}} \\\\d\\n");
        assert_eq!(quoted("a # \"{{x}}\"\u{1}"), "\"a # \\\"{\\u{7b}x}}\\\"\\u{1}\"");
        assert_eq!(pattern(r"^a/b\/c\\/d$"), r"/^a\/b\/c\\\/d$/");
        assert_eq!(pattern("a\nb"), "\"a\\nb\"");
        assert_eq!(member("$", "it's\n"), r"$['it\'s\u000a']");
        assert_eq!(path("/a~1b/0/"), "$['a/b'][0]['']");
    }
}
