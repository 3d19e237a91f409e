//! How targets are reached: TLS, unix sockets, client certificates, absolute addresses; and how long and how often a step asks.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::events::{self, RunReport};
use crate::program::data;
use crate::sandbox::Sandbox;
use crate::server::Server as Odd;
use crate::simple;

/// A sandbox with a suite of these steps and `targets/reached.py`.
fn suite(origin: &str, steps: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    fs::create_dir_all(sandbox.path("suite/s")).unwrap();
    sandbox.write(
        "suite/suite.yaml",
        &format!(
            "format: 1\ntitle: transports\norigin: {origin}\nlaunch: {{env: {{PORT: \"${{port}}\"}}, ready: {{path: /}}}}\n\
             profiles: {{any: {{title: any}}}}\n"
        ),
    );
    sandbox.write(
        "suite/requirements.yaml",
        "format: 1\nrequirements:\n  - {id: R-1, level: must, clause: \"1\", text: The target responds.}\n",
    );
    let steps = steps.replace("- {id: ", "- {covers: [R-1], title: a step, id: ");
    sandbox.write("suite/s/steps.yaml", &format!("format: 1\ntitle: steps\nprofile: any\nsteps:\n{steps}"));
    fs::copy(data("targets/reached.py"), sandbox.path("implementation/reached.py")).unwrap();
    sandbox
}

fn run_target(sandbox: &Sandbox, target: &str) -> RunReport {
    sandbox.write(
        "implementation/target.yaml",
        &format!("format: 1\ntitle: reached\ncommand: python3 reached.py\n{target}"),
    );
    events::run(sandbox, &["run", "--suite", "../suite", "--target", "target.yaml"])
}

fn assert_passes(report: &RunReport) {
    assert_eq!(report.finished.code, Some(0), "{}{}", report.finished.stdout, report.finished.stderr);
}

/// Writes a client certificate with its key into a folder of a sandbox, as one file and as two.
fn write_client(sandbox: &Sandbox, folder: &str) {
    let made = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    sandbox.write(&format!("{folder}/client.pem"), &format!("{certificate}{key}"));
    sandbox.write(&format!("{folder}/certificate.pem"), &certificate);
    sandbox.write(&format!("{folder}/key.pem"), &key);
}

const SECURE: &str =
    "- {id: one, request: {path: /one}, expect: {status: 200, json: !subset {path: /one, secure: true}}}\n";

#[test]
fn started_target_speaks_tls_with_a_certificate_made_for_it() {
    let sandbox = suite("http://h.test", SECURE);
    let report = run_target(&sandbox, "tls: true\nenv: {CERTIFICATE: \"${certificate}\", KEY: \"${key}\"}\n");
    assert_passes(&report);
}

#[test]
fn isolated_target_reads_the_certificate_made_for_it() {
    let sandbox = suite("http://h.test", SECURE);
    let report = run_target(
        &sandbox,
        "isolate: true\ntls: true\nenv: {CERTIFICATE: \"${certificate}\", KEY: \"${key}\"}\n",
    );
    assert_passes(&report);
}

#[test]
fn started_target_speaks_tls_with_its_own_certificate() {
    let sandbox = suite("http://h.test", SECURE);
    write_client(&sandbox, "implementation");
    let report = run_target(
        &sandbox,
        "tls: {certificate: certificate.pem, key: key.pem}\nenv: {CERTIFICATE: client.pem}\n",
    );
    assert_passes(&report);
}

#[test]
fn started_target_that_demands_a_client_certificate_gets_it() {
    let sandbox = suite(
        "http://h.test",
        "- {id: one, request: {path: /one}, expect: {status: 200, json: !subset {client: true}}}\n",
    );
    write_client(&sandbox, "implementation");
    let report = run_target(
        &sandbox,
        "tls: true\nclient_certificate: certificate.pem\nclient_key: key.pem\n\
         env: {CERTIFICATE: \"${certificate}\", KEY: \"${key}\", CLIENT: certificate.pem}\n",
    );
    assert_passes(&report);
}

#[test]
fn started_target_listens_on_a_unix_socket() {
    let sandbox = suite("http://h.test", "- {id: one, request: {path: /one}, expect: {status: 200}}\n");
    let report = run_target(&sandbox, "socket: true\nenv: {SOCKET: \"${socket}\"}\n");
    assert_passes(&report);
}

#[test]
fn tls_without_a_key_is_refused_with_the_line_of_the_target_file() {
    let sandbox = suite("http://h.test", SECURE);
    sandbox.write(
        "implementation/target.yaml",
        "format: 1\ntitle: reached\ncommand: python3 reached.py\ntls: {certificate: a.pem}\n",
    );
    let finished = sandbox.run(&["run", "--suite", "../suite", "--target", "target.yaml"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("`tls` needs a `certificate` and a `key`"), "{}", finished.stderr);
    assert!(finished.stderr.contains("target.yaml:4"), "{}", finished.stderr);
}

/// A running server that demands the client certificate in `suite/s`.
fn demanding(sandbox: &Sandbox) -> Odd {
    let path = |name: &str| data("certificates").join(name).display().to_string();
    let client = sandbox.path("suite/s/certificate.pem").display().to_string();
    Odd::start(&["demanding", &path("server.pem"), &client])
}

#[test]
fn client_certificate_of_a_flag_is_sent() {
    let sandbox = suite("https://h.test", "- {id: one, request: {path: /}, expect: {status: 200}}\n");
    write_client(&sandbox, "suite/s");
    let server = demanding(&sandbox);
    let url = format!("https://127.0.0.1:{}", server.port);
    let run = |flags: &[&str]| {
        events::run(&sandbox, &[&["run", "--suite", "../suite", "--insecure"], flags, &[&url]].concat())
    };
    assert_passes(&run(&["--cert", "../suite/s/client.pem"]));
    assert_passes(&run(&["--cert", "../suite/s/certificate.pem", "--key", "../suite/s/key.pem"]));
    let without = run(&[]);
    assert_eq!(without.finished.code, Some(3), "{}", without.finished.stdout);
    assert!(without.finished.stdout.contains("--cert FILE"), "{}", without.finished.stdout);
}

#[test]
fn client_certificate_of_a_curl_command_is_sent() {
    let sandbox = suite(
        "https://h.test",
        "- {id: one, request: curl https://h.test/ --cert certificate.pem --key key.pem, expect: {status: 200}}\n\
         - {id: two, request: curl -E client.pem https://h.test/, expect: {status: 200}}\n",
    );
    let manifest = sandbox.read("suite/suite.yaml").replace(", ready: {path: /}", "");
    sandbox.write("suite/suite.yaml", &manifest);
    write_client(&sandbox, "suite/s");
    let server = demanding(&sandbox);
    let url = format!("https://127.0.0.1:{}", server.port);
    assert_passes(&events::run(&sandbox, &["run", "--suite", "../suite", "--insecure", &url]));
}

#[test]
fn check_refuses_a_client_certificate_that_cannot_be_used() {
    for (command, message) in [
        ("--cert none.pem", "cannot read the file `none.pem`"),
        ("--cert certificate.pem", "has no private key in PEM form"),
        ("--cert key.pem", "has no certificate in PEM form"),
        ("--cert client.p12 --cert-type P12", "a certificate of the type P12 cannot be read"),
    ] {
        let step =
            format!("- {{id: one, request: curl https://h.test/ {command}, expect: {{status: 200}}}}\n");
        let sandbox = suite("https://h.test", &step);
        write_client(&sandbox, "suite/s");
        let finished = sandbox.run(&["check", "--suite", "../suite"]);
        assert_eq!(finished.code, Some(2), "{command}: {}", finished.stdout);
        assert!(finished.stderr.contains(message), "{command}: {}", finished.stderr);
    }
}

/// Answers every request on a unix socket with 200.
fn serve_socket(listener: UnixListener) {
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|length| length == 1) {
                head.push(byte[0]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").ok();
        }
    });
}

#[test]
fn run_and_record_send_over_a_unix_socket() {
    let sandbox = suite(
        "http://h.test",
        "- {id: one, request: curl --unix-socket /run/other.sock http://h.test/a, expect: {status: 200, text: ok}}\n",
    );
    serve_socket(UnixListener::bind(sandbox.path("target.sock")).unwrap());
    let flags = ["--unix-socket", "../target.sock", "http://localhost"];
    assert_passes(&events::run(&sandbox, &[&["run", "--suite", "../suite"][..], &flags].concat()));
    let recorded =
        sandbox.run(&[&["record"][..], &flags, &["--", "curl", "http://localhost/v1.24/info"]].concat());
    assert_eq!(recorded.code, Some(0), "{}", recorded.stderr);
    assert!(recorded.stdout.contains("status: 200"), "{}", recorded.stdout);
    let missing =
        sandbox.run(&["run", "--suite", "../suite", "--unix-socket", "../no.sock", "http://localhost"]);
    assert_eq!(missing.code, Some(3), "{}", missing.stdout);
    assert!(missing.stdout.contains("the unix socket ../no.sock"), "{}", missing.stdout);
}

#[test]
fn check_warns_of_options_that_have_no_effect() {
    let sandbox = suite(
        "http://h.test",
        "- {id: one, request: curl -sk --retry 3 --resolve h.test:80:1.2.3.4 -u bob http://h.test/a, expect: {status: 200, text: x}}\n",
    );
    let finished = sandbox.run(&["check", "--suite", "../suite"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let said = format!("{}{}", finished.stdout, finished.stderr);
    for part in [
        "curl option `-k` has no effect here: `conformance run --insecure`",
        "curl option `--retry` has no effect here",
        "curl option `--resolve` has no effect here: the address of the target counts",
        "the password is empty",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

const FOLLOW: &str = "- {id: one, request: {path: /start}, expect: {status: 200}, capture: {next: {json: /next}}}\n\
     - {id: two, request: \"curl ${next}\", expect: {status: 200, text: '/two?a=1'}}\n\
     - {id: three, request: {path: \"${next}\"}, expect: {status: 200, text: '/two?a=1'}}\n";

#[test]
fn absolute_address_of_a_capture_is_sent_to_the_target() {
    for next in ["/two?a=1", "http://H.test:80/two?a=1#part", "TARGET/two?a=1"] {
        let sandbox = suite("http://h.test", FOLLOW);
        let manifest = sandbox.read("suite/suite.yaml").replace(", ready: {path: /}", "");
        sandbox.write("suite/suite.yaml", &manifest);
        let target = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
        let own = std::sync::Arc::clone(&target);
        let url = simple::serve(move |path| match path {
            "/start" => {
                let next = next.replace("TARGET", own.get().unwrap());
                ("200 OK", format!("{{\"next\": \"{next}\"}}").into_bytes())
            }
            path => ("200 OK", path.as_bytes().to_vec()),
        });
        target.set(url.clone()).unwrap();
        let report = events::run(&sandbox, &["run", "--suite", "../suite", &url]);
        assert_passes(&report);
    }
}

#[test]
fn absolute_address_elsewhere_is_reported_and_not_sent() {
    let sandbox = suite("http://h.test", FOLLOW);
    let url = simple::serve(|path| match path {
        "/start" => ("200 OK", br#"{"next": "http://other.test/two"}"#.to_vec()),
        _ => ("200 OK", b"{}".to_vec()),
    });
    let report = events::run(&sandbox, &["run", "--suite", "../suite", &url]);
    assert_eq!(report.step("s/steps::two")["verdict"], "inconclusive");
    let expected = "makes the URL `http://other.test/two`, which is not under the target";
    assert!(report.finished.stdout.contains(expected), "{}", report.finished.stdout);
}

#[test]
fn reason_of_a_chain_of_captures_names_only_its_first_step() {
    let sandbox = suite(
        "http://h.test",
        "- {id: one, request: {path: /}, expect: {status: 200}, capture: {a: {json: /a}}}\n\
         - {id: two, request: {path: '/${a}'}, expect: {status: 200}, capture: {b: {json: /b}}}\n\
         - {id: three, request: {path: '/${b}'}, expect: {status: 200}, capture: {c: {json: /c}}}\n\
         - {id: four, request: {path: '/${c}'}, expect: {status: 200}}\n",
    );
    let url = simple::serve(|_| ("200 OK", b"{}".to_vec()));
    let report = events::run(&sandbox, &["run", "--suite", "../suite", &url]);
    for id in ["s/steps::two", "s/steps::three", "s/steps::four"] {
        let reason = "step `one` did not capture `a`: JSON member `/a` is missing in the body";
        assert_eq!(report.step(id)["reason"], reason, "{id}");
    }
    assert_eq!(report.step("s/steps::four")["waits_for"], "s/steps::three");
}

#[test]
fn later_setup_steps_do_not_hide_the_one_that_failed() {
    let sandbox = suite(
        "http://h.test",
        "- {id: one, setup: true, request: {path: /}, expect: {status: 201}}\n\
         - {id: two, setup: true, request: {path: /}, expect: {status: 200}}\n\
         - {id: three, request: {path: /}, expect: {status: 200}}\n",
    );
    let url = simple::serve(|_| ("200 OK", b"{}".to_vec()));
    let report = events::run(&sandbox, &["run", "--suite", "../suite", &url]);
    for id in ["s/steps::two", "s/steps::three"] {
        assert_eq!(report.step(id)["reason"], "step `one`, on which the rest depends, did not pass", "{id}");
        assert_eq!(report.step(id)["waits_for"], "s/steps::one", "{id}");
    }
}

#[test]
fn proxy_gets_no_request_for_another_host() {
    let sandbox = suite(
        "http://h.test",
        "- {id: raw, request: {raw: \"GET http://other.test/ HTTP/1.1\\nHost: other.test\\n\"}, expect: {status: 200}}\n\
         - {id: user, request: 'curl http://h.test/ --request-target @other.test/', expect: {status: 200}}\n\
         - {id: path, request: 'curl http://h.test/ --request-target /other', expect: {status: 200}}\n",
    );
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&asked);
    let proxy = simple::serve(move |path| {
        seen.lock().unwrap().push(path.to_owned());
        ("200 OK", b"{}".to_vec())
    });
    let report =
        events::run(&sandbox, &["run", "--suite", "../suite", "--proxy", &proxy, "http://desk.example"]);
    for id in ["s/steps::raw", "s/steps::user"] {
        assert_eq!(report.step(id)["verdict"], "inconclusive");
    }
    assert_eq!(report.step("s/steps::path")["verdict"], "pass", "{}", report.finished.stdout);
    assert!(report.finished.stdout.contains("to another host than the target"), "{}", report.finished.stdout);
    let asked = asked.lock().unwrap();
    assert!(asked.iter().all(|path| path.starts_with("http://desk.example/")), "{asked:?}");
}

#[test]
fn repeat_sends_a_request_until_one_does_not_pass() {
    let sandbox = suite(
        "http://h.test",
        "- {id: fine, request: {path: /fine}, repeat: 3, expect: {status: 200}}\n\
         - {id: tired, request: {path: /tired}, repeat: 5, expect: {status: 200}}\n",
    );
    let asked = std::sync::Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let count = std::sync::Arc::clone(&asked);
    let url = simple::serve(move |path| match path {
        "/fine" => {
            count[0].fetch_add(1, Ordering::SeqCst);
            ("200 OK", Vec::new())
        }
        "/tired" if count[1].fetch_add(1, Ordering::SeqCst) == 2 => ("503 Tired", Vec::new()),
        _ => ("200 OK", Vec::new()),
    });
    let report = events::run(&sandbox, &["run", "--suite", "../suite", &url]);
    assert_eq!(report.step("s/steps::fine")["verdict"], "pass");
    assert_eq!(report.step("s/steps::tired")["verdict"], "fail");
    assert!(report.finished.stdout.contains("request 3 of 5"), "{}", report.finished.stdout);
    assert_eq!(asked.each_ref().map(|count| count.load(Ordering::SeqCst)), [3, 3]);
}

#[test]
fn step_has_its_own_timeout() {
    let sandbox = suite(
        "http://h.test",
        "- {id: patient, request: {path: /slow}, timeout: 60s, expect: {status: 200}}\n\
         - {id: hasty, request: {path: /never}, timeout: 300ms, expect: {status: 200}}\n\
         - {id: curl, request: curl -m 0.3 http://h.test/never, expect: {status: 200}}\n",
    );
    let url = simple::serve(|path| {
        match path {
            "/slow" => thread::sleep(std::time::Duration::from_secs(3)),
            "/never" => thread::sleep(std::time::Duration::from_mins(5)),
            _ => {}
        }
        ("200 OK", Vec::new())
    });
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "--timeout", "1s", &url]);
    assert_eq!(report.step("s/steps::patient")["verdict"], "pass", "{}", report.finished.stdout);
    for step in ["hasty", "curl"] {
        assert_ne!(report.step(&format!("s/steps::{step}"))["verdict"], "pass");
    }
    assert!(
        report.finished.stdout.contains("no complete response within 300ms"),
        "{}",
        report.finished.stdout
    );
}

/// A sandbox whose suite has the origin `admin`.
fn with_admin(steps: &str) -> Sandbox {
    let sandbox = suite("http://h.test", steps);
    let manifest = sandbox.read("suite/suite.yaml").replace(", ready: {path: /}", "");
    let manifest = manifest.replace("\nlaunch:", "\norigins: {admin: \"http://h.test:81\"}\nlaunch:");
    sandbox.write("suite/suite.yaml", &manifest);
    sandbox
}

const BOTH: &str = "- {id: main, request: curl http://h.test/a, expect: {status: 200, text: main}}\n\
     - {id: curl, request: curl http://h.test:81/a, expect: {status: 200, text: admin}}\n\
     - {id: mapping, request: {origin: admin, path: /a}, expect: {status: 200, text: admin}}\n";

#[test]
fn requests_to_another_origin_are_sent_to_its_address() {
    let sandbox = with_admin(BOTH);
    let main = simple::serve(|_| ("200 OK", b"main".to_vec()));
    let admin = simple::serve(|_| ("200 OK", b"admin".to_vec()));
    let address = format!("admin={admin}");
    assert_passes(&events::run(&sandbox, &["run", "--suite", "../suite", "--origin", &address, &main]));

    let report = events::run(&sandbox, &["run", "--suite", "../suite", &main]);
    assert_eq!(report.step("s/steps::main")["verdict"], "pass");
    for step in ["curl", "mapping"] {
        let step = report.step(&format!("s/steps::{step}"));
        assert_eq!(step["verdict"], "inconclusive");
        assert_eq!(step["reason"], "the origin `admin` has no address (--origin admin=URL)");
    }
    let unknown = sandbox.run(&["run", "--suite", "../suite", "--origin", "amin=http://127.0.0.1:1", &main]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("the suite has no origin `amin`"), "{}", unknown.stderr);
}

#[test]
fn curl_command_of_another_origin_is_repeated_there() {
    let sandbox = with_admin(BOTH);
    let main = simple::serve(|_| ("200 OK", b"main".to_vec()));
    let admin = simple::serve(|_| ("500 Broken", b"broken".to_vec()));
    let address = format!("admin={admin}");
    let report = events::run(&sandbox, &["run", "--suite", "../suite", "--origin", &address, &main]);
    assert_eq!(report.step("s/steps::curl")["verdict"], "fail");
    let output = &report.finished.stdout;
    assert!(output.contains(&format!("curl {admin}/a")), "{output}");
}

#[test]
fn errors_about_other_origins_name_their_cause() {
    for (request, message) in [
        ("{origin: amin, path: /a}", "the suite has no origin `amin`"),
        ("curl http://h.test:81/a --next", "curl option `--next` is not supported"),
        ("curl http://h.test:82/a", "this URL is not under the origin of the suite"),
    ] {
        let sandbox = with_admin(&format!("- {{id: one, request: {request}, expect: {{status: 200}}}}\n"));
        let finished = sandbox.run(&["check", "--suite", "../suite"]);
        assert_eq!(finished.code, Some(2), "{request}: {}", finished.stdout);
        assert!(finished.stderr.contains(message), "{request}: {}", finished.stderr);
    }
}
