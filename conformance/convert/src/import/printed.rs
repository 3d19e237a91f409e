//! Splits the output of a curl command into the head that `-v` or `-i` prints and the body.

use std::sync::LazyLock;

use regex::Regex;

use super::fresh::is_left_out;
use crate::pattern;
use conformance_suite::request::is_token;

/// The status and the header fields of a response, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// The status, unless only header fields are printed.
    pub(super) status: Option<u16>,
    pub(super) headers: Vec<(String, String)>,
}

impl Head {
    /// The value of Content-Length.
    pub(super) fn length(&self) -> Option<usize> {
        let field = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        field.and_then(|(_, length)| length.trim().parse().ok())
    }
}

/// An output of curl.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Printed {
    pub(super) head: Option<Head>,
    pub(super) body: String,
}

/// Splits an output.
pub(super) fn read(output: &str) -> Printed {
    let lines: Vec<&str> = output.split_inclusive('\n').collect();
    let (head, body) = match lines.iter().rposition(|line| VERBOSE.is_match(line)) {
        Some(at) => verbose(lines.get(at..).unwrap_or_default()),
        None => match lines.iter().position(|line| FIELD.is_match(line)) {
            Some(at) => verbose(lines.get(at..).unwrap_or_default()),
            None => included(&lines),
        },
    };
    Printed { head, body }
}

/// Parses the output of `-v` from the last status line on; earlier lines belong to the request and to redirects.
fn verbose(lines: &[&str]) -> (Option<Head>, String) {
    let own = |line: &&&str| line.starts_with("< ") || line.trim_end() == "<";
    let head: Vec<&str> = lines.iter().take_while(own).map(|line| line[1..].trim()).collect();
    let mut body = String::new();
    for line in &lines[head.len()..] {
        let is_log = ["* ", "> ", "{ [", "} ["].iter().any(|mark| line.starts_with(mark));
        if !is_log && !is_progress(line) {
            // If the body has no newline at its end, curl's message about the connection follows on the same line.
            body.push_str(END.find(line).map_or(line, |end| &line[..end.start()]));
        }
    }
    (parse(&head), body)
}

/// Parses the output of `-i` or `-I`: heads, each with an empty line after it, then the body.
///
/// Documents leave out fields, or the empty line before JSON or HTML.
fn included(lines: &[&str]) -> (Option<Head>, String) {
    let lines: Vec<&str> = lines.iter().copied().filter(|line| !is_progress(line)).collect();
    let mut rest = lines.as_slice();
    let mut head = None;
    while rest.first().is_some_and(|line| STATUS.is_match(line)) {
        let ends =
            |line: &&str| line.trim().is_empty() || is_left_out(line) || line.starts_with(['{', '[', '<']);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        head = parse(&rest[..length].iter().map(|line| line.trim()).collect::<Vec<_>>());
        rest = rest.get(length..).unwrap_or_default();
        if rest.first().is_some_and(|line| is_left_out(line)) {
            rest = rest.get(1..).unwrap_or_default();
        }
        if rest.first().is_some_and(|line| line.trim().is_empty()) {
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    (head, rest.concat())
}

fn parse(lines: &[&str]) -> Option<Head> {
    let (first, rest) = lines.split_first()?;
    let status = STATUS.captures(first).and_then(|found| found[1].parse().ok());
    let rest = if status.is_some() { rest } else { lines };
    let field = |line: &&str| {
        let (name, value) = line.split_once(':')?;
        is_token(name.trim()).then(|| (name.trim().to_owned(), value.trim().to_owned()))
    };
    Some(Head { status, headers: rest.iter().filter_map(field).collect() })
}

/// Whether a line belongs to curl's progress meter.
fn is_progress(line: &str) -> bool {
    line.starts_with("  % Total ")
        || line.trim_start().starts_with("Dload  Upload")
        || PROGRESS.is_match(line)
        || line.starts_with("Note: Unnecessary use of -X")
}

/// A header field in the output of `-v`.
static FIELD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^< [A-Za-z][\w-]*: "));
static STATUS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^HTTP/\d(?:\.\d)? (\d{3})\b"));
static VERBOSE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^< HTTP/\d(?:\.\d)? \d{3}\b"));
static PROGRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*\d+\s+\d+\s+\d+\s+\d+.*--:--"));
static END: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\* (?:Connection #\d+ to host|Closing connection|Curl_http_done)"));

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "as `read` returns it")]
    fn head(status: u16, headers: &[(&str, &str)]) -> Option<Head> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Some(Head { status: Some(status), headers: headers.collect() })
    }

    fn split(output: &str) -> (Option<Head>, String) {
        let printed = read(output);
        (printed.head, printed.body)
    }

    #[test]
    fn reads_fields_of_curl_verbose_without_a_status_line() {
        let (head, body) = split("< a: b\n< c: d\n{}\n");
        let head = head.unwrap();
        assert_eq!((head.status, head.headers.len(), body.as_str()), (None, 2, "{}\n"));
    }

    #[test]
    fn output_without_a_head_is_the_body() {
        assert_eq!(split("{}\n"), (None, "{}\n".to_owned()));
        assert_eq!(split(""), (None, String::new()));
    }

    #[test]
    fn removes_the_log_lines_of_curl_verbose() {
        let output = "* Trying\n> GET / HTTP/1.1\n> \n< HTTP/1.1 100 Continue\n< \n< HTTP/1.0 200 OK\n< A: b: c\n< \n{ [5 bytes data]\n<p>\n* Closing connection 0\n";
        assert_eq!(split(output), (head(200, &[("A", "b: c")]), "<p>\n".to_owned()));
    }

    #[test]
    fn cuts_the_connection_message_after_a_body_without_newline() {
        let output = "< HTTP/2 404\n< \nno* Connection #0 to host h left intact\n";
        assert_eq!(split(output), (head(404, &[]), "no".to_owned()));
    }

    #[test]
    fn a_head_ends_where_the_document_leaves_out_fields_or_begins_the_body() {
        for output in
            ["HTTP/1.1 200 OK\n...\n[1]\n", "HTTP/1.1 200 OK\n...\n\n[1]\n", "HTTP/1.1 200 OK\n[1]\n"]
        {
            assert_eq!(split(output), (head(200, &[]), "[1]\n".to_owned()), "{output}");
        }
        assert_eq!(split("HTTP/1.1 200 OK\nA: 1\n[...]\n"), (head(200, &[("A", "1")]), String::new()));
    }

    #[test]
    fn uses_the_last_of_several_heads() {
        let output = "HTTP/1.1 301 Moved\r\nLocation: /b\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\n\r\nyes\n";
        assert_eq!(split(output), (head(200, &[("A", "1")]), "yes\n".to_owned()));
        assert_eq!(split("HTTP/1.1 204 No Content\nA: 1\n"), (head(204, &[("A", "1")]), String::new()));
    }
}
