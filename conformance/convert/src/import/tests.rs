//! Whatever a document contains, the imported suite loads.

use std::io;

use super::*;
use conformance_suite::suite::Folder;

/// Returns the imported scenarios; checks that the suite loads.
fn imported(text: &str) -> String {
    let files = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
    let wanted = Wanted { origin: None, profile: None, suite: None, files: &files };
    let import = document(&Source::new("a.md", text), &wanted).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in &import.files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let pages: String = import.files.iter().skip(2).map(|(_, text)| text.as_str()).collect();
    if let Err(wrong) = Suite::load(&Folder::Directory(folder.path().to_owned())) {
        panic!("{wrong}\n\n{pages}");
    }
    pages
}

/// Imports a session with this response.
fn answered(head: &str, body: &str) -> String {
    imported(&format!("```\n$ curl -i http://h:1/a\n{head}\n\n{body}\n```\n"))
}

#[test]
fn imports_malformed_response_heads() {
    assert!(answered("HTTP/1.1 200 OK\nContent-Type:", "x").contains("content-type: \"\""));
    assert!(
        answered("HTTP/1.1 200 OK\nContent-Type: a: b #c; d=e", "x")
            .contains(r#"content-type: "a: b #c; d=e""#)
    );
    assert!(
        answered("HTTP/1.1 200 OK\nContent-Type: text/html; charset=utf-8", "x")
            .contains("!starts_with text/html\n")
    );
    assert!(!answered("HTTP/1.1 200 OK\nX Y: 1", "x").contains("x y"));
    assert!(answered("HTTP/1.1 200 OK\nSet-Cookie: a=1\nSet-Cookie: a=2", "x").contains("a: {value: \"2\"}"));
    assert!(answered("HTTP/1.1 808 Odd", "x").contains("# unsure: 808 is not an HTTP status code\n"));
}

#[test]
fn escapes_characters_that_yaml_cannot_print() {
    assert!(answered("HTTP/1.1 200 OK\nX: a\u{7f}b", "{\"a\": \"\u{2028}\u{feff}\"}").contains(r"a\u007fb"));
    let page = imported("```\n$ curl http://h:1/ -H 'A: \u{1}' -d 'b #\u{85}'\nok\n```\n");
    assert!(page.contains(r"\u0001") && page.contains(r"\u0085"), "{page}");
}

#[test]
fn leaves_out_commands_without_a_valid_origin() {
    let page = imported("```\n$ curl http://h:/a\n$ curl http://h:1/a\n$ curl http://h:/a\n```\n");
    assert!(page.contains("http://h:1/a") && page.contains("was left out"), "{page}");
}

#[test]
fn leaves_out_commands_whose_path_is_a_shell_variable() {
    let page = imported("```\n$ curl -g http://h:1${BASE}/users\n$ curl http://h:1/a\n```\n");
    assert!(page.contains("does not begin with `/`") && page.contains("curl http://h:1/a"), "{page}");
    let page = imported("```\n$ curl http://h:1/$BASE/users\n$ curl -g http://h:1/${BASE}/users\n```\n");
    assert!(!page.contains("was left out"), "{page}");
}

#[test]
fn quotes_profile_names_that_yaml_would_misread() {
    let page = imported("```\n$ A=1 A=2 B=null ./null\n$ curl http://h:1/a\nok\n```\n");
    assert!(page.contains("profile: 2-null\n") || page.contains("profile: \"2-null\"\n"), "{page}");
    imported("```\n$ A=null ./null\n$ curl http://h:1/a\nok\n```\n");
}

#[test]
fn absolute_urls_in_responses_are_not_captured() {
    let address = "http://h:1/a/9375973a-68c7-46aa-b135-29f79e837495";
    let page = imported(&format!(
        "```\n$ curl -i http://h:1/a -d x=1\nHTTP/1.1 201 Created\nLocation: {address}\n\n$ curl {address}\nok\n```\n"
    ));
    assert!(page.contains(&format!("request: curl {address}")) && !page.contains("${location}"), "{page}");
    let part = "/h:1/a/9375973a-68c7-46aa-b135-29f79e837495";
    let page = imported(&format!(
        "```\n$ curl -i http://h:1/a -d x=1\nHTTP/1.1 201 Created\nLocation: {part}\n\n$ curl http:/{part}\nok\n```\n"
    ));
    assert!(page.contains(&format!("request: curl http:/{part}")), "{page}");
    // The same without a scheme.
    let rest = "//h:1/a/9375973a-68c7-46aa-b135-29f79e837495";
    let page = imported(&format!(
        "```\n$ curl -i http://h:1/a -d x=1\nHTTP/1.1 201 Created\nLocation: {rest}\n\n$ curl http:{rest}\nok\n```\n"
    ));
    assert!(page.contains(&format!("request: curl http:{rest}")), "{page}");
    // The same without `//`, which curl takes for HTTP.
    let bare = "h:1/a/9375973a-68c7-46aa-b135-29f79e837495";
    let page = imported(&format!(
        "```\n$ curl -i http://h:1/a -d x=1\nHTTP/1.1 201 Created\nLocation: {bare}\n\n$ curl {bare}\nok\n```\n"
    ));
    assert!(page.contains(&format!("request: curl {bare}")) && !page.contains("capture"), "{page}");
    // A number that equals the port is not a captured value.
    imported(
        "```\n$ curl http://0.0.0.0:5000/a\n{\"token\": \"5000/a\"}\n$ curl http://0.0.0.0:5000/a\nok\n```\n",
    );
}
