//! Isolated folders for a run of the program: an implementation, a suite, and temporary files.
//!
//! [`Sandbox::run`] also asserts that the run leaves no process and no temporary file, and does not change the
//! implementation.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::program::{Finished, conformance, copy, data};

/// A timeout far above the duration of any operation.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The folders of a run: `implementation`, the working directory, and next to it `suite` and `temporary`.
pub(crate) struct Sandbox {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// A running program. It is killed when dropped.
pub(crate) struct Started<'a> {
    sandbox: &'a Sandbox,
    child: Child,
    before: Files,
}

/// The files below a folder with their content and modification time.
type Files = BTreeMap<PathBuf, (Vec<u8>, i64, i64)>;

impl Sandbox {
    /// A sandbox with the suite `suites/moods` and `targets/moody.py`, whose behaviour depends on the path.
    pub(crate) fn moody() -> Self {
        let sandbox = Self::empty();
        copy(&data("suites/moods"), &sandbox.path("suite"));
        fs::copy(data("targets/moody.py"), sandbox.path("implementation/moody.py")).unwrap();
        sandbox
    }

    /// The same; the target writes a file to the sandbox when it `listens`, is `deaf`, or when a request `hangs`.
    pub(crate) fn noted() -> Self {
        let mut sandbox = Self::moody();
        sandbox.environment.push(("NOTES", sandbox.folder.path().display().to_string()));
        sandbox
    }

    /// A sandbox with the whole API in Python; the suite is the one built into the program.
    pub(crate) fn python() -> Self {
        let sandbox = Self::empty();
        copy(&data("../targets/python"), &sandbox.path("implementation"));
        sandbox
    }

    /// A sandbox with the suite `suites/halves` and `targets/odd.py`, whose behaviour depends on its arguments.
    pub(crate) fn odd() -> Self {
        let sandbox = Self::empty();
        copy(&data("suites/halves"), &sandbox.path("suite"));
        fs::copy(data("targets/odd.py"), sandbox.path("implementation/odd.py")).unwrap();
        sandbox
    }

    /// A sandbox with the suite and the server of the to-do list.
    pub(crate) fn todo() -> Self {
        let sandbox = Self::empty();
        copy(&data("../suites/todo"), &sandbox.path("suite"));
        // These tests count steps, and a description adds some.
        let manifest = fs::read_to_string(sandbox.path("suite/suite.yaml")).unwrap();
        let lines = manifest.split_inclusive('\n').filter(|line| !line.starts_with("openapi:"));
        fs::write(sandbox.path("suite/suite.yaml"), lines.collect::<String>()).unwrap();
        fs::remove_file(sandbox.path("suite/openapi.yaml")).unwrap();
        fs::copy(data("../suites/todo/target/server.py"), sandbox.path("implementation/server.py")).unwrap();
        sandbox
    }

    /// An empty sandbox.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("conformance-test-").tempdir().unwrap();
        for name in ["implementation", "temporary"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, environment: Vec::new() }
    }

    /// Adds a variable to the environment of the program.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// A path in the sandbox.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in the sandbox.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Reads a file in the sandbox.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Starts the program in the implementation's folder.
    pub(crate) fn start(&self, arguments: &[&str]) -> Started<'_> {
        let before = files(&self.path("implementation"));
        let child = self.command(arguments).spawn().unwrap();
        Started { sandbox: self, child, before }
    }

    /// Runs the program until it exits, and asserts that it leaves nothing.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.start(arguments).finish()
    }

    /// The command that [`Sandbox::start`] runs.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = conformance(&self.path("implementation"));
        command.args(arguments);
        self.furnish(command)
    }

    /// The command with a limit on its memory in KiB, where the system supports it.
    pub(crate) fn limited(&self, kibibytes: &str, arguments: &[&str]) -> Command {
        let program = conformance(&self.path("implementation"));
        let mut command = Command::new("sh");
        command.current_dir(self.path("implementation"));
        command.args(["-c", "ulimit -v $0 2>/dev/null; exec \"$@\"", kibibytes]);
        command.arg(program.get_program()).args(arguments);
        self.furnish(command)
    }

    fn furnish(&self, mut command: Command) -> Command {
        let output = |name| fs::File::create(self.path(name)).unwrap();
        command
            .env("TMPDIR", self.path("temporary"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output("stdout"))
            .stderr(output("stderr"));
        command
    }

    /// Waits until a file in the sandbox exists.
    pub(crate) fn await_file(&self, name: &str) {
        await_that(|| self.path(name).exists(), || format!("{name} never came"));
    }

    /// Asserts that no process of the run is alive.
    pub(crate) fn assert_no_process(&self) {
        await_that(|| self.processes().is_empty(), || format!("still alive: {:?}", self.processes()));
    }

    /// Asserts that no temporary file is left.
    pub(crate) fn assert_no_temporary_file(&self) {
        let left = files(&self.path("temporary"));
        let folders = fs::read_dir(self.path("temporary")).unwrap().count();
        assert!(folders == 0, "left behind: {:?}", left.keys());
    }

    /// The command lines of the processes with this sandbox in their environment: all descendants of the program.
    pub(crate) fn processes(&self) -> Vec<String> {
        let mark = format!("TMPDIR={}", self.path("temporary").display());
        if !Path::new("/proc/self/environ").exists() {
            let listed = Command::new("ps").args(["axeww", "-o", "command="]).output().unwrap().stdout;
            let listed = String::from_utf8_lossy(&listed).into_owned();
            return listed.lines().filter(|line| line.contains(&mark)).map(str::to_owned).collect();
        }
        let entries = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        let carriers = entries.filter(|process| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
        });
        carriers.map(|process| fs::read_to_string(process.join("cmdline")).unwrap_or_default()).collect()
    }
}

impl Started<'_> {
    /// Sends a signal to the program only.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until the program exits, without checks for leftovers.
    pub(crate) fn wait(&mut self) -> Finished {
        let deadline = Instant::now() + TIMEOUT;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(Instant::now() < deadline, "the program does not end"),
            }
            thread::sleep(Duration::from_millis(5));
        };
        Finished {
            code: status.code(),
            stdout: self.sandbox.read("stdout"),
            stderr: self.sandbox.read("stderr"),
        }
    }

    /// Waits until the program exits, and asserts that it leaves nothing.
    pub(crate) fn finish(mut self) -> Finished {
        let finished = self.wait();
        assert_eq!(self.sandbox.processes(), Vec::<String>::new(), "{finished:?}");
        self.sandbox.assert_no_temporary_file();
        self.assert_implementation_unchanged();
        finished
    }

    /// Asserts that the implementation's folder is unchanged.
    pub(crate) fn assert_implementation_unchanged(&self) {
        let after = files(&self.sandbox.path("implementation"));
        assert!(after == self.before, "{:?} became {:?}", self.before.keys(), after.keys());
    }
}

impl Drop for Started<'_> {
    fn drop(&mut self) {
        // It has usually exited before.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn await_that(mut holds: impl FnMut() -> bool, complaint: impl FnOnce() -> String) {
    let deadline = Instant::now() + TIMEOUT;
    while !holds() {
        assert!(Instant::now() < deadline, "{}", complaint());
        thread::sleep(Duration::from_millis(5));
    }
}

fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, metadata) = (entry.path(), entry.metadata().unwrap());
        if metadata.is_dir() {
            found.extend(files(&path));
        }
        let content = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        found.insert(path, (content, metadata.mtime(), metadata.mtime_nsec()));
    }
    found
}
