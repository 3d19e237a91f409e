//! What is kept of a response, and what is said where it is not there.

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
    capture.take(&response()).map(|value| value.to_string())
}

#[test]
fn a_pattern_takes_its_first_group_or_all_that_it_finds() {
    assert_eq!(taken(r#"{header: Link, pattern: '<([^>]*)>; rel="next"'}"#).unwrap(), r#""/users?page=2""#);
    assert_eq!(taken(r"{header: link, pattern: '/\w+'}").unwrap(), r#""/users""#);
    assert_eq!(taken(r"{cookie: session, pattern: '^\w+'}").unwrap(), r#""ann""#);
    assert_eq!(taken(r"{json: /next, pattern: 'page=(\d+)'}").unwrap(), r#""2""#);
    assert_eq!(taken(r"{text: '\d+}'}").unwrap(), r#""12}""#);
    assert_eq!(taken("{json: /total}").unwrap(), "12");
}

#[test]
fn a_value_that_is_there_and_has_no_such_part_is_told() {
    let told = |capture| taken(capture).unwrap_err();
    assert_eq!(told("{header: etag, pattern: x}"), "there is no header `etag`");
    assert_eq!(
        told("{header: x-token, pattern: x}"),
        "the header `x-token` does not match /x/: it is `no secret`"
    );
    assert_eq!(
        told("{header: x-token, pattern: x, secret: true}"),
        "the header `x-token` does not match /x/"
    );
    assert_eq!(told("{cookie: session, pattern: '(x)'}"), "the cookie `session` does not match /(x)/");
    assert_eq!(told("{json: /next, pattern: x}"), "what the body has at `/next` does not match /x/");
    assert_eq!(
        told("{json: /total, pattern: x}"),
        "what the body has at `/total` is no string, of which /x/ could take a part"
    );
    assert_eq!(told("{text: x(y)}"), "the body does not match /x(y)/");
    // A group that took no part in the match is nothing to keep.
    assert_eq!(
        told("{cookie: session, pattern: 'ann|(bob)'}"),
        "the cookie `session` does not match /ann|(bob)/"
    );
}
