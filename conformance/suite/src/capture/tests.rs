//! Captured values, and errors for missing ones.

use super::*;
use crate::source::Span;
use crate::yaml;

fn response() -> Response {
    let fields = [
        ("link", "</users?page=1>; rel=\"first\""),
        ("link", "</users?page=2>; rel=\"next\""),
        ("set-cookie", "session=ann.7f3c; Path=/"),
        ("x-token", "no secret"),
    ];
    Response {
        headers: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: br#"{"next": "/users?page=2", "total": 12}"#.to_vec(),
        ..Response::default()
    }
}

fn taken(capture: &str) -> Result<String, String> {
    let source = Source::new("s.yaml", capture);
    let name = Located { value: "kept".to_owned(), span: Span::default() };
    let capture = compile(&name, &yaml::read(&source).unwrap(), &source).unwrap();
    capture.take(&response(), &Scope::default()).map(|value| value.to_string())
}

#[test]
fn captures_the_first_group_or_the_whole_match() {
    assert_eq!(taken(r#"{header: Link, pattern: '<([^>]*)>; rel="next"'}"#).unwrap(), r#""/users?page=2""#);
    assert_eq!(taken(r"{header: link, pattern: '/\w+'}").unwrap(), r#""/users""#);
    assert_eq!(taken(r"{cookie: session, pattern: '^\w+'}").unwrap(), r#""ann""#);
    assert_eq!(taken(r"{json: /next, pattern: 'page=(\d+)'}").unwrap(), r#""2""#);
    assert_eq!(taken(r"{text: '\d+}'}").unwrap(), r#""12}""#);
    assert_eq!(taken("{json: /total}").unwrap(), "12");
}

#[test]
fn reports_a_value_that_the_pattern_does_not_match() {
    let error = |capture| taken(capture).unwrap_err();
    assert_eq!(error("{header: etag, pattern: x}"), "the header `etag` is missing");
    assert_eq!(
        error("{header: x-token, pattern: x}"),
        "the header `x-token` does not match /x/: it is `no secret`"
    );
    assert_eq!(
        error("{header: x-token, pattern: x, secret: true}"),
        "the header `x-token` does not match /x/"
    );
    assert_eq!(error("{cookie: session, pattern: '(x)'}"), "the cookie `session` does not match /(x)/");
    assert_eq!(error("{json: /next, pattern: x}"), "the value at `/next` of the body does not match /x/");
    assert_eq!(
        error("{json: /total, pattern: x}"),
        "the value at `/total` of the body is not a string, so /x/ cannot match"
    );
    assert_eq!(error("{text: x(y)}"), "the body does not match /x(y)/");
    // A group that did not take part in the match has no value.
    assert_eq!(
        error("{cookie: session, pattern: 'ann|(bob)'}"),
        "the cookie `session` does not match /ann|(bob)/"
    );
}

#[test]
fn captures_by_a_condition_with_jsonpath() {
    let list = Response {
        status: 201,
        elapsed: std::time::Duration::from_micros(1500),
        body: br#"[{"name": "a", "id": 7}, {"name": "it's", "id": 12345678901234567890123}]"#.to_vec(),
        ..Response::default()
    };
    let mut scope = Scope::default();
    scope.set("wanted", &Json::from("it's"));
    let taken = |capture: &str| -> Result<String, String> {
        let source = Source::new("s.yaml", capture);
        let name = Located { value: "kept".to_owned(), span: Span::default() };
        let node = yaml::read(&source).unwrap();
        let capture = compile(&name, &node, &source).map_err(|error| error.to_string())?;
        capture.take(&list, &scope).map(|value| value.to_string())
    };
    assert_eq!(taken(r#"{json: "$[?@.name == 'a'].id"}"#).unwrap(), "7");
    assert_eq!(taken(r#"{json: "$[?@.name == '${wanted}'].id"}"#).unwrap(), "12345678901234567890123");
    assert_eq!(taken(r#"{json: "$[-1:].name", pattern: '^..'}"#).unwrap(), "\"it\"");
    assert_eq!(taken("{status: true}").unwrap(), "201");
    assert_eq!(taken("{duration: ms}").unwrap(), "1");
    assert_eq!(taken("{duration: s}").unwrap(), "0.001500");
    assert_eq!(taken("{json: $.none}").unwrap_err(), "`$.none` selects nothing in the body");
    assert!(taken(r#"{json: "$[?@.name = 'a']"}"#).unwrap_err().contains("invalid JSONPath"));
    assert!(taken("status").unwrap_err().contains("write {status: true}"));
}
