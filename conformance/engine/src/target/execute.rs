//! Runs the program of a step in the folder of a started target.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::process::isolation::Confined;
use super::process::{Command, Exit, MAX_STRETCH, Process, find};
use conformance_suite::response::Response;
use conformance_suite::shell;
use conformance_suite::suite::{Execution, FILES};
use conformance_suite::template::{Scope, TemplateError};

/// Maximum number of bytes that are kept of each output of a program.
pub const MOST_PRINTED: usize = 1024 * 1024;

/// Gives a program the file `$0` as its standard input.
const WITH_STDIN: &str = r#"exec "$@" <"$0""#;

/// Where the programs of steps run: the folder and the environment of a started target.
#[derive(Debug)]
pub(super) struct Workplace {
    /// Folder of the target.
    pub(super) directory: PathBuf,
    /// Folder for files, next to that of the target.
    pub(super) outer: PathBuf,
    pub(super) env: Vec<(String, String)>,
    /// Variables of the runner to pass.
    pub(super) pass: Vec<String>,
    /// How the target is isolated, if it is.
    pub(super) confined: Option<Confined>,
    /// Folder of the program that starts the target, such as that of a virtual environment; it comes first in `PATH`.
    pub(super) programs: Option<PathBuf>,
    /// Number of programs that were run.
    pub(super) count: Arc<AtomicU32>,
}

/// A program that a step has run.
#[derive(Debug)]
pub struct Executed {
    /// The command, quoted for a shell, with `${files}` for the folder of the copied files.
    pub command: String,
    /// What it was given on standard input.
    pub stdin: Option<String>,
    /// How it ended.
    pub end: End,
    /// Standard output. It is a response so that it is captured from like a body; its status is the exit code.
    pub stdout: Response,
    /// Standard error.
    pub stderr: Response,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, by a signal, or at a limit of its isolation.
    Exited(Exit),
    /// It was killed at the time limit.
    TimedOut(Duration),
    /// It was killed after this time, in which it had no processor for so long that the limit was not used up.
    Starved(Duration),
}

/// Why a program was not run.
#[derive(Debug, thiserror::Error)]
pub enum NotRun {
    /// An expression of the command or of the input has no value.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// It could not be started.
    #[error("the program does not start: {0}")]
    Start(String),
}

impl Workplace {
    /// Returns the first file that a program needs and the target does not have.
    pub(super) fn lacks<'e>(&self, execution: &'e Execution) -> Option<&'e str> {
        execution.needs.iter().map(String::as_str).find(|needed| !self.directory.join(needed).exists())
    }

    /// Runs a program until it ends or has used up `limit` (see [`Process::has_used`]). It and its children are killed by then, and also if the future
    /// is dropped.
    pub(super) async fn execute(
        &self,
        execution: &Execution,
        scope: &Scope,
        limit: Duration,
    ) -> Result<Executed, NotRun> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let folder = Removed(self.outer.join(format!("run-{number}")));
        let mut scope = scope.clone();
        scope.set(FILES, &folder.0.display().to_string().into());
        let words =
            execution.command.iter().map(|word| word.render(&scope)).collect::<Result<Vec<_>, _>>()?;
        let stdin = execution.stdin.as_ref().map(|stdin| stdin.render(&scope)).transpose()?;
        let input = self.outer.join(format!("run-{number}.stdin"));
        let input = stdin.is_some().then_some(Removed(input));
        write(execution, &folder.0, stdin.as_deref().zip(input.as_ref().map(|input| input.0.as_path())))
            .map_err(|error| NotRun::Start(format!("cannot write its files: {error}")))?;
        scope.set(FILES, &"${files}".into());
        let shown =
            execution.command.iter().map(|word| word.render(&scope)).collect::<Result<Vec<_>, _>>()?;
        let command = shell::join(&shown);
        let env = self.environment();
        let start = |error: super::process::StartError| NotRun::Start(super::unusable::chain(&error));
        let program = words.first().map_or("", String::as_str);
        find(program, &self.directory, &env).map_err(start)?;
        let program_and_args = match &input {
            None => words,
            Some(input) => {
                let shell = ["/bin/sh", "-c", WITH_STDIN].map(str::to_owned);
                shell.into_iter().chain([input.0.display().to_string()]).chain(words).collect()
            }
        };
        let confined = self.confined.clone().map(|mut confined| {
            confined.readable.push(folder.0.clone());
            confined.readable.extend(input.iter().map(|input| input.0.clone()));
            confined
        });
        let began = Instant::now();
        let process = Process::start(Command {
            program_and_args,
            directory: self.directory.clone(),
            env,
            pass: self.pass.clone(),
            confined,
            watch: Vec::new(),
            kept: MOST_PRINTED,
        })
        .map_err(start)?;
        let exit = process.wait_at_most(limit).await;
        let elapsed = began.elapsed();
        let end = match exit {
            Some(exit) => End::Exited(exit),
            None if elapsed < limit * MAX_STRETCH => End::TimedOut(limit),
            None => End::Starved(limit * MAX_STRETCH),
        };
        let [stdout, stderr] = process.finish().await.map(|(body, cut)| Response {
            status: end.code().and_then(|code| code.try_into().ok()).unwrap_or_default(),
            body,
            cut,
            elapsed,
            ..Response::default()
        });
        Ok(Executed { command, stdin, end, stdout, stderr })
    }

    /// Returns the environment of the target, in which the folder of its program comes first in `PATH`.
    fn environment(&self) -> Vec<(String, String)> {
        let mut env = self.env.clone();
        if let Some(programs) = &self.programs {
            let own = env.iter().rfind(|(name, _)| name == "PATH").map(|(_, value)| value.clone());
            let path = own.or_else(|| std::env::var("PATH").ok()).unwrap_or_default();
            env.push(("PATH".to_owned(), format!("{}:{path}", programs.display())));
        }
        env
    }
}

impl End {
    /// Returns the exit code, if the program exited by itself.
    #[must_use]
    pub fn code(self) -> Option<i32> {
        match self {
            Self::Exited(Exit::Status(code)) => Some(code),
            Self::Exited(_) | Self::TimedOut(_) | Self::Starved(_) => None,
        }
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(exit) => exit.fmt(f),
            Self::TimedOut(limit) => write!(f, "did not end within {limit:?}"),
            Self::Starved(time) => {
                write!(f, "waited for a processor for most of {time:?}; the machine is too slow")
            }
        }
    }
}

/// Writes the files and the input of a program.
fn write(execution: &Execution, folder: &Path, input: Option<(&str, &Path)>) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, content) in &execution.files {
        fs::write(folder.join(name), content)?;
    }
    input.map_or(Ok(()), |(text, path)| fs::write(path, text))
}

/// A file or a folder that is removed on drop.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // The folder around it is removed with the target.
        if self.0.is_dir() {
            fs::remove_dir_all(&self.0).ok();
        } else {
            fs::remove_file(&self.0).ok();
        }
    }
}
