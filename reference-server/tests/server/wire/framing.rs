//! Rows about the end of a message: lengths, chunks, and request smuggling (RFC 9112 §6, §7).

use super::{Closed, Open, Row, row};

/// Bytes after a body that a confused server would parse as a request.
const SMUGGLED: &str = "GET /api/v1/forbidden HTTP/1.1\r\nHost: x\r\n\r\n";

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn rows() -> Vec<Row> {
    let post = |fields: &str, body: &str| {
        format!("POST /api/v1/auth_session/login HTTP/1.1\r\nHost: x\r\n{fields}\r\n{body}")
    };
    let chunked = |body: &str| post("Transfer-Encoding: chunked\r\n", body);
    let smuggling = |fields: &str, body: &str| post(fields, &format!("{body}{SMUGGLED}"));
    vec![
        // Lengths (§6.2, §6.3).
        row("a body has the declared length", &post("Content-Length: 2\r\n", "ab"), &[400], Open),
        row("a body may be empty", &post("Content-Length: 0\r\n", ""), &[400], Open),
        row("without a length there is no body", &post("", ""), &[400], Open),
        row(
            "GET may have a body",
            "GET /api/v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
            &[200],
            Open,
        ),
        row(
            "the same length twice is accepted",
            &post("Content-Length: 2\r\nContent-Length: 2\r\n", "ab"),
            &[400],
            Open,
        ),
        row(
            "two different lengths are refused",
            &smuggling("Content-Length: 0\r\nContent-Length: 43\r\n", ""),
            &[400],
            Closed,
        ),
        row(
            "two different lengths in one field are refused",
            &smuggling("Content-Length: 0, 43\r\n", ""),
            &[400],
            Closed,
        ),
        row(
            "a length of 2^63 is 413",
            &smuggling("Content-Length: 9223372036854775808\r\n", ""),
            &[413],
            Closed,
        ),
        row(
            "a length of 2^64 - 1 is too large for hyper, which responds itself",
            &smuggling("Content-Length: 18446744073709551615\r\n", ""),
            &[431],
            Closed,
        ),
        row(
            "a length of 2^64 is invalid",
            &smuggling("Content-Length: 18446744073709551616\r\n", ""),
            &[400],
            Closed,
        ),
        row("a negative length is invalid", &smuggling("Content-Length: -1\r\n", ""), &[400], Closed),
        row("a length with a sign is invalid", &smuggling("Content-Length: +2\r\n", "ab"), &[400], Closed),
        row(
            "a length in hexadecimal is invalid",
            &smuggling("Content-Length: 0x2\r\n", "ab"),
            &[400],
            Closed,
        ),
        row(
            "a length with a fraction is invalid",
            &smuggling("Content-Length: 2.0\r\n", "ab"),
            &[400],
            Closed,
        ),
        row(
            "a length with a space inside is invalid",
            &smuggling("Content-Length: 4 3\r\n", ""),
            &[400],
            Closed,
        ),
        row("an empty length is invalid", &smuggling("Content-Length: \r\n", ""), &[400], Closed),
        row(
            "a length beyond 64 bits is invalid",
            &smuggling("Content-Length: 18446744073709551617\r\n", "a"),
            &[400],
            Closed,
        ),
        row(
            "a length beyond any memory is refused unread",
            &smuggling("Content-Length: 9223372036854775807\r\n", ""),
            &[413],
            Closed,
        ),
        row(
            "what follows a body is the next request",
            &smuggling("Content-Length: 2\r\n", "ab"),
            &[400, 403],
            Open,
        ),
        // Chunks (§7.1).
        row("chunks are concatenated", &chunked("2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"), &[400], Open),
        row(
            "what follows the last chunk is the next request",
            &chunked(&format!("0\r\n\r\n{SMUGGLED}")),
            &[400, 403],
            Open,
        ),
        row(
            "the name of the coding is case-insensitive",
            &post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"),
            &[400],
            Open,
        ),
        row(
            "chunk extensions are ignored",
            &chunked("2;name=\"a;b\";x\r\nab\r\n0;last\r\n\r\n"),
            &[400],
            Open,
        ),
        row(
            "trailers are ignored",
            &chunked("2\r\nab\r\n0\r\nContent-Length: 9\r\nHost: y\r\n\r\n"),
            &[400],
            Open,
        ),
        row(
            "a size may have capitals and leading zeros",
            &chunked("00A\r\n0123456789\r\n0\r\n\r\n"),
            &[400],
            Open,
        ),
        row("a chunk without a size is invalid", &chunked(&format!("\r\n\r\n{SMUGGLED}")), &[400], Closed),
        row("a negative size is invalid", &chunked(&format!("-1\r\n\r\n{SMUGGLED}")), &[400], Closed),
        row(
            "a size with a prefix is invalid",
            &chunked(&format!("0x2\r\nab\r\n0\r\n\r\n{SMUGGLED}")),
            &[400],
            Closed,
        ),
        row(
            "a size beyond 64 bits is invalid",
            &chunked(&format!("10000000000000002\r\nab\r\n0\r\n\r\n{SMUGGLED}")),
            &[400],
            Closed,
        ),
        row(
            "a size beyond any memory is refused",
            &chunked(&format!("7fffffffffffffff\r\n{}", "a".repeat(1024 * 1024 + 1))),
            &[413],
            Closed,
        ),
        row(
            "a chunk longer than its size is broken",
            &chunked(&format!("1\r\nab\r\n0\r\n\r\n{SMUGGLED}")),
            &[400],
            Closed,
        ),
        row(
            "a chunk shorter than its size is broken",
            &chunked(&format!("3\r\nab\r\n0\r\n\r\n{SMUGGLED}")),
            &[400],
            Closed,
        ),
        row(
            "a size ended by a bare line feed is broken",
            &chunked(&format!("2\nab\r\n0\r\n\r\n{SMUGGLED}")),
            &[400],
            Closed,
        ),
        row(
            "a chunk ended by a bare line feed is broken",
            &chunked(&format!("2\r\nab\n0\r\n\r\n{SMUGGLED}")),
            &[400],
            Closed,
        ),
        row(
            "an extension ended by a bare line feed is broken",
            &chunked(&format!("2;x\nab\r\n0\r\n\r\n{SMUGGLED}")),
            &[400],
            Closed,
        ),
        row(
            "a last chunk ended by bare line feeds is broken",
            &chunked(&format!("0\n\n{SMUGGLED}")),
            &[400],
            Closed,
        ),
        row(
            "a trailer field needs a name",
            &chunked(&format!("0\r\nno name\r\n\r\n{SMUGGLED}")),
            &[400],
            Closed,
        ),
        // Both fields, or invalid codings (§6.1, §6.3): the connection is always closed.
        row(
            "CL.TE: chunks count, and the connection ends",
            &smuggling("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            &[400],
            Closed,
        ),
        row(
            "TE.CL: chunks count, and the connection ends",
            &smuggling("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
            &[400],
            Closed,
        ),
        row(
            "TE.CL with a length that is invalid",
            &smuggling("Transfer-Encoding: chunked\r\nContent-Length: x\r\n", "0\r\n\r\n"),
            &[400],
            Closed,
        ),
        row(
            "a coding that only looks like chunked is invalid",
            &smuggling("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
            &[400],
            Closed,
        ),
        row(
            "a coding followed by a letter is invalid",
            &smuggling("Transfer-Encoding: chunkedx\r\n", "0\r\n\r\n"),
            &[400],
            Closed,
        ),
        row(
            "a coding in quotes is invalid",
            &smuggling("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"),
            &[400],
            Closed,
        ),
        row(
            "identity is not a coding",
            &smuggling("Transfer-Encoding: identity\r\nContent-Length: 0\r\n", ""),
            &[400],
            Closed,
        ),
        row(
            "an empty coding is invalid",
            &smuggling("Transfer-Encoding:\r\nContent-Length: 0\r\n", ""),
            &[400],
            Closed,
        ),
        row(
            "chunked must be the last coding",
            &smuggling("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"),
            &[400],
            Closed,
        ),
        row(
            "chunked twice is refused",
            &smuggling("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n0\r\n\r\n"),
            &[400],
            Closed,
        ),
        row(
            "chunked in two fields is refused",
            &smuggling("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n0\r\n\r\n"),
            &[400],
            Closed,
        ),
        row(
            "an unknown coding is not implemented",
            &smuggling("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
            &[501],
            Closed,
        ),
        row(
            "a coding hidden before chunked is not implemented",
            &smuggling("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            &[501],
            Closed,
        ),
        row(
            "the name of a coding is a token",
            &smuggling("Transfer-Encoding: chunked\x0b\r\n", "0\r\n\r\n"),
            &[400],
            Closed,
        ),
        row(
            "HTTP/1.0 has no chunks",
            &format!(
                "POST /api/v1/auth_session/login HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n{SMUGGLED}"
            ),
            &[400],
            Closed,
        ),
        row(
            "a body that no view reads is ignored",
            &format!("POST /api/v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 43\r\n\r\n{SMUGGLED}"),
            &[405],
            Open,
        ),
        row(
            "chunks that no view reads are ignored",
            &format!(
                "POST /api/v1/status HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2b\r\n{SMUGGLED}\r\n0\r\n\r\n"
            ),
            &[405],
            Open,
        ),
        row(
            "broken chunks that no view reads end the connection",
            &format!(
                "POST /api/v1/status HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n{SMUGGLED}"
            ),
            &[405],
            Closed,
        ),
    ]
}
