//! What a command has printed, taken apart: the head that `-v` or `-i` shows, and the body.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern;
use crate::request::is_token;

/// The status and the header fields of an answer, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
}

/// Returns the head, where one is printed, and the body.
pub(super) fn read(output: &str) -> (Option<Head>, String) {
    let lines: Vec<&str> = output.split_inclusive('\n').collect();
    match lines.iter().rposition(|line| VERBOSE.is_match(line)) {
        Some(at) => verbose(&lines[at..]),
        None => included(&lines),
    }
}

/// Reads what `-v` prints from the last status line on; what stands before it belongs to the request and to former hops.
fn verbose(lines: &[&str]) -> (Option<Head>, String) {
    let own = |line: &&&str| line.starts_with("< ") || line.trim_end() == "<";
    let head: Vec<&str> = lines.iter().take_while(own).map(|line| line[1..].trim()).collect();
    let mut body = String::new();
    for line in &lines[head.len()..] {
        let talk = ["* ", "> ", "{ [", "} ["].iter().any(|mark| line.starts_with(mark));
        if !talk && !is_progress(line) {
            // A body without a line end has what curl says of the connection behind it.
            body.push_str(END.find(line).map_or(line, |end| &line[..end.start()]));
        }
    }
    (parse(&head), body)
}

/// Reads what `-i` or `-I` prints: heads, an empty line behind each, and the body behind the last.
fn included(lines: &[&str]) -> (Option<Head>, String) {
    let lines: Vec<&str> = lines.iter().copied().filter(|line| !is_progress(line)).collect();
    let mut rest = lines.as_slice();
    let mut head = None;
    while rest.first().is_some_and(|line| STATUS.is_match(line)) {
        let length = rest.iter().position(|line| line.trim().is_empty()).unwrap_or(rest.len());
        head = parse(&rest[..length].iter().map(|line| line.trim()).collect::<Vec<_>>());
        rest = &rest[(length + 1).min(rest.len())..];
    }
    (head, rest.concat())
}

fn parse(lines: &[&str]) -> Option<Head> {
    let (first, rest) = lines.split_first()?;
    let status = STATUS.captures(first)?[1].parse().ok()?;
    let field = |line: &&str| {
        let (name, value) = line.split_once(':')?;
        is_token(name.trim()).then(|| (name.trim().to_owned(), value.trim().to_owned()))
    };
    Some(Head { status, headers: rest.iter().filter_map(field).collect() })
}

/// The table that curl prints when its output goes elsewhere.
fn is_progress(line: &str) -> bool {
    line.starts_with("  % Total ")
        || line.trim_start().starts_with("Dload  Upload")
        || PROGRESS.is_match(line)
        || line.starts_with("Note: Unnecessary use of -X")
}

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
        Some(Head { status, headers: headers.collect() })
    }

    #[test]
    fn what_is_printed_without_a_head_is_the_body() {
        assert_eq!(read("{}\n"), (None, "{}\n".to_owned()));
        assert_eq!(read(""), (None, String::new()));
    }

    #[test]
    fn the_talk_of_v_is_taken_off() {
        let output = "* Trying\n> GET / HTTP/1.1\n> \n< HTTP/1.1 100 Continue\n< \n< HTTP/1.0 200 OK\n< A: b: c\n< \n{ [5 bytes data]\n<p>\n* Closing connection 0\n";
        assert_eq!(read(output), (head(200, &[("A", "b: c")]), "<p>\n".to_owned()));
    }

    #[test]
    fn a_body_without_a_line_end_is_cut_before_curl_speaks() {
        let output = "< HTTP/2 404\n< \nno* Connection #0 to host h left intact\n";
        assert_eq!(read(output), (head(404, &[]), "no".to_owned()));
    }

    #[test]
    fn of_the_heads_that_i_prints_the_last_counts() {
        let output = "HTTP/1.1 301 Moved\r\nLocation: /b\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\n\r\nyes\n";
        assert_eq!(read(output), (head(200, &[("A", "1")]), "yes\n".to_owned()));
        assert_eq!(read("HTTP/1.1 204 No Content\nA: 1\n"), (head(204, &[("A", "1")]), String::new()));
    }
}
