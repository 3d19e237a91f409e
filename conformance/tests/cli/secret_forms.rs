//! No output of any mode shows a secret, whatever its characters are and however a request or the target writes it.

use std::fs;

use conformance_report::report::FORMATS;

use crate::program::data;
use crate::sandbox::Sandbox;

const TARGET: &[&str] = &["--", "python3", "leaky.py"];

/// Secrets that are written in the steps of the suite, each in a place of its own.
const LITERAL: [&str; 23] = [
    "hunter4pw",
    "sup3r-k3y",
    "987654321",
    "44440044",
    "55550055",
    "66660066",
    "us3r-pw",
    "c00kie-literal",
    "p4rt-value",
    "m3mber pw",
    "v1s1tor-pw",
    "qu3ry-pw",
    "c00k1e%2Fvalue",
    "c00k1e/value=1",
    "us3r",
    "quote-pw",
    "f0rm",
    "after-pw",
    "n3sted-one",
    "n3sted-two",
    "bl0ck-two",
    "l1st-one",
    "l1st-two",
];

fn leaky(token: &str) -> Sandbox {
    let sandbox = Sandbox::noted();
    let summary = sandbox.path("summary.md").display().to_string();
    let sandbox = sandbox.with("GITHUB_STEP_SUMMARY", summary).with("TOK", token);
    fs::copy(data("targets/leaky.py"), sandbox.path("implementation/leaky.py")).unwrap();
    fs::create_dir_all(sandbox.path("leaks/all")).unwrap();
    sandbox.write(
        "leaks/suite.yaml",
        "format: 1\ntitle: leaks\norigin: http://h.test\nsecrets: [password, X-Api-Key, pin]\nprofiles: {any: {title: any}}\n\
         variables: {tok: {env: TOK, secret: true}}\n\
         launch: {env: {API_PORT: \"${port}\"}, ready: curl http://h.test/ready}\n",
    );
    let register =
        "format: 1\nrequirements:\n  - {id: ALL-1.1, level: must, clause: \"1\", text: It leaks.}\n";
    sandbox.write("leaks/requirements.yaml", register);
    let requests = [
        "{method: POST, path: /say, json: {say: \"${tok}\"}}",
        "{path: \"/say?q=${tok}\", headers: {X-Other: \"${tok}\"}}",
        "curl http://h.test/login -d \"password=hunter4pw\"",
        "{path: /a, headers: {X-Api-Key: sup3r-k3y}}",
        "curl http://h.test/numbers",
        "curl http://h.test/ -u 'bob:us3r-pw'",
        "curl http://h.test/ -b 'sid=c00kie-literal'",
        "curl http://h.test/ -F 'password=p4rt-value' -F x=y",
        "{method: POST, path: /m, json: {password: m3mber pw, x: 1}}",
        "curl -L http://h.test/hop",
        r"curl http://h.test/ -u 'bob:us3r'\''quote-pw'",
        r"curl http://h.test/ -d 'password=f0rm'\''quote-pw'",
        r"curl http://h.test/ -F password=sp4ce\ after-pw",
        "{method: POST, path: /m, form: {password: 'y4ml''quote-pw'}}",
        "{method: POST, path: /m, json: {password: {a: n3sted-one, b: [n3sted-two]}, x: 1}}",
        "\n      method: POST\n      path: /m\n      json:\n        password: |\n          bl0ck-one\n          bl0ck-two\n        x: 1",
        "\n      method: POST\n      path: /m\n      json:\n        password:\n        - l1st-one\n        - l1st-two",
    ];
    let steps: String = (requests.iter().enumerate())
        .map(|(index, request)| {
            let request = match request.strip_prefix("curl") {
                Some(options) => format!(">-\n      curl{options}"),
                None => (*request).to_owned(),
            };
            format!(
                "  - id: s{index}\n    title: leaks\n    covers: [ALL-1.1]\n    request: {request}\n    expect: {{status: 299, json: {{ok: true}}}}\n"
            )
        })
        .collect();
    sandbox.write("leaks/all/text.yaml", &format!("format: 1\ntitle: leaks\nprofile: any\nsteps:\n{steps}"));
    sandbox
}

/// Runs the suite in several modes and returns every output with its name.
fn outputs(sandbox: &Sandbox) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for flags in [
        &["--trace", "--report=github"][..],
        &["--quiet"],
        &["--verbose", "--color=always"],
        &["--for=300ms"],
    ] {
        // The report for Classroom 50 needs variables of its platform; the tests of `secrets` write it.
        let formats = || FORMATS.iter().filter(|format| format.variables.is_empty());
        let reports: Vec<String> =
            formats().map(|format| format!("--report={0}=../report.{0}", format.name)).collect();
        let mut arguments = vec!["run", "--suite", "../leaks"];
        arguments.extend(reports.iter().map(String::as_str));
        let finished = sandbox.run(&[&arguments, flags, TARGET].concat());
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        all.extend([(format!("{flags:?}"), finished.stdout), (format!("{flags:?} stderr"), finished.stderr)]);
        for format in formats() {
            all.push((
                format!("{} {flags:?}", format.name),
                sandbox.read(&format!("report.{}", format.name)),
            ));
        }
    }
    all.push(("summary".to_owned(), sandbox.read("summary.md")));
    let compared = sandbox.run(&["compare", "../report.jsonl", "--html", "../table.html"]);
    all.extend([("compare".to_owned(), compared.stdout), ("table".to_owned(), sandbox.read("table.html"))]);
    all
}

#[test]
fn no_output_shows_a_secret_of_any_shape_in_any_encoding() {
    for token in [
        "p/a+b \"q\" ü '<&",
        "p@ss\"w\\rd",
        "it's a \"quoted\" pass'word",
        "simple-token-1",
        "日本語のパスワード",
        "=?&;%41+ x",
        "a&#39;b\\u0041c",
    ] {
        let sandbox = leaky(token);
        sandbox.write("forms", "");
        let outputs = outputs(&sandbox);
        let forms = sandbox.read("forms");
        let forms: Vec<String> = forms.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(forms.len() > 30);
        for (name, text) in &outputs {
            for secret in LITERAL.iter().copied().chain([token]) {
                let lines: Vec<&str> = text.lines().filter(|line| line.contains(secret)).collect();
                assert!(lines.is_empty(), "{name} shows {secret}:\n{}", lines.join("\n"));
            }
            for form in &forms {
                // Base64 of a prefix and the secret: what depends only on the prefix may be shown.
                let lines: Vec<&str> = text.lines().filter(|line| line.contains(form.as_str())).collect();
                assert!(lines.is_empty(), "{name} shows {form} of {token}:\n{}", lines.join("\n"));
            }
        }
        let jsonl = &outputs.iter().find(|(name, _)| name.starts_with("jsonl")).unwrap().1;
        assert!(jsonl.contains("X-Api-Key\",\"<redacted>") || jsonl.contains("x-api-key\",\"<redacted>"));
    }
}

#[test]
fn a_short_secret_spoils_no_report_and_reveals_no_other() {
    for token in ["a", "0", "e", "pas", "password", "pass", "redacted", "<redacted>"] {
        let sandbox = leaky(token);
        for (name, text) in outputs(&sandbox) {
            for secret in LITERAL {
                assert!(!text.contains(secret), "{name} shows {secret} for the token {token}");
            }
            assert!(!text.contains("<<redacted>"), "{name} hides its own placeholder for {token}");
            if name.starts_with("[\"--trace") && !name.ends_with("stderr") {
                assert!(text.contains("password=<redacted>"), "{token}: {text}");
                assert!(
                    text.contains("status: 299") && text.contains("the target returned 418"),
                    "{token}: {text}"
                );
            }
        }
    }
}

#[test]
fn a_short_secret_gets_a_warning() {
    let sandbox = leaky("abc");
    let finished = sandbox.run(&[&["run", "--suite", "../leaks"], TARGET].concat());
    let warning = "warning: the value of the secret variable `tok` has fewer than 4 characters";
    assert!(finished.stderr.contains(warning), "{}", finished.stderr);
}
