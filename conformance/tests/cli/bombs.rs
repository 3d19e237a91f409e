//! Files that are built to exhaust memory or time: each is rejected with a message, in little memory and time.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::sandbox::Sandbox;

/// The memory limit of the program in KiB: a hundredth of what any of these files would expand to.
const MEMORY: &str = "600000";
const PATIENCE: Duration = Duration::from_mins(2);

const HEAD: &str = "format: 1\ntitle: bomb\nprofile: desk\nsteps:\n  - id: open\n    title: open\n    covers: [MOOD-1.1]\n    \
                    request: curl \"http://desk.example/open\"\n    expect:\n      json: ";

#[test]
fn rejects_a_yaml_bomb_in_every_file() {
    let bomb = bomb();
    for (file, flags) in [
        ("suite/desk/1-open.yaml", &[][..]),
        ("suite/suite.yaml", &[]),
        ("suite/requirements.yaml", &[]),
        ("target.yaml", &["--target", "../target.yaml"]),
        ("known.yaml", &["--deviations", "../known.yaml", "http://127.0.0.1:1", "--profile", "desk"]),
        ("values.yaml", &["--vars", "../values.yaml", "http://127.0.0.1:1", "--profile", "desk"]),
    ] {
        let sandbox = Sandbox::moody();
        sandbox.write(file, &bomb);
        let said = refused(&sandbox, flags);
        assert!(said.contains(file.rsplit('/').next().unwrap()), "{file}: {said}");
    }
}

#[test]
fn rejects_an_alias_bomb_after_a_valid_scenario() {
    let sandbox = Sandbox::moody();
    let bomb = bomb().replace('\n', "\n        ");
    sandbox.write("suite/desk/1-open.yaml", &format!("{HEAD}\n        {bomb}\n"));
    let said = refused(&sandbox, &[]);
    assert!(said.starts_with("error: the file is too large with all its aliases\n"), "{said}");
}

#[test]
fn rejects_ten_thousand_levels() {
    let lists = format!("{HEAD}{}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    let mappings = format!("{HEAD}{}1{}\n", "{a: ".repeat(10_000), "}".repeat(10_000));
    let mut indented = format!("{HEAD}\n");
    for level in 0..2_000 {
        writeln!(indented, "{}a:", " ".repeat(8 + level)).unwrap();
    }
    let tags = format!("{HEAD}{}[!any ]{}\n", "!each [".repeat(10_000), "]".repeat(10_000));
    let expression = format!("{HEAD}\"${{{}1{}}}\"\n", "(".repeat(10_000), ")".repeat(10_000));
    for (name, text) in [
        ("lists", lists),
        ("mappings", mappings),
        ("indented", indented),
        ("tags", tags),
        ("expression", expression),
    ] {
        let sandbox = Sandbox::moody();
        sandbox.write("suite/desk/1-open.yaml", &text);
        let said = refused(&sandbox, &[]);
        let first = said.lines().next().unwrap();
        assert!(first.len() < 200 && (first.contains("too deep") || name == "expression"), "{name}: {first}");
    }
}

#[test]
fn rejects_a_file_of_100_mb_unread() {
    let sandbox = Sandbox::moody();
    let file = std::fs::File::create(sandbox.path("suite/desk/1-open.yaml")).unwrap();
    file.set_len(100_000_000).unwrap();
    let said = refused(&sandbox, &[]);
    assert!(said.contains("desk/1-open.yaml: the file is larger than 8 MiB"), "{said}");
    let said = refused(&Sandbox::moody(), &["--target", "/dev/zero"]);
    assert!(said.contains("cannot read the target file /dev/zero: it is not a regular file"), "{said}");
}

#[test]
fn rejects_doubling_sequences_at_the_use_above_the_limit() {
    let sandbox = Sandbox::moody();
    std::fs::create_dir(sandbox.path("suite/sequences")).unwrap();
    let step = "  - id: open\n    title: open\n    covers: [MOOD-1.1]\n    request: curl \"http://desk.example/open\"\n    expect: {status: 200}\n";
    sandbox.write("suite/sequences/s0.yaml", &format!("format: 1\ntitle: s0\nsteps:\n{step}"));
    for level in 1..=40 {
        let below = level - 1;
        let uses = format!("  - {{id: a, use: s{below}}}\n  - {{id: b, use: s{below}}}\n");
        sandbox.write(
            &format!("suite/sequences/s{level}.yaml"),
            &format!("format: 1\ntitle: s{level}\nsteps:\n{uses}"),
        );
    }
    sandbox.write(
        "suite/desk/1-open.yaml",
        "format: 1\ntitle: bomb\nprofile: desk\nsteps:\n  - {id: all, use: s40}\n",
    );
    let said = refused(&sandbox, &[]);
    assert!(
        said.contains("the scenario has more than 10000 steps here, counting rows and sequences"),
        "{said}"
    );
    assert!(said.contains("desk/1-open.yaml:5"), "{said}");
}

#[test]
fn rejects_more_rows_than_the_limit_of_steps() {
    let rows = |number: usize| {
        let mut text = format!("{HEAD}1\n    rows:\n").replace("title: open", "title: ${row.a}");
        (0..number).for_each(|row| writeln!(text, "      - {{a: {row}}}").unwrap());
        text
    };
    let sandbox = Sandbox::moody();
    sandbox.write("suite/desk/1-open.yaml", &rows(60_000));
    let said = refused(&sandbox, &[]);
    assert!(said.starts_with("error: more than 10000 rows\n"), "{said}");
    // With one mistake in it, so that all of it is read and nothing else.
    sandbox.write("suite/desk/1-open.yaml", &rows(5_000).replace("MOOD-1.1", "MOOD-0.1"));
    let said = refused(&sandbox, &[]);
    assert!(said.contains("MOOD-0.1"), "{said}");
}

#[test]
fn reports_only_the_first_of_many_mistakes() {
    let sandbox = Sandbox::moody();
    let steps: String = (0..9_000)
        .map(|step| format!("{{id: s{step}, title: s, covers: [NO-1.{step}], request: {{path: /}}, expect: {{status: 200}}}},"))
        .collect();
    sandbox.write(
        "suite/desk/1-open.yaml",
        &format!("{{format: 1, title: bomb, profile: desk, steps: [{steps}]}}\n"),
    );
    let said = refused(&sandbox, &[]);
    assert!(said.len() < 500_000 && said.ends_with("more errors not shown\n"), "{}", said.len());
}

/// Nine aliases of nine aliases, nine deep.
fn bomb() -> String {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..=9 {
        let below = format!("*a{}", level - 1);
        writeln!(text, "a{level}: &a{level} [{}]", [below.as_str(); 9].join(", ")).unwrap();
    }
    text
}

/// The error message of the program under limits on memory and time.
fn refused(sandbox: &Sandbox, flags: &[&str]) -> String {
    let command = if flags.is_empty() { "check" } else { "run" };
    let mut child = sandbox
        .limited(MEMORY, &[&[command, "--suite", "../suite"], flags].concat())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("the program does not exit");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let said = sandbox.read("stderr");
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: "), "{said}");
    said
}
