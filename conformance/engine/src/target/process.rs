//! Starts a target as a child process, reads its output and stops it.
//!
//! This module knows nothing about HTTP, profiles or scenarios. An isolated program is started by a keeper (see
//! [`isolation`]).
//!
//! Invariant: when the [`Process`] is dropped, or the runner exits (even by `kill -9`), the program and its whole
//! process group are killed. A program that leaves the group (`setsid`, a daemon) is found by a marker in its
//! environment, if the system has `/proc`; if it also clears its environment, [`Orphans`] ends it after the run. Without
//! `/proc`, or if the runner was killed, such a program escapes unless it is isolated.
//!
//! Threads read the output, not tasks, because a busy or stopped runtime must not block a target that prints.

mod group;
pub mod isolation;
mod listener;
mod output;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, PipeReader, Read as _, Seek as _};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use regex::Regex;
use rustix::fs::{Access, access};
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus, waitid};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

pub use group::Orphans;
use group::{Group, MARK, Watcher};
use isolation::{Confined, Control, KeeperDialer, Limit, Spawned, StatusLine, base, is_secret};
pub use listener::{Listener, Socket};
pub use output::WatchError;
use output::{Output, Stream};

/// Writes the shell's process id, which is also the group id, to the watcher, then closes the pipe and replaces the
/// shell with the program. So the watcher knows the group before the program runs.
const LEADER: &str = r#"echo "$$" >&0 && exec "$@" </dev/null"#;

/// How long the exit is withheld while output is still in the pipes.
const OUTPUT_DELAY: Duration = Duration::from_millis(200);
/// How long to wait until the output of a killed program has been read.
const READ_LIMIT: Duration = Duration::from_secs(10);
/// How long to wait for a group after SIGKILL.
const KILL_WAIT: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(10);
/// How many times its limit a program may take on a machine that has no processor for it.
pub const MAX_STRETCH: u32 = 6;
/// How long a program that is over its limit runs until its time without a processor is looked up again.
const OVERTIME: Duration = Duration::from_millis(250);

/// What to start, where, and which values to look for in its output.
#[derive(Debug, Clone)]
pub struct Command {
    /// Program and arguments. The program is a path relative to `directory`, or a name that is looked up in `PATH`.
    pub program_and_args: Vec<String>,
    /// Working directory.
    pub directory: PathBuf,
    /// Variables in addition to those of the runner that the program gets. The last entry of a name wins.
    pub env: Vec<(String, String)>,
    /// Names of the runner's variables to pass although they are secrets or the program is isolated.
    pub pass: Vec<String>,
    /// How the program is isolated, if it is.
    pub confined: Option<Confined>,
    /// Names and patterns of values to watch for. Each pattern is matched against each line; the first match counts.
    /// The value is the first group, or the whole match if the pattern has no group.
    pub watch: Vec<(String, Regex)>,
    /// Number of bytes of each stream to keep separately, for [`Process::finish`].
    pub kept: usize,
}

/// A running program with its process group and output. Dropping it kills the group immediately.
#[derive(Debug)]
pub struct Process {
    group: Group,
    output: Output,
    /// Paths of the working directory, which the output shows as relative paths.
    directories: Vec<String>,
    exit: watch::Receiver<Option<Exit>>,
    /// Connection to the keeper of an isolated program.
    control: Option<Control>,
    /// Limits that an isolated program reached without being stopped.
    reached: Arc<Mutex<Vec<Limit>>>,
    /// Dropped to let the leader be reaped. Until then its zombie keeps the group id from being reused.
    pin: Option<mpsc::Sender<()>>,
    reaper: JoinHandle<()>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// It exited with this status.
    Status(i32),
    /// A signal killed it.
    Signal(i32),
    /// It was stopped because it reached a limit.
    Stopped(Limit),
    /// The system does not report how it ended, or it could not be killed.
    Unknown,
}

/// Why a program could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The command has no words.
    #[error("the command is empty")]
    Empty,
    /// The working directory does not exist or is not a directory.
    #[error("the directory {} to start `{program}` in does not exist", directory.display())]
    Directory {
        /// Program that was to be started.
        program: String,
        /// Working directory.
        directory: PathBuf,
    },
    /// The program does not exist.
    #[error("there is no program `{program}`{}", if program.contains('/') { "" } else { " in any folder of PATH" })]
    NotFound {
        /// Program as the command names it.
        program: String,
    },
    /// The file exists but is not executable.
    #[error("`{program}` cannot be executed: {} is not an executable file (chmod +x?)", shown(program, path))]
    NotExecutable {
        /// Program as the command names it.
        program: String,
        /// Path of the file.
        path: PathBuf,
    },
    /// The system refused to start it.
    #[error("cannot start `{program}`")]
    System {
        /// Program as the command names it.
        program: String,
        /// Cause.
        source: io::Error,
    },
}

impl Process {
    /// Starts the program in its own process group, with an empty standard input.
    ///
    /// # Errors
    /// [`StartError`] if the command is empty, the program or the directory does not exist, or the system refuses. A
    /// program that starts and then fails is not an error: it has an [`Exit`].
    pub fn start(command: Command) -> Result<Process, StartError> {
        let Command { program_and_args, directory, env, pass, confined, watch, kept } = command;
        let output = Output::new(watch, kept);
        let Some(program) = program_and_args.first().filter(|program| !program.is_empty()) else {
            return Err(StartError::Empty);
        };
        if !directory.is_dir() {
            return Err(StartError::Directory { program: program.clone(), directory });
        }
        find(program, &directory, &env)?;
        let program = program.clone();
        let system = |source| StartError::System { program: program.clone(), source };
        let directories = prefixes(&directory);

        let watcher = Watcher::start().map_err(system)?;
        if let Some(confined) = confined {
            let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
                Some((name.into_string().ok()?, value.into_string().ok()?))
            };
            let mut own: BTreeMap<_, _> = base(&directory, &pass).into_iter().filter_map(text).collect();
            own.extend(env);
            own.insert(MARK.to_owned(), watcher.mark().to_owned());
            let own = own.into_iter().collect();
            let spawned = Control::spawn(&confined, program_and_args, &directory, own).map_err(system)?;
            let Spawned { child, control, output: printed, errors, status, messages } = spawned;
            let group = Group::new(Pid::from_child(&child), watcher);
            let streams = [Box::new(printed) as Box<dyn io::Read + Send>, Box::new(errors)];
            let status = Some((status, messages));
            return Self::watch(group, child, Some(control), streams, status, output, directories)
                .map_err(system);
        }
        let mut shell = std::process::Command::new("/bin/sh");
        let own_names = || std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for secret in own_names().filter(|name| is_secret(name) && !pass.contains(name)) {
            shell.env_remove(secret);
        }
        let mut child = shell
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
        // From here on an early return kills the program, because it drops the group.
        let group = Group::new(Pid::from_child(&child), watcher);
        let printed = child.stdout.take().map(|stdout| Box::new(stdout) as Box<dyn io::Read + Send>);
        let errors = child.stderr.take().map(|stderr| Box::new(stderr) as Box<dyn io::Read + Send>);
        let nothing = || Box::new(io::empty()) as Box<dyn io::Read + Send>;
        let streams = [printed.unwrap_or_else(nothing), errors.unwrap_or_else(nothing)];
        Self::watch(group, child, None, streams, None, output, directories).map_err(system)
    }

    /// Reads the output of a started program and waits for its end, both in threads.
    fn watch(
        group: Group,
        child: Child,
        control: Option<Control>,
        [stdout, stderr]: [Box<dyn io::Read + Send>; 2],
        status: Option<(PipeReader, File)>,
        output: Output,
        directories: Vec<String>,
    ) -> io::Result<Self> {
        output.read(Stream::Out, stdout)?;
        output.read(Stream::Err, stderr)?;
        let (exit_sender, exit) = watch::channel(None);
        let (pin, pinned) = mpsc::channel();
        let reached = Arc::new(Mutex::new(Vec::new()));
        let (last_words, limits) = (output.clone(), Arc::clone(&reached));
        let reaper = thread::Builder::new().name("target exit".to_owned()).spawn(move || {
            let has_keeper = status.is_some();
            if let Some((status, messages)) = status {
                await_keeper(status, messages, &limits, &last_words, &exit_sender);
            }
            await_exit(child, has_keeper, &last_words, &exit_sender, &pinned);
        })?;
        Ok(Process { group, output, directories, exit, control, reached, pin: Some(pin), reaper })
    }

    /// Returns the last lines of the output. Standard output and standard error are merged in order of arrival; an
    /// incomplete line comes last. At most 64 KiB are kept, and bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn output_tail(&self, lines: usize) -> String {
        self.relative(&self.output.tail(lines))
    }

    /// Returns the current output position for [`Process::output_since`].
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.output.mark()
    }

    /// Returns the output since `mark`, as far as it is still kept.
    ///
    /// Includes the start of a line that was incomplete at the mark.
    #[must_use]
    pub fn output_since(&self, mark: u64) -> String {
        self.relative(&self.output.since(mark))
    }

    /// Returns the complete lines since `mark`, and the position after them.
    #[must_use]
    pub fn lines_since(&self, mark: u64) -> (String, u64) {
        let (lines, next) = self.output.lines_since(mark);
        (self.relative(&lines), next)
    }

    /// Replaces the paths of files in the working directory, which nobody knows, by relative paths, and removes colors.
    fn relative(&self, output: &str) -> String {
        relative(&self.directories, output)
    }

    /// Kills the program and its group, and returns the beginnings of standard output and standard error as far as they are
    /// kept, and whether they were longer. Standard error names files by relative paths, as [`Process::output_since`] does.
    pub async fn finish(self) -> [(Vec<u8>, bool); 2] {
        let (output, directories) = (self.output.clone(), self.directories.clone());
        self.stop(Duration::ZERO).await;
        // No process is left that could write: what is still in the pipes is read to its end.
        let read = tokio::task::spawn_blocking(move || {
            output.settle(READ_LIMIT);
            output.streams()
        });
        let [stdout, (stderr, is_cut)] = read.await.unwrap_or_default();
        let stderr = match String::from_utf8(stderr) {
            Ok(text) => relative(&directories, &text).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        [stdout, (stderr, is_cut)]
    }

    /// Returns the watched values that were printed so far, by name.
    #[must_use]
    pub fn watched(&self) -> BTreeMap<String, String> {
        self.output.watched()
    }

    /// Waits until all watched values have been printed, and returns them.
    ///
    /// # Errors
    /// [`WatchError`] names the missing values when `limit` has passed, or earlier if the output ended.
    pub async fn watched_all(&self, limit: Duration) -> Result<BTreeMap<String, String>, WatchError> {
        self.output.watched_all(limit).await
    }

    /// Returns how the program ended, or `None` while it runs. By then its last output has been read.
    #[must_use]
    pub fn exited(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    /// Returns the limits that an isolated program reached without being stopped.
    #[must_use]
    pub fn reached(&self) -> Vec<Limit> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether an isolated program has a network of its own.
    #[must_use]
    pub fn has_own_network(&self) -> bool {
        self.control.as_ref().is_some_and(Control::has_own_network)
    }

    /// Returns a dialer for the network of an isolated program. None if the program is in the network of the runner.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn dialer(&self) -> io::Result<Option<KeeperDialer>> {
        self.control.as_ref().map_or(Ok(None), Control::dialer)
    }

    /// Returns the ports on which the started processes listen. Empty if the system does not show them.
    #[must_use]
    pub fn listening_ports(&self) -> Vec<u16> {
        Listener::ports(&self.group)
    }

    /// Returns which process listens on an address.
    #[must_use]
    pub fn listener(&self, address: SocketAddr) -> Listener {
        Listener::find(&self.group, address)
    }

    /// Whether the program has used up its limit. Time in which it was ready to run but had no processor does not count, up to
    /// [`MAX_STRETCH`] times the limit in all. If the system does not count that time, all time counts.
    #[must_use]
    pub fn has_used(&self, limit: Duration, elapsed: Duration) -> bool {
        is_used(limit, elapsed, || self.waited_for_processor())
    }

    /// Returns how long the processes of the program had to wait for a processor so far. Zero if the system does not count it.
    #[must_use]
    pub fn waited_for_processor(&self) -> Duration {
        self.group.family().into_iter().map(table::waited_for_processor).sum()
    }

    /// Waits until the program exits. Its children may still run; [`Process::stop`] kills them.
    pub async fn wait(&self) -> Exit {
        let mut exit = self.exit.clone();
        // The sender is dropped without a value only if its thread panicked.
        exit.wait_for(Option::is_some).await.ok().and_then(|exit| *exit).unwrap_or(Exit::Unknown)
    }

    /// Waits until the program exits. None if it has used up its limit before (see [`Process::has_used`]).
    pub async fn wait_at_most(&self, limit: Duration) -> Option<Exit> {
        let began = Instant::now();
        let mut pause = limit;
        loop {
            match timeout(pause, self.wait()).await {
                Ok(exit) => return Some(exit),
                Err(_) if self.has_used(limit, began.elapsed()) => return None,
                Err(_) => pause = OVERTIME,
            }
        }
    }

    /// Stops the program and its group: sends SIGTERM, waits up to `grace`, then sends SIGKILL.
    ///
    /// Returns how the program ended, which may have been earlier. No process of the group is left, not even a zombie.
    pub async fn stop(mut self, grace: Duration) -> Exit {
        match &self.control {
            Some(control) => control.terminate(),
            None => self.group.terminate(),
        }
        // Ignore the timeout: what still runs is killed below.
        let _ = timeout(grace, self.quiet()).await;
        if let Some(control) = &self.control {
            control.close();
            let _ = timeout(KILL_WAIT, self.quiet()).await;
        }
        self.group.kill();
        let exit = timeout(OUTPUT_DELAY + KILL_WAIT, self.wait()).await.unwrap_or(Exit::Unknown);
        let _ = timeout(KILL_WAIT, self.quiet()).await;
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
        if let Some(control) = &self.control {
            control.close();
            let limit = Instant::now() + KILL_WAIT;
            while !self.group.is_empty() && Instant::now() < limit {
                thread::sleep(POLL / 5);
            }
        }
        self.group.kill();
        self.pin.take();
        self.group.sweep();
        // The caller may remove the directory next, so wait until no process writes to it.
        let limit = Instant::now() + KILL_WAIT;
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
            Exit::Stopped(limit) => write!(formatter, "was stopped at {limit}"),
            Exit::Unknown => write!(formatter, "ended for an unknown reason"),
        }
    }
}

/// Reads what the keeper of an isolated program reports, until the program ends. Without a report the keeper did not
/// start or was killed; what it printed explains why.
fn await_keeper(
    status: PipeReader,
    mut messages: File,
    reached: &Mutex<Vec<Limit>>,
    output: &Output,
    exit: &watch::Sender<Option<Exit>>,
) {
    /// Maximum length of a report in bytes; one line has fewer than 100.
    const MOST: u64 = 4096;
    for line in BufReader::new(status.take(MOST)).lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(StatusLine::Reached(limit)) => {
                reached.lock().unwrap_or_else(PoisonError::into_inner).push(limit);
            }
            Ok(StatusLine::Ended(ended)) => {
                output.settle(OUTPUT_DELAY);
                exit.send_replace(Some(ended));
                return;
            }
            Err(_) => break,
        }
    }
    messages.rewind().ok();
    output.read(Stream::Err, Box::new(messages)).ok();
}

/// Waits until the leader of the group ends. If that is the shell around a keeper, a status above 128 means that a signal
/// killed the keeper.
fn await_exit(
    mut child: Child,
    has_keeper: bool,
    output: &Output,
    exit: &watch::Sender<Option<Exit>>,
    pinned: &mpsc::Receiver<()>,
) {
    let leader = WaitId::Pid(Pid::from_child(&child));
    let ended =
        rustix::io::retry_on_intr(|| waitid(leader.clone(), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT));
    let ended = ended.ok().flatten();
    output.settle(OUTPUT_DELAY);
    let status = ended.as_ref().and_then(WaitIdStatus::exit_status).map(|status| match status {
        129.. if has_keeper => Exit::Signal(status - 128),
        _ => Exit::Status(status),
    });
    let signal = ended.as_ref().and_then(WaitIdStatus::terminating_signal).map(Exit::Signal);
    exit.send_if_modified(|exit| {
        let is_first = exit.is_none();
        exit.get_or_insert(status.or(signal).unwrap_or(Exit::Unknown));
        is_first
    });
    // Never receives anything; waits for the sender to be dropped.
    let _ = pinned.recv();
    // An error means that the process has already been reaped.
    let _ = child.wait();
}

/// Whether a limit is used up, if time without a processor does not count, up to [`MAX_STRETCH`] times the limit.
fn is_used(limit: Duration, elapsed: Duration, waited_for_processor: impl FnOnce() -> Duration) -> bool {
    elapsed >= limit
        && (elapsed >= limit * MAX_STRETCH || elapsed.saturating_sub(waited_for_processor()) >= limit)
}

/// Sequences that set colors and styles (ECMA-48, SGR).
#[expect(clippy::unwrap_used, reason = "the pattern is a constant and tests compile it")]
static COLORS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\x1b\[[0-9;]*m").unwrap());

fn relative(directories: &[String], output: &str) -> String {
    let output = COLORS.replace_all(output, "").into_owned();
    directories.iter().fold(output, |output, prefix| output.replace(prefix.as_str(), ""))
}

/// Returns the forms in which a program may print the path of a directory, with a final slash.
fn prefixes(directory: &Path) -> Vec<String> {
    let mut paths = vec![directory.to_owned()];
    paths.extend(directory.canonicalize().ok().filter(|path| path != directory));
    let prefix = |path: &PathBuf| path.to_str().map(|path| format!("{path}/"));
    let plain: Vec<String> = paths.iter().filter_map(prefix).filter(|prefix| prefix.len() > 2).collect();
    plain.iter().map(|prefix| format!("file://{prefix}")).chain(plain.iter().cloned()).collect()
}

/// Formats the path of a program. A program that is named by its path is shown as it was named.
fn shown<'a>(program: &'a str, path: &'a Path) -> std::path::Display<'a> {
    if program.contains('/') { Path::new(program).display() } else { path.display() }
}

/// Looks up the program as the shell will, so that a missing program gives a clear error and not status 127.
pub(super) fn find(program: &str, directory: &Path, env: &[(String, String)]) -> Result<(), StartError> {
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
