//! Formats a JSON body line by line and marks the mismatches.

use serde::Serialize;
use serde_json::Value as Json;

use conformance_engine::verdict::Finding;
use conformance_suite::json::{escape, unescape};

/// A line of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// Text of the line.
    pub(super) text: String,
    /// Whether it differs; a missing member is a line of its own.
    pub(super) mark: Mark,
    /// The expected value.
    pub(super) expected: Option<String>,
}

/// How a line differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mark {
    Same,
    Differs,
    Missing,
}

/// Returns the lines of a body with the mismatches marked; none if it is not JSON.
pub(super) fn lines(body: &str, findings: &[Finding]) -> Option<Vec<Line>> {
    let value: Json = serde_json::from_str(body).ok()?;
    let mut page = Page { findings, lines: Vec::new() };
    page.value(&value, "", "", "", 0);
    Some(page.lines)
}

struct Page<'a> {
    findings: &'a [Finding],
    lines: Vec<Line>,
}

impl Page<'_> {
    /// Writes a value between `lead` and `tail`.
    fn value(&mut self, value: &Json, pointer: &str, lead: &str, tail: &str, depth: usize) {
        let indent = "  ".repeat(depth);
        match value {
            Json::Object(members) if !members.is_empty() || self.lacks(pointer) => {
                self.line(pointer, format!("{indent}{lead}{{"));
                for (index, (name, member)) in members.iter().enumerate() {
                    let tail = if index + 1 < members.len() { "," } else { "" };
                    let below = format!("{pointer}/{}", escape(name));
                    self.value(member, &below, &format!("{}: ", Json::from(name.as_str())), tail, depth + 1);
                }
                self.missing(pointer, depth + 1);
                self.plain(format!("{indent}}}{tail}"));
            }
            Json::Array(items) if !items.is_empty() => {
                self.line(pointer, format!("{indent}{lead}["));
                for (index, item) in items.iter().enumerate() {
                    let tail = if index + 1 < items.len() { "," } else { "" };
                    self.value(item, &format!("{pointer}/{index}"), "", tail, depth + 1);
                }
                self.plain(format!("{indent}]{tail}"));
            }
            scalar => self.line(pointer, format!("{indent}{lead}{scalar}{tail}")),
        }
    }

    /// Writes the missing members of the object at `pointer`.
    fn absent(&self, pointer: &str) -> impl Iterator<Item = (&str, &Finding)> {
        let findings = self.findings.iter().filter(|finding| finding.received == "no such member");
        findings.filter_map(move |finding| {
            let (parent, name) = finding.pointer.as_deref()?.rsplit_once('/')?;
            (parent == pointer).then_some((name, finding))
        })
    }

    fn lacks(&self, pointer: &str) -> bool {
        self.absent(pointer).next().is_some()
    }

    fn missing(&mut self, pointer: &str, depth: usize) {
        let indent = "  ".repeat(depth);
        let lines: Vec<Line> = (self.absent(pointer))
            .map(|(name, finding)| Line {
                text: format!("{indent}{}", Json::from(unescape(name))),
                mark: Mark::Missing,
                expected: Some(finding.expected.clone()),
            })
            .collect();
        self.lines.extend(lines);
    }

    fn line(&mut self, pointer: &str, text: String) {
        let finding = self.findings.iter().find(|finding| finding.pointer.as_deref() == Some(pointer));
        let mark = if finding.is_some() { Mark::Differs } else { Mark::Same };
        self.lines.push(Line { text, mark, expected: finding.map(|finding| finding.expected.clone()) });
    }

    fn plain(&mut self, text: String) {
        self.lines.push(Line { text, mark: Mark::Same, expected: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use conformance_suite::source::{Source, Span};

    fn finding(pointer: &str, expected: &str, received: &str) -> Finding {
        Finding {
            place: Source::new("a.yaml", "x").place(Span::default()),
            label: String::new(),
            pointer: Some(pointer.to_owned()),
            part: None,
            expected: expected.to_owned(),
            received: received.to_owned(),
        }
    }

    #[test]
    fn marks_different_and_missing_members() {
        let findings = [finding("/a~1b/1", "3", "2"), finding("/email", "\"x\"", "no such member")];
        let lines = lines(r#"{"a/b": [1, 2], "c": {}}"#, &findings).unwrap();
        let shown: Vec<(&str, Mark)> = lines.iter().map(|line| (line.text.as_str(), line.mark)).collect();
        assert_eq!(
            shown,
            [
                ("{", Mark::Same),
                ("  \"a/b\": [", Mark::Same),
                ("    1,", Mark::Same),
                ("    2", Mark::Differs),
                ("  ],", Mark::Same),
                ("  \"c\": {}", Mark::Same),
                ("  \"email\"", Mark::Missing),
                ("}", Mark::Same),
            ]
        );
        assert_eq!(lines[3].expected.as_deref(), Some("3"));
    }

    #[test]
    fn returns_none_for_a_body_that_is_not_json() {
        assert_eq!(lines("<html>", &[]), None);
    }
}
