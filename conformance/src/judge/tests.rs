//! Two values in, an expectation and an exchange, and one verdict out.

use std::time::Duration;

use super::judge;
use crate::exchange::Breakage;
use crate::expectation::{self, Expectation};
use crate::format::ExpectText;
use crate::response::Response;
use crate::source::{Source, Span};
use crate::template::Scope;
use crate::verdict::{Judgement, Verdict};
use crate::yaml;

fn expectation(yaml: &str) -> Expectation {
    let source = Source::new("s.yaml", yaml);
    let files = |name: &str| std::fs::read(name);
    expectation::compile(&yaml::read::<ExpectText>(&source).unwrap(), &source, &files).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "the outcome is made where it is judged")]
fn judged(yaml: &str, outcome: Result<Response, Breakage>) -> Judgement {
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

#[test]
fn an_answer_that_holds_everything_passes() {
    let yaml = "{status: 4xx, headers: {content-type: !starts_with application/json}, absent: [x-a], json: {error: no}}";
    let answer = response(401, &[("content-type", "application/json; charset=utf-8")], r#"{"error":"no"}"#);
    assert_eq!(judged(yaml, Ok(answer)).verdict, Verdict::Pass);
}

#[test]
fn every_demand_that_does_not_hold_is_a_finding_at_its_place() {
    let yaml = "status: 401\nheaders: {content-type: text/html}\nabsent: [x-a]\njson: {error: no}\n";
    let judgement = judged(yaml, Ok(response(400, &[("x-a", "1")], r#"{"error":"yes"}"#)));
    let said: Vec<String> =
        judgement.findings.iter().map(|finding| format!("{} {}", finding.place, finding.label)).collect();
    assert_eq!(
        said,
        [
            "s.yaml:1:9 the target answered 400",
            "s.yaml:2:25 the answer has no `content-type`",
            "s.yaml:3:10 the answer has `x-a: 1`",
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
    assert_eq!(labels("{absent_cookies: [sid]}", set("sid=1")), ["the answer sets the cookie `sid`"]);
    assert!(labels("{cookies: {sid: x}}", set("sid=x")).is_empty());
}

#[test]
fn a_body_that_is_not_json_is_said() {
    assert_eq!(labels("json: !any", response(200, &[], "")), ["the body is empty"]);
    assert!(labels("json: !any", response(200, &[], "<p>"))[0].starts_with("the body is not JSON"));
    assert!(labels("json: null", response(200, &[], "null")).is_empty());
    assert!(labels("text: \"a\\n\"", response(200, &[], "a\n")).is_empty());
}

#[test]
fn no_connection_is_inconclusive_and_silence_is_an_answer() {
    assert_eq!(
        judged("status: 200", Err(Breakage::NoConnection("refused".into()))).verdict,
        Verdict::Inconclusive
    );
    let silence = judged("status: 200", Err(Breakage::Silence(Duration::from_secs(1))));
    assert_eq!(silence.verdict, Verdict::Fail);
    assert_eq!(silence.findings[0].label, "no complete response within 1s");
    assert_eq!(judged("{}", Err(Breakage::Broken("reset".into()))).verdict, Verdict::Fail);
}

#[test]
fn an_answer_may_take_no_longer_than_it_may() {
    assert!(labels("within: 10ms", response(200, &[], "")).is_empty());
    assert_eq!(labels("within: 1ms", response(200, &[], "")), ["the answer took 5ms"]);
}

#[test]
fn a_field_that_a_list_is_demanded_of_is_told_as_often_as_it_came() {
    let told =
        |fields: &[(&str, &str)]| labels("headers: {link: !containing [a]}", response(200, fields, ""));
    assert_eq!(told(&[]), ["the answer has no `link`"]);
    assert_eq!(told(&[("link", "b")]), ["the answer has `link` once: no such element among 1"]);
    let twice = [("link", "b"), ("link", "c")];
    assert_eq!(told(&twice), ["the answer has `link` 2 times: no such element among 2"]);
}
