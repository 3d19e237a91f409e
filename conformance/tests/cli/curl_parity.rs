//! The runner and the real curl meet the same server behaviours: both send the same bytes over the same number of connections, and the
//! runner gets a response exactly when curl does.
//!
//! `curl_parity/behaviours.txt` has the behaviours, [`DIFFERENCES`] what differs on purpose.
//! `BEHAVIOUR=name cargo test -p conformance-http --test cli curl_parity` tries the behaviours whose name contains the text.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::events;
use crate::program::data;
use crate::sandbox::Sandbox;
use crate::scripted::Server;

/// The intended differences from curl: the versions of curl, the reason, and the names of the behaviours, in which `*`
/// matches any text. The table covers two versions: that of Debian 12, and the one whose requests this program
/// imitates.
const DIFFERENCES: &[(&[&str], &str, &[&str])] = &[
    (
        BOTH,
        "a step is about the target: a redirect to another origin is reported, not followed",
        &["redirect-other-*", "redirect-no-host"],
    ),
    (
        BOTH,
        "a connection with bytes after a response is not used again: they would be read as the next response",
        &["redirect-followed-by-garbage"],
    ),
    (
        BOTH,
        "a head that breaks off is no response, although curl reports the status if the connection is closed and not reset",
        &[
            "status-line-only*-close",
            "field-name-cut-close",
            "field-value-cut-close",
            "field-line-end-cut-close",
            "head-unfinished-head-close",
            "continue-cut-close",
        ],
    ),
    (
        BOTH,
        "a Content-Length that is not one number is an error of the target (RFC 9112, 6.3); curl reads digits up to the first other letter, \
         and ignores a number that is too large",
        &[
            "length-duplicate-smaller",
            "length-list-different",
            "length-plus",
            "length-hex",
            "length-trailing-letters",
            "length-fraction",
            "length-above-64-bits*",
            "length-two-to-6*",
        ],
    ),
    (
        BOTH,
        "a fold is replaced before a value is read (RFC 9112, 5.2)",
        &["length-folded", "redirect-folded-location"],
    ),
    (
        BOTH,
        "after 101 the connection carries another protocol; curl takes it for the body",
        &["switching-unasked*"],
    ),
    (
        BOTH,
        "the name of the protocol has capital letters (RFC 9112, 2.3), and HTTP/2 has no status line",
        &["status-lower-case", "status-mixed-case", "status-http-2.0"],
    ),
    (BOTH, "the limit is that of the whole head; curl has another for one line", &["field-too-long"]),
    (
        BOTH,
        "a request is not sent again after any byte of a response; curl counts complete header lines only",
        &["redirect-to-cut-kept"],
    ),
    (BOTH, "every request is HTTP/1.1; curl remembers that the host spoke HTTP/1.0", &["redirect-http-1.0"]),
    (
        &[OLD],
        "curl 8.11.1 reads the status line as strictly",
        &[
            "status-two-spaces",
            "status-tab",
            "status-letters-after-digits",
            "status-fraction",
            "status-http-2",
        ],
    ),
    (&[OLD], "curl 8.11.1 keeps the path, too", &["redirect-fragment-only"]),
    (&[OLD], "curl 8.11.1 fails, too", &["redirect-broken-body", "chunk-final-line-end-cut-close"]),
    (
        &[NEW],
        "curl 7.88.1 fails, too: the request asked for no transfer coding, and the end of the body is not known",
        &[
            "transfer-gzip-chunked",
            "transfer-chunked-gzip",
            "transfer-unknown*",
            "transfer-parameter",
            "transfer-prefix",
        ],
    ),
    (&[NEW], "curl 7.88.1 reads the chunks, too", &["transfer-identity-chunked"]),
    (
        &[NEW],
        "curl 7.88.1 fails, too: white space before the first field (RFC 9112, 2.2)",
        &["field-folded-first"],
    ),
    (
        &[NEW],
        "curl 7.88.1 sends the request again over the same connection, too",
        &["expect-small-body-failed"],
    ),
];

const OLD: &str = "7.88.1";
const NEW: &str = "8.11.1";
const BOTH: &[&str] = &[OLD, NEW];

fn is_known(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((begin, end)) => {
            name.len() >= begin.len() + end.len() && name.starts_with(begin) && name.ends_with(end)
        }
        None => pattern == name,
    }
}

/// A server behaviour, and the options of the curl command for it.
#[derive(Clone)]
struct Behaviour {
    name: String,
    options: String,
    script: String,
}

/// What a client reports.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    /// A complete response.
    Response {
        status: String,
        /// The length and the hash of the body; `None` for a response to HEAD.
        body: Option<(usize, String)>,
        fields: Vec<(String, String)>,
    },
    /// No response, or an incomplete one.
    None,
}

fn behaviours() -> Vec<Behaviour> {
    let text = fs::read_to_string(data("curl_parity/behaviours.txt")).unwrap();
    let mut behaviours = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut columns = line.splitn(3, '|').map(str::trim);
        let [name, options, script] = [(); 3].map(|()| columns.next().unwrap_or_else(|| panic!("{line}")));
        let methods: &[(&str, &str)] = if options == "@method" {
            &[
                ("", ""),
                ("-post", "-d a=1"),
                ("-put", "-X PUT -d a=1"),
                ("-delete", "-X DELETE"),
                ("-head", "-I"),
            ]
        } else {
            &[("", options)]
        };
        let ends: &[&str] = if script.ends_with("@end") { &["close", "reset"] } else { &[""] };
        for (method, options) in methods {
            for end in ends {
                let dash = if end.is_empty() { "" } else { "-" };
                behaviours.push(Behaviour {
                    name: format!("{name}{method}{dash}{end}"),
                    options: (*options).to_owned(),
                    script: script.replace("@end", end),
                });
            }
        }
    }
    if let Ok(wanted) = std::env::var("BEHAVIOUR") {
        behaviours.retain(|behaviour| behaviour.name.contains(&wanted));
    }
    behaviours
}

fn start(behaviours: &[Behaviour]) -> Server {
    let scripts: Vec<_> = behaviours.iter().map(|one| (one.name.as_str(), one.script.as_str())).collect();
    Server::start(&scripts)
}

/// Runs curl against every behaviour.
fn curl(behaviours: &[Behaviour], server: &Server, folder: &Path) -> BTreeMap<String, Outcome> {
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(behaviour) = behaviours.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = curl_once(behaviour, server, folder);
                    outcomes.lock().unwrap().insert(behaviour.name.clone(), outcome);
                }
            });
        }
    });
    outcomes.into_inner().unwrap()
}

fn curl_once(behaviour: &Behaviour, server: &Server, folder: &Path) -> Outcome {
    let Behaviour { name, options, .. } = behaviour;
    let [body, head] = ["body", "head"].map(|kind| folder.join(format!("{name}.{kind}")));
    let command = format!(
        "curl -q -s -m 60 -o '{}' -D '{}' -w '%{{http_code}} %{{errormsg}}' {options} '{}/{name}/start'",
        body.display(),
        head.display(),
        server.url()
    );
    let output = Command::new("sh").args(["-c", &command]).current_dir(folder).output().unwrap();
    let written = String::from_utf8(output.stdout.clone()).unwrap();
    let (status, error) = written.split_once(' ').unwrap();
    let followed = match output.status.code() {
        Some(0) => true,
        // The limit of redirects, an unsupported scheme, an invalid address: the response before it is complete.
        Some(47 | 1 | 3) if status.starts_with('3') && !error.contains("HTTP/0.9") => false,
        Some(_) => return Outcome::None,
        None => panic!("{command}: {output:?}"),
    };
    // curl does not keep the body of a response that redirects.
    let body = (followed && !options.contains("-I")).then(|| {
        let body = fs::read(body).unwrap_or_default();
        (body.len(), format!("{:x}", HexOf(&Sha256::digest(&body))))
    });
    Outcome::Response { status: status.to_owned(), body, fields: fields_of(&fs::read(head).unwrap()) }
}

/// Formats a hash as hexadecimal digits.
struct HexOf<'a>(&'a [u8]);

impl std::fmt::LowerHex for HexOf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The fields of the last response in the heads that curl has written.
fn fields_of(heads: &[u8]) -> Vec<(String, String)> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in heads.split_inclusive(|byte| *byte == b'\n') {
        let folds = line.starts_with(b" ") || line.starts_with(b"\t");
        let line = if folds && !lines.is_empty() { line.trim_ascii() } else { line.trim_ascii_end() };
        match lines.last_mut() {
            _ if line.len() >= 5 && line[..5].eq_ignore_ascii_case(b"HTTP/") => lines.clear(),
            Some(last) if folds => {
                if !last.ends_with(b":") {
                    last.push(b' ');
                }
                last.extend_from_slice(line);
            }
            _ => lines.push(line.to_vec()),
        }
    }
    // Trailer fields follow an empty line.
    let lines = lines.split(Vec::is_empty).next().unwrap_or_default().iter();
    let fields = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((latin1(&line[..colon]).to_ascii_lowercase(), latin1(line[colon + 1..].trim_ascii())))
    });
    let mut fields: Vec<_> = fields.collect();
    fields.sort();
    fields
}

/// Writes a suite with a scenario for each behaviour. Each step expects what curl received.
fn write_suite(sandbox: &Sandbox, behaviours: &[Behaviour], outcomes: &BTreeMap<String, Outcome>) {
    sandbox.write(
        "suite/suite.yaml",
        "format: 1\ntitle: curl\norigin: http://h\nprofiles: {any: {title: any}}\n",
    );
    sandbox.write(
        "suite/requirements.yaml",
        "format: 1\nrequirements:\n  - {id: CURL-1.1, level: must, clause: \"1\", text: The runner does as curl.}\n",
    );
    for Behaviour { name, options, .. } in behaviours {
        let expect = match &outcomes[name] {
            Outcome::Response { status, body, .. } => {
                let body =
                    body.as_ref().map_or(String::new(), |(_, hash)| format!("\n      body: !sha256 {hash}"));
                // A file cannot expect a status outside this range.
                match status.parse() {
                    Ok(100..=599) => format!("\n      status: {status}{body}"),
                    _ => format!("\n      status: !any{body}"),
                }
            }
            Outcome::None => "\n      body: !length 0..".to_owned(),
        };
        let command = Json::from(format!("curl {options} \"http://h/{name}/start\"")).to_string();
        sandbox.write(
            &format!("suite/b/{name}.yaml"),
            &format!(
                "format: 1\ntitle: {name}\nprofile: any\nsteps:\n  - id: step\n    title: {name}\n    covers: [CURL-1.1]\n    \
                 request: {command}\n    expect:{expect}\n"
            ),
        );
    }
}

/// What the runner reports for a step.
fn outcome(step: &Json, curl: &Outcome) -> Outcome {
    let received = &step["exchange"]["received"];
    if received.is_null() || !received["incomplete"].is_null() {
        return Outcome::None;
    }
    let mut fields: Vec<(String, String)> = (received["headers"].as_array().unwrap().iter())
        .map(|field| (field[0].as_str().unwrap().to_ascii_lowercase(), field[1].as_str().unwrap().to_owned()))
        .collect();
    // A report truncates very long heads.
    let cut = |field: &(String, String)| field.1.ends_with('…');
    if let Outcome::Response { fields: received_by_curl, .. } = curl
        && (!received["more_headers"].is_null() || fields.iter().any(cut))
    {
        fields.clone_from(received_by_curl);
    }
    fields.sort();
    let body = match curl {
        // The step has compared the hash.
        Outcome::Response { body, .. } if step["verdict"] == "pass" => body.clone(),
        _ => Some((0, format!("{:?} {}", received["body"], step["findings"]))),
    };
    Outcome::Response { status: format!("{:03}", received["status"].as_u64().unwrap()), body, fields }
}

/// The requests of a behaviour as text, without what differs between two clients on two ports.
fn requests(server: &Server) -> BTreeMap<String, Vec<String>> {
    let mut sent = BTreeMap::<String, Vec<String>>::new();
    let mut connections = BTreeMap::<String, Vec<usize>>::new();
    for request in server.requests() {
        let numbers = connections.entry(request.name.clone()).or_default();
        let number = numbers.iter().position(|own| *own == request.connection).unwrap_or_else(|| {
            numbers.push(request.connection);
            numbers.len() - 1
        });
        let bytes = &request.bytes;
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
        let (head, body) = bytes.split_at(end);
        let mut head: String = head.iter().map(|byte| char::from(*byte)).collect();
        for (at, port) in server.ports().iter().enumerate() {
            head = head.replace(&format!("127.0.0.1:{port}"), &format!("HOST{at}"));
            head = head.replace(&format!("localhost:{port}"), &format!("LOCALHOST{at}"));
        }
        if let Some(at) = head.find("User-Agent: curl/") {
            let length = head[at..].find('\r').unwrap();
            head.replace_range(at..at + length, "User-Agent: curl");
        }
        let body: String = body.iter().map(|byte| char::from(*byte)).collect();
        // The boundary of a form is random, and its length differs between versions of curl.
        let boundary = head.find("boundary=").map(|at| head[at + 9..].split('\r').next().unwrap().to_owned());
        let (head, body) = match boundary {
            Some(boundary) => {
                let lines = head.split_inclusive('\n').filter(|line| !line.starts_with("Content-Length: "));
                (lines.collect::<String>().replace(&boundary, "B"), body.replace(&boundary, "B"))
            }
            None => (head, body),
        };
        let body = if body.len() > 300 {
            let hash = Sha256::digest(&body);
            format!("{} bytes, {:x}", body.len(), HexOf(&hash))
        } else {
            body
        };
        sent.entry(request.name).or_default().push(format!("connection {number}: {head:?} {body:?}"));
    }
    sent
}

/// The difference between the two, if any.
fn difference(curl: &Outcome, ours: &Outcome, sent: [&[String]; 2], step: &Json) -> Option<String> {
    let [by_curl, by_us] = sent;
    let same_response = match (curl, ours) {
        (Outcome::Response { fields, status, body }, Outcome::Response { fields: f, status: s, body: b }) => {
            status == s && (body == b || body.is_none()) && fields == f
        }
        (curl, ours) => curl == ours,
    };
    // A response without an end is the target's fault, so the step is judged.
    let judged = step["verdict"] == "pass" || step["verdict"] == "fail";
    if by_curl == by_us && same_response && judged {
        return None;
    }
    let shorten = |text: String| text.chars().take(1500).collect::<String>();
    let mut text = String::new();
    if by_curl != by_us {
        text.push_str(&shorten(format!("  curl sent: {}\n", by_curl.join("\n             "))));
        text.push_str(&shorten(format!("  we sent:   {}\n", by_us.join("\n             "))));
    }
    if !same_response || !judged {
        text.push_str(&shorten(format!("  curl got:  {curl:?}\n")));
        text.push_str(&shorten(format!("  we got:    {ours:?}\n")));
        let why = &step["findings"][0]["label"];
        text.push_str(&shorten(format!("  verdict:   {} {why} {}\n", step["verdict"], step["reason"])));
    }
    Some(text)
}

/// Runs both against every behaviour; returns the differences by name.
fn differences(behaviours: &[Behaviour]) -> BTreeMap<String, String> {
    let sandbox = Sandbox::empty();
    fs::create_dir_all(sandbox.path("suite/b")).unwrap();
    let large = "0123456789abcdef".repeat(128 * 1024);
    sandbox.write("suite/b/two-megabytes", &large);
    fs::create_dir(sandbox.path("curl")).unwrap();
    sandbox.write("curl/two-megabytes", &large);

    let server = start(behaviours);
    let outcomes = curl(behaviours, &server, &sandbox.path("curl"));
    let by_curl = requests(&server);

    write_suite(&sandbox, behaviours, &outcomes);
    let server = start(behaviours);
    let url = server.url();
    let report = events::run(
        &sandbox,
        &["run", "--suite", "../suite", "--timeout", "30s", "--jobs", "4", "--show-secrets", &url],
    );
    assert_eq!(report.steps.len(), behaviours.len(), "{}{}", report.finished.stdout, report.finished.stderr);
    let by_us = requests(&server);

    let (nothing, mut differing) = (Vec::new(), BTreeMap::new());
    for Behaviour { name, options, script } in behaviours {
        let step = report.step(&format!("b/{name}::step"));
        let sent = [&by_curl, &by_us].map(|sent| sent.get(name).unwrap_or(&nothing).as_slice());
        let curl = &outcomes[name];
        if let Some(difference) = difference(curl, &outcome(step, curl), sent, step) {
            let script: String = script.chars().take(300).collect();
            differing.insert(name.clone(), format!("{name} | {options} | {script}\n{difference}"));
        }
    }
    differing
}

#[test]
fn runner_matches_curl_for_every_server_behaviour() {
    let behaviours = behaviours();
    let mut differing = differences(&behaviours);
    // Whether a body is held back depends on time: on a busy machine the server may take longer than the second that a
    // client waits.
    let by_clock = |name: &str| name.starts_with("expect-") && differing.contains_key(name);
    let again: Vec<Behaviour> = behaviours.iter().filter(|one| by_clock(&one.name)).cloned().collect();
    if !again.is_empty() {
        let still = differences(&again);
        differing.retain(|name, _| !name.starts_with("expect-") || still.contains_key(name));
    }
    let version = version();
    let rows = DIFFERENCES.iter().filter(|(versions, ..)| versions.contains(&version.as_str()));
    let patterns: Vec<&str> = rows.flat_map(|(.., patterns)| *patterns).copied().collect();
    let wrong: Vec<&String> = (differing.iter())
        .filter(|(name, _)| !patterns.iter().any(|pattern| is_known(pattern, name)))
        .map(|(_, difference)| difference)
        .collect();
    let text = wrong.iter().map(|text| text.as_str()).collect::<Vec<_>>().join("\n");
    if patterns.is_empty() {
        // The table does not cover this version of curl, which differs in few behaviours.
        assert!(wrong.len() <= 60, "{} differ from curl {version}:\n{text}", wrong.len());
        return;
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{text}", wrong.len(), behaviours.len());
    if std::env::var("BEHAVIOUR").is_err() {
        assert!(behaviours.len() >= 500, "{} behaviours", behaviours.len());
        for pattern in patterns {
            let used = differing.keys().any(|name| is_known(pattern, name));
            assert!(used, "{pattern}: nothing differs from curl {version}");
        }
    }
}

fn version() -> String {
    let output = Command::new("curl").arg("--version").output().unwrap().stdout;
    let text = String::from_utf8_lossy(&output);
    text.split([' ', '-']).nth(1).unwrap().to_owned()
}

#[test]
fn runner_matches_curl_if_the_server_speaks_first() {
    for (name, script) in [
        ("closes", "close"),
        ("responds", "ok close"),
        ("responds in pieces", "slow \"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok\" close"),
        ("speaks another protocol", "\"SSH-2.0-OpenSSH_9.2\\r\\n\" close"),
    ] {
        let behaviour = Behaviour { name: "x".to_owned(), options: String::new(), script: script.to_owned() };
        let sandbox = Sandbox::empty();
        fs::create_dir_all(sandbox.path("suite/b")).unwrap();
        fs::create_dir(sandbox.path("curl")).unwrap();
        let server = Server::greeting(script);
        let outcome_of_curl = curl_once(&behaviour, &server, &sandbox.path("curl"));
        let by_curl = requests(&server);
        let outcomes = BTreeMap::from([("x".to_owned(), outcome_of_curl.clone())]);
        write_suite(&sandbox, &[behaviour], &outcomes);
        let server = Server::greeting(script);
        let report = events::run(&sandbox, &["run", "--suite", "../suite", &server.url()]);
        let step = report.step("b/x::step");
        assert_eq!(outcome(step, &outcome_of_curl), outcome_of_curl, "{name}: {step}");
        let by_us = requests(&server);
        assert_eq!((by_us[""].len(), by_curl[""].len()), (1, 1), "{name}: {by_us:?} {by_curl:?}");
        // A client that rejects the response may do so before its request is sent.
        if outcome_of_curl != Outcome::None {
            assert_eq!(by_us, by_curl, "{name}");
        }
    }
}
