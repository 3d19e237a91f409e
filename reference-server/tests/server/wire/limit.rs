//! Rows about limits: the status says which part of the request is too large.

use super::{Closed, Open, Row, row};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn rows() -> Vec<Row> {
    let get = |path: &str, fields: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    let post = |fields: &str, body: &str| {
        format!("POST /api/v1/auth_session/login HTTP/1.1\r\nHost: x\r\n{fields}\r\n{body}")
    };
    let long = |length| "x".repeat(length);
    let fields = |number| (0..number).map(|number| format!("X-{number}: y\r\n")).collect::<String>();
    let mib = 1024 * 1024;
    vec![
        row("a URL of 8 KiB is read", &get(&format!("/api/v1/status?{}", long(8192 - 15)), ""), &[200], Open),
        row("a longer URL is 414", &get(&format!("/api/v1/status?{}", long(8192 - 14)), ""), &[414], Closed),
        row("a URL of 40 KiB is 414", &get(&format!("/{}", long(40 * 1024)), ""), &[414], Closed),
        row(
            "a head above 64 KiB is 431, whichever part is long",
            &get(&format!("/{}", long(mib)), ""),
            &[431],
            Closed,
        ),
        row("a URL without end is 431", &format!("GET /{}", long(mib)), &[431], Closed),
        row("a request line of one endless word is 431", &long(mib), &[431], Closed),
        row(
            "fields of 30 KiB are read",
            &get("/api/v1/status", &format!("A: {}\r\n", long(30 * 1024))),
            &[200],
            Open,
        ),
        row(
            "fields of 33 KiB are 431",
            &get("/api/v1/status", &format!("A: {}\r\n", long(33 * 1024))),
            &[431],
            Closed,
        ),
        row(
            "fields of 1 MiB are 431",
            &get("/api/v1/status", &format!("A: {}\r\n", long(mib))),
            &[431],
            Closed,
        ),
        row(
            "fields without end are 431",
            &format!("GET /api/v1/status HTTP/1.1\r\nA: {}", long(mib)),
            &[431],
            Closed,
        ),
        row("99 fields and Host are read", &get("/api/v1/status", &fields(99)), &[200], Open),
        row("100 fields and Host are 431", &get("/api/v1/status", &fields(100)), &[431], Closed),
        row("10,000 fields are 431", &get("/api/v1/status", &fields(10_000)), &[431], Closed),
        row(
            "cookies of 8 KiB are read",
            &get("/api/v1/status", &format!("Cookie: {}\r\n", long(8192))),
            &[200],
            Open,
        ),
        row(
            "longer cookies are 431",
            &get("/api/v1/status", &format!("Cookie: {}\r\n", long(8193))),
            &[431],
            Closed,
        ),
        row(
            "longer cookies in many fields are 431",
            &get("/api/v1/status", &format!("Cookie: {}\r\n", long(100)).repeat(90)),
            &[431],
            Closed,
        ),
        row(
            "a body of 1 MiB is read",
            &post(&format!("Content-Length: {mib}\r\n"), &long(mib)),
            &[400],
            Open,
        ),
        row(
            "a longer body is 413",
            &post(&format!("Content-Length: {}\r\n", mib + 1), &long(mib + 1)),
            &[413],
            Closed,
        ),
        row(
            "a longer body that no view reads keeps the response",
            &format!(
                "POST /api/v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}",
                mib + 1,
                long(mib + 1)
            ),
            &[405],
            Closed,
        ),
        row(
            "a longer body gets no 100 Continue",
            &post(&format!("Expect: 100-continue\r\nContent-Length: {}\r\n", mib + 1), ""),
            &[413],
            Closed,
        ),
        row(
            "longer chunks are 413",
            &post("Transfer-Encoding: chunked\r\n", &format!("100001\r\n{}\r\n0\r\n\r\n", long(mib + 1))),
            &[413],
            Closed,
        ),
        row(
            "the sum of many small chunks counts",
            &post("Transfer-Encoding: chunked\r\n", &format!("{}0\r\n\r\n", "1\r\nx\r\n".repeat(10_000))),
            &[400],
            Open,
        ),
        row(
            "chunk extensions without end are refused",
            &post("Transfer-Encoding: chunked\r\n", &format!("1;{}", long(mib))),
            &[400],
            Closed,
        ),
        row(
            "trailers without end are refused",
            &post("Transfer-Encoding: chunked\r\n", &format!("0\r\nA: {}", long(mib))),
            &[400],
            Closed,
        ),
        row(
            "many trailers are refused",
            &post("Transfer-Encoding: chunked\r\n", &format!("0\r\n{}\r\n", fields(1000))),
            &[400],
            Closed,
        ),
    ]
}
