//! Compares the verdicts of Hurl with those of this program, for all pairs of expectations and responses.
//!
//! If the exported file has a comment on a part that Hurl cannot check, Hurl may accept a wrong response, but must never reject a right
//! one.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::program::{conformance, conformance_in};

/// Expectations of JSON values.
const VALUES: &[&str] = &[
    "5",
    "5.0",
    "1e3",
    "123456789012345678901234567890",
    "null",
    "true",
    "x",
    "''",
    "[]",
    "{}",
    "[1, [2]]",
    "[a]",
    "{a: 1}",
    "{a: {b: [1, null, x]}}",
    r#"{"it's \"q\" \\ {{x}} ü\n": "it's \"q\" \\ {{x}} # ü\n"}"#,
    "!any",
    "!string",
    "!integer",
    "!number",
    "!boolean",
    "!uuid",
    "!datetime",
    "!regex '^a/b+$'",
    r"!regex '^a\/b|\\d$'",
    "!contains b",
    "!contains '{{x}}'",
    "!starts_with ab",
    "!ends_with c",
    "!ignoring_case aBC",
    "!about {value: 3.14, within: 0.01}",
    "!length 2",
    "!length 1..",
    "!length ..2",
    "!length 2..3",
    "!not x",
    "!not [null, 5]",
    "!not [!string ]",
    "!not [!subset {a: 1}, [1, 2]]",
    "!not [!uuid , !contains b]",
    "!one_of [a, x, abc]",
    "!one_of [1, null, x]",
    "!one_of [!string , null]",
    "!one_of [!uuid , !starts_with ab]",
    "!one_of [{a: 1}, [1, 2]]",
    "!one_of [[], 5]",
    "!all [!string , !length 3]",
    "!all [!subset {a: 1}, !not {a: 1}]",
    "!subset {}",
    "!subset {a: 1}",
    "!subset {a: !any }",
    "!subset {a: !not x}",
    "!each 1",
    "!each [!any ]",
    "!each [!string ]",
    "!each [!not [!string ]]",
    "!each [!subset {a: 1}]",
    "!each {a: !number }",
    "!each [!one_of [1, 2]]",
    "!each [!integer ]",
    "!containing []",
    "!containing [1]",
    "!containing [!string , null]",
    "!containing [!length 1]",
    "!containing [!subset {b: 2}]",
    "!unordered [1, 2]",
    "!unordered [!string , 5]",
    "!count {of: 1, times: 1..2}",
    "!count {of: !string , times: 0}",
    "!count {of: !subset {a: 1}, times: 2}",
    "!count {of: !boolean , times: ..1}",
    "!datetime {format: date}",
];

/// JSON values in responses.
const JSON: &[&str] = &[
    "5",
    "5.0",
    "1000",
    "3.145",
    "3.2",
    "123456789012345678901234567890",
    "null",
    "true",
    "false",
    r#""""#,
    r#""x""#,
    r#""ab""#,
    r#""abc""#,
    r#""ABC""#,
    r#""a/bb""#,
    r#""a {{x}} b""#,
    r#""2024-02-03T04:05:06""#,
    r#""2024-02-03""#,
    r#""9375973a-68c7-46aa-b135-29f79e837495""#,
    "[]",
    "[1]",
    "[1, 2]",
    "[2, 1]",
    "[1, [2]]",
    r#"["a"]"#,
    r#"["ab", 5]"#,
    r#"[null, "a", true]"#,
    "[true, false, 1, 1, 1]",
    "{}",
    r#"{"a": 1}"#,
    r#"{"a": 1, "b": 2}"#,
    r#"{"a": "x"}"#,
    r#"{"a": {"b": [1, null, "x"]}}"#,
    r#"[{"a": 1}, {"a": 1, "b": 2}]"#,
    r#"[{"a": 1}]"#,
    r#"{"it's \"q\" \\ {{x}} ü\n": "it's \"q\" \\ {{x}} # ü\n"}"#,
    "no JSON",
];

/// Expectations of header fields, cookies and bodies.
const TEXTS: &[&str] = &[
    "headers: {x-one: a}",
    "headers: {x-one: 'a  b '}",
    "headers: {x-one: !any }",
    "headers: {x-one: !starts_with a}",
    "headers: {x-one: !not [a, !contains b]}",
    "headers: {x-one: !one_of [a, b]}",
    r"headers: {x-one: !regex '^a.*\{\{'}",
    "headers: {x-one: !all [!starts_with a, !ends_with c]}",
    "headers: {x-one: !length 3}",
    "headers: {x-one: 5}",
    "headers: {x-many: a}",
    "headers: {x-many: [a, b]}",
    "headers: {x-many: !unordered [b, a]}",
    "headers: {x-many: !containing [b]}",
    "headers: {x-many: !count {of: !any , times: 2}}",
    "headers: {x-one: !count {of: !any , times: 1}}",
    "headers: {x-one: [a]}",
    "absent: [x-one]",
    "absent: [x-many]",
    "cookies: {c: v}",
    "cookies: {c: !any }",
    "cookies: {c: {value: !not v}}",
    "cookies: {c: {path: /, http-only: true}}",
    "cookies: {c: {secure: false, same-site: Lax}}",
    "cookies: {c: {max-age: 60, domain: example.com}}",
    "cookies: {c: {max-age: !regex '^[0-9]+$', expires: !any }}",
    "cookies: {c: {path: !starts_with /a, secure: true}}",
    "absent_cookies: [c]",
    "text: ''",
    r#"text: "it's \"q\" \\ {{x}}\n# ü""#,
    "text: !contains '# ü'",
    "text: !not [!contains q, !uuid ]",
    "text: !one_of [a, '']",
    "text: !length 1..30",
    "body: a",
    "body: !length 1",
    "body: !all [!length ..30, !sha256 ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb]",
    "status: [200, 204]",
    "status: 4xx",
    "within: 1m",
];

/// Responses: header fields and body.
const ANSWERS: &[(&str, &str)] = &[
    ("", ""),
    ("X-One: a\r\n", "a"),
    ("X-One: a  b c\r\n", "it's \"q\" \\ {{x}}\n# ü"),
    ("x-one: abc\r\nX-Many: a\r\nX-Many: b\r\n", "b"),
    ("X-One: a{{x}}\r\nX-Many: b\r\nX-Many: a\r\nX-Many: a\r\n", "a b"),
    ("X-One: 5\r\nSet-Cookie: c=v\r\n", "q"),
    ("Set-Cookie: c=w; Path=/; HttpOnly; Max-Age=60; Domain=.example.com\r\n", ""),
    ("Set-Cookie: c=v; Path=/a; Secure; SameSite=lax; Domain=example.com; Max-Age=6\r\n", ""),
    (
        "Set-Cookie: d=v; Path=/\r\nSet-Cookie: c=x; SameSite=Lax; Max-Age=60; Expires=Wed, 13 Jan 2027 22:23:01 GMT\r\n",
        "",
    ),
];

/// Starts a server that responds to `/N` with response N; returns its URL.
fn answering(answers: Vec<String>) -> String {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let (mut stream, mut buffer) = (stream.unwrap(), [0; 4096]);
            let length = stream.read(&mut buffer).unwrap();
            let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let number = request.split(['/', ' ']).nth(2).unwrap().parse::<usize>().unwrap_or(0);
            stream.write_all(answers[number].as_bytes()).unwrap();
        }
    });
    url
}

/// Writes a suite with a step for each expectation and each response.
fn write_suite(folder: &Path, expectations: &[String], answers: usize) {
    let mut steps = String::new();
    for (row, expectation) in expectations.iter().enumerate() {
        for number in 0..answers {
            steps.push_str(&format!(
                "  - id: e{row}-a{number}\n    title: one\n    request: {{path: /{number}}}\n    expect: {{{expectation}}}\n"
            ));
        }
    }
    for (name, text) in [
        ("suite.yaml", "format: 1\ntitle: One\norigin: http://h\nprofiles: {all: {}}\n".to_owned()),
        ("requirements.yaml", "format: 1\nrequirements: []\n".to_owned()),
        ("all/one.yaml", format!("format: 1\ntitle: One\nprofile: all\nsteps:\n{steps}")),
    ] {
        let path = folder.join("suite").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// Returns whether each step passes in this program.
fn judged(folder: &Path, url: &str) -> BTreeMap<String, bool> {
    let report = ["run", url, "--suite", "suite", "--report", "jsonl=report.jsonl"];
    let output = conformance(folder).args(report).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(folder.join("report.jsonl").exists(), "{said}");
    let report = fs::read_to_string(folder.join("report.jsonl")).unwrap();
    let events = report.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let step = |event: serde_json::Value| {
        let id = event["id"].as_str()?.rsplit("::").next()?.to_owned();
        Some((id, event["verdict"].as_str()? == "pass"))
    };
    events.filter_map(step).collect()
}

/// Returns each step of the exported file as a file of its own.
fn exported(folder: &Path) -> BTreeMap<String, String> {
    let exported = conformance_in(folder, &["export", "--hurl", "--suite", "suite"]);
    assert_eq!(exported.code, Some(0), "{}", exported.stderr);
    let entries = exported.stdout.split("\n#   - id: ").skip(1);
    entries
        .map(|entry| entry.split_once('\n').unwrap())
        .map(|(id, entry)| (id.to_owned(), entry.to_owned()))
        .collect()
}

/// Returns whether each step passes in Hurl, and its output.
fn run(folder: &Path, url: &str, entries: &BTreeMap<String, String>) -> (BTreeMap<String, bool>, String) {
    for (id, entry) in entries {
        fs::write(folder.join(format!("{id}.hurl")), format!("#{entry}")).unwrap();
    }
    let output = Command::new("hurl")
        .args(["--test", "--jobs", "2", "--variable", &format!("target={url}")])
        .args(entries.keys().map(|id| format!("{id}.hurl")))
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let verdict = |line: &str| {
        let (kind, rest) = line.split_once(' ')?;
        let id = rest.split_once(".hurl (")?.0.to_owned();
        matches!(kind, "Success" | "Failure").then(|| (id, kind == "Success"))
    };
    (said.lines().filter_map(verdict).collect(), said)
}

/// Compares the verdicts for all pairs; returns how often both accept and both reject.
fn compare(expectations: &[String], answers: Vec<String>) -> (usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    write_suite(folder.path(), expectations, answers.len());
    let shown = answers.clone();
    let url = answering(answers);
    let ours = judged(folder.path(), &url);
    let entries = exported(folder.path());
    assert_eq!((ours.len(), entries.len()), (expectations.len() * shown.len(), ours.len()));
    let (theirs, said) = run(folder.path(), &url, &entries);
    let number = |id: &str| id.rsplit_once("-a").unwrap().1.parse::<usize>().unwrap();
    let is_text = |id: &str| shown[number(id)].ends_with('"');
    let (mut yes, mut no, mut wrong) = (0, 0, String::new());
    for (id, ours) in &ours {
        let Some(theirs) = theirs.get(id) else {
            wrong.push_str(&format!("{id} was not run\n{}\n", entries[id]));
            continue;
        };
        let loose = entries[id].contains("# Hurl cannot check");
        match (ours, theirs) {
            (true, true) => yes += 1,
            (false, false) => no += 1,
            (false, true) if loose => {}
            // For the whole body, Hurl can check a length only for lists and objects.
            (true, false) if entries[id].contains("!length") && is_text(id) => {}
            _ => {
                wrong.push_str(&format!(
                    "{id}: holds: {ours}, and Hurl: {theirs}\n{}\n{}\n\n",
                    entries[id],
                    shown[number(id)]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}\n{}", if theirs.is_empty() { said.as_str() } else { "" });
    (yes, no)
}

fn answer(fields: &str, body: &str) -> String {
    format!("HTTP/1.1 200 X\r\n{fields}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

#[test]
#[ignore = "needs hurl on the PATH"]
fn hurl_agrees_on_json_bodies() {
    let within: Vec<String> = VALUES.iter().map(|value| format!("json: {{m: {value} , n: !any }}")).collect();
    let answers = JSON.iter().map(|json| answer("", &format!("{{\"n\": 1, \"m\": {json}}}"))).collect();
    let (yes, no) = compare(&within, answers);
    assert!(yes > 200 && no > 1500, "{yes} {no}");
    let whole: Vec<String> = VALUES.iter().map(|value| format!("json: {value} ")).collect();
    let (yes, no) = compare(&whole, JSON.iter().map(|json| answer("", json)).collect());
    assert!(yes > 200 && no > 1500, "{yes} {no}");
}

#[test]
#[ignore = "needs hurl on the PATH"]
fn hurl_agrees_on_header_fields_cookies_and_texts() {
    let expectations: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
    let answers = ANSWERS.iter().map(|(fields, body)| answer(fields, body)).collect();
    let (yes, no) = compare(&expectations, answers);
    assert!(yes > 80 && no > 80, "{yes} {no}");
}
