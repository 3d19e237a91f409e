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
    let rows: Vec<&str> = finished.stdout.lines().skip(2).take(4).collect();
    assert!(rows[0].contains("1  ada") && rows[0].contains("MUST 4/4"), "{}", finished.stdout);
    assert!(rows[1].contains("2  ben b") && rows[1].contains("MUST 3/4"), "{}", finished.stdout);
    assert!(
        rows[2].contains("3  cy") && rows[2].contains("cannot be used: ModuleNotFoundError: "),
        "{}",
        finished.stdout
    );
    assert!(rows[2].contains("ModuleNotFoundError"), "{}", finished.stdout);
    assert!(rows[3].contains("4  dee") && rows[3].contains("MUST 4/4"), "{}", finished.stdout);
    assert!(!finished.stdout.contains("hidden") && !finished.stdout.contains("empty"), "{}", finished.stdout);
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
    assert!(table.contains("HALF-1.1       MUST       0  ✓  ?  ?  ✓"), "{table}");
    let skipped = run(&sandbox, &["--filter", "5-apart", "--", "python3", "desk.py"]);
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

#[test]
fn reports_a_folder_without_implementations() {
    let sandbox = Sandbox::odd();
    let finished =
        sandbox.run(&["run", "--suite", "../suite", "--each", "no-such", "--", "python3", "desk.py"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("the folder no-such cannot be read"), "{}", finished.stderr);
}
