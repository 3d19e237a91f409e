//! Executions: a program that a step runs in place of a request, with its expectations and captures.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::branch::StepCompiler;
use super::context::{check_capture_name, keys};
use super::folder::Folder;
use crate::capture::{self, Capture};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::format::{ExpectText, StepText};
use crate::matcher::{self, Matcher, Mode, Setting};
use crate::members::{self, Members, parse_text, string, text};
use crate::request::Files;
use crate::source::{Place, Source};
use crate::template::{Text, leading};
use crate::yaml::{Node, Value};

/// The name in the command of the folder that holds the copied files.
pub const FILES: &str = "files";

/// A program that a step runs in the folder of the target.
#[derive(Debug)]
pub struct Execution {
    /// The program and its arguments.
    pub command: Vec<Text>,
    /// What it reads from standard input.
    pub stdin: Option<Text>,
    /// Names and contents of the files of the suite to copy to the folder `${files}`.
    pub files: Vec<(String, Vec<u8>)>,
    /// Files that the folder of the target must have; without them, the step is skipped.
    pub needs: Vec<String>,
    /// Its own timeout.
    pub timeout: Option<Duration>,
    /// Where it is written.
    pub place: Place,
    /// The exit code; 0 if it is not given.
    pub exit: Option<Matcher>,
    /// What it prints to standard output.
    pub stdout: Option<Printed>,
    /// What it prints to standard error.
    pub stderr: Option<Printed>,
    /// What is captured.
    pub captures: Vec<PrintedCapture>,
}

/// A capture from the output or the exit code of a program.
#[derive(Debug)]
pub struct PrintedCapture {
    /// Whether the value is in standard error.
    pub from_stderr: bool,
    /// The value, in a response whose status is the exit code and whose body is the output.
    pub capture: Capture,
}

/// What the output of a program must match.
#[derive(Debug)]
pub enum Printed {
    /// The output as text.
    Text(Matcher),
    /// The output parsed as JSON.
    Json(Matcher),
}

impl Printed {
    /// Returns what the output is compared with.
    #[must_use]
    pub fn matcher(&self) -> &Matcher {
        match self {
            Self::Text(matcher) | Self::Json(matcher) => matcher,
        }
    }
}

impl Execution {
    /// Returns the templates with their locations, to check the names in them.
    pub fn texts(&self) -> impl Iterator<Item = (&Text, &Place)> {
        let own = self.command.iter().chain(&self.stdin).map(|text| (text, &self.place));
        let matchers = self.matchers();
        let expected = matchers.flat_map(|one| one.texts().into_iter().map(|text| (text, one.place())));
        let captures = self.captures.iter().filter_map(|one| Some((one.capture.text()?, &one.capture.place)));
        own.chain(expected).chain(captures)
    }

    /// Returns the expectations.
    pub fn matchers(&self) -> impl Iterator<Item = &Matcher> {
        let printed = [&self.stdout, &self.stderr].into_iter().flatten().map(Printed::matcher);
        self.exit.iter().chain(printed)
    }
}

/// Compiles the program of a step, if it has one.
///
/// # Errors
/// All errors in it.
pub(super) fn compile(
    step: &StepText,
    compiler: &StepCompiler<'_>,
) -> Result<Option<Execution>, Diagnostics> {
    let Some(node) = &step.run else { return Ok(None) };
    let source = compiler.source;
    let place = node.place(source);
    let others = [
        ("request", step.request.is_some()),
        ("race", step.race.is_some()),
        ("together", !step.together.is_empty()),
        ("overall", step.overall.is_some()),
        ("jar", step.jar.is_some()),
    ];
    if let Some((key, _)) = others.iter().find(|(_, is_given)| *is_given) {
        let message = format!("a step with `run` sends no request, so `{key}` is not allowed");
        return Err(Diagnostic::at(place, message).help("use two steps").into());
    }
    let mut errors = Diagnostics::default();
    let read = |name: &str| compiler.folder.read(&Folder::relative(compiler.context.file, name));
    let mut execution = Execution {
        command: Vec::new(),
        stdin: None,
        files: Vec::new(),
        needs: Vec::new(),
        timeout: compiler.timeout,
        place,
        exit: None,
        stdout: None,
        stderr: None,
        captures: Vec::new(),
    };
    errors.keep(execution.read(node, source, &read));
    if let Some(expect) = &step.expect {
        errors.keep(execution.expect(&expect.value, &expect.place(source), source, &read));
    }
    for (name, node) in &step.capture.0 {
        if let Some((from_stderr, mut capture)) = errors.keep(capture::compile_printed(name, node, source)) {
            capture.keys = keys(&name.value, compiler.context).into();
            execution.captures.push(PrintedCapture { from_stderr, capture });
        }
        errors.keep(check_capture_name(name, compiler.context, compiler.suite));
    }
    errors.into_result(Some(execution))
}

impl Execution {
    fn read(&mut self, node: &Node, source: &Arc<Source>, read: Files<'_>) -> Result<(), Diagnostic> {
        if !matches!(node.value, Value::Mapping(_)) {
            self.command = command(node, source)?;
            return Ok(());
        }
        let mut members = Members::of(node, source, "`run`")?;
        let given = members.take("command").ok_or_else(|| {
            Diagnostic::at(self.place.start(), "`run` needs a `command`")
                .help("write {command: python3 \"${files}/check.py\", files: [check.py]}")
        })?;
        self.command = command(given, source)?;
        if let Some(node) = members.take("stdin") {
            self.stdin = Some(text(node, source, "`stdin`")?);
        }
        for node in list(members.take("files"), source, "files")? {
            let path = string(node, source, "a file")?;
            let content = read(&path).map_err(|error| {
                Diagnostic::at(node.place(source), format!("cannot read {path}: {error}"))
            })?;
            let name = Path::new(&path).file_name().unwrap_or_default().to_string_lossy().into_owned();
            if self.files.iter().any(|(other, _)| *other == name) {
                let message = format!("two files have the name `{name}`");
                return Err(Diagnostic::at(node.place(source), message));
            }
            self.files.push((name, content));
        }
        for node in list(members.take("needs"), source, "needs")? {
            self.needs.push(string(node, source, "a path")?);
        }
        members.finish()
    }

    fn expect(
        &mut self,
        text: &ExpectText,
        place: &Place,
        source: &Arc<Source>,
        files: Files<'_>,
    ) -> Result<(), Diagnostic> {
        if let Some(key) = text.keys_of_response().next() {
            let message = format!("`{key}` is not allowed in a step with `run`, which has no response");
            return Err(Diagnostic::at(place.find(key), message)
                .help("a program has an `exit` code, `stdout` and `stderr`"));
        }
        if let Some(node) = &text.exit {
            if node.tag.is_none() && !matches!(node.value, Value::Number(_) | Value::String(_)) {
                return Err(Diagnostic::at(node.place(source), "`exit` must be a number or a matcher")
                    .help("write exit: 1, or exit: !one_of [0, 1]"));
            }
            self.exit = Some(matcher::compile(node, &Setting { source, mode: Mode::Json, files })?);
        }
        let printed =
            |node: &Option<Node>| node.as_ref().map(|node| printed(node, source, files)).transpose();
        self.stdout = printed(&text.stdout)?;
        self.stderr = printed(&text.stderr)?;
        Ok(())
    }
}

/// Compiles what the output must match: a text, a text matcher, or one of `text`, `lines` and `json`.
fn printed(node: &Node, source: &Arc<Source>, files: Files<'_>) -> Result<Printed, Diagnostic> {
    let compile = |node: &Node, mode| matcher::compile(node, &Setting { source, mode, files });
    let (None, Value::Mapping(_)) = (&node.tag, &node.value) else {
        return Ok(Printed::Text(compile(node, Mode::Text)?));
    };
    let mut members = Members::of(node, source, "the output")?;
    let given = ["text", "lines", "json"].map(|key| members.take(key));
    let whole = members.place().clone();
    members.finish()?;
    match given {
        [Some(node), None, None] => Ok(Printed::Text(compile(node, Mode::Text)?)),
        [None, Some(node), None] => {
            if node.tag.is_none() && !matches!(node.value, Value::List(_)) {
                return Err(Diagnostic::at(node.place(source), "`lines` must be a list or a matcher")
                    .help("write lines: [first, second], or lines: !containing [first]"));
            }
            let lines = matcher::compile_lines(node, &Setting { source, mode: Mode::Text, files })?;
            Ok(Printed::Text(lines))
        }
        [None, None, Some(node)] => Ok(Printed::Json(compile(node, Mode::Json)?)),
        _ => Err(Diagnostic::at(whole, "the output needs exactly one of `text`, `lines` and `json`")
            .help("write stdout: {lines: [first, second]}")),
    }
}

fn list<'n>(node: Option<&'n Node>, source: &Arc<Source>, key: &str) -> Result<&'n [Node], Diagnostic> {
    match node {
        None => Ok(&[]),
        Some(Node { tag: None, value: Value::List(list), .. }) => Ok(list),
        Some(node) => Err(Diagnostic::at(node.place(source), format!("`{key}` must be a list of paths"))
            .help(format!("write {key}: [path]"))),
    }
}

/// Compiles a command. A word may contain expressions, with any quotes inside them.
fn command(node: &Node, source: &Arc<Source>) -> Result<Vec<Text>, Diagnostic> {
    let words = members::command(node, source, |rest| leading(rest).map(str::len))?;
    words.iter().map(|(word, place)| parse_text(word, place)).collect()
}
