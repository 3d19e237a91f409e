//! Tests the output on a terminal: progress line, report, colours and line breaks.

use serde_json::Value as Json;

use crate::program::data;
use crate::sandbox::Sandbox;

/// What a run wrote to its terminal, and the lines on the screen at the end.
struct Screen {
    written: String,
    lines: Vec<String>,
}

impl Screen {
    /// Runs a suite with all kinds of verdicts on a terminal.
    fn of(sandbox: &Sandbox, columns: u16, flags: &[&str]) -> Self {
        let desk = ["run", "--suite", "../suite", "--timeout", "500ms"];
        let command = sandbox.command(&[&desk, flags, &["--", "python3", "moody.py"]].concat());
        let mut terminal = std::process::Command::new("python3");
        terminal.arg(data("screen.py")).arg(columns.to_string());
        terminal.arg(command.get_program()).args(command.get_args());
        terminal.current_dir(sandbox.path("implementation"));
        // Use the environment of a person's machine, whatever the tests run in.
        terminal.env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        terminal.env_remove("FORCE_COLOR").env_remove("CLICOLOR");
        for (name, value) in command.get_envs() {
            terminal.env(name, value.unwrap());
        }
        let done = terminal.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let result: Json = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(result["code"], 1, "{result}");
        let lines = result["lines"].as_array().unwrap().iter();
        Self {
            written: result["written"].as_str().unwrap().to_owned(),
            lines: lines.map(|line| line.as_str().unwrap().trim_end().to_owned()).collect(),
        }
    }
}

const COLOUR: &str = "\u{1b}[31m";
const BAR: &str = "░░░░";

#[test]
fn progress_line_is_erased_at_the_end() {
    for columns in [120, 80, 48, 30] {
        let screen = Screen::of(&Sandbox::moody(), columns, &[]);
        assert!(screen.written.contains(" of 12 steps  "), "{columns}: {}", screen.written);
        assert_eq!(screen.written.contains(BAR), columns >= 80, "{columns}: {}", screen.written);
        let left: Vec<&String> = screen.lines.iter().filter(|line| line.contains("of 12 steps")).collect();
        assert!(left.is_empty(), "{columns}: {left:?}");
        assert!(screen.lines[0].starts_with("A desk of many moods: 12 "), "{columns}: {:?}", screen.lines);
    }
}

#[test]
fn reports_slow_steps_without_a_progress_line() {
    let sandbox = Sandbox::noted();
    let once = ["run", "--suite", "../suite", "--filter", "desk/1-open", "--", "python3", "moody.py"];
    // On a busy machine, the short run takes long enough for a line.
    let quick = sandbox.run(&once).stderr;
    assert!(["", "1 of 1 step, all pass\n"].contains(&&*quick), "{quick}");
    let slow = sandbox.read("suite/desk/1-open.yaml").replace("    expect:", "    wait: 1100ms\n    expect:");
    sandbox.write("suite/desk/1-open.yaml", &slow);
    assert_eq!(sandbox.run(&once).stderr, "1 of 1 step, all pass\n");
}

#[test]
fn github_annotations_do_not_mix_with_the_progress_line() {
    let screen = Screen::of(&Sandbox::moody(), 120, &["--report", "github"]);
    let annotations = screen.lines.iter().filter(|line| line.contains("::error file=")).collect::<Vec<_>>();
    assert!(annotations.len() > 3, "{:?}", screen.lines);
    assert!(annotations.iter().all(|line| line.starts_with("::error ")), "{annotations:?}");
}

#[test]
fn wraps_long_lines_between_words() {
    let screen = Screen::of(&Sandbox::moody(), 72, &["--requirements"]);
    let begin = screen.lines.iter().position(|line| line.contains("MOOD-2.1       MUST")).unwrap();
    let column = screen.lines[begin].find("The ").unwrap();
    let rest = &screen.lines[begin + 1];
    assert!(rest.starts_with(&" ".repeat(column)) && !rest[column..].starts_with(' '), "{:?}", screen.lines);
}

#[test]
fn narrow_terminal_gets_texts_on_lines_of_their_own() {
    let screen = Screen::of(&Sandbox::moody(), 60, &["--requirements"]);
    let after = |text: &str| {
        let at = screen.lines.iter().position(|line| line.contains(text)).unwrap();
        screen.lines[at + 1].as_str()
    };
    let text = "    The desk responds to a client that waits.";
    assert_eq!(after("MOOD-2.2       MUST"), text, "{:?}", screen.lines);
    assert!(after("fix first: ").starts_with(&" ".repeat("fix first: ".len())), "{:?}", screen.lines);
}

#[test]
fn progress_line_names_a_slow_scenario() {
    let sandbox = Sandbox::moody();
    let slow = sandbox.read("suite/desk/1-open.yaml").replace("    expect:", "    wait: 3s\n    expect:");
    sandbox.write("suite/desk/1-open.yaml", &slow);
    let screen = Screen::of(&sandbox, 120, &[]);
    assert!(screen.written.contains("running desk/"), "{}", screen.written);
}

#[test]
fn respects_colour_settings() {
    assert!(Screen::of(&Sandbox::moody(), 80, &[]).written.contains(COLOUR));
    assert!(!Screen::of(&Sandbox::moody(), 80, &["--color", "never"]).written.contains(COLOUR));
    let without = Sandbox::moody().with("NO_COLOR", "1");
    let screen = Screen::of(&without, 80, &[]);
    assert!(!screen.written.contains(COLOUR) && screen.written.contains(BAR), "{}", screen.written);
    assert!(Screen::of(&without, 80, &["--color", "always"]).written.contains(COLOUR));
    let without = Sandbox::moody().with("CLICOLOR", "0");
    assert!(!Screen::of(&without, 80, &[]).written.contains(COLOUR));
}

#[test]
fn colours_in_a_file_follow_the_environment() {
    let run = ["run", "--suite", "../suite", "--filter", "desk/2-dies", "--", "python3", "moody.py"];
    for (variables, coloured) in [
        (&[][..], false),
        (&[("FORCE_COLOR", "1")], true),
        (&[("FORCE_COLOR", "0")], false),
        (&[("FORCE_COLOR", "")], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        // An empty value is the same as none.
        (&[("FORCE_COLOR", "1"), ("NO_COLOR", "")], true),
    ] {
        let sandbox =
            variables.iter().fold(Sandbox::moody(), |sandbox, (name, value)| sandbox.with(name, *value));
        let stdout = sandbox.run(&run).stdout;
        assert_eq!(stdout.contains(COLOUR), coloured, "{variables:?}: {stdout}");
    }
}

#[test]
fn quiet_prints_only_the_summary_on_a_terminal() {
    let screen = Screen::of(&Sandbox::moody(), 80, &["--quiet"]);
    assert!(!screen.written.contains(" of 12 steps") && !screen.written.contains(BAR), "{}", screen.written);
    assert!(screen.lines.iter().filter(|line| !line.is_empty()).count() <= 8, "{:?}", screen.lines);
}

#[test]
fn dumb_terminal_gets_plain_lines() {
    let screen = Screen::of(&Sandbox::moody().with("TERM", "dumb"), 80, &[]);
    assert!(!screen.written.contains(BAR), "{}", screen.written);
    assert!(screen.lines.iter().any(|line| line.starts_with("12 of 12 steps, ")), "{:?}", screen.lines);
}
