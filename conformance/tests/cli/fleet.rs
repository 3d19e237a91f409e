//! `--each`: several implementations, one row for each folder.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::program::{Finished, data};
use crate::sandbox::Sandbox;

/// A folder of implementations: a conforming one; a failing one whose folder name has a space; one that cannot start;
/// one without write permission; an empty one.
fn fleet() -> Sandbox {
    let sandbox = Sandbox::odd();
    let odd = fs::read_to_string(data("targets/odd.py")).unwrap();
    for (folder, mood) in
        [("ada", "fine"), ("ben b", "unpainted"), ("cy", "lacks"), ("dee", "fine"), (".hidden", "fine")]
    {
        let folder = sandbox.path("implementation").join(folder);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("desk.py"), odd.replacen("else \"fine\"", &format!("else \"{mood}\""), 1))
            .unwrap();
    }
    fs::create_dir(sandbox.path("implementation/empty")).unwrap();
    fs::set_permissions(sandbox.path("implementation/dee"), fs::Permissions::from_mode(0o555)).unwrap();
    sandbox
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Finished {
    let each = ["run", "--suite", "../suite", "--each", ".", "--keep", "../kept"];
    let finished = sandbox.run(&[&each, arguments].concat());
    fs::set_permissions(sandbox.path("implementation/dee"), fs::Permissions::from_mode(0o755)).unwrap();
    finished
}

#[test]
fn each_implementation_folder_is_a_row() {
    let sandbox = fleet();
    let finished = run(&sandbox, &["--", "python3", "desk.py"]);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    let rows: Vec<&str> = finished.stdout.lines().skip(2).take(5).collect();
    assert!(rows[0].contains("1  ada") && rows[0].contains("MUST 4/4"), "{}", finished.stdout);
    assert!(rows[1].contains("2  ben b") && rows[1].contains("MUST 3/4"), "{}", finished.stdout);
    assert!(
        rows[2].contains("3  cy") && rows[2].contains("cannot be used: ModuleNotFoundError: "),
        "{}",
        finished.stdout
    );
    assert!(rows[2].contains("ModuleNotFoundError"), "{}", finished.stdout);
    assert!(rows[3].contains("4  dee") && rows[3].contains("MUST 4/4"), "{}", finished.stdout);
    assert!(
        rows[4].contains("5  empty") && rows[4].contains("cannot be used: handed in nothing"),
        "{}",
        finished.stdout
    );
    assert!(!finished.stdout.contains("hidden"), "{}", finished.stdout);
    let results = sandbox.read("kept/results.csv");
    let rows: Vec<&str> = results.lines().collect();
    assert!(
        rows[0].starts_with("implementation,result,reason,must passed,must tested,")
            && rows[0].contains(",HALF-4.1")
    );
    assert!(
        rows[1].starts_with("ada,conforms,,4,4,") && rows[2].starts_with("ben b,does not conform,,3,4,"),
        "{results}"
    );
    assert!(rows[5].starts_with("empty,unusable,handed in nothing,"), "{results}");
    assert!(sandbox.read("kept/grades.csv").contains("\nempty,0,4,0,unusable,handed in nothing\n"));
}

#[test]
fn each_writes_a_report_for_compare() {
    let sandbox = fleet();
    run(&sandbox, &["--", "python3", "desk.py"]);
    let kept = ["../kept/ada.jsonl", "../kept/ben b.jsonl", "../kept/cy.jsonl"];
    let compared = sandbox.run(&[&["compare"], &kept[..]].concat());
    assert_eq!(compared.code, Some(0), "{}", compared.stderr);
    let row = compared.stdout.lines().find(|line| line.starts_with("HALF-4.1")).unwrap();
    assert!(row.contains("MUST       1  ✓  ✕  ?"), "{row}");
}

#[test]
fn distinguishes_inconclusive_from_unusable_members() {
    let sandbox = fleet();
    sandbox.write(
        "suite/desk/7-colour.yaml",
        "format: 1\ntitle: The colour\nprofile: left\nsteps:\n\
         \x20 - {id: paint, title: it has one, request: {path: /paint}, capture: {open: {json: /open}}}\n\
         \x20 - {id: door, title: the left half answers, covers: [HALF-1.1], request: {path: '/left?${open}'}, \
         expect: {status: 200}}\n",
    );
    let finished = run(&sandbox, &["--filter", "7-colour::door", "--", "python3", "desk.py"]);
    let row = |name: &str| finished.stdout.lines().find(|line| line.contains(name)).unwrap_or_default();
    let undecided =
        "inconclusive: step `paint` did not capture `open`: JSON member `/open` is missing in the body";
    assert!(row("  ben b").contains(undecided), "{}", finished.stdout);
    assert!(row("  cy").contains("cannot be used: ModuleNotFoundError: "), "{}", finished.stdout);
    assert!(row("  ada").contains("MUST 1/1"), "{}", finished.stdout);
    let table = finished.stdout.split_once("no requirement fails\n\ninconclusive").unwrap().1;
    assert!(table.contains("HALF-1.1       MUST       0  ✓  ?  ?  ✓  ?"), "{table}");
    let skipped = run(&sandbox, &["--force", "--filter", "5-apart", "--", "python3", "desk.py"]);
    assert_eq!(skipped.stdout.matches("no requirement was tested").count(), 4, "{}", skipped.stdout);
}

#[test]
fn a_failed_build_is_the_reason_in_its_row() {
    let sandbox = fleet();
    fs::write(sandbox.path("implementation/ben b/requirements.txt"), "no-such-package-anywhere").unwrap();
    let build = "sh -c 'if [ -f requirements.txt ]; then echo ERROR: no such package; exit 1; fi'";
    let file = format!("format: 1\ntitle: a desk\nbuild: {build:?}\ncommand: python3 desk.py\n");
    sandbox.write("target.yaml", &file);
    let finished = run(&sandbox, &["--target", "../target.yaml"]);
    let row = finished.stdout.lines().find(|line| line.contains("ben b")).unwrap();
    assert!(row.contains("cannot be used: the build command"), "{row}");
    assert!(row.contains("exited with status 1: ERROR: no such package"), "{row}");
    assert!(finished.stdout.contains("1  ada"), "{}", finished.stdout);
}

#[test]
fn a_hanging_member_does_not_stop_the_next_ones() {
    let sandbox = fleet();
    let odd = fs::read_to_string(data("targets/odd.py")).unwrap();
    for (folder, mood) in [("a never answers", "hangs"), ("b answers once", "stalls")] {
        let folder = sandbox.path("implementation").join(folder);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("desk.py"), odd.replacen("else \"fine\"", &format!("else \"{mood}\""), 1))
            .unwrap();
    }
    sandbox.write("target.yaml", "format: 1\ntitle: a desk\ncommand: python3 desk.py\nstart: 3s\n");
    let finished = run(&sandbox, &["--target", "../target.yaml", "--timeout", "1s"]);
    let row = |name: &str| finished.stdout.lines().find(|line| line.contains(name)).unwrap_or_default();
    let never = row("  a never answers");
    assert!(
        never.contains("cannot be used: the target sent no HTTP response on $DESK_PORT within 3s"),
        "{}",
        finished.stdout
    );
    assert!(row("  b answers once").contains("MUST 0/4"), "{}", finished.stdout);
    assert!(row("  ada").contains("MUST 4/4"), "{}", finished.stdout);
    assert!(finished.stdout.contains("dee"), "{}", finished.stdout);
}

/// Each implementation has the requested reports; the table links to its page.
#[test]
fn each_implementation_has_its_own_reports() {
    let sandbox = fleet();
    let reports = [
        "--report=html=../pages/{name}/index.html",
        "--report=junit=../{name}.xml",
        "--report=gradescope=../{name}.json",
    ];
    run(&sandbox, &[&reports[..], &["--", "python3", "desk.py"]].concat());
    for name in ["ada", "ben b", "cy", "empty"] {
        let page = sandbox.read(&format!("pages/{name}/index.html"));
        assert!(page.contains(&format!("<h1>{name}</h1>")), "{name}");
        assert!(sandbox.read(&format!("{name}.xml")).contains("<testsuites"));
    }
    assert!(sandbox.read("pages/empty/index.html").contains("handed in nothing"));
    let table = sandbox.read("kept/index.html");
    assert!(table.contains("href=\"../pages/ben%20b/index.html\""));
    let graded: serde_json::Value = serde_json::from_str(&sandbox.read("ben b.json")).unwrap();
    assert_eq!((graded["score"].as_f64(), graded["tests"].as_array().unwrap().len()), (Some(3.0), 4));
}

#[test]
fn a_report_of_each_needs_the_name_in_its_path() {
    let sandbox = fleet();
    let refused = run(&sandbox, &["--report=html=../all.html", "--", "python3", "desk.py"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("html=../all.html would be overwritten by each implementation"),
        "{refused:?}"
    );
    assert!(refused.stderr.contains("put {name} into the path"), "{refused:?}");
    assert!(!sandbox.path("kept").exists());
}

#[test]
fn earlier_reports_are_replaced_only_with_force() {
    let sandbox = fleet();
    let page = "--report=html=../{name}.html";
    run(&sandbox, &[page, "--", "python3", "desk.py"]);
    sandbox.write("kept/notes.jsonl", "mine\n");
    let before = sandbox.read("kept/ada.jsonl");
    let refused = run(&sandbox, &["--", "python3", "desk.py"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("an earlier run has written ../kept/ada.jsonl"), "{refused:?}");
    assert_eq!(sandbox.read("kept/ada.jsonl"), before);
    let other =
        ["run", "--suite", "../suite", "--each", ".", "--keep", "../other", page, "--", "python3", "desk.py"];
    let refused = sandbox.run(&other);
    assert!(refused.stderr.contains("an earlier run has written ../ada.html"), "{refused:?}");
    fs::rename(sandbox.path("implementation/cy"), sandbox.path("cy")).unwrap();
    let finished = run(&sandbox, &["--force", "--", "python3", "desk.py"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(!sandbox.path("kept/cy.jsonl").exists(), "a row of a folder that is gone");
    assert_eq!(sandbox.read("kept/notes.jsonl"), "mine\n");
}

/// Writes zip files with the library of Python: files, a folder around them, and what a stranger could try.
const ZIP: &str = r#"
import sys, zipfile
code = open("ada/desk.py").read()
def zip(name, *entries):
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as out:
        for entry, text in entries:
            out.writestr(entry, text)
link = zipfile.ZipInfo("desk.py")
link.create_system, link.external_attr = 3, 0o120777 << 16
zip("flat.zip", ("desk.py", code))
zip("folder.zip", ("work-main/desk.py", code), ("__MACOSX/._desk.py", "x"))
zip("link.zip", (link, "/etc/passwd"))
zip("outside.zip", ("../desk.py", code))
zip("absolute.zip", ("/tmp/desk.py", code))
zip("bomb.zip", ("desk.py", code), ("big", b"\0" * (600 << 20)))
zip("nothing.zip")
open("torn.zip", "wb").write(open("flat.zip", "rb").read()[:100])
"#;

#[test]
fn zip_files_are_implementations() {
    let sandbox = fleet();
    let folder = sandbox.path("implementation");
    let written =
        std::process::Command::new("python3").current_dir(&folder).args(["-c", ZIP]).status().unwrap();
    assert!(written.success());
    let zips =
        ["run", "--suite", "../suite", "--each", "*.zip", "--keep", "../kept", "--", "python3", "desk.py"];
    let finished = sandbox.run(&zips);
    let row = |name: &str| {
        let row =
            finished.stdout.lines().find(|line| line.contains(&format!("  {name} "))).unwrap_or_default();
        row.to_owned()
    };
    assert!(row("flat").contains("MUST 4/4") && row("folder").contains("MUST 4/4"), "{}", finished.stdout);
    for (name, reason) in [
        ("link", "an entry is a link"),
        ("outside", "an entry leads out of the folder"),
        ("absolute", "an entry has an absolute path"),
        ("bomb", "larger than 512 MiB when unpacked"),
        ("nothing", "handed in nothing"),
        ("torn", "it is not a complete zip file"),
    ] {
        assert!(row(name).contains(reason), "{name}: {}", finished.stdout);
    }
    assert!(!sandbox.path("desk.py").exists() && !std::path::Path::new("/tmp/desk.py").exists());
}

/// Zip files as students name them: a folder around everything, a name that a spreadsheet could run, a path out of the folder.
const HANDED_IN: &str = r#"
import zipfile
code = open("ada/desk.py").read()
for name, entry in [("Jörg Müller (final)", "Abgabe Jörg/desk.py"), ("=1+1", "desk.py"), ("out", "../../desk.py")]:
    with zipfile.ZipFile(name + ".zip", "w") as out:
        out.writestr(entry, code)
"#;

/// From hand-ins to grades and pages with one command, and a site with a second one.
#[test]
fn grades_and_pages_take_two_commands() {
    let sandbox = fleet();
    let folder = sandbox.path("implementation");
    let python = std::process::Command::new("python3").current_dir(folder).args(["-c", HANDED_IN]).status();
    assert!(python.unwrap().success());
    sandbox.write(
        "points.yaml",
        "format: 1\npoints:\n  - {pattern: HALF-*, points: 2}\n  - {clause: 4. Stages, points: 0.5, hidden: true}\n",
    );
    let finished = run(
        &sandbox,
        &[
            "--points=../points.yaml",
            "--report=html=../pages/{name}.html",
            "--report=gradescope=../{name}.json",
            "--",
            "python3",
            "desk.py",
        ],
    );
    assert!(finished.stdout.contains("6 of 6.5 points"), "{}", finished.stdout);
    let grades = sandbox.read("kept/grades.csv");
    for row in [
        "implementation,points,maximum,percent,result,reason",
        "'=1+1,6.5,6.5,100,conforms,",
        "Jörg Müller (final),6.5,6.5,100,conforms,",
        "ada,6.5,6.5,100,conforms,",
        "ben b,6,6.5,92.31,does not conform,",
    ] {
        assert!(grades.lines().any(|line| line == row), "{row}: {grades}");
    }
    let refused = grades.lines().find(|line| line.starts_with("out,0,6.5,0,unusable,")).unwrap();
    assert!(refused.contains("an entry leads out of the folder"), "{refused}");
    // The page has the same maximum.
    assert!(sandbox.read("kept/index.html").contains(">0/6.5</td>"));
    // The text that students read before the due date says nothing about the hidden requirement.
    let results: serde_json::Value = serde_json::from_str(&sandbox.read("ada.json")).unwrap();
    assert!(
        results["output"].as_str().unwrap().ends_with("some results are shown after the due date"),
        "{results}"
    );
    assert!(sandbox.read("pages/ben b.html").contains("<b>6<small>/6.5</small></b> points"));
    let kept = ["../kept/ada.jsonl", "../kept/ben b.jsonl"];
    let site = || sandbox.run(&[&["compare"], &kept[..], &["--site", "../site"]].concat());
    assert_eq!(site().code, Some(0));
    assert!(!sandbox.read("site/index.html").contains("since the last time"));
    fs::copy(sandbox.path("kept/ben b.jsonl"), sandbox.path("site/reports/ada.jsonl")).unwrap();
    assert_eq!(site().code, Some(0));
    let page = sandbox.read("site/index.html");
    assert!(page.contains("since the last time") && page.contains("fixed <span class=\"chip\""), "{page}");
    assert!(
        sandbox.read("site/ada.svg").starts_with("<svg")
            && sandbox.read("site/ada.html").contains("<h1>ada</h1>")
    );
    let left = sandbox.run(&["compare", kept[0], "--site", "../site"]);
    assert!(left.stderr.contains("ben b.html: it has no report now"), "{}", left.stderr);
    let is_there = |file: &str| sandbox.path(file).exists();
    assert!(!is_there("site/ben b.html") && !is_there("site/ben b.svg") && is_there("site/ada.html"));
    assert!(is_there("site/reports/ben b.jsonl"));
}

#[test]
fn reports_a_folder_without_implementations() {
    let sandbox = Sandbox::odd();
    let finished =
        sandbox.run(&["run", "--suite", "../suite", "--each", "no-such", "--", "python3", "desk.py"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("the folder no-such cannot be read"), "{}", finished.stderr);
}
