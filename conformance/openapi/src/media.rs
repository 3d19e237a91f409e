//! Media types: which entry of `content` describes a message (OpenAPI 3.1, section 4.8.14; RFC 9110, section 8.3.1).

/// Returns the media type of a `Content-Type` without its parameters, in lower case.
pub(crate) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Returns how closely a media type range matches a media type: 3 exactly, 2 for `type/*`, 1 for `*/*`.
pub(crate) fn closeness(range: &str, media_type: &str) -> Option<u8> {
    let range = essence(range);
    if range == media_type {
        return Some(3);
    }
    match range.split_once('/')? {
        ("*", "*") => Some(1),
        (kind, "*") => (media_type.split('/').next() == Some(kind)).then_some(2),
        _ => None,
    }
}

/// Whether a media type is JSON (RFC 6839, section 3.1).
pub(crate) fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json") || media_type == "text/json"
}

/// Whether a media type is that of an HTML form.
pub(crate) fn is_form(media_type: &str) -> bool {
    media_type == "application/x-www-form-urlencoded"
}
