//! Manual pages: what clap writes, and the sections EXAMPLES, EXIT STATUS, ENVIRONMENT and FILES.

use clap::Command;
use clap::builder::Resettable;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::help::{ENVIRONMENT, Entry, concerns};

const FILES: &[Entry] = &[
    (
        "suite.yaml, requirements.yaml",
        "The manifest and the requirements of a suite; its scenarios are in folders next to them.",
        &["run", "list", "check", "coverage", "seed", "import", "export"],
    ),
    ("target.yaml", "A target file (--target): how to start an implementation. The name is free.", &["run"]),
    ("deviations.yaml", "Known failures (--deviations). The name is free.", &["run"]),
    (
        "conformance-reports/",
        "The reports of --each, one JSON Lines file for each implementation; --keep names another folder.",
        &["run"],
    ),
];

/// Exit codes of commands whose help lists none.
const EXIT_CODES: &str = "\
  0   success
  2   a file or a flag is invalid; nothing was written
  70  an internal error";

/// Returns the manual page of the program or of a command; `name` is the command's name, if it is one.
pub(super) fn page(title: &str, name: Option<&str>, command: Command) -> String {
    let help = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
    let help = help.unwrap_or_default();
    let man = Man::new(command.after_help(Resettable::Reset).after_long_help(Resettable::Reset))
        .title(title.to_owned());
    let mut roff = Vec::new();
    // Writing to memory cannot fail.
    man.render(&mut roff).ok();
    let examples = section(&help, "Examples:");
    let mut more = Roff::new();
    if !examples.is_empty() {
        more.control("SH", ["EXAMPLES"]).control("nf", []).text([roman(examples)]).control("fi", []);
    }
    exit_status(&help, &mut more);
    entry_list("ENVIRONMENT", ENVIRONMENT, name, &mut more);
    entry_list("FILES", FILES, name, &mut more);
    more.to_writer(&mut roff).ok();
    String::from_utf8_lossy(&roff).into_owned()
}

/// Returns the indented lines of the help below a heading.
fn section(help: &str, heading: &str) -> String {
    let lines = help.lines().skip_while(|line| *line != heading).skip(1);
    lines.take_while(|line| line.starts_with("  ")).collect::<Vec<_>>().join("\n")
}

fn exit_status(help: &str, roff: &mut Roff) {
    let own = section(help, "Exit codes:");
    roff.control("SH", ["EXIT STATUS"]);
    for line in if own.is_empty() { EXIT_CODES } else { &own }.lines() {
        let (code, meaning) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        roff.control("TP", []).text([bold(code)]).text([roman(meaning.trim())]);
    }
}

fn entry_list(heading: &str, entries: &[Entry], command: Option<&str>, roff: &mut Roff) {
    let mut entries = entries.iter().filter(|entry| concerns(entry, command)).peekable();
    if entries.peek().is_some() {
        roff.control("SH", [heading]);
    }
    for (name, text, _) in entries {
        roff.control("TP", []).text([bold(*name)]).text([roman(*text)]);
    }
}
