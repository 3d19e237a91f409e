//! Values on their way from the files of a suite to a request keep their spelling and all their digits.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::sync::mpsc::{Receiver, channel};

use tempfile::TempDir;

use crate::program::{Finished, conformance_in};

/// A suite of one scenario, `t/a.yaml`, and a server that records its requests.
struct Suite {
    folder: TempDir,
    url: String,
    sent: Receiver<String>,
}

const MANIFEST: &str = "format: 1\ntitle: Values\norigin: http://h.test\nprofiles: {all: {}}\n";
const REGISTER: &str =
    "format: 1\nrequirements: [{id: ONE, level: may, clause: c, text: t, untested: nothing is asked}]\n";
const HEAD: &str = "format: 1\ntitle: Values\nprofile: all\nsteps:\n";

impl Suite {
    /// Creates a suite with these steps; the server answers each request with this body.
    fn new(steps: &str, body: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let (sender, sent) = channel();
        std::thread::spawn(move || {
            for mut stream in socket.incoming().map(Result::unwrap) {
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut piece = [0; 4096];
                    match stream.read(&mut piece) {
                        Ok(length @ 1..) => request.extend_from_slice(&piece[..length]),
                        _ => break,
                    }
                }
                if sender.send(String::from_utf8_lossy(&request).into_owned()).is_err() {
                    return;
                }
                let length = body.len();
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: k=v\r\nConnection: close\r\n";
                write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}").ok();
            }
        });
        let suite = Self { folder, url, sent };
        suite.write("suite/suite.yaml", MANIFEST);
        suite.write("suite/requirements.yaml", REGISTER);
        suite.write("suite/t/a.yaml", format!("{HEAD}{steps}"));
        suite
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn check(&self) -> Finished {
        conformance_in(self.folder.path(), &["check", "--suite", "suite"])
    }

    /// The output of `check` for an invalid suite.
    fn wrong(&self) -> String {
        let checked = self.check();
        assert_eq!(checked.code, Some(2), "{}{}", checked.stdout, checked.stderr);
        checked.stderr
    }

    fn run(&self, options: &[&str]) -> Finished {
        conformance_in(self.folder.path(), &[&["run", "--suite", "suite", &self.url], options].concat())
    }

    /// The requests of a run in which every step passes.
    fn sent(&self) -> Vec<String> {
        let run = self.run(&[]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        self.sent.try_iter().collect()
    }

    /// The targets of the requests.
    fn targets(&self) -> Vec<String> {
        self.sent().iter().map(|sent| sent.split(' ').nth(1).unwrap().to_owned()).collect()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}

/// The values of a field of a request.
fn field<'a>(sent: &'a str, name: &str) -> Vec<&'a str> {
    let lines = sent.split("\r\n").filter_map(|line| line.split_once(": "));
    lines.filter(|(own, _)| *own == name).map(|(_, value)| value).collect()
}

fn body(sent: &str) -> &str {
    sent.split_once("\r\n\r\n").unwrap().1
}

/// A step with this request that accepts any response.
fn step(request: &str) -> String {
    format!("  - {{id: a, title: t, expect: {{status: 200}}, request: {request}}}\n")
}

/// A step with this request and these further lines.
fn step_with(request: &str, more: &str) -> String {
    format!("  - id: a\n    title: t\n    request: {request}\n    {more}\n")
}

#[test]
fn an_alias_of_a_large_number_keeps_its_digits() {
    let big = "123456789012345678901234567890";
    let steps =
        format!("  - {{id: a, title: t, request: {{path: /}}, expect: {{json: {{a: &n {big}, b: *n}}}}}}\n");
    let suite =
        Suite::new(&steps, r#"{"a": 123456789012345678901234567890, "b": 123456789012345678901234567890}"#);
    assert_eq!(suite.sent().len(), 1);
    let off =
        Suite::new(&steps, r#"{"a": 123456789012345678901234567890, "b": 123456789012345678901234567891}"#);
    assert_eq!(off.run(&[]).code, Some(1));
}

#[test]
fn numbers_keep_their_digits_through_rows_captures_and_templates() {
    let steps = "  - id: first
    title: t
    request: {path: /first}
    expect: {status: 200}
    capture: {n: {json: /n}, z: {json: /z}, big: {json: /big}}
  - id: then
    title: t
    rows: [{row: one, v: 1.10}, {row: two, v: 1E5}, {row: three, v: -0}]
    request:
      method: POST
      path: \"/${row.v}/${n}/${'x' ~ z}\"
      json: {v: \"${row.v}\", n: \"${n}\", all: [\"${big}\", \"${z}\"]}
    expect: {status: 200}
";
    let suite = Suite::new(steps, r#"{"n": 2.50, "z": -0, "big": 123456789012345678901234567890.10}"#);
    let sent = suite.sent();
    let big = "123456789012345678901234567890.10";
    for (sent, v) in sent[1..].iter().zip(["1.10", "1E5", "-0"]) {
        assert!(sent.starts_with(&format!("POST /{v}/2.50/x-0 ")), "{sent}");
        assert_eq!(body(sent), format!(r#"{{"v":{v},"n":2.50,"all":[{big},-0]}}"#));
    }
}

#[test]
fn scalars_are_sent_as_they_are_written_where_a_text_belongs() {
    let scalars =
        [("hex", "0x1F"), ("oct", "0o17"), ("inf", ".inf"), ("t", "True"), ("v", "1.10"), ("zip", "01234")];
    let mapping: Vec<String> = scalars.iter().map(|(name, scalar)| format!("{name}: {scalar}")).collect();
    let mapping = mapping.join(", ");
    let steps = step(&format!(
        "{{method: POST, path: /, query: {{{mapping}}}, headers: {{{mapping}}}, cookies: {{{mapping}}}, form: {{{mapping}}}}}"
    ));
    let suite = Suite::new(&steps, "");
    let sent = suite.sent().remove(0);
    let pairs: Vec<String> = scalars.iter().map(|(name, scalar)| format!("{name}={scalar}")).collect();
    assert!(sent.starts_with(&format!("POST /?{} ", pairs.join("&"))), "{sent}");
    for (name, scalar) in scalars {
        assert_eq!(field(&sent, name), [scalar], "{sent}");
    }
    assert_eq!(field(&sent, "Cookie"), [pairs.join("; ")]);
    assert_eq!(body(&sent), pairs.join("&"));
}

#[test]
fn what_is_no_number_of_the_core_schema_is_a_string_in_json() {
    let steps = step(
        "{method: POST, path: /, json: [0b10, 1_000, 1:30, 0777, 01234, -0x1F, yes, no, on, off, 0x1F, 0o17, +1, .5, 1., 1.10]}",
    );
    let suite = Suite::new(&steps, "");
    let strings = r#""0b10","1_000","1:30","0777","01234","-0x1F","yes","no","on","off""#;
    assert_eq!(body(&suite.sent()[0]), format!("[{strings},31,15,1,0.5,1,1.10]"));
}

#[test]
fn booleans_of_rows_are_true_and_false_in_a_text() {
    let rows = "rows: [{on: true}, {on: false}, {on: True}]";
    let steps = format!(
        "  - {{id: a, title: t, expect: {{status: 200}}, {rows}, request: {{path: \"/${{'x' ~ row.on}}\", query: {{on: \"${{row.on}}\"}}}}}}\n"
    );
    assert_eq!(Suite::new(&steps, "").targets(), ["/xtrue?on=true", "/xfalse?on=false", "/xtrue?on=true"]);
}

#[test]
fn null_lists_and_objects_of_rows_in_a_text_are_errors_of_check_unless_a_filter_formats_them() {
    let rows = "rows: [{row: n, v: null}, {row: l, v: [1, 2]}, {row: o, v: {k: 1}}]";
    let with = |request: &str| {
        let expect = "expect: {status: 200}";
        Suite::new(&format!("  - {{id: a, title: t, {expect}, {rows}, request: {request}}}\n"), "")
    };
    for request in [
        r#"{path: "/echo/${row.v}"}"#,
        r#"{path: /, query: {v: "${row.v}"}}"#,
        r#"{path: /, headers: {V: "${row.v}"}}"#,
        r#"{path: /, cookies: {v: "${row.v}"}}"#,
        r#"{path: /, method: POST, form: {v: "${row.v}"}}"#,
        r#"{path: /, method: POST, multipart: {v: "${row.v}"}}"#,
        r#"{path: /, method: POST, body: "${row.v}"}"#,
        r#"{path: /, method: POST, json: {v: "x${row.v}"}}"#,
        r#"{path: /, basic: {user: "${row.v}", password: x}}"#,
        r"'curl http://h.test/?v=${row.v}'",
        r#"'curl http://h.test/ -H "V: ${row.v}"'"#,
        r#"{path: "/${'x' ~ row.v}"}"#,
    ] {
        let suite = with(request);
        let said = suite.wrong();
        let scenario = fs::read_to_string(suite.path("suite/t/a.yaml")).unwrap();
        let line = scenario.lines().nth(4).unwrap();
        for (what, row) in [("null", "{row: n"), ("a list", "{row: l"), ("an object", "{row: o")] {
            let place = format!("suite/t/a.yaml:5:{}", line.find(row).unwrap() + 1);
            assert!(said.contains(&format!("` puts {what} into a text: ")), "{request}: {said}");
            assert!(said.contains(&format!("the value is given at {place}\n")), "{request}: {said}");
        }
        assert_eq!(said.matches("error: ").count(), 3, "{said}");
        assert!(said.contains("row.v"), "{said}");
    }
    let formatted = with(r#"{path: "/${row.v | default('none') | tojson | replace(' ', '')}"}"#);
    assert_eq!(formatted.targets(), ["/%22none%22", "/[1,2]", "/{%22k%22:1}"]);
    let typed = with(r#"{path: /, method: POST, json: {v: "${row.v}"}}"#).sent();
    assert_eq!(
        typed.iter().map(|sent| body(sent)).collect::<Vec<_>>(),
        [r#"{"v":null}"#, r#"{"v":[1,2]}"#, r#"{"v":{"k":1}}"#]
    );
}

#[test]
fn null_and_objects_that_were_captured_are_refused_in_a_path_by_name_and_nothing_is_sent() {
    let steps = "  - id: first
    title: t
    request: {path: /first}
    expect: {status: 200}
    capture: {n: {json: /n}, o: {json: /o}}
  - {id: null-in-a-path, title: t, request: {path: \"/echo/${n}\"}, expect: {status: 200}}
  - {id: object-in-a-path, title: t, request: {path: \"/echo/${o}\"}, expect: {status: 200}}
  - {id: null-in-what-is-expected, title: t, request: {path: /echo}, expect: {headers: {x: \"a${n}\"}}}
  - {id: formatted, title: t, request: {path: \"/echo/${n | default('none')}/${o.k | join('-')}\"}, expect: {status: 200}}
";
    let suite = Suite::new(steps, r#"{"n": null, "o": {"k": [1, 2]}}"#);
    let run = suite.run(&[]);
    assert_eq!(run.code, Some(3), "{}", run.stdout);
    for said in ["`${n}` puts null into a text: ", "`${o}` puts an object into a text: "] {
        assert!(run.stdout.contains(said), "{}", run.stdout);
    }
    assert!(!run.stdout.contains("FAIL"), "{}", run.stdout);
    let sent: Vec<String> = suite.sent.try_iter().collect();
    let lines: Vec<&str> = sent.iter().map(|sent| sent.lines().next().unwrap()).collect();
    assert_eq!(lines, ["GET /first HTTP/1.1", "GET /echo/none/1-2 HTTP/1.1"]);
}

#[test]
fn a_number_is_its_digits_in_the_text_that_is_expected_of_a_header() {
    let steps = "  - {id: a, title: t, rows: [{n: 0}], request: {path: /}, expect: {headers: {content-length: \"${row.n}\"}}}\n";
    assert_eq!(Suite::new(steps, "").sent().len(), 1);
}

#[test]
fn user_and_cookie_of_a_curl_command_are_decided_by_the_value_of_their_expression() {
    let steps = "  - id: a
    title: t
    rows: [{u: 'bob:pw', c: 'a=b'}, {u: bob, c: file}, {u: 'b:', c: ''}]
    request: >-
      curl http://h.test/ -u \"${row.u}\" --cookie \"${row.c}\"
    expect: {status: 200}
";
    let sent = Suite::new(steps, "").sent();
    let basic = |sent: &str| field(sent, "Authorization")[0].to_owned();
    assert_eq!(
        sent.iter().map(|sent| basic(sent)).collect::<Vec<_>>(),
        ["Basic Ym9iOnB3", "Basic Ym9iOg==", "Basic Yjo="]
    );
    let cookies: Vec<Vec<&str>> = sent.iter().map(|sent| field(sent, "Cookie")).collect();
    assert_eq!(cookies, [vec!["a=b"], vec![], vec![]]);
}

#[test]
fn a_cookie_expression_without_an_equals_sign_names_the_file_whose_cookies_are_sent() {
    let steps = "  - {id: a, title: t, request: 'curl http://h.test/ -c jar', expect: {status: 200}}
  - id: b
    title: t
    rows: [{c: jar}, {c: other}, {c: x=y}]
    request: curl http://h.test/ -b ${row.c}
    expect: {status: 200}
";
    let sent = Suite::new(steps, "").sent();
    let cookies: Vec<Vec<&str>> = sent.iter().map(|sent| field(sent, "Cookie")).collect();
    assert_eq!(cookies, [vec![], vec!["k=v"], vec![], vec!["x=y"]]);
}

#[test]
fn a_list_sends_a_name_several_times_in_a_query_a_form_and_header_fields() {
    let steps = "  - id: a
    title: t
    rows: [{v: x y}]
    request:
      method: POST
      path: /echo
      query: {tag: [a, \"${row.v}\", 1.10], one: 1}
      headers: {X-A: [a, \"${row.v}\", True]}
      form: {tag: [a, \"${row.v}\"]}
    expect: {status: 200}
";
    let suite = Suite::new(steps, "");
    let sent = suite.sent().remove(0);
    assert!(sent.starts_with("POST /echo?tag=a&tag=x%20y&tag=1.10&one=1 "), "{sent}");
    assert_eq!(field(&sent, "X-A"), ["a", "x y", "True"]);
    assert_eq!(body(&sent), "tag=a&tag=x%20y");
    for (format, all) in [
        ("--curl", &["tag=a&tag=x%20y&tag=1.10&one=1", "-H 'X-A: a' -H 'X-A: x y' -H 'X-A: True'"][..]),
        ("--hurl", &["tag=a&tag=x%20y&tag=1.10&one=1", "X-A: a\nX-A: x y\nX-A: True\n", "`tag=a&tag=x%20y`"]),
    ] {
        let exported = conformance_in(suite.folder.path(), &["export", "--suite", "suite", format]);
        for one in all {
            assert!(exported.stdout.contains(one), "{format}: {}{}", exported.stdout, exported.stderr);
        }
    }
    for (list, said) in [
        ("[]", "`tag` is an empty list, so nothing would be sent"),
        ("[[a]]", "`tag` must be a string, not a list"),
        ("[~]", "`tag` must be a string, not null"),
    ] {
        let wrong = Suite::new(&step(&format!("{{path: /, query: {{tag: {list}}}}}")), "").wrong();
        assert!(wrong.contains(said) && wrong.contains("suite/t/a.yaml:5:"), "{wrong}");
    }
}

#[test]
fn strings_in_a_template_may_hold_quotes_brackets_and_braces() {
    for (path, sent) in [
        (r#""/echo/${'it\\'s'}""#, "/echo/it's"),
        (r#""/echo/${'x[1:2]'}""#, "/echo/x[1:2]"),
        (r#""/echo/${'a}b'}""#, "/echo/a}b"),
        (r#"'/echo/${"]"}'"#, "/echo/]"),
        (r#""/echo/${'${'}x""#, "/echo/${x"),
        (r#"'/echo/${"it''s" ~ "\"]"}'"#, "/echo/it's%22]"),
    ] {
        assert_eq!(Suite::new(&step(&format!("{{path: {path}}}")), "").targets(), [sent]);
    }
    let curl = r#""curl 'http://h.test/${'a}b'}' -H 'X: ${'it\\'s'}' -u '${'b}:c'}'""#;
    let sent = Suite::new(&step(curl), "").sent().remove(0);
    assert!(sent.starts_with("GET /a}b HTTP/1.1\r\n"), "{sent}");
    assert_eq!((field(&sent, "X"), field(&sent, "Authorization")), (vec!["it's"], vec!["Basic Yn06Yw=="]));
}

/// A suite with a step for each row of a table.
fn table(csv: &[u8]) -> Suite {
    let step = "  - {id: a, title: t, rows: data.csv, request: {path: /, query: {e: \"${row.email}\"}}, expect: {status: 200}}\n";
    let suite = Suite::new(step, "");
    suite.write("suite/t/data.csv", csv);
    suite
}

#[test]
fn csv_rows_are_read_as_a_spreadsheet_program_saves_them() {
    for (csv, sent) in [
        (&b"\xef\xbb\xbfemail,name\na@x,n\n"[..], &["/?e=a%40x"][..]),
        (b"email\n\"\"\nbob@x\n", &["/?e=", "/?e=bob%40x"]),
        (b"email\na@x\n\"\"", &["/?e=a%40x", "/?e="]),
        (b"email,name\r\n\"a,\"\"b\"\"\",n\r\n\r\n1.10,n\r\n", &["/?e=a%2C%22b%22", "/?e=1.10"]),
    ] {
        assert_eq!(table(csv).targets(), sent);
    }
}

#[test]
fn csv_mistakes_are_errors_of_check_at_their_line_and_column() {
    for (csv, place, said) in [
        ("email,name,email\na@x,n,b@x\n", "1:12", "duplicate column `email`"),
        ("email;name\na@x;n\n", "1:6", "the columns of this file seem to be separated by `;`"),
        ("email\n\"a\"b\n", "2:4", "text after the closing quote of this field"),
        ("email,name\na@x\n", "2:1", "this row has 1 field, but the header has 2"),
        ("email\na@x,n\n", "2:1", "this row has 2 fields, but the header has 1"),
    ] {
        let wrong = table(csv.as_bytes()).wrong();
        assert!(wrong.contains(said) && wrong.contains(&format!("suite/t/data.csv:{place}\n")), "{wrong}");
        assert_eq!(wrong.matches("error: ").count(), 1, "{wrong}");
    }
}

#[test]
fn a_byte_order_mark_is_accepted_in_every_file_that_is_read() {
    let steps = "  - {id: a, title: t, request: {path: \"/${v}\"}, expect: {json: !schema s.json}}\n";
    let suite = Suite::new(steps, "{}");
    let mark = |text: &str| format!("\u{feff}{text}");
    suite.write("suite/suite.yaml", mark(&format!("{MANIFEST}variables: {{v: }}\n")));
    suite.write("suite/requirements.yaml", mark(REGISTER));
    suite.write("suite/t/a.yaml", mark(&format!("{HEAD}{steps}")));
    suite.write("suite/t/s.json", mark(r#"{"type": "object"}"#));
    suite.write(
        "suite/sequences/s.yaml",
        mark("format: 1\ntitle: t\nsteps: [{id: a, title: t, request: {path: /}}]\n"),
    );
    suite.write("vars.yaml", mark("v: given\n"));
    suite.write("deviations.yaml", mark("- {step: \"t/none::a\", reason: none}\n"));
    suite.write("doc.md", mark("```\n$ curl http://h.test/given\n{}\n```\n"));
    let run = suite.run(&["--vars", "vars.yaml"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(suite.sent.try_iter().next().unwrap().starts_with("GET /given "));
    let covered = conformance_in(suite.folder.path(), &["coverage", "--suite", "suite", "--spec", "doc.md"]);
    assert!(!covered.stderr.contains("error"), "{}", covered.stderr);
    // The byte order mark does not count as a column.
    suite.write("suite/t/a.yaml", mark("formt: 1\n"));
    let wrong = suite.wrong();
    assert!(wrong.contains("suite/t/a.yaml:1:1\n") && wrong.contains("1 | formt: 1\n"), "{wrong}");
}

#[test]
fn a_file_that_is_sent_keeps_its_byte_order_mark() {
    let suite = Suite::new(&step("{method: POST, path: /, body: !file data.txt}"), "");
    suite.write("suite/t/data.txt", "\u{feff}a");
    assert_eq!(body(&suite.sent()[0]), "\u{feff}a");
}

#[test]
fn folders_and_files_that_are_symlinks_are_read() {
    let suite = Suite::new(&step("{path: /own}"), "");
    let scenario = |path: &str| format!("{HEAD}{}", step(&format!("{{path: {path}}}")));
    suite.write("suite/.other/deep/x.yaml", scenario("/x"));
    suite.write("suite/.real.yaml", scenario("/real"));
    symlink(".other", suite.path("suite/linked")).unwrap();
    symlink(suite.path("suite/.real.yaml"), suite.path("suite/t/link.yaml")).unwrap();
    symlink("..", suite.path("suite/t/circle")).unwrap();
    symlink(suite.path("suite/.other"), suite.path("suite/.other/deep/circle")).unwrap();
    assert_eq!(suite.targets(), ["/x", "/own", "/real"]);
    suite.write("suite/.other/deep/x.yaml", "format: [\n");
    let wrong = suite.wrong();
    assert!(wrong.contains("suite/linked/deep/x.yaml:") && wrong.matches("error: ").count() == 1, "{wrong}");
}

#[test]
fn a_file_that_would_not_be_read_is_an_error_and_all_of_them_are_reported_at_once() {
    let suite = Suite::new(&step("{path: /}"), "");
    for name in ["t/B.YAML", "t/c.yml", "t/D.Yml", "sequences/e.YML"] {
        suite.write(&format!("suite/{name}"), HEAD);
    }
    symlink("nowhere.yaml", suite.path("suite/t/dangling.yaml")).unwrap();
    symlink("nowhere", suite.path("suite/missing")).unwrap();
    // Hidden files and files that editors leave are not part of a suite.
    for name in [".hidden.yml", ".#a.yaml", "#a.yaml#", "a.yaml~", "a.yaml.bak", ".a.yaml.swp", "notes.txt"] {
        suite.write(&format!("suite/t/{name}"), "no: [yaml\n");
    }
    suite.write("suite/t/z.yaml", "formt: 1\n");
    let wrong = suite.wrong();
    for name in ["t/B.YAML", "t/c.yml", "t/D.Yml", "sequences/e.YML"] {
        assert!(
            wrong.contains(&format!("error: suite/{name} is ignored: suite files must end in .yaml")),
            "{wrong}"
        );
    }
    assert!(wrong.contains("rename the file, or move it out of the suite"), "{wrong}");
    assert!(
        wrong.contains("error: the link suite/t/dangling.yaml is broken: nowhere.yaml does not exist"),
        "{wrong}"
    );
    assert!(wrong.contains("error: the link suite/missing is broken: nowhere does not exist"), "{wrong}");
    assert!(wrong.contains("suite/t/z.yaml:1:1"), "{wrong}");
}

#[test]
fn a_link_out_of_the_suite_in_place_of_a_file_of_the_suite_has_one_message() {
    for name in ["suite.yaml", "requirements.yaml"] {
        let suite = Suite::new(&step("{path: /}"), "");
        fs::rename(suite.path("suite").join(name), suite.path("outside.yaml")).unwrap();
        symlink(suite.path("outside.yaml"), suite.path("suite").join(name)).unwrap();
        let wrong = suite.wrong();
        assert_eq!(wrong.matches("error: ").count(), 1, "{wrong}");
        assert!(wrong.contains(&format!("the link suite/{name} leads out of the suite")), "{wrong}");
    }
}

#[test]
fn a_schema_in_yaml_between_the_scenarios_is_not_read_as_a_scenario() {
    let expect =
        "expect: {json: !subset {n: !schema number.yaml, m: !schema 'api.yaml#/components/schemas/N'}}";
    let suite = Suite::new(&step_with("{path: /}", expect), r#"{"n": 1, "m": 2}"#);
    suite.write("suite/t/number.yaml", "title: A number\ntype: integer\nformat: int32\n");
    suite.write("suite/t/api.yaml", "openapi: 3.1.0\ncomponents: {schemas: {N: {type: integer}}}\n");
    assert_eq!(suite.sent().len(), 1);
    suite.write("suite/t/number.yaml", "type: string\n");
    assert_eq!(suite.run(&[]).code, Some(1));
    // A scenario that lacks a part is still reported.
    suite.write("suite/t/b.yaml", "format: 1\ntitle: t\nprofile: all\ntype: object\n");
    let wrong = suite.wrong();
    assert!(wrong.contains("suite/t/b.yaml:4:1"), "{wrong}");
}

#[test]
fn an_expression_in_a_fixture_or_a_variable_is_a_warning_of_check() {
    let suite = Suite::new(&step("{path: /}"), "");
    let more = concat!(
        "variables:\n  a: \"${bob.name}/x\"\n  b: {default: [\"${uuid()}\"]}\n",
        "fixtures:\n  bob: {name: \"${PASSWORD}\", shell: \"$${HOME}\", ssti: \"${7*7}\", open: \"${\"}\n"
    );
    suite.write("suite/suite.yaml", format!("{MANIFEST}{more}"));
    let checked = suite.check();
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    for written in ["${bob.name}", "${uuid()}", "${PASSWORD}"] {
        let warning =
            format!("warning: `{written}` is not evaluated: fixtures and variables are sent as written");
        assert!(checked.stderr.contains(&warning), "{}", checked.stderr);
    }
    assert_eq!(checked.stderr.matches("is not evaluated").count(), 3, "{}", checked.stderr);
}

#[test]
fn a_method_may_be_an_expression() {
    let rows = "rows: [{row: one, method: PUT}, {row: two, method: PURGE}]";
    let suite = |request: &str| Suite::new(&step_with(request, rows), "");
    for request in ["{method: \"${row.method}\", path: /}", "curl -X \"${row.method}\" http://h.test/"] {
        let methods: Vec<String> =
            suite(request).sent().iter().map(|sent| sent.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(methods, ["PUT", "PURGE"], "{request}");
    }
    let wrong = suite("{method: \"${row.method} x\", path: /}").wrong();
    assert!(wrong.contains("makes the method `PUT x`, which is not one word, such as GET"), "{wrong}");
    let unknown = suite("{method: \"${rwo.method}\", path: /}").wrong();
    assert!(unknown.contains("unknown name `${rwo.method}`"), "{unknown}");
}

#[test]
fn optional_headers_and_cookies_may_be_missing() {
    let run = |expect: &str| {
        let suite = Suite::new(&step_with("{path: /}", &format!("expect: {expect}")), "");
        suite.run(&[])
    };
    for right in [
        "{headers: {etag: !optional x, content-type: !optional [!starts_with application/]}}",
        "{headers: {link: !optional [!each [!contains rel]]}}",
        "{cookies: {k: !optional v, theme: !optional dark, q: !optional {value: w, path: /}}}",
        "{cookies: {k: {value: v, path: !optional /}}}",
    ] {
        let finished = run(right);
        assert_eq!(finished.code, Some(0), "{right}\n{}", finished.stdout);
    }
    for (wrong, message) in [
        ("{headers: {content-type: !optional text/html}}", "\"text/html\", if it is present"),
        ("{cookies: {k: !optional w}}", "the cookie's `value` is v"),
    ] {
        let finished = run(wrong);
        assert_eq!(finished.code, Some(1), "{wrong}\n{}", finished.stdout);
        assert!(finished.stdout.contains(message), "{}", finished.stdout);
    }
}

#[test]
fn a_run_that_watches_runs_again_when_what_a_link_leads_to_changes() {
    let suite = Suite::new(&step("{path: /own}"), "");
    let scenario = |path: &str| format!("{HEAD}{}", step(&format!("{{path: {path}}}")));
    suite.write("suite/.real.yaml", scenario("/before"));
    fs::remove_file(suite.path("suite/t/a.yaml")).unwrap();
    symlink("../.real.yaml", suite.path("suite/t/link.yaml")).unwrap();
    let mut run = crate::program::conformance(suite.folder.path());
    run.args(["run", "--watch", "--suite", "suite", &suite.url]);
    let mut run =
        run.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let next = || suite.sent.recv_timeout(std::time::Duration::from_mins(1)).unwrap_or_default();
    let first = next();
    suite.write("suite/.real.yaml", scenario("/linked"));
    let second = next();
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(first.starts_with("GET /before "), "{first}");
    assert!(second.starts_with("GET /linked "), "{second}");
}

#[test]
fn a_header_value_that_cannot_be_sent_is_named_with_its_header() {
    let steps = "  - {id: a, title: t, rows: [{v: \"a\\nb\"}], request: {path: /, headers: {X-V: \"${row.v}\"}}, expect: {status: 200}}\n";
    let run = Suite::new(steps, "").run(&[]);
    assert!(run.code != Some(0) && run.stdout.contains("X-V"), "{}{}", run.stdout, run.stderr);
}
