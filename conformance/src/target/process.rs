//! A target that the runner started: its program, what it prints, how it ends.
//!
//! In goes a [`Command`]; out comes a [`Process`], which answers what was printed, what was watched for and
//! how the program ended. Nothing is known here of HTTP, profiles or scenarios.
//!
//! Invariant: when the `Process` is gone, or the runner is (`kill -9` included), so are the program and all it
//! started in its process group. A program that leaves the group (`setsid`, a daemon) is found by the mark in
//! its environment where there is a `/proc`; elsewhere, or when it also drops its environment, it escapes.
//!
//! Threads and not tasks read the output: a runtime that is busy or already gone must not stall a target.

mod group;
mod listener;
mod output;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use regex::Regex;
use rustix::fs::{Access, access};
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus, waitid};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use group::{Group, MARK, Watcher};
pub use listener::{Listener, Socket};
pub use output::WatchError;
use output::{Output, Stream};

/// The shell tells the watcher its own number, which is the group's, then lets go of the pipe and becomes the
/// program: at no moment is there a program that the watcher does not know.
const LEADER: &str = r#"echo "$$" >&0 && exec "$@" </dev/null"#;

/// How long an exit is held back for output that is still in the pipes.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How long a group that was sent SIGKILL is waited for.
const KILLED: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(10);

/// What to start, where, and what to look for in its output.
#[derive(Debug, Clone)]
pub struct Command {
    /// The program, by path (relative to `directory`) or by name (looked up in `PATH`), then its arguments.
    pub program_and_args: Vec<String>,
    /// The working directory.
    pub directory: PathBuf,
    /// Added to the runner's own environment; a later entry of the same name wins.
    pub env: Vec<(String, String)>,
    /// Names and patterns, tried against each line; the first group of the first match is kept, or the whole
    /// match of a pattern without groups.
    pub watch: Vec<(String, Regex)>,
}

/// A running program, its process group and its output. Dropping it kills the group at once.
#[derive(Debug)]
pub struct Process {
    group: Group,
    output: Output,
    exit: watch::Receiver<Option<Exit>>,
    /// Dropped to let the leader be reaped; until then its zombie keeps the group's number from being reused.
    pin: Option<mpsc::Sender<()>>,
    reaper: JoinHandle<()>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It ended by itself, with this status.
    Status(i32),
    /// It was ended by this signal.
    Signal(i32),
    /// It ended, or could not be ended, and the system does not say how.
    Unknown,
}

/// Why a program could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no program in the command.
    #[error("the command is empty")]
    Empty,
    /// The working directory is not there, or is no directory.
    #[error("the directory {} to start `{program}` in does not exist", directory.display())]
    Directory {
        /// The program that was to be started.
        program: String,
        /// Where it was to be started.
        directory: PathBuf,
    },
    /// No such program.
    #[error("there is no program `{program}`{}", if program.contains('/') { "" } else { " in any folder of PATH" })]
    NotFound {
        /// The program as the command names it.
        program: String,
    },
    /// There is such a file, and it may not be executed.
    #[error("`{program}` cannot be executed: {} is not an executable file (chmod +x?)", shown(program, path))]
    NotExecutable {
        /// The program as the command names it.
        program: String,
        /// The file that was found.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot start `{program}`")]
    System {
        /// The program as the command names it.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Process {
    /// Starts the program in a process group of its own, with nothing to read on standard input.
    ///
    /// # Errors
    /// [`StartError`] when there is no program, no such program or directory, or the system refuses. A program
    /// that starts and then fails is no error: it has an [`Exit`].
    pub fn start(command: Command) -> Result<Process, StartError> {
        let Command { program_and_args, directory, env, watch } = command;
        let Some(program) = program_and_args.first().filter(|program| !program.is_empty()) else {
            return Err(StartError::Empty);
        };
        if !directory.is_dir() {
            return Err(StartError::Directory { program: program.clone(), directory });
        }
        find(program, &directory, &env)?;
        let system = |source| StartError::System { program: program.clone(), source };

        let watcher = Watcher::start().map_err(system)?;
        let mut child = std::process::Command::new("/bin/sh")
            .args(["-c", LEADER, "sh"])
            .args(&program_and_args)
            .current_dir(&directory)
            .envs(env)
            .env(MARK, watcher.mark())
            .stdin(watcher.lifeline().map_err(system)?)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(system)?;
        // From here on an early return kills what was started: the group does it when dropped.
        let group = Group::new(Pid::from_child(&child), watcher);
        let output = Output::new(watch);
        let streams = [
            child.stdout.take().map(|stdout| (Stream::Out, Box::new(stdout) as Box<dyn io::Read + Send>)),
            child.stderr.take().map(|stderr| (Stream::Err, Box::new(stderr) as Box<dyn io::Read + Send>)),
        ];
        for (stream, source) in streams.into_iter().flatten() {
            output.read(stream, source).map_err(system)?;
        }
        let (exit_sender, exit) = watch::channel(None);
        let (pin, pinned) = mpsc::channel();
        let last_words = output.clone();
        let reaper = thread::Builder::new()
            .name("target exit".to_owned())
            .spawn(move || await_exit(child, &last_words, &exit_sender, &pinned))
            .map_err(system)?;
        Ok(Process { group, output, exit, pin: Some(pin), reaper })
    }

    /// Returns the last lines it printed, standard output and standard error in the order of their arrival, an
    /// unfinished line last. At most 64 KiB are kept; what is not UTF-8 is replaced.
    #[must_use]
    pub fn output_tail(&self, lines: usize) -> String {
        self.output.tail(lines)
    }

    /// Returns a mark for [`Process::output_since`].
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.output.mark()
    }

    /// Returns what was printed since the mark, or as much of its end as is kept.
    ///
    /// A line that was unfinished at the mark is in it.
    #[must_use]
    pub fn output_since(&self, mark: u64) -> String {
        self.output.since(mark)
    }

    /// Returns the watched values seen so far, by name.
    #[must_use]
    pub fn watched(&self) -> BTreeMap<String, String> {
        self.output.watched()
    }

    /// Waits until each watched value was seen, and returns them.
    ///
    /// # Errors
    /// [`WatchError`] names what is missing when the time is over, or sooner when the output has ended.
    pub async fn watched_all(&self, limit: Duration) -> Result<BTreeMap<String, String>, WatchError> {
        self.output.watched_all(limit).await
    }

    /// Returns how the program ended, or `None` while it runs. What it printed last is kept by then.
    #[must_use]
    pub fn exited(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    /// Finds out which process listens on an address.
    #[must_use]
    pub fn listener(&self, address: SocketAddr) -> Listener {
        Listener::find(&self.group, address)
    }

    /// Waits until the program has ended. What it started may still run: only [`Process::stop`] ends that.
    pub async fn wait(&self) -> Exit {
        let mut exit = self.exit.clone();
        // A sender that is gone without a word never happens short of a panic in its thread.
        exit.wait_for(Option::is_some).await.ok().and_then(|exit| *exit).unwrap_or(Exit::Unknown)
    }

    /// Ends the program and its group: SIGTERM, up to `grace` for all of them to go, then SIGKILL.
    ///
    /// Returns how the program ended, which may be long before. Nothing of the group is left, no zombie either.
    pub async fn stop(mut self, grace: Duration) -> Exit {
        self.group.terminate();
        // Whoever is late is killed just below, so the elapsed time is no news.
        let _ = timeout(grace, self.quiet()).await;
        self.group.kill();
        let exit = timeout(LAST_WORDS + KILLED, self.wait()).await.unwrap_or(Exit::Unknown);
        let _ = timeout(KILLED, self.quiet()).await;
        exit
    }

    async fn quiet(&mut self) {
        self.wait().await;
        self.pin.take();
        while !self.group.is_empty() {
            sleep(POLL).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.group.kill();
        self.pin.take();
        self.group.sweep();
        // Whoever removes the directory next must not race with a process that is still dying in it.
        let limit = Instant::now() + KILLED;
        while !(self.reaper.is_finished() && self.group.is_empty()) && Instant::now() < limit {
            thread::sleep(POLL / 5);
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Status(status) => write!(formatter, "exited with status {status}"),
            Exit::Signal(signal) => match group::signal_name(*signal) {
                Some(name) => write!(formatter, "was killed by signal {signal} ({name})"),
                None => write!(formatter, "was killed by signal {signal}"),
            },
            Exit::Unknown => write!(formatter, "ended in a way the system does not tell"),
        }
    }
}

fn await_exit(
    mut child: Child,
    output: &Output,
    exit: &watch::Sender<Option<Exit>>,
    pinned: &mpsc::Receiver<()>,
) {
    let leader = WaitId::Pid(Pid::from_child(&child));
    let ended =
        rustix::io::retry_on_intr(|| waitid(leader.clone(), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT));
    let ended = ended.ok().flatten();
    output.settle(LAST_WORDS);
    let status = ended.as_ref().and_then(WaitIdStatus::exit_status).map(Exit::Status);
    let signal = ended.as_ref().and_then(WaitIdStatus::terminating_signal).map(Exit::Signal);
    exit.send_replace(Some(status.or(signal).unwrap_or(Exit::Unknown)));
    // Nothing is ever sent: the end of the channel is the message.
    let _ = pinned.recv();
    // An error means that the system reaped it already.
    let _ = child.wait();
}

/// A program that is named by its path is named so once more: where the target's folder is, is no news to its author.
fn shown<'a>(program: &'a str, path: &'a Path) -> std::path::Display<'a> {
    if program.contains('/') { Path::new(program).display() } else { path.display() }
}

/// Finds the program the way the shell will, so that a missing one is told in our words and not as status 127.
fn find(program: &str, directory: &Path, env: &[(String, String)]) -> Result<(), StartError> {
    let not_found = || StartError::NotFound { program: program.to_owned() };
    let not_executable = |path| StartError::NotExecutable { program: program.to_owned(), path };
    if program.contains('/') {
        let path = directory.join(program);
        return match path.try_exists() {
            _ if is_executable(&path) => Ok(()),
            Ok(false) => Err(not_found()),
            _ => Err(not_executable(path)),
        };
    }
    let own = env.iter().rfind(|(name, _)| name == "PATH").map(|(_, value)| value.into());
    let folders = own.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    let candidates: Vec<PathBuf> =
        std::env::split_paths(&folders).map(|folder| directory.join(folder).join(program)).collect();
    if candidates.iter().any(|path| is_executable(path)) {
        return Ok(());
    }
    Err(candidates.into_iter().find(|path| path.is_file()).map_or_else(not_found, not_executable))
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}
