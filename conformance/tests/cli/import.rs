//! Tests the import of documents: foreign ones, and the transcripts of this project.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fidelity::listener::{Listener, Sent};
use crate::program::{Finished, conformance_in, copy, data, scenarios};
use crate::reference;
use crate::{fidelity, golden};

fn import(folder: &Path, document: &str, more: &[&str]) -> Finished {
    let document = data("documents").join(document);
    let document = document.to_str().unwrap();
    let arguments = [&["import", document, "--out", "suite"], more].concat();
    conformance_in(folder, &arguments)
}

/// Returns the contents of all files of a suite, concatenated.
fn whole(folder: &Path) -> String {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let shown = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        format!("==> {name}\n{}", fs::read_to_string(path).unwrap())
    };
    files.iter().map(shown).collect()
}

#[test]
fn import_writes_a_suite_and_marks_guesses() {
    let folder = tempfile::tempdir().unwrap();
    let finished = import(folder.path(), "library.md", &[]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stdout.contains("8 exchanges imported, 1 command left out"), "{}", finished.stdout);
    assert!(finished.stderr.contains("library.md:55:"), "{}", finished.stderr);
    let golden = golden::compare(&data("documents/library.golden"), &whole(&folder.path().join("suite")));
    golden.unwrap_or_else(|difference| panic!("{difference}"));
}

#[test]
fn imported_suite_passes_without_edits() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(data("documents/desk.py"), folder.path().join("desk.py")).unwrap();
    assert_eq!(import(folder.path(), "library.md", &[]).code, Some(0));
    let finished = conformance_in(folder.path(), &["run", "--suite", "suite", "--", "python3", "desk.py"]);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    assert!(finished.stdout.contains("MUST 2/2"), "{}", finished.stdout);
}

/// Copies the suite of this repository and imports the transcripts of its specification into `imported`.
fn with_transcripts(folder: &Path) -> PathBuf {
    let suite = folder.join("suite");
    copy(&scenarios(), &suite);
    let document = data("specifications/session.md");
    let finished = conformance_in(folder, &["import", document.to_str().unwrap(), "--out", "suite/imported"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let output = "33 exchanges imported, 0 commands left out";
    assert!(finished.stdout.contains(output), "{}", finished.stdout);
    suite
}

/// Runs the imported scenarios against the reference server; returns the failed steps in order, and the output.
fn failing(folder: &Path) -> (Vec<String>, String) {
    let target = reference::target_file(folder);
    let only = ["--suite", "suite", "--filter", "imported/*", "--verbose", "--target"];
    let finished = conformance_in(folder, &[&["run"], &only[..], &[target.to_str().unwrap()]].concat());
    let step = |line: &str| Some(line.strip_prefix("FAIL ")?.split_whitespace().next()?.to_owned());
    let mut failed: Vec<String> = finished.stdout.lines().filter_map(step).collect();
    failed.sort_unstable();
    failed.dedup();
    (failed, finished.stdout)
}

#[test]
fn imported_specification_fails_only_at_marked_places() {
    let folder = tempfile::tempdir().unwrap();
    let suite = with_transcripts(folder.path());
    let (failed, output) = failing(folder.path());
    // Five steps need the session of a login whose e-mail address the document hides.
    assert!(output.contains("steps: 20 pass, 5 blocked, 8 fail"), "{output}");
    for id in &failed {
        let (file, step) = id.split_once("::").unwrap();
        let text = fs::read_to_string(suite.join(file).with_extension("yaml")).unwrap();
        let block = text.split("\n  - ").find(|block| block.starts_with(&format!("id: {step}\n"))).unwrap();
        let (of_the_request, _) = block.split_once("expect:").unwrap();
        assert!(of_the_request.contains("# unsure: "), "{id} is not marked:\n{block}");
    }
}

#[test]
fn imported_specification_passes_once_marked_places_are_filled_in() {
    let folder = tempfile::tempdir().unwrap();
    let suite = with_transcripts(folder.path());
    fill(&suite.join("imported"));
    let (failed, output) = failing(folder.path());
    assert_eq!(failed, ["imported/5-task-5::get-auth-session-login"], "{output}");
    assert!(output.contains("32 pass"), "{output}");
    let text = fs::read_to_string(suite.join("imported/5-task-5.yaml")).unwrap();
    assert!(text.contains("of the document shows status 405 for the same request"), "{text}");
}

/// Fills in the marked places as a reader would: the hidden address, and the session that another program printed.
fn fill(folder: &Path) {
    let hidden = "[email\u{a0}protected]";
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let mut text = fs::read_to_string(&path).unwrap();
        text = text.replacen(
            &format!("-d \"{hidden}\" -d \"password=test\""),
            "-d \"email=nobody@hbtn.io\" -d \"password=test\"",
            1,
        );
        text = text.replace(&format!("-d \"{hidden}\""), "-d \"email=${bobsession.email}\"");
        text = text.replace(
            "_my_session_id=9d1648aa-da79-4692-8236-5f9d7f9e9485",
            "_my_session_id=${output.session_id}",
        );
        text =
            text.replace("User found: cf3ddee1-ff24-49e4-a40b-2540333fe992", "User found: ${output.user_id}");
        if text.contains("${bobsession") && !text.contains("fixtures:") {
            text = text.replace("\n\nsteps:", "\nfixtures: [bobsession]\n\nsteps:");
        }
        fs::write(path, text).unwrap();
    }
}

#[test]
fn import_overwrites_files_only_with_force() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(import(folder.path(), "library.md", &[]).code, Some(0));
    let finished = import(folder.path(), "library.md", &[]);
    assert_eq!(finished.code, Some(2));
    assert!(
        finished.stderr.contains("already exists") && finished.stderr.contains("--force"),
        "{}",
        finished.stderr
    );
    assert_eq!(import(folder.path(), "library.md", &["--force"]).code, Some(0));
}

#[test]
fn imports_har_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let recording = data("documents/recording.har");
    let finished =
        conformance_in(folder.path(), &["import", "--har", recording.to_str().unwrap(), "--out", "suite"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let golden = golden::compare(&data("documents/recording.golden"), &whole(&folder.path().join("suite")));
    golden.unwrap_or_else(|difference| panic!("{difference}"));
}

/// A request as browsers copy it for bash: several lines, with a `#` inside of quotes.
const COPIED: &str = r"curl 'http://desk.example/notes' \
  -X 'PUT' \
  -H $'X-Who: Ann O\'Neil' \
  --data-raw $'{\n\t\'text\': \'it\'s #1\u0021 \xc3\xbc $HOME ${HOME}\\\', |
 # \U0001f600}'";

#[test]
fn curl_commands_copied_from_a_browser_are_sent_as_by_bash() {
    let (folder, listener) = (tempfile::tempdir().unwrap(), Listener::open());
    let document = format!(
        "# Notes\n\n```\n$ {COPIED} \\\n  --compressed # a note\n$ curl http://desk.example/last\n```\n"
    );
    fs::write(folder.path().join("notes.md"), document).unwrap();
    let finished = conformance_in(folder.path(), &["import", "notes.md", "--out", "suite"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let suite = whole(&folder.path().join("suite"));
    assert!(suite.contains("--compressed") && !suite.contains("taken away"), "{suite}");
    assert!(suite.contains("a note") && !suite.contains("variable of the shell"), "{suite}");
    let real =
        fidelity::real(&format!("{COPIED} --compressed"), "http://desk.example", folder.path(), &listener);
    let [real] = real.as_slice() else { panic!("{real:?}") };
    assert!(real.body.contains("it's #1!") && real.body.contains("$HOME ${HOME}"), "{real:?}");
    conformance_in(folder.path(), &["run", &listener.url, "--suite", "suite"]);
    let sent: Vec<Sent> = listener.heard().into_iter().map(Sent::called_curl).collect();
    assert!(sent.iter().any(|sent| sent.is(real)), "{real:?}\n{sent:?}\n{suite}");
}

#[test]
fn rejects_documents_without_sessions_and_files_that_are_not_har() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.md"), "# Notes\n\nNothing.\n").unwrap();
    let finished = conformance_in(folder.path(), &["import", "notes.md", "--out", "suite"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("has no curl command"), "{}", finished.stderr);
    let finished = conformance_in(folder.path(), &["import", "--har", "notes.md", "--out", "suite"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("is not a HAR recording"), "{}", finished.stderr);
    assert!(!folder.path().join("suite").exists());
}

#[test]
fn imports_rst_and_asciidoc_and_marks_dependencies_between_scenarios() {
    for document in ["shelves.rst", "tapes.adoc"] {
        let folder = tempfile::tempdir().unwrap();
        let finished = import(folder.path(), document, &[]);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        let golden = data("documents").join(document).with_extension("golden");
        let text = whole(&folder.path().join("suite"));
        golden::compare(&golden, &text).unwrap_or_else(|difference| panic!("{difference}"));
    }
}

#[test]
fn import_downloads_a_document() {
    let folder = tempfile::tempdir().unwrap();
    let document = fs::read(data("documents/library.md")).unwrap();
    let url = crate::simple::serve(move |path| match path {
        "/docs/library.md?raw=1" => ("200 OK", document.clone()),
        "/binary" => ("200 OK", vec![0xff, 0xfe]),
        "/huge" => ("200 OK", vec![b'a'; 17 * 1024 * 1024]),
        _ => ("404 Not Found", b"no".to_vec()),
    });
    let import =
        |path: &str| conformance_in(folder.path(), &["import", &format!("{url}{path}"), "--out", "suite"]);
    for (path, message) in [
        ("/missing", "cannot be downloaded: the server returned 404 Not Found"),
        ("/binary", "is not UTF-8"),
        ("/huge", "it is larger than 16 MiB"),
    ] {
        let finished = import(path);
        assert_eq!(finished.code, Some(2), "{}", finished.stderr);
        assert!(finished.stderr.contains(message), "{}", finished.stderr);
        assert!(!folder.path().join("suite").exists());
    }
    let nobody = crate::program::unused_port();
    let finished = conformance_in(
        folder.path(),
        &["import", &format!("http://127.0.0.1:{nobody}/a.md"), "--out", "suite"],
    );
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("cannot be downloaded: Connection refused"), "{}", finished.stderr);
    let finished = import("/docs/library.md?raw=1");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let scenario = fs::read_dir(folder.path().join("suite")).unwrap().count();
    assert!(scenario >= 3, "{scenario}");
    let manifest = fs::read_to_string(folder.path().join("suite/suite.yaml")).unwrap();
    assert!(manifest.contains("library"), "{manifest}");
}

#[test]
fn import_adds_a_second_document_to_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, path: &str| {
        let text = format!("## List\n\n```\n$ curl -H \"A: $TOKEN\" http://h.test/{path}\nok\n```\n");
        fs::write(folder.path().join(name), text).unwrap();
        conformance_in(folder.path(), &["import", name, "--out", "suite"])
    };
    assert_eq!(write("a.md", "a").code, Some(0));
    let finished = write("b.md", "b");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stdout.contains("added to requirements.yaml"), "{}", finished.stdout);
    let suite = whole(&folder.path().join("suite"));
    assert!(
        suite.contains("list-2.yaml") && suite.contains("covers: [B-1]") && suite.contains("- id: B-1"),
        "{suite}"
    );
    assert_eq!(suite.matches("token: {env: TOKEN, secret: true}").count(), 1, "{suite}");
    let text = "## Metrics\n\n```\n$ curl http://h.test:81/metrics\n$ curl http://h.test/a\n```\n";
    fs::write(folder.path().join("c.md"), text).unwrap();
    let finished = conformance_in(folder.path(), &["import", "c.md", "--out", "suite"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let suite = whole(&folder.path().join("suite"));
    assert!(suite.contains("origins:\n  h: http://h.test:81\n"), "{suite}");
    let finished = conformance_in(folder.path(), &["coverage", "--suite", "suite", "--spec", "c.md"]);
    assert!(finished.stdout.ends_with("c.md: none of 2 exchanges without a step\n"), "{}", finished.stdout);
}

#[test]
fn import_and_coverage_recognize_a_description() {
    let folder = tempfile::tempdir().unwrap();
    let text = "openapi: 3.0.3\ninfo: {title: x, version: '1'}\nservers: [{url: 'http://h.test'}]\npaths:\n  /a:\n    get:\n      responses: {'200': {description: ok}}\n";
    fs::write(folder.path().join("api.yaml"), text).unwrap();
    let finished = conformance_in(folder.path(), &["import", "api.yaml", "--out", "suite"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stdout.contains("1 exchange imported"), "{}", finished.stdout);
    let finished = conformance_in(folder.path(), &["coverage", "--suite", "suite", "--spec", "api.yaml"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stdout.contains("operations"), "{}", finished.stdout);
}

#[test]
fn import_summarizes_equal_remarks_and_what_was_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Use `curl http://h.test/x`.\n\n```\n$ curl http://h.test/a\n$ curl http://h.test/b\n$ curl https://get.other.io/c\n$ curl https://get.other.io/d\n```\n";
    fs::write(folder.path().join("a.md"), text).unwrap();
    let finished = conformance_in(folder.path(), &["import", "a.md", "--out", "suite"]);
    assert!(
        finished.stdout.contains("the document does not print the status (2 places)"),
        "{}",
        finished.stdout
    );
    assert!(
        finished.stdout.contains("not read: 1 mention of a curl command outside of code, in line 1"),
        "{}",
        finished.stdout
    );
    assert!(finished.stderr.contains("the same reason in 1 other command: line 7"), "{}", finished.stderr);
}
