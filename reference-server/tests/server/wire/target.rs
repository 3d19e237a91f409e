//! Rows about the forms of the request target (RFC 9112 §3.2).

use super::{Closed, Open, Row, row};

pub(super) fn rows() -> Vec<Row> {
    let ask = |line: &str| format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n");
    vec![
        row("a target in absolute form is its path", &ask("GET http://y/api/v1/status"), &[200], Open),
        row("an absolute form without a path is the root", &ask("GET http://y"), &[404], Open),
        row(
            "an absolute form also needs a Host",
            "GET http://y/api/v1/status HTTP/1.1\r\n\r\n",
            &[400],
            Closed,
        ),
        row(
            "an absolute form with another scheme is still a path",
            &ask("GET https://y/api/v1/status"),
            &[200],
            Open,
        ),
        row(
            "an absolute form with an empty host is refused",
            &ask("GET http:///api/v1/status"),
            &[400],
            Closed,
        ),
        row("OPTIONS of the whole server is answered", &ask("OPTIONS *"), &[200], Open),
        row("the asterisk is for OPTIONS only", &ask("GET *"), &[400], Closed),
        row("a target without a slash is refused", &ask("GET api/v1/status"), &[400], Closed),
        row("an authority is for CONNECT only", &ask("GET x:80"), &[400], Closed),
        row("a defined method that no path has is 405", &ask("TRACE /api/v1/status"), &[405], Open),
        row("an unknown path is 404 for any method", &ask("FOO /api/v1/nope"), &[404], Open),
        row("CONNECT is not implemented", &ask("CONNECT x:80"), &[501], Closed),
        row("CONNECT to a path is refused", &ask("CONNECT /api/v1/status"), &[400], Closed),
        row(
            "bytes after CONNECT are never read",
            "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\nGET /api/v1/forbidden HTTP/1.1\r\nHost: x\r\n\r\n",
            &[501],
            Closed,
        ),
        row("a query is not part of the path", &ask("GET /api/v1/status?/api/v1/forbidden"), &[200], Open),
        row("a fragment is cut off", &ask("GET /api/v1/status#/api/v1/forbidden"), &[200], Open),
        row("a percent-encoded letter is decoded", &ask("GET /api/v1/%73tatus"), &[200], Open),
        row("a path is decoded once", &ask("GET /api/v1/%2573tatus"), &[404], Open),
        row(
            "an encoded slash is a slash for authentication and routing",
            &ask("GET /api/v1%2fstatus"),
            &[200],
            Open,
        ),
        row("an encoded NUL is an ordinary character", &ask("GET /api/v1/status%00"), &[404], Open),
        row("an encoded line feed does not end a line", &ask("GET /api/v1/status%0d%0aA:%20b"), &[404], Open),
        row("an invalid escape is literal", &ask("GET /api/v1/status%zz"), &[404], Open),
        row("dot segments are not resolved", &ask("GET /api/v1/users/../status"), &[404], Open),
        row("a doubled slash is not a known path", &ask("GET //api/v1/status"), &[404], Open),
        row("a backslash is not a slash", &ask("GET /api\\v1\\status"), &[404], Open),
        (
            "a target with invalid UTF-8 is refused",
            b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
            &[400],
            Closed,
        ),
        ("a target may be UTF-8", "GET /é HTTP/1.1\r\nHost: x\r\n\r\n".as_bytes().to_vec(), &[404], Open),
        row("a target must not contain a space", &ask("GET /api/v1/ status"), &[400], Closed),
    ]
}
