//! Temporary folders that are removed even if the program was killed.
//!
//! Each folder contains a file that is locked while its owner runs. If the owner is killed, the system releases the
//! lock, and the next run of this program removes the folder.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;

use super::remove::remove_tree;

/// A temporary folder, which is removed on drop.
#[derive(Debug)]
pub(super) struct Temporary {
    outer: PathBuf,
    inner: PathBuf,
    /// Locked until the folder has been removed.
    _lock: File,
}

/// Prefix of folder names.
const PREFIX: &str = "conformance-";
/// Name of the locked file.
const LOCK: &str = "lock";
/// Subfolder for the target.
const INNER: &str = "target";
/// All subfolders: that for the target, and those for the temporary files of isolated programs.
const INNER_FOLDERS: [&str; 3] = [INNER, "tmp", "shm"];

/// Folders of this process that have not been removed.
static OWN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

impl Temporary {
    /// Creates an empty folder. The first call in a process also removes the folders of killed runs.
    pub(super) fn new() -> io::Result<Self> {
        static SWEEP: Once = Once::new();
        SWEEP.call_once(|| sweep(&std::env::temp_dir()));
        loop {
            // Fixtures contain passwords.
            let only_ours = Permissions::from_mode(0o700);
            let outer =
                tempfile::Builder::new().prefix(PREFIX).permissions(only_ours.clone()).tempdir()?.keep();
            let lock = File::options().write(true).create_new(true).open(outer.join(LOCK));
            // Until the file is locked, another run may take this folder for an abandoned one and remove it.
            let lock = match lock {
                Ok(lock) if lock.try_lock().is_ok() && is_same(&lock, &outer.join(LOCK)) => lock,
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    remove_tree(&outer).ok();
                    return Err(error);
                }
                _ => continue,
            };
            own().insert(outer.clone());
            let temporary = Self { inner: outer.join(INNER), outer, _lock: lock };
            fs::create_dir(&temporary.inner)?;
            fs::set_permissions(&temporary.inner, only_ours)?;
            return Ok(temporary);
        }
    }

    /// Folder for the target.
    pub(super) fn path(&self) -> &Path {
        &self.inner
    }

    /// Folder that contains the locked file and [`Self::path`].
    pub(super) fn outer(&self) -> &Path {
        &self.outer
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A killed process may still be writing: try several times, then leave the folder to the next run.
        for _ in 0..5 {
            if remove(&self.outer).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        own().remove(&self.outer);
    }
}

/// Removes all remaining folders of this process, before it exits immediately.
pub fn remove_all() {
    for folder in &*own() {
        // The next run removes what is left.
        remove(folder).ok();
    }
}

/// Removes a folder. The locked file comes last, since it identifies the owner.
fn remove(outer: &Path) -> io::Result<()> {
    for inner in INNER_FOLDERS {
        remove_tree(&outer.join(inner))?;
    }
    remove_tree(outer)
}

fn own() -> std::sync::MutexGuard<'static, BTreeSet<PathBuf>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the folders whose owners have exited.
fn sweep(all: &Path) {
    let user = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let folder = entry.path();
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        // For a symbolic link, this is the metadata of the link itself.
        if named && entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == user) {
            sweep_one(&folder);
        }
    }
}

fn sweep_one(folder: &Path) {
    let path = folder.join(LOCK);
    let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits();
    let Ok(flags) = i32::try_from(flags) else { return };
    let Ok(lock) = File::options().read(true).custom_flags(flags).open(&path) else { return };
    if !lock.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0) {
        return;
    }
    match lock.try_lock() {
        // Hold the lock until the folder is removed, so that no other process uses or removes it.
        Ok(()) if is_same(&lock, &path) => drop(remove(folder)),
        Ok(()) | Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
    }
}

/// Whether an open file is the file at this path.
fn is_same(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(file), Ok(path)) => (file.dev(), file.ino()) == (path.dev(), path.ino()),
        _ => false,
    }
}
