//! Tests of multipart bodies.

use super::*;

const CONTENT_TYPE: &str = "multipart/form-data; boundary=----x";

fn read(content: &str) -> Vec<(String, String)> {
    fields(CONTENT_TYPE, content.as_bytes())
}

fn field(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn reads_fields_unchanged() {
    let content = "------x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nbob@hbtn.io\r\n\
                   ------x\r\ncontent-disposition: form-data; name=password\r\nX: y\r\n\r\nfake\r\npwd +%20\r\n\
                   ------x--\r\n";
    assert_eq!(read(content), [field("email", "bob@hbtn.io"), field("password", "fake\r\npwd +%20")]);
}

#[test]
fn accepts_a_quoted_boundary() {
    let content = "--a b\r\nContent-Disposition: form-data; name=\"p\"\r\n\r\n1\r\n--a b--";
    let fields = fields("multipart/form-data; boundary=\"a b\"", content.as_bytes());
    assert_eq!(fields, [field("p", "1")]);
}

#[test]
fn skips_files() {
    let content = "------x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n1\r\n\
                   ------x\r\nContent-Disposition: form-data; name=\"p\"\r\n\r\n\r\n------x--";
    assert_eq!(read(content), [field("p", "")]);
}

#[test]
fn stops_at_a_malformed_part() {
    let first = "------x\r\nContent-Disposition: form-data; name=\"p\"\r\n\r\n1\r\n------x";
    for rest in ["", "\r\n", "\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n2", "y", "--"] {
        assert_eq!(read(&format!("{first}{rest}")), [field("p", "1")], "{rest:?}");
    }
}

#[test]
fn no_field_without_boundary_name_or_blank_line() {
    assert_eq!(fields("multipart/form-data", b"--\r\n"), []);
    assert_eq!(fields("multipart/form-data; boundary=", b"--\r\n\r\n--"), []);
    assert_eq!(read("------x\r\nContent-Disposition: form-data\r\n\r\n1\r\n------x--"), []);
    assert_eq!(read("------x\r\nContent-Disposition: form-data; name=\"p\"\r\n------x--"), []);
    assert_eq!(read("p=1"), []);
}

#[test]
fn quoted_name_may_contain_semicolons_and_quotes() {
    let named = |name: &str| {
        read(&format!("------x\r\nContent-Disposition: form-data; {name}\r\n\r\n1\r\n------x--"))
    };
    assert_eq!(named(r#"name="a;b=c""#), [field("a;b=c", "1")]);
    assert_eq!(named(r#"name="a\"; filename=\"b""#), [field("a\"; filename=\"b", "1")]);
    assert_eq!(named(r#"other="; name=x" ;name = "y""#), [field("y", "1")]);
    assert_eq!(named(r#"name="C:\temp\\x""#), [field(r"C:\temp\x", "1")]);
    assert_eq!(named("flag; name=y"), [field("y", "1")]);
    assert_eq!(named(r#"name="never closed"#), [field("never closed", "1")]);
    assert_eq!(named(r#"name="f"; filename*=utf-8''x"#), []);
}

#[test]
fn rejects_a_boundary_above_70_characters() {
    let read = |length: usize| {
        let boundary = "-".repeat(length);
        let content =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"p\"\r\n\r\n1\r\n--{boundary}--");
        fields(&format!("multipart/form-data; boundary={boundary}"), content.as_bytes())
    };
    assert_eq!(read(70), [field("p", "1")]);
    assert_eq!(read(71), []);
}
