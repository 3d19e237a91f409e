//! Tests of the judge: an expectation and an exchange give one verdict.

use std::time::Duration;

use super::judge;
use crate::http::TransportError;
use crate::verdict::{Judgement, Verdict};
use conformance_suite::expectation::{self, Expectation};
use conformance_suite::format::ExpectText;
use conformance_suite::response::Response;
use conformance_suite::source::{Source, Span};
use conformance_suite::template::Scope;
use conformance_suite::yaml;

fn expectation(yaml: &str) -> Expectation {
    let source = Source::new("s.yaml", yaml);
    let files = |name: &str| std::fs::read(name);
    expectation::compile(&yaml::read::<ExpectText>(&source).unwrap(), &source, &files).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "the outcome is made where it is judged")]
fn judged(yaml: &str, outcome: Result<Response, TransportError>) -> Judgement {
    let place = Source::new("s.yaml", "request").place(Span::new(0, 7));
    judge(&expectation(yaml), &outcome, &place, &Scope::default())
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Response {
        status,
        headers,
        body: body.as_bytes().to_vec(),
        elapsed: Duration::from_millis(5),
        ..Response::default()
    }
}

fn labels(yaml: &str, response: Response) -> Vec<String> {
    judged(yaml, Ok(response)).findings.into_iter().map(|finding| finding.label).collect()
}

fn with_bytes(headers: &[(&str, &str)], body: &[u8]) -> Response {
    Response { body: body.to_vec(), ..response(200, headers, "") }
}

fn shown(yaml: &str, response: Response) -> Vec<(String, String)> {
    let findings = judged(yaml, Ok(response)).findings.into_iter();
    findings.map(|finding| (finding.expected, finding.received)).collect()
}

#[test]
fn matchers_of_numbers_and_dates_hold_for_texts() {
    let sent = response(
        200,
        &[
            ("content-length", "12"),
            ("x-ratelimit-reset", "1796036400"),
            ("set-cookie", "a=7; Max-Age=60; Secure; Expires=Wed, 21-Oct-65 07:28:00 GMT"),
        ],
        "42",
    );
    for yaml in [
        "headers: {content-length: !integer }",
        "headers: {content-length: !between [1, 20], x-ratelimit-reset: !datetime {format: unix}}",
        "headers: {content-length: !about {value: 10, within: 2}}",
        "headers: {content-length: !optional [!number ]}",
        "cookies: {a: {value: !integer , max-age: !greater_than 59, secure: !boolean }}",
        "cookies: {a: {expires: !all [!datetime , !after '2065-10-21', !before '2065-10-22']}}",
        "cookies: {a: {expires: !between ['2065-10-21', '2065-10-22']}}",
        "text: !integer",
        "body: !integer",
    ] {
        assert_eq!(labels(yaml, sent.clone()), [""; 0], "{yaml}");
    }
    let wrong = "headers: {content-length: !about {value: 10, within: 1}}";
    assert_eq!(labels(wrong, sent), ["the response has `content-length: 12`"]);
}

#[test]
fn a_label_shows_the_surroundings_of_the_first_difference() {
    let (expected, received) = ("y".repeat(600) + "x", "y".repeat(601));
    let found = judged(
        &format!("json: {{t: {expected}}}"),
        Ok(response(200, &[], &format!("{{\"t\": \"{received}\"}}"))),
    );
    let finding = found.findings.first().unwrap();
    assert_eq!(finding.label, format!("/t is …{}\"", "y".repeat(21)));
    assert_eq!(finding.place.to_string(), "s.yaml:1:611");
}

#[test]
fn a_body_of_json_lines_needs_the_matcher_of_lines() {
    let lines = response(200, &[("content-type", "application/x-ndjson")], "{\"a\": 1}\n{\"a\": 2}\n");
    let label = "the body has a JSON value on each line: write `json: !lines [{…}, {…}]`";
    assert_eq!(labels("json: {a: 1}", lines.clone()), [label]);
    assert!(labels("json: !lines [{a: 1}, {a: 2}]", lines).is_empty());
}

#[test]
fn cookie_expires_matches_its_own_text_and_a_moment() {
    let setting = |cookie: &str| response(200, &[("set-cookie", cookie)], "");
    let sent =
        "a=1; Expires=Wed, 21 Oct 2065 07:28:00 GMT; Path=/; SameSite=lax; Max-Age=007; Domain=.example.org";
    for (expires, holds) in [
        ("'Wed, 21 Oct 2065 07:28:00 GMT'", true),
        ("!datetime", true),
        ("!datetime {format: http}", true),
        ("!datetime {from_now: 0s, give_or_take: 36500d}", true),
        ("!all [!datetime , !ends_with GMT]", true),
        ("!not [!datetime ]", false),
        ("!datetime {format: iso}", false),
        ("2065-10-21 7:28:00.0 +00:00:00", false),
        ("!datetime {ago: 1d, give_or_take: 1s}", false),
    ] {
        let place = Source::new("s.yaml", "request").place(Span::new(0, 7));
        let now = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let yaml = format!("cookies: {{a: {{expires: {expires}}}}}");
        let scope = Scope::default().at(now, now);
        let judgement = judge(&expectation(&yaml), &Ok(setting(sent)), &place, &scope);
        assert_eq!(judgement.verdict == Verdict::Pass, holds, "{expires} {judgement:?}");
    }
    assert_eq!(
        labels(
            "cookies: {a: {expires: !datetime {format: http}}}",
            setting("a=1; Expires=Thu, 01-Jan-2065 00:00:00 UTC")
        ),
        ["the cookie's `expires` is Thu, 01-Jan-2065 00:00:00 UTC"]
    );
    assert!(
        labels("cookies: {a: {expires: !datetime }}", setting("a=1; Expires=Thu, 01-Jan-2065 00:00:00 UTC"))
            .is_empty()
    );
    assert_eq!(
        labels("cookies: {a: {expires: !datetime }}", setting("a=1; Expires=soon")),
        ["the cookie's `expires` is soon"]
    );
    let as_sent =
        "{path: /, same-site: lax, max-age: '007', domain: .example.org, http-only: false, secure: false}";
    assert_eq!(labels(&format!("cookies: {{a: {as_sent}}}"), setting(sent)), [""; 0]);
}

#[test]
fn lone_surrogate_fails_only_where_it_is_compared() {
    let json = r#"{"v": "\udc00x", "ok": true}"#;
    assert_eq!(labels("json: !subset {ok: true}", response(200, &[], json)), [""; 0]);
    assert_eq!(labels("json: {ok: true, v: !string }", response(200, &[], json)), [""; 0]);
    assert_eq!(
        labels("json: !subset {v: x}", response(200, &[], json)),
        [r#"/v is "\udc00x" (a string with a lone surrogate)"#]
    );
    assert_eq!(labels("json: {ok: true, v: !length 2}", response(200, &[], json)).len(), 1);
}

#[test]
fn byte_order_mark_before_json_fails_and_is_named() {
    let body = b"\xef\xbb\xbf{\"id\": 1}";
    let judgement = judged("json: {id: 1}", Ok(with_bytes(&[], body)));
    let [finding] = judgement.findings.as_slice() else { panic!("{judgement:?}") };
    assert!(finding.label.contains("begins with a byte order mark"), "{}", finding.label);
    assert_eq!(finding.received, r#""\ufeff{\"id\": 1}""#);
    assert_eq!(
        shown("text: a", with_bytes(&[], b"\xef\xbb\xbfa")),
        [(r#""a""#.into(), r#""\ufeffa""#.into())]
    );
}

#[test]
fn differences_that_cannot_be_seen_are_escaped() {
    let json = "{\"name\": \"a\u{a0}b\u{200b}\"}";
    assert_eq!(labels("json: {name: a b}", response(200, &[], json)), [r#"/name is "a\u00a0b\u200b""#]);
    assert_eq!(
        shown("json: {name: paypal}", response(200, &[], "{\"name\": \"p\u{430}ypal\"}")),
        [(r#""paypal""#.into(), r#""p\u0430ypal""#.into())]
    );
    assert_eq!(
        labels("json: {a: 1}", response(200, &[], "{\"a\": 1, \"\u{a0}\": 2}")),
        [r#""/\u00a0" is 2"#]
    );
    assert_eq!(labels("text: a", response(200, &[], "a \r\n")), [r#"the body is "a \r\n""#]);
    let header = |value: &str| response(200, &[("x-a", value), ("set-cookie", &format!("a={value}"))], "");
    assert_eq!(labels("headers: {x-a: a b}", header("a\u{a0}b")), [r#"the response has `x-a: "a\u00a0b"`"#]);
    assert_eq!(
        shown("{headers: {x-a: paypal}, cookies: {a: paypal}}", header("p\u{430}ypal")),
        vec![(r#""paypal""#.to_owned(), r#""p\u0430ypal""#.to_owned()); 2]
    );
    assert_eq!(
        labels("headers: {x-a: paypal}", header("p\u{430}ypal")),
        [r#"the response has `x-a: "p\u0430ypal"`"#]
    );
    assert_eq!(
        labels("cookies: {a: paypal}", header("p\u{430}ypal")),
        [r#"the cookie's `value` is "p\u0430ypal""#]
    );
}

#[test]
fn duplicate_member_is_a_remark_or_a_failure_where_unique_members_are_required() {
    let (flat, nested) = (r#"{"id": 1, "id": 2}"#, r#"{"a": {"id": 1, "id": 2}}"#);
    let judgement = judged("json: {id: 2}", Ok(response(200, &[], flat)));
    assert_eq!(judgement.verdict, Verdict::Pass);
    assert_eq!(
        judgement.remarks,
        ["the member /id occurs more than once (RFC 8259, section 4); the last one counts"]
    );
    let judgement = judged("json: {a: {id: 2}}", Ok(response(200, &[], nested)));
    assert!(judgement.remarks[0].contains("the member /a/id occurs more than once"), "{judgement:?}");
    for yaml in ["unique_members: true", "{json: {a: {id: 2}}, unique_members: true}"] {
        assert_eq!(labels(yaml, response(200, &[], nested)), ["the member /a/id occurs more than once"]);
    }
    assert_eq!(labels("{unique_members: true}", response(200, &[], "[{\"a\": 1}, {\"a\": 1}]")), [""; 0]);
    assert_eq!(labels("{unique_members: false}", response(200, &[], flat)), [""; 0]);
    assert!(
        labels("{unique_members: true}", response(200, &[], "<p>"))[0].starts_with("the body is not JSON")
    );
}

#[test]
fn text_and_json_are_decoded_by_their_charset() {
    let latin = [("content-type", "text/plain; charset=iso-8859-1")];
    assert_eq!(labels("text: caf\u{e9}", with_bytes(&latin, b"caf\xe9")), [""; 0]);
    let wide: Vec<u8> = "\u{feff}{\"id\": 1}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let judgement = judged(
        "json: {id: 1}",
        Ok(with_bytes(&[("content-type", "application/json; charset=utf-16")], &wide)),
    );
    assert_eq!((judgement.verdict, judgement.remarks.len()), (Verdict::Pass, 1), "{judgement:?}");
    assert!(judgement.remarks[0].contains("JSON in UTF-16BE"), "{judgement:?}");
    let klingon = [("content-type", "text/plain; charset=klingon")];
    assert_eq!(
        labels("text: a", with_bytes(&klingon, b"a")),
        ["the charset `klingon` of the body is unknown"]
    );
    // `body` has the bytes.
    assert_eq!(labels("body: !length 4", with_bytes(&latin, b"caf\xe9")), [""; 0]);
}

#[test]
fn compressed_body_is_decoded_only_if_the_request_asked_for_it() {
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"{\"id\": 1}").unwrap();
    let gzip = gzip.finish().unwrap();
    let body = with_bytes(&[("content-encoding", "gzip")], &gzip);
    let asked = Response { accept_encoding: Some("gzip".to_owned()), ..body.clone() };
    for yaml in
        ["json: {id: 1}", "text: '{\"id\": 1}'", "body: !length 29", "headers: {content-encoding: gzip}"]
    {
        assert_eq!(labels(yaml, asked.clone()), [""; 0], "{yaml} {}", gzip.len());
    }
    for yaml in ["json: {id: 1}", "text: !any ", "unique_members: true"] {
        let label = labels(yaml, body.clone()).swap_remove(0);
        assert!(label.contains("(Content-Encoding: gzip), which the request did not ask for"), "{label}");
    }
    assert_eq!(labels("body: !length 29", body), [""; 0]);
}

#[test]
fn mismatches_of_a_large_object_are_capped_and_counted() {
    let members: Vec<String> = (0..100_000).map(|number| format!("\"m{number}\": \"{number}\"")).collect();
    let body = format!("{{{}}}", members.join(", "));
    for yaml in ["json: {id: 1}", "json: {}"] {
        let judgement = judged(yaml, Ok(response(200, &[], &body)));
        let missing = usize::from(yaml.contains("id"));
        assert_eq!((judgement.findings.len(), judgement.more), (20, 100_000 + missing - 20));
    }
    let list = format!("[{}1]", "{\"a\": 1},".repeat(100_000));
    for yaml in ["json: !each {a: 2}", "json: !unordered [{a: 3}]", "json: !containing [{a: 3}, {b: 1}]"] {
        let judgement = judged(yaml, Ok(response(200, &[], &list)));
        assert!(judgement.verdict == Verdict::Fail && judgement.findings.len() <= 20, "{yaml}");
    }
    let text = judged("text: x", Ok(response(200, &[], &"long ".repeat(1_000_000))));
    assert!(text.findings[0].received.len() < 5000 && text.findings[0].label.len() < 400);
    let headers = judged("headers: {x-a: y}", Ok(response(200, &[("x-a", &"long ".repeat(100_000))], "")));
    assert!(headers.findings[0].received.len() < 5000 && headers.findings[0].label.len() < 400);
}

#[test]
fn deeply_nested_json_fails_with_a_message() {
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let label = labels("json: !any ", response(200, &[], &deep(100_000))).swap_remove(0);
    assert_eq!(label, "the body is not JSON: it nests deeper than 200 levels");
    for yaml in ["json: !any ", "json: !not 5", "json: !not [[1]]"] {
        assert_eq!(labels(yaml, response(200, &[], &deep(200))), [""; 0], "{yaml}");
    }
    assert_eq!(labels("json: 5", response(200, &[], &deep(200))).len(), 1);
}

#[test]
fn rejects_date_with_full_width_digits() {
    for at in [
        "２０２４-01-01T00:00:00Z",
        "2024-01-01T00:00:0０Z",
        "2024-01-01T00:00:00.１Z",
        "2024-01-01é00:00:00",
    ] {
        let body = format!("{{\"at\": \"{at}\"}}");
        for yaml in [
            "json: {at: !datetime }",
            "json: {at: !datetime {format: date}}",
            "json: {at: !datetime {format: http}}",
        ] {
            assert_eq!(labels(yaml, response(200, &[], &body)).len(), 1, "{at}");
        }
    }
}

#[test]
fn response_that_meets_all_expectations_passes() {
    let yaml = "{status: 4xx, headers: {content-type: !starts_with application/json}, absent: [x-a], json: {error: no}}";
    let answer = response(401, &[("content-type", "application/json; charset=utf-8")], r#"{"error":"no"}"#);
    assert_eq!(judged(yaml, Ok(answer)).verdict, Verdict::Pass);
}

#[test]
fn each_mismatch_is_reported_at_its_location() {
    let yaml = "status: 401\nheaders: {content-type: text/html}\nabsent: [x-a]\njson: {error: no}\n";
    let judgement = judged(yaml, Ok(response(400, &[("x-a", "1")], r#"{"error":"yes"}"#)));
    let said: Vec<String> =
        judgement.findings.iter().map(|finding| format!("{} {}", finding.place, finding.label)).collect();
    assert_eq!(
        said,
        [
            "s.yaml:1:9 the target returned 400",
            "s.yaml:2:25 the response has no `content-type`",
            "s.yaml:3:10 the response has `x-a: 1`",
            "s.yaml:4:15 /error is \"yes\"",
        ]
    );
}

#[test]
fn cookies_are_compared_by_attribute() {
    let yaml = "cookies: {sid: {value: !uuid, path: /, http-only: false}}";
    let set = |value: &str| response(200, &[("set-cookie", value)], "");
    assert!(labels(yaml, set("sid=cf3ddee1-ff24-49e4-a40b-2540333fe992; Path=/")).is_empty());
    assert_eq!(labels(yaml, set("sid=1; HttpOnly")).len(), 3);
    assert_eq!(labels(yaml, set("other=1; Path=/")), ["no cookie `sid` is set, only `other`"]);
    assert_eq!(labels("{absent_cookies: [sid]}", set("sid=1")), ["the response sets the cookie `sid`"]);
    assert!(labels("{cookies: {sid: x}}", set("sid=x")).is_empty());
}

#[test]
fn reports_body_that_is_not_json() {
    assert_eq!(labels("json: !any", response(200, &[], "")), ["the body is empty"]);
    assert!(labels("json: !any", response(200, &[], "<p>"))[0].starts_with("the body is not JSON"));
    assert!(labels("json: null", response(200, &[], "null")).is_empty());
    assert!(labels("text: \"a\\n\"", response(200, &[], "a\n")).is_empty());
}

#[test]
fn no_connection_is_inconclusive_and_timeout_fails() {
    assert_eq!(
        judged("status: 200", Err(TransportError::NoConnection("refused".into()))).verdict,
        Verdict::Inconclusive
    );
    let silence = judged("status: 200", Err(TransportError::Timeout(Duration::from_secs(1))));
    assert_eq!(silence.verdict, Verdict::Fail);
    assert_eq!(silence.findings[0].label, "no complete response within 1s");
    assert_eq!(judged("{}", Err(TransportError::Broken("reset".into()))).verdict, Verdict::Fail);
}

#[test]
fn fails_response_slower_than_the_limit() {
    assert!(labels("within: 10ms", response(200, &[], "")).is_empty());
    assert_eq!(labels("within: 1ms", response(200, &[], "")), ["the response took 5ms"]);
}

#[test]
fn list_matcher_reports_number_of_header_fields() {
    let labels_of =
        |fields: &[(&str, &str)]| labels("headers: {link: !containing [a]}", response(200, fields, ""));
    assert_eq!(labels_of(&[]), ["the response has no `link`"]);
    assert_eq!(labels_of(&[("link", "b")]), ["the response has `link` once: no such element among 1"]);
    let twice = [("link", "b"), ("link", "c")];
    assert_eq!(labels_of(&twice), ["the response has `link` 2 times: no such element among 2"]);
}
