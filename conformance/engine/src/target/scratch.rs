//! The directory in which a target runs: a mirror of the implementation's folder, so that the original is never
//! written to.
//!
//! Directories are created and files are copied. Dependency folders and large files are copied once for all starts of a
//! target ([`Copies`]) and linked. Where the file system supports it, a copy is a clone that takes no space. Fixture files
//! are added. The directory is removed on drop.
//!
//! Invariant: neither this module nor a target that stays in its working directory changes a file of the original; no
//! link in the directory leads to the original.

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
use std::sync::{Mutex, PoisonError};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use inventory::{Depth, Inventory, Kind};
use temporary::Temporary;
pub use temporary::remove_all;

/// Maximum number of mirrored files, folders and links.
const MAX_ENTRIES: usize = 20_000;
/// Maximum number of copied bytes.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// A temporary directory: empty, or a mirror of an implementation.
#[derive(Debug)]
pub struct Scratch {
    directory: Temporary,
    skipped: Vec<Skipped>,
}

/// An entry of the original that was not mirrored, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Path relative to the original.
    pub path: PathBuf,
    /// Reason, as a fragment: "is a socket".
    pub reason: String,
}

/// Why a scratch directory could not be created or written to.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// The original does not exist, is not a directory, or cannot be read.
    #[error("cannot read {} as a directory", path.display())]
    Unreadable {
        /// Path of the original.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// An exclude pattern is not a valid glob.
    #[error("`{pattern}` is not a pattern of file names")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Cause.
        source: globset::Error,
    },
    /// The original is too large to be an implementation.
    #[error(
        "{} holds {what}, too much to be copied for a target; start the runner in the implementation's own \
         folder, or name that folder with `directory:` in a target file",
        path.display()
    )]
    TooLarge {
        /// Path of the original.
        path: PathBuf,
        /// The limit that was exceeded.
        what: String,
    },
    /// The temporary directory could not be created or filled.
    #[error("cannot write {}", path.display())]
    Write {
        /// Path inside the scratch directory, or the directory for temporary files.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// A file was to be written outside of the scratch directory.
    #[error("`{relative}` is not a path inside the target's directory")]
    Outside {
        /// Path as it was given.
        relative: String,
    },
}

impl Scratch {
    /// Creates an empty directory.
    ///
    /// # Errors
    /// [`ScratchError::Write`] if the directory for temporary files (`TMPDIR`) cannot be written to.
    pub fn empty() -> Result<Scratch, ScratchError> {
        let directory =
            Temporary::new().map_err(|source| ScratchError::Write { path: std::env::temp_dir(), source })?;
        Ok(Scratch { directory, skipped: Vec::new() })
    }

    /// Creates a mirror of `from` without the entries that match a pattern in `leave_out`.
    ///
    /// Patterns are globs of paths relative to `from`; `*` does not match `/`, `**/` does. Excluded entries are not
    /// even opened. Version control folders and caches (`.git`, `__pycache__`, …) are not mirrored. `dependencies` says
    /// what happens to dependency and build folders (`node_modules`, `.venv`, `vendor`, …) and to files over 64 MiB,
    /// except for files that servers usually write to (`.db`, `.log`, …). Symbolic links to targets inside the original
    /// point into the mirror; other links keep their targets.
    ///
    /// # Errors
    /// [`ScratchError`] if `from` cannot be read, a pattern is not a glob, there is too much to copy (nothing is
    /// copied then), or the temporary directory cannot be written to. A single unreadable entry is not an error: see
    /// [`Scratch::skipped`].
    pub fn mirror(
        from: &Path,
        leave_out: &[String],
        dependencies: &Dependencies<'_>,
    ) -> Result<Scratch, ScratchError> {
        Self::take(from, leave_out, Depth::Shared, dependencies)
    }

    fn take(
        from: &Path,
        leave_out: &[String],
        depth: Depth,
        dependencies: &Dependencies<'_>,
    ) -> Result<Scratch, ScratchError> {
        let patterns = globs(leave_out)?;
        let unreadable = |source| ScratchError::Unreadable { path: from.to_owned(), source };
        let original = from.canonicalize().map_err(unreadable)?;
        fs::read_dir(&original).map_err(unreadable)?;

        let mut scratch = Scratch::empty()?;
        let unwritable = |source| ScratchError::Write { path: scratch.path().to_owned(), source };
        let own = fs::metadata(scratch.directory.outer()).map_err(unwritable)?;
        let inventory = Inventory::take(&original, &patterns, (own.dev(), own.ino()), depth)
            .map_err(|what| ScratchError::TooLarge { path: from.to_owned(), what })?;
        scratch.skipped = inventory.skipped;
        for entry in inventory.entries {
            let shared = match (&entry.kind, dependencies) {
                (Kind::Large, _) if scratch.clones(&original, &entry.path) => continue,
                (Kind::Dependencies, Dependencies::LeaveOut) => continue,
                (Kind::Dependencies | Kind::Large, Dependencies::Copied(copies)) => {
                    Some(copies.of(from, leave_out)?.join(&entry.path))
                }
                (Kind::Dependencies | Kind::Large, Dependencies::Original) => {
                    Some(original.join(&entry.path))
                }
                _ => None,
            };
            let kind = shared.map_or(entry.kind, Kind::Link);
            scratch.bring(&original, &entry.path, kind)?;
        }
        Ok(scratch)
    }

    /// Clones a file without copying its bytes. Returns whether the file system can do so.
    fn clones(&self, original: &Path, path: &Path) -> bool {
        let to = self.path().join(path);
        let clone = || {
            let (from, to) = (File::open(original.join(path))?, File::create_new(&to)?);
            clone_file(&to, &from)?;
            to.set_permissions(from.metadata()?.permissions())
        };
        let is_cloned = clone().is_ok();
        if !is_cloned {
            fs::remove_file(to).ok();
        }
        is_cloned
    }

    /// Path of the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Path of the folder around the directory, which holds only files of the runner and of the program in it.
    pub(super) fn outer(&self) -> &Path {
        self.directory.outer()
    }

    /// Entries that were not mirrored, because they cannot be read or are special files.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Writes a file and creates its parent folders. Replaces an existing file or link of that name.
    ///
    /// # Errors
    /// [`ScratchError::Outside`] if the path is empty, is absolute, contains `..`, or leads through a link;
    /// [`ScratchError::Write`] if the system refuses.
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
            // The owner needs write permission to fill the folder and to remove it.
            Kind::Folder(mode) => DirBuilder::new()
                .mode(0o700)
                .create(&to)
                .and_then(|()| fs::set_permissions(&to, Permissions::from_mode((mode & 0o777) | 0o700))),
            Kind::Link(target) => symlink(target, &to),
            Kind::LinkInside(target) => symlink(self.path().join(target), &to),
            Kind::Dependencies | Kind::File | Kind::Large => match File::open(&from) {
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

/// What a mirror has in place of dependency and build folders.
#[derive(Debug)]
pub enum Dependencies<'a> {
    /// Nothing: a build creates them.
    LeaveOut,
    /// Links to the original, which is itself temporary.
    Original,
    /// Links to copies that all starts of a target share.
    Copied(&'a Copies),
}

/// Complete copies of implementations, with their dependency folders and large files, made when they are first needed.
/// They are removed on drop.
#[derive(Debug, Default)]
pub struct Copies(Mutex<Vec<(PathBuf, Scratch)>>);

impl Copies {
    /// Returns the copy of an implementation's folder.
    fn of(&self, from: &Path, leave_out: &[String]) -> Result<PathBuf, ScratchError> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, copy)) = made.iter().find(|(original, _)| original == from) {
            return Ok(copy.path().to_owned());
        }
        let copy = Scratch::take(from, leave_out, Depth::Whole, &Dependencies::LeaveOut)?;
        redirect_scripts(from, copy.path());
        let path = copy.path().to_owned();
        made.push((from.to_owned(), copy));
        Ok(path)
    }

    /// Paths of all copies.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.iter().map(|(_, copy)| copy.path().to_owned()).collect()
    }
}

/// Replaces the path of the original in the scripts of its Python environments, so that the scripts run the interpreter
/// of the copy.
fn redirect_scripts(from: &Path, copy: &Path) {
    /// Scripts are short; other programs are not read.
    const SCRIPT: u64 = 64 * 1024;
    let original = from.canonicalize().unwrap_or_else(|_| from.to_owned());
    let (Some(original), Some(own)) = (original.to_str(), copy.to_str()) else { return };
    let environments = [".venv", "venv", "env"].map(|name| copy.join(name).join("bin"));
    for script in environments.iter().filter_map(|bin| fs::read_dir(bin).ok()).flatten().flatten() {
        let is_short = |found: fs::Metadata| found.is_file() && found.len() <= SCRIPT;
        if !script.metadata().is_ok_and(is_short) {
            continue;
        }
        // A script that cannot be changed is left as it is.
        let text = fs::read_to_string(script.path()).unwrap_or_default();
        if text.starts_with("#!") && text.contains(original) {
            fs::write(script.path(), text.replace(original, own)).ok();
        }
    }
}

#[cfg(target_os = "linux")]
fn clone_file(to: &File, from: &File) -> io::Result<()> {
    Ok(rustix::fs::ioctl_ficlone(to, from)?)
}

#[cfg(not(target_os = "linux"))]
fn clone_file(_: &File, _: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
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
