//! Suites, documents and reports of strangers: they read only below their folder, write only where they may, and use bounded time and
//! memory.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::program::Finished;
use crate::sandbox::Sandbox;

/// The content of a file outside of the suite, which no message may show.
const SECRET: &str = "GITHUB_TOKEN=ghp_s3cr3t";
const OUTSIDE: &str = "it is outside of the suite's folder; copy it into the suite";

/// Most memory that a command may reserve, in KiB.
const MEMORY: &str = "1500000";

/// A sandbox with a valid suite of one step, and a file next to it.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    fs::create_dir_all(sandbox.path("suite/t")).unwrap();
    sandbox.write(
        "suite/suite.yaml",
        "format: 1\ntitle: T\norigin: http://h.test\nprofiles: {any: {title: any}}\n",
    );
    sandbox.write("suite/requirements.yaml", "format: 1\nrequirements: []\n");
    sandbox.write("secret.env", SECRET);
    step(&sandbox, "{path: /}", "{status: 200}", "");
    sandbox
}

/// Writes the only step.
fn step(sandbox: &Sandbox, request: &str, expect: &str, more: &str) {
    let step = format!(
        "format: 1\ntitle: t\nprofile: any\nsteps:\n  - id: a\n    title: t\n{more}    request: {request}\n    expect: {expect}\n"
    );
    sandbox.write("suite/t/a.yaml", &step);
}

/// Runs a command with little memory.
fn limited(sandbox: &Sandbox, arguments: &[&str]) -> Finished {
    let mut command = sandbox.limited(MEMORY, arguments);
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs every command that only reads a suite, with little memory; returns the messages of `check`.
fn refused(sandbox: &Sandbox) -> String {
    refused_by(sandbox, &["check", "list", "export", "coverage", "seed"])
}

/// Runs commands that read a suite, with little memory; returns the messages of the first.
fn refused_by(sandbox: &Sandbox, commands: &[&str]) -> String {
    let mut messages = Vec::new();
    for &command in commands {
        let run = limited(sandbox, &[command, "--suite", "../suite"]);
        assert_eq!(run.code, Some(2), "{command}: {run:?}");
        assert!(!run.stderr.contains("s3cr3t") && !run.stdout.contains("s3cr3t"), "{command}: {run:?}");
        messages.push(run.stderr);
    }
    messages.swap_remove(0)
}

fn fifo(sandbox: &Sandbox, name: &str) {
    assert!(Command::new("mkfifo").arg(sandbox.path(name)).status().unwrap().success());
}

#[test]
fn a_file_outside_of_the_suite_is_not_read() {
    let sandbox = sandbox();
    let absolute = sandbox.path("secret.env").display().to_string();
    for path in ["../../secret.env", "../t/../../secret.env", "/proc/self/environ", "/dev/stdin", &absolute] {
        let options = [
            format!("-d @{path}"),
            format!("--data-binary @{path}"),
            format!("--data-urlencode a@{path}"),
            format!("--json @{path}"),
            format!("-F a=@{path}"),
            format!("-F 'a=<{path}'"),
            format!("-T {path}"),
            format!("-H @{path}"),
            format!("--url-query @{path}"),
            format!("-d @- < {path}"),
        ];
        let curl = options.map(|options| format!(">-\n      curl http://h.test/x {options}"));
        let mappings = [
            format!("{{method: POST, path: /, body: !file {path}}}"),
            format!("{{method: POST, path: /, multipart: {{a: !file {path}}}}}"),
            format!("{{raw: !file {path}}}"),
        ];
        for request in curl.iter().chain(&mappings) {
            step(&sandbox, request, "{status: 200}", "");
            let said = refused_by(&sandbox, &["check"]);
            assert!(said.contains(OUTSIDE) && said.contains("suite/t/a.yaml:"), "{request}: {said}");
        }
        step(&sandbox, "{path: /}", &format!("{{json: !schema {path}}}"), "");
        assert!(refused(&sandbox).contains(OUTSIDE));
        step(&sandbox, "{path: /}", "{status: 200}", &format!("    rows: {path}\n"));
        assert!(refused(&sandbox).contains(OUTSIDE));
        sandbox.write("suite/t/schema.json", &format!("{{\"$ref\": \"{path}\"}}"));
        step(&sandbox, "{path: /}", "{json: !schema schema.json}", "");
        let said = refused(&sandbox);
        assert!(said.contains(OUTSIDE), "{path}: {said}");
    }
}

#[test]
fn a_file_of_another_folder_of_the_suite_is_read() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.path("suite/data")).unwrap();
    sandbox.write("suite/data/body.txt", "a");
    symlink("../data", sandbox.path("suite/t/linked")).unwrap();
    symlink(sandbox.path("suite/data/body.txt"), sandbox.path("suite/t/body.txt")).unwrap();
    // The folder of the suite may itself be a link.
    symlink("suite", sandbox.path("other")).unwrap();
    for path in ["../data/body.txt", "linked/body.txt", "body.txt"] {
        step(&sandbox, &format!("curl http://h.test/x -d @{path}"), "{status: 200}", "");
        for suite in ["../suite", "../other"] {
            let run = sandbox.run(&["check", "--suite", suite]);
            assert_eq!(run.code, Some(0), "{path}: {run:?}");
        }
    }
}

#[test]
fn a_link_that_leaves_the_suite_is_one_error() {
    for (link, to) in [
        ("t/x.yaml", "../../secret.env"),
        ("t/x.yaml", "/proc/self/environ"),
        ("t/x.yaml", "/dev/stdin"),
        ("t/x.yaml", "/dev/zero"),
        ("t/folder", "/"),
        ("t/folder", "../.."),
        ("sequences", "/etc"),
        ("suite.yaml", "../secret.env"),
    ] {
        let sandbox = sandbox();
        fs::remove_file(sandbox.path(&format!("suite/{link}"))).ok();
        symlink(to, sandbox.path(&format!("suite/{link}"))).unwrap();
        let said = refused(&sandbox);
        let expected = format!("error: the link ../suite/{link} leads out of the suite, to {to}\n");
        assert!(
            said.starts_with(&expected) && (link == "suite.yaml" || said.matches("error: ").count() == 1),
            "{said}"
        );
    }
    for (request, more) in [("curl http://h.test/ -d @link", ""), ("{path: /}", "    rows: link\n")] {
        let sandbox = sandbox();
        symlink("../../secret.env", sandbox.path("suite/t/link")).unwrap();
        step(&sandbox, request, "{status: 200}", more);
        let said = refused(&sandbox);
        assert!(said.contains("a link leads out of the suite's folder"), "{said}");
    }
}

#[test]
fn pipes_and_devices_are_not_read() {
    for name in ["t/x.yaml", "suite.yaml", "requirements.yaml", "sequences/x.yaml"] {
        let sandbox = sandbox();
        fs::create_dir_all(sandbox.path("suite/sequences")).unwrap();
        fs::remove_file(sandbox.path(&format!("suite/{name}"))).ok();
        fifo(&sandbox, &format!("suite/{name}"));
        let said = refused(&sandbox);
        assert!(said.contains(&format!("../suite/{name} is not a regular file")), "{said}");
    }
    let sandbox = sandbox();
    fifo(&sandbox, "suite/t/pipe");
    fifo(&sandbox, "pipe");
    for (request, expect, more) in [
        ("curl http://h.test/ -d @pipe", "{status: 200}", ""),
        ("{path: /}", "{json: !schema pipe}", ""),
        ("{path: /}", "{status: 200}", "    rows: pipe\n"),
    ] {
        step(&sandbox, request, expect, more);
        let said = refused(&sandbox);
        assert!(said.contains("it is not a regular file"), "{said}");
    }
    step(&sandbox, "{path: /}", "{status: 200}", "");
    for path in ["../pipe", "/dev/zero"] {
        for arguments in [
            &["import", path, "--out", "../out"][..],
            &["import", "--har", path, "--out", "../out"],
            &["merge", path],
            &["compare", path],
            &["coverage", "--suite", "../suite", "--spec", path],
            &["run", "--suite", "../suite", "--deviations", path, "http://127.0.0.1:1"],
            &["run", "--suite", "../suite", "--target", path],
        ] {
            let run = limited(&sandbox, arguments);
            assert_eq!(run.code, Some(2), "{arguments:?}: {run:?}");
            assert!(run.stderr.contains("it is not a regular file"), "{arguments:?}: {run:?}");
        }
    }
    assert!(!sandbox.path("out").exists());
}

#[test]
fn a_document_from_a_shell_pipe_is_read() {
    let sandbox = sandbox();
    let mut command = sandbox.command(&["import", "/dev/stdin", "--out", "../out"]);
    sandbox.write("document.md", "```\n$ curl http://h.test/x\nok\n```\n");
    let run = command.stdin(File::open(sandbox.path("document.md")).unwrap()).output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn expressions_that_need_much_memory_are_errors() {
    let sandbox = sandbox();
    for expression in [
        "'%999999999d'|format(1)",
        "'%.999999999f'|format(1.5)",
        "'a' * 99999999",
        "'a'|indent(999999999)",
        "'a'|batch(999999999, 'x')|list",
        "[[[range(90000)|list] * 1000] * 1000]|tojson",
        "[[[[range(90000)|list] * 1000] * 1000] * 1000]|pprint",
        "range(100000)|join('xxxxxxxxxxxxxxxxxxxx')|replace('x', 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy')",
        "range(99999)|slice(99999999)|list",
    ] {
        step(&sandbox, &format!("{{path: \"/${{{expression}}}\"}}"), "{status: 200}", "");
        let said = refused(&sandbox);
        assert!(
            said.contains("is invalid: it is too long, or needs too many operations"),
            "{expression}: {said}"
        );
    }
    // Patterns and files that only together need too much.
    let steps: String = (0..70)
        .map(|step| {
            format!("  - {{id: s{step}, title: t, request: {{method: POST, path: /, body: !file large}}, expect: {{status: 200}}}}\n")
        })
        .collect();
    sandbox.write("suite/t/a.yaml", &format!("format: 1\ntitle: t\nprofile: any\nsteps:\n{steps}"));
    File::create(sandbox.path("suite/t/large")).unwrap().set_len(8 * 1024 * 1024).unwrap();
    let said = refused(&sandbox);
    assert!(said.contains("of the suite need more than 512 MiB of memory"), "{said}");
}

#[test]
fn a_suite_sets_no_variable_that_loads_code() {
    for name in [
        "PYTHONPATH",
        "NODE_OPTIONS",
        "LD_PRELOAD",
        "PATH",
        "BASH_FUNC_ls%%",
        "OPENSSL_CONF",
        "CORECLR_PROFILER_PATH",
    ] {
        for place in ["launch:\n  ", "profiles:\n  any:\n    title: any\n    "] {
            let sandbox = sandbox();
            let profiles = if place.starts_with("launch") { "profiles: {any: {title: any}}\n" } else { "" };
            let env = format!("{place}env: {{\"{name}\": \"${{scratch}}\"}}\n");
            let manifest = format!("format: 1\ntitle: T\norigin: http://h.test\n{profiles}{env}");
            sandbox.write("suite/suite.yaml", &manifest);
            let said = refused(&sandbox);
            assert!(said.contains(&format!("a suite cannot set `{name}`")), "{said}");
        }
    }
}

#[test]
fn a_report_with_forged_numbers_is_refused_or_read() {
    let sandbox = sandbox();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection
                .write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    fs::copy(sandbox.path("suite/t/a.yaml"), sandbox.path("suite/t/b.yaml")).unwrap();
    for shard in ["1/2", "2/2"] {
        let report = format!("jsonl=../{}.jsonl", &shard[..1]);
        let run = sandbox.run(&["run", "--suite", "../suite", "--shard", shard, "--report", &report, &url]);
        assert_eq!(run.code, Some(1), "{run:?}");
    }
    let report = sandbox.read("1.jsonl");
    let lines: Vec<serde_json::Value> =
        report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (index, line) in lines.iter().enumerate() {
        let mut pointers = Vec::new();
        numbers(line, "", &mut pointers);
        for pointer in pointers {
            for number in [0, 10_000_000, u64::MAX] {
                let mut forged = lines.clone();
                *forged[index].pointer_mut(&pointer).unwrap() = number.into();
                let text: String = forged.iter().map(|line| format!("{line}\n")).collect();
                sandbox.write("forged.jsonl", &text);
                let merge =
                    ["merge", "../forged.jsonl", "../2.jsonl", "--trace", "--report", "html=../m.html"];
                let run = limited(&sandbox, &merge);
                assert!(matches!(run.code, Some(0..=3)), "{index}{pointer} is {number}: {run:?}");
            }
        }
    }
}

/// Collects the JSON Pointers of the numbers in a value.
fn numbers(value: &serde_json::Value, pointer: &str, pointers: &mut Vec<String>) {
    match value {
        serde_json::Value::Number(_) => pointers.push(pointer.to_owned()),
        serde_json::Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(at, item)| numbers(item, &format!("{pointer}/{at}"), pointers));
        }
        serde_json::Value::Object(members) => {
            members.iter().for_each(|(name, item)| numbers(item, &format!("{pointer}/{name}"), pointers));
        }
        _ => {}
    }
}

#[test]
fn an_import_follows_no_link_in_its_folder() {
    let document = "# A\n\n```\n$ curl http://h.test/x\nok\n```\n";
    for name in ["suite.yaml", "requirements.yaml", "a.yaml"] {
        for to in ["../victim", "../there"] {
            let sandbox = sandbox();
            sandbox.write("document.md", document);
            sandbox.write("there", SECRET);
            fs::create_dir(sandbox.path("out")).unwrap();
            symlink(to, sandbox.path(&format!("out/{name}"))).unwrap();
            let import = ["import", "../document.md", "--out", "../out"];
            let run = sandbox.run(&import);
            assert_eq!(run.code, Some(2), "{run:?}");
            // An existing suite is loaded first, and its manifest leads out of it.
            let expected = ["already exists", "leads out of the suite"];
            assert!(expected.iter().any(|one| run.stderr.contains(one)), "{run:?}");
            assert_eq!(fs::read_dir(sandbox.path("out")).unwrap().count(), 1);
            sandbox.run(&[&import[..], &["--force"]].concat());
            assert!(!sandbox.path("victim").exists());
            assert_eq!(sandbox.read("there"), SECRET);
        }
    }
}

#[test]
fn a_document_names_files_of_the_suite_only() {
    let sandbox = sandbox();
    fifo(&sandbox, "pipe");
    let commands = ["-d @/etc/passwd", "-d @../secret.env", "-F a=@../pipe", "-T /dev/zero"];
    let commands = commands.map(|options| format!("$ curl http://h.test/x {options}\nok\n")).concat();
    sandbox.write("document.md", &format!("# A\n\n```\n$ curl http://h.test/x\nok\n{commands}```\n"));
    let run = limited(&sandbox, &["import", "../document.md", "--out", "../out"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.stderr.matches(OUTSIDE).count(), 4, "{run:?}");
    assert!(!sandbox.read("out/a.yaml").contains("s3cr3t"));
}

#[test]
fn a_document_with_too_many_requests_is_refused() {
    let sandbox = sandbox();
    let commands = "$ curl http://h.test/x\n".repeat(5_001);
    sandbox.write("document.md", &format!("```\n{commands}```\n"));
    let run = sandbox.run(&["import", "../document.md", "--out", "../out"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("has 5001 requests, more than 5000"), "{run:?}");
}
