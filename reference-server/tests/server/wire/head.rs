//! Rows about the request line and the fields (RFC 9112 §2, §3, §5; RFC 9110 §5, §10.1.1).

use super::{Closed, Open, Row, row};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn rows() -> Vec<Row> {
    let get = |fields: &str| format!("GET /api/v1/status HTTP/1.1\r\n{fields}\r\n");
    let line =
        |line: &str| format!("{line}\r\nHost: x\r\n\r\nGET /api/v1/forbidden HTTP/1.1\r\nHost: x\r\n\r\n");
    vec![
        // Lines (§2.2).
        row("a request is answered", &get("Host: x\r\n"), &[200], Open),
        row(
            "empty lines before a request are ignored",
            &format!("\r\n\r\n{}", get("Host: x\r\n")),
            &[200],
            Open,
        ),
        row(
            "pipelined requests are answered in order",
            &format!(
                "{}GET /api/v1/stats HTTP/1.1\r\nHost: x\r\n\r\nGET /nope HTTP/1.1\r\nHost: x\r\n\r\n",
                get("Host: x\r\n")
            ),
            &[200, 200, 404],
            Open,
        ),
        row(
            "bytes after a request with close are never read",
            &format!("{}{}", get("Host: x\r\nConnection: close\r\n"), get("Host: x\r\n")),
            &[200],
            Closed,
        ),
        row(
            "bytes after close and keep-alive are never read",
            &format!(
                "{}{}",
                get("Host: x\r\nConnection: close\r\nConnection: keep-alive\r\n"),
                get("Host: x\r\n")
            ),
            &[200],
            Closed,
        ),
        row(
            "garbage after a request is refused",
            &format!("{}\x01\x02\r\n\r\n", get("Host: x\r\n")),
            &[200, 400],
            Closed,
        ),
        row(
            "bare line feeds end lines, as §2.2 allows",
            "GET /api/v1/status HTTP/1.1\nHost: x\n\n",
            &[200],
            Open,
        ),
        row(
            "a bare carriage return does not end a line",
            &get("Host: x\r\nA: b\rTransfer-Encoding: chunked\r\n"),
            &[400],
            Closed,
        ),
        row("a line that is not a request is refused", "garbage\r\n\r\n", &[400], Closed),
        row("a TLS handshake is refused", "\x16\x03\x01\x02\r\n\r\n", &[400], Closed),
        // The request line (§3).
        row("methods are case-sensitive", &line("get /api/v1/status HTTP/1.1"), &[501, 403], Open),
        row("an unknown method is not implemented", &line("BREW /api/v1/status HTTP/1.1"), &[501, 403], Open),
        row(
            "TRACE is not allowed, so nothing is echoed",
            &line("TRACE /api/v1/status HTTP/1.1"),
            &[405, 403],
            Open,
        ),
        row("a method is a token", &line("G(T /api/v1/status HTTP/1.1"), &[400], Closed),
        row("a line starts with the method", &line(" GET /api/v1/status HTTP/1.1"), &[400], Closed),
        row("one space separates method and target", &line("GET  /api/v1/status HTTP/1.1"), &[400], Closed),
        row("one space separates target and version", &line("GET /api/v1/status  HTTP/1.1"), &[400], Closed),
        row("a tab is not a space", &line("GET\t/api/v1/status\tHTTP/1.1"), &[400], Closed),
        row("a version is needed", &line("GET /api/v1/status"), &[400], Closed),
        row("a version has digits", &line("GET /api/v1/status HTTP/x.y"), &[400], Closed),
        row("the protocol name is case-sensitive", &line("GET /api/v1/status http/1.1"), &[400], Closed),
        row("another protocol is refused", &line("GET /api/v1/status ICAP/1.0"), &[400], Closed),
        row("HTTP/2 is not supported", &line("GET /api/v1/status HTTP/2.0"), &[400], Closed),
        row("HTTP/0.9 is not supported", "GET /api/v1/status\r\n\r\n", &[400], Closed),
        row(
            "HTTP/1.0 closes",
            "GET /api/v1/status HTTP/1.0\r\n\r\nGET /api/v1/forbidden HTTP/1.0\r\n\r\n",
            &[200],
            Closed,
        ),
        row(
            "HTTP/1.0 with keep-alive stays open",
            "GET /api/v1/status HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            &[200],
            Open,
        ),
        row(
            "the response to HEAD has no body",
            "HEAD /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\nGET /api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            &[200, 200],
            Closed,
        ),
        // Fields (§5).
        row(
            "a space before the colon is refused",
            &get("Host: x\r\nTransfer-Encoding : chunked\r\n"),
            &[400],
            Closed,
        ),
        row("a tab before the colon is refused", &get("Host: x\r\nContent-Length\t: 5\r\n"), &[400], Closed),
        row("a folded line is refused", &get("Host: x\r\nA: b\r\n c\r\n"), &[400], Closed),
        row(
            "a line folded by a tab is refused",
            &get("Host: x\r\nTransfer-Encoding:\r\n\tchunked\r\n"),
            &[400],
            Closed,
        ),
        row("white space before the first field is refused", &get(" Host: x\r\n"), &[400], Closed),
        row("a field has a colon", &get("Host: x\r\nA\r\n"), &[400], Closed),
        row("a field has a name", &get("Host: x\r\n: b\r\n"), &[400], Closed),
        row("the name of a field is a token", &get("Host: x\r\nA B: c\r\n"), &[400], Closed),
        row("a NUL in a name is refused", &get("Host: x\r\nA\0: b\r\n"), &[400], Closed),
        row("a NUL in a value is refused", &get("Host: x\r\nA: b\0c\r\n"), &[400], Closed),
        row("a NUL in the target is refused", &line("GET /api/v1/st\0atus HTTP/1.1"), &[400], Closed),
        row("a control character in a value is refused", &get("Host: x\r\nA: b\x7fc\r\n"), &[400], Closed),
        row(
            "a value may be empty, or begin and end with white space",
            &get("Host: x\r\nA:\r\nB: \t b \t\r\n"),
            &[200],
            Open,
        ),
        (
            "a value may contain non-ASCII bytes",
            b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\nA: \xff\xe9\r\n\r\n".to_vec(),
            &[200],
            Open,
        ),
        (
            "a name must not contain non-ASCII bytes",
            b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\xc3\xa9: a\r\n\r\n".to_vec(),
            &[400],
            Closed,
        ),
        // Host (§3.2).
        row("HTTP/1.1 needs a Host", &get(""), &[400], Closed),
        row("two Hosts are refused", &get("Host: x\r\nHost: y\r\n"), &[400], Closed),
        row("the same Host twice is refused", &get("Host: x\r\nHost: x\r\n"), &[400], Closed),
        row(
            "two Hosts are refused in HTTP/1.0",
            "GET /api/v1/status HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n",
            &[400],
            Closed,
        ),
        row("an empty Host is valid", &get("Host:\r\n"), &[200], Open),
        row("a Host may have a port", &get("Host: example.com:8080\r\n"), &[200], Open),
        row("a Host may be an IPv6 address", &get("Host: [::1]:8080\r\n"), &[200], Open),
        row("a Host with a path is refused", &get("Host: x/y\r\n"), &[400], Closed),
        row("a Host with a space is refused", &get("Host: x y\r\n"), &[400], Closed),
        row("a Host with a user is refused", &get("Host: a@x\r\n"), &[400], Closed),
        row("a Host with a port of letters is refused", &get("Host: x:http\r\n"), &[400], Closed),
        row("a Host with an open bracket is refused", &get("Host: [::1\r\n"), &[400], Closed),
        row("two Hosts in one field are refused", &get("Host: x, y\r\n"), &[400], Closed),
        // Expect (RFC 9110 §10.1.1).
        row("Expect without a body is ignored", &get("Host: x\r\nExpect: 100-continue\r\n"), &[200], Open),
        row(
            "Expect gets a 100 Continue",
            "POST /api/v1/auth_session/login HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nab",
            &[100, 400],
            Open,
        ),
        row(
            "HTTP/1.0 gets no 100 Continue",
            "POST /api/v1/auth_session/login HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
            &[400],
            Closed,
        ),
        row(
            "other expectations fail",
            "POST /api/v1/auth_session/login HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 2\r\n\r\nab",
            &[417],
            Closed,
        ),
        row(
            "a response without need of the body sends no 100 Continue and closes",
            "POST /api/v1/status HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
            &[405],
            Closed,
        ),
    ]
}
