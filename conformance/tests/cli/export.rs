//! Tests `export` and `record` with the real curl and a real shell.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::fidelity::listener::Listener;
use crate::golden;
use crate::program::{conformance_in, data, unused_port};

/// The server that `documents/library.md` describes, running.
pub(crate) struct Desk {
    process: Child,
    pub(crate) url: String,
}

impl Desk {
    pub(crate) fn open() -> Self {
        let port = unused_port();
        let process = Command::new("python3")
            .arg(data("documents/desk.py"))
            .env("DESK_PORT", port.to_string())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the desk does not open");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Returns a folder with the imported suite in `suite`.
pub(crate) fn imported() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let document = data("documents/library.md");
    let finished = conformance_in(folder.path(), &["import", document.to_str().unwrap(), "--out", "suite"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    folder
}

fn sh(folder: &Path, script: &str, url: &str) -> (Option<i32>, String) {
    fs::write(folder.join("script.sh"), script).unwrap();
    let output = Command::new("sh").arg("script.sh").arg(url).current_dir(folder).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn shell_script_sends_every_step_and_captures() {
    let folder = imported();
    let exported = conformance_in(folder.path(), &["export", "--curl", "--suite", "suite"]);
    assert_eq!(exported.code, Some(0), "{}", exported.stderr);
    let desk = Desk::open();
    let (code, output) = sh(folder.path(), &exported.stdout, &desk.url);
    assert_eq!(code, Some(0), "{output}\n{}", exported.stdout);
    assert_eq!(output.lines().filter(|line| line.starts_with("ok   ")).count(), 8, "{output}");
}

/// A scenario that captures a part of a URL.
const PARTS: &str = r#"format: 1
title: A loan by its number
profile: members
steps:
  - id: login
    title: ann logs in
    request: curl http://127.0.0.1:8080/login -d 'name=ann' -d 'password=correct horse'
    expect: {status: 200}
    capture: {desk: {cookie: desk}, year: {json: /since, pattern: '\d+'}, day: {text: '-(\d+)T'}}
  - id: inject
    title: she takes a book with her
    request: |-
      curl http://127.0.0.1:8080/loans -b 'desk=${desk}' --json '{"book": ${year}${day}}'
    expect: {status: 201}
    capture: {loan: {header: location, pattern: '/[a-z]+/(\d+)$'}}
  - id: loan
    title: it is hers
    request: curl http://127.0.0.1:8080/loans/${loan} -b 'desk=${desk}'
    expect: {status: 200, json: !subset {book: 202602}}
"#;

#[test]
fn shell_script_captures_the_same_parts_as_a_run() {
    let folder = imported();
    fs::write(folder.path().join("suite/3-parts.yaml"), PARTS).unwrap();
    fs::copy(data("documents/desk.py"), folder.path().join("desk.py")).unwrap();
    let run = ["run", "--suite", "suite", "--filter", "3-*", "--", "python3", "desk.py"];
    let finished = conformance_in(folder.path(), &run);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    let exported =
        conformance_in(folder.path(), &["export", "--curl", "--suite", "suite", "--filter", "3-*"]);
    let desk = Desk::open();
    let script = format!("{}\necho \"$day $year $loan\"\n", exported.stdout.replace("\nexit ", "\n: "));
    let (_, output) = sh(folder.path(), &script, &desk.url);
    assert!(
        output.contains("ok   3-parts::loan: 200") && output.ends_with("\n02 2026 40\n"),
        "{output}\n{script}"
    );
}

/// A scenario that sends requests to a captured URL, which has a query.
const LINKS: &str = r#"format: 1
title: The address of a new book
profile: main
steps:
  - {id: make, title: a book is made, request: "curl http://library.example/absolute", expect: {status: 201}, capture: {book: {header: location}}}
  - {id: plain, title: it is there, request: {method: GET, path: "${book}"}, expect: {status: 200}}
  - {id: more, title: it has pages, request: {method: GET, path: "${book}", query: {page: "a b", "x:y": 3}}, expect: {status: 200}}
  - {id: curl, title: curl reads it, request: 'curl "${book}" -G -d page=2', expect: {status: 200}}
"#;

#[test]
fn captured_urls_are_sent_as_in_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        "format: 1\ntitle: Links\norigin: http://library.example\nprofiles: {main: {title: main}}\n";
    fs::write(folder.path().join("suite.yaml"), manifest).unwrap();
    fs::write(folder.path().join("links.yaml"), LINKS).unwrap();
    let listener = Listener::open();
    let sent = || listener.heard().into_iter().map(|sent| sent.line).collect::<Vec<_>>();
    let finished = conformance_in(folder.path(), &["run", "--suite", ".", &listener.url]);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    let expected: Vec<String> = sent().into_iter().filter(|line| line.contains("/books/")).collect();
    let exported = conformance_in(folder.path(), &["export", "--curl", "--suite", "."]);
    let (code, output) = sh(folder.path(), &exported.stdout, &listener.url);
    assert_eq!(code, Some(0), "{output}\n{}", exported.stdout);
    let scripted: Vec<String> = sent().into_iter().filter(|line| line.contains("/books/")).collect();
    assert_eq!(scripted, expected);
    assert!(
        expected.len() == 3 && expected[1].contains("/books/7?copy=2&page=a%20b&x%3Ay=3 "),
        "{expected:?}"
    );
    let exported = conformance_in(folder.path(), &["export", "--hurl", "--suite", "."]);
    for part in [
        "path_of_book: header \"location\" regex \"^(?:{{target}}|http://library\\\\.example)?([^#]*)\"\n",
        "GET {{target}}{{path_of_book}}\n[QueryStringParams]\npage: a b\nx\\:y: 3\n",
        "GET {{target}}{{path_of_book}}\nHTTP 200\n",
    ] {
        assert!(exported.stdout.contains(part), "{part}\nis not in\n{}", exported.stdout);
    }
}

#[test]
fn shell_script_reports_an_unexpected_status() {
    let folder = imported();
    let path = folder.path().join("suite/1-the-shelf.yaml");
    let text = fs::read_to_string(&path).unwrap().replace("status: 404", "status: 410");
    fs::write(&path, text).unwrap();
    let exported =
        conformance_in(folder.path(), &["export", "--curl", "--suite", "suite", "--filter", "1-*"]);
    let desk = Desk::open();
    let (code, output) = sh(folder.path(), &exported.stdout, &desk.url);
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("FAIL 1-the-shelf::get-books-99: 404, not 410"), "{output}");
}

#[test]
fn hurl_file_has_requests_and_captures() {
    let folder = imported();
    let exported = conformance_in(
        folder.path(),
        &["export", "--hurl", "--suite", "suite", "--filter", "2-loans::post-*"],
    );
    for part in [
        "POST {{target}}/login\nContent-Type: application/x-www-form-urlencoded\n`name=ann&password=correct horse`\nHTTP 200\n[Captures]\ndesk: cookie \"desk\"\n",
        "Cookie: desk={{desk}}\n",
        "id: jsonpath \"$['id']\"\n",
    ] {
        assert!(exported.stdout.contains(part), "{part}\nis not in\n{}", exported.stdout);
    }
}

#[test]
fn record_prints_a_valid_step() {
    let folder = imported();
    let desk = Desk::open();
    let address = format!("{}/books/99", desk.url);
    let recorded =
        conformance_in(folder.path(), &["record", &desk.url, "--", "curl", &address, "-H", "X-Note: it's"]);
    assert_eq!(recorded.code, Some(0), "{}", recorded.stderr);
    let path = folder.path().join("suite/1-the-shelf.yaml");
    let step = recorded.stdout.replace(&desk.url, "http://127.0.0.1:8080").replace("get-books-99", "again");
    fs::write(&path, fs::read_to_string(&path).unwrap() + "\n" + &step).unwrap();
    fs::copy(data("documents/desk.py"), folder.path().join("desk.py")).unwrap();
    let arguments = ["run", "--suite", "suite", "--filter", "again", "--", "python3", "desk.py"];
    let finished = conformance_in(folder.path(), &arguments);
    assert_eq!(finished.code, Some(0), "{}{}\n{step}", finished.stdout, finished.stderr);
    assert!(step.contains("status: 404") && step.contains("json: {error: Not Found}"), "{step}");
}

#[test]
fn record_sends_the_words_that_the_shell_made() {
    let (folder, listener) = (tempfile::tempdir().unwrap(), Listener::open());
    let record = |command: &[&str]| {
        let finished =
            conformance_in(folder.path(), &[&["record", &listener.url, "--", "curl"], command].concat());
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        (finished.stdout, listener.heard())
    };
    let (step, heard) = record(&["http://h/a", "-d", "{\"t\": \"${TOKEN}\"} $X `y` | ${1}"]);
    assert_eq!(heard[0].body, "{\"t\": \"${TOKEN}\"} $X `y` | ${1}");
    assert!(step.contains("$${TOKEN}") && step.contains("$${1}"), "{step}");
    for command in [["h/a"], ["user:pw@h/a"], ["HTTP://h/a"]] {
        let (_, heard) = record(&command);
        assert_eq!(heard[0].line, "GET /a HTTP/1.1");
        let authorized = heard[0].fields.iter().any(|field| field == "Authorization: Basic dXNlcjpwdw==");
        assert_eq!(authorized, command[0].contains('@'));
    }
    let (_, heard) = record(&["-L", "http://h/to/302", "-c", "jar"]);
    assert!(heard[1].fields.iter().any(|field| field == "Cookie: k=v"), "{heard:?}");
}

/// Writes a suite of one scenario with these steps.
fn suite_of(folder: &Path, steps: &str) {
    for (name, text) in [
        (
            "suite.yaml",
            "format: 1\ntitle: One\norigin: http://desk.example\nprofiles: {all: {}}\n".to_owned(),
        ),
        ("requirements.yaml", "format: 1\nrequirements: []\n".to_owned()),
        ("desk/one.yaml", format!("format: 1\ntitle: One\nprofile: all\nsteps:\n{steps}")),
    ] {
        let path = folder.join("suite").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// Starts a server that responds with these heads in turn and repeats the last one; the receiver gets each request.
fn answering(heads: &[&'static str]) -> (String, std::sync::mpsc::Receiver<String>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let (sender, output) = std::sync::mpsc::channel();
    let heads = heads.to_vec();
    std::thread::spawn(move || {
        for (number, stream) in socket.incoming().enumerate() {
            let (mut stream, mut buffer) = (stream.unwrap(), [0; 4096]);
            let length = stream.read(&mut buffer).unwrap();
            sender.send(String::from_utf8_lossy(&buffer[..length]).into_owned()).ok();
            let head = heads[number.min(heads.len() - 1)];
            let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, output)
}

#[test]
fn shell_script_retries_until_the_expectation_or_the_time_limit() {
    let folder = tempfile::tempdir().unwrap();
    suite_of(
        folder.path(),
        concat!(
            "  - id: later\n    title: it takes a moment\n    retry: {for: 20s, every: 50ms}\n",
            "    request: {method: POST, path: /later, body: \"one\\ntwo\"}\n",
            "    expect: {status: 200}\n    capture: {ticket: {header: x-ticket}}\n",
            "  - id: ticket\n    title: what was kept is sent\n",
            "    request: curl \"http://desk.example/${ticket}\"\n    expect: {status: 200}\n",
        ),
    );
    let exported = conformance_in(folder.path(), &["export", "--curl", "--suite", "suite"]);
    let ticket = "200 OK\r\nX-Ticket: t1";
    // A matching status is not enough: the captured value must be there as well.
    let (url, heard) = answering(&["503 No", "503 No", "200 OK", ticket]);
    let (code, output) = sh(folder.path(), &exported.stdout, &url);
    assert_eq!(code, Some(0), "{output}\n{}", exported.stdout);
    assert_eq!(output.lines().count(), 2, "{output}");
    let heard: Vec<String> = heard.try_iter().collect();
    assert_eq!(heard.len(), 5, "{heard:?}");
    assert!(heard[..4].iter().all(|sent| sent.starts_with("POST /later ") && sent.ends_with("one\ntwo")));
    assert!(heard[4].starts_with("GET /t1 "), "{heard:?}");

    let steps = "  - id: never\n    title: never\n    retry: {for: 1s, every: 300ms}\n    request: {path: /never}\n    expect: {status: 200}\n";
    suite_of(folder.path(), steps);
    let exported = conformance_in(folder.path(), &["export", "--curl", "--suite", "suite"]);
    let (url, heard) = answering(&["503 No"]);
    let (code, output) = sh(folder.path(), &exported.stdout, &url);
    assert_eq!((code, output.as_str()), (Some(1), "FAIL desk/one::never: 503, not 200\n"));
    let tries = heard.try_iter().count();
    assert!((2..=8).contains(&tries), "{tries} tries");
}

/// Serves a body to each request, and returns the requests.
fn serving(body: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let (sender, output) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let (mut stream, mut sent) = (stream.unwrap(), Vec::new());
            while !sent.ends_with(b"\r\n\r\n") && !sent.ends_with(b"}") {
                let mut buffer = [0; 4096];
                match stream.read(&mut buffer) {
                    Ok(length @ 1..) => sent.extend_from_slice(&buffer[..length]),
                    _ => break,
                }
            }
            sender.send(String::from_utf8_lossy(&sent).into_owned()).ok();
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nX-Mark: a\"b\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, output)
}

#[test]
fn shell_script_captures_and_sends_values_of_json_as_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let body = r#"{"id": "first", "items": [{"id": 7, "note": {"id": 8}},
        {"name": "\"id\": 5", "id": "say \"h\u00e9\" \\ \ud83d\ude00", "price": 1.50, "a/b": [true, null]}]}"#;
    suite_of(
        folder.path(),
        concat!(
            "  - id: get\n    title: values\n    request: {path: /a}\n    expect: {status: 200}\n",
            "    capture:\n      id: {json: /items/1/id}\n      price: {json: /items/1/price}\n",
            "      flags: {json: /items/1/a~1b}\n      mark: {header: x-mark}\n",
            "  - id: put\n    title: sent\n    expect: {status: 200}\n    request:\n      method: PUT\n      path: /b\n",
            "      headers: {X-Price: \"${price}\"}\n",
            "      json: {id: \"${id}\", price: \"${price}\", flags: \"${flags}\", mark: \"${mark}\", both: \"<${id} ${price}>\"}\n",
        ),
    );
    let (url, received) = serving(body);
    let finished = conformance_in(folder.path(), &["run", "--suite", "suite", &url]);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    let of_run: Vec<String> = received.try_iter().filter(|sent| sent.starts_with("PUT")).collect();
    let exported = conformance_in(folder.path(), &["export", "--curl", "--suite", "suite"]);
    let (code, output) = sh(folder.path(), &exported.stdout, &url);
    assert_eq!(code, Some(0), "{output}\n{}", exported.stdout);
    let of_script: Vec<String> = received.try_iter().filter(|sent| sent.starts_with("PUT")).collect();
    let value = |sent: &[String]| -> serde_json::Value {
        let (head, body) = sent[0].split_once("\r\n\r\n").unwrap();
        assert!(head.contains("X-Price: 1.50"), "{head}");
        assert!(body.contains("1.50,") || body.contains("1.50}"), "{body}");
        serde_json::from_str(body).unwrap()
    };
    assert_eq!(value(&of_script), value(&of_run), "{}", exported.stdout);
    assert_eq!(value(&of_run)["id"], "say \"hé\" \\ 😀");
}

#[test]
fn shell_script_stops_at_a_value_that_was_not_captured() {
    let folder = tempfile::tempdir().unwrap();
    suite_of(
        folder.path(),
        concat!(
            "  - id: get\n    title: values\n    request: {path: /a}\n    expect: {status: 200}\n    capture: {id: {json: /items/2/id}}\n",
            "  - id: use\n    title: sent\n    request: {path: \"/b/${id}\"}\n    expect: {status: 200}\n",
            "  - id: later\n    title: never\n    request: {path: /c}\n    expect: {status: 200}\n",
        ),
    );
    let exported = conformance_in(folder.path(), &["export", "--curl", "--suite", "suite"]);
    let (url, heard) = serving(r#"{"id": 1, "items": [{"id": 2}]}"#);
    fs::write(folder.path().join("script.sh"), &exported.stdout).unwrap();
    let output = Command::new("sh").arg("script.sh").arg(&url).current_dir(folder.path()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && message.contains("id: was not captured"), "{message}");
    assert_eq!(heard.try_iter().count(), 1);
}

#[test]
fn record_distinguishes_invalid_commands_from_unreachable_targets() {
    let folder = tempfile::tempdir().unwrap();
    let wrong =
        conformance_in(folder.path(), &["record", "http://127.0.0.1:9", "--", "curl", "http://h/", "--nope"]);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.contains("curl has no option `--nope`") && wrong.stderr.contains('^'),
        "{}",
        wrong.stderr
    );
    let absent = conformance_in(folder.path(), &["record", "http://127.0.0.1:9", "--", "curl", "http://h/"]);
    assert_eq!(absent.code, Some(3));
    assert!(absent.stderr.contains("no connection"), "{}", absent.stderr);
}

#[test]
fn exported_files_match_the_golden_files() {
    let suite = data("suites/exported");
    for (flag, name) in [("--hurl", "exported/all.hurl"), ("--curl", "exported/all.sh")] {
        let arguments = ["export", flag, "--suite", suite.to_str().unwrap()];
        let exported = conformance_in(Path::new("."), &arguments);
        assert_eq!(exported.code, Some(0), "{}", exported.stderr);
        golden::compare(&data(name), &exported.stdout).unwrap_or_else(|difference| panic!("{difference}"));
    }
}

#[test]
fn exported_scripts_have_valid_shell_syntax() {
    let suite = data("suites/exported");
    let exported = conformance_in(Path::new("."), &["export", "--curl", "--suite", suite.to_str().unwrap()]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script.sh"), &exported.stdout).unwrap();
    let read = Command::new("sh").args(["-n", "script.sh"]).current_dir(folder.path()).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
}
