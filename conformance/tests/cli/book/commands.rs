//! Commands of the book.

use std::fs;
use std::path::Path;

use regex::Regex;

use super::{help, page, pages, repository};
use crate::golden;
use crate::program::conformance_in;
use crate::sandbox::Sandbox;

#[test]
fn commands_of_the_book_work_as_shown() {
    let only = std::env::var("PAGE").ok();
    let chosen = |page: &Path| only.as_ref().is_none_or(|only| page.ends_with(format!("{only}.md")));
    let mut wrong = Vec::new();
    let mut commands = 0;
    // The commands of the README are those of the tutorials.
    let pages = pages().into_iter().filter(|page| page.parent().unwrap().ends_with("docs"));
    for page in pages.filter(|page| chosen(page)) {
        match page::play(&page) {
            Ok(played) => commands += played,
            Err(error) => wrong.push(error),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(only.is_some() || commands > 40, "{commands}");
}

/// Also of those that are not run, such as `conformance run --isolate` in a sentence.
#[test]
fn every_flag_that_the_book_names_exists() {
    let command = Regex::new(r"\bconformance ([a-z]+)((?:\\\n|[^`\n|#])*)").unwrap();
    let flag = Regex::new(r"(?:^|[\s\[])(--[a-z][a-z0-9-]*|-[a-z])\b").unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for found in command.captures_iter(&text) {
            let help = help(&found[1]);
            // After `--` comes the command of the target, after `curl` a request.
            let arguments = found[2].split(" -- ").next().unwrap_or_default();
            let arguments = arguments.split("curl ").next().unwrap_or_default();
            for flag in flag.captures_iter(arguments) {
                seen += 1;
                if !Regex::new(&format!(r"(^|[\s,]){}\b", &flag[1])).unwrap().is_match(&help) {
                    wrong.push(format!("{}: conformance {} {}", page.display(), &found[1], &flag[1]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 50, "{seen}");
}

#[test]
fn page_of_commands_is_what_the_program_prints() {
    let whole = conformance_in(Path::new("."), &["--help"]).stdout;
    let listed = whole.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
    let names = listed
        .lines()
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next());
    let mut text = String::from(
        "# Commands and flags\n\nWhat `conformance --help` and `conformance help COMMAND` print. A test compares this page with the program.\n\n",
    );
    text += &format!("```text\n{}\n```\n", whole.trim_end());
    for name in names.filter(|name| *name != "help") {
        text += &format!("\n## {name}\n\n```text\n{}\n```\n", help(name).trim_end());
    }
    if let Err(difference) = golden::compare(&repository("docs/commands.md"), &text) {
        panic!("{difference}\n\nBLESS=1 writes the page again");
    }
}

#[test]
fn picture_of_the_terminal_is_current() {
    let sandbox = Sandbox::python().with("FAULT", "logout-deletes-nothing");
    let finished = sandbox.run(&["run", "--filter", "session/8-logout", "--", "python3", "server.py"]);
    let shown = fs::read_to_string(repository("docs/terminal.txt")).unwrap();
    assert_eq!(
        golden::without_port(&finished.stdout),
        golden::without_port(&shown),
        "`make pictures` makes it again"
    );
}
