//! A location that a failure prints can be given to `--filter`: it selects the step, the row, the steps of the sequence
//! or the scenario.

use serde_json::Value as Json;

use crate::sandbox::Sandbox;
use crate::simple;

const SCENARIO: &str = "fixtures: []
steps:
  - id: first
    title: first
    request: {path: /first}
    expect:
      status: 200
      json:
        a: !each
          - 1

  - title: the id is not the first key
    id: second
    request: >-
      curl http://h.test/second
        -H 'X: y'
    expect: {status: 200,
             json: {a: 1}}
  # a comment between steps
  -
    id: third
    title: third
    covers: [A-1.1]
    rows:
      - {row: one, x: 1}
      - row: two
        x: 2
      - {row: three,
         x: 3}
    request: {path: \"/${row.x}\"}
    expect: {status: 200}
  - id: fourth
    title: fourth
    rows: rows.csv
    request: {path: \"/${row.x}\"}
    expect: {status: 200}
  - id: fifth
    use: twice
  - id: sixth
    use: twice
cleanup:
  - id: last
    title: last
    request: {path: /last}
    expect: {status: 200}
";

fn sandbox() -> Sandbox {
    let sandbox = simple::suite(SCENARIO);
    sandbox.write("suite/t/rows.csv", "row,x\nmilk,1\nbread,2\n");
    std::fs::create_dir(sandbox.path("suite/sequences")).unwrap();
    sandbox.write(
        "suite/sequences/twice.yaml",
        "format: 1\ntitle: twice\nsteps:\n  - id: a\n    title: a\n    request: {path: /a}\n    expect: {status: 200}\n\
         \x20 - id: b\n    title: b\n    request: {path: /b}\n    expect: {status: 200}\n",
    );
    sandbox.write(
        "suite/t/b.yaml",
        "format: 1\ntitle: b\nprofile: p\nrows:\n  - row: x\n    y: 1\n  - row: z\n    y: 2\nsteps:\n  - id: s\n    title: s\n    request: {path: \"/${row.y}\"}\n    expect: {status: 200}\n",
    );
    sandbox
}

/// The steps that a filter selects, without their prerequisites and cleanup steps.
fn named(sandbox: &Sandbox, filter: &str) -> Vec<String> {
    let finished = sandbox.run(&["list", "--suite", "../suite", "--format", "json", "--filter", filter]);
    assert_eq!(finished.code, Some(0), "{filter}: {}", finished.stderr);
    let listed: Vec<Json> = serde_json::from_str(&finished.stdout).unwrap();
    let ids = listed.iter().map(|step| step["id"].as_str().unwrap().to_owned());
    ids.filter(|id| !id.ends_with("::last")).collect()
}

#[test]
fn filter_by_line_selects_the_enclosing_step() {
    let sandbox = sandbox();
    let all = named(&sandbox, "t/a::");
    let third = ["t/a::third[one]", "t/a::third[two]", "t/a::third[three]"];
    let fourth = ["t/a::fourth[milk]", "t/a::fourth[bread]"];
    let whole: Vec<&str> = all.iter().map(String::as_str).collect();
    for (lines, expected) in [
        // The start of the file and the lines between steps.
        (1..=5, &whole[..]),
        (6..=13, &["t/a::first"]),
        (15..=21, &["t/a::second"]),
        (22..=23, &whole),
        (24..=27, &third),
        (28..=28, &third[..1]),
        (29..=30, &third[1..2]),
        (31..=32, &third[2..]),
        (33..=34, &third),
        (35..=39, &fourth),
        (40..=41, &["t/a::fifth/a", "t/a::fifth/b"]),
        (42..=43, &["t/a::sixth/a", "t/a::sixth/b"]),
    ] {
        for line in lines {
            for filter in [
                format!("../suite/t/a.yaml:{line}"),
                format!("t/a.yaml:{line}:22"),
                format!("{}:{line}:1", sandbox.path("implementation/../suite/t/a.yaml").display()),
            ] {
                assert_eq!(named(&sandbox, &filter), expected, "{filter}");
            }
        }
    }
    for (filter, expected) in [
        ("rows.csv:1", &fourth[..]),
        ("t/rows.csv:2", &fourth[..1]),
        ("t/rows.csv:3:4", &fourth[1..]),
        ("sequences/twice.yaml:2", &["t/a::fifth/a", "t/a::fifth/b", "t/a::sixth/a", "t/a::sixth/b"]),
        ("sequences/twice.yaml:6:3", &["t/a::fifth/a", "t/a::sixth/a"]),
        ("twice.yaml:11", &["t/a::fifth/b", "t/a::sixth/b"]),
        ("t/b.yaml:2", &["t/b[x]::s[x]", "t/b[z]::s[z]"]),
    ] {
        let named = named(&sandbox, filter);
        if filter == "t/b.yaml:2" {
            assert_eq!(named.len(), expected.len(), "{named:?}");
        } else {
            assert_eq!(named, expected, "{filter}");
        }
    }
    for line in [5, 6] {
        let named = named(&sandbox, &format!("t/b.yaml:{line}"));
        assert!(named.len() == 1 && named[0].contains("[x]"), "{named:?}");
    }
}

#[test]
fn filter_by_a_missing_line_selects_nothing() {
    let sandbox = sandbox();
    for filter in ["t/a.yaml:900", "t/a.yaml:0", "t/none.yaml:1", "a.yam:1"] {
        let finished = sandbox.run(&["list", "--suite", "../suite", "--filter", filter]);
        assert_eq!(finished.code, Some(4), "{filter}: {}", finished.stdout);
    }
}

#[test]
fn filter_by_a_printed_location_selects_the_failed_step() {
    let url = simple::serve(|_| ("500 Internal Server Error", b"{\"b\": 2}".to_vec()));
    let sandbox = simple::suite(
        "steps:\n  - id: s\n    title: s\n    covers: [A-1.1]\n    rows:\n      - row: email\n        x: 1\n      - row: name\n        x: 2\n\
         \x20   request:\n      path: \"/${row.x}\"\n    expect:\n      status: 200\n      headers:\n        x-y: z\n      cookies:\n        c:\n          value: v\n      json:\n        a: 1\n",
    );
    let finished = sandbox.run(&["run", "--suite", "../suite", "--verbose", &url]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let places = finished
        .stdout
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--> ").or_else(|| line.trim().strip_prefix("via ")));
    let places: Vec<&str> = places.collect();
    assert!(places.len() >= 8, "{}", finished.stdout);
    for place in places {
        let again = sandbox.run(&["run", "--suite", "../suite", "--filter", place, &url]);
        assert_eq!(again.code, Some(1), "{place}: {again:?}");
        assert!(again.stdout.contains("t/a::s["), "{place}: {}", again.stdout);
    }
}

#[test]
fn filter_by_a_row_id_is_not_a_pattern() {
    let step = |id: &str, rows: &str| {
        format!(
            "  - id: {id}\n    title: t\n    covers: [A-1.1]\n{rows}    request: {{path: /}}\n    expect: {{status: 200}}\n"
        )
    };
    let rows = "    rows: [{row: email}, {row: name}]\n";
    let sandbox = simple::suite(&format!("steps:\n{}{}", step("s", rows), step("se", "")));
    assert_eq!(named(&sandbox, "t/a::s[email]"), ["t/a::s[email]"]);
    assert_eq!(named(&sandbox, "t/a::s["), ["t/a::s[email]", "t/a::s[name]"]);
    assert_eq!(named(&sandbox, "t/a::s[ef]"), ["t/a::se"]);
}
