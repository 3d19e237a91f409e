//! The implementation under test: a URL, or a command that starts it.
//!
//! A [`Target`] says how each profile is reached; [`Running`] is one that answers. Only this room and those below it start
//! processes.

mod file;
mod launch;
pub mod process;
pub mod scratch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use regex::Regex;

use crate::request::Request;
use crate::suite::Profile;
use crate::template::Text;

pub use file::load;
pub use launch::{Running, Unusable, launch, reach, relaunch};

/// The implementation under test.
#[derive(Debug)]
pub enum Target {
    /// Something that is already running, in one profile.
    Url {
        /// Its base address.
        base: String,
        /// The profile it runs in.
        profile: String,
    },
    /// Programs that are started, each for its profile.
    Programs {
        /// What the target is called in reports.
        title: String,
        /// The program of the profiles that have none of their own.
        program: Option<Box<Program>>,
        /// The programs of single profiles, or the reason why one is not offered.
        profiles: BTreeMap<String, Result<Program, String>>,
    },
}

/// A command that starts an implementation, and what is particular to it.
#[derive(Debug, Clone)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The implementation's folder, which is mirrored and never written to.
    pub directory: PathBuf,
    /// Environment beyond that of the launch contract and the profile.
    pub env: Vec<(String, Text)>,
    /// The port on which it listens whatever the environment says.
    pub port: Option<u16>,
    /// Its own request for readiness.
    pub ready: Option<Request>,
    /// What is captured from what it prints, in place of what the profile says.
    pub output: Vec<(String, Regex)>,
    /// How long it may take to answer for the first time.
    pub start_limit: Duration,
}

/// How long a target may take to answer for the first time, unless a target file says otherwise.
pub const START_LIMIT: Duration = Duration::from_secs(20);

impl Target {
    /// Returns a target that one command starts in every profile of the launch contract.
    #[must_use]
    pub fn command(command: Vec<String>, directory: PathBuf) -> Self {
        let title = command.join(" ");
        let program = Program {
            command,
            directory,
            env: Vec::new(),
            port: None,
            ready: None,
            output: Vec::new(),
            start_limit: START_LIMIT,
        };
        Self::Programs { title, program: Some(Box::new(program)), profiles: BTreeMap::new() }
    }

    /// What the target is called in reports.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Url { base, .. } => base,
            Self::Programs { title, .. } => title,
        }
    }

    /// The folders of the implementation.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        let (program, profiles) = match self {
            Self::Url { .. } => (None, None),
            Self::Programs { program, profiles, .. } => (program.as_deref(), Some(profiles)),
        };
        let of_profiles = profiles.into_iter().flatten().filter_map(|(_, program)| program.as_ref().ok());
        program.into_iter().chain(of_profiles).map(|program| program.directory.as_path())
    }

    /// Returns the program that runs a profile.
    ///
    /// # Errors
    /// The reason why the target does not offer the profile.
    pub fn program(&self, profile: &Profile) -> Result<&Program, String> {
        match self {
            Self::Url { profile: own, .. } => {
                Err(format!("the target runs in the profile `{own}`, and this needs `{}`", profile.name))
            }
            Self::Programs { program, profiles, .. } => match (profiles.get(&profile.name), program) {
                (Some(Ok(program)), _) => Ok(program),
                (Some(Err(reason)), _) => Err(reason.clone()),
                (None, Some(program)) if !profile.own => Ok(program),
                (None, _) => Err(format!(
                    "{} is a program of its own, and no target file names its command (--target FILE)",
                    profile.title
                )),
            },
        }
    }
}
