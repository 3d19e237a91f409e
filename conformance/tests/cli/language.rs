//! Features of the scenario language: the suite of the to-do list against its own server.

use std::fs;

use regex::Regex;
use serde_json::Value as Json;

use crate::events::{self, RunReport};
use crate::golden;
use crate::program::{conformance_in, copy, data};
use crate::sandbox::Sandbox;

fn run(sandbox: &Sandbox, options: &[&str]) -> RunReport {
    events::run(
        sandbox,
        &[&["run", "--suite", "../suite"], options, &["--", "python3", "server.py"]].concat(),
    )
}

fn ids<'a>(run_report: &'a RunReport, verdict: &str) -> Vec<&'a str> {
    run_report.verdicts().into_iter().filter(|(_, own)| *own == verdict).map(|(id, _)| id).collect()
}

#[test]
fn skips_unsupported_features_with_a_reason() {
    let run_report = run(&Sandbox::todo(), &[]);
    assert_eq!(run_report.finished.code, Some(0), "{}", run_report.finished.stdout);
    assert_eq!(ids(&run_report, "skipped"), ["lists/changes::search"]);
    assert_eq!(run_report.step("lists/changes::search")["reason"], "the target does not offer `search`");
    assert!(run_report.ids().contains(&"lists/pages::todo[milk]/note"));
    assert!(run_report.ids().contains(&"people/tokens@bare::wrong[quoted]"));
    assert!(run_report.ids().contains(&"people/browsers::close"));
}

#[test]
fn captures_a_part_of_a_header_and_reports_a_missing_one() {
    let sandbox = Sandbox::todo();
    let run_report = run(&sandbox, &["--filter", "lists/pages"]);
    assert_eq!(run_report.step("lists/pages::next")["exchange"]["sent"]["target"], "/todos?page=2&size=2");
    let pages = sandbox.read("suite/lists/pages.yaml").replace("rel=\"next\"'}", "rel=\"later\"'}");
    sandbox.write("suite/lists/pages.yaml", &pages);
    let run_report = run(&sandbox, &["--filter", "lists/pages"]);
    assert_eq!(ids(&run_report, "fail"), ["lists/pages::first"]);
    let cause = "the header `link` does not match /<([^>]*)>; rel=\"later\"/: it is \
                 `</todos?page=1&size=2>; rel=\"first\"` and `</todos?page=2&size=2>; rel=\"next\"`";
    assert_eq!(run_report.step("lists/pages::first")["findings"][0]["label"], cause);
    assert_eq!(
        run_report.step("lists/pages::next")["reason"],
        format!("step `first` did not capture `next`: {cause}")
    );
}

#[test]
fn an_invalid_computed_path_is_reported_and_not_sent() {
    let sandbox = Sandbox::todo();
    let pages = sandbox.read("suite/lists/pages.yaml");
    let mapping = "request: {path: \"${next}\", headers: {Authorization: \"Bearer ${token}\"}}";
    let curl = "request: curl \"http://todo.example${next}\" -H \"Authorization:Bearer ${token}\"";
    for (request, taken, path, column) in [
        (mapping, "<.([^>]*)>", "todos?page=2&size=2", 22),
        (curl, "<.([^>]*)>", "todos?page=2&size=2", 39),
        (mapping, "<()[^>]*>", "", 22),
    ] {
        assert!(pages.contains(mapping) && pages.contains("<([^>]*)>"));
        // A request that cannot be sent is not retried.
        let request = format!("{request}\n    retry: {{for: 2m}}");
        let wrong = pages.replace(mapping, &request).replace("<([^>]*)>", taken);
        sandbox.write("suite/lists/pages.yaml", &wrong);
        let run_report = run(&sandbox, &["--filter", "lists/pages"]);
        let step = run_report.step("lists/pages::next");
        let reason = format!(
            "`${{next}}` makes the path `{path}`, which does not begin with `/`: write `/${{next}}` \
             (../suite/lists/pages.yaml:34:{column})"
        );
        assert_eq!((&step["reason"], &step["exchange"]), (&Json::from(reason.as_str()), &Json::Null));
        assert_eq!(step["tries"], 1);
        assert!(run_report.finished.stdout.contains(&reason), "{}", run_report.finished.stdout);
        assert_eq!(run_report.finished.code, Some(3));
    }
}

#[test]
fn path_of_a_curl_command_may_be_an_expression() {
    let sandbox = Sandbox::todo();
    let pages = sandbox.read("suite/lists/pages.yaml");
    for (written, sent) in [("${next}", "/todos?page=2&size=2"), ("${next}&x=1", "/todos?page=2&size=2&x=1")]
    {
        let mapping = "request: {path: \"${next}\", headers: {Authorization: \"Bearer ${token}\"}}";
        let curl =
            format!("request: curl \"http://todo.example{written}\" -H \"Authorization:Bearer ${{token}}\"");
        sandbox.write("suite/lists/pages.yaml", &pages.replace(mapping, &curl));
        let run_report = run(&sandbox, &["--filter", "lists/pages"]);
        assert_eq!(run_report.step("lists/pages::next")["exchange"]["sent"]["target"], sent);
        assert_eq!(run_report.finished.code, Some(0), "{}", run_report.finished.stdout);
    }
}

#[test]
fn filter_selects_one_row_by_id_or_line() {
    let sandbox = Sandbox::todo();
    for filter in ["tokens@whole::missing[empty]", "people/tokens.yaml:14"] {
        let run_report = run(&sandbox, &["--profile", "whole", "--filter", filter]);
        assert_eq!(run_report.ids(), ["people/tokens@whole::missing[empty]"], "{filter}");
    }
    let run_report = run(&sandbox, &["--profile", "whole", "--filter", "wrong.csv:3"]);
    assert_eq!(run_report.ids(), ["people/tokens@whole::wrong[quoted]"]);
    let run_report = run(&sandbox, &["--filter", "slow"]);
    // The cleanup step runs and is not reported, because the filter does not select it.
    assert_eq!(run_report.ids(), ["lists/changes::notified"]);
}

#[test]
fn reports_the_attempts_of_a_retry_and_the_hops_of_a_redirect() {
    let run_report = run(&Sandbox::todo(), &["--filter", "lists/changes", "--verbose"]);
    assert!(run_report.step("lists/changes::notified")["tries"].as_u64() > Some(1));
    let line =
        run_report.finished.stdout.lines().find(|line| line.starts_with("PASS lists/changes::notified "));
    assert!(line.is_some_and(|line| line.contains("  tried ") && line.contains(" times in ")), "{line:?}");
    let note = &run_report.step("lists/changes::todo/note")["exchange"];
    assert_eq!(note["sent"]["method"], "POST");
    assert_eq!(note["hops"][0]["received"]["status"], 303);
    assert_eq!(note["hops"][0]["sent"]["method"], "GET");
    assert_eq!(note["received"]["status"], 200);
}

#[test]
fn every_report_has_the_attempts_and_duration_of_a_failed_retry() {
    let sandbox = Sandbox::todo();
    let changes = sandbox
        .read("suite/lists/changes.yaml")
        .replace("{for: 5s, every: 50ms}", "{for: 700ms, every: 200ms}");
    sandbox.write(
        "suite/lists/changes.yaml",
        &changes.replace("topic: \"flowers-${todo}\"}]", "topic: weeds}]"),
    );
    let reports = ["--report", "html=../report.html", "--report", "tap=../report.tap"];
    let run_report = run(&sandbox, &[&["--filter", "lists/changes"], &reports[..]].concat());
    let tries = run_report.step("lists/changes::notified")["tries"].as_u64().unwrap();
    assert!(tries > 1);
    let said = Regex::new(&format!(r"tried +{tries} times in (\d+ ms|\d+\.\d\d s)")).unwrap();
    let human =
        said.find(&run_report.finished.stdout).unwrap_or_else(|| panic!("{}", run_report.finished.stdout));
    assert!(run_report.finished.stdout[human.end()..].starts_with(", and it never passed\n"));
    for report in ["report.html", "report.tap"] {
        assert!(said.is_match(&sandbox.read(report)), "{report}");
    }
}

#[test]
fn failure_in_a_sequence_shows_both_locations() {
    let sandbox = Sandbox::todo();
    let sequence = sandbox.read("suite/sequences/token.yaml").replace("status: 201", "status: 200");
    sandbox.write("suite/sequences/token.yaml", &sequence);
    let run_report = run(&sandbox, &["--filter", "lists/changes"]);
    let step = run_report.step("lists/changes::token/ask");
    assert_eq!(step["verdict"], "fail");
    assert_eq!(step["place"]["file"], "../suite/sequences/token.yaml");
    assert_eq!(step["via"][0]["file"], "../suite/lists/changes.yaml");
    assert!(
        run_report.finished.stdout.contains("via ../suite/lists/changes.yaml:7:10"),
        "{}",
        run_report.finished.stdout
    );
    assert_eq!(run_report.step("lists/changes::titles[none]")["verdict"], "inconclusive");
    // Nothing was created, so there is nothing to clean up.
    assert_eq!(run_report.step("lists/changes::delete")["verdict"], "skipped");
}

#[test]
fn cleanup_runs_after_a_failed_setup() {
    let sandbox = Sandbox::todo();
    let scenario = sandbox.read("suite/people/browsers.yaml");
    let scenario = scenario.replace(
        "    expect: {status: 401, json: {error: no session}}",
        "    setup: true\n    expect: {status: 200}",
    );
    sandbox.write("suite/people/browsers.yaml", &scenario.replace("status: 204", "status: 299"));
    let run_report = run(&sandbox, &["--filter", "browsers"]);
    assert_eq!(ids(&run_report, "fail"), ["people/browsers::none", "people/browsers::close"]);
    assert_eq!(run_report.finished.code, Some(1));
}

#[test]
fn no_report_has_captured_secrets_or_secret_variables() {
    let sandbox = Sandbox::todo();
    let scenario = sandbox.read("suite/lists/pages.yaml").replace("total: 3", "total: 4");
    sandbox.write("suite/lists/pages.yaml", &scenario);
    let pepper = "s3cret & p\u{e9}pper";
    let run_report = run(&sandbox, &["--filter", "lists/pages", "--var", &format!("pepper={pepper}"), "-v"]);
    assert_eq!(ids(&run_report, "fail"), ["lists/pages::first"]);
    let everything = format!("{}{}", run_report.finished.stdout, sandbox.read("report.jsonl"));
    assert!(everything.contains("<redacted>"));
    // The pattern of a token is not a token.
    let token = |text: &str| text.starts_with(|first: char| first.is_ascii_hexdigit());
    assert!(!everything.split("tok_").skip(1).any(token) && !everything.contains("s3cret"), "{everything}");
    let shown = run(&sandbox, &["--filter", "lists/pages", "--show-secrets"]);
    assert!(shown.finished.stdout.contains("tok_") && shown.finished.stdout.contains("black-pepper"));
}

#[test]
fn variables_come_from_flag_file_or_environment_in_this_order() {
    let sent = |sandbox: &Sandbox, options: &[&str]| {
        let run_report = run(sandbox, &[&["--filter", "lists/pages", "--show-secrets"], options].concat());
        let body = run_report.step("lists/pages::todo[bread]/note")["exchange"]["sent"]["body"].clone();
        serde_json::from_str::<Json>(body.as_str().unwrap()).unwrap()["title"].as_str().unwrap().to_owned()
    };
    let sandbox = Sandbox::todo().with("TODO_PEPPER", "from outside");
    sandbox.write("vars.yaml", "pepper: from a file\n");
    assert_eq!(sent(&sandbox, &[]), "bake bread from outside");
    assert_eq!(sent(&sandbox, &["--vars", "../vars.yaml"]), "bake bread from a file");
    assert_eq!(sent(&sandbox, &["--vars", "../vars.yaml", "--var", "pepper=said"]), "bake bread said");
}

#[test]
fn rejects_missing_and_unknown_variables() {
    let sandbox = Sandbox::todo();
    let manifest = sandbox.read("suite/suite.yaml").replace("default: black-pepper, ", "");
    sandbox.write("suite/suite.yaml", &manifest);
    let run = |options: &[&str]| {
        sandbox.run(&[&["run", "--suite", "../suite"], options, &["--", "python3", "server.py"]].concat())
    };
    let nobody = run(&[]);
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.stderr.contains("the variable `pepper` has no value"), "{}", nobody.stderr);
    assert!(nobody.stderr.contains("set it with --var pepper=… or the environment variable TODO_PEPPER"));
    let unknown = run(&["--var", "peper=x"]);
    assert!(unknown.stderr.contains("the suite has no variable `peper`"), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("did you mean `pepper`?"));
}

#[test]
fn check_warns_about_probable_mistakes() {
    let sandbox = Sandbox::todo();
    sandbox.write("suite/sequences/spare.yaml", "format: 1\ntitle: Nobody uses this\nsteps:\n  - {id: a, title: b, request: curl http://todo.example/}\n");
    let scenario = sandbox
        .read("suite/people/tokens.yaml")
        .replace("    expect: {status: 204, body: \"\"}\n", "    capture: {x: {header: date}}\n");
    sandbox.write("suite/people/tokens.yaml", &scenario);
    let checked = conformance_in(&sandbox.path("."), &["check", "--suite", "suite"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    for warning in ["no scenario uses the sequence `spare`", "no step uses the capture `x`"] {
        assert!(checked.stderr.contains(&format!("warning: {warning}")), "{}", checked.stderr);
    }
}

#[test]
fn check_warns_about_the_syntax_of_other_tools() {
    let sandbox = Sandbox::todo();
    let step = "format: 1\ntitle: T\nprofile: whole\nsteps:\n  - id: a\n    title: b\n    request: {path: \"/todos/{{todo id}}\", \
                headers: {x: [\"{{token}}\"]}}\n    expect: {json: {$.id: 3}}\n";
    sandbox.write("suite/lists/foreign.yaml", step);
    let checked = conformance_in(&sandbox.path("."), &["check", "--suite", "suite"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    for warning in [
        "`{{todo id}}` is sent as it is written\n --> suite/lists/foreign.yaml:7:29",
        "`{{token}}` is sent as it is written",
        "`$.id` is the name of a member here, not a JSONPath",
    ] {
        assert!(checked.stderr.contains(&format!("warning: {warning}")), "{}", checked.stderr);
    }
}

#[test]
fn check_warns_about_expectations_and_names_that_have_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join("suite").join(name);
    fs::create_dir_all(path("pages")).unwrap();
    fs::write(
        path("suite.yaml"),
        "format: 1\ntitle: T\norigin: http://h.test\nfeatures: [used, spare]\n\
         variables: {word: x, other: y, rest: z}\nprofiles: {any: {title: any}}\n\
         launch: {env: {PORT: \"${port}\"}, ready: curl http://h.test/}\n",
    )
    .unwrap();
    let right = [
        "request: {path: \"/${other}\"}, expect: {status: 204, body: ''}",
        "request: {path: /, method: PROPFIND}, expect: {status: [200, 204], json: !any }",
        "request: {path: /, method: HEAD}, requires: [used], expect: {status: 200, text: ''}",
        "request: {method: POST, path: /, json: '[${rest}'}, timeout: 5s, expect: {status: 200, within: 5s}",
    ];
    let wrong = [
        "request: {path: /}, expect: {status: 204, json: {a: 1}}",
        "request: {path: /}, expect: {status: 304, text: x}",
        "request: curl -I http://h.test/, expect: {status: 200, json: !any }",
        "request: {path: /, method: PSOT}, expect: {status: 200}",
        "request: curl -X delte http://h.test/, expect: {status: 200}",
        "request: {method: POST, path: /, json: '{\"a\": 1}'}, expect: {status: 200}",
        "request: {path: /}, timeout: 5s, expect: {status: 200, within: 60s}",
        "request: {path: /}, expect: {absent: [ETag], headers: {etag: x}}",
        "request: {path: /}, expect: {absent_cookies: [sid], cookies: {sid: {path: /}}}",
    ];
    let steps = right.iter().chain(&wrong).enumerate();
    let steps: String = steps.map(|(at, step)| format!("  - {{id: s{at}, title: a, {step}}}\n")).collect();
    let scenario = format!("format: 1\ntitle: T\nprofile: any\nsteps:\n{steps}");
    fs::write(path("pages/a.yaml"), scenario).unwrap();
    let checked = conformance_in(folder.path(), &["check", "--suite", "suite"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    let expected = [
        "a response with status 204 has no body, so this always fails",
        "a response with status 304 has no body, so this always fails",
        "a response to HEAD has no body, so this always fails",
        "the method `PSOT` is sent as it is written",
        "the method `delte` is sent as it is written",
        "the request sends a JSON string, not the object or list in it",
        "`within` cannot fail: the step has a timeout of 5s",
        "`ETag` must be missing here, and must be present under `headers`: this always fails",
        "`sid` must be missing here, and must be present under `cookies`: this always fails",
        "no step requires the feature `spare`",
        "no step uses the variable `word`",
    ];
    for warning in expected {
        assert!(checked.stderr.contains(&format!("warning: {warning}\n")), "{warning}\n{}", checked.stderr);
    }
    assert!(
        checked.stderr.contains("did you mean `POST`?") && checked.stderr.contains("did you mean `DELETE`?")
    );
    assert_eq!(checked.stderr.matches("warning: ").count(), expected.len(), "{}", checked.stderr);
}

#[test]
fn check_names_the_line_of_a_csv_file_that_cannot_be_read() {
    let sandbox = Sandbox::todo();
    let step = "format: 1\ntitle: T\nprofile: whole\nsteps:\n  - id: a\n    title: b\n    rows: t.csv\n    request: {path: \"/${row.email}\"}\n    expect: {status: 200}\n";
    sandbox.write("suite/lists/table.yaml", step);
    let utf16: Vec<u8> = "\u{feff}email\na\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, message) in [
        (&b"email\na\nJos\xe9\n"[..], "this is not UTF-8\n --> suite/lists/t.csv:3:4"),
        (&utf16, "this file is UTF-16, not UTF-8\n --> suite/lists/t.csv:1:1"),
        (b"email,\na,\n", "column 2 of this file has no name\n --> suite/lists/t.csv:1:1"),
    ] {
        fs::write(sandbox.path("suite/lists/t.csv"), bytes).unwrap();
        let checked = conformance_in(&sandbox.path("."), &["check", "--suite", "suite"]);
        assert_eq!(checked.code, Some(2), "{}", checked.stderr);
        assert!(checked.stderr.starts_with(&format!("error: {message}")), "{}", checked.stderr);
    }
}

#[test]
fn target_files_and_known_failures_in_the_folder_of_a_suite_are_not_scenarios() {
    let sandbox = Sandbox::todo();
    sandbox.write("suite/target.yaml", "format: 1\ntitle: T\ncommand: python3 server.py\n");
    sandbox.write("suite/known.yaml", "format: 1\ndeviations: []\n");
    let checked = conformance_in(&sandbox.path("."), &["check", "--suite", "suite"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
}

/// A scenario that uses the wrong sequence correctly.
const USES: &str = "format: 1
title: A guest comes in and leaves
profile: open
fixtures: [ann]

steps:
  - id: before
    title: the desk answers
    request: curl http://desk.example/
    expect: {status: 200}
    capture: {before: {header: date}}

  - use: wrong
    with: {guest: ann}
    capture: {ticket: ticket}

  - id: door
    title: the ticket opens the door
    request: curl http://desk.example/door -H 'X-Ticket:${ticket}${before}'
    expect: {status: 200}
";

#[test]
fn reports_every_mistake_in_a_sequence_with_its_location() {
    let files = fs::read_dir(data("wrong/sequence")).unwrap().map(|entry| entry.unwrap().path());
    let mut complaints = Vec::new();
    for file in files.filter(|file| file.extension().is_some_and(|ending| ending == "yaml")) {
        let folder = tempfile::tempdir().unwrap();
        let suite = folder.path().join("suite");
        copy(&data("suites/plain"), &suite);
        fs::create_dir(suite.join("sequences")).unwrap();
        fs::copy(&file, suite.join("sequences/wrong.yaml")).unwrap();
        fs::write(suite.join("desk/uses.yaml"), USES).unwrap();
        let finished = conformance_in(folder.path(), &["check", "--suite", "suite"]);
        assert_eq!(finished.code, Some(2), "{}", file.display());
        assert_eq!(finished.stderr.matches("error: ").count(), 1, "{}", finished.stderr);
        complaints.extend(golden::compare(&file.with_extension("stderr"), &finished.stderr).err());
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

#[test]
fn examples_of_the_reference_page_pass() {
    let sandbox = Sandbox::python();
    copy(&data("../../../scenarios"), &sandbox.path("suite"));
    let page = sandbox.read("suite/README.md");
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let mut written = 0;
    for (text, _) in blocks {
        if let Some(path) = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# "))
            // The smallest suite is a folder of its own; another test checks it.
            .filter(|path| path.rsplit('.').next() == Some("yaml") && !path.starts_with("my-suite/"))
        {
            if let Some(folder) = sandbox.path("suite").join(path).parent() {
                fs::create_dir_all(folder).unwrap();
            }
            sandbox.write(&format!("suite/{path}"), text);
            written += 1;
        }
    }
    assert_eq!(written, 2);
    let filter = ["run", "--suite", "../suite", "--filter", "session/example", "--", "python3", "server.py"];
    let run_report = events::run(&sandbox, &filter);
    assert_eq!(run_report.finished.code, Some(0), "{}", run_report.finished.stdout);
    let all = ["missing[email]", "missing[password]", "login/post", "bob", "me", "logout"];
    assert_eq!(run_report.ids(), all.map(|step| format!("session/example::{step}")));
}
