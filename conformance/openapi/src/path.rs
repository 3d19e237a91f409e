//! Templates of paths: `/users/{id}` (OpenAPI 3.1, section 4.8.8).

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// A template, split at its slashes.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    segments: Vec<Vec<Piece>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Parameter(String),
}

impl Template {
    /// Parses a template. A brace without its counterpart is text.
    pub(crate) fn parse(path: &str) -> Self {
        Self { segments: path.trim_start_matches('/').split('/').map(pieces).collect() }
    }

    /// Number of segments.
    pub(crate) fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether a segment has a parameter, for each segment: of two templates that match, the one whose first difference is text is
    /// more specific.
    pub(crate) fn shape(&self) -> Vec<bool> {
        let has_parameter = |pieces: &Vec<Piece>| pieces.iter().any(|one| matches!(one, Piece::Parameter(_)));
        self.segments.iter().map(has_parameter).collect()
    }

    /// Returns the raw values of the parameters if a path matches.
    pub(crate) fn matches(&self, segments: &[&str]) -> Option<BTreeMap<String, String>> {
        if segments.len() != self.segments.len() {
            return None;
        }
        let mut values = BTreeMap::new();
        for (pieces, segment) in self.segments.iter().zip(segments) {
            if !take(pieces, segment, &mut values) {
                return None;
            }
        }
        Some(values)
    }
}

/// Splits a path into its segments.
pub(crate) fn segments(path: &str) -> Vec<&str> {
    path.strip_prefix('/').unwrap_or(path).split('/').collect()
}

fn pieces(segment: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(Piece::Parameter(name.to_owned()));
        rest = after;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    pieces
}

/// Matches the pieces of a segment from left to right; a parameter ends at the last occurrence of the text after it.
fn take(pieces: &[Piece], segment: &str, values: &mut BTreeMap<String, String>) -> bool {
    match pieces {
        [] => segment.is_empty(),
        [Piece::Text(text)] => {
            text == segment || percent_decode_str(segment).decode_utf8().is_ok_and(|decoded| decoded == *text)
        }
        [Piece::Text(text), rest @ ..] => {
            segment.strip_prefix(text.as_str()).is_some_and(|segment| take(rest, segment, values))
        }
        [Piece::Parameter(name)] => {
            values.insert(name.clone(), segment.to_owned());
            !segment.is_empty()
        }
        [Piece::Parameter(name), rest @ ..] => {
            let Some(Piece::Text(text)) = rest.first() else { return false };
            let Some(at) = segment.rfind(text.as_str()).filter(|at| *at > 0) else { return false };
            let (value, after) = segment.split_at(at);
            values.insert(name.clone(), value.to_owned());
            take(rest, after, values)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(template: &str, path: &str) -> Option<String> {
        let values = Template::parse(template).matches(&segments(path))?;
        Some(values.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn matches_templates_segment_by_segment() {
        assert_eq!(matched("/users/{id}", "/users/7").as_deref(), Some("id=7"));
        assert_eq!(matched("/users/{id}", "/users/"), None);
        assert_eq!(matched("/users/{id}", "/users/7/x"), None);
        assert_eq!(matched("/f/{name}.{ending}", "/f/a.b.json").as_deref(), Some("ending=json name=a.b"));
        assert_eq!(matched("/", "/").as_deref(), Some(""));
        assert_eq!(matched("/a b", "/a%20b").as_deref(), Some(""));
        assert_eq!(matched("/{odd", "/{odd").as_deref(), Some(""));
    }
}
