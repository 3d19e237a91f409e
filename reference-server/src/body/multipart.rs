//! Reads the fields of a `multipart/form-data` body (RFC 7578), as Flask's `request.form` has them.
//!
//! Parts with a file name are files, not fields, and are left out. What is not well formed ends the reading:
//! the fields before it are there, those after it are missing.

/// How long a boundary may be (RFC 2046 §5.1.1). Looking for a long one in a body that is nearly full of it takes seconds.
const MAX_BOUNDARY: usize = 70;

/// The fields of a body, in the order they were sent; bytes that are not UTF-8 are replaced.
pub(super) fn fields(content_type: &str, content: &[u8]) -> Vec<(String, String)> {
    let boundary = parameter(content_type, "boundary");
    let Some(boundary) = boundary.filter(|boundary| (1..=MAX_BOUNDARY).contains(&boundary.len())) else {
        return Vec::new();
    };
    let opening = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    // The first boundary may open the body; every other stands on a line of its own.
    let Some(start) = find(content, opening.as_bytes()) else { return Vec::new() };
    let mut rest = &content[start + opening.len()..];
    let mut fields = Vec::new();
    // After the last boundary come two dashes instead of a new line.
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let Some(end) = find(part, between.as_bytes()) else { break };
        fields.extend(field(&part[..end]));
        rest = &part[end + between.len()..];
    }
    fields
}

/// Name and value of one part, if it is a field.
fn field(part: &[u8]) -> Option<(String, String)> {
    let head_end = find(part, b"\r\n\r\n")?;
    let (head, value) = (&part[..head_end], &part[head_end + 4..]);
    let disposition = String::from_utf8_lossy(head)
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))
        .map(|(_, value)| value.to_owned())?;
    // The second is how names that are not ASCII are written (RFC 8187).
    if ["filename", "filename*"].iter().any(|name| parameter(&disposition, name).is_some()) {
        return None;
    }
    Some((parameter(&disposition, "name")?, String::from_utf8_lossy(value).into_owned()))
}

/// A parameter of a header's value, without its quotes. What stands in quotes may hold semicolons, and quotes behind a
/// backslash.
fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (found, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let (value, behind) = if let Some(inside) = value.strip_prefix('"') {
            quoted(inside)
        } else {
            let (value, behind) = value.split_once(';').unwrap_or((value, ""));
            (value.trim_end().to_owned(), behind)
        };
        // A parameter without a value stands before the one with it.
        let found = found.rsplit(';').next().unwrap_or_default();
        if found.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = behind;
    }
}

/// What stands before the closing quote, and what comes behind the semicolon after it.
fn quoted(inside: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            // A backslash before anything else is one: old browsers send paths of Windows.
            '\\' if characters.as_str().starts_with(['"', '\\']) => value.extend(characters.next()),
            other => value.push(other),
        }
    }
    (value, characters.as_str().split_once(';').map_or("", |(_, behind)| behind))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests;
