//! Whatever a document contains, the imported suite loads.

mod neighbours;

use std::io;

use super::*;
use conformance_suite::suite::Folder;

/// Returns the imported scenarios; checks that the suite loads.
fn imported(text: &str) -> String {
    let files = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
    let wanted =
        Wanted { origin: None, profile: None, suite: None, files: &files, shape: false, present: &|_| None };
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
fn shell_variables_in_a_path_become_variables_of_the_suite() {
    let page = imported("```\n$ curl -g http://h:1${BASE}/users\n$ curl http://h:1/$BASE/users\n```\n");
    assert!(
        page.contains("curl -g http://h:1${base}/users") && page.contains("curl http://h:1/${base}/users"),
        "{page}"
    );
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

/// Imports a session in a code block.
fn session(text: &str) -> String {
    imported(&format!("# T\n\n```\n{text}\n```\n"))
}

/// Imports a document of this name.
fn named(name: &str, text: &str) -> Import {
    let files = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
    let wanted =
        Wanted { origin: None, profile: None, suite: None, files: &files, shape: false, present: &|_| None };
    document(&Source::new(name, text), &wanted).unwrap()
}

/// Checks that a session becomes a step with these lines.
fn check(text: &str, lines: &[&str]) {
    let page = session(text);
    for line in lines {
        assert!(page.contains(line), "{line} is missing in\n{page}");
    }
}

#[test]
fn reads_commands_that_do_not_begin_their_line() {
    check(
        "$ echo 'a 1' | curl --data-binary @- http://h.test/a\nok",
        &["echo 'a 1' | curl --data-binary @- http://h.test/a"],
    );
    check(
        "$ TOKEN=$(curl -s http://h.test/b)\n$ curl http://h.test/c -d \"t=$TOKEN\"",
        &["token: {text:", "curl http://h.test/c -d \"t=${token}\""],
    );
    check(
        "$ cat <<E | curl --data-binary @- http://h.test/f\na 1\nE",
        &["curl --data-binary @- http://h.test/f <<E\n      a 1\n      E"],
    );
    check("$ curl http://h.test/g -d @- <<EOF\n{\"a\": 1}\nEOF\nok", &["<<EOF\n      {\"a\": 1}\n      EOF"]);
    check(
        "$ NAME=x curl http://h.test/d\nok\n$ curl http://h.test/e",
        &["request: curl http://h.test/d\n", "profile: default"],
    );
    check(
        "$ curl http://h.test/a ; curl http://h.test/b\nok",
        &["request: curl http://h.test/a\n", "request: curl http://h.test/b\n"],
    );
    check("$ curl http://h.test/a ; echo \"\"\n{\"a\": 1}", &["json: {a: 1}"]);
    check("$ curl http://h.test/j \\\n$   -d x=1\nok", &["-d x=1"]);
    check(
        "shell> curl http://h.test/a\nuser@host:~$ curl http://h.test/b",
        &["http://h.test/a\n", "http://h.test/b\n"],
    );
    check("    $ curl http://h.test/x\n    {\"a\":1}", &["json: {a: 1}"]);
    check("C:\\> curl http://h.test/x ^\n  -d a=1", &["-d a=1"]);
    check("PS> curl.exe http://h.test/x `\n  -d a=1", &["-d a=1"]);
    check("$ curl -d “a=1” http://h.test/x", &["curl -d \"a=1\" http://h.test/x"]);
}

#[test]
fn reads_every_place_with_code() {
    let steps = |text: &str| named("doc.md", text).exchanges;
    assert_eq!(steps("- Item:\n\n        curl http://h.test/x\n"), 1);
    assert_eq!(steps("<pre><code>$ curl http://h.test/x -d &#39;a=1&#39;\n{\"a\": 1}</code></pre>\n"), 1);
    assert_eq!(steps("Text\n\n$ curl http://h.test/x\nok\n\n```\n$ curl http://h.test/y\n```\n"), 2);
    assert_eq!(steps("```http\nGET /a HTTP/1.1\nHost: h.test\n\nHTTP/1.1 200 OK\n\n{}\n```\n"), 1);
    let both = "```http\nGET /a HTTP/1.1\nHost: localhost:81\n```\n```\n$ curl http://localhost:81/b\n```\n";
    assert_eq!((named("a.md", both).exchanges, named("a.md", both).left_out.len()), (2, 0));
    let unseparated =
        "```http\nPOST /a HTTP/1.1\nHost: h.test\nContent-Type: application/json\n{\"a\": 1}\n```\n";
    assert!(imported(unseparated).contains("--data-raw '{\"a\": 1}'"), "{}", imported(unseparated));
    assert_eq!(steps("```\n$ http POST :8000/x a=b\n```\n"), 1);
    let rules = "---\ntitle: curl http://h/\n---\n## A\n---\ntext\n\n```\ncurl http://h.test/x\n```\n## B\n---\ntext\n";
    assert_eq!(steps(rules), 1);
    assert_eq!(steps("<br>\n```\ncurl http://h.test/x\n\ncurl http://h.test/y\n```\n"), 2);
    let text = "<br>\nWith a key:\n```\n$ curl http://h.test/x\n\n{\"a\": 1}\n```\n";
    assert!(imported(text).contains("json: {a: 1}"), "{}", imported(text));
    assert_eq!(named("a.html", "<h1>A</h1><pre>$ curl http://h.test/&lt;id&gt;\n</pre>").exchanges, 1);
    assert_eq!(named("a.adoc", "[source,bash]\n----\n$ curl http://h.test/x\n----\n").exchanges, 1);
    assert_eq!(named("a.rst", "A::\n\n    $ curl http://h.test/x\n").exchanges, 1);
    let import = named(
        "doc.md",
        "Use `curl http://h.test/y` too.\n\n```\n$ curl http://h.test/x\n$ for i in 1; do curl http://h.test/$i; done\n```\n",
    );
    assert_eq!((import.exchanges, import.left_out.len(), import.unread.as_slice()), (1, 1, &[1][..]));
}

#[test]
fn marks_what_the_shell_writes() {
    check(
        "$ curl http://h.test/b -d \"$(cat x.json)\"\nok",
        &["# unsure: the shell writes a part of this request"],
    );
    check("$ curl http://h.test/users/<id>\nok", &["# unsure: write a value for <id>"]);
    check("$ curl http://h.test/users/{id}\nok", &["# unsure: write a value for {id}"]);
    check("$ curl http://h.test/d>out.json", &["request: curl http://h.test/d\n"]);
    check("$ curl -H \"Authorization: Bearer $TOKEN\" http://h.test/a", &["Bearer ${token}"]);
    let manifest = &named("a.md", "```\n$ curl -H \"A: $TOKEN\" http://h.test/a\n```\n").files[0].1;
    assert!(manifest.contains("variables:\n  token: {env: TOKEN, secret: true}\n"), "{manifest}");
    check(
        "$ curl $HOST/a\n$ curl http://h.test/b",
        &["$HOST is taken for the origin", "curl http://h.test/a"],
    );
}

#[test]
fn reads_documents_with_odd_names_and_files_in_the_document() {
    for name in ["1-intro.md", "2024 api.md"] {
        let register = &named(name, "```\n$ curl http://h.test/a\n```\n").files[1].1;
        assert!(register.contains("- id: DOC"), "{register}");
    }
    let import = named(
        "a.md",
        "Save this as payload.json:\n\n    {\"a\": 1}\n\n$ curl http://h.test/f -d @payload.json\n",
    );
    assert!(
        import.files.iter().any(|(name, text)| name == "payload.json" && text.contains("\"a\"")),
        "{import:?}"
    );
    check(
        "$ curl https://localhost:8443/a\n$ curl https://127.0.0.1:8443/b",
        &["curl https://localhost:8443/b"],
    );
    check("$ curl user:pw@localhost:80/users", &["curl user:pw@localhost:80/users"]);
    for (written, content) in [
        ("echo \"Hello World\" > note.txt", "Hello World\n"),
        ("printf 'a\\nb' >note.txt", "a\nb"),
        ("echo -n x > /tmp/note.txt", "x"),
    ] {
        for send in ["--data-urlencode v@note.txt", "-d @note.txt", "-T note.txt"] {
            let import = named("a.md", &format!("```\n{written}\ncurl http://h.test/a {send}\n```\n"));
            let written = ("note.txt".to_owned(), content.to_owned());
            assert!(import.files.contains(&written), "{send}: {import:?}");
        }
    }
    let import =
        named("a.md", "A text - like this:\n\n    x\n\n```\n$ echo a | curl -d @- http://h.test/a\n```\n");
    assert_eq!(import.files.len(), 3, "{import:?}");
    let import = named("a.md", "```\n$ curl http://h.test/a -d @gone.json\n$ curl http://h.test/b\n```\n");
    let reason = import.left_out[0].to_string();
    assert!(reason.contains("put the file into the folder of `--out` and import again"), "{reason}");
}

#[test]
fn keeps_the_order_of_the_document() {
    let names = |text: &str| -> Vec<String> {
        named("a.md", text).files.into_iter().skip(2).map(|(name, _)| name).collect()
    };
    assert_eq!(
        names("## Put\n```\n$ curl -X PUT http://h/a -d v=1\n```\n## Get\n```\n$ curl http://h/a\n1\n```\n"),
        ["01-put.yaml", "02-get.yaml"]
    );
    let text = "## Put\n```\n$ curl -X PUT http://h/a -d v=1\n{\"rev\": \"1-2902191555\"}\n```\n## Get\n```\n$ curl -X DELETE 'http://h/a?rev=1-2902191555'\n```\n";
    assert_eq!(names(text), ["put-to-get.yaml"]);
    let page = imported(text);
    assert!(page.contains("rev: {json: /rev}") && page.contains("?rev=${rev}"), "{page}");
}

#[test]
fn expects_only_what_the_document_shows() {
    check(
        "$ curl -i http://h.test/a\nHTTP/1.1 200 OK\nX-Request: [...]\n\n{\"a\": \"MIIB ... FzQ==\"}",
        &["x-request: !any", "a: !starts_with \"MIIB \""],
    );
    check("$ curl http://h.test/b\nfirst\n...\nlast", &["text: !starts_with \"first\\n\""]);
    check("$ curl http://h.test/b\n*2\nabc", &["text: !lines", "abc"]);
    check("$ curl http://h.test/c\n{\"a\": 1, ...}", &["json: !subset {a: 1}"]);
    check("$ curl http://h.test/hello\nHello, World!", &["text: !starts_with \"Hello, World!\""]);
    check("$ curl http://h.test/a\n{\"a\": 1}\n{\"a\": 2}", &["json: !lines", "a: 1", "a: 2"]);
    check(
        "$ curl http://h.test/a\n{\"a\": 1}\n{\"a\":\n 2}",
        &["# unsure: the body has several lines of JSON, of which only the first is checked"],
    );
    check(
        "$ curl http://h.test/a\n{\"error\": \"exists\", \"reason\": \"it could not be made,\n   it exists\"}",
        &["reason: \"it could not be made, it exists\"", "status: [4xx, 5xx]"],
    );
    let page = session("$ curl -i http://h.test/a\nHTTP/1.1 200 OK\nContent-Type: text/plain\n\n[...]");
    assert!(
        page.contains("# unsure: the document does not show the body") && !page.contains("json:"),
        "{page}"
    );
    check(
        "$ curl http://h.test/a\n{\"z\": 1, \"a\": 123456789012345678901234567890, \"f\": 1.50}",
        &["json: {z: 1, a: 123456789012345678901234567890, f: 1.50}"],
    );
    check(
        "$ curl -X PUT http://h.test/a/6e1295ed6c29495e54cc05947f18c8af -d '{}'\n{\"id\": \"6e1295ed6c29495e54cc05947f18c8af\"}",
        &["json: {id: \"6e1295ed6c29495e54cc05947f18c8af\"}"],
    );
    check("$ curl http://h.test:81/a -d '{\"source\": \"http://h.test:81/b\"}'", &["${target.origin}/b"]);
    check(
        "$ curl -i http://h.test/a\nHTTP/1.1 200 OK\nLink: </a?page=2>; rel=\"next\"\nLink: </a?page=9>; rel=\"last\"\n\n[]",
        &["link: !containing", "page=2", "page=9"],
    );
    check(
        "$ curl -v http://h.test/a\n< content-type: application/json\n< x-violations: []\n{\"a\": 1}",
        &["x-violations: \"[]\"", "json: {a: 1}", "status: 2xx"],
    );
    check(
        "$ curl 'http://h.test/targets?state=a'\n$ curl 'http://h.test/targets?state=b'",
        &["GET /targets?state=b"],
    );
}

#[test]
fn values_that_each_server_makes_are_marked() {
    check(
        "$ curl -i http://h.test/a\nHTTP/1.1 200 OK\nX-Store-Index: 35\nX-Store-Version: 1.2.x\nX-Store-Id: 7e27652122e8b2ae\n\n{\"key\": \"/queue/00000000000000000006\", \"name\": \"20171210T211224Z-2be6\", \"version\": \"2.13.1\", \"format\": \"1.0\"}",
        &[
            "x-store-index: !regex",
            "x-store-version: !string",
            "x-store-id: !string",
            "key: !starts_with \"/queue/\"",
            "name: !string",
            "version: !string",
            "format: \"1.0\"",
        ],
    );
    check("$ curl 'http://h.test/a?version=2.13.1'\n{\"version\": \"2.13.1\"}", &["json: {version: "]);
}

#[test]
fn other_origins_of_the_system_become_named_origins() {
    let import = named(
        "a.md",
        "```\n$ curl http://localhost:81/a\n$ curl http://localhost:81/b\n$ curl http://localhost:82/a\n$ curl http://store:81/c\n$ curl https://get.store.io/install\n```\n",
    );
    let manifest = &import.files[0].1;
    assert!(
        manifest.contains("origins:\n  port_82: http://localhost:82\n  store: http://store:81\n"),
        "{manifest}"
    );
    assert_eq!((import.exchanges, import.left_out.len()), (4, 1));
    let reason = import.left_out[0].to_string();
    assert!(reason.contains("--origin https://get.store.io"), "{reason}");
    let page = &import.files[2].1;
    assert!(page.contains("this is sent to the origin `port_82`: `--origin port_82=URL`"), "{page}");
    let page = imported(
        "```\n$ curl https://api.store.io/a\n$ curl https://api.store.io/b\n$ curl https://auth.store.io/c\n```\n",
    );
    assert!(page.contains("request: curl https://auth.store.io/c"), "{page}");
}

#[test]
fn comments_and_arrows_are_not_responses() {
    let none = |text: &str| {
        let page = session(text);
        assert!(!page.contains("text:") && !page.contains("json:"), "{page}");
    };
    none("curl -X PATCH http://h.test/p\n\n# this one is refused\ncurl http://h.test/q");
    none("curl http://h.test/w\n-- next\ncurl http://h.test/x");
    check("curl http://h.test/d\n{\"d\": 1}\n\n// the next\ncurl http://h.test/e", &["json: {d: 1}"]);
    check(
        "curl http://h.test/r\n# {\"a\": 1}\ncurl http://h.test/t\n→ {\"c\": 1}",
        &["json: {a: 1}", "json: {c: 1}"],
    );
    let page = imported(
        "```\ncurl http://h.test/a\ncurl http://h.test/b\n```\n```\n{\"id\":1}\n{\"id\":1,\"x\":1}\n```\n",
    );
    assert!(page.contains("json: {id: 1}") && page.contains("json: {id: 1, x: 1}"), "{page}");
    let page = imported(
        "    curl 'http://h.test/a?filter=x'\n\nor, in a browser:\n\n    http://h.test/a?filter=x\n",
    );
    assert!(!page.contains("text:"), "{page}");
}

#[test]
fn reads_notes_of_structured_text() {
    let note = ".. note::\n    Ids::\n\n    $ curl http://h.test/ids\n\n    ";
    let page = |rest: &str| named("a.rst", &format!("{note}{rest}")).files[2].1.clone();
    assert!(
        page(".. code-block:: json\n\n        {\"ids\": []}\n\n    That is all.\n")
            .contains("json: {ids: []}")
    );
    assert!(!page("The server lists all ids here.\n").contains("text:"));
}

#[test]
fn reads_headings_as_they_are_shown() {
    let import = named(
        "a.md",
        "### Deep\n---\n```\n$ curl http://h/a\n```\n## /ca/&lt;id&gt;\n```\n$ curl http://h/b\n```\n",
    );
    let names: Vec<&str> = import.files.iter().skip(2).map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["01-deep.yaml", "02-ca-id.yaml"]);
}

#[test]
fn expects_shapes_in_place_of_values() {
    let files = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
    let wanted =
        Wanted { origin: None, profile: None, suite: None, files: &files, shape: true, present: &|_| None };
    let text = "```\n$ curl http://h/q\n{\"status\": \"ok\", \"data\": [{\"value\": [1.5, \"1\"], \"n\": 1}, {\"n\": 2}]}\n$ curl http://h/r\n{\"duration\": 0}\n{\"duration\": 1}\n```\n";
    let import = document(&Source::new("a.md", text), &wanted).unwrap();
    let page = &import.files[2].1;
    assert!(page.contains("json: !subset\n        status: !string\n        data: !each\n          - !subset\n            \"n\": !integer\n"), "{page}");
    assert!(page.contains("json: !lines") && page.contains("duration: !number"), "{page}");
}

/// Imports a recording with one entry.
fn recorded(request: &str, response: &str) -> Result<Import, Diagnostic> {
    let files = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
    let wanted =
        Wanted { origin: None, profile: None, suite: None, files: &files, shape: false, present: &|_| None };
    let text = format!(
        "{{\"log\": {{\"entries\": [{{\"request\": {request}, \"response\": {response}}}, {{\"request\": {{\"method\": \"GET\", \"url\": \"http://h.test:8080/c\"}}, \"response\": {{\"status\": 200}}}}, {{\"request\": {{\"method\": \"GET\", \"url\": \"http://h.test/i.png\"}}, \"response\": {{\"status\": 200, \"content\": {{\"mimeType\": \"image/png\"}}}}}}]}}}}"
    );
    har(&Source::new("a.har", text.as_str()), &wanted)
}

fn posted(data: &str, headers: &str, response: &str) -> String {
    let request = format!(
        "{{\"method\": \"POST\", \"url\": \"http://h.test/a\", \"headers\": [{headers}], \"postData\": {data}}}"
    );
    recorded(&request, response).unwrap().files[2].1.clone()
}

const JSON: &str = "{\"status\": 200, \"content\": {\"mimeType\": \"application/json\", \"text\": \"{}\"}}";

#[test]
fn recordings_keep_bodies_and_the_fields_that_responses_depend_on() {
    let form = posted(
        "{\"mimeType\": \"application/x-www-form-urlencoded\", \"params\": [{\"name\": \"email\", \"value\": \"a@b.c\"}, {\"name\": \"note\", \"value\": \"a b&c\"}]}",
        "",
        JSON,
    );
    assert!(form.contains("email=a%40b.c&note=a+b%26c"), "{form}");
    let field = |name: &str, value: &str| format!("{{\"name\": \"{name}\", \"value\": \"{value}\"}}");
    let cors = "{\"status\": 200, \"headers\": [{\"name\": \"Access-Control-Allow-Origin\", \"value\": \"http://app.test\"}], \"content\": {\"mimeType\": \"application/json\", \"text\": \"{}\"}}";
    let page = posted("{\"text\": \"x\"}", &field("Origin", "http://app.test"), cors);
    assert!(
        page.contains("-H 'Origin: http://app.test'") && page.contains("access-control-allow-origin"),
        "{page}"
    );
    let page = posted("{\"text\": \"x\"}", &field("Accept", "application/json, */*; q=0.01"), JSON);
    assert!(page.contains("Accept: application/json"), "{page}");
    let page = posted("{\"text\": \"x\"}", &field("Authorization", "Bearer s3cret"), JSON);
    assert!(page.contains("Bearer ${token}") && !page.contains("s3cret"), "{page}");
    // As written by converters of the DevTools protocol.
    let twice = format!("{0}, {0}", field("X-Requested-With", "XMLHttpRequest"));
    let json = "{\"mimeType\": \"application/json\", \"params\": [{\"name\": \"selector\", \"value\": {\"a\": 1}}, {\"name\": \"note\", \"value\": \"q\"}]}";
    let page = posted(json, &format!("{twice}, {}", field("Content-Length", "31")), JSON);
    assert!(page.contains(r#"{"selector":{"a":1},"note":"q"}"#), "{page}");
    assert_eq!(page.matches("X-Requested-With").count(), 1, "{page}");
    let request = |data: &str, length: &str| {
        let length = field("Content-Length", length);
        format!(
            "{{\"method\": \"POST\", \"url\": \"http://h.test/a\", \"headers\": [{length}], \"postData\": {data}}}"
        )
    };
    for data in [(json, "15"), ("{\"text\": \"a\u{fffd}b\"}", "3")] {
        assert!(recorded(&request(data.0, data.1), JSON).is_err(), "{data:?}");
    }
    // Bytes that are saved as characters.
    let binary = recorded(&request("{\"text\": \"\\u0000\u{ff}\"}", "2"), JSON);
    assert!(binary.is_err_and(|wrong| wrong.to_string().contains("no request to")));
    let conditional = format!(
        "{{\"method\": \"GET\", \"url\": \"http://h.test/a\", \"headers\": [{}]}}",
        field("If-None-Match", "\\\"abc\\\"")
    );
    let import = recorded(&conditional, "{\"status\": 304}").unwrap();
    assert!(import.files[2].1.contains("If-None-Match"), "{import:?}");
    let empty = format!(
        "{{\"method\": \"POST\", \"url\": \"http://h.test/a\", \"headers\": [{}]}}",
        field("Content-Length", "271")
    );
    assert!(recorded(&empty, JSON).is_err_and(|wrong| wrong.to_string().contains("no request to")));
}

#[test]
fn recordings_keep_encoded_bodies_as_bytes() {
    let page = posted(
        "{\"mimeType\": \"application/octet-stream\", \"text\": \"AAEC\", \"encoding\": \"base64\"}",
        "",
        JSON,
    );
    assert!(page.contains("\\u0000\\u0001\\u0002"), "{page}");
}

#[test]
fn recordings_count_what_is_not_taken_and_expect_digests() {
    let get = "{\"method\": \"GET\", \"url\": \"http://h.test/a.php\"}";
    let import = recorded(
        get,
        "{\"status\": 200, \"content\": {\"mimeType\": \"text/html\", \"text\": \"{\\\"a\\\":1}\"}}",
    )
    .unwrap();
    assert!(import.files[2].1.contains("json: {a: 1}"), "{import:?}");
    let notes = import.notes.join("\n");
    assert!(notes.contains("origin http://h.test (1 of 2); not taken: http://h.test:8080 1"), "{notes}");
    assert!(notes.contains("not taken: images 1"), "{notes}");
    let page = posted(
        "{\"text\": \"x\"}",
        "",
        "{\"status\": 200, \"content\": {\"mimeType\": \"image/png\", \"encoding\": \"base64\", \"text\": \"/wD/\"}}",
    );
    assert!(page.contains("body: !sha256 "), "{page}");
}
