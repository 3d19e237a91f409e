//! Reads the fields of a `multipart/form-data` body (RFC 7578), as Flask's `request.form` does.
//!
//! Parts with a file name are files and are left out. Reading stops at the first malformed part: the fields before it
//! are returned.

/// The maximum length of a boundary (RFC 2046 §5.1.1). Searching a body that repeats most of a long boundary takes
/// seconds.
const MAX_BOUNDARY: usize = 70;

/// The fields of a body, in the order they were sent; bytes that are not UTF-8 are replaced.
pub(super) fn fields(content_type: &str, content: &[u8]) -> Vec<(String, String)> {
    let boundary = parameter(content_type, "boundary");
    let Some(boundary) = boundary.filter(|boundary| (1..=MAX_BOUNDARY).contains(&boundary.len())) else {
        return Vec::new();
    };
    let opening = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    // The first boundary may be at the start of the body; every other one follows a line break.
    let Some(start) = find(content, opening.as_bytes()) else { return Vec::new() };
    let mut rest = &content[start + opening.len()..];
    let mut fields = Vec::new();
    // The last boundary is followed by two dashes instead of a line break.
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let Some(end) = find(part, between.as_bytes()) else { break };
        fields.extend(field(&part[..end]));
        rest = &part[end + between.len()..];
    }
    fields
}

/// The name and the value of a part, if it is a field.
fn field(part: &[u8]) -> Option<(String, String)> {
    let head_end = find(part, b"\r\n\r\n")?;
    let (head, value) = (&part[..head_end], &part[head_end + 4..]);
    let disposition = String::from_utf8_lossy(head)
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))
        .map(|(_, value)| value.to_owned())?;
    // `filename*` is the form for names that are not ASCII (RFC 8187).
    if ["filename", "filename*"].iter().any(|name| parameter(&disposition, name).is_some()) {
        return None;
    }
    Some((parameter(&disposition, "name")?, String::from_utf8_lossy(value).into_owned()))
}

/// A parameter of a header value, without its quotes. A quoted value may contain semicolons and escaped quotes.
fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (found, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let (value, after) = if let Some(inside) = value.strip_prefix('"') {
            quoted(inside)
        } else {
            let (value, after) = value.split_once(';').unwrap_or((value, ""));
            (value.trim_end().to_owned(), after)
        };
        // A parameter without a value may precede it.
        let found = found.rsplit(';').next().unwrap_or_default();
        if found.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
}

/// The unescaped value up to the closing quote, and the text after the next semicolon.
fn quoted(inside: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            // Any other backslash is literal: old browsers send Windows paths.
            '\\' if characters.as_str().starts_with(['"', '\\']) => value.extend(characters.next()),
            other => value.push(other),
        }
    }
    (value, characters.as_str().split_once(';').map_or("", |(_, after)| after))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests;
