//! HTTP/2: with prior knowledge, by negotiation in TLS, and when the target does not speak it.

use std::convert::Infallible;
use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::events::{self, RunReport};
use crate::program::data;
use crate::simple::suite;

/// A request as the server received it: method, authority or Host, path, and the other fields.
#[derive(Debug, Clone, PartialEq)]
struct Received {
    version: Version,
    line: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

struct Server {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

/// What the server speaks.
#[derive(Clone, Copy, PartialEq)]
enum Speaks {
    Http1,
    Http2,
    /// Over TLS, with these protocols offered by ALPN.
    Tls(&'static [&'static str]),
}

impl Server {
    fn start(speaks: Speaks) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(connection(stream, speaks, Arc::clone(&log)));
                }
            });
        });
        let scheme = if matches!(speaks, Speaks::Tls(_)) { "https" } else { "http" };
        Self { url: format!("{scheme}://localhost:{port}"), received }
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn connection(stream: tokio::net::TcpStream, speaks: Speaks, log: Arc<Mutex<Vec<Received>>>) {
    match speaks {
        Speaks::Http1 => serve(stream, false, log).await,
        Speaks::Http2 => serve(stream, true, log).await,
        Speaks::Tls(protocols) => {
            let pem = fs::read(data("certificates/server.pem")).unwrap();
            let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().unwrap();
            let key = PrivateKeyDer::from_pem_slice(&pem).unwrap();
            let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
            let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
            let mut config = builder.with_single_cert(chain, key).unwrap();
            config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
            let Ok(stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            serve(stream, is_http2, log).await;
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    is_http2: bool,
    log: Arc<Mutex<Vec<Received>>>,
) {
    let service = service_fn(move |request| respond(request, Arc::clone(&log)));
    let stream = TokioIo::new(stream);
    // The client may close the connection early.
    if is_http2 {
        http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await.ok();
    } else {
        http1::Builder::new().serve_connection(stream, service).await.ok();
    }
}

async fn respond(
    request: Request<Incoming>,
    log: Arc<Mutex<Vec<Received>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let host = head.headers.get("host").map(|value| value.to_str().unwrap().to_owned());
    let authority = head.uri.authority().map(ToString::to_string).or(host).unwrap_or_default();
    let fields = (head.headers.iter())
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .filter(|(name, _)| name != "host" && name != "user-agent");
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let received = Received {
        version: head.version,
        line: format!("{} {} {path}", head.method, authority.split(':').next().unwrap()),
        fields: fields.collect(),
        body: body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default(),
    };
    log.lock().unwrap().push(received);
    let builder = Response::builder().header("set-cookie", "seen=yes");
    if head.method == "HEAD" {
        return Ok(builder.body(Full::default()).unwrap());
    }
    Ok(match head.uri.path() {
        "/old" => builder.status(302).header("location", "/new").body(Full::default()).unwrap(),
        "/large" => builder.body(Full::from(vec![b'a'; 17 * 1024 * 1024])).unwrap(),
        "/lines" => builder.header("content-type", "application/jsonl").body(Full::from("1\n2\n3")).unwrap(),
        path => builder
            .header("content-type", "application/json")
            .body(Full::from(format!("{{\"path\": \"{path}\"}}")))
            .unwrap(),
    })
}

const STEP: &str = "  - {id: one, title: one, covers: [A-1.1], request: REQUEST, expect: {status: 200, json: {path: /new}}}\n";

fn run(request: &str, url: &str, flags: &[&str]) -> RunReport {
    let sandbox = suite(&format!("steps:\n{}", STEP.replace("REQUEST", request)));
    events::run(&sandbox, &[&["run", "--suite", "../suite"], flags, &[url]].concat())
}

fn verdict(report: &RunReport) -> &str {
    report.verdicts()[0].1
}

#[test]
fn prior_knowledge_sends_http2_without_tls() {
    for request in ["curl --http2-prior-knowledge http://h.test/new", "{path: /new, http_version: 2}"] {
        let server = Server::start(Speaks::Http2);
        let report = run(request, &server.url, &[]);
        assert_eq!(verdict(&report), "pass", "{}", report.finished.stdout);
        let received = server.received();
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].version, Version::HTTP_2);
        assert_eq!(received[0].line, "GET localhost /new");
        assert_eq!(received[0].fields, [("accept".to_owned(), "*/*".to_owned())]);
    }
}

#[test]
fn http2_requests_are_those_of_curl() {
    let features = Command::new("curl").arg("--version").output().unwrap().stdout;
    assert!(String::from_utf8_lossy(&features).contains("HTTP2"), "this curl has no HTTP/2");
    for words in [
        "/new",
        "/new?a=1&b=%20",
        "/new -X DELETE",
        "/new -d a=1",
        "/new -I",
        "/new -H 'X-One: 1' -H 'Accept:' -H 'Connection: close' -H 'Transfer-Encoding: chunked'",
        "/new -u bob:secret --cookie a=b",
        "/old",
        "/new -H 'Host: other.test'",
    ] {
        let (path, rest) = words.split_at(words.find(' ').unwrap_or(words.len()));
        let server = Server::start(Speaks::Http2);
        let script = format!("curl -s --http2-prior-knowledge '{}'{rest}", server.url.clone() + path);
        let done = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(done.status.success(), "{script}: {done:?}");
        let wanted = server.received();
        let server = Server::start(Speaks::Http2);
        let command = format!("\"curl --http2-prior-knowledge 'http://h.test{path}'{rest}\"");
        run(&command, &server.url, &[]);
        assert_eq!(server.received(), wanted, "{words}");
    }
}

#[test]
fn http2_is_negotiated_in_tls() {
    let both: &[&str] = &["h2", "http/1.1"];
    for (protocols, request, version) in [
        (both, "curl --http2 http://h.test/new", Version::HTTP_2),
        (both, "curl --http1.1 http://h.test/new", Version::HTTP_11),
        (both, "curl http://h.test/new", Version::HTTP_11),
        (&["http/1.1"], "curl --http2 http://h.test/new", Version::HTTP_11),
        (&[], "curl --http2 http://h.test/new", Version::HTTP_11),
        (&["h2"], "{path: /new, http_version: 2}", Version::HTTP_2),
    ] {
        let server = Server::start(Speaks::Tls(protocols));
        let report = run(request, &server.url, &["--insecure"]);
        assert_eq!(verdict(&report), "pass", "{protocols:?} {request} {}", report.finished.stdout);
        assert_eq!(server.received()[0].version, version, "{protocols:?} {request}");
    }
}

#[test]
fn target_without_http2_fails() {
    for speaks in [Speaks::Http1, Speaks::Tls(&["http/1.1"])] {
        let server = Server::start(speaks);
        let report = run("{path: /new, http_version: 2}", &server.url, &["--insecure", "--timeout", "5s"]);
        assert_eq!(verdict(&report), "fail", "{}", report.finished.stdout);
        assert!(report.finished.stdout.contains("HTTP/2"), "{}", report.finished.stdout);
        assert!(server.received().is_empty());
    }
}

#[test]
fn redirects_and_large_bodies_over_http2() {
    let server = Server::start(Speaks::Http2);
    let report = run("curl -L --http2-prior-knowledge http://h.test/old", &server.url, &[]);
    assert_eq!(verdict(&report), "pass", "{}", report.finished.stdout);
    let lines: Vec<_> = server.received().into_iter().map(|received| received.line).collect();
    assert_eq!(lines, ["GET localhost /old", "GET localhost /new"]);
    let report = run("curl --http2-prior-knowledge http://h.test/large", &server.url, &[]);
    assert_eq!(verdict(&report), "fail");
    assert!(report.finished.stdout.contains("the body is larger than 16 MiB"), "{}", report.finished.stdout);
}

#[test]
fn events_of_streams_over_http2() {
    let server = Server::start(Speaks::Http2);
    let request = "request: curl --http2-prior-knowledge http://h.test";
    let sandbox = suite(&format!(
        "steps:\n  - {{id: events, title: t, covers: [A-1.1], {request}/lines, expect: {{events: [1, 2]}}}}\n\
         \x20 - {{id: open, title: t, covers: [A-1.1], open: a, {request}/lines, expect: {{status: 200}}}}\n\
         \x20 - {{id: await, title: t, covers: [A-1.1], await: a, expect: {{events: [1, 2, 3]}}}}\n\
         \x20 - {{id: end, title: t, covers: [A-1.1], await: a}}\n\
         \x20 - {{id: large, title: t, covers: [A-1.1], {request}/large, expect: {{events: [1]}}}}\n"
    ));
    let report = events::run(&sandbox, &["run", "--suite", "../suite", &server.url]);
    let verdicts: Vec<&str> = report.verdicts().into_iter().map(|(_, verdict)| verdict).collect();
    assert_eq!(verdicts, ["pass", "pass", "pass", "fail", "fail"], "{}", report.finished.stdout);
    for label in ["0 of 1 events came: the stream ended", "0 of 1 events came: a step reads at most 16 MiB"] {
        assert!(report.finished.stdout.contains(label), "{}", report.finished.stdout);
    }
}

#[test]
fn http2_is_offered_as_curl_does_without_tls() {
    let server = Server::start(Speaks::Http1);
    let report = run("curl --http2 http://h.test/new", &server.url, &[]);
    assert_eq!(verdict(&report), "pass", "{}", report.finished.stdout);
    let offer = |received: &Received| {
        let names = ["connection", "upgrade"]
            .map(|name| received.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone()));
        (received.fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), names)
    };
    let own = offer(&server.received()[0]);
    let server = Server::start(Speaks::Http1);
    let done = Command::new("curl").args(["-s", "--http2", &format!("{}/new", server.url)]).output().unwrap();
    assert!(done.status.success());
    assert_eq!(own, offer(&server.received()[0]));
}

#[test]
fn reproduce_command_has_the_version() {
    let server = Server::start(Speaks::Http2);
    let report = run("curl --http2-prior-knowledge http://h.test/other", &server.url, &[]);
    assert_eq!(verdict(&report), "fail");
    assert!(report.finished.stdout.contains("--http2-prior-knowledge"), "{}", report.finished.stdout);
}

#[test]
fn rejects_an_unknown_http_version() {
    let report = suite(&format!("steps:\n{}", STEP.replace("REQUEST", "{path: /new, http_version: 3}")));
    let finished = report.run(&["check", "--suite", "../suite"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("`http_version` must be 1.1 or 2"), "{}", finished.stderr);
}
