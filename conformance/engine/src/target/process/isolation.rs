//! Isolation of the programs that the runner starts: bubblewrap where it works, otherwise Landlock with seccomp.
//!
//! An isolated program sees the system read-only, writes only to its scratch folder, and cannot outlive the run. The
//! runner does not start it directly but through the keeper, a hidden mode of this program, which enforces the
//! limits. `docs/isolation.md` compares the mechanisms and says what is not covered.

#[cfg(target_os = "linux")]
mod control;
#[cfg(not(target_os = "linux"))]
#[path = "isolation/unsupported.rs"]
mod control;
mod environment;
#[cfg(target_os = "linux")]
mod keeper;
mod limits;
#[cfg(target_os = "linux")]
mod restrict;
mod view;

use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::io::PipeReader;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Command, Exit, Process};
use crate::target::scratch::Scratch;

pub(in crate::target) use control::{Control, KeeperDialer};
pub(in crate::target) use environment::{base, is_secret};
pub use limits::{Limit, Limits};
pub(in crate::target) use view::{absolute, executable};

/// First argument of the hidden mode.
const HELPER: &str = "__isolated";

/// What isolates a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// Namespaces, set up by the program `bwrap`.
    Bubblewrap,
    /// Landlock rules and a seccomp filter.
    Landlock,
}

/// How programs are isolated in a run.
#[derive(Debug)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has isolation"))]
pub struct Isolation {
    mechanism: Mechanism,
    limits: Limits,
    /// Folders and files that every program can read.
    readable: Vec<PathBuf>,
    /// Path of `bwrap`.
    bwrap: PathBuf,
}

/// Isolation of one program.
#[derive(Debug, Clone)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has isolation"))]
pub struct Confined {
    pub(in crate::target) isolation: Arc<Isolation>,
    /// Folders and files that the program can read in addition to those of the system.
    pub(in crate::target) readable: Vec<PathBuf>,
    /// Folder for the program's temporary files, next to its scratch folder.
    pub(in crate::target) outer: PathBuf,
    /// Ports on which the program may listen.
    pub(in crate::target) ports: Vec<u16>,
}

/// A keeper that was started.
pub(in crate::target) struct Spawned {
    pub(in crate::target) child: Child,
    pub(in crate::target) control: Control,
    pub(in crate::target) output: PipeReader,
    pub(in crate::target) errors: PipeReader,
    /// Pipe with [`StatusLine`]s.
    pub(in crate::target) status: PipeReader,
    /// What bubblewrap and the keeper print.
    pub(in crate::target) messages: File,
}

/// Why no mechanism can be used.
#[derive(Debug, thiserror::Error)]
#[error("programs cannot be isolated on this machine: {}", .0.join("; "))]
pub struct Unavailable(Vec<String>);

/// Maximum time for the test of a mechanism.
const PROBE_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(2);

impl Unavailable {
    /// The reason for each mechanism that was tried.
    #[must_use]
    pub fn reasons(&self) -> &[String] {
        &self.0
    }
}

impl Isolation {
    /// Finds a mechanism that works on this machine, by starting a program with it. `wanted` allows only one.
    ///
    /// # Errors
    /// No mechanism works; the message has the reason for each.
    pub fn find(
        wanted: Option<Mechanism>,
        limits: Limits,
        exposed: &[PathBuf],
    ) -> Result<Arc<Self>, Unavailable> {
        if !cfg!(target_os = "linux") {
            return Err(Unavailable(vec!["bubblewrap and Landlock exist on Linux only".to_owned()]));
        }
        let readable = view::readable(exposed);
        let mut reasons = Vec::new();
        for mechanism in [Mechanism::Bubblewrap, Mechanism::Landlock] {
            if wanted.is_some_and(|wanted| wanted != mechanism) {
                continue;
            }
            let bwrap = view::on_path("bwrap");
            if mechanism == Mechanism::Bubblewrap && bwrap.is_none() {
                reasons.push("bubblewrap is not installed".to_owned());
                continue;
            }
            let isolation = Arc::new(Self {
                mechanism,
                limits,
                readable: readable.clone(),
                bwrap: bwrap.unwrap_or_default(),
            });
            match isolation.probe() {
                Ok(()) => return Ok(isolation),
                Err(reason) => reasons.push(format!("{mechanism} does not work ({reason})")),
            }
        }
        Err(Unavailable(reasons))
    }

    /// The mechanism.
    #[must_use]
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Returns the readable folder of the system that contains `path`, if there is one.
    #[must_use]
    pub fn shows(&self, path: &Path) -> Option<&Path> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let canonical = |folder: &Path| folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        self.readable.iter().map(PathBuf::as_path).find(|folder| path.starts_with(canonical(folder)))
    }

    /// Starts a program with this isolation.
    fn probe(self: &Arc<Self>) -> Result<(), String> {
        let scratch = Scratch::empty().map_err(|error| error.to_string())?;
        let process = Process::start(Command {
            program_and_args: vec!["/bin/sh".into(), "-c".into(), ": >probe && exec true".into()],
            directory: scratch.path().to_owned(),
            env: Vec::new(),
            pass: Vec::new(),
            watch: Vec::new(),
            kept: 0,
            confined: Some(Confined {
                isolation: Arc::clone(self),
                readable: Vec::new(),
                outer: scratch.outer().to_owned(),
                ports: Vec::new(),
            }),
        })
        .map_err(|error| error.to_string())?;
        let deadline = Instant::now() + PROBE_LIMIT;
        let exit = loop {
            match process.exited() {
                Some(exit) => break exit,
                None if Instant::now() > deadline => return Err("a test program did not end".to_owned()),
                None => std::thread::sleep(POLL),
            }
        };
        match exit {
            Exit::Status(0) if scratch.path().join("probe").exists() => Ok(()),
            _ => {
                let output = process.output_tail(3);
                let last = output.lines().rfind(|line| !line.trim().is_empty()).map(str::trim);
                Err(last.map_or_else(|| format!("a test program {exit}"), str::to_owned))
            }
        }
    }
}

impl Display for Mechanism {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bubblewrap => "bubblewrap",
            Self::Landlock => "landlock",
        })
    }
}

/// Runs the hidden mode that starts isolated programs, if the arguments of this process ask for it. Call it first in
/// `main`: programs can be isolated only if the executable of the runner has this mode.
#[must_use]
pub fn helper() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != HELPER {
        return None;
    }
    #[cfg(target_os = "linux")]
    {
        Some(match arguments.next().as_deref().and_then(std::ffi::OsStr::to_str) {
            Some("keep") => keeper::keep(),
            Some("start") => restrict::start(),
            _ => ExitCode::FAILURE,
        })
    }
    #[cfg(not(target_os = "linux"))]
    Some(ExitCode::FAILURE)
}

/// A line that the keeper writes to the status pipe.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::target) enum StatusLine {
    /// The program reached a limit and goes on.
    Reached(Limit),
    /// The program ended. Its other processes may still run.
    Ended(Exit),
}

/// What the keeper needs to start the program.
#[derive(Debug, Serialize, Deserialize)]
#[cfg(target_os = "linux")]
struct Spec {
    command: Vec<String>,
    directory: PathBuf,
    env: Vec<(String, String)>,
    limits: Limits,
    /// Whether the program is restricted with Landlock.
    landlock: bool,
    readable: Vec<PathBuf>,
    /// Ports on which the program may listen.
    ports: Vec<u16>,
}
