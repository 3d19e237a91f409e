//! Runs the commands of a page in a folder of its own.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::repository;
use crate::program::copy;

/// A code block, with the comments before it.
struct Block<'a> {
    line: usize,
    comments: Vec<&'a str>,
    kind: &'a str,
    text: String,
}

impl Block<'_> {
    /// The value of a comment `<!-- name: value -->`.
    fn comment(&self, name: &str) -> Option<&str> {
        self.comments.iter().find_map(|comment| comment.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// The code blocks of a page.
fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut comments = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let text = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
            let text = text.map(|line| format!("{line}\n")).collect();
            blocks.push(Block { line: number + 1, comments, kind, text });
            comments = Vec::new();
        } else if let Some(comment) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) {
            comments.push(comment);
        } else if !line.is_empty() {
            // A copy needs no block of its own.
            comments.retain(|comment| comment.starts_with("copy: "));
        }
    }
    blocks
}

/// A program that runs until the end of the page. It gets SIGINT when dropped, as by Ctrl-C, and SIGKILL if it does not exit: if
/// the test runs in the background of a shell, it ignores SIGINT.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.0.id())
            && let Some(pid) = Pid::from_raw(pid)
        {
            kill_process(pid, Signal::INT).ok();
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Runs the commands of a page. Returns what went wrong first, with the line of the page.
pub(super) fn play(page: &Path) -> Result<usize, String> {
    let text = fs::read_to_string(page).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut background = Vec::new();
    let mut printed = String::new();
    let mut commands = 0;
    for (index, block) in blocks(&text).iter().enumerate() {
        let wrong = |what: &str| format!("{}:{}: {what}", page.display(), block.line);
        for source in block.comments.iter().filter_map(|comment| comment.strip_prefix("copy: ")) {
            let from = repository(source);
            let name = from.file_name().ok_or_else(|| wrong("this is not a file"))?;
            if from.is_dir() {
                copy(&from, folder.path());
            } else {
                fs::copy(&from, folder.path().join(name)).map_err(|error| wrong(&error.to_string()))?;
            }
        }
        if let Some(name) = block.comment("file") {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, &block.text).unwrap();
        } else if block.comments.contains(&"output") {
            shows(&printed, &block.text)
                .map_err(|line| wrong(&format!("`{line}` is not printed, or not there:\n{printed}")))?;
        } else if block.kind == "sh" {
            commands += block.text.lines().filter(|line| !line.trim_start().starts_with('#')).count();
            let output = folder.path().join(format!(".output-{index}"));
            let awaited = block.comment("until");
            let mut child = shell(folder.path(), &block.text, awaited.is_some(), &output);
            if let Some(awaited) = awaited {
                let deadline = Instant::now() + Duration::from_mins(2);
                while !fs::read_to_string(&output).unwrap().contains(awaited) {
                    let ended = child.try_wait().unwrap().is_some();
                    if ended || Instant::now() > deadline {
                        return Err(wrong(&format!(
                            "{awaited} is not printed:\n{}",
                            fs::read_to_string(&output).unwrap()
                        )));
                    }
                    thread::sleep(Duration::from_millis(20));
                }
                background.push(Background(child));
                printed = fs::read_to_string(&output).unwrap();
            } else {
                let code = child.wait().unwrap().code();
                printed = fs::read_to_string(&output).unwrap();
                let expected = block.comment("exit").map_or(0, |code| code.parse().unwrap());
                if code != Some(expected) {
                    return Err(wrong(&format!("exit code {code:?}, expected {expected}:\n{printed}")));
                }
            }
        }
    }
    Ok(commands)
}

/// Starts commands as a user types them, up to the first failure, with everything that they print in one file.
fn shell(folder: &Path, commands: &str, is_background: bool, output: &Path) -> Child {
    let program = Path::new(env!("CARGO_BIN_EXE_conformance")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = File::create(output).unwrap();
    // A program in the background is the process itself, so that Ctrl-C reaches it.
    let commands = if is_background { format!("exec env {commands}") } else { commands.to_owned() };
    let mut shell = Command::new("bash");
    shell.args(["-ec", &commands]).current_dir(folder).env("PATH", path).stdin(Stdio::null());
    shell.env_remove("GITHUB_STEP_SUMMARY").env("NO_COLOR", "1").env("COLUMNS", "100");
    shell.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap()
}

/// Whether a text contains lines in this order; returns the first that it does not contain.
fn shows<'a>(printed: &str, lines: &'a str) -> Result<(), &'a str> {
    let mut rest = printed.lines();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "…") {
        let parts: Vec<&str> = line.split('…').map(str::trim).collect();
        if !rest.any(|printed| in_order(printed, &parts)) {
            return Err(line);
        }
    }
    Ok(())
}

fn in_order(line: &str, parts: &[&str]) -> bool {
    let mut rest = Some(line);
    for part in parts {
        rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, after)| after);
    }
    rest.is_some()
}
