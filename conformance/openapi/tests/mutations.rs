//! Changes one thing in a correct exchange, many times: the checker finds every fault, and none in the correct exchanges.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::collections::BTreeSet;
use std::path::Path;

use conformance_openapi::{Checked, Description};
use conformance_suite::request::{Header, Prepared};
use conformance_suite::response::Response;
use serde_json::{Value, json};

fn description() -> Description {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/description.yaml");
    Description::open(&path).unwrap_or_else(|wrong| panic!("{wrong}"))
}

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Prepared {
    Prepared {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers.iter().map(|(name, value)| Header::new(name, *value)).collect(),
        body: body.map(|body| body.to_string().into_bytes()),
        ..Prepared::default()
    }
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Response { status, headers: headers.collect(), body: body.as_bytes().to_vec(), ..Response::default() }
}

fn note() -> Value {
    json!({
        "id": 7, "title": "Milk", "kind": "memo", "created": "2024-02-29T12:34:56Z", "day": "2024-02-29",
        "mail": "ada@example.com", "key": "6b1c2d3e-4f50-4a61-8b72-9c83ad94be05", "rating": 4.5, "pinned": true,
        "owner": {"name": "Ada", "parent": {"name": "Eve"}}, "tags": ["ab", "cd"], "extra": {"a": 1},
        "content": {"text": "two litres"}, "version": 1
    })
}

const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
const PROBLEM: (&str, &str) = ("content-type", "application/problem+json");
const TOKEN: (&str, &str) = ("Authorization", "Bearer abc");

fn check(request: &Prepared, response: &Response) -> Checked {
    let checked = description().check(request, response, || false);
    assert!(checked.remarks.is_empty(), "{:?}", checked.remarks);
    checked
}

#[test]
fn correct_exchanges_have_no_violation() {
    let mut new = note();
    new.as_object_mut().unwrap().remove("id");
    new["secret"] = json!("s");
    let list =
        [JSON, ("x-total", "1"), ("x-next", "https://notes.example/v1/notes?page=2"), ("x-flags", "1, 2")];
    let target = "/v1/notes?limit=5&tags=red,blue";
    let problem = json!({"title": "no", "status": 404}).to_string();
    for (request, response) in [
        (request("GET", "/v1/notes/7", &[], None), response(200, &[JSON], &note().to_string())),
        (request("GET", "/notes/7/", &[], None), response(200, &[JSON], &note().to_string())),
        (request("HEAD", "/v1/notes/7", &[], None), response(200, &[JSON], "")),
        (request("OPTIONS", "/v1/notes/7", &[], None), response(204, &[], "")),
        (request("GET", "/v1/nowhere", &[], None), response(404, &[], "")),
        (request("PATCH", "/v1/notes/7", &[], None), response(405, &[], "")),
        (request("GET", target, &[TOKEN], None), response(200, &list, &json!([note()]).to_string())),
        (
            request("GET", "/v1/notes", &[TOKEN], None),
            response(429, &[PROBLEM], &json!({"title": "slow", "status": 429}).to_string()),
        ),
        (
            request("POST", "/v1/notes", &[TOKEN, ("Content-Type", "application/json")], Some(&new)),
            response(201, &[JSON, ("location", "/v1/notes/7")], &note().to_string()),
        ),
        (request("DELETE", "/v1/notes/7", &[TOKEN], None), response(204, &[], "")),
        (request("GET", "/v1/notes/8", &[], None), response(404, &[PROBLEM], &problem)),
        (
            request("GET", "/v1/notes/7/text", &[], None),
            response(200, &[("content-type", "text/plain")], "two litres"),
        ),
    ] {
        let checked = check(&request, &response);
        let labels: Vec<&str> = checked.violations.iter().map(|one| one.label.as_str()).collect();
        assert!(labels.is_empty(), "{} {}: {labels:?}", request.method, request.target);
    }
}

/// Faults in a body: a JSON Pointer and the value there; none removes the member.
fn body_faults() -> Vec<(&'static str, Option<Value>)> {
    vec![
        ("/id", None),
        ("/id", Some(json!("7"))),
        ("/id", Some(json!(0))),
        ("/id", Some(json!(7.5))),
        ("/id", Some(json!(3_000_000_000_u64))),
        ("/id", Some(json!(null))),
        ("/title", None),
        ("/title", Some(json!(""))),
        ("/title", Some(json!("milk"))),
        ("/title", Some(json!("Milk and many other things"))),
        ("/title", Some(json!(["Milk"]))),
        ("/kind", None),
        ("/kind", Some(json!("other"))),
        ("/kind", Some(json!("Memo"))),
        ("/created", None),
        ("/created", Some(json!("2024-02-30T12:34:56Z"))),
        ("/created", Some(json!("2024-02-29 12:34:56"))),
        ("/created", Some(json!(1_709_210_096))),
        ("/day", Some(json!("29.02.2024"))),
        ("/mail", Some(json!("ada at example.com"))),
        ("/key", Some(json!("6b1c2d3e-4f50-4a61-8b72"))),
        ("/rating", Some(json!(0))),
        ("/rating", Some(json!(5.5))),
        ("/rating", Some(json!(4.3))),
        ("/rating", Some(json!("4.5"))),
        ("/pinned", Some(json!("true"))),
        ("/pinned", Some(json!(1))),
        ("/owner", None),
        ("/owner", Some(json!(null))),
        ("/owner/name", None),
        ("/owner/name", Some(json!(5))),
        ("/owner/age", Some(json!(36))),
        ("/owner/parent/name", None),
        ("/owner/parent/name", Some(json!(false))),
        ("/tags", None),
        ("/tags", Some(json!([]))),
        ("/tags", Some(json!(["ab", "ab"]))),
        ("/tags", Some(json!(["ab", "c"]))),
        ("/tags", Some(json!(["ab", "cd", "ef", "gh"]))),
        ("/tags", Some(json!({"0": "ab"}))),
        ("/extra/a", Some(json!("1"))),
        ("/extra", Some(json!({"a": 1, "b": 2, "c": 3}))),
        ("/content", Some(json!({}))),
        ("/content", Some(json!({"text": "a", "items": []}))),
        ("/content/text", Some(json!(1))),
        ("/version", Some(json!(2))),
        ("/added", Some(json!("more"))),
        ("", Some(json!([]))),
        ("", Some(json!("text"))),
        ("", Some(json!(null))),
    ]
}

fn mutated(pointer: &str, value: Option<Value>) -> Value {
    let mut note = note();
    if pointer.is_empty() {
        return value.unwrap();
    }
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let members = note.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => _ = members.insert(name.to_owned(), value),
        None => _ = members.remove(name).unwrap(),
    }
    note
}

#[test]
fn every_fault_in_a_body_is_found_at_its_place() {
    let request = request("GET", "/v1/notes/7", &[], None);
    for (pointer, value) in body_faults() {
        let body = mutated(pointer, value.clone()).to_string();
        let checked = check(&request, &response(200, &[JSON], &body));
        assert!(!checked.violations.is_empty(), "{pointer} {value:?} is not found");
        for violation in &checked.violations {
            assert_eq!(violation.rule, "body", "{pointer}: {}", violation.label);
            let found = violation.pointer.as_deref().unwrap();
            assert!(pointer.starts_with(found) || found.starts_with(pointer), "{pointer}: {found}");
            assert!(violation.place.line() > 60 || pointer.is_empty(), "{pointer} at {}", violation.place);
        }
    }
}

/// An exchange with one fault, and the rule that finds it.
type Fault = (&'static str, Prepared, Response);

fn other_faults() -> Vec<Fault> {
    let get = || request("GET", "/v1/notes/7", &[], None);
    let list = || request("GET", "/v1/notes", &[TOKEN], None);
    let one = note().to_string();
    let all = json!([note()]).to_string();
    let new = || {
        let mut new = note();
        new.as_object_mut().unwrap().remove("id");
        new["secret"] = json!("s");
        new
    };
    let post = |body: &Value| {
        request("POST", "/v1/notes", &[TOKEN, ("Content-Type", "application/json")], Some(body))
    };
    let created = || response(201, &[JSON, ("location", "/v1/notes/7")], &note().to_string());
    let mut without_secret = new();
    without_secret.as_object_mut().unwrap().remove("secret");
    vec![
        ("status", get(), response(500, &[JSON], "{}")),
        ("status", get(), response(201, &[JSON], &one)),
        ("status", get(), response(301, &[("location", "/")], "")),
        ("content type", get(), response(200, &[("content-type", "text/html")], &one)),
        ("content type", get(), response(200, &[], &one)),
        ("content type", get(), response(404, &[JSON], r#"{"title": "no", "status": 404}"#)),
        ("body", get(), response(200, &[JSON], "")),
        ("body", get(), response(200, &[JSON], "{")),
        ("body", get(), response(404, &[PROBLEM], r#"{"title": "no", "status": 200}"#)),
        (
            "body",
            request("GET", "/v1/notes/7/text", &[], None),
            response(200, &[("content-type", "text/plain")], "ab"),
        ),
        ("body", list(), response(200, &[JSON, ("x-total", "1")], &json!([note(), note()]).to_string())),
        ("header", list(), response(200, &[JSON], &all)),
        ("header", list(), response(200, &[JSON, ("x-total", "many")], &all)),
        ("header", list(), response(200, &[JSON, ("x-total", "-1")], &all)),
        ("header", list(), response(200, &[JSON, ("x-total", "1"), ("x-next", "not a uri")], &all)),
        ("header", list(), response(200, &[JSON, ("x-total", "1"), ("x-flags", "1, 2, 3, 4")], &all)),
        ("header", post(&new()), response(201, &[JSON], &one)),
        ("header", post(&new()), response(201, &[JSON, ("location", "/v1/notes/")], &one)),
        ("operation", request("GET", "/v1/nowhere", &[], None), response(200, &[], "")),
        ("operation", request("PATCH", "/v1/notes/7", &[], None), response(200, &[], "")),
        ("security", request("GET", "/v1/notes", &[], None), response(200, &[JSON, ("x-total", "1")], &all)),
        (
            "security",
            request("GET", "/v1/notes", &[("Authorization", "Basic YTpi")], None),
            response(200, &[JSON, ("x-total", "1")], &all),
        ),
        ("parameter", request("GET", "/v1/notes/seven", &[], None), response(200, &[JSON], &one)),
        (
            "parameter",
            request("GET", "/v1/notes?limit=51", &[TOKEN], None),
            response(200, &[JSON, ("x-total", "1")], &all),
        ),
        (
            "parameter",
            request("GET", "/v1/notes?tags=red,green", &[TOKEN], None),
            response(200, &[JSON, ("x-total", "1")], &all),
        ),
        (
            "parameter",
            request("GET", "/v1/notes", &[TOKEN, ("X-Trace", "1")], None),
            response(200, &[JSON, ("x-total", "1")], &all),
        ),
        ("request body", request("POST", "/v1/notes", &[TOKEN], None), created()),
        ("request body", post(&json!({"title": "Milk"})), created()),
        ("request body", post(&without_secret), created()),
        (
            "request body",
            request("POST", "/v1/notes", &[TOKEN, ("Content-Type", "text/plain")], Some(&new())),
            created(),
        ),
    ]
}

#[test]
fn every_other_fault_is_found_by_its_rule() {
    let faults = other_faults();
    let is_of_response = |rule: &str| matches!(rule, "status" | "content type" | "header" | "body");
    let different: BTreeSet<String> = (body_faults().iter().map(|fault| format!("{fault:?}")))
        .chain(faults.iter().filter(|(rule, ..)| is_of_response(rule)).map(|fault| format!("{fault:?}")))
        .collect();
    assert!(different.len() >= 60, "{} different faults in responses", different.len());
    for (rule, request, response) in faults {
        let checked = check(&request, &response);
        let rules: Vec<&str> = checked.violations.iter().map(|one| one.rule).collect();
        assert_eq!(rules.first(), Some(&rule), "{} {} {}", request.method, request.target, response.status);
        assert!(rules.iter().all(|other| *other == rule), "{rule}: {rules:?}");
    }
}

#[test]
fn a_wrong_request_is_not_blamed_if_it_is_wrong_on_purpose() {
    let problem = json!({"title": "no", "status": 400}).to_string();
    let request = request("POST", "/v1/notes", &[], Some(&json!({})));
    let checked = description().check(&request, &response(400, &[PROBLEM], &problem), || true);
    assert!(checked.violations.is_empty(), "{:?}", checked.violations);
}

#[test]
fn extensions_may_refer_to_anything() {
    let text = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\nx-topics: [{content: {$ref: ./guide.md}}, {$ref: gone.md}]\npaths:\n  /x:\n    get:\n      responses:\n        '200':\n          description: d\n          headers: {x-left: {schema: {type: integer, nullable: true, minimum: 1, exclusiveMinimum: true}}}\n";
    let read = |name: &str| match name {
        "d.yaml" => Ok(text.as_bytes().to_vec()),
        "guide.md" => Ok(b"# Guide\n\n- a: *b*\n[c]: d\n".to_vec()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    };
    let description = Description::load("d.yaml", "", &read).unwrap_or_else(|wrong| panic!("{wrong}"));
    let violations = |left: &str| {
        let response = response(200, &[("x-left", left)], "");
        description.check(&request("GET", "/x", &[], None), &response, || false).violations.len()
    };
    // The names of header fields may begin like those of extensions: their schemas are of the dialect of OpenAPI 3.0, too.
    assert_eq!((violations("2"), violations("1")), (0, 1));
}

#[test]
fn operations_may_be_references() {
    let text = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/x: {get: {$ref: 'x.yaml'}}}\n";
    let operation = "tags: [x]\nresponses: {'204': {description: d}}\n";
    let read = |name: &str| Ok(if name == "x.yaml" { operation } else { text }.as_bytes().to_vec());
    let description = Description::load("d.yaml", "", &read).unwrap_or_else(|wrong| panic!("{wrong}"));
    let get = request("GET", "/x", &[], None);
    assert!(description.check(&get, &response(204, &[], ""), || false).violations.is_empty());
    let violations = description.check(&get, &response(200, &[], ""), || false).violations;
    assert_eq!(violations[0].place.to_string(), "x.yaml:2:1");
}

#[test]
fn default_responses_are_not_data() {
    let text = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /x:\n    get: {responses: {default: {$ref: 'r.yaml'}}}\n    put: {responses: {default: {description: d, content: {application/json: {schema: {type: string, nullable: true}}}}}}\n";
    let response_file = "description: d\ncontent: {application/json: {schema: {type: integer}}}\n";
    let read = |name: &str| Ok(if name == "r.yaml" { response_file } else { text }.as_bytes().to_vec());
    let description = Description::load("d.yaml", "", &read).unwrap_or_else(|wrong| panic!("{wrong}"));
    let violations = |method: &str, body: &str| {
        let request = request(method, "/x", &[], None);
        description.check(&request, &response(200, &[JSON], body), || false).violations.len()
    };
    assert_eq!((violations("GET", "1"), violations("GET", "null")), (0, 1));
    assert_eq!((violations("PUT", "null"), violations("PUT", "1")), (0, 1));
}

#[test]
fn strict_checks_find_what_is_not_described() {
    let text = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /x:\n    get:\n      responses:\n        '200':\n          description: d\n          content:\n            application/json:\n              schema:\n                type: object\n                properties:\n                  a: {type: string, nullable: true}\n                  free: {type: object}\n                  n: {type: integer, minimum: 0, exclusiveMinimum: true}\n";
    let read = |_: &str| Ok(text.as_bytes().to_vec());
    let mut description = Description::load("d.yaml", "", &read).unwrap();
    let request = request("GET", "/x?q=1", &[], None);
    let exchange = |body: &str| response(200, &[JSON, ("date", "now"), ("x-more", "1")], body);
    let body = r#"{"a": null, "free": {"x": 1}, "b": 1}"#;
    assert!(description.check(&request, &exchange(body), || false).violations.is_empty());
    assert_eq!(description.check(&request, &exchange(r#"{"n": 0}"#), || false).violations.len(), 1);
    description.strict = true;
    let labels: Vec<String> = description
        .check(&request, &exchange(body), || false)
        .violations
        .into_iter()
        .map(|one| one.label)
        .collect();
    assert_eq!(labels.len(), 3, "{labels:?}");
    assert!(
        labels[0].contains("`q`") && labels[1].contains("`x-more`") && labels[2].contains("/b"),
        "{labels:?}"
    );
}
