//! Finds the dashes of lists in block style.

/// Whether the dash of a list element is at this position.
pub(super) fn is_here(text: &str, at: usize) -> bool {
    let after = text.get(at..).and_then(|text| text.strip_prefix('-'));
    after.is_some_and(|after| after.is_empty() || after.starts_with(is_blank))
}

/// Returns the position of the dash of the element whose value begins at `value`. Only blanks, comments, a tag and an anchor are
/// between them.
pub(super) fn before(text: &str, value: usize) -> Option<usize> {
    let mut end = value.min(text.len());
    loop {
        let start = text[..end].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let line = without_comment(&text[start..end]);
        let mut dashes = line.rmatch_indices('-').map(|(at, _)| at);
        // Skip the dash of a block header (`|-`) and of a name.
        let dash = dashes.find(|at| {
            let after = &line[at + 1..];
            (after.is_empty() || after.starts_with(is_blank)) && (*at == 0 || line[..*at].ends_with(is_blank))
        });
        match dash {
            Some(at) => return Some(start + at),
            None => end = start.checked_sub(1)?,
        }
    }
}

fn without_comment(line: &str) -> &str {
    let comment =
        line.match_indices('#').map(|(at, _)| at).find(|at| *at == 0 || line[..*at].ends_with(is_blank));
    &line[..comment.unwrap_or(line.len())]
}

/// Whether a character is white space or a byte order mark.
fn is_blank(one: char) -> bool {
    one.is_whitespace() || one == '\u{feff}'
}
