//! Manual pages and help.

use std::path::Path;

use crate::program::conformance_in;

fn page(command: Option<&str>) -> String {
    let arguments: Vec<&str> = ["man"].into_iter().chain(command).collect();
    let finished = conformance_in(Path::new("."), &arguments);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    finished.stdout
}

#[test]
fn manual_pages_have_examples_exit_status_environment_and_files() {
    let commands =
        [None, Some("run"), Some("list"), Some("check"), Some("coverage"), Some("import"), Some("export")];
    for command in commands {
        let page = page(command);
        for section in ["EXAMPLES", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES"] {
            assert_eq!(page.matches(&format!(".SH {section}\n")).count(), 1, "{command:?} {section}: {page}");
        }
        assert!(!page.contains(".SH EXTRA"), "{page}");
    }
    assert!(page(Some("run")).contains("\\fB3\\fR\ninconclusive"));
    assert!(!page(Some("record")).contains(".SH FILES"));
}

#[test]
fn unknown_command_of_man_suggests_a_similar_one() {
    let finished = conformance_in(Path::new("."), &["man", "rum"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("unknown command `rum`"), "{}", finished.stderr);
    assert!(finished.stderr.contains("`run`"), "{}", finished.stderr);
}

#[test]
fn example_commands_of_the_help_are_valid() {
    let help = conformance_in(Path::new("."), &["help", "seed"]);
    assert!(help.stdout.contains("--format curl"), "{}", help.stdout);
    let seed = conformance_in(Path::new("."), &["seed", "--format", "curl"]);
    assert_eq!(seed.code, Some(0), "{}", seed.stderr);
}
