//! Reads the fields of a `multipart/form-data` body (RFC 7578), as Flask's `request.form` has them.
//!
//! Parts with a file name are files, not fields, and are left out. What is not well formed ends the reading:
//! the fields before it are there, those after it are missing.

/// The fields of a body, in the order they were sent; bytes that are not UTF-8 are replaced.
pub(super) fn fields(content_type: &str, content: &[u8]) -> Vec<(String, String)> {
    let Some(boundary) = parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty()) else {
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
    if parameter(&disposition, "filename").is_some() {
        return None;
    }
    Some((parameter(&disposition, "name")?, String::from_utf8_lossy(value).into_owned()))
}

/// A parameter of a header's value, without its quotes.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).filter_map(|parameter| parameter.split_once('=')).find_map(|(found, value)| {
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        (found.trim().eq_ignore_ascii_case(name)).then(|| value.to_owned())
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests;
