//! Command lines in, the request that curl would send out, or the sentence that says why there is none.

use super::parse;
use crate::diagnostic::Diagnostic;
use crate::request::Prepared;
use crate::source::{Source, Span};
use crate::template::Scope;

fn read(command: &str) -> Result<Prepared, Diagnostic> {
    let place = Source::new("s.yaml", command).place(Span::new(0, command.len()));
    let request = parse(command, "http://0.0.0.0:5000", &|path| std::fs::read(path), &place)?;
    Ok(request.prepare(&Scope::default()).unwrap())
}

fn sent(command: &str) -> Prepared {
    read(command).unwrap_or_else(|error| panic!("{error}"))
}

fn header<'a>(request: &'a Prepared, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|own| own.name == name).map(|own| own.value.as_str())
}

fn body(request: &Prepared) -> Option<&str> {
    request.body.as_deref().map(|bytes| std::str::from_utf8(bytes).unwrap())
}

#[test]
fn a_bare_address_is_a_get_of_its_path() {
    let request = sent(r#"curl "http://0.0.0.0:5000/status/now" -vvv"#);
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/status/now"));
    assert_eq!(header(&request, "Accept"), Some("*/*"));
    assert_eq!(request.body, None);
    assert_eq!(sent("curl http://0.0.0.0:5000").target, "/");
    assert_eq!(sent("curl 0.0.0.0:5000/?a=1#part").target, "/?a=1");
}

#[test]
fn data_is_joined_by_an_ampersand_and_not_encoded_again() {
    let request = sent(r#"curl "http://0.0.0.0:5000/login" -XPOST -d "email=a@b.c" -d "password=fake pwd""#);
    assert_eq!(body(&request), Some("email=a@b.c&password=fake pwd"));
    assert_eq!(header(&request, "Content-Type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn a_post_without_data_has_no_body() {
    let request = sent(r#"curl "http://0.0.0.0:5000/login" -XPOST"#);
    assert_eq!((request.method.as_str(), request.body), ("POST", None));
}

#[test]
fn a_cookie_without_an_equals_sign_is_none() {
    assert_eq!(header(&sent(r#"curl "http://0.0.0.0:5000" --cookie "_fake""#), "Cookie"), None);
    assert_eq!(
        header(&sent(r#"curl "http://0.0.0.0:5000" --cookie "a=C is fun" -b b=2"#), "Cookie"),
        Some("a=C is fun;b=2")
    );
}

#[test]
fn data_goes_to_the_query_with_get() {
    let request = sent("curl -G 'http://0.0.0.0:5000/x?a=1' -d b=2 --data-urlencode 'c=ö &'");
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/x?a=1&b=2&c=%C3%B6+%26"));
    assert_eq!(request.body, None);
}

#[test]
fn credentials_become_an_authorization_field() {
    assert_eq!(
        header(&sent("curl -u bob:a:b http://0.0.0.0:5000/"), "Authorization"),
        Some("Basic Ym9iOmE6Yg==")
    );
    assert_eq!(header(&sent("curl http://bob:pw@0.0.0.0:5000/"), "Authorization"), Some("Basic Ym9iOnB3"));
    assert_eq!(header(&sent("curl -ubob http://0.0.0.0:5000/"), "Authorization"), Some("Basic Ym9iOg=="));
}

#[test]
fn a_header_replaces_a_default_one_or_takes_it_away() {
    let request =
        sent("curl http://0.0.0.0:5000/ -H 'accept: text/html' -H 'User-Agent:' -H 'X-Empty;' -H 'X-A:  b '");
    assert_eq!(header(&request, "Accept"), None);
    assert_eq!(header(&request, "accept"), Some("text/html"));
    assert_eq!(header(&request, "User-Agent"), None);
    assert_eq!(header(&request, "X-Empty"), Some(""));
    assert_eq!(header(&request, "X-A"), Some("b "));
}

#[test]
fn json_sets_both_types() {
    let request = sent(r#"curl --json '{"a": 1}' http://0.0.0.0:5000/"#);
    assert_eq!(header(&request, "Content-Type"), Some("application/json"));
    assert_eq!(header(&request, "Accept"), Some("application/json"));
    assert_eq!((request.method.as_str(), body(&request)), ("POST", Some(r#"{"a": 1}"#)));
}

#[test]
fn a_method_stands_even_after_data() {
    assert_eq!(sent("curl -d a=1 -X PUT http://0.0.0.0:5000/").method, "PUT");
    assert_eq!(sent("curl -I http://0.0.0.0:5000/").method, "HEAD");
    assert_eq!(sent("curl -sSi -XDELETE http://0.0.0.0:5000/").method, "DELETE");
}

#[test]
fn a_form_is_multipart() {
    let request = sent("curl -F name=bob -F 'doc=text;type=text/plain' http://0.0.0.0:5000/");
    let content_type = header(&request, "Content-Type").unwrap().to_owned();
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let text = body(&request).unwrap();
    assert!(text.starts_with(&format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nbob\r\n"
    )));
    assert!(
        text.ends_with(&format!(
            "name=\"doc\"\r\nContent-Type: text/plain\r\n\r\ntext\r\n--{boundary}--\r\n"
        ))
    );
}

#[test]
fn what_cannot_be_honoured_is_refused_under_its_word() {
    for (command, sentence, caret) in [
        ("curl http://0.0.0.0:5000/ --cookei a=b", "`--cookei` of curl is not honoured here", "1:27"),
        ("curl http://0.0.0.0:5000/ -k", "`-k` of curl is not honoured here", "1:27"),
        ("curl http://0.0.0.0:5000/ -H Accept", "has no colon", "1:30"),
        ("curl http://0.0.0.0:5000/ -H", "wants a value", "1:27"),
        ("curl http://example.org/", "not under the specification's origin", "1:6"),
        ("curl http://0.0.0.0:5000/a http://0.0.0.0:5000/b", "second address", "1:28"),
        ("curl 'http://0.0.0.0:5000/[1-3]'", "would not send `[`", "1:7"),
        ("curl http://0.0.0.0:5000/ -d @nothing.txt", "`nothing.txt` cannot be read", "1:31"),
        ("wget http://0.0.0.0:5000/", "a curl command or a mapping", "1:1"),
        ("curl -XPOST", "no address", "1:1"),
    ] {
        let message = read(command).unwrap_err().to_string();
        assert!(message.contains(sentence), "{command}: {message}");
        assert!(message.contains(&format!("s.yaml:{caret}")), "{command}: {message}");
    }
}
