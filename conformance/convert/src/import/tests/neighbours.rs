//! Tests of commands that are not like the others of their block, and of guesses that are wrong or marked.

use super::*;

#[test]
fn commands_without_a_prompt_are_kept_next_to_others() {
    for other in ["$ ls", "% a comment", "❯ ls", "C:\\> dir", "  % Total    % Received % Xferd"] {
        let text = format!("```\ncurl http://h.test/a\n{other}\ncurl http://h.test/b -d x=1 \\\n```\n");
        let import = named("a.md", &text);
        assert_eq!((import.exchanges, import.unread.len()), (2, 0), "{other}: {import:?}");
    }
    let page = session("$ curl http://h.test/a\nok\ncurl http://h.test/b");
    assert!(
        page.contains("# unsure: this command has no prompt") && page.contains("http://h.test/b"),
        "{page}"
    );
    let import = named("a.md", "```\n$ cat go.sh\ncurl http://h.test/b\n$ curl http://h.test/a\n```\n");
    assert_eq!((import.exchanges, import.unread.as_slice()), (1, &[3][..]));
    let import =
        named("a.md", "```\n$ curl --version\ncurl 8.1.0 (x86) libcurl/8.1.0\n$ curl http://h.test/a\n```\n");
    assert_eq!((import.exchanges, import.left_out.len()), (1, 1), "{import:?}");
    check(
        "$ curl http://h.test/a\n  % Total    % Received\n100    15  100    15    0     0  100  0 --:--:-- --:--:--\n{\"a\": 1}",
        &["json: {a: 1}"],
    );
    check("$ curl http://h.test/m -d @- <<EOF\nit's me\nEOF\n{\"b\": 1}", &["it's me", "json: {b: 1}"]);
}

#[test]
fn names_never_clash() {
    let page = session(
        "$ curl -X POST http://h.test/a\n{\"id\": \"abc123def456\"}\n$ curl http://h.test/a/abc123def456\n$ curl http://h.test/b/$ID -H \"A: $TOKEN\" -H \"B: $token $now $true\"",
    );
    assert!(page.contains("id_value: {json: /id}") && page.contains("/b/${id}"), "{page}");
    assert!(page.contains("${token}") && page.contains("${token_2} ${now_value} ${true_value}"), "{page}");
    let names = |name: &str, text: &str| -> Vec<String> {
        named(name, text).files.into_iter().map(|(name, _)| name).collect()
    };
    let block = "```\n$ curl http://h.test/a\n```\n";
    assert_eq!(names("suite.md", block), ["suite.yaml", "requirements.yaml", "suite-2.yaml"]);
    assert_eq!(
        names("a.md", &format!("# Requirements\n{block}")),
        ["suite.yaml", "requirements.yaml", "requirements-2.yaml"]
    );
}

#[test]
fn marks_placeholders_and_parts_of_the_shell() {
    check("$ curl http://h.test/a -H 'A: <token>'", &["# unsure: write a value for <token>"]);
    check("$ curl http://h.test/users/:id", &["# unsure: write a value for :id"]);
    check("$ curl http://h.test/a -d \"$1\"", &["# unsure: the shell writes a part of this request (`$1`)"]);
    check(
        "$ curl http://h.test/${A:-b}",
        &["curl http://h.test/b\n", "# unsure: the default of `${A:-b}` is sent"],
    );
    let import = named("a.md", "```\n$ curl http://h.test/$(date +%s)\n$ curl http://h.test/b\n```\n");
    assert_eq!(import.left_out[0].message(), "the shell writes a part of this request (`$(…)`)");
    check(
        "$ curl http://h.test/a\n{\"a\": \"<uuid>\", \"b\": \"/users/<id>\", \"c\": \"<b>x</b>\"}",
        &["a: !string", "b: !starts_with /users/", "c: \"<b>x</b>\""],
    );
}

#[test]
fn blocks_of_other_languages_and_remarks_are_no_responses() {
    let none = |text: &str| {
        let page = imported(text);
        assert!(!page.contains("text:") && !page.contains("json:"), "{page}");
    };
    for (language, text) in [
        ("python", "print(1)"),
        ("yaml", "a: 1"),
        ("", "wget http://h.test/a"),
        ("", "pip install x"),
        ("", "/a"),
    ] {
        none(&format!("```\ncurl http://h.test/a\n```\n```{language}\n{text}\n```\n"));
    }
    none("```\ncurl http://h.test/a\n```\n\nNext chapter.\n\n```\nint main() {}\n```\n");
    for remark in ["/* next */", ":: next", "REM next", "' next", "Then get it:", "<!-- next -->"] {
        none(&format!("```\ncurl http://h.test/a\n{remark}\ncurl http://h.test/b\n```\n"));
    }
    let text = "```\ncurl http://h.test/a\n```\n\nThe server returns\n\n```\nok\n```\n";
    assert!(imported(text).contains("text: !starts_with \"ok\""), "{}", imported(text));
    check("$ curl http://h.test/e\n{\"a\": 1}\noops", &["# unsure: the text after the JSON is not checked"]);
    check("$ curl http://h.test/h\n{\"a\": 1},\n{\"a\": 2}", &["text: !any"]);
    check(
        "$ curl -i http://h.test/j\n HTTP/1.1 200 OK\n X-A: 1\n\n {\"a\": 1}",
        &["x-a: \"1\"", "json: {a: 1}"],
    );
}

#[test]
fn spellings_of_one_origin_are_one_origin() {
    let page = imported(
        "```\n$ curl http://h.test/a\n$ curl http://h.test:80/b -H 'Host: h.test'\n$ curl http://H.TEST/c\n```\n",
    );
    assert!(page.contains("curl http://h.test/b -H") && page.contains("curl http://h.test/c"), "{page}");
    assert!(!page.contains("this is sent to the origin"), "{page}");
    check(
        "$ curl -i http://h.test:81/a -H 'Referer: http://h.test:81/b' -H 'Origin: http://h.test:81' -d u=http://h.test:81/c\nHTTP/1.1 200 OK\nAccess-Control-Allow-Origin: http://h.test:81\n\n{}",
        &[
            "curl -i http://h.test:81/a -H 'Referer: ${target.origin}/b' -H 'Origin: ${target.origin}' -d u=${target.origin}/c",
            "access-control-allow-origin: \"${target.origin}\"",
        ],
    );
    check(
        "$ curl http://h.test:81/a --json @- <<E\n{\"u\": \"http://h.test:81/b\"}\nE",
        &["{\"u\": \"${target.origin}/b\"}"],
    );
    // The scheme of a message is the one that the document writes elsewhere.
    let page = imported(
        "```\n$ curl http://h.test/a\n```\n```http\n> GET /b HTTP/1.1\n> Host: h.test\n>\n< HTTP/1.1 200 OK\n<\n{\"a\": 1}\n```\n",
    );
    assert!(page.contains("curl http://h.test/b\n") && page.contains("json: {a: 1}"), "{page}");
}

#[test]
fn reads_blocks_in_quotations_and_asciidoc_once() {
    assert_eq!(named("a.md", "> - q\n>\n>       curl http://h.test/e\n").exchanges, 1);
    assert_eq!(named("a.md", "!!! note\n    ```\n    curl http://h.test/e\n    ```\n").exchanges, 1);
    let page = imported(
        "{% highlight sh %}\ncurl http://h.test/g\n{% endhighlight %}\n\n:::tip\ncurl http://h.test/h\n:::\n",
    );
    assert!(page.matches("request:").count() == 2 && !page.contains("text:"), "{page}");
    let text = "= T\n\n====\n----\ncurl http://h.test/f <1>\n----\n====\n<1> a note\n\n////\ncurl http://h.test/h\n////\n";
    let import = named("a.adoc", text);
    assert_eq!(import.exchanges, 1, "{import:?}");
    let page = &import.files[2].1;
    assert!(page.contains("request: curl http://h.test/f\n") && !page.contains("text:"), "{page}");
}

#[test]
fn recordings_lose_no_body_and_no_secret_silently() {
    let field = |name: &str, value: &str| format!("{{\"name\": \"{name}\", \"value\": \"{value}\"}}");
    let lost = |data: &str, headers: &str| {
        let request =
            format!("{{\"method\": \"POST\", \"url\": \"http://h.test/a\", \"headers\": [{headers}]{data}}}");
        recorded(&request, JSON)
    };
    let file = ", \"postData\": {\"mimeType\": \"multipart/form-data; boundary=x\", \"params\": [{\"name\": \"f\", \"fileName\": \"b.bin\"}]}";
    let base64 = ", \"postData\": {\"mimeType\": \"a/b\", \"text\": \"%%\", \"encoding\": \"base64\"}";
    for (data, headers) in
        [(file, String::new()), (base64, String::new()), ("", field("transfer-encoding", "chunked"))]
    {
        assert!(
            lost(data, &headers).is_err_and(|wrong| wrong.to_string().contains("no request to")),
            "{data}"
        );
    }
    let import = lost(
        ", \"postData\": {\"mimeType\": \"application/json\"}",
        &field("Content-Type", "application/json"),
    );
    let page = import.unwrap().files[2].1.clone();
    assert!(page.contains("# unsure: the recording holds no body of this request"), "{page}");
    let request = format!(
        "{{\"method\": \"POST\", \"url\": \"http://h.test/a?api_key=QKEY\", \"headers\": [{}], \"postData\": {{\"mimeType\": \"application/json\", \"text\": \"{{\\\"password\\\": \\\"PWD\\\"}}\"}}}}",
        field("Cookie", "sid=SECRET; x=1")
    );
    let import = recorded(&request, JSON).unwrap();
    let all: String = import.files.iter().map(|(_, text)| text.as_str()).collect();
    assert!(!["QKEY", "PWD", "SECRET"].iter().any(|secret| all.contains(secret)), "{all}");
    assert!(all.contains("api_key=${api_key}") && all.contains("sid=${sid}; x=1"), "{all}");
    assert!(
        all.contains("\"password\": \"${password}\"")
            && all.contains("password: {env: PASSWORD, secret: true}"),
        "{all}"
    );
}
