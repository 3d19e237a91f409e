//! The directory a target runs in, so that the implementation's own folder is never written to.
//!
//! In goes the folder of an implementation; out comes a [`Scratch`] that mirrors it: real directories, copied
//! files, the dependency folders linked. What the fixtures need is written into it. It is removed when dropped.
//!
//! Invariant: neither this module nor a target that keeps to its working directory changes a file of the
//! original, save for what is linked as a whole: dependency and build folders, and large files.

mod inventory;
mod remove;
mod temporary;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use inventory::{Inventory, Kind};
use temporary::Temporary;
pub use temporary::remove_all;

/// The most files, folders and links that are mirrored.
const MOST_ENTRIES: usize = 20_000;
/// The most bytes that are copied.
const MOST_BYTES: u64 = 512 * 1024 * 1024;

/// A temporary directory that mirrors an implementation, or an empty one.
#[derive(Debug)]
pub struct Scratch {
    directory: Temporary,
    skipped: Vec<Skipped>,
}

/// An entry of the original that was not brought along, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Where it is, relative to the original.
    pub path: PathBuf,
    /// Why, as a fragment: "is a socket".
    pub reason: String,
}

/// Why a scratch directory could not be made or written to.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// The original is not there, is no directory, or may not be read.
    #[error("cannot read {} as a directory", path.display())]
    Unreadable {
        /// The original.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A pattern of what to leave out is no glob.
    #[error("`{pattern}` is not a pattern of file names")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: globset::Error,
    },
    /// The original is too large to be an implementation.
    #[error(
        "{} holds {what}, too much to be copied for a target; start the runner in the implementation's own \
         folder, or name that folder with `directory:` in a target file",
        path.display()
    )]
    TooLarge {
        /// The original.
        path: PathBuf,
        /// What there is too much of.
        what: String,
    },
    /// The temporary directory could not be made or filled.
    #[error("cannot write {}", path.display())]
    Write {
        /// The path inside the scratch directory, or the directory for temporary files.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file was to be written outside of the scratch directory.
    #[error("`{relative}` is not a path inside the target's directory")]
    Outside {
        /// The path as it was given.
        relative: String,
    },
}

impl Scratch {
    /// Returns an empty directory.
    ///
    /// # Errors
    /// [`ScratchError::Write`] when the directory for temporary files (`TMPDIR`) cannot be written to.
    pub fn empty() -> Result<Scratch, ScratchError> {
        let directory =
            Temporary::new().map_err(|source| ScratchError::Write { path: std::env::temp_dir(), source })?;
        Ok(Scratch { directory, skipped: Vec::new() })
    }

    /// Returns a directory that mirrors `from`, without what matches one of the patterns in `leave_out`.
    ///
    /// The patterns are globs of paths relative to `from`; `*` does not cross a `/`, `**/` does. What matches
    /// is not even opened. History and caches (`.git`, `__pycache__`, …) stay behind; dependency and build folders
    /// (`node_modules`, `.venv`, `vendor`, …) and files over 8 MiB are linked, unless their name says that a
    /// server writes into them (`.db`, `.log`, …). Links inside stay inside; others lead to where they led.
    ///
    /// # Errors
    /// [`ScratchError`] when `from` cannot be read, a pattern is no glob, there is too much to copy (nothing was
    /// copied then), or the temporary directory cannot be written. One entry that cannot be read is no error:
    /// see [`Scratch::skipped`].
    pub fn mirror(from: &Path, leave_out: &[String]) -> Result<Scratch, ScratchError> {
        Self::take(from, leave_out, true)
    }

    /// Returns a directory like [`Scratch::mirror`], in which dependency and build folders are not linked but missing: what
    /// builds writes into them.
    ///
    /// # Errors
    /// As for [`Scratch::mirror`].
    pub fn mirror_apart(from: &Path, leave_out: &[String]) -> Result<Scratch, ScratchError> {
        Self::take(from, leave_out, false)
    }

    fn take(from: &Path, leave_out: &[String], linked: bool) -> Result<Scratch, ScratchError> {
        let leave_out = globs(leave_out)?;
        let unreadable = |source| ScratchError::Unreadable { path: from.to_owned(), source };
        let original = from.canonicalize().map_err(unreadable)?;
        fs::read_dir(&original).map_err(unreadable)?;

        let mut scratch = Scratch::empty()?;
        let unwritable = |source| ScratchError::Write { path: scratch.path().to_owned(), source };
        let own = fs::metadata(scratch.directory.outer()).map_err(unwritable)?;
        let inventory = Inventory::take(&original, &leave_out, (own.dev(), own.ino()))
            .map_err(|what| ScratchError::TooLarge { path: from.to_owned(), what })?;
        scratch.skipped = inventory.skipped;
        for entry in inventory.entries {
            if !linked && entry.is_dependency_folder(&original) {
                continue;
            }
            scratch.bring(&original, &entry.path, entry.kind)?;
        }
        Ok(scratch)
    }

    /// The directory's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What of the original was not brought along because it cannot be read or is no file.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Writes a file, with the folders above it. A file of that name is replaced, a link is not followed.
    ///
    /// # Errors
    /// [`ScratchError::Outside`] when the path is absolute, is empty, has a `..`, or leads through a link;
    /// [`ScratchError::Write`] when the system refuses.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> Result<(), ScratchError> {
        let outside = || ScratchError::Outside { relative: relative.to_owned() };
        let mut names = Vec::new();
        for component in Path::new(relative).components() {
            match component {
                Component::Normal(name) => names.push(name),
                Component::CurDir => {}
                Component::Prefix(_) | Component::RootDir | Component::ParentDir => return Err(outside()),
            }
        }
        let name = names.pop().filter(|_| !relative.ends_with('/')).ok_or_else(outside)?;
        let mut path = self.path().to_owned();
        for folder in names {
            path.push(folder);
            if path.is_symlink() {
                return Err(outside());
            }
        }
        let mut write = || {
            fs::create_dir_all(&path)?;
            path.push(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            File::create_new(&path)?.write_all(bytes)
        };
        write().map_err(|source| ScratchError::Write { path: self.path().join(relative), source })
    }

    fn bring(&mut self, original: &Path, path: &Path, kind: Kind) -> Result<(), ScratchError> {
        let (from, to) = (original.join(path), self.path().join(path));
        let brought = match kind {
            // The owner may write into each folder, else it could be neither filled nor removed.
            Kind::Folder(mode) => DirBuilder::new()
                .mode(0o700)
                .create(&to)
                .and_then(|()| fs::set_permissions(&to, Permissions::from_mode((mode & 0o777) | 0o700))),
            Kind::Link(target) => symlink(target, &to),
            Kind::LinkInside(target) => symlink(self.path().join(target), &to),
            Kind::File => match File::open(&from) {
                Ok(_) => fs::copy(&from, &to).map(|_| ()),
                Err(error) => {
                    self.skipped.push(Skipped::unreadable(path, &error));
                    Ok(())
                }
            },
        };
        brought.map_err(|source| ScratchError::Write { path: to, source })
    }
}

impl Skipped {
    fn new(path: &Path, reason: impl Into<String>) -> Skipped {
        Skipped { path: path.to_owned(), reason: reason.into() }
    }

    fn unreadable(path: &Path, error: &io::Error) -> Skipped {
        Skipped::new(path, format!("cannot be read: {error}"))
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.path.display(), self.reason)
    }
}

fn globs(patterns: &[String]) -> Result<GlobSet, ScratchError> {
    let wrong = |pattern: &str| {
        let pattern = pattern.to_owned();
        move |source| ScratchError::Pattern { pattern, source }
    };
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(GlobBuilder::new(pattern).literal_separator(true).build().map_err(wrong(pattern))?);
    }
    set.build().map_err(wrong(&patterns.join(" ")))
}
