//! Responses with encoded bodies, cookies and dates, over a real socket.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::events;
use crate::sandbox::Sandbox;

/// A step: id, rest of its curl command, expectation, and a part of the label of its first finding (`None` if it
/// passes).
type Row = (&'static str, &'static str, &'static str, Option<&'static str>);

const ROWS: &[Row] = &[
    (
        "gzip-unasked",
        "",
        "json: {id: 1}",
        Some("(Content-Encoding: gzip), which the request did not ask for"),
    ),
    ("gzip-compressed", "--compressed", "json: {id: 1}", None),
    ("gzip-field", "-H 'Accept-Encoding: gzip'", "text: '{\"id\": 1}'", None),
    ("gzip-bytes", "--compressed", "body: !length 29", None),
    ("gzip-refused", "-H 'Accept-Encoding: br, gzip;q=0'", "json: {id: 1}", Some("did not ask for")),
    ("gzip-bomb", "--compressed", "text: x", Some("is larger than 16 MiB when its content coding")),
    ("latin", "", "text: caf\u{e9}", None),
    ("shift-jis", "", "text: \u{65e5}\u{672c}", None),
    ("klingon", "", "text: x", Some("the charset `klingon` of the body is unknown")),
    ("wide-json", "", "json: {id: 1}", None),
    ("surrogate", "", "json: !subset {ok: true}", None),
    (
        "surrogate-compared",
        "",
        "json: !subset {v: x}",
        Some("/v is \"\\udc00x\" (a string with a lone surrogate)"),
    ),
    ("mark", "", "json: {id: 1}", Some("begins with a byte order mark")),
    ("blanks", "", "json: {name: a b}", Some(r#"/name is "a\u00a0b\u200b""#)),
    ("twice", "", "json: {a: {id: 2}}", None),
    (
        "twice-unique",
        "",
        "json: {a: {id: 2}}, unique_members: true",
        Some("the member /a/id occurs more than once"),
    ),
    ("expires-text", "", "cookies: {a: {expires: 'Wed, 21 Oct 2065 07:28:00 GMT'}}", None),
    ("expires-http", "", "cookies: {a: {expires: !datetime {format: http}}}", None),
    ("expires-any", "", "cookies: {a: {expires: !datetime }}", None),
    ("expires-from-now", "", "cookies: {a: {expires: !datetime {from_now: 0s, give_or_take: 36500d}}}", None),
    ("wide-digits", "", "json: {at: !datetime }", Some("/at is")),
    ("large", "", "json: {id: 1}", Some("/id is missing")),
    ("deep", "", "json: !any ", Some("nests deeper than 200 levels")),
];

#[test]
fn decodes_charsets_content_codings_and_dates() {
    let sandbox = Sandbox::moody();
    for old in std::fs::read_dir(sandbox.path("suite/desk")).unwrap() {
        std::fs::remove_file(old.unwrap().path()).unwrap();
    }
    sandbox.write(
        "suite/suite.yaml",
        "format: 1\ntitle: values\norigin: http://host.example\nprofiles: {any: {title: any}}\n",
    );
    sandbox.write("suite/requirements.yaml", "format: 1\nrequirements: []\n");
    let mut scenario = "format: 1\ntitle: values\nprofile: any\nsteps:\n".to_owned();
    for (id, options, expected, _) in ROWS {
        scenario += &format!(
            "  - id: {id}\n    title: {id}\n    request: >-\n      curl \"http://host.example/{id}\" {options}\n    expect: {{{expected}}}\n"
        );
    }
    sandbox.write("suite/desk/values.yaml", &scenario);
    sandbox.write("suite/desk/jar.yaml", JAR);
    let url = format!("http://{}", listen());
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "-v", "--timeout", "60s", &url]);
    assert_eq!(report.finished.code, Some(1), "{:?}", report.finished);
    let mut wrong: Vec<String> = ROWS.iter().filter_map(|row| mismatch(row, &report)).collect();
    for (id, verdict) in report.verdicts().into_iter().filter(|(id, _)| id.starts_with("desk/jar")) {
        if verdict != "pass" {
            wrong.push(format!("{id}: {verdict} {}", report.step(id)["findings"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let large = report.step("desk/values::large");
    assert_eq!((large["findings"].as_array().unwrap().len(), &large["more_findings"]), (20, &99_981.into()));
    let remark = "the member /a/id occurs more than once (RFC 8259, section 4); the last one counts";
    assert_eq!(report.step("desk/values::twice")["remarks"], serde_json::json!([remark]));
    let terminal = &report.finished.stdout;
    assert!(terminal.contains(&format!("desk/values::twice: {remark}")), "{terminal}");
    assert!(terminal.contains("99,989 more"), "{terminal}");
}

/// The cookie `kept` stays whatever its Max-Age is, and each format of a date in the past deletes `sid`.
const JAR: &str = "format: 1
title: a jar
profile: any
steps:
  - {id: keep, title: a huge Max-Age, jar: a, request: {path: /set-huge}, expect: {status: 200}}
  - {id: kept, title: it is kept, jar: a, request: {path: /echo}, expect: {text: kept=1}}
  - {id: set-utc, title: a cookie is set, jar: b, request: {path: /set-sid}, expect: {status: 200}}
  - {id: past-utc, title: a date in the past, jar: b, request: {path: /delete-utc}, expect: {status: 200}}
  - {id: gone-utc, title: the cookie is gone, jar: b, request: {path: /echo}, expect: {text: none}}
  - {id: set-minus, title: a cookie is set, jar: b, request: {path: /set-sid}, expect: {status: 200}}
  - {id: past-minus, title: a date in the past, jar: b, request: {path: /delete-minus}, expect: {status: 200}}
  - {id: gone-minus, title: the cookie is gone, jar: b, request: {path: /echo}, expect: {text: none}}
  - {id: set-plus, title: a cookie is set, jar: b, request: {path: /set-sid}, expect: {status: 200}}
  - {id: past-plus, title: a date in the past, jar: b, request: {path: /delete-plus}, expect: {status: 200}}
  - {id: gone-plus, title: the cookie is gone, jar: b, request: {path: /echo}, expect: {text: none}}
  - {id: set-short, title: a cookie is set, jar: b, request: {path: /set-sid}, expect: {status: 200}}
  - {id: past-short, title: a date in the past, jar: b, request: {path: /delete-short}, expect: {status: 200}}
  - {id: gone-short, title: the cookie is gone, jar: b, request: {path: /echo}, expect: {text: none}}
  - {id: set-asctime, title: a cookie is set, jar: b, request: {path: /set-sid}, expect: {status: 200}}
  - {id: past-asctime, title: a date in the past, jar: b, request: {path: /delete-asctime}, expect: {status: 200}}
  - {id: gone-asctime, title: the cookie is gone, jar: b, request: {path: /echo}, expect: {text: none}}
";

fn mismatch((id, _, _, expected): &Row, report: &events::RunReport) -> Option<String> {
    let step = report.step(&format!("desk/values::{id}"));
    let label = step["findings"][0]["label"].as_str().unwrap_or_default();
    let holds = match expected {
        None => step["verdict"] == "pass",
        Some(words) => step["verdict"] == "fail" && label.contains(words),
    };
    (!holds).then(|| format!("{id}: {} {label:?} {}", step["verdict"], step["reason"]))
}

/// Serves every row under its path while the test runs.
fn listen() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            thread::spawn(move || serve(connection));
        }
    });
    address
}

fn serve(mut connection: TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(1) = connection.read(&mut byte) else { return };
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split_whitespace().nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let (fields, body) = response(&path, &head);
    let answer =
        format!("HTTP/1.1 200 OK\r\n{fields}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    connection.write_all(&[answer.as_bytes(), &body].concat()).ok();
}

fn response(path: &str, head: &str) -> (String, Vec<u8>) {
    let field = |line: &str| format!("{line}\r\n");
    let wide = || "\u{feff}{\"id\": 1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    match path {
        "gzip-bomb" => (field("Content-Encoding: gzip"), gzip(&vec![b'x'; 64 * 1024 * 1024])),
        "latin" => (field("Content-Type: text/plain; charset=iso-8859-1"), b"caf\xe9".to_vec()),
        "shift-jis" => (field("Content-Type: text/html; charset=Shift_JIS"), b"\x93\xfa\x96{".to_vec()),
        "klingon" => (field("Content-Type: text/plain; charset=klingon"), b"x".to_vec()),
        "wide-json" => (field("Content-Type: application/json; charset=utf-16"), wide()),
        "surrogate" | "surrogate-compared" => (String::new(), br#"{"v": "\udc00x", "ok": true}"#.to_vec()),
        "mark" => (String::new(), b"\xef\xbb\xbf{\"id\": 1}".to_vec()),
        "blanks" => (String::new(), "{\"name\": \"a\u{a0}b\u{200b}\"}".into()),
        "twice" | "twice-unique" => (String::new(), br#"{"a": {"id": 1, "id": 2}}"#.to_vec()),
        "wide-digits" => (String::new(), "{\"at\": \"\u{ff12}\u{ff10}24-01-01T00:00:00Z\"}".into()),
        "large" => {
            let members: Vec<String> =
                (0..100_000).map(|number| format!("\"m{number}\": {number}")).collect();
            (String::new(), format!("{{{}}}", members.join(", ")).into_bytes())
        }
        "deep" => (String::new(), "[".repeat(100_000).into_bytes()),
        "set-huge" => (field("Set-Cookie: kept=1; Max-Age=9223372036854775807"), Vec::new()),
        "echo" => {
            let cookie = head.lines().find_map(|line| line.strip_prefix("Cookie: "));
            (String::new(), cookie.unwrap_or("none").into())
        }
        path if path.starts_with("expires") => {
            (field("Set-Cookie: a=1; Expires=Wed, 21 Oct 2065 07:28:00 GMT; Path=/"), Vec::new())
        }
        path if path.starts_with("gzip") => (field("Content-Encoding: gzip"), gzip(b"{\"id\": 1}")),
        "set-sid" => (field("Set-Cookie: sid=abc; Path=/"), Vec::new()),
        path => {
            let date = match path.trim_start_matches("delete-") {
                "utc" => "Thu, 01 Jan 1970 00:00:00 UTC",
                "minus" => "Thu, 01 Jan 1970 00:00:00 -0000",
                "plus" => "Thu, 01 Jan 1970 00:00:00 +0000",
                "short" => "Thursday, 01-Jan-70 00:00:00 GMT",
                _ => "Thu Jan  1 00:00:00 1970",
            };
            (field(&format!("Set-Cookie: sid=; Expires={date}; Path=/")), Vec::new())
        }
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}
