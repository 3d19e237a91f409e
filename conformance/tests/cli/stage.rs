//! The stage that an implementation has reached, and the next one.

use crate::events;
use crate::sandbox::Sandbox;

const UNPAINTED: &[&str] = &["--", "python3", "odd.py", "unpainted"];

#[test]
fn judges_an_implementation_at_its_stage() {
    let sandbox = Sandbox::odd();
    let at = |stage| sandbox.run(&[&["run", "--suite", "../suite", "--stage", stage], UNPAINTED].concat());
    assert_eq!(at("first").code, Some(0));
    assert_eq!(at("second").code, Some(1));
}

#[test]
fn report_lists_the_requirements_of_the_next_stage() {
    let sandbox = Sandbox::odd();
    let report =
        events::run(&sandbox, &[&["run", "--suite", "../suite", "--stage", "first"], UNPAINTED].concat());
    assert_eq!(report.footer["next"]["stage"], "second");
    assert_eq!(report.footer["next"]["requirements"][0]["id"], "HALF-4.1");
    let stdout = &report.finished.stdout;
    assert!(stdout.contains("The next stage, second, also requires"), "{stdout}");
    assert!(stdout.contains("From the second stage on the desk is painted."), "{stdout}");
}

#[test]
fn last_stage_has_no_next_stage() {
    let report = events::run(&Sandbox::odd(), &["run", "--suite", "../suite", "--", "python3", "odd.py"]);
    assert!(report.footer.get("next").is_none());
}

#[test]
fn unknown_stage_is_an_error_before_anything_starts() {
    let sandbox = Sandbox::odd();
    let stage = ["run", "--suite", "../suite", "--stage", "secnd"];
    let finished = sandbox.run(&[&stage, UNPAINTED].concat());
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert_eq!(finished.stderr, "error: the suite has no stage `secnd`\n  = did you mean `second`?\n");
    assert_eq!(finished.stdout, "");
}

/// A server with one route, and a suite of three stages with a route each. What a later stage forbids holds without its route.
#[test]
fn stage_is_proposed_if_nothing_of_the_later_ones_exists() {
    let sandbox = Sandbox::empty();
    std::fs::create_dir_all(sandbox.path("suite/t")).unwrap();
    sandbox.write(
        "suite/suite.yaml",
        "format: 1\ntitle: stages\norigin: http://h.test\nstages: [one, two, three]\n\
         launch: {env: {PORT: \"${port}\"}, ready: {path: /}}\nprofiles: {any: {title: any}}\n",
    );
    let mut register = "format: 1\nrequirements:\n".to_owned();
    for (number, stage) in ["one", "two", "three"].into_iter().enumerate() {
        let mut steps = String::new();
        for (step, expect) in
            [("exists", "200"), ("again", "200"), ("more", "200"), ("refuses", "[404, 405]")]
        {
            let id = format!("R-{number}.{}", step.to_uppercase());
            register += &format!("  - {{id: {id}, level: must, clause: {stage}, text: It {step}.}}\n");
            let method = if step == "refuses" { "PUT" } else { "GET" };
            steps += &format!(
                "  - {{id: {step}, title: {step}, covers: [{id}], request: {{method: {method}, path: /{stage}}}, expect: {{status: {expect}}}}}\n"
            );
        }
        let head = format!("format: 1\ntitle: {stage}\nprofile: any\nsince: {stage}\nsteps:\n");
        sandbox.write(&format!("suite/t/{stage}.yaml"), &(head + &steps));
    }
    sandbox.write("suite/requirements.yaml", &register);
    let server = |routes: &str, otherwise: u16| {
        format!(
            "import http.server, os\n\
             class H(http.server.BaseHTTPRequestHandler):\n    \
             def do_GET(self):\n        \
             self.send_response(200 if self.path in {routes} else {otherwise})\n        \
             self.send_header('Content-Length', '0')\n        \
             self.end_headers()\n    \
             def do_PUT(self):\n        \
             self.send_response(404)\n        \
             self.send_header('Content-Length', '0')\n        \
             self.end_headers()\n\
             http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n"
        )
    };
    let note = "note: nothing of the stages after `one` seems to exist yet; --stage one checks only";
    for (routes, otherwise, is_noted) in
        [("['/one']", 404, true), ("['/one']", 500, false), ("['/one', '/three']", 404, false)]
    {
        sandbox.write("implementation/server.py", &server(routes, otherwise));
        let finished = sandbox.run(&["run", "--suite", "../suite", "--", "python3", "server.py"]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert_eq!(finished.stdout.contains(note), is_noted, "{routes} {otherwise}: {}", finished.stdout);
    }
}
