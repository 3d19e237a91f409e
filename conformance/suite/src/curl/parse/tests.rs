//! Requests and errors of curl commands.

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
fn bare_url_is_a_get() {
    let request = sent(r#"curl "http://0.0.0.0:5000/status/now" -vvv"#);
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/status/now"));
    assert_eq!(header(&request, "Accept"), Some("*/*"));
    assert_eq!(request.body, None);
    assert_eq!(sent("curl http://0.0.0.0:5000").target, "/");
    assert_eq!(sent("curl 0.0.0.0:5000/?a=1#part").target, "/?a=1");
}

#[test]
fn joins_data_with_ampersands_without_encoding() {
    let request = sent(r#"curl "http://0.0.0.0:5000/login" -XPOST -d "email=a@b.c" -d "password=fake pwd""#);
    assert_eq!(body(&request), Some("email=a@b.c&password=fake pwd"));
    assert_eq!(header(&request, "Content-Type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn post_without_data_has_no_body() {
    let request = sent(r#"curl "http://0.0.0.0:5000/login" -XPOST"#);
    assert_eq!((request.method.as_str(), request.body), ("POST", None));
}

#[test]
fn cookie_without_equals_sign_names_a_jar() {
    assert_eq!(header(&sent(r#"curl "http://0.0.0.0:5000" --cookie "_fake""#), "Cookie"), None);
    assert_eq!(
        header(&sent(r#"curl "http://0.0.0.0:5000" --cookie "a=C is fun" -b b=2"#), "Cookie"),
        Some("a=C is fun;b=2")
    );
}

#[test]
fn get_option_moves_data_to_the_query() {
    let request = sent("curl -G 'http://0.0.0.0:5000/x?a=1' -d b=2 --data-urlencode 'c=ö &'");
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/x?a=1&b=2&c=%C3%B6+%26"));
    assert_eq!(request.body, None);
}

#[test]
fn credentials_set_the_authorization_field() {
    assert_eq!(
        header(&sent("curl -u bob:a:b http://0.0.0.0:5000/"), "Authorization"),
        Some("Basic Ym9iOmE6Yg==")
    );
    assert_eq!(header(&sent("curl http://bob:pw@0.0.0.0:5000/"), "Authorization"), Some("Basic Ym9iOnB3"));
    assert_eq!(header(&sent("curl -ubob http://0.0.0.0:5000/"), "Authorization"), Some("Basic Ym9iOg=="));
}

#[test]
fn header_option_replaces_or_removes_default_fields() {
    let request =
        sent("curl http://0.0.0.0:5000/ -H 'accept: text/html' -H 'User-Agent:' -H 'X-Empty;' -H 'X-A:  b '");
    assert_eq!(header(&request, "Accept"), None);
    assert_eq!(header(&request, "accept"), Some("text/html"));
    assert_eq!(header(&request, "User-Agent"), None);
    assert_eq!(header(&request, "X-Empty"), Some(""));
    assert_eq!(header(&request, "X-A"), Some("b "));
}

#[test]
fn json_option_sets_content_type_and_accept() {
    let request = sent(r#"curl --json '{"a": 1}' http://0.0.0.0:5000/"#);
    assert_eq!(header(&request, "Content-Type"), Some("application/json"));
    assert_eq!(header(&request, "Accept"), Some("application/json"));
    assert_eq!((request.method.as_str(), body(&request)), ("POST", Some(r#"{"a": 1}"#)));
}

#[test]
fn method_option_overrides_post() {
    assert_eq!(sent("curl -d a=1 -X PUT http://0.0.0.0:5000/").method, "PUT");
    assert_eq!(sent("curl -I http://0.0.0.0:5000/").method, "HEAD");
    assert_eq!(sent("curl -sSi -XDELETE http://0.0.0.0:5000/").method, "DELETE");
}

#[test]
fn form_option_sends_multipart() {
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
fn rejects_unsupported_options_at_the_word() {
    for (command, sentence, caret) in [
        ("curl http://0.0.0.0:5000/ --cookei a=b", "curl option `--cookei` is not supported", "1:27"),
        ("curl http://0.0.0.0:5000/ -k", "curl option `-k` is not supported", "1:27"),
        ("curl http://0.0.0.0:5000/ -H Accept", "has no colon", "1:30"),
        ("curl http://0.0.0.0:5000/ -H", "needs a value", "1:27"),
        ("curl http://example.org/", "not under the origin of the suite", "1:6"),
        ("curl http://0.0.0.0:5000/a http://0.0.0.0:5000/b", "second URL", "1:28"),
        ("curl 'http://0.0.0.0:5000/[1-3]'", "would not send `[`", "1:7"),
        ("curl http://0.0.0.0:5000/ -d @nothing.txt", "cannot read the file `nothing.txt`", "1:31"),
        ("wget http://0.0.0.0:5000/", "a curl command or a mapping", "1:1"),
        ("curl -XPOST", "has no URL", "1:1"),
    ] {
        let message = read(command).unwrap_err().to_string();
        assert!(message.contains(sentence), "{command}: {message}");
        assert!(message.contains(&format!("s.yaml:{caret}")), "{command}: {message}");
    }
}
