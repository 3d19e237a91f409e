//! Finds what a reader of a document replaces by a value, such as `<token>`, `{{token}}`, `:id` and `YOUR_KEY`, and what a document leaves out.

use std::sync::LazyLock;

use regex::Regex;

use crate::pattern;

/// Returns a remark for each placeholder in a command, and for what the document leaves out of it.
pub(super) fn remarks(command: &str) -> Vec<String> {
    let is_markup = ["</", "/>", "<?", "<!"].iter().any(|sign| command.contains(sign));
    let angles = ANGLES.find_iter(command).filter(|_| !is_markup).map(|found| found.as_str());
    let others =
        NAMES.captures_iter(command).filter_map(|found| Some(found.iter().flatten().last()?.as_str()));
    let mut remarks: Vec<String> = Vec::new();
    for name in angles.filter(|name| !name.contains("://")).chain(others) {
        let remark = format!("write a value for {name}");
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    }
    let is_word = |text: Option<char>| text.is_some_and(char::is_alphanumeric);
    let is_cut = ELISION.find_iter(command).any(|found| {
        let before = command.get(..found.start()).and_then(|before| before.chars().next_back());
        let after = command.get(found.end()..).and_then(|after| after.chars().next());
        !(found.as_str().starts_with('.') && is_word(before) && is_word(after))
    });
    if is_cut {
        remarks.push("the document shows only a part of this request".to_owned());
    }
    remarks
}

/// Returns where a printed value has a placeholder.
pub(super) fn find(value: &str) -> Option<usize> {
    let is_markup = ["</", "/>", "<?", "<!"].iter().any(|sign| value.contains(sign));
    let found = ANGLES.find(value).filter(|found| !is_markup && !found.as_str().contains("://"));
    found.or_else(|| BRACES.find(value)).map(|found| found.start())
}

/// The mark of something that a document leaves out.
pub(super) static ELISION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\[\.\.\.\]|\[…\]|<\.\.\.>|\(\.\.\.\)|<(?:snip|omitted|truncated|redacted)>|\[(?:snip|omitted|truncated|redacted)\]|…|\.{3,}",
    )
});

/// Whether a text is nothing but the mark of something that a document leaves out.
pub(super) fn is_left_out(text: &str) -> bool {
    ELISION.find(text.trim()).is_some_and(|found| found.as_str() == text.trim())
}

/// A name in angle brackets.
static ANGLES: LazyLock<Regex> = LazyLock::new(|| pattern(r"<[A-Za-z][\w .:'/-]*>"));

/// A name in double braces, or all of a value in single braces.
static BRACES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\{\{\s*[A-Za-z][\w .-]*\}\}|^\{[A-Za-z][\w .-]*\}$"));

/// A name in double braces, a segment of a path that begins with a colon, or `YOUR_KEY`.
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(\{\{\s*[A-Za-z][\w .-]*\}\})|[\w}\])]/(:[A-Za-z_]\w*)|\b(YOUR_[A-Z0-9_]*[A-Z0-9]|YOUR-[A-Z0-9-]*[A-Z0-9])",
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_each_placeholder_once() {
        for (command, name) in [
            ("curl http://h/a -H 'Authorization: Bearer <token>'", "<token>"),
            ("curl http://h/a -d '{\"id\": <user id>}'", "<user id>"),
            ("curl http://h/a -H 'A: {{token}}'", "{{token}}"),
            ("curl http://h/users/:id", ":id"),
            ("curl http://h/a -u YOUR_NAME:YOUR_NAME", "YOUR_NAME"),
        ] {
            assert_eq!(remarks(command), [format!("write a value for {name}")], "{command}");
        }
        assert_eq!(remarks("curl http://h/a -d '{\"a\": ...}'").len(), 1);
        for command in [
            "curl http://h/a -d '<a>x</a>'",
            "curl http://h:80/a -H 'Link: <http://h/b>; rel=next'",
            "curl http://h/compare/a...b",
            "curl http://h/${token} -d '{\"a\":{\"b\":1}}'",
        ] {
            assert_eq!(remarks(command), [""; 0], "{command}");
        }
    }
}
