//! Examples of the scenario language: the blocks marked `yaml`, and the matchers between backticks.
//!
//! The indentation of a block says what it is: 0 a file, whose first line can name it in a comment; 2 steps; 4 keys of a step; 6 keys
//! of a request.

use std::fs;
use std::path::Path;

use regex::{Captures, Regex};

use super::repository;
use crate::events;
use crate::program::{conformance_in, copy};
use crate::sandbox::Sandbox;

/// The beginning of a scenario with the names that the examples use: captures of two logins, the first in the step `login`.
const BEFORE: &str = "format: 1
title: Examples
profile: session
fixtures: [bob, bobsession, ada]
isolated: true
steps:
  - use: login
    id: login
    with: {who: bob}
    capture: {session: session, of_bob: session}
  - use: login
    id: login-ada
    with: {who: ada}
    capture: {of_ada: session}
";

/// A code block that is marked `yaml`.
struct Example {
    line: usize,
    text: String,
}

impl Example {
    /// The text as a file of a suite, and the file's name.
    fn file(&self) -> (String, String) {
        let unnamed = format!("examples/line-{}.yaml", self.line);
        let first = self.text.lines().find(|line| !line.trim_start().starts_with('#')).unwrap();
        let has = |key: &str| self.text.lines().any(|line| line.starts_with(&format!("    {key}:")));
        let step = "  - id: example\n    title: an example\n";
        let request = if ["request", "together", "run"].into_iter().any(has) {
            ""
        } else {
            "    request: {path: /api/v1/status}\n"
        };
        let before = match first.len() - first.trim_start().len() {
            0 => {
                let name = self.text.lines().next().and_then(|line| line.strip_prefix("# "));
                return (name.map_or(unnamed, str::to_owned), self.text.clone());
            }
            2 => BEFORE.to_owned(),
            4 => format!("{BEFORE}{step}{request}"),
            _ => format!("{BEFORE}{step}    request:\n      method: POST\n      path: /api/v1/status\n"),
        };
        (unnamed, format!("{before}{}", self.text))
    }
}

/// The blocks of a page that are marked `yaml`, without the indentation of their fences.
fn examples(page: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut lines = page.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        if line.trim_start() == "```yaml" {
            let fence = line.len() - line.trim_start().len();
            let text = lines.by_ref().map(|(line, _)| line).take_while(|line| line.trim() != "```");
            let text = text.map(|line| format!("{}\n", line.get(fence..).unwrap_or_default())).collect();
            examples.push(Example { line: number, text });
        }
    }
    examples
}

fn page(name: &str) -> String {
    fs::read_to_string(repository(name)).unwrap()
}

fn write(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// Runs the examples in the suite whose names they use. Examples without `expect` pass or fail: the target has no pages, for example.
#[test]
fn examples_of_the_scenario_language_run() {
    let sandbox = Sandbox::python();
    let suite = sandbox.path("suite");
    for name in ["suite.yaml", "requirements.yaml"] {
        write(&suite, name, &page(&format!("scenarios/{name}")));
    }
    for name in ["sequences", "programs"] {
        copy(&repository("scenarios").join(name), &suite.join(name));
    }
    for name in ["cat.png", "cat.raw"] {
        write(&suite.join("examples"), name, "a picture");
    }
    let mut expecting = Vec::new();
    for (folder, name) in
        [("reference", "scenarios/README.md"), ("steps", "docs/scenarios.md"), ("start", "README.md")]
    {
        for example in examples(&page(name)) {
            let (file, text) = example.file();
            // Another test checks the smallest suite, and `streams` runs the example of a watch, which this target does not have.
            if file.starts_with("my-suite/") || example.text.contains("    open: ") {
                continue;
            }
            let file = file.replace("examples/line", &format!("examples/{folder}"));
            write(&suite, &file, &text);
            if example.text.contains("expect:") {
                expecting.push(file.trim_end_matches(".yaml").to_owned());
            }
        }
    }
    assert!(expecting.len() > 8, "{expecting:?}");
    let run_report = events::run(&sandbox, &["run", "--suite", "../suite", "--", "python3", "server.py"]);
    for file in expecting.iter().filter(|file| !file.starts_with("sequences/")) {
        let steps =
            run_report.verdicts().into_iter().filter(|(id, _)| id.split_once("::").unwrap().0 == file);
        let verdicts: Vec<(&str, &str)> = steps.collect();
        assert!(!verdicts.is_empty(), "{file}: {}", run_report.finished.stderr);
        // On a slow machine a response can be too late for a `timely` step.
        let failed: Vec<_> = verdicts.iter().filter(|(_, verdict)| *verdict == "fail").collect();
        assert!(failed.is_empty(), "{failed:?}\n{}", run_report.finished.stdout);
    }
}

#[test]
fn smallest_suite_of_the_language_reference_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let files = examples(&page("scenarios/README.md")).iter().map(Example::file).collect::<Vec<_>>();
    let files: Vec<_> = files.into_iter().filter(|(name, _)| name.starts_with("my-suite/")).collect();
    assert_eq!(files.len(), 2);
    for (name, text) in files {
        write(folder.path(), &name, &text);
    }
    let checked = conformance_in(folder.path(), &["check", "--strict", "--suite", "my-suite"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""));
}

/// Each matcher between backticks, with placeholders such as `n` replaced by values.
#[test]
fn matchers_of_the_language_reference_load() {
    let page = page("scenarios/README.md");
    let section = page.split_once("\n## Matchers\n").unwrap().1.split("\n## ").next().unwrap();
    let placeholder =
        Regex::new(r"^(!length) n$|^(!before|!after) date$|^(!sha256) digits$|^(!subset|!event) \{…\}$")
            .unwrap();
    let with_value = |code: &str| {
        let value = |captures: &Captures<'_>| match captures.iter().skip(1).position(|group| group.is_some())
        {
            Some(0) => "!length 3".to_owned(),
            Some(1) => format!("{} 2030-01-31", &captures[2]),
            Some(2) => format!("!sha256 {}", "0".repeat(64)),
            _ => format!("{} {{}}", &captures[4]),
        };
        placeholder.replace(code, value).into_owned()
    };
    let mut steps = String::new();
    let mut count = 0;
    for code in Regex::new("`([^`\n]+)`").unwrap().captures_iter(section) {
        let code = with_value(&code[1]);
        let expectation = match code.split([' ', ':']).next().unwrap() {
            // The name of a matcher in a sentence.
            "!each" | "!containing" | "!unordered" | "!count" | "!between" if !code.contains(' ') => continue,
            "!optional" | "!absent" => format!("json: {{member: {code} }}"),
            "!sha256" => format!("body: {code}"),
            "!event" => format!("events: [{code}]"),
            tag if tag.starts_with('!') => format!("json: {code}"),
            "json" | "headers" | "cookies" if code.contains(": ") => code,
            "format" if code.contains(": ") => format!("json: !datetime {{{code}}}"),
            _ => continue,
        };
        count += 1;
        steps.push_str(&format!("  - id: step-{count}\n    title: a step\n    request: {{path: /}}\n    expect:\n      {expectation}\n"));
    }
    assert!(count > 45, "{count}");
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "suite.yaml",
        "format: 1\ntitle: Matchers\norigin: http://localhost:8000\nprofiles: {default: {title: default}}\n",
    );
    write(
        folder.path(),
        "matchers/all.yaml",
        &format!("format: 1\ntitle: Matchers\nprofile: default\nsteps:\n{steps}"),
    );
    for name in ["todo.json", "file.json"] {
        write(folder.path(), &format!("matchers/{name}"), r#"{"type": "object"}"#);
    }
    let checked = conformance_in(folder.path(), &["check", "--suite", "."]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
}
