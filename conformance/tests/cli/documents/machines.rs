//! Tests the reports for CI systems.

use std::process::Command;

use serde_json::Value as Json;

use super::{DOCUMENTS, document};

/// Parses a `JUnit` file with an independent XML parser and summarizes it.
const READER: &str = r#"
import json, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
allowed = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}, {"properties", "testcase"}),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "classname", "time"}, {"failure", "error", "skipped", "system-out"}),
    "failure": ({"type", "message"}, set()), "error": ({"type", "message"}, set()), "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}
for element in root.iter():
    attributes, children = allowed[element.tag]
    assert set(element.attrib) <= attributes, (element.tag, element.attrib)
    assert {child.tag for child in element} <= children, element.tag
# GitLab shows the text of an element, and the source code of its attributes if it has none.
assert all(case.text.strip() for tag in ("failure", "error", "skipped") for case in root.iter(tag))
count = lambda tag: len(root.findall(f".//testcase/{tag}"))
for suite in root:
    assert int(suite.get("tests")) == len(suite.findall("testcase"))
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
print(json.dumps({
    "said": [int(root.get(name)) for name in ("tests", "failures", "errors")],
    "there": [len(root.findall(".//testcase")), count("failure"), count("error")],
    "skipped": count("skipped"),
    "properties": [p.get("name") for p in root.iter("property")],
    "failure": root.find(".//failure").text,
    "time": all(float(case.get("time")) >= 0 for case in root.iter("testcase")),
}))
"#;

/// The elements and attributes follow the schema of the Jenkins `JUnit` plugin, which is the strictest.
#[test]
fn junit_follows_the_jenkins_schema() {
    document("junit");
    let read =
        Command::new("python3").args(["-c", READER]).arg(DOCUMENTS.sandbox.path("junit")).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: Json = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(read["said"], read["there"]);
    assert!(read["skipped"].as_u64() > Some(0), "steps that are not offered");
    let properties: Vec<&str> =
        read["properties"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    for name in ["profile", "requirement:SESSION-7.6", "level:SESSION-7.6", "clause:SESSION-7.6"] {
        assert!(properties.contains(&name), "{name}: {properties:?}");
    }
    let failure = read["failure"].as_str().unwrap();
    assert!(
        failure.contains("expected  ") && failure.contains("reproduce conformance run --filter "),
        "{failure}"
    );
    assert_eq!(read["time"], true);
}

/// Reads a file for `CodeGrade` with the rules of the platform: a test suite contains test cases only, its numbers are right, and the
/// first element of a test case is its result.
const CODEGRADE: &str = r#"
import json, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
assert root.tag == "testsuites"
passed = weights = 0
for suite in root:
    assert suite.tag == "testsuite" and {"name", "tests", "failures", "errors"} <= set(suite.attrib)
    results = [next(iter(case), None) for case in suite]
    for case, result in zip(suite, results):
        assert case.tag == "testcase" and case.get("classname"), case.tag
        weight = float(case.get("weight"))
        float(case.get("time"))
        weights += weight
        passed += weight if result is None else 0
        assert result is None or result.text.strip()
    tags = [result.tag for result in results if result is not None]
    for tag, number in {"failure": "failures", "error": "errors", "skipped": "skipped"}.items():
        assert tags.count(tag) == int(suite.get(number)), suite.get("name")
    assert len(results) == int(suite.get("tests"))
print(json.dumps([passed, weights]))
"#;

#[test]
fn codegrade_reads_the_points() {
    let results: Json = serde_json::from_str(&document("gradescope")).unwrap();
    let read = Command::new("python3")
        .args(["-c", CODEGRADE])
        .arg(DOCUMENTS.sandbox.path("codegrade"))
        .output()
        .unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let [passed, weights]: [f64; 2] = serde_json::from_slice(&read.stdout).unwrap();
    let maximum: f64 =
        results["tests"].as_array().unwrap().iter().map(|test| test["max_score"].as_f64().unwrap()).sum();
    assert!((passed - results["score"].as_f64().unwrap()).abs() < 1e-6, "{passed}");
    assert!((weights - maximum).abs() < 1e-6 && passed < weights, "{passed} of {weights}");
}

#[test]
fn tap_has_a_plan_and_a_line_for_each_step() {
    let text = document("tap");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    let plan: usize = lines.next().unwrap().strip_prefix("1..").unwrap().parse().unwrap();
    let points: Vec<&str> =
        lines.filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).collect();
    assert_eq!(points.len(), plan);
    for (index, point) in points.iter().enumerate() {
        assert!(point.trim_start_matches("not ").starts_with(&format!("ok {} - ", index + 1)), "{point}");
    }
    assert!(points.iter().any(|point| point.starts_with("ok ") && point.contains(" # SKIP ")));
    assert_eq!(
        points.iter().filter(|point| point.starts_with("not ok")).count(),
        text.matches("\n  ---\n").count()
    );
}

#[test]
fn github_gets_annotations_and_a_summary() {
    let stdout = &DOCUMENTS.finished.stdout;
    let annotations: Vec<&str> = stdout.lines().filter(|line| line.starts_with("::error ")).collect();
    assert!(!annotations.is_empty() && annotations.len() <= 10);
    for annotation in annotations {
        assert!(
            annotation.starts_with("::error file=scenarios/") && annotation.contains(",line="),
            "{annotation}"
        );
    }
    let summary = document("summary.md");
    assert!(summary.starts_with("## Basic and Session authentication API: python3 server.py\n"), "{summary}");
    assert!(summary.contains("| task | MUST | SHOULD | MAY |\n|---|---|---|---|\n"));
    assert!(summary.contains("| **all** | ❌ "));
    assert!(summary.contains("- suite Basic and Session authentication API, SHA-256 "), "{summary}");
    assert_eq!(summary.matches("<details>").count(), summary.matches("</details>").count());
}

#[test]
fn github_summary_is_appended() {
    let sandbox = crate::sandbox::Sandbox::moody();
    sandbox.write("summary.md", "before\n");
    let summary = sandbox.path("summary.md").display().to_string();
    let sandbox = sandbox.with("GITHUB_STEP_SUMMARY", summary);
    let suite = sandbox.path("suite").display().to_string();
    let arguments = [
        "run",
        "-q",
        "--report=github",
        "--suite",
        &suite,
        "--filter",
        "::open",
        "--",
        "python3",
        "moody.py",
    ];
    sandbox.run(&arguments);
    assert!(sandbox.read("summary.md").starts_with("before\n## "), "{}", sandbox.read("summary.md"));
}

#[test]
fn badge_shows_the_number_of_passed_requirements() {
    let badge = document("badge");
    let closing = DOCUMENTS
        .finished
        .stdout
        .lines()
        .find(|line| line.contains("conform: MUST ") || line.contains("conforms: MUST "))
        .unwrap();
    let musts = closing.split("MUST ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(badge.contains(&format!(">MUST {musts}<")), "{badge}\n{closing}");
    assert!(badge.starts_with("<svg xmlns=") && badge.contains("role=\"img\""));
}

/// The members follow the schema of CTRF; `tests/browser` validates the whole report with the validator of its authors.
#[test]
fn ctrf_counts_every_step() {
    let report: Json = serde_json::from_str(&document("ctrf")).unwrap();
    let (summary, tests) = (&report["results"]["summary"], report["results"]["tests"].as_array().unwrap());
    assert_eq!(
        (&report["reportFormat"], summary["tests"].as_u64()),
        (&Json::from("CTRF"), Some(tests.len() as u64))
    );
    for status in ["passed", "failed", "skipped", "other"] {
        let count = tests.iter().filter(|test| test["status"] == status).count();
        assert_eq!(summary[status], count, "{status}");
    }
    let failed = tests.iter().find(|test| test["status"] == "failed").unwrap();
    assert!(
        failed["trace"].as_str().unwrap().contains("reproduce conformance run --filter ")
            && failed["line"].as_u64() > Some(0)
    );
    assert_eq!(summary["extra"]["digest"].as_str().map(str::len), Some(64));
}

#[test]
fn csv_has_a_row_for_each_requirement() {
    let mut table = csv::Reader::from_reader(document("csv").as_bytes().to_vec().leak() as &[u8]);
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let row = rows.iter().find(|row| &row[0] == "SESSION-7.6").unwrap();
    assert_eq!((&row[1], &row[4], &row[5], &row[6]), ("must", "failed", "1", "0"));
    assert!(row[8].contains("session/7-login"), "{}", &row[8]);
    assert_eq!((&row[9], row[11].len()), ("Basic and Session authentication API", 64));
}

#[test]
fn gradescope_gets_a_test_for_each_requirement_with_points() {
    let results: Json = serde_json::from_str(&document("gradescope")).unwrap();
    let tests = results["tests"].as_array().unwrap();
    let sum = |name: &str| tests.iter().map(|test| test[name].as_f64().unwrap()).sum::<f64>();
    assert_eq!(results["score"].as_f64(), Some(sum("score")));
    assert!(sum("score") < sum("max_score"));
    let failed = tests.iter().find(|test| test["number"] == "SESSION-7.6").unwrap();
    assert_eq!((&failed["status"], &failed["visibility"]), (&Json::from("failed"), &Json::from("visible")));
    assert!(failed["output"].as_str().unwrap().contains("reproduce conformance run --filter "));
    assert_eq!(results["stdout_visibility"], "hidden");
    // The members that the documentation of the platform names.
    let names = |value: &Json| value.as_object().unwrap().keys().cloned().collect::<Vec<String>>().join(" ");
    assert_eq!(
        names(&results),
        "execution_time extra_data output output_format score stdout_visibility tests"
    );
    assert_eq!(names(failed), "max_score name number output output_format score status tags visibility");
}

#[test]
fn classroom50_needs_its_variables_and_exits_with_0() {
    let arguments = |suite: &str| {
        let line = format!(
            "run -q --suite {suite} --report classroom50=../result.json --filter ::open -- python3 moody.py"
        );
        line.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let mut sandbox = crate::sandbox::Sandbox::moody();
    let arguments = arguments("../suite");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let refused = sandbox.run(&arguments);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("needs the environment variable CLASSROOM"), "{}", refused.stderr);
    for name in ["CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL"] {
        sandbox = sandbox.with(name, format!("the {name}"));
    }
    let finished = sandbox.run(&arguments);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let result: Json = serde_json::from_str(&sandbox.read("result.json")).unwrap();
    assert_eq!(
        (&result["schema"], &result["review"]),
        (&"classroom50/result/v1".into(), &"the COMMIT_URL".into())
    );
    let tests = result["tests"].as_array().unwrap();
    let sum = |name: &str| tests.iter().map(|test| test[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!(
        (result["score"].as_u64(), result["max-score"].as_u64()),
        (Some(sum("score")), Some(sum("max-score")))
    );
    assert!(tests.iter().all(|test| test["test-name"].is_string() && test["passed"].is_boolean()));
    assert!(tests.iter().all(|test| test["score"].as_u64() <= test["max-score"].as_u64()));
    // The schema of the platform allows no other members. The runner adds `owner` and `assignment_type`.
    let mut members: Vec<&String> = result.as_object().unwrap().keys().collect();
    members.sort();
    let expected =
        "assignment classroom commit datetime max-score release review schema score submission tests";
    assert_eq!(members, expected.split(' ').collect::<Vec<_>>());
    let datetime = result["datetime"].as_str().unwrap();
    assert!(datetime.len() == "2026-06-01T14:32:01Z".len() && datetime.ends_with('Z'), "{datetime}");
}
