//! The dashes of lists that are written on lines of their own.
//!
//! In goes the text of a file and a place in it, out comes where the dash in front of it stands. No value is read here.

/// Whether the dash of an element stands here.
pub(super) fn is_here(text: &str, at: usize) -> bool {
    let behind = text.get(at..).and_then(|text| text.strip_prefix('-'));
    behind.is_some_and(|behind| behind.is_empty() || behind.starts_with(is_blank))
}

/// Returns where the dash of the element stands whose value begins at `value`: between them are blanks, comments, a tag and an anchor.
pub(super) fn before(text: &str, value: usize) -> Option<usize> {
    let mut end = value.min(text.len());
    loop {
        let start = text[..end].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let line = without_comment(&text[start..end]);
        let mut dashes = line.rmatch_indices('-').map(|(at, _)| at);
        // The dash of a header (`|-`) and that of a name are none of a list.
        let dash = dashes.find(|at| {
            let behind = &line[at + 1..];
            (behind.is_empty() || behind.starts_with(is_blank))
                && (*at == 0 || line[..*at].ends_with(is_blank))
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

/// Whether a character is none that says something: a mark of the byte order may stand before all else.
fn is_blank(one: char) -> bool {
    one.is_whitespace() || one == '\u{feff}'
}
