//! Manual pages and help.

use std::fs;
use std::path::Path;

use regex::Regex;

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

/// Returns the block of environment variables in the help of a command.
fn environment(arguments: &[&str]) -> String {
    let help = conformance_in(Path::new("."), arguments).stdout;
    assert_eq!(help.matches("\nEnvironment:\n").count(), 1, "{help}");
    help.split("\nEnvironment:\n").nth(1).unwrap().to_owned()
}

#[test]
fn help_lists_the_environment_variables() {
    let all = environment(&["--help"]);
    let run = environment(&["run", "--help"]);
    for name in ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TERM", "PATH", "TMPDIR"] {
        for (help, page) in [(&all, page(None)), (&run, page(Some("run")))] {
            assert!(help.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name}: {help}");
            assert!(page.contains(&format!("\\fB{name}\\fR")), "{name}: {page}");
        }
    }
    assert!(all.contains("HTTPS_PROXY") && !run.contains("HTTPS_PROXY"), "{all}{run}");
    assert!(!conformance_in(Path::new("."), &["run", "-h"]).stdout.contains("Environment:"));
}

#[test]
fn help_lists_every_environment_variable_that_the_code_reads() {
    /// Only for a suite that runs as Rust tests.
    const OF_THE_LIBRARY: [&str; 2] = ["CONFORMANCE_TARGET", "CONFORMANCE_PROFILE"];
    let variable = Regex::new(r#"\b(?:var|var_os|value)\("([A-Z][A-Z0-9_]+)"\)"#).unwrap();
    let help = environment(&["--help"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    let mut folders = ["src", "engine/src", "suite/src", "report/src", "convert/src", "openapi/src"]
        .map(|folder| root.join(folder))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.ends_with("tests.rs") {
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            for found in variable.captures_iter(code).filter(|found| !OF_THE_LIBRARY.contains(&&found[1])) {
                seen += 1;
                assert!(help.contains(&found[1]), "{}: {}", path.display(), &found[1]);
            }
        }
    }
    assert!(seen > 5, "{seen}");
}
