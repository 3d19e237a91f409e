//! Streams: steps that read the first events of a response, and responses that stay open for later steps.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;

use crate::events::{self, RunReport};
use crate::golden;
use crate::program::data;
use crate::sandbox::Sandbox;

const SSE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const LINES: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n";

/// What the server shares between its connections.
#[derive(Default)]
struct Shared {
    /// The open watches, by path.
    watches: Mutex<BTreeMap<String, Vec<TcpStream>>>,
    /// The paths of the requests, with the number of their connection.
    log: Mutex<Vec<(usize, String)>>,
}

/// Starts a server that runs until the test ends, and returns its URL.
fn serve() -> (String, Arc<Shared>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let shared = Arc::new(Shared::default());
    let of_server = Arc::clone(&shared);
    thread::spawn(move || {
        for (number, connection) in listener.incoming().flatten().enumerate() {
            let shared = Arc::clone(&of_server);
            // The client may close a stream at any time.
            thread::spawn(move || drop(converse(&connection, number, &shared)));
        }
    });
    (url, shared)
}

fn converse(connection: &TcpStream, number: usize, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection.try_clone()?;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body)?;
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        shared.log.lock().unwrap().push((number, path.clone()));
        if let Some(key) = path.strip_suffix("/watch") {
            // A watch that has sent its head misses nothing.
            let mut watches = shared.watches.lock().unwrap();
            writer.write_all(SSE.as_bytes())?;
            watches.entry(key.to_owned()).or_default().push(writer.try_clone()?);
            continue;
        }
        if head.starts_with("PUT ") {
            let value = String::from_utf8_lossy(&body);
            for mut watch in shared.watches.lock().unwrap().get(&path).into_iter().flatten() {
                write!(watch, "event: set\ndata: {{\"value\": \"{value}\"}}\n\n").ok();
            }
            writer.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
            continue;
        }
        match path.as_str() {
            "/sse" => {
                let body =
                    ": hi\r\nid: 7\r\nretry: 30\n\nevent: é\rdata: {\"n\":\rdata: 1}\r\n\r\ndata: two\n\n";
                write!(
                    writer,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                )?;
                for byte in body.bytes() {
                    writer.write_all(&[b"1\r\n", &[byte][..], b"\r\n"].concat())?;
                    thread::sleep(Duration::from_millis(1));
                }
            }
            "/lines" => write!(writer, "{LINES}{{\"n\": 1}}\n\n{{\"n\": 2}}\r\n{{\"n\"")?,
            "/short" => {
                write!(writer, "{LINES}{{\"n\": 1}}\n{{\"n\": 2}}")?;
                return connection.shutdown(std::net::Shutdown::Both);
            }
            "/broken" => {
                let head = LINES.replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n");
                write!(writer, "{head}6\r\n1\n2\n34\r\n")?;
                return connection.shutdown(std::net::Shutdown::Both);
            }
            "/garbage" => write!(writer, "{LINES}1\n{{{{{{\n2\n")?,
            "/late" => {}
            "/coded" => {
                writeln!(writer, "{}1", LINES.replace("\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n"))?;
            }
            "/endless" => {
                writer.write_all(SSE.as_bytes())?;
                loop {
                    writer.write_all(&[b'x'; 8192])?;
                }
            }
            "/flood" => {
                writer.write_all(LINES.as_bytes())?;
                loop {
                    writer.write_all("7\n".repeat(4096).as_bytes())?;
                }
            }
            "/missing" => writer.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")?,
            _ => writer.write_all(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok")?,
        }
    }
}

fn sandbox(steps: &str, manifest: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    std::fs::create_dir_all(sandbox.path("suite/s")).unwrap();
    sandbox.write(
        "suite/suite.yaml",
        &format!(
            "format: 1\ntitle: Streams\norigin: http://stream.example\nprofiles: {{any: {{}}}}\n{manifest}"
        ),
    );
    sandbox.write(
        "suite/requirements.yaml",
        "format: 1\nrequirements:\n  - {id: ONE, level: must, clause: \"1\", text: It streams.}\n",
    );
    sandbox.write("suite/s/a.yaml", &format!("format: 1\ntitle: t\nprofile: any\nsteps:\n{steps}"));
    sandbox
}

fn step(id: &str, rest: &str) -> String {
    format!("  - {{id: {id}, title: t, covers: [ONE], {rest}}}\n")
}

fn run(steps: &str, manifest: &str) -> (RunReport, Arc<Shared>) {
    let (url, shared) = serve();
    let arguments = ["run", "--suite", "../suite", "--verbose", "--timeout", "20s", &url];
    (events::run(&sandbox(steps, manifest), &arguments), shared)
}

/// The verdict of a step, with its first label or its reason.
fn outcome(report: &RunReport, id: &str) -> String {
    let step = report.step(&format!("s/a::{id}"));
    let why = step["findings"][0]["label"].as_str().or(step["reason"].as_str()).unwrap_or_default();
    format!("{} {why}", step["verdict"].as_str().unwrap()).trim_end().to_owned()
}

#[test]
fn reads_server_sent_events_and_lines_in_any_pieces() {
    let steps = [
        step(
            "values",
            "request: {path: /sse}, expect: {status: 200, events: [{n: 1}, two]}, capture: {last: {text: '.*'}}",
        ),
        step(
            "fields",
            "request: {path: /sse}, expect: {events: [!event {event: é, data: \"{\\\"n\\\":\\n1}\", json: {n: !integer }, id: 7, retry: 30}]}",
        ),
        step("captured", "request: {path: \"/${last}\"}, expect: {status: 200}"),
        step(
            "lines",
            "request: curl http://stream.example/lines, expect: {within: 10s, events: [{n: 1}, {n: 2}]}, capture: {n: {json: /n}}",
        ),
        step("number", "request: {path: \"/${n}\"}, expect: {text: ok}"),
        step("other", "request: {path: /lines}, expect: {events: [{n: 1}, {n: 3}]}"),
        step("any-order", "request: {path: /lines}, expect: {events: !unordered [{n: 2}, {n: 1}]}"),
        step(
            "among",
            "request: {path: /flood}, expect: {headers: {content-type: !contains json}, events: !containing [7, !integer ]}",
        ),
        step("end", "request: {path: /short}, expect: {events: [{n: 1}, {n: 2}]}"),
    ];
    let (report, shared) = run(&steps.concat(), "");
    for id in ["values", "fields", "captured", "lines", "number", "any-order", "among", "end"] {
        assert_eq!(outcome(&report, id), "pass", "{id}");
    }
    assert_eq!(outcome(&report, "other"), "fail /1/json/n is 2");
    let paths: Vec<String> = shared.log.lock().unwrap().iter().map(|(_, path)| path.clone()).collect();
    assert!(paths.contains(&"/two".to_owned()) && paths.contains(&"/2".to_owned()), "{paths:?}");
    let exchange = &report.step("s/a::lines")["exchange"];
    assert_eq!(exchange["received"]["body"], "{\"n\": 1}\n\n{\"n\": 2}\r\n");
    assert!(
        exchange["received"]["cut"] == true && exchange["again"].as_str().unwrap().ends_with(" -N"),
        "{exchange}"
    );
}

#[test]
fn a_watch_never_misses_the_change_after_it() {
    let mut steps = String::new();
    for n in 0..30 {
        steps += &step(
            &format!("watch-{n}"),
            &format!(
                "open: w{n}, request: {{path: /{n}/watch}}, expect: {{status: 200, headers: {{content-type: text/event-stream}}}}"
            ),
        );
        steps += &step(
            &format!("change-{n}"),
            &format!("request: {{method: PUT, path: /{n}, body: \"{n}\"}}, expect: {{status: 204}}"),
        );
        steps += &step(&format!("event-{n}"), &format!("await: w{n}, expect: {{json: {{value: \"{n}\"}}}}"));
    }
    steps += &step("again", "request: {method: PUT, path: /0, body: x}, expect: {status: 204}");
    steps += &step(
        "second",
        "await: w0, expect: {events: [!event {event: set, json: {value: x}}]}, capture: {v: {json: /value}}",
    );
    steps += &step("uses", "request: {path: \"/${v}\"}, expect: {text: ok}");
    for manifest in ["", "connections: reuse\n"] {
        let (report, shared) = run(&steps, manifest);
        for (id, verdict) in report.verdicts() {
            assert_eq!(verdict, "pass", "{manifest}{id}: {}", report.step(id));
        }
        // No request uses the connection of an open stream.
        let log = shared.log.lock().unwrap();
        let watched = log.iter().filter(|(_, path)| path.ends_with("/watch")).map(|(number, _)| *number);
        for number in watched {
            let after = log
                .iter()
                .filter(|(other, _)| *other == number)
                .skip_while(|(_, path)| !path.ends_with("/watch"));
            assert_eq!(after.count(), 1, "{log:?}");
        }
        let last = &report.step("s/a::second")["exchange"];
        assert_eq!(last["received"]["body"], "event: set\ndata: {\"value\": \"x\"}\n\n");
        assert_eq!(last["sent"]["target"], "/0/watch");
    }
}

#[test]
fn a_stream_without_the_expected_events_fails_with_those_that_came() {
    let steps = [
        step("few", "request: {path: /lines}, timeout: 1s, expect: {events: [{n: 1}, {n: 2}, {n: 3}]}"),
        step("early", "request: {path: /short}, expect: {events: [{n: 1}, {n: 2}, {n: 3}]}"),
        step("broken", "request: {path: /broken}, expect: {events: [1, 2, 34]}"),
        step("garbage", "request: {path: /garbage}, expect: {events: [1, 2]}"),
        step("among", "request: {path: /lines}, timeout: 1s, expect: {events: !containing [{n: 9}]}"),
        step("status", "request: {path: /missing}, expect: {status: 200, events: [1]}"),
        step("endless", "request: {path: /endless}, expect: {events: [1]}"),
        step("flood", "request: {path: /flood}, expect: {events: !containing [8]}"),
        step("coded", "request: {path: /coded}, expect: {events: [1]}"),
        step("late", "request: {path: /late}, timeout: 300ms, expect: {events: [1]}"),
        step("opens-late", "open: a, request: {path: /late}, timeout: 300ms"),
        step("awaits-late", "await: a"),
        step("opens", "open: b, request: {path: /missing}, expect: {status: 200}"),
        step("awaits", "await: b, expect: {json: 1}, capture: {c: {json: ''}}"),
        step("uses", "request: {path: \"/${c}\"}, expect: {text: ok}"),
        step("silent", "open: c, request: {path: /c/watch}"),
        step("nothing", "await: c, timeout: 300ms, expect: {text: x}"),
    ];
    let (report, _) = run(&steps.concat(), "");
    let closed = "the target closed the connection before the response was complete";
    for (id, expected) in [
        ("few", "fail 2 of 3 events came: no other within 1s"),
        ("early", "fail 2 of 3 events came: the stream ended"),
        ("broken", &format!("fail 2 of 3 events came: {closed}")),
        ("among", "fail not all of the listed events are among the 2 that came: no other within 1s"),
        ("status", "fail the target returned 404"),
        ("endless", "fail 0 of 1 events came: a step reads at most 16 MiB"),
        (
            "flood",
            "fail not all of the listed events are among the 10000 that came: a step reads at most 10000",
        ),
        (
            "coded",
            "inconclusive the events of a stream cannot be read with a `Content-Encoding`: send no `Accept-Encoding`",
        ),
        ("late", "fail no complete response within 300ms"),
        ("opens-late", "fail no complete response within 300ms"),
        (
            "awaits-late",
            "inconclusive step `opens-late` did not open the stream `a`: no complete response within 300ms",
        ),
        ("opens", "fail the target returned 404"),
        ("awaits", "inconclusive step `opens` did not open the stream `b`: the target returned 404"),
        ("silent", "pass"),
        ("nothing", "fail 0 of 1 events came: no other within 300ms"),
    ] {
        assert_eq!(outcome(&report, id), expected, "{id}");
    }
    assert!(
        outcome(&report, "garbage").starts_with("fail 1 of 2 events came: line 2 is not JSON"),
        "{}",
        outcome(&report, "garbage")
    );
    let few = &report.step("s/a::few");
    assert_eq!(
        few["findings"][0]["received"],
        r#"[{"data":"{\"n\": 1}","json":{"n":1}},{"data":"{\"n\": 2}","json":{"n":2}}]"#
    );
    assert_eq!(few["exchange"]["received"]["body"], "{\"n\": 1}\n\n{\"n\": 2}\r\n{\"n\"");
    assert_eq!(report.step("s/a::awaits")["waits_for"], "s/a::opens");
    assert_eq!(report.step("s/a::uses")["verdict"], "inconclusive");
}

#[test]
fn an_endless_stream_needs_little_memory() {
    let (url, _) = serve();
    let steps = step("endless", "request: {path: /endless}, expect: {events: [1]}")
        + &step("open", "open: a, request: {path: /endless}")
        + &step("other", "request: {path: /ok}, wait: 500ms, expect: {text: ok}");
    let sandbox = sandbox(&steps, "");
    // In KiB of address space.
    let status = sandbox.limited("1048576", &["run", "--suite", "../suite", &url]).status().unwrap();
    let stdout = sandbox.read("stdout");
    assert!(status.code() == Some(1) && stdout.contains("a step reads at most 16 MiB"), "{stdout}");
}

#[test]
fn keys_that_make_no_sense_with_a_stream_are_refused() {
    let mut complaints = String::new();
    for steps in [
        step("a", "await: w, expect: {json: 1}"),
        step("a", "open: w, request: {path: /}") + &step("b", "await: v, expect: {json: 1}"),
        step("a", "open: w, request: {path: /}") + &step("b", "open: w, request: {path: /}"),
        step("a", "open: w, request: {path: /}, repeat: 2"),
        step("a", "open: w, request: {path: /}, retry: {for: 1s}"),
        step("a", "open: w, request: {path: /}, race: 2"),
        step("a", "open: w, request: curl -L http://stream.example/"),
        step("a", "open: w, request: {raw: \"GET / HTTP/1.1\\r\\n\\r\\n\"}"),
        step("a", "open: w, request: {path: /}, expect: {json: 1}"),
        step("a", "open: w, request: {path: /}, capture: {c: {json: /a}}"),
        step("a", "open: w, run: ls"),
        step("a", "race: 2, request: {path: /}, expect: {events: [1]}"),
        step("a", "request: {path: /}, expect: {events: []}"),
        step("a", "request: {path: /}, expect: {events: !length 3}"),
        step("a", "request: {path: /}, expect: {events: [1], json: 1}"),
        step("a", "request: {path: /}, expect: {json: !event {data: a}}"),
        step("a", "request: {path: /}, expect: {events: [!event {name: a}]}"),
        step("a", "open: w, request: {path: /}") + &step("b", "await: w, request: {path: /}"),
        step("a", "open: w, request: {path: /}") + &step("b", "await: w, expect: {status: 200}"),
        step("a", "open: w, request: {path: /}") + &step("b", "await: w, expect: {json: 1, text: a}"),
        step("a", "open: w, request: {path: /}") + &step("b", "await: w, retry: {for: 1s}"),
        step("a", "open: w, request: {path: /}") + &step("b", "target: restart, await: w"),
    ] {
        let sandbox = sandbox(&steps, "");
        let scenario = sandbox.read("suite/s/a.yaml").replace("profile: any", "profile: any\nisolated: true");
        sandbox.write("suite/s/a.yaml", &scenario);
        let finished = sandbox.run(&["check", "--suite", "../suite"]);
        let errors = finished.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert!(
            finished.code == Some(2)
                && errors == 1
                && (finished.stderr.contains("  = ") || finished.stderr.contains("did you mean")),
            "{steps}{}",
            finished.stderr
        );
        let lines =
            finished.stderr.lines().filter(|line| line.starts_with("error: ") || line.starts_with("  = "));
        for line in lines {
            writeln!(complaints, "{line}").unwrap();
        }
    }
    golden::compare(&data("streams.golden"), &complaints).unwrap();
    let unawaited =
        sandbox(&step("a", "open: w, request: {path: /}"), "").run(&["check", "--suite", "../suite"]);
    assert!(
        unawaited.code == Some(0) && unawaited.stderr.contains("no step awaits the stream `w`"),
        "{}",
        unawaited.stderr
    );
}

#[test]
fn a_restart_of_the_target_ends_its_streams() {
    let sandbox = Sandbox::todo();
    let steps = "  - use: token\n    with: {who: alice}\n    capture: {token: token}\n\
        \x20 - {id: watch, title: t, open: w, request: {path: /watch, headers: {Authorization: \"Bearer ${token}\"}}, expect: {status: 200}}\n\
        \x20 - {id: restart, title: t, target: restart, request: {path: /}, expect: {status: 200}}\n";
    sandbox.write(
        "suite/lists/restarted.yaml",
        &format!("format: 1\ntitle: t\nprofile: whole\nfixtures: [alice]\nisolated: true\nsteps:\n{steps}"),
    );
    let arguments =
        ["run", "--suite", "../suite", "--filter", "lists/restarted", "--", "python3", "server.py"];
    let report = events::run(&sandbox, &arguments);
    for step in ["watch", "restart"] {
        assert_eq!(
            report.step(&format!("lists/restarted::{step}"))["verdict"],
            "pass",
            "{}",
            report.finished.stdout
        );
    }
    sandbox.assert_no_process();
}

#[test]
fn the_example_of_the_reference_passes() {
    let page = std::fs::read_to_string(data("../../../scenarios/README.md")).unwrap();
    let mut blocks = page.split("```yaml\n").filter_map(|rest| rest.split_once("```"));
    let (steps, _) = blocks.find(|(block, _)| block.contains("await: watch")).unwrap();
    let (report, _) = run(&steps.replace("    title:", "    covers: [ONE]\n    title:"), "");
    let verdicts: Vec<&str> = report.verdicts().into_iter().map(|(_, verdict)| verdict).collect();
    assert_eq!(verdicts, ["pass"; 3], "{}", report.finished.stdout);
}

#[test]
fn an_export_leaves_streams_out_and_a_list_names_them() {
    let steps = step("a", "open: w, request: {path: /}, expect: {status: 200}")
        + &step("b", "await: w")
        + &step("c", "request: {path: /}, expect: {events: [1]}")
        + &step("d", "request: {path: /}, expect: {status: 200}");
    let sandbox = sandbox(&steps, "");
    for format in ["--curl", "--hurl"] {
        let exported = sandbox.run(&["export", format, "--suite", "../suite"]).stdout;
        assert_eq!(exported.matches("This step is not in the").count(), 3, "{exported}");
        assert!(
            exported.contains("it reads a stream") && exported.contains("it awaits the events of a stream"),
            "{exported}"
        );
    }
    let list = sandbox.run(&["list", "--suite", "../suite", "--format", "json"]).stdout;
    let list: Json = serde_json::from_str(&list).unwrap_or_default();
    assert!(list.to_string().contains("\"await\":\"w\""), "{list}");
}
