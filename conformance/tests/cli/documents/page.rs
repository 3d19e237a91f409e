//! Tests the HTML report without a browser.

use super::document;

#[test]
fn page_is_self_contained() {
    let page = document("html");
    for asking in ["<script src", "<img", "@import", "url(", "<iframe", "<link rel=\"stylesheet"] {
        assert!(!page.contains(asking), "{asking}");
    }
    let links: Vec<&str> =
        page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.iter().all(|link| link.starts_with('#') || *link == "data:,"), "{links:?}");
}

#[test]
fn page_has_source_exchange_and_command_of_every_step() {
    let (page, stream) = (document("html"), document("jsonl"));
    let mut steps = 0;
    for line in stream.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        if record["event"] == "step" {
            steps += 1;
            assert!(page.contains(&format!("data-verdict=\"{}\"", record["verdict"].as_str().unwrap())));
        }
    }
    assert_eq!(page.matches("<details class=\"step ").count(), steps);
    assert_eq!(page.matches("class=\"source\"").count(), steps);
    assert!(page.contains("is missing; expected a date and time"), "missing members are shown in place");
}

#[test]
fn page_escapes_text_from_the_target() {
    let sandbox = crate::sandbox::Sandbox::moody();
    sandbox.write("implementation/hostile.py", HOSTILE);
    let suite = sandbox.path("suite").display().to_string();
    let report = format!("--report=html={}", sandbox.path("page.html").display());
    sandbox.run(&[
        "run",
        "-q",
        &report,
        "--suite",
        &suite,
        "--filter",
        "::open",
        "--",
        "python3",
        "hostile.py",
    ]);
    let page = sandbox.read("page.html");
    assert!(page.contains("&lt;img onerror=") && !page.contains("<img onerror="), "{page}");
}

const HOSTILE: &str = r#"
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"</pre><img onerror=alert(1) src=x><script>alert(1)</script>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["DESK_PORT"])), Answer).serve_forever()
"#;
