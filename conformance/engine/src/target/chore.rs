//! Runs the commands around a target: build, setup and teardown.
//!
//! The commands block, so that teardown also works while the program exits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use super::Program;
use super::process::isolation::{Confined, executable};
use super::process::{Command, Exit, Process};
use super::scratch::{Dependencies, Scratch};
use super::unusable::{Unusable, chain};
use conformance_suite::shell;

/// Commands to run one after the other in one folder.
#[derive(Debug, Clone)]
pub(super) struct Chores {
    pub(super) commands: Vec<Vec<String>>,
    pub(super) directory: PathBuf,
    pub(super) env: Vec<(String, String)>,
    /// Variables of the runner to pass.
    pub(super) pass: Vec<String>,
    /// How the commands are isolated, if they are.
    pub(super) confined: Option<Confined>,
    /// Kind of the commands, for messages: `setup`, `build`.
    pub(super) purpose: &'static str,
}

/// Timeout of one command.
const LIMIT: Duration = Duration::from_mins(10);
const POLL: Duration = Duration::from_millis(5);

impl Chores {
    /// Runs the commands. Their background processes run until the returned processes are dropped.
    ///
    /// # Errors
    /// A command exited with a status other than 0; later commands do not run.
    pub(super) fn run(&self) -> Result<Vec<Process>, Unusable> {
        self.run_until(&AtomicBool::new(false))
    }

    /// Like [`Self::run`], in a thread of its own. If the future is dropped, the running command is killed.
    pub(super) async fn run_apart(self) -> Result<Vec<Process>, Unusable> {
        let is_over = Arc::new(AtomicBool::new(false));
        let guard = SetOnDrop(Arc::clone(&is_over));
        let done = tokio::task::spawn_blocking(move || self.run_until(&is_over)).await;
        drop(guard);
        done.unwrap_or_else(|error| Err(Unusable::new(error.to_string())))
    }

    fn run_until(&self, is_over: &AtomicBool) -> Result<Vec<Process>, Unusable> {
        self.commands.iter().map(|command| self.one(command, is_over)).collect()
    }

    fn one(&self, command: &[String], is_over: &AtomicBool) -> Result<Process, Unusable> {
        let name = format!("the {} command `{}`", self.purpose, shell::join(command));
        let mut confined = self.confined.clone();
        if let (Some(confined), Some(program)) = (&mut confined, command.first())
            && Path::new(program).is_absolute()
        {
            confined.readable.extend(executable(Path::new(program)));
        }
        let hint = match &confined {
            Some(_) => " (it was isolated: without network, and with access to its own folder only)",
            None => "",
        };
        let process = Process::start(Command {
            program_and_args: command.to_vec(),
            directory: self.directory.clone(),
            env: self.env.clone(),
            pass: self.pass.clone(),
            confined,
            watch: Vec::new(),
            kept: 0,
        })
        .map_err(|error| Unusable::new(format!("{name} does not start: {error}")))?;
        let deadline = Instant::now() + LIMIT;
        loop {
            match process.exited() {
                Some(Exit::Status(0)) => return Ok(process),
                Some(exit) => return Err(Unusable::saying(&process, format!("{name} {exit}")).hinting(hint)),
                None if Instant::now() >= deadline => {
                    return Err(Unusable::saying(&process, format!("{name} took longer than {LIMIT:?}")));
                }
                None if is_over.load(Ordering::Relaxed) => {
                    return Err(Unusable::new(format!("{name} was stopped")));
                }
                None => std::thread::sleep(POLL),
            }
        }
    }
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Commands to run on drop. Their failures are ignored.
#[derive(Debug)]
pub(super) struct Teardown(pub(super) Chores);

impl Drop for Teardown {
    fn drop(&mut self) {
        self.0.run().ok();
    }
}

/// Builds an implementation once, before the first start, in a folder of its own.
#[derive(Debug)]
pub struct Build {
    commands: Vec<Vec<String>>,
    directory: PathBuf,
    made: OnceCell<Result<Scratch, Unusable>>,
}

impl Build {
    /// Creates the build of the implementation in `directory`. Runs nothing yet.
    #[must_use]
    pub fn new(commands: Vec<Vec<String>>, directory: PathBuf) -> Arc<Self> {
        Arc::new(Self { commands, directory, made: OnceCell::new() })
    }

    /// Returns the same build for another implementation.
    #[must_use]
    pub fn elsewhere(&self, directory: PathBuf) -> Arc<Self> {
        Self::new(self.commands.clone(), directory)
    }

    /// Runs the build if necessary and returns its folder. The first program that needs it determines its isolation.
    ///
    /// # Errors
    /// The folder cannot be mirrored, or a command failed. Each caller gets the same error.
    pub(super) async fn folder(&self, program: &Program, left_out: &[String]) -> Result<&Path, Unusable> {
        let make = || async {
            let scratch = Scratch::mirror(&self.directory, left_out, &Dependencies::LeaveOut)
                .map_err(|error| Unusable::new(chain(&error)))?;
            let chores = Chores {
                commands: self.commands.clone(),
                directory: scratch.path().to_owned(),
                env: Vec::new(),
                pass: program.pass.clone(),
                confined: program.confined(&[], scratch.outer(), None),
                purpose: "build",
            };
            chores.run_apart().await?;
            Ok(scratch)
        };
        match self.made.get_or_init(make).await {
            Ok(scratch) => Ok(scratch.path()),
            Err(unusable) => Err(unusable.clone()),
        }
    }
}
