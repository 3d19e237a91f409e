//! Scenarios become what other tools run, and a command becomes a step: with the real curl and the real shell.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::golden;
use crate::program::{conformance_in, data, unused_port};

/// The desk of `documents/library.md`, running.
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

/// A folder with the suite of the desk in `suite`.
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
fn a_script_sends_every_step_with_its_captures() {
    let folder = imported();
    let exported = conformance_in(folder.path(), &["export", "--curl", "--suite", "suite"]);
    assert_eq!(exported.code, Some(0), "{}", exported.stderr);
    let desk = Desk::open();
    let (code, told) = sh(folder.path(), &exported.stdout, &desk.url);
    assert_eq!(code, Some(0), "{told}\n{}", exported.stdout);
    assert_eq!(told.lines().filter(|line| line.starts_with("ok   ")).count(), 8, "{told}");
}

/// A loan that is found by a part of its address.
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
fn a_script_keeps_the_parts_of_values_that_a_run_keeps() {
    let folder = imported();
    fs::write(folder.path().join("suite/3-parts.yaml"), PARTS).unwrap();
    fs::copy(data("documents/desk.py"), folder.path().join("desk.py")).unwrap();
    let run = ["run", "--suite", "suite", "--filter", "3-*", "--", "python3", "desk.py"];
    let finished = conformance_in(folder.path(), &run);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    let exported =
        conformance_in(folder.path(), &["export", "--curl", "--suite", "suite", "--filter", "3-*"]);
    let desk = Desk::open();
    let script = format!("{}\necho \"$day $year $loan\"\n", exported.stdout.replace("exit ", ": "));
    let (_, told) = sh(folder.path(), &script, &desk.url);
    assert!(told.contains("ok   3-parts::loan: 200") && told.ends_with("\n02 2026 40\n"), "{told}\n{script}");
}

#[test]
fn a_script_says_which_status_is_another() {
    let folder = imported();
    let path = folder.path().join("suite/1-the-shelf.yaml");
    let text = fs::read_to_string(&path).unwrap().replace("status: 404", "status: 410");
    fs::write(&path, text).unwrap();
    let exported =
        conformance_in(folder.path(), &["export", "--curl", "--suite", "suite", "--filter", "1-*"]);
    let desk = Desk::open();
    let (code, told) = sh(folder.path(), &exported.stdout, &desk.url);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("FAIL 1-the-shelf::get-books-99: 404, not 410"), "{told}");
}

#[test]
fn a_file_of_hurl_has_the_requests_and_the_captures() {
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
fn a_recorded_command_is_a_step_that_can_be_pasted() {
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

/// A suite of one scenario with these steps.
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

/// Answers each request with the next of these heads, and the last of them again and again; what has come is told.
fn answering(heads: &[&'static str]) -> (String, std::sync::mpsc::Receiver<String>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    let heads = heads.to_vec();
    std::thread::spawn(move || {
        for (number, stream) in socket.incoming().enumerate() {
            let (mut stream, mut buffer) = (stream.unwrap(), [0; 4096]);
            let length = stream.read(&mut buffer).unwrap();
            tell.send(String::from_utf8_lossy(&buffer[..length]).into_owned()).ok();
            let head = heads[number.min(heads.len() - 1)];
            let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, told)
}

#[test]
fn a_script_sends_again_until_the_answer_is_there_and_no_longer_than_it_is_said() {
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
    // The status alone is not all: without its ticket an answer is not the one that is waited for.
    let (url, heard) = answering(&["503 No", "503 No", "200 OK", ticket]);
    let (code, told) = sh(folder.path(), &exported.stdout, &url);
    assert_eq!(code, Some(0), "{told}\n{}", exported.stdout);
    assert_eq!(told.lines().count(), 2, "{told}");
    let heard: Vec<String> = heard.try_iter().collect();
    assert_eq!(heard.len(), 5, "{heard:?}");
    assert!(heard[..4].iter().all(|sent| sent.starts_with("POST /later ") && sent.ends_with("one\ntwo")));
    assert!(heard[4].starts_with("GET /t1 "), "{heard:?}");

    let steps = "  - id: never\n    title: never\n    retry: {for: 1s, every: 300ms}\n    request: {path: /never}\n    expect: {status: 200}\n";
    suite_of(folder.path(), steps);
    let exported = conformance_in(folder.path(), &["export", "--curl", "--suite", "suite"]);
    let (url, heard) = answering(&["503 No"]);
    let (code, told) = sh(folder.path(), &exported.stdout, &url);
    assert_eq!((code, told.as_str()), (Some(1), "FAIL desk/one::never: 503, not 200\n"));
    let tries = heard.try_iter().count();
    assert!((2..=8).contains(&tries), "{tries} tries");
}

#[test]
fn a_command_that_cannot_be_sent_and_a_target_that_is_not_there_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let wrong =
        conformance_in(folder.path(), &["record", "http://127.0.0.1:9", "--", "curl", "http://h/", "--nope"]);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.contains("curl option `--nope` is not supported") && wrong.stderr.contains('^'),
        "{}",
        wrong.stderr
    );
    let absent = conformance_in(folder.path(), &["record", "http://127.0.0.1:9", "--", "curl", "http://h/"]);
    assert_eq!(absent.code, Some(3));
    assert!(absent.stderr.contains("no connection"), "{}", absent.stderr);
}

#[test]
fn what_other_tools_are_told_and_what_they_cannot_be_told_is_written_down() {
    let suite = data("suites/exported");
    for (flag, name) in [("--hurl", "exported/all.hurl"), ("--curl", "exported/all.sh")] {
        let arguments = ["export", flag, "--suite", suite.to_str().unwrap()];
        let exported = conformance_in(Path::new("."), &arguments);
        assert_eq!(exported.code, Some(0), "{}", exported.stderr);
        golden::compare(&data(name), &exported.stdout).unwrap_or_else(|difference| panic!("{difference}"));
    }
}

#[test]
fn every_exported_script_is_one_that_a_shell_can_read() {
    let suite = data("suites/exported");
    let exported = conformance_in(Path::new("."), &["export", "--curl", "--suite", suite.to_str().unwrap()]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script.sh"), &exported.stdout).unwrap();
    let read = Command::new("sh").args(["-n", "script.sh"]).current_dir(folder.path()).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
}
