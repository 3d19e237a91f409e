//! Splits the output of a curl command into the head that `-v` or `-i` prints and the body.

use std::sync::LazyLock;

use regex::Regex;

use super::placeholder::is_left_out;
use crate::pattern;
use crate::transcript::is_progress;
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

/// Splits an output. If `includes`, the command prints the head: fields are a head without their status line too.
pub(super) fn read(output: &str, includes: bool) -> Printed {
    let mut lines: Vec<&str> = output.split_inclusive('\n').collect();
    // With `-f`, curl prints the status in place of the body.
    let failed = lines.iter().find_map(|line| FAILED.captures(line)?[1].parse().ok());
    lines.retain(|line| !is_progress(line) && !line.starts_with("curl: ("));
    let begin = (lines.iter().rposition(|line| VERBOSE.is_match(line)))
        .or_else(|| lines.iter().position(|line| FIELD.is_match(line)))
        .or_else(|| lines.first().filter(|line| LOG.is_match(line)).map(|_| 0));
    let (mut head, body) = match begin {
        Some(at) => verbose(lines.get(at..).unwrap_or_default()),
        None if includes => fields(&lines).unwrap_or_else(|| included(&lines)),
        None => included(&lines),
    };
    if head.is_none() {
        head = failed.map(|status| Head { status: Some(status), headers: Vec::new() });
    }
    Printed { head, body }
}

/// Parses header fields without a status line, up to an empty line.
fn fields(lines: &[&str]) -> Option<(Option<Head>, String)> {
    let end = lines.iter().position(|line| line.trim().is_empty()).unwrap_or(lines.len());
    let (head, body) = lines.split_at(end);
    let is_head = !head.is_empty() && head.iter().all(|line| NAMED.is_match(line));
    let head: Vec<&str> = head.iter().map(|line| line.trim()).collect();
    is_head.then(|| (parse(&head), body.get(1..).unwrap_or_default().concat()))
}

/// Parses the output of `-v` from the last status line on; earlier lines belong to the request and to redirects.
fn verbose(lines: &[&str]) -> (Option<Head>, String) {
    let own = |line: &&&str| line.starts_with("< ") || line.trim_end() == "<";
    let head: Vec<&str> = lines.iter().take_while(own).map(|line| line[1..].trim()).collect();
    let mut body = String::new();
    for line in &lines[head.len()..] {
        let is_log = ["* ", "> ", "{ [", "} ["].iter().any(|mark| line.starts_with(mark));
        if !is_log {
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
    let mut rest = lines;
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

/// A header field in the output of `-v`.
static FIELD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^< [A-Za-z][\w-]*: "));
static STATUS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:HTTP/\d(?:\.\d)?|Status:) (\d{3})\b"));
/// A header field.
static NAMED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[A-Za-z][\w-]*:(?:[ \t]|\s*$)"));
/// What `-v` prints first.
static LOG: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:\* +(?:Trying|Connected|Host |Hostname|About to|Rebuilt|Uses proxy|Re-using|Found bundle|Could not|Could|Note:|Added|Closing|Connection)|> [A-Z]+ \S+ HTTP/)",
    )
});
static FAILED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^curl: \(22\) The requested URL returned error: (\d{3})"));
static VERBOSE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^< HTTP/\d(?:\.\d)? \d{3}\b"));
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
        let printed = read(output, true);
        (printed.head, printed.body)
    }

    #[test]
    fn reads_heads_that_documents_print_in_other_ways() {
        let field = [("A", "1")];
        assert_eq!(split("Status: 200 OK\nA: 1\n\n{}\n"), (head(200, &field), "{}\n".to_owned()));
        let (fields, body) = split("A: 1\n\n{}\n");
        assert_eq!((fields.unwrap().status, body.as_str()), (None, "{}\n"));
        assert_eq!(read("A: 1\n\n{}\n", false).head, None);
        assert_eq!(split("*   Trying 1.2.3.4...\n{}\n* Closing connection 0\n").1, "{}\n");
        let meter =
            "  % Total    % Received\n100    15  100    15    0     0    100      0 --:--:-- --:--:--\n{}\n";
        assert_eq!(split(meter), (None, "{}\n".to_owned()));
        let failed = "curl: (22) The requested URL returned error: 404\n";
        assert_eq!(split(failed), (head(404, &[]), String::new()));
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
