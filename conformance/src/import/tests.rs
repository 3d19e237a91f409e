//! Whatever a document prints, what is written of it is a suite that loads.

use std::io;

use super::*;
use crate::suite::Folder;

/// The files of an import, of which those that are scenarios stand last.
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

/// A session in which this is answered.
fn answered(head: &str, body: &str) -> String {
    imported(&format!("```\n$ curl -i http://h:1/a\n{head}\n\n{body}\n```\n"))
}

#[test]
fn a_head_that_is_not_as_it_should_be_is_expected_as_far_as_it_can_be() {
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
    assert!(answered("HTTP/1.1 808 Odd", "x").contains("# unsure: 808 is no status of HTTP\n"));
}

#[test]
fn characters_that_yaml_does_not_print_are_written_as_escapes() {
    assert!(answered("HTTP/1.1 200 OK\nX: a\u{7f}b", "{\"a\": \"\u{2028}\u{feff}\"}").contains(r"a\u007fb"));
    let page = imported("```\n$ curl http://h:1/ -H 'A: \u{1}' -d 'b #\u{85}'\nok\n```\n");
    assert!(page.contains(r"\u0001") && page.contains(r"\u0085"), "{page}");
}

#[test]
fn a_command_that_names_no_origin_is_none_of_a_suite() {
    let page = imported("```\n$ curl http://h:/a\n$ curl http://h:1/a\n$ curl http://h:/a\n```\n");
    assert!(page.contains("http://h:1/a") && page.contains("was left out"), "{page}");
}

#[test]
fn a_command_whose_path_is_a_variable_of_the_shell_is_left_out() {
    let page = imported("```\n$ curl -g http://h:1${BASE}/users\n$ curl http://h:1/a\n```\n");
    assert!(page.contains("no path that begins with `/`") && page.contains("curl http://h:1/a"), "{page}");
    let page = imported("```\n$ curl http://h:1/$BASE/users\n$ curl -g http://h:1/${BASE}/users\n```\n");
    assert!(!page.contains("was left out"), "{page}");
}

#[test]
fn what_starts_the_target_is_described_whatever_it_is_called() {
    let page = imported("```\n$ A=1 A=2 B=null ./null\n$ curl http://h:1/a\nok\n```\n");
    assert!(page.contains("profile: 2-null\n") || page.contains("profile: \"2-null\"\n"), "{page}");
    imported("```\n$ A=null ./null\n$ curl http://h:1/a\nok\n```\n");
}

#[test]
fn a_whole_address_that_is_printed_and_asked_for_later_is_asked_for_as_it_stands() {
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
    // Nor is one without its scheme.
    let rest = "//h:1/a/9375973a-68c7-46aa-b135-29f79e837495";
    let page = imported(&format!(
        "```\n$ curl -i http://h:1/a -d x=1\nHTTP/1.1 201 Created\nLocation: {rest}\n\n$ curl http:{rest}\nok\n```\n"
    ));
    assert!(page.contains(&format!("request: curl http:{rest}")), "{page}");
    // Nor is one that curl takes for http.
    let bare = "h:1/a/9375973a-68c7-46aa-b135-29f79e837495";
    let page = imported(&format!(
        "```\n$ curl -i http://h:1/a -d x=1\nHTTP/1.1 201 Created\nLocation: {bare}\n\n$ curl {bare}\nok\n```\n"
    ));
    assert!(page.contains(&format!("request: curl {bare}")) && !page.contains("capture"), "{page}");
    // A number that is the port is nothing that was printed.
    imported(
        "```\n$ curl http://0.0.0.0:5000/a\n{\"token\": \"5000/a\"}\n$ curl http://0.0.0.0:5000/a\nok\n```\n",
    );
}
