//! The implementation under test: a URL, or a command that starts it.
//!
//! A [`Target`] describes how to get a target for each profile; [`Running`] is a target that responds. Only this
//! module and its submodules start processes.

mod access;
mod chore;
mod execute;
mod file;
mod launch;
mod port;
pub mod process;
mod reach;
mod ready;
pub mod scratch;
mod seed;
pub mod traceback;
mod unusable;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;

use crate::identity::Identity;
use conformance_suite::request::Request;
use conformance_suite::suite::Profile;
use conformance_suite::template::Text;
use isolation::{Confined, Isolation, Mechanism};
use scratch::Copies;

pub use access::{Access, Certificate};
pub use chore::Build;
pub use execute::{End, Executed, MOST_PRINTED, NotRun};
pub use file::load;
pub use launch::{Running, launch, relaunch};
pub use process::isolation;
pub use reach::reach;
pub use seed::seed;
pub use unusable::Unusable;

/// The implementation under test.
#[derive(Debug)]
pub enum Target {
    /// A target that is already running, in one profile.
    Url {
        /// Base URL.
        base: String,
        /// Profile that it runs in.
        profile: String,
    },
    /// An implementation that cannot be started at all, such as an empty folder.
    Absent {
        /// Name of the target in reports.
        title: String,
        /// Why it cannot be started.
        reason: String,
    },
    /// Programs to start, one for each profile.
    Programs {
        /// Name of the target in reports.
        title: String,
        /// What it is, as its target file says.
        identity: Identity,
        /// Default program, for profiles without a program of their own.
        program: Option<Box<Program>>,
        /// Programs of single profiles, or the reason why a profile is not offered.
        profiles: BTreeMap<String, Result<Program, String>>,
    },
}

/// A command that starts an implementation, with its settings.
#[derive(Debug, Clone)]
pub struct Program {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Folder of the implementation. It is mirrored and never written to.
    pub directory: PathBuf,
    /// Environment variables in addition to those of the launch contract and of the profile.
    pub env: Vec<(String, Text)>,
    /// How it is reached, besides plain HTTP on its port.
    pub access: Access,
    /// Fixed port, if the target ignores the port in its environment.
    pub port: Option<u16>,
    /// Readiness request; overrides that of the profile.
    pub ready: Option<Request>,
    /// Values to capture from the program's output; overrides those of the profile.
    pub output: Vec<(String, Regex)>,
    /// Features in addition to those of the profile.
    pub features: Vec<String>,
    /// Maximum time until the first response.
    pub start_limit: Duration,
    /// Commands to run in the target's folder before each start.
    pub setup: Vec<Vec<String>>,
    /// Commands to run in the target's folder after each stop, even after a failure.
    pub teardown: Vec<Vec<String>>,
    /// Build to run once, before the first start.
    pub build: Option<Arc<Build>>,
    /// Files that the implementation needs in order to offer the profile.
    pub needs: Vec<String>,
    /// Whether the target file asks for isolation.
    pub isolate: Option<bool>,
    /// Files and folders that an isolated program can read.
    pub expose: Vec<PathBuf>,
    /// Variables of the runner to pass, although they are secrets or the program is isolated.
    pub pass: Vec<String>,
    /// How all commands of the program are isolated, if they are.
    pub isolation: Option<Arc<Isolation>>,
    /// Copies of dependency folders, shared by all starts.
    pub copies: Arc<Copies>,
}

/// Default for the maximum time until the first response.
pub const START_LIMIT: Duration = Duration::from_secs(20);

impl Target {
    /// Returns a target that starts the same command in every profile of the launch contract.
    #[must_use]
    pub fn command(command: Vec<String>, directory: PathBuf) -> Self {
        let title = command.join(" ");
        let program = Program::new(command, directory);
        let program = Some(Box::new(program));
        Self::Programs { title, identity: Identity::default(), program, profiles: BTreeMap::new() }
    }

    /// Returns the same target for another implementation: with another title and another folder.
    #[must_use]
    pub fn elsewhere(&self, title: String, directory: &Path) -> Self {
        match self {
            Self::Url { base, profile } => Self::Url { base: base.clone(), profile: profile.clone() },
            Self::Absent { reason, .. } => Self::Absent { title, reason: reason.clone() },
            Self::Programs { program, profiles, identity, .. } => {
                let mut builds = BTreeMap::new();
                let copies = Arc::new(Copies::default());
                let mut moved = |program: &Program| {
                    let mut program = program.clone();
                    if let Some(build) = &mut program.build {
                        let key = Arc::as_ptr(build) as usize;
                        let other =
                            builds.entry(key).or_insert_with(|| build.elsewhere(directory.to_owned()));
                        *build = Arc::clone(other);
                    }
                    directory.clone_into(&mut program.directory);
                    program.copies = Arc::clone(&copies);
                    program
                };
                let program = program.as_ref().map(|program| Box::new(moved(program)));
                let profiles = profiles.iter().map(|(name, program)| {
                    (name.clone(), program.as_ref().map(&mut moved).map_err(Clone::clone))
                });
                let identity = identity.clone();
                Self::Programs { title, identity, program, profiles: profiles.collect() }
            }
        }
    }

    /// Programs of the target.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        let (program, profiles) = match self {
            Self::Url { .. } | Self::Absent { .. } => (None, None),
            Self::Programs { program, profiles, .. } => (program.as_deref(), Some(profiles)),
        };
        let of_profiles = profiles.into_iter().flatten().filter_map(|(_, program)| program.as_ref().ok());
        program.into_iter().chain(of_profiles)
    }

    /// Isolates all programs of the target.
    pub fn isolate(&mut self, isolation: &Arc<Isolation>) {
        if let Self::Programs { program, profiles, .. } = self {
            let of_profiles = profiles.values_mut().filter_map(|program| program.as_mut().ok());
            for program in program.as_deref_mut().into_iter().chain(of_profiles) {
                program.isolation = Some(Arc::clone(isolation));
            }
        }
    }

    /// What isolates the programs of the target, if they are isolated.
    #[must_use]
    pub fn isolation(&self) -> Option<Mechanism> {
        self.programs().find_map(|program| Some(program.isolation.as_ref()?.mechanism()))
    }

    /// Name of the target in reports.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Url { base, .. } => base,
            Self::Programs { title, .. } | Self::Absent { title, .. } => title,
        }
    }

    /// What the implementation is, if its target file says so.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Programs { identity, .. } => Some(identity).filter(|one| **one != Identity::default()),
            Self::Url { .. } | Self::Absent { .. } => None,
        }
    }

    /// All folders of the implementation.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.programs().map(|program| program.directory.as_path())
    }

    /// Returns the program for a profile.
    ///
    /// # Errors
    /// The reason why the target does not offer the profile.
    pub fn program(&self, profile: &Profile) -> Result<&Program, String> {
        match self {
            Self::Url { profile: own, .. } => {
                Err(format!("the target runs in the profile `{own}`, and this needs `{}`", profile.name))
            }
            Self::Absent { reason, .. } => Err(reason.clone()),
            Self::Programs { program, profiles, .. } => match (profiles.get(&profile.name), program) {
                (Some(Ok(program)), _) => program.offered(),
                (Some(Err(reason)), _) => Err(reason.clone()),
                (None, Some(program)) if !profile.own => program.offered(),
                (None, _) => Err(format!(
                    "{} is a program of its own, and no target file names its command (--target FILE)",
                    profile.title
                )),
            },
        }
    }
}

impl Program {
    /// Returns a program with the defaults of the launch contract.
    #[must_use]
    pub fn new(command: Vec<String>, directory: PathBuf) -> Self {
        Self {
            command,
            directory,
            env: Vec::new(),
            access: Access::default(),
            port: None,
            ready: None,
            output: Vec::new(),
            features: Vec::new(),
            start_limit: START_LIMIT,
            setup: Vec::new(),
            teardown: Vec::new(),
            build: None,
            needs: Vec::new(),
            isolate: None,
            expose: Vec::new(),
            pass: Vec::new(),
            isolation: None,
            copies: Arc::default(),
        }
    }

    /// Whether the program runs in a network namespace, where every port is free.
    #[must_use]
    pub fn has_own_network(&self) -> bool {
        self.isolation.as_ref().is_some_and(|isolation| isolation.mechanism() == Mechanism::Bubblewrap)
    }

    /// Returns how a command of the program is isolated, if it is. `outer` is the folder around its scratch folder.
    fn confined(&self, command: &[String], outer: &Path, port: Option<u16>) -> Option<Confined> {
        let isolation = Arc::clone(self.isolation.as_ref()?);
        let mut readable = isolation::absolute(&self.expose);
        readable.extend(self.copies.paths());
        let program = command.first().map(Path::new).filter(|program| program.is_absolute());
        readable.extend(program.into_iter().flat_map(isolation::executable));
        Some(Confined { isolation, readable, outer: outer.to_owned(), ports: port.into_iter().collect() })
    }

    fn offered(&self) -> Result<&Self, String> {
        match self.needs.iter().find(|needed| !self.directory.join(needed).exists()) {
            Some(needed) => Err(format!("the implementation has no `{needed}`")),
            None => Ok(self),
        }
    }
}
