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
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/x?a=1&b=2&c=%c3%b6+%26"));
    assert_eq!(request.body, None);
}

#[test]
fn credentials_set_the_authorization_field() {
    assert_eq!(
        header(&sent("curl -u bob:a:b http://0.0.0.0:5000/"), "Authorization"),
        Some("Basic Ym9iOmE6Yg==")
    );
    assert_eq!(header(&sent("curl http://bob:pw@0.0.0.0:5000/"), "Authorization"), Some("Basic Ym9iOnB3"));
    assert_eq!(header(&sent("curl -ubob: http://0.0.0.0:5000/"), "Authorization"), Some("Basic Ym9iOg=="));
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
fn range_option_with_a_number_alone_is_open() {
    for (range, sent_as) in
        [("500", "bytes=500-"), ("0-9", "bytes=0-9"), ("-5", "bytes=-5"), ("1,5", "bytes=1-")]
    {
        let request = sent(&format!("curl -r {range} http://0.0.0.0:5000/"));
        assert_eq!(header(&request, "Range"), Some(sent_as));
    }
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
        ("curl http://0.0.0.0:5000/ --cookei a=b", "did you mean `--cookie`?", "1:27"),
        ("curl http://0.0.0.0:5000/ -x p:1", "curl option `-x` is not supported", "1:28"),
        ("curl http://0.0.0.0:5000/ -n", "cannot read the netrc file `.netrc`", "1:27"),
        ("curl -K nothing http://0.0.0.0:5000/", "cannot read the file `nothing`", "1:9"),
        ("curl http://0.0.0.0:5000/ -H Accept", "has no colon", "1:30"),
        ("curl http://0.0.0.0:5000/ -H", "needs a value", "1:27"),
        ("curl http://example.org/", "not under the origin of the suite", "1:6"),
        ("curl http://0.0.0.0:5000/a http://0.0.0.0:5000/b", "second URL", "1:28"),
        ("curl 'http://0.0.0.0:5000/[1-3]'", "several requests for `[1-3]`", "1:7"),
        ("curl http://0.0.0.0:5000/ -d @nothing.txt", "cannot read the file `nothing.txt`", "1:31"),
        ("wget http://0.0.0.0:5000/", "a curl command or a mapping", "1:1"),
        ("curl -XPOST", "has no URL", "1:1"),
    ] {
        let message = read(command).unwrap_err().to_string();
        assert!(message.contains(sentence), "{command}: {message}");
        assert!(message.contains(&format!("s.yaml:{caret}")), "{command}: {message}");
    }
}

/// Commands with text for a shell, the error with its remedy, and where the caret is.
const SHELL_TEXT: &[(&str, &[&str], &str)] = &[
    (
        "curl http://H/a -H \"Authorization: Bearer $TOKEN\"",
        &["`$TOKEN` is a variable of the shell", "write `${token}`", "variables"],
        "1:54",
    ),
    ("curl http://H/users/$ID", &["`$ID` is a variable of the shell", "`${id}`"], "1:32"),
    ("curl http://H/users/$1", &["`$1` is a variable of the shell"], "1:32"),
    ("curl http://H/a?b=$?", &["`$?` is a variable of the shell"], "1:30"),
    ("curl $HOST/a", &["`$HOST` is a variable of the shell", "write the `origin`"], "1:6"),
    ("curl \"http://$HOST/a\"", &["`$HOST` is a variable", "write the `origin`"], "1:14"),
    (
        "curl http://H/a -d \"$(cat data.json)\"",
        &["`$(cat data.json)` is a command for the shell", "-d @data.json"],
        "1:32",
    ),
    ("curl http://H/a -H \"A: $(echo \"tok\")\"", &["`$(echo \"tok\")` is a command"], "1:35"),
    ("curl http://H/a -d \"$(cat <<EOF\n{\"a\": 1}\nEOF\n)\"", &["`$(cat <<EOF` is a command"], "1:32"),
    ("curl http://H/a -d `date`", &["``date`` is a command for the shell"], "1:31"),
    ("curl http://H/a;", &["`;` is not part of a request", "leave out `;`"], "1:27"),
    ("curl http://H/a>out.json", &["a redirection (`>`)", "leave out `>out.json`"], "1:27"),
    ("curl http://H/a > out.json", &["a redirection (`>`)", "leave out `> out.json`"], "1:28"),
    ("curl http://H/a 2>/dev/null", &["a redirection (`2>`)"], "1:28"),
    ("curl http://H/a -d a=1>&2", &["a redirection (`>`)"], "1:34"),
    ("curl http://H/e2>out.json", &["a redirection (`>`)", "leave out `>out.json`"], "1:28"),
    ("curl http://H/a < data.json", &["a redirection (`<`)", "-d @-"], "1:28"),
    ("curl http://H/a||true", &["`||` begins a second one"], "1:27"),
    ("curl http://H/a && echo ok", &["`&&` begins a second one", "&& echo ok"], "1:28"),
    ("curl http://H/a &", &["`&` is not part of a request"], "1:28"),
    ("curl http://H/a?x=1&y=2", &["`&` outside of quotes", "put the URL in quotes"], "1:31"),
    ("curl http://H/users/<id>", &["`<id>` is a placeholder", "write a value for `<id>`"], "1:32"),
    ("curl http://H/a | jq .", &["a pipe is not part of a request", "leave out `| jq .`", "`json:`"], "1:28"),
    ("curl http://H/a | head -n 1", &["a pipe is not part of a request", "leave out `| head -n 1`"], "1:28"),
    ("curl http://H/a \\\n\n  -d x=1", &["the empty line ends the command"], "3:3"),
    ("curl http://H/a -d x=1 \\ \n  -d y=2", &["a blank after `\\`"], "1:35"),
    ("curl -s http://H/a\necho done", &["line 2 begins a second one"], "2:1"),
    ("curl http://H/a –d x=1", &["`–` is a dash", "write `-`"], "1:28"),
    ("curl “http://H/a” -d x", &["`“` is a typographic quote", "write `\"`"], "1:6"),
    ("curl http://H/a -d ‘x y’", &["`‘` is a typographic quote", "write `'`"], "1:31"),
    ("curl -X POST ^\n  http://H/a ^\n  -d x", &["`^` continues a line in cmd.exe", "write `\\`"], "1:14"),
    ("curl -X POST `\n  http://H/a", &["PowerShell"], "1:14"),
    ("time curl http://H/a", &["begins with `time`", "leave out `time`"], "1:1"),
    ("$ curl http://H/a", &["begins with a prompt, `$`"], "1:1"),
    ("(curl http://H/a)", &["`(` outside of quotes", "begin the request with `curl`"], "1:1"),
    ("curl\u{a0}http://H/a", &["no-break space (U+00A0)", "write a blank"], "1:5"),
    ("curl http://H/a -d 'x=${1}'", &["`${1}` is an expression without a name", "write `$${1}`"], "1:34"),
    ("curl http://H/a -H 'X-T: ${2+3}'", &["`${2+3}` is an expression without a name", "`$${2+3}`"], "1:37"),
    ("curl http://H/a -d @- <<EOF\n$TOKEN\nEOF", &["`$TOKEN` is a variable"], "2:1"),
    ("curl http://H/a -d @-", &["reads standard input, which nothing sets", "<<EOF"], "1:31"),
    ("curl http://H/a -d @- <<EOF", &["the text of the here-document `EOF` is missing"], "1:34"),
    ("curl -sSML http://H/a", &["curl option `-M` (in `-sSML`) is not supported"], "1:9"),
    ("curl -sSy", &["`-sSy` needs a value"], "1:6"),
    ("curl -s~ http://H/a", &["curl has no option `-~` (in `-s~`)"], "1:8"),
    ("curl -xproxy:80 http://H/a", &["option `-x`", "conformance run --proxy"], "1:7"),
    ("curl --dat x http://H/a", &["`--dat` is ambiguous: `--data` or `--data-ascii`"], "1:6"),
    (
        "curl http://H/a --next http://H/b",
        &["a step is one request, and `--next` begins a second one"],
        "1:28",
    ),
    ("curl 'http://H/{id}'", &["would not send `{id}`", "write a value for `{id}`"], "1:7"),
    ("curl 'http://H/{a,b}'", &["several requests for `{a,b}`"], "1:7"),
    ("curl http://H/ -f --fail-with-body", &["curl refuses --fail together"], "1:30"),
    ("curl http://H/ -A $'b\\nX: y'", &["field `User-Agent` has a line end"], "1:30"),
    ("curl http://H/ -b $'a=b\\n'", &["field `Cookie` has a line end"], "1:30"),
    ("curl http://H/ -H $'X-A: b\\n'", &["field `X-A` has a line end"], "1:30"),
    ("curl http://H/ --aws-sigv4 aws:amz", &["--aws-sigv4` is not supported", "-H"], "1:27"),
    ("curl -POST http://H/a", &["`-POST` is not how curl names a method", "write `-X POST`"], "1:7"),
    ("curl http://H/a -r 0-9 -d x", &["curl sends no Range field with a body", "Content-Range"], "1:28"),
    ("curl 'http://H/a#b c'", &["would not send ` `"], "1:7"),
    ("curl 'http://H/a#{b'", &["would not send `{b`"], "1:7"),
    ("curl http://H/a -F 'a=b;headers=@fields'", &["cannot read a file", "headers=\"Name: value\""], "1:44"),
    ("curl http://H/ -L --max-redirs -2", &["needs a number, or -1"], "1:30"),
];

#[test]
fn text_for_a_shell_is_an_error_with_its_remedy() {
    let mut wrong = Vec::new();
    for (command, sentences, caret) in SHELL_TEXT {
        let command = command.replace("//H", "//0.0.0.0:5000");
        let message = read(&command).map_or_else(|wrong| wrong.to_string(), |sent| format!("sent: {sent:?}"));
        let says = sentences.iter().all(|sentence| message.contains(sentence));
        if !says || !message.contains(&format!("s.yaml:{caret}\n")) {
            wrong.push(format!("{sentences:?} at {caret}\n{message}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn quoted_shell_text_is_sent() {
    for (command, sent_as) in [
        ("-d '$TOKEN `date` $(x) | > < ; &'", "$TOKEN `date` $(x) | > < ; &"),
        (r#"-d "\$TOKEN \`date\` $. $ 5$""#, "$TOKEN `date` $. $ 5$"),
        (r"-d a\|b\;c\&d\<e\>f\$g", "a|b;c&d<e>f$g"),
        ("-d 'x=$${1}'", "x=${1}"),
        ("-d $${a}", "${a}"),
        (r#"-d "cost: \$${'$'}""#, "cost: $$"),
        ("-d 'x' # | jq .", "x"),
        ("-d @- <<EOF\nx=\\$a\nEOF", "x=$a"),
        ("-d @- <<'EOF' -s\nx=$a\nEOF\n", "x=$a"),
        ("--data-binary @- <<< 'a b'", "a b\n"),
    ] {
        let request = sent(&format!("curl http://0.0.0.0:5000/ {command}"));
        assert_eq!(body(&request), Some(sent_as), "{command}");
    }
    assert_eq!(body(&sent("echo 'x=1' | curl -d @- http://0.0.0.0:5000/")), Some("x=1"));
    assert_eq!(sent("/usr/bin/curl http://0.0.0.0:5000/a").target, "/a");
    assert_eq!(sent("curl.exe http:///0.0.0.0:5000/a").target, "/a");
    assert_eq!(sent("curl HTTP:/0.0.0.0:5000/a").target, "/a");
}

/// The value of an expression decides what it is, as the value of a variable does in a shell.
#[test]
fn values_of_expressions_decide_between_credentials_cookies_and_jars() {
    let mut scope = Scope::default();
    scope.set("pair", &"a=b".into());
    scope.set("both", &"user:pw".into());
    let command = r#"curl http://h/ -u "${both}" --cookie "${pair}""#;
    let place = Source::new("s.yaml", command).place(Span::new(0, command.len()));
    let request = parse(command, "http://h", &|path| std::fs::read(path), &place).unwrap();
    let sent = request.prepare(&scope).unwrap();
    assert_eq!(header(&sent, "Authorization"), Some("Basic dXNlcjpwdw=="));
    assert_eq!(header(&sent, "Cookie"), Some("a=b"));
}

#[test]
fn cookies_beyond_the_limit_of_curl_are_not_sent() {
    let cookie = |length: usize| format!("curl http://0.0.0.0:5000/ -b a={}", "x".repeat(length));
    assert!(header(&sent(&cookie(8197)), "Cookie").is_some());
    assert_eq!(header(&sent(&cookie(8198)), "Cookie"), None);
}

#[test]
fn time_options_set_the_timeout_of_the_step() {
    let limit = |command: &str| sent(command).transfer.and_then(|transfer| transfer.timeout);
    assert_eq!(limit("curl -m 2.5 http://0.0.0.0:5000/"), Some(std::time::Duration::from_millis(2500)));
    assert_eq!(limit("curl -m 0 http://0.0.0.0:5000/"), None);
}

#[test]
fn options_come_from_a_config_file() {
    let sent = |opts: &str| {
        let command = "curl -K opts";
        let place = Source::new("s.yaml", command).place(Span::new(0, command.len()));
        let files = |name: &str| match name {
            "opts" => Ok(opts.as_bytes().to_vec()),
            _ => std::fs::read(name),
        };
        let request = parse(command, "http://h", &files, &place).map_err(|wrong| wrong.to_string())?;
        Ok::<_, String>((request.remarks.len(), request.prepare(&Scope::default()).unwrap()))
    };
    let (remarks, request) = sent("url = \"http://h/a\"\nheader: \"X-A: ${b}\"\n-d x=1\nsilent\n").unwrap();
    assert_eq!((request.method.as_str(), request.target.as_str(), remarks), ("POST", "/a", 0));
    assert_eq!((header(&request, "X-A"), body(&request)), (Some("${b}"), Some("x=1")));
    let (remarks, request) = sent("url = http://h/a\nheader = X-A: 1\n").unwrap();
    assert_eq!((header(&request, "X-A"), remarks), (None, 1));
    for (opts, sentence, caret) in [
        ("url = http://h/a\nhaeder = x", "curl has no option `--haeder`", "opts:2:1"),
        ("url = http://h/a\nget = x", "`--get` takes no value", "opts:2:1"),
        ("url = http://h/a\nproxy = p:1", "curl option `--proxy` is not supported", "opts:2:1"),
        ("url = http://h/a\nheader", "`--header` needs a value", "opts:2:1"),
        ("url = http://h/a\nheader = X", "has no colon", "opts:2:10"),
        ("config = opts", "more than 8 config files", "opts:1:10"),
    ] {
        let message = sent(opts).unwrap_err();
        assert!(message.contains(sentence) && message.contains(caret), "{opts}: {message}");
    }
}
