//! Tests `run --bless`: updates expectations to match the responses and changes nothing else in the file.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use rustix::process::Signal;

use crate::golden;
use crate::program::{Finished, copy, data};
use crate::sandbox::Sandbox;

const ECHO: &[&str] = &["--", "python3", "echo.py"];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    copy(&data("suites/blessed"), &sandbox.path("suite"));
    fs::copy(data("targets/echo.py"), sandbox.path("implementation/echo.py")).unwrap();
    let notes = sandbox.path("").display().to_string();
    sandbox.with("NOTES", notes)
}

fn bless(sandbox: &Sandbox, flags: &[&str]) -> Finished {
    sandbox.run(&[&["run", "--suite", "../suite", "--quiet", "--bless"], flags, ECHO].concat())
}

/// Returns a suite with an additional step that sends this request.
fn with_step(request: &str, expect: &str) -> (Sandbox, &'static str) {
    let sandbox = sandbox();
    let scenario = format!(
        "format: 1\ntitle: One step\nprofile: desk\nsteps:\n  - id: only\n    title: it is answered\n    request: {request}\n    expect: {expect}\n"
    );
    sandbox.write("suite/desk/one.yaml", &scenario);
    (sandbox, "suite/desk/one.yaml")
}

fn is_golden(name: &str, text: &str) {
    golden::compare(&data("blessed").join(name), text).unwrap_or_else(|complaint| panic!("{complaint}"));
}

#[test]
fn updates_every_kind_of_expectation_and_keeps_comments_and_layout() {
    let sandbox = sandbox();
    let finished = bless(&sandbox, &["--filter", "layouts"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    is_golden("layouts.yaml", &sandbox.read("suite/desk/layouts.yaml"));
    is_golden("layouts.txt", &finished.stdout);
    let again = bless(&sandbox, &["--filter", "layouts"]);
    assert!(again.stdout.ends_with("nothing was updated\n"), "{}", again.stdout);
    is_golden("layouts.yaml", &sandbox.read("suite/desk/layouts.yaml"));
}

#[test]
fn keeps_crlf_line_endings() {
    let sandbox = sandbox();
    let unix = sandbox.read("suite/desk/layouts.yaml");
    sandbox.write("suite/desk/layouts.yaml", &unix.replace('\n', "\r\n"));
    let finished = bless(&sandbox, &["--filter", "layouts"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let text = sandbox.read("suite/desk/layouts.yaml");
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
    assert_eq!(text.replace("\r\n", "\n"), fs::read_to_string(data("blessed/layouts.yaml")).unwrap());
}

#[test]
fn updated_steps_pass_in_the_next_run() {
    let sandbox = sandbox();
    let names =
        ["status", "in-braces", "block", "dashes", "text", "quoted", "header-gone", "cookie", "emptied"];
    let ids: Vec<String> = names.iter().map(|name| format!("desk/layouts::{name}")).collect();
    let filters: Vec<&str> = ids.iter().flat_map(|id| ["--filter", id.as_str()]).collect();
    assert_eq!(bless(&sandbox, &filters).code, Some(1));
    let again = bless(&sandbox, &filters);
    assert_eq!(again.code, Some(0), "{}", again.stdout);
    assert!(again.stdout.ends_with("nothing to update: the responses are as expected\n"));
}

#[test]
fn updates_shared_lines_if_all_steps_are_selected_and_agree() {
    let sandbox = sandbox();
    let finished = bless(&sandbox, &["--filter", "shared", "--filter", "other"]);
    is_golden("shared.txt", &finished.stdout);
    is_golden("shared.yaml", &sandbox.read("suite/desk/shared.yaml"));
    is_golden("hello.yaml", &sandbox.read("suite/sequences/hello.yaml"));
}

#[test]
fn keeps_lines_that_unselected_rows_or_uses_share() {
    let sandbox = sandbox();
    let finished = bless(&sandbox, &["--filter", "agreed[a]", "--filter", "shared::hello"]);
    let left = "these lines define 2 steps; all of them must be selected and get a response (now: 1)";
    assert_eq!(finished.stdout.matches(left).count(), 2, "{}", finished.stdout);
    assert_eq!(
        sandbox.read("suite/desk/shared.yaml"),
        fs::read_to_string(data("suites/blessed/desk/shared.yaml")).unwrap()
    );
}

#[test]
fn keeps_expectations_of_unselected_steps() {
    let sandbox = sandbox();
    bless(&sandbox, &["--filter", "layouts::block"]);
    let (before, after) = (
        fs::read_to_string(data("suites/blessed/desk/layouts.yaml")).unwrap(),
        sandbox.read("suite/desk/layouts.yaml"),
    );
    let block = |text: &str| {
        let (head, rest) = text.split_once("  - id: block").unwrap();
        (head.to_owned(), rest.split_once("  - id: dashes").unwrap().1.to_owned())
    };
    assert_ne!(before, after);
    assert_eq!(block(&before), block(&after));
}

#[test]
fn bless_requires_a_filter() {
    let finished = bless(&sandbox(), &[]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    assert!(finished.stderr.starts_with("error: --bless needs --filter"), "{}", finished.stderr);
}

#[test]
fn refuses_to_change_the_built_in_suite() {
    let sandbox = sandbox();
    let finished = sandbox.run(&[&["run", "--bless", "--filter", "7-login"], ECHO].concat());
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("cannot update the built-in suite"), "{}", finished.stderr);
}

#[test]
fn refuses_files_that_changed_during_the_run() {
    let (sandbox, file) = with_step("curl http://desk.example/touch -H 'X-Touch:FILE'", "{status: 201}");
    let scenario = sandbox.read(file).replace("FILE", &sandbox.path(file).display().to_string());
    sandbox.write(file, &scenario);
    let finished = bless(&sandbox, &["--filter", "one::only"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    let said = "error: nothing was rewritten: ../suite/desk/one.yaml has changed since the run began; run it again\n";
    assert_eq!(finished.stderr, said);
    assert_eq!(sandbox.read(file), format!("{scenario}# somebody else\n"));
}

#[test]
fn refuses_edits_with_which_the_suite_does_not_load() {
    let (sandbox, file) = with_step("curl http://desk.example/touch -H 'X-Touch:FILE'", "{status: 201}");
    let new = sandbox.path("suite/desk/new.yaml").display().to_string();
    let scenario = sandbox.read(file).replace("FILE", &new);
    sandbox.write(file, &scenario);
    let finished = bless(&sandbox, &["--filter", "one::only"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    let said = "error: nothing was rewritten: the suite would no longer load: ";
    assert!(finished.stderr.starts_with(said) && finished.stderr.contains("new.yaml"), "{}", finished.stderr);
    assert_eq!(sandbox.read(file), scenario);
}

#[test]
fn refuses_read_only_files() {
    let (sandbox, file) = with_step("curl http://desk.example/404", "{status: 200}");
    fs::set_permissions(sandbox.path(file), fs::Permissions::from_mode(0o444)).unwrap();
    let before = sandbox.read(file);
    let finished = bless(&sandbox, &["--filter", "one::only", "--filter", "layouts::status"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert_eq!(finished.stderr, "error: nothing was rewritten: ../suite/desk/one.yaml is read-only\n");
    assert_eq!(sandbox.read(file), before);
    let other = sandbox.read("suite/desk/layouts.yaml");
    assert_eq!(other, fs::read_to_string(data("suites/blessed/desk/layouts.yaml")).unwrap(), "all or none");
}

#[test]
fn keeps_symbolic_links_and_file_modes() {
    let (sandbox, file) = with_step("curl http://desk.example/404", "{status: 200}");
    fs::rename(sandbox.path(file), sandbox.path("suite/.elsewhere.yaml")).unwrap();
    fs::set_permissions(sandbox.path("suite/.elsewhere.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink(sandbox.path("suite/.elsewhere.yaml"), sandbox.path(file)).unwrap();
    bless(&sandbox, &["--filter", "one::only"]);
    assert!(sandbox.path(file).is_symlink());
    assert!(sandbox.read("suite/.elsewhere.yaml").contains("status: 404"));
    assert_eq!(
        fs::metadata(sandbox.path("suite/.elsewhere.yaml")).unwrap().permissions().mode() & 0o777,
        0o640
    );
    let temporary =
        fs::read_dir(sandbox.path("suite/desk")).unwrap().chain(fs::read_dir(sandbox.path("suite")).unwrap());
    let names = temporary.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.starts_with(".bless")), "a temporary file is left");
}

#[test]
fn keeps_hard_links() {
    let (sandbox, file) = with_step("curl http://desk.example/404", "{status: 200}");
    fs::hard_link(sandbox.path(file), sandbox.path("copy.yaml")).unwrap();
    bless(&sandbox, &["--filter", "one::only"]);
    assert_eq!(fs::metadata(sandbox.path(file)).unwrap().nlink(), 2);
    assert!(sandbox.read("copy.yaml").contains("status: 404"));
}

#[test]
fn writes_matchers_for_values_that_the_target_generates() {
    let received = r#"{"expiration":"2026-11-30T04:32:50.6Z","uptime":"361ms","id":"cf3ddee1-ff24-49e4-a40b-2540333fe992","took":12.5,"born":"1990-01-01","at":[{"created_at":1796036400}],"name":"Bo"}"#;
    let literal = "{expiration: '2025-01-01T00:00:00Z', uptime: 20ms, id: x, took: 11, born: 1990-01-02, at: [], name: Al}";
    let block = "\n      json:\n        expiration: '2025-01-01T00:00:00Z'\n        uptime: 20ms\n        id: x\n        took: 11\n        born: 1990-01-02\n        at: []\n        name: Al";
    for (expect, written) in [
        (
            format!("{{json: {literal}}}"),
            "{expiration: !datetime , uptime: !string , id: !uuid , took: !number , born: 1990-01-01, at: [{created_at: !integer }], name: Bo}",
        ),
        (
            block.to_owned(),
            "\n        expiration: !datetime\n        uptime: !string\n        id: !uuid\n        took: !number\n        born: 1990-01-01\n        at:\n          - created_at: !integer\n        name: Bo",
        ),
        (
            "{json: 1}".to_owned(),
            r#"{at: [{created_at: !integer }], born: "1990-01-01", expiration: !datetime , id: !uuid , name: Bo, took: !number , uptime: !string }"#,
        ),
    ] {
        // The values come from a file, as from the memory of a server: no line of the scenario has them.
        let (sandbox, file) =
            with_step("curl http://desk.example/200 -d @body.json -H X-Born:1990-01-01", &expect);
        sandbox.write("suite/desk/body.json", received);
        let finished = bless(&sandbox, &["--filter", "one::only"]);
        let text = sandbox.read(file);
        assert!(text.contains(written), "{text}{finished:?}");
        assert_eq!(bless(&sandbox, &["--filter", "one::only"]).code, Some(0), "{text}");
    }
}

#[test]
fn interrupted_run_changes_nothing() {
    let (sandbox, file) = with_step("curl http://desk.example/slow", "{status: 201}");
    let before = sandbox.read("suite/desk/layouts.yaml");
    let arguments =
        ["run", "--suite", "../suite", "--bless", "--filter", "layouts::status", "--filter", "one::only"];
    let mut started = sandbox.start(&[&arguments, ECHO].concat());
    sandbox.await_file("slow");
    started.signal(Signal::INT);
    let finished = started.wait();
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert!(finished.stderr.contains("nothing was updated: the run was interrupted"), "{}", finished.stderr);
    assert_eq!(sandbox.read("suite/desk/layouts.yaml"), before);
    assert!(sandbox.read(file).contains("status: 201"));
}

#[test]
fn writes_secrets_only_with_show_secrets() {
    let sandbox = sandbox();
    bless(&sandbox, &["--filter", "layouts::secret", "--show-secrets"]);
    let line = "json: {password: new one, name: correct horse, b: 1}";
    assert!(sandbox.read("suite/desk/layouts.yaml").contains(line));
}

#[test]
fn keeps_cleanup_steps_that_are_not_selected() {
    let (sandbox, file) = with_step("curl http://desk.example/404", "{status: 200}");
    let cleanup = "cleanup:\n  - id: after\n    title: it is cleaned up\n    request: curl http://desk.example/405\n    expect: {status: 200}\n";
    sandbox.write(file, &(sandbox.read(file) + cleanup));
    bless(&sandbox, &["--filter", "one::only"]);
    let text = sandbox.read(file);
    assert!(text.contains("{status: 404}") && text.ends_with("{status: 200}\n"), "{text}");
}

#[test]
fn inserting_and_removing_list_elements_keeps_the_other_elements() {
    let sandbox = sandbox();
    let finished = bless(&sandbox, &["--filter", "lists"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    is_golden("lists.yaml", &sandbox.read("suite/desk/lists.yaml"));
    is_golden("lists.txt", &finished.stdout);
    let again = bless(&sandbox, &["--filter", "lists"]);
    assert!(again.stdout.ends_with("nothing was updated\n"), "{}", again.stdout);
    is_golden("lists.yaml", &sandbox.read("suite/desk/lists.yaml"));
}

#[test]
fn updates_lists_without_indentation() {
    for (answer, before, after) in [
        (
            r#"[{"id":0},{"id":1},{"id":3}]"#,
            "- {id: 0}\n      - {id: 1}",
            "- {id: 0}\n      - {id: 1}\n      - {id: 3}",
        ),
        ("[[1],[2,3]]", "- [1]\n      - [2]", "- [1]\n      - [2, 3]"),
        (r#"["a","b"]"#, "-\n      - b", "- a\n      - b"),
        ("[7]", "-   \n      - 7", "- 7"),
        (r#""x""#, "- {id: 0}\n      - {id: 1}", "x"),
    ] {
        let request = format!("|-\n      curl http://desk.example/200 -d '{answer}'");
        let (sandbox, file) = with_step(&request, &format!("\n      json:\n      {before}"));
        bless(&sandbox, &["--filter", "one::only"]);
        let text = sandbox.read(file);
        let written = text.split_once("json:").unwrap().1.trim();
        assert_eq!(written, after, "{text}");
    }
}
