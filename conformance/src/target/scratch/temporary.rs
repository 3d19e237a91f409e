//! Temporary folders that do not outlive this program for long.
//!
//! A folder holds a locked file for as long as its owner lives. When the owner is killed, the lock is released by the system, and the next
//! run of this program removes the folder.

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

/// A temporary folder, which is removed when dropped.
#[derive(Debug)]
pub(super) struct Temporary {
    outer: PathBuf,
    inner: PathBuf,
    /// Locked until the folder has been removed.
    _lock: File,
}

/// What the names of the folders begin with.
const PREFIX: &str = "conformance-";
/// The file that is locked.
const LOCK: &str = "lock";
/// The folder beside it that a target gets.
const INNER: &str = "target";

/// The folders of this program that have not been removed.
static OWN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

impl Temporary {
    /// Creates an empty folder. The first one that a program creates removes those that killed runs have left.
    pub(super) fn new() -> io::Result<Self> {
        static SWEEP: Once = Once::new();
        SWEEP.call_once(|| sweep(&std::env::temp_dir()));
        loop {
            // Fixtures hold passwords.
            let only_ours = Permissions::from_mode(0o700);
            let outer =
                tempfile::Builder::new().prefix(PREFIX).permissions(only_ours.clone()).tempdir()?.keep();
            let lock = File::options().write(true).create_new(true).open(outer.join(LOCK));
            // Another run that just looks for folders without an owner may take this one for such a folder, and remove it.
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

    /// The folder that a target gets.
    pub(super) fn path(&self) -> &Path {
        &self.inner
    }

    /// The folder with the locked file and [`Self::path`].
    pub(super) fn outer(&self) -> &Path {
        &self.outer
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A process that was just killed may still be finishing a write: a few tries, then the next run removes the folder.
        for _ in 0..5 {
            if remove(&self.outer).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        own().remove(&self.outer);
    }
}

/// Removes all folders of this program that are left, when it ends at once.
pub fn remove_all() {
    for folder in &*own() {
        // What cannot be removed is removed by the next run.
        remove(folder).ok();
    }
}

/// Removes a folder, the locked file last: without it nobody would know whose folder this is.
fn remove(outer: &Path) -> io::Result<()> {
    remove_tree(&outer.join(INNER))?;
    remove_tree(outer)
}

fn own() -> std::sync::MutexGuard<'static, BTreeSet<PathBuf>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the folders whose owner is gone.
fn sweep(all: &Path) {
    let user = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let folder = entry.path();
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        // Metadata of an entry is that of a link, where it is one.
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
        // The lock is held until the folder is gone, so that nobody else begins to use or to remove it.
        Ok(()) if is_same(&lock, &path) => drop(remove(folder)),
        Ok(()) | Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
    }
}

/// Whether an open file is the one of this name.
fn is_same(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(file), Ok(path)) => (file.dev(), file.ino()) == (path.dev(), path.ino()),
        _ => false,
    }
}
