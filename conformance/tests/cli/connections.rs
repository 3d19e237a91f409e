//! Connections and retries: how often a request is sent, over which connection, and what is reported of an incomplete
//! response.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;

use crate::events::{self, RunReport};
use crate::program::{Finished, conformance_in, data};
use crate::sandbox::Sandbox;
use crate::scripted::{ANY, Server};
use crate::server::Server as Odd;

const REUSE: &str = "connections: reuse\n";

/// A sandbox with a suite of one scenario, `s/steps`. `manifest` is appended to suite.yaml.
fn suite(manifest: &str, steps: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    fs::create_dir_all(sandbox.path("suite/s")).unwrap();
    let head = "format: 1\ntitle: connections\norigin: http://h.test\nprofiles: {any: {title: any}}\n";
    sandbox.write("suite/suite.yaml", &format!("{head}{manifest}"));
    sandbox.write(
        "suite/requirements.yaml",
        "format: 1\nrequirements:\n  - {id: HOST-1.1, level: must, clause: \"1\", text: The host responds.}\n",
    );
    let lines: String = steps.trim_matches('\n').lines().map(|line| format!("  {line}\n")).collect();
    let lines = lines.replace("  - {id: ", "  - {covers: [HOST-1.1], title: a step, id: ");
    sandbox.write("suite/s/steps.yaml", &format!("format: 1\ntitle: steps\nprofile: any\nsteps:\n{lines}"));
    sandbox
}

fn run(sandbox: &Sandbox, url: &str, flags: &[&str]) -> RunReport {
    events::run(sandbox, &[&["run", "--suite", "../suite", "--jobs", "1"], flags, &[url]].concat())
}

/// Runs steps against a server with these scripts.
fn run_steps(manifest: &str, steps: &str, scripts: &[(&str, &str)]) -> (RunReport, Server) {
    let server = Server::start(scripts);
    let report = run(&suite(manifest, steps), &server.url(), &[]);
    (report, server)
}

fn verdicts(report: &RunReport) -> Vec<(&str, &str)> {
    (report.verdicts().into_iter()).map(|(id, verdict)| (id.rsplit("::").next().unwrap(), verdict)).collect()
}

fn step<'a>(report: &'a RunReport, id: &str) -> &'a Json {
    report.step(&format!("s/steps::{id}"))
}

/// The number of requests with this path that the server has read.
fn count(server: &Server, name: &str) -> usize {
    server.requests_for(name).len()
}

/// The number of connections with requests.
fn connections(server: &Server) -> usize {
    let mut numbers: Vec<usize> = server.requests().iter().map(|request| request.connection).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.len()
}

fn remarks(report: &RunReport) -> String {
    report.steps.iter().map(|step| step["remarks"].to_string()).collect()
}

#[test]
fn request_is_not_sent_again_when_the_first_connection_is_closed_without_a_response() {
    for manifest in ["", REUSE] {
        for end in ["close", "reset"] {
            for request in [
                "{method: POST, path: /w}",
                "{path: /w}",
                "{method: PUT, path: /w, json: {seen: 1}}",
                "{method: DELETE, path: /w}",
                "curl http://h.test/w -d amount=5",
                "curl -I http://h.test/w",
                "{raw: \"GET /w HTTP/1.1\\nHost: h\\n\"}",
            ] {
                let steps = format!("- {{id: once, request: {request}, expect: {{status: 201}}}}");
                let created = "\"HTTP/1.1 201 Created\\r\\nContent-Length: 2\\r\\n\\r\\nok\"";
                let (report, server) = run_steps(manifest, &steps, &[("w", &format!("{end} // {created}"))]);
                assert_eq!(verdicts(&report), [("once", "fail")], "{request} {}", report.finished.stdout);
                assert_eq!(report.finished.code, Some(1));
                assert_eq!(count(&server, "w"), 1, "{manifest} {end} {request}");
                assert_eq!(step(&report, "once")["exchange"]["resent"], Json::Null);
            }
        }
    }
}

#[test]
fn request_is_not_sent_again_when_every_connection_is_closed() {
    let steps = "- {id: pay, request: curl http://h.test/pay -d amount=5, expect: {status: 200}}";
    let (report, server) = run_steps("", steps, &[("pay", "close")]);
    assert_eq!(verdicts(&report), [("pay", "fail")]);
    assert_eq!(count(&server, "pay"), 1);
}

#[test]
fn request_is_not_sent_again_when_the_first_response_is_not_http() {
    let steps = "- {id: pay, request: curl http://h.test/pay -d amount=5, expect: {status: 200}}";
    for broken in [
        "\"garbage\\r\\n\\r\\n\" close",
        "\"H\" close",
        "200 reset",
        "\"HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\nhalf\" close",
    ] {
        let (report, server) = run_steps("", steps, &[("pay", &format!("{broken} // ok"))]);
        assert_eq!(verdicts(&report), [("pay", "fail")], "{broken}");
        assert_eq!(count(&server, "pay"), 1, "{broken}");
    }
}

#[test]
fn race_in_which_one_request_gets_no_response_fails() {
    let created = "\"HTTP/1.1 201 Created\\r\\nContent-Length: 0\\r\\n\\r\\n\"";
    let steps = "- {id: race, race: 8, request: {method: POST, path: /w}, expect: {status: 201}}";
    for manifest in ["", REUSE] {
        for end in ["close", "reset"] {
            let script = format!("{created} // {created} // {end} // {created}");
            let (report, server) = run_steps(manifest, steps, &[("w", &script)]);
            assert_eq!(verdicts(&report), [("race", "fail")], "{}", report.finished.stdout);
            assert_eq!(count(&server, "w"), 8);
        }
    }
}

#[test]
fn load_run_reports_the_one_request_that_got_no_response() {
    let created = "\"HTTP/1.1 201 Created\\r\\nConnection: close\\r\\nContent-Length: 0\\r\\n\\r\\n\" close";
    let script = format!("{}close // {created}", format!("{created} // ").repeat(30));
    let server = Server::start(&[("w", script)]);
    let steps = "- {id: write, request: {method: POST, path: /w, form: {a: 1}}, expect: {status: 201}}";
    let sandbox = suite("", steps);
    // The run is ended by the report of the changed verdict, not by a clock, so it does not matter when the thirtieth
    // request arrives.
    let finished = sandbox.run(&["run", "--suite", "../suite", "--for", "3s", "--jobs", "4", &server.url()]);
    let sent = count(&server, "w");
    assert!(sent > 31, "{sent} requests are too few");
    assert_eq!(finished.code, Some(1), "{}", finished.stdout);
    assert!(finished.stdout.contains("FAIL s/steps::write"), "{}", finished.stdout);
    assert!(finished.stdout.contains("POST /w"), "{}", finished.stdout);
}

#[test]
fn load_run_reports_the_requests_that_were_sent_again() {
    let created = "\"HTTP/1.1 201 Created\\r\\nContent-Length: 0\\r\\n\\r\\n\"";
    let script = format!("{}close // {created}", format!("{created} // ").repeat(30));
    let server = Server::start(&[("w", script)]);
    let steps = "- {id: write, request: {method: POST, path: /w, form: {a: 1}}, expect: {status: 201}}";
    let sandbox = suite("", steps);
    let arguments =
        ["run", "--suite", "../suite", "--for", "2s", "--report", "jsonl=../load.jsonl", &server.url()];
    let finished = sandbox.run(&arguments);
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    assert!(
        finished.stdout.contains("1 request was sent again: the target had closed the reused connection"),
        "{}",
        finished.stdout
    );
    assert!(sandbox.read("load.jsonl").contains("\"resent\":1,"));
}

#[test]
fn record_sends_a_request_once_and_reports_the_closed_connection() {
    let server = Server::start(&[("pay", "close // ok")]);
    let address = format!("{}/pay", server.url());
    let folder = tempfile::tempdir().unwrap();
    let finished =
        conformance_in(folder.path(), &["record", &server.url(), "--", "curl", &address, "-d", "amount=5"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.stderr.contains("closed"), "{}", finished.stderr);
    assert_eq!(finished.stdout, "");
    assert_eq!(count(&server, "pay"), 1);
}

const THREE: &str = "
- {id: one, request: {path: /one}, expect: {status: 200}}
- {id: two, request: {path: /two}, expect: {status: 200}}
- {id: three, request: {path: /three}, expect: {status: 200}}
";

#[test]
fn every_step_has_a_connection_of_its_own_by_default() {
    for manifest in ["", "connections: fresh\n"] {
        let (report, server) = run_steps(manifest, THREE, &[(ANY, "ok")]);
        assert_eq!(report.finished.code, Some(0), "{}", report.finished.stdout);
        assert_eq!((server.requests().len(), connections(&server)), (3, 3));
    }
}

#[test]
fn connections_reuse_keeps_one_connection_for_all_steps() {
    let (report, server) = run_steps(REUSE, THREE, &[(ANY, "ok")]);
    assert_eq!(report.finished.code, Some(0), "{}", report.finished.stdout);
    assert_eq!((server.requests().len(), connections(&server)), (3, 1));
}

#[test]
fn connection_is_not_used_again_after_an_exchange_that_was_not_clean() {
    for (request, expect, script) in [
        ("{method: HEAD, path: /w}", "{status: 200}", "200 \"Content-Length: 2\\r\\n\\r\\n\""),
        ("{path: /w}", "{status: 204}", "\"HTTP/1.1 204 No Content\\r\\n\\r\\n\""),
        ("{path: /w}", "{status: 304}", "\"HTTP/1.1 304 Not Modified\\r\\n\\r\\n\""),
        (
            "{method: POST, path: /w, body: x}",
            "{status: 401}",
            "\"HTTP/1.1 401 Unauthorized\\r\\nContent-Length: 0\\r\\n\\r\\n\"",
        ),
        ("{path: /w}", "{status: 200}", "200 \"Connection: close\\r\\nContent-Length: 0\\r\\n\\r\\n\""),
        ("{path: /w}", "{status: 200}", "\"HTTP/1.0 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\""),
        ("{path: /w}", "{status: 200}", "\"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nokx\""),
        ("{path: /w}", "{status: 200}", "\"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok\\r\\n\""),
    ] {
        let steps = format!(
            "- {{id: first, request: {request}, expect: {expect}}}\n- {{id: second, request: {{path: /next}}, expect: {{status: 200}}}}"
        );
        let (report, server) = run_steps(REUSE, &steps, &[("w", script), ("next", "ok")]);
        assert_eq!(report.finished.code, Some(0), "{request} {script}: {}", report.finished.stdout);
        assert_eq!((server.requests().len(), connections(&server)), (2, 2), "{request} {script}");
    }
}

#[test]
fn refused_post_with_unread_body_does_not_damage_the_next_step() {
    let steps = "
- {id: login, request: 'curl -d \"email=a&password=b\" http://h.test/login', expect: {status: 401}}
- {id: status, request: curl http://h.test/status, expect: {status: 200, json: {status: OK}}}
";
    // The server parses the unread body as the start of the next request.
    let refused = "head \"HTTP/1.1 401 Unauthorized\\r\\nContent-Length: 0\\r\\n\\r\\n\"";
    let well = "200 \"Content-Type: application/json\\r\\nContent-Length: 16\\r\\n\\r\\n{\\\"status\\\": \\\"OK\\\"}\"";
    for manifest in ["", REUSE] {
        let (report, server) = run_steps(manifest, steps, &[("login", refused), ("status", well)]);
        assert_eq!(verdicts(&report), [("login", "pass"), ("status", "pass")], "{}", report.finished.stdout);
        assert_eq!(count(&server, "status"), 1);
    }
}

const BAD_AND_WELL: &str = "
- {id: bad, request: curl -XPOST -d x=1 http://h.test/bad, expect: {status: 200}}
- {id: well, wait: 100ms, request: curl -XPOST -d y=2 http://h.test/well, expect: {status: 200, text: well}}
";

const WELL: &str = "200 \"Content-Length: 4\\r\\n\\r\\nwell\"";

#[test]
fn bytes_that_follow_a_response_are_reported_and_belong_to_no_later_step() {
    let poison = "HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\npoison";
    for (stray, length) in
        [("garbage\\r\\n\\r\\n", 11), (poison, 44), ("x", 1), ("HTTP/1.1 400 No\\r\\n\\r\\n", 19)]
    {
        for manifest in ["", REUSE] {
            // In the same segment as the response.
            let script = format!("\"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok{stray}\"");
            let (report, server) = run_steps(manifest, BAD_AND_WELL, &[("bad", &script), ("well", WELL)]);
            assert_eq!(verdicts(&report), [("bad", "pass"), ("well", "pass")], "{}", report.finished.stdout);
            assert_eq!((count(&server, "bad"), count(&server, "well")), (1, 1));
            let remark = step(&report, "bad")["remarks"][0].as_str().unwrap_or_default();
            let words = format!("sent {length} byte");
            assert!(remark.contains(&words) && remark.contains("no response"), "{length}: {remark}");
            assert_eq!(step(&report, "well")["remarks"], Json::Null);
        }
    }
}

#[test]
fn late_bytes_after_a_response_are_never_taken_for_the_next_response() {
    for stray in ["garbage\\r\\n\\r\\n", "HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\npoison"] {
        for manifest in ["", REUSE] {
            let (report, server) = run_steps(
                manifest,
                BAD_AND_WELL,
                &[("bad", &format!("ok wait 1 \"{stray}\"")), ("well", WELL)],
            );
            assert_eq!(verdicts(&report), [("bad", "pass"), ("well", "pass")], "{}", report.finished.stdout);
            assert_eq!((count(&server, "bad"), count(&server, "well")), (1, 1));
            if manifest == REUSE {
                // They wait in the kept connection when the next step uses it.
                assert!(remarks(&report).contains("no response"), "{}", remarks(&report));
            }
        }
    }
}

#[test]
fn steps_are_never_judged_by_late_bytes_without_a_pause_between_them() {
    let pairs: String = (0..30)
        .map(|number| {
            format!(
                "- {{id: bad-{number}, request: curl -XPOST -d x=1 http://h.test/bad, expect: {{status: 200}}}}\n\
                 - {{id: well-{number}, request: curl -XPOST -d y=2 http://h.test/well, expect: {{status: 200, text: well}}}}\n"
            )
        })
        .collect();
    let poison = "ok wait 1 \"HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\npoison\"";
    let (report, server) = run_steps("", &pairs, &[("bad", poison), ("well", WELL)]);
    assert_eq!(report.finished.code, Some(0), "{}", report.finished.stdout);
    assert_eq!((count(&server, "bad"), count(&server, "well")), (30, 30));
}

fn first_and(request: &str) -> String {
    format!(
        "- {{id: first, request: {{path: /first}}, expect: {{status: 200}}}}\n- {{id: second, request: {request}, expect: {{status: 200}}}}"
    )
}

#[test]
fn request_on_a_reused_connection_that_is_closed_before_any_byte_is_sent_once_more() {
    for request in ["{path: /w}", "curl http://h.test/w -d amount=5", "{method: DELETE, path: /w}"] {
        for end in ["close", "reset"] {
            let (report, server) =
                run_steps(REUSE, &first_and(request), &[("first", "ok"), ("w", &format!("{end} // ok"))]);
            assert_eq!(
                verdicts(&report),
                [("first", "pass"), ("second", "pass")],
                "{}",
                report.finished.stdout
            );
            assert_eq!((count(&server, "w"), connections(&server)), (2, 2), "{request} {end}");
            assert_eq!(step(&report, "second")["exchange"]["resent"], true);
            assert_eq!(step(&report, "first")["exchange"]["resent"], Json::Null);
        }
    }
}

#[test]
fn request_is_sent_again_only_once() {
    let (report, server) = run_steps(REUSE, &first_and("{path: /w}"), &[("first", "ok"), ("w", "close")]);
    assert_eq!(verdicts(&report), [("first", "pass"), ("second", "fail")]);
    assert_eq!(count(&server, "w"), 2);
    assert_eq!(report.finished.code, Some(1));
}

#[test]
fn request_on_a_reused_connection_is_not_sent_again_after_one_byte_of_a_response() {
    for broken in
        ["\"H\" close", "\"H\" reset", "\"\\n\" close", "\"HTTP/1.1 100 Continue\\r\\n\\r\\n\" close"]
    {
        let (report, server) =
            run_steps(REUSE, &first_and("{path: /w}"), &[("first", "ok"), ("w", &format!("{broken} // ok"))]);
        assert_eq!(verdicts(&report), [("first", "pass"), ("second", "fail")], "{broken}");
        assert_eq!(count(&server, "w"), 1, "{broken}");
    }
}

#[test]
fn raw_request_is_never_sent_again() {
    let raw = "{raw: \"GET /w HTTP/1.1\\nHost: h\\n\"}";
    for manifest in ["", REUSE] {
        let (report, server) = run_steps(manifest, &first_and(raw), &[("first", "ok"), ("w", "close // ok")]);
        assert_eq!(verdicts(&report), [("first", "pass"), ("second", "fail")]);
        assert_eq!(count(&server, "w"), 1);
    }
}

#[test]
fn connection_that_the_target_closed_while_it_was_idle_is_replaced() {
    let steps = "
- {id: first, request: {path: /first}, expect: {status: 200}}
- {id: second, wait: 100ms, request: curl -d a=1 http://h.test/second, expect: {status: 200}}
";
    let (report, _server) = run_steps(REUSE, steps, &[("first", "ok close"), ("second", "ok")]);
    assert_eq!(report.finished.code, Some(0), "{}", report.finished.stdout);
}

#[test]
fn target_that_accepts_no_more_connections_is_inconclusive() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let (mut ready, _) = socket.accept().unwrap();
        while !ready_request_ends(&mut ready) {}
        let queue = fill_queue(address);
        ready.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").unwrap();
        drop(ready);
        // Accept nothing until the test ends.
        thread::sleep(Duration::from_mins(5));
        drop((socket, queue));
    });
    let sandbox = suite(
        "launch: {ready: \"curl http://h.test/ready\"}\n",
        "- {id: one, request: {path: /one}, expect: {status: 200}}",
    );
    let report = run(&sandbox, &format!("http://{address}"), &["--timeout", "2s"]);
    assert_eq!(report.finished.code, Some(3), "{}", report.finished.stdout);
    assert_eq!(verdicts(&report), [("one", "inconclusive")]);
    assert!(report.finished.stdout.contains("no connection"), "{}", report.finished.stdout);
}

fn ready_request_ends(stream: &mut TcpStream) -> bool {
    let mut bytes = [0; 4096];
    let length = stream.peek(&mut bytes).unwrap();
    if bytes[..length].ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut bytes[..length]).unwrap();
        return true;
    }
    false
}

/// Connects until the listen queue is full and a connection fails.
fn fill_queue(address: SocketAddr) -> Vec<TcpStream> {
    let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok();
    std::iter::from_fn(connect).collect()
}

#[test]
fn target_that_requires_a_client_certificate_cannot_be_used() {
    let path = |name: &str| data("certificates").join(name).display().to_string();
    let server = Odd::start(&["demanding", &path("server.pem"), &path("authority.pem")]);
    let sandbox = suite("", "- {id: one, request: {path: /one}, expect: {status: 200}}");
    let report = run(&sandbox, &format!("https://127.0.0.1:{}", server.port), &["--insecure"]);
    assert_eq!(report.finished.code, Some(3), "{}", report.finished.stdout);
    assert_eq!(verdicts(&report), [("one", "inconclusive")]);
    assert!(report.finished.stdout.contains("client certificate"), "{}", report.finished.stdout);
}

#[test]
fn within_excludes_connecting_and_the_tls_handshake() {
    // Each handshake takes at least 4 s.
    let server = Odd::start(&["hesitant", data("certificates/server.pem").to_str().unwrap()]);
    let sandbox = suite("", "- {id: one, request: {path: /one}, expect: {status: 200, within: 3s}}");
    let url = format!("https://127.0.0.1:{}", server.port);
    let report = run(&sandbox, &url, &["--insecure", "--timeout", "60s"]);
    assert_eq!(verdicts(&report), [("one", "pass")], "{}", report.finished.stdout);
    let milliseconds = step(&report, "one")["exchange"]["received"]["milliseconds"].as_f64().unwrap();
    assert!(milliseconds < 4000.0, "{milliseconds}");
}

#[test]
fn large_body_that_is_echoed_while_it_is_read_passes() {
    let script =
        "head \"HTTP/1.1 100 Continue\\r\\n\\r\\n\" 200 \"Content-Length: 8000000\\r\\n\\r\\n\" echo";
    for expectation in ["", " -H Expect:"] {
        let server = Server::with_buffers(&[("echo", script)], 64 * 1024);
        let sandbox = suite(
            "",
            &format!(
                "- {{id: echo, request: 'curl{expectation} http://h.test/echo --data-binary @big', expect: {{status: 200, body: !length 8000000}}}}"
            ),
        );
        sandbox.write("suite/s/big", &"0123456789".repeat(800_000));
        let report = run(&sandbox, &server.url(), &["--timeout", "30s"]);
        assert_eq!(verdicts(&report), [("echo", "pass")], "{}", report.finished.stdout);
    }
}

#[test]
fn body_is_held_back_when_a_final_response_comes_before_100_continue() {
    let head = |status: &str| {
        format!(
            "head \"HTTP/1.1 {status}\\r\\nConnection: close\\r\\nContent-Length: 2\\r\\n\\r\\nno\" close"
        )
    };
    for status in ["413 Content Too Large", "401 Unauthorized", "403 Forbidden"] {
        let server = Server::start(&[("up", head(status))]);
        let sandbox = suite(
            "",
            &format!(
                "- {{id: up, request: curl http://h.test/up --data-binary @large, expect: {{status: {}, text: \"no\"}}}}",
                &status[..3]
            ),
        );
        sandbox.write("suite/s/large", &"0123456789".repeat(200_000));
        let report = run(&sandbox, &server.url(), &[]);
        assert_eq!(verdicts(&report), [("up", "pass")], "{}", report.finished.stdout);
        let requests = server.requests();
        assert_eq!(requests.len(), 1);
        assert!(requests[0].bytes.ends_with(b"\r\n\r\n"), "{} bytes", requests[0].bytes.len());
        let head = String::from_utf8_lossy(&requests[0].bytes).into_owned();
        assert!(head.contains("Expect: 100-continue\r\n"), "{head}");
    }
}

#[test]
fn request_is_sent_without_expect_after_417() {
    let failed = "head \"HTTP/1.1 417 Expectation Failed\\r\\nContent-Length: 0\\r\\n\\r\\n\" // ok";
    let server = Server::start(&[("up", failed)]);
    let sandbox = suite(
        "",
        "- {id: up, request: curl http://h.test/up --data-binary @large, expect: {status: 200, text: ok}}",
    );
    sandbox.write("suite/s/large", &"0123456789".repeat(200_000));
    let report = run(&sandbox, &server.url(), &[]);
    assert_eq!(verdicts(&report), [("up", "pass")], "{}", report.finished.stdout);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let second = String::from_utf8_lossy(&requests[1].bytes).into_owned();
    assert!(!second.contains("Expect:") && second.ends_with("0123456789"), "{}", second.len());
}

#[test]
fn response_that_does_not_end_is_reported_with_status_fields_and_bytes() {
    let script = "200 \"Content-Type: text/event-stream\\r\\nX-Name: a\\r\\n\\r\\n\" \"data: one\\n\\n\" pause \"data: two\\n\\n\" hold";
    let server = Server::start(&[("events", script)]);
    for expect in ["{status: 200, text: \"data: one\\n\\n\"}", "{status: 404, text: x}"] {
        let sandbox = suite("", &format!("- {{id: events, request: {{path: /events}}, expect: {expect}}}"));
        let report = run(&sandbox, &server.url(), &["--timeout", "4s"]);
        assert_eq!(verdicts(&report), [("events", "fail")], "{}", report.finished.stdout);
        let received = &step(&report, "events")["exchange"]["received"];
        assert_eq!(received["status"], 200);
        assert!(received["headers"].to_string().contains("text/event-stream"), "{received}");
        assert_eq!(received["body"], "data: one\n\ndata: two\n\n");
        assert!(received["incomplete"].is_string(), "{received}");
        for shown in ["200", "text/event-stream", "data: one"] {
            assert!(report.finished.stdout.contains(shown), "{shown}: {}", report.finished.stdout);
        }
    }
}

#[test]
fn response_that_breaks_off_is_reported_with_status_fields_and_bytes() {
    for script in [
        "200 \"Content-Length: 9\\r\\nX-Name: a\\r\\n\\r\\nhalf\" close",
        "200 \"Content-Length: 9\\r\\nX-Name: a\\r\\n\\r\\nhalf\" reset",
        "200 \"Transfer-Encoding: chunked\\r\\nX-Name: a\\r\\n\\r\\n8\\r\\nhalf\" close",
        "200 \"Transfer-Encoding: chunked\\r\\nX-Name: a\\r\\n\\r\\n4\\r\\nhalf\\r\\nzz\\r\\n\" close",
    ] {
        let steps = "- {id: half, request: {path: /half}, expect: {status: 200, text: half}}";
        let (report, server) = run_steps("", steps, &[("half", script)]);
        assert_eq!(verdicts(&report), [("half", "fail")], "{}", report.finished.stdout);
        assert_eq!(count(&server, "half"), 1);
        let received = &step(&report, "half")["exchange"]["received"];
        assert_eq!((&received["status"], &received["body"]), (&200.into(), &"half".into()), "{received}");
        assert!(received["headers"].to_string().contains("x-name"), "{received}");
        assert!(received["incomplete"].is_string(), "{received}");
    }
}

fn through_proxy(target: &str) -> (Finished, Server) {
    let refused = "\"HTTP/1.1 407 Proxy Authentication Required\\r\\nProxy-Authenticate: Basic realm=x\\r\\nContent-Length: 0\\r\\n\\r\\n\"";
    let proxy = Server::start(&[(ANY, refused)]);
    let sandbox = suite("", "- {id: one, request: {path: /one}, expect: {status: 200}}");
    let report = run(&sandbox, target, &["--proxy", &proxy.url()]);
    assert_eq!(verdicts(&report), [("one", "inconclusive")], "{}", report.finished.stdout);
    (report.finished, proxy)
}

#[test]
fn proxy_that_demands_credentials_makes_the_target_unusable() {
    for target in ["http://h.test", "https://h.test"] {
        let (finished, proxy) = through_proxy(target);
        assert_eq!(finished.code, Some(3), "{}", finished.stdout);
        assert!(finished.stdout.contains("407") && finished.stdout.contains("proxy"), "{}", finished.stdout);
        assert!(!proxy.requests().is_empty());
    }
}

#[test]
fn status_407_of_the_target_itself_is_judged() {
    let refused = "\"HTTP/1.1 407 Proxy Authentication Required\\r\\nContent-Length: 0\\r\\n\\r\\n\"";
    let steps = "- {id: one, request: {path: /one}, expect: {status: 407}}";
    let (report, _server) = run_steps("", steps, &[(ANY, refused)]);
    assert_eq!(verdicts(&report), [("one", "pass")], "{}", report.finished.stdout);
}

#[test]
fn names_below_localhost_are_loopback_addresses() {
    let server = Server::start(&[(ANY, "ok")]);
    let port = server.ports()[0];
    let sandbox = suite("", "- {id: one, request: {path: /health}, expect: {status: 200}}");
    for host in ["localhost", "api.localhost", "a.b.localhost", "API.LocalHost"] {
        let url = format!("http://{host}:{port}");
        let report = run(&sandbox, &url, &[]);
        assert_eq!(report.finished.code, Some(0), "{host}: {}", report.finished.stdout);
        let recorded = conformance_in(
            &sandbox.path("implementation"),
            &["record", &url, "--", "curl", "http://h/health"],
        );
        assert_eq!(recorded.code, Some(0), "{host}: {}", recorded.stderr);
        assert!(recorded.stdout.contains("status: 200"), "{}", recorded.stdout);
    }
}

#[test]
fn folded_header_field_is_unfolded() {
    let steps = "- {id: f, request: {path: /f}, expect: {status: 200, headers: {x-name: \"a b\"}, text: ok}}";
    for fold in ["a\\r\\n b", "a\\r\\n\\tb", "a  \\r\\n   b", "\\r\\n a\\r\\n b"] {
        let script = format!("200 \"X-Name: {fold}\\r\\nContent-Length: 2\\r\\n\\r\\nok\"");
        let (report, server) = run_steps("", steps, &[("f", &script)]);
        assert_eq!(verdicts(&report), [("f", "pass")], "{fold}: {}", report.finished.stdout);
        assert_eq!(count(&server, "f"), 1);
    }
}

#[test]
fn chunk_lines_that_end_with_lf_are_read() {
    let steps = "- {id: pay, request: curl http://h.test/pay -d amount=5, expect: {status: 200, text: ok}}";
    let script = "200 \"Transfer-Encoding: chunked\\r\\n\\r\\n2\\nok\\n0\\n\\n\"";
    let (report, server) = run_steps("", steps, &[("pay", script)]);
    assert_eq!(verdicts(&report), [("pay", "pass")], "{}", report.finished.stdout);
    assert_eq!(count(&server, "pay"), 1);
}

#[test]
fn content_length_above_64_bits_fails_and_is_named() {
    let steps = "- {id: x, request: {path: /x}, expect: {status: 200}}";
    for length in ["99999999999999999999", "18446744073709551616", "two", "-1", "2, 3"] {
        let script = format!("200 \"Content-Length: {length}\\r\\n\\r\\nok\" close");
        let (report, server) = run_steps("", steps, &[("x", &script)]);
        assert_eq!(verdicts(&report), [("x", "fail")], "{length}: {}", report.finished.stdout);
        let shown = report.finished.stdout.to_ascii_lowercase();
        assert!(shown.contains("content-length") && shown.contains(length), "{length}: {shown}");
        assert_eq!(count(&server, "x"), 1);
    }
}

#[test]
fn response_with_1300_header_fields_is_read() {
    let steps = "- {id: x, request: {path: /x}, expect: {status: 200, text: ok}}";
    let script = "200 repeat 1300 \"X-A: 1\\r\\n\" \"Content-Length: 2\\r\\n\\r\\nok\"";
    let (report, server) = run_steps("", steps, &[("x", script)]);
    assert_eq!(verdicts(&report), [("x", "pass")], "{}", report.finished.stdout);
    assert_eq!(count(&server, "x"), 1);
}

#[test]
fn redirect_to_another_origin_is_shown_with_its_location_and_the_reason() {
    for location in ["http://localhost:$PORT/echo", "$OTHER/echo", "https://127.0.0.1:$PORT/echo"] {
        let redirect = format!(
            "\"HTTP/1.1 302 Found\\r\\nLocation: {location}\\r\\nContent-Length: 5\\r\\n\\r\\nmoved\""
        );
        let server = Server::start(&[("r", redirect.as_str()), ("echo", "ok")]);
        let sandbox = suite("", "- {id: r, request: {path: /r, follow: 2}, expect: {status: 200}}");
        let report = run(&sandbox, &server.url(), &[]);
        assert_eq!(verdicts(&report), [("r", "fail")], "{}", report.finished.stdout);
        assert_eq!((count(&server, "r"), count(&server, "echo")), (1, 0));
        let exchange = &step(&report, "r")["exchange"];
        let location = location
            .replace("$PORT", &server.ports()[0].to_string())
            .replace("$OTHER", &format!("http://127.0.0.1:{}", server.ports()[1]));
        let reason = exchange["redirect_end"].as_str().unwrap_or_default();
        assert!(!reason.is_empty(), "{exchange}");
        let again = exchange["again"].as_str().unwrap();
        assert!(again.contains(" -L"), "{again}");
        for shown in [location.as_str(), reason, " -L"] {
            assert!(report.finished.stdout.contains(shown), "{shown}: {}", report.finished.stdout);
        }
    }
}

#[test]
fn redirect_limit_and_broken_hop_are_reasons_why_a_redirect_ends() {
    let redirect = "\"HTTP/1.1 302 Found\\r\\nLocation: /r\\r\\nContent-Length: 0\\r\\n\\r\\n\"";
    let steps = "- {id: r, request: {path: /r, follow: 2}, expect: {status: 200}}";
    let (report, server) = run_steps("", steps, &[("r", redirect)]);
    assert_eq!(verdicts(&report), [("r", "fail")], "{}", report.finished.stdout);
    assert_eq!(count(&server, "r"), 3);
    let exchange = &step(&report, "r")["exchange"];
    assert_eq!(exchange["hops"].as_array().map(Vec::len), Some(2), "{exchange}");
    assert!(exchange["redirect_end"].as_str().unwrap_or_default().contains('2'), "{exchange}");

    let broken = format!("{redirect} // \"garbage\\r\\n\\r\\n\" close");
    let (report, server) = run_steps("", steps, &[("r", &broken)]);
    assert_eq!(verdicts(&report), [("r", "fail")], "{}", report.finished.stdout);
    assert_eq!(count(&server, "r"), 2);
    assert!(report.finished.stdout.contains("/r"), "{}", report.finished.stdout);
}

#[test]
fn redirect_that_is_not_asked_for_has_no_reason_for_its_end() {
    let redirect = "\"HTTP/1.1 302 Found\\r\\nLocation: /next\\r\\nContent-Length: 0\\r\\n\\r\\n\"";
    let steps = "- {id: r, request: {path: /r}, expect: {status: 302, headers: {location: /next}}}";
    let (report, server) = run_steps("", steps, &[("r", redirect)]);
    assert_eq!(verdicts(&report), [("r", "pass")], "{}", report.finished.stdout);
    assert_eq!(step(&report, "r")["exchange"]["redirect_end"], Json::Null);
    assert_eq!(server.requests().len(), 1);
}
