//! Rows about upgrades, which are ignored: the response is HTTP/1.1 (RFC 9110 §7.8; RFC 9113 §3).

use super::{Closed, Open, Row, row};

pub(super) fn rows() -> Vec<Row> {
    let get = |fields: &str| format!("GET /api/v1/status HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    let websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    vec![
        row("a WebSocket is not opened", &get(websocket), &[200], Open),
        row(
            "bytes after the request for a WebSocket are HTTP",
            &format!("{}{}", get(websocket), get("")),
            &[200, 200],
            Open,
        ),
        row("h2c is not supported", &get(h2c), &[200], Open),
        row(
            "bytes after the request for h2c are HTTP",
            &format!("{}{}", get(h2c), get("")),
            &[200, 200],
            Open,
        ),
        row(
            "h2c with a body",
            "POST /api/v1/auth_session/login HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab",
            &[400],
            Open,
        ),
        row(
            "an upgrade that also closes",
            &get("Connection: Upgrade, close\r\nUpgrade: h2c\r\n"),
            &[200],
            Closed,
        ),
        row(
            "an upgrade in HTTP/1.0 is ignored",
            "GET /api/v1/status HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
            &[200],
            Closed,
        ),
        row("TLS is not started", &get("Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n"), &[200], Open),
        row(
            "the preface of HTTP/2 closes the connection",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
            &[],
            Closed,
        ),
        row(
            "a preface after a request closes",
            &format!("{}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", get("")),
            &[200],
            Closed,
        ),
    ]
}
